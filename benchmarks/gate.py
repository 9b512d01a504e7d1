"""Measure the gate of `tradewind validate`: how often it promotes noise, and how often it finds an edge that is there.

The bundled strategies for one symbol are validated on seeded markets that hold nothing (four kinds of noise), and three
kinds of planted edges in several strengths by a strategy that can find them. Each case has an empty ledger of its own
and runs what the command runs: `research.validate`, with the usual gate. An edge's strength is told by the Sharpe ratio
a year that the best of the same sets keeps after all costs over twenty years of the same market.

    python benchmarks/gate.py [--noise 20] [--edges 25] [--seed 1000] [--workers 2] [--again NAMES] [--out FILE]

Cases that FILE holds already are not run again, but for those of strategies that `--again` names (`all`: of all). Say
it after a change that may have changed what they are told. Cases are run seed by seed, so that an interrupt leaves all
rows about equally long.

The bounds were looked at with seeds below 1,000; what is published begins at 1,000.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import gate_markets
import gate_page
from tradewind import Strategy, optimise, validate
from tradewind.adapters.trials.sqlite_trials import SqliteTrials
from tradewind.core.domain.trials import TrialKind
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.counting import counting
from tradewind.research.gate import QUESTIONS, usual_gate

HERE = Path(__file__).resolve().parent
RESULTS, PAGE = HERE / "results" / "gate.json", HERE.parent / "docs" / "gate.md"
YEARS, LONG_YEARS, SETS = 2, 20, 60
A_YEAR = 365 * gate_markets.A_DAY
NOISY = [name for name, strategy in STRATEGIES.items() if strategy.symbols == 1]
FINDERS: dict[str, tuple[str, tuple[float, ...]]] = {
    "trend": ("sma_cross", (0.2, 0.3, 0.4, 0.5)),
    "reversion": ("bollinger_reversion", (0.006, 0.01, 0.015, 0.02)),
    "season": ("hour_of_day", (0.002, 0.003, 0.004, 0.006)),
}
"""By kind of edge: who can find it, and the strengths that are planted."""
KERNELS = HERE / "envs" / "kernels"
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where the ledger of each case lies: it is thrown away, and need not wait for a disk."""


def strategy_of(name: str) -> type[Strategy]:
    return gate_markets.HourOfDay if name == "hour_of_day" else STRATEGIES[name]


def validated(case: dict[str, Any]) -> dict[str, Any]:
    """One case: what the gate says, and how each check ended: p(assed), f(ailed), u(ndefined), d(oes not arise)."""
    if case["kind"] in gate_markets.NOISE:
        make, strength = gate_markets.NOISE[case["kind"]]
    else:
        make, strength = gate_markets.EDGES[case["kind"]], case["strength"]
    bars = gate_markets.bars_of(make, strength, case["years"] * A_YEAR, case["seed"])
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        counting(SqliteTrials(Path(folder)), TrialKind.VALIDATE, now_ns=1, origin=f"seed {case['seed']}"),
    ):
        found = validate(strategy_of(case["strategy"]), bars, budget=SETS, whole=False, cache=KERNELS, workers=1)
    checks = found.judgement.checks
    return {
        **case,
        "verdict": str(found.verdict),
        "outcomes": "".join(str(check.outcome)[0] for check in checks),
        "values": [None if check.value is None else float(f"{check.value:.5g}") for check in checks],
    }


def run(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [validated(case) for case in cases]


def true_sharpe(kind: str, strategy: str, strength: float) -> float:
    """What the best of the same sets keeps over twenty years of such a market, after all costs."""
    bars = gate_markets.bars_of(gate_markets.EDGES[kind], strength, LONG_YEARS * A_YEAR, 999)
    found = optimise(strategy_of(strategy), bars, budget=SETS, cache=KERNELS)
    assert found.best is not None
    return float(found.scores.metric("sharpe")[found.best])


def cases_of(noise: int, edges: int, seed: int) -> list[dict[str, Any]]:
    """All cases, those of one seed together."""
    found = [
        {"kind": kind, "strategy": name, "strength": 0.0, "years": YEARS, "seed": seed + number}
        for number in range(noise)
        for name in NOISY
        for kind in gate_markets.NOISE
    ]
    found += [
        {"kind": kind, "strategy": name, "strength": strength, "years": years, "seed": seed + number}
        for number in range(edges)
        for kind, (name, strengths) in FINDERS.items()
        for strength in strengths
        for years in (YEARS, 2 * YEARS)
    ]
    return found


def key_of(case: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(case[name] for name in ("kind", "strategy", "strength", "years", "seed"))


def kept(options: argparse.Namespace) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The cases of an earlier run that may stand, by what they are."""
    if options.again == "all" or not options.out.exists():
        return {}
    document = json.loads(options.out.read_text(encoding="utf-8"))
    if document["gate"] != usual_gate().hash or document["checks"] != list(QUESTIONS) or document["sets"] != SETS:
        sys.exit(f"{options.out} was measured of another gate: measure all again, with --again all")
    again = set(options.again.split(","))
    return {key_of(case): case for case in document["cases"] if case["strategy"] not in again}


def pieces_of(cases: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cases of one strategy and seed together: a process compiles for it once, and an interrupt costs little."""
    pieces: dict[Any, list[dict[str, Any]]] = {}
    for case in cases:
        pieces.setdefault((case["seed"], case["strategy"], case["kind"] in gate_markets.NOISE), []).append(case)
    return list(pieces.values())


def main() -> int:
    options = arguments()
    began, wanted = time.monotonic(), cases_of(options.noise, options.edges, options.seed)
    had = kept(options)
    done = {key_of(case): had[key_of(case)] for case in wanted if key_of(case) in had}
    order = {key_of(case): number for number, case in enumerate(wanted)}
    names = NOISY + [name for name, _ in FINDERS.values()]
    document = {
        "seed": options.seed,
        "sets": SETS,
        "gate": usual_gate().hash,
        "checks": list(QUESTIONS),
        "python": platform.python_version(),
        "true_sharpe": {
            f"{kind} {strength:g}": true_sharpe(kind, name, strength)
            for kind, (name, strengths) in FINDERS.items()
            for strength in strengths
        },
    }

    def write() -> dict[str, Any]:
        cases = sorted(done.values(), key=lambda case: (names.index(case["strategy"]), order[key_of(case)]))
        whole = {**document, "cases": cases}
        options.out.write_text(json.dumps(whole, separators=(",", ":")) + "\n", encoding="utf-8")
        return whole

    options.out.parent.mkdir(parents=True, exist_ok=True)
    pieces = pieces_of([case for case in wanted if key_of(case) not in done])
    pool = ProcessPoolExecutor(options.workers, mp_context=get_context("spawn"))
    try:
        for work in as_completed([pool.submit(run, piece) for piece in pieces]):
            found = work.result()
            done.update({key_of(case): case for case in found})
            said = Counter(case["verdict"] for case in found)
            went = f"{time.monotonic() - began:.0f} s, {len(done):,} of {len(wanted):,}"
            print(found[0]["strategy"], found[0]["seed"], dict(said), went, file=sys.stderr, flush=True)
            write()
    finally:
        pool.shutdown(cancel_futures=True)
    whole = write()
    if options.page:
        gate_page.write(PAGE, gate_page.figures(whole))
    print(gate_page.figures(whole))
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noise", type=int, default=20, help="seeds of each kind of noise for each strategy")
    parser.add_argument("--edges", type=int, default=25, help="seeds of each planted edge")
    parser.add_argument("--seed", type=int, default=1_000, help="the first seed")
    parser.add_argument("--again", default="", help="strategies whose cases are run again, or all")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--no-page", dest="page", action="store_false", help="leave docs/gate.md as it is")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

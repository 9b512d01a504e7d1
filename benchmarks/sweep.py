"""Measure a parameter sweep beside vectorbt and a loop written by hand: python3 benchmarks/sweep.py

An SMA cross over the same bars and parameter sets, each contender in processes of its own, in turn. Trades and final
equity of every set are compared before anything is written; results go to results/sweep.json and docs/optimize.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import environments
import machine
from figures import keep

PAGE = environments.PROJECT / "docs" / "optimize.md"
CORES = os.cpu_count() or 1
SAME_MIN = 0.99
"""The least share of the sets in which a contender makes as many trades as Tradewind. A running sum that also subtracts
drifts, so where two averages nearly touch it may see another crossing; see docs/indicators.md."""
EQUITY_TOLERANCE = 5.0
"""How far final equities may lie apart where trades are the same: the price and fee of a position left at the end."""


@dataclass(frozen=True)
class Contender:
    """A line of the table: its script, the arguments after the number of sets, how often it repeats in a process."""

    name: str
    environment: str
    script: str
    options: tuple[str, ...]
    repeats: int


CONTENDERS = (
    Contender(f"Tradewind, {CORES} threads", "tradewind", "sweep_tradewind.py", (str(CORES), "{cache}"), 3),
    Contender("Tradewind, 1 thread", "tradewind", "sweep_tradewind.py", ("1", "{cache}"), 3),
    Contender("a loop by hand, 1 thread", "tradewind", "sweep_fused.py", ("1",), 3),
    Contender("vectorbt, 100 sets at a time", "vectorbt", "sweep_vectorbt.py", ("100",), 1),
    Contender("vectorbt, 20 sets at a time", "vectorbt", "sweep_vectorbt.py", ("20",), 1),
)
OURS, ALONE, BY_HAND, PEERS = CONTENDERS[0], CONTENDERS[1], CONTENDERS[2], CONTENDERS[3:]


def main() -> int:
    options = arguments()
    for name in sorted({c.environment for c in CONTENDERS}):
        environments.make(name)
    answers: dict[str, list[dict[str, Any]]] = {c.name: [] for c in CONTENDERS}
    before = machine.load()
    with tempfile.TemporaryDirectory() as folder:
        market = f"{folder}/market"
        maker = [str(environments.python_of("tradewind")), "market.py", market, str(options.bars)]
        subprocess.run(maker, check=True, cwd=environments.HERE / "peers")
        for number in range(options.rounds):
            for c in CONTENDERS:
                print(f"round {number + 1} of {options.rounds}: {c.name}", file=sys.stderr, flush=True)
                more = [o.format(cache=f"{folder}/cache") for o in c.options]
                work = [market, str(options.bars), str(c.repeats), str(options.sets), *more]
                answers[c.name].append(
                    environments.answer_of([str(environments.python_of(c.environment)), c.script, *work])
                )
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
        "versions": {name: environments.version(name) for name in ("tradewind", "vectorbt")},
        "bars": options.bars,
        "sets": answers[OURS.name][0]["sets"],
        "contenders": {name: figures(all_, options.bars) for name, all_ in answers.items()},
        "agreement": {c.name: agreement(answers[c.name][0], answers[OURS.name][0]) for c in CONTENDERS},
        "trades": int(statistics.mean(answers[OURS.name][0]["trades"])),
    }
    keep("sweep", found, table(found), PAGE)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=100_000)
    parser.add_argument("--sets", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3, help="processes of each contender")
    return parser.parse_args()


def figures(answers: list[dict[str, Any]], bars: int) -> dict[str, Any]:
    work = answers[0]["sets"] * bars
    return {
        "wall": [statistics.median(a["wall"]) for a in answers],
        "processor": [statistics.median(a["processor"]) for a in answers],
        "a_second": work / statistics.median(statistics.median(a["wall"]) for a in answers),
        "a_core_second": work / statistics.median(statistics.median(a["processor"]) for a in answers),
        "memory_mb": max(a["memory_mb"] for a in answers),
    }


def agreement(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Sets with the same trades, and how far final equities lie apart in them. Raises where too few are the same."""
    same = [i for i, (a, b) in enumerate(zip(theirs["trades"], ours["trades"], strict=True)) if a == b]
    if len(same) < SAME_MIN * len(ours["trades"]):
        raise SystemExit(f"only {len(same)} of {len(ours['trades'])} sets made the same trades")
    apart = max(abs(theirs["equity"][i] - ours["equity"][i]) for i in same)
    if apart > EQUITY_TOLERANCE:
        raise SystemExit(f"final equities lie {apart} apart")
    return {"same_trades": len(same), "equity_apart_max": apart}


def table(found: dict[str, Any]) -> str:
    m, rows = found["machine"], found["contenders"]
    best_peer = max(rows[c.name]["a_core_second"] for c in PEERS)
    where = (
        f"Measured {found['date']} on {m['processor']}, {m['cores']} cores, Python {m['python']}: {found['sets']:,} "
        f"sets x {found['bars']:,} bars, {found['trades']:,} trades a set on average; median of "
        f"{len(rows[OURS.name]['wall'])} rounds. Load average {m['load_before']:.1f} before and {m['load_after']:.1f} "
        f"after. Tradewind {found['versions']['tradewind']}, vectorbt {found['versions']['vectorbt']}."
    )
    lines = [
        where,
        "",
        "| sweep | seconds | bars x sets a second | a core-second | to vectorbt's best | memory | same trades |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in rows.items():
        same = found["agreement"][name]
        lines.append(
            f"| {name} | {statistics.median(row['wall']):.3g} | {row['a_second'] / 1e6:,.1f} M "
            f"| {row['a_core_second'] / 1e6:,.1f} M | {row['a_core_second'] / best_peer:,.1f} x "
            f"| {row['memory_mb']:,.0f} MiB | {same['same_trades']:,} of {found['sets']:,} |"
        )
    share = rows[ALONE.name]["a_core_second"] / rows[BY_HAND.name]["a_core_second"]
    lines += ["", f"A core-second of Tradewind does {share:.2f} of the loop written by hand for this one strategy."]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())

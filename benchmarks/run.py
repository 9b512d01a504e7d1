"""Measure Tradewind beside its peers: python3 benchmarks/run.py [--quick]

Makes an environment for each under benchmarks/envs, runs all of them over the same bars, checks that they traded the
same, and writes results/latest.json, results/latest.md and the table of docs/benchmarks.md. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import agreement
import environments
import figures
import machine
import rounds
import startup
import table
from contenders import BARS, CONTENDERS

PAGE = environments.PROJECT / "docs" / "benchmarks.md"


def main() -> int:
    options = arguments()
    bars, count = (100_000, 1) if options.quick else (options.bars, options.rounds)
    missing = installed(options.only)
    chosen = [c for c in CONTENDERS if c.environment not in missing and wanted(c.environment, options.only)]
    names = {c.environment for c in chosen}
    before = machine.load()
    with tempfile.TemporaryDirectory() as folder:
        market, cache = Path(folder) / "market", Path(folder) / "compiled"
        maker = [str(environments.python_of("tradewind")), "market.py", str(market), str(bars)]
        subprocess.run(maker, check=True, cwd=environments.HERE / "peers")
        figures = rounds.run(chosen, market, bars, count, cache)
        agreed = agreement.check(chosen, figures, market, cache)
        print("start-up", file=sys.stderr, flush=True)
        waits = [*startup.waits(names, 3 if options.quick else 7), *startup.first_runs(names, market)]
    versions = {name: environments.version(name) for name in names}
    found: dict[str, Any] = {
        "date": options.date,
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
        "versions": versions,
        "not_installed": missing,
        "rounds": count,
        "sma_cross": {name: f.as_json() for name, f in figures.items()},
        "agreement": agreed,
        "waits": [{"what": w.what, "seconds": w.seconds, "processor": w.processor, "goal": w.goal} for w in waits],
        "size_mb": {name: environments.size_mb(name) for name in sorted(names)},
    }
    text = "\n\n".join(
        [
            where(found),
            table.sma_cross(figures, versions),
            table.ratios(figures),
            table.agreement(agreed),
            table.start(waits),
            table.sizes(found["size_mb"], versions),
        ]
    )
    write(found, text, options.quick)
    print(text)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100,000 bars, one round; the page is left as it is")
    parser.add_argument("--bars", type=int, default=BARS, help="bars of the SMA cross")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each contender")
    parser.add_argument("--only", nargs="*", default=None, help="environments to run beside Tradewind")
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat(), help="the date the page names")
    return parser.parse_args()


def wanted(name: str, only: list[str] | None) -> bool:
    return only is None or name in only or name == "tradewind"


def installed(only: list[str] | None) -> dict[str, str]:
    """Make the environments; those that cannot be made here, with the reason."""
    missing = {}
    for name in environments.PINNED:
        if wanted(name, only):
            try:
                environments.make(name)
            except environments.NotInstalled as reason:
                if name == "tradewind":
                    raise SystemExit(str(reason)) from reason
                missing[name] = str(reason)
                print(f"left out: {reason}", file=sys.stderr)
    return missing


def where(found: dict[str, Any]) -> str:
    """The sentence that says on what the figures were measured."""
    m = found["machine"]
    text = (
        f"Measured {found['date']} on {m['processor']}, {m['cores']} cores, {m['memory_gb']} GB, {m['system']}, "
        f"Python {m['python']}; {found['rounds']} rounds, median (slowest to fastest). "
        f"Load average {m['load_before']:.1f} before and {m['load_after']:.1f} after."
    )
    return " ".join([text, *(f"Left out: {reason}." for reason in found["not_installed"].values())])


def write(found: dict[str, Any], text: str, quick: bool) -> None:
    name = "quick" if quick else "latest"
    figures.put_away(name, found)
    (figures.RESULTS / f"{name}.md").write_text(text + "\n", encoding="utf-8")
    if not quick:
        figures.show("run", text, PAGE)


if __name__ == "__main__":
    raise SystemExit(main())

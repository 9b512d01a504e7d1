"""Measure the smart-money detectors beside smartmoneyconcepts: python3 benchmarks/smart_money.py

Swings, structure, order blocks, fair value gaps and liquidity pools over the same bars, each contender in processes of
its own, in turn. The labels of both are compared before anything is written; results go to results/smart_money.json and
to docs/smart-money.md. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import environments
import machine
from figures import keep

PAGE = environments.PROJECT / "docs" / "smart-money.md"
PEER = "smartmoneyconcepts"
environments.PINNED[PEER] = environments.HERE / "requirements" / f"{PEER}.txt"
environments.PACKAGES[PEER] = PEER

SCRIPTS = {"tradewind": ("smart_money_tradewind.py", 9), PEER: ("smart_money_smc.py", 1)}
"""What each runs, and how often within a process."""
AGREE_MIN = {"swings": 0.999, "structure": 0.99, "blocks": 0.8, "gaps": 1.0, "pools": 0.95}
"""The least share of the peer's labels that must stand on the same row. It knows swings early and rounds prices to four
bytes, and of its order blocks it keeps those that were not used up: docs/smart-money.md."""

COMPARE = """
import json, sys
import numpy as np
mine, theirs = np.load(sys.argv[1]), np.load(sys.argv[2])
found = {}
for name in theirs.files:
    labels = theirs[name] != 0
    same = int(np.count_nonzero(labels & (mine[name] == theirs[name])))
    found[name] = {"theirs": int(labels.sum()), "ours": int(np.count_nonzero(mine[name])), "same": same}
print(json.dumps(found))
"""


def main() -> int:
    options = arguments()
    for name in SCRIPTS:
        environments.make(name)
    seconds: dict[str, list[float]] = {name: [] for name in SCRIPTS}
    compiling: list[float] = []
    before = machine.load()
    with tempfile.TemporaryDirectory() as folder:
        market = Path(folder) / "market"
        maker = [str(environments.python_of("tradewind")), "market.py", str(market), str(options.bars)]
        subprocess.run(maker, check=True, cwd=environments.HERE / "peers")
        for number in range(options.rounds):
            for name, (script, repeats) in SCRIPTS.items():
                print(f"round {number + 1} of {options.rounds}: {name}", file=sys.stderr, flush=True)
                arguments_ = [str(market), str(options.bars), str(repeats), str(options.length), f"{folder}/{name}.npz"]
                figures = environments.answer_of([str(environments.python_of(name)), script, *arguments_])
                seconds[name].append(statistics.median(figures["wall"]))  # type: ignore[call-overload]
                if "compiling" in figures:
                    compiling.append(float(figures["compiling"]))  # type: ignore[arg-type]
        compared = environments.answer_of(
            [str(environments.python_of("tradewind")), "-c", COMPARE, f"{folder}/tradewind.npz", f"{folder}/{PEER}.npz"]
        )
    check(compared)
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
        "versions": {name: environments.version(name) for name in SCRIPTS},
        "bars": options.bars,
        "length": options.length,
        "seconds": seconds,
        "compiling": compiling,
        "labels": compared,
    }
    keep("smart_money", found, table(found), PAGE)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=100_000)
    parser.add_argument("--length", type=int, default=5, help="bars on each side of a swing")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each contender")
    return parser.parse_args()


def check(compared: dict[str, Any]) -> None:
    """Stop unless both found the same things."""
    for name, counts in compared.items():
        if counts["same"] < AGREE_MIN[name] * counts["theirs"]:
            raise SystemExit(f"{name}: only {counts['same']} of {counts['theirs']} labels are the same")


def table(found: dict[str, Any]) -> str:
    m, ours, theirs = found["machine"], found["seconds"]["tradewind"], found["seconds"][PEER]
    ratio = statistics.median(theirs) / statistics.median(ours)
    where = (
        f"Measured {found['date']} on {m['processor']}, {m['cores']} cores, Python {m['python']}, over "
        f"{found['bars']:,} seeded bars with swings of {found['length']}; median of {len(ours)} rounds (fastest to "
        f"slowest). Load average {m['load_before']:.1f} before and {m['load_after']:.1f} after."
    )
    lines = [
        where,
        "",
        "| five detectors | seconds | to the peer |",
        "|---|---:|---:|",
        f"| Tradewind {found['versions']['tradewind']}, compiled | {spread(ours)} | {ratio:,.0f} x |",
        f"| {PEER} {found['versions'][PEER]} | {spread(theirs)} | 1 x |",
        "",
        f"Compiling the five takes {statistics.median(found['compiling']):.1f} s, once in a process.",
        "",
        "| labels on the same row | theirs | ours | the same |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {c['theirs']:,} | {c['ours']:,} | {c['same']:,} |" for name, c in found["labels"].items()),
    ]
    return "\n".join(lines)


def spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.4g} ({min(seconds):.4g} to {max(seconds):.4g})"


if __name__ == "__main__":
    raise SystemExit(main())

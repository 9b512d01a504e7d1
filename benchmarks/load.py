"""Load on the whole of one process: bus, store on disk, candle builder.

    python3 benchmarks/load.py            a ramp from 100 to 10,000 events/s, then ten times as much, then back
    python3 benchmarks/load.py --soak 24  hours at a steady rate, with the memory watched

Needs Tradewind's own environment. Results go to results/load.json or results/soak.json, and to docs/load.md.
`load_parts.py` says where the time goes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import machine
from load_stand import Stand, Step, own_memory_bytes

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "load.md"
MARKS = "<!-- {}: written by benchmarks/load.py -->", "<!-- end of {} -->"
FILES = {"ramp": "load.json", "soak": "soak.json", "parts": "load_parts.json"}
RATES = (100, 300, 1_000, 3_000, 10_000)
PEAK, TIMES = RATES[-1], 10
AGREED_RATE, AGREED_S = 1_000, {"published": 0.015, "handled": 0.1}
"""At this rate 99 of 100 ticks are on disk, and in their candle, within so many seconds of being due."""
SOAK_RATE = 500
SOAK_WARM = 250_000
"""Events before the memory is looked at: what is remembered up to a limit has reached it then."""


async def ramp(folder: Path, seconds: float, rates: Sequence[float] = RATES) -> dict[str, Any]:
    """Every rate in turn, then ten times the last, then the last again: does it hold, and does it come back?"""
    async with Stand(folder / "events.db") as stand:
        await stand.drive(rates[0], 1.0)
        steps = []
        for rate in (*rates, rates[-1] * TIMES, rates[-1]):
            print(f"{rate:,} events/s for {seconds:g} s", file=sys.stderr, flush=True)
            steps.append(await stand.drive(rate, seconds))
        return {"steps": [asdict(step) for step in steps], "events": stand.acknowledged, "lost": await stand.lost()}


async def soak(folder: Path, hours: float, rate: float = SOAK_RATE) -> dict[str, Any]:
    """A steady rate, and the memory each minute, or a hundred times in a shorter run."""
    every_s = min(60.0, hours * 36.0)
    async with Stand(folder / "events.db") as stand:
        print(f"{SOAK_WARM:,} events to begin with", file=sys.stderr, flush=True)
        while stand.acknowledged < SOAK_WARM:
            await stand.publish([time.time_ns()] * 1_000)
            await stand.caught_up()
        began, samples, worst = time.monotonic(), [], 0.0
        while (at_s := time.monotonic() - began) < hours * 3_600:
            step = await stand.drive(rate, every_s)
            worst = max(worst, step.handled_late["max"] or 0.0)
            gc.collect()
            samples.append((round(at_s + every_s, 1), memory := own_memory_bytes()))
            print(f"{at_s / 3_600:6.2f} h  {memory / 2**20:8.1f} MB", file=sys.stderr, flush=True)
        return {
            "hours": hours, "rate": rate, "events": stand.acknowledged, "lost": await stand.lost(),
            "worst_late_s": worst, "memory": samples, "bytes_an_event": slope(samples) / rate,
        }  # fmt: skip


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """The straight line through all points (least squares): by how much the second rises while the first rises by 1."""
    n = len(samples)
    mean_x, mean_y = (sum(values) / n for values in zip(*samples, strict=True))
    width = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / width if width else 0.0


def ramp_table(found: dict[str, Any]) -> str:
    """The figures as the page has them."""
    steps = [Step(**step) for step in found["steps"]]
    rows = [
        f"| {s.rate_asked:,.0f} | {s.rate_published:,.0f} | {s.rate_handled:,.0f} | "
        + " | ".join(_ms(late[p]) for late in (s.published_late, s.handled_late) for p in ("p50", "p99", "p999"))
        + f" | {s.lag:,} | {s.processor_us:.0f} |"
        for s in steps
    ]
    agreed = next((s for s in steps if s.rate_asked == AGREED_RATE), None)
    words = ""
    if agreed is not None:
        late = {"published": agreed.published_late["p99"], "handled": agreed.handled_late["p99"]}
        held = all(late[name] is not None and late[name] <= most for name, most in AGREED_S.items())
        words = (
            f"Agreed at {AGREED_RATE:,} events/s: on disk within {AGREED_S['published'] * 1e3:.0f} ms and in their "
            f"candle within {AGREED_S['handled'] * 1e3:.0f} ms for 99 of 100. It was {'held' if held else 'not held'}: "
            f"{_ms(late['published'])} and {_ms(late['handled'])} ms. "
        )
    late_words = " | ".join(f"{where}: {share}" for where in ("disk", "candle") for share in ("half", "99 %", "99.9 %"))
    head = f"| asked | published | handled | {late_words} | waiting | us |"
    lost = f"{words}Of {found['events']:,} acknowledged events {found['lost']} were lost."
    return "\n".join([where_and_when(found), "", head, "|" + "---:|" * 11, *rows, "", lost])


def soak_table(found: dict[str, Any]) -> str:
    """The soak in words."""
    memory = [bytes_ / 2**20 for _, bytes_ in found["memory"]]
    return (
        f"{where_and_when(found)}\n\n"
        f"{found['hours']:g} hours at {found['rate']:,.0f} events/s, {found['events']:,} events, {found['lost']} lost. "
        f"Memory {memory[0]:.1f} MB after the start and {memory[-1]:.1f} MB at the end, between {min(memory):.1f} "
        f"and {max(memory):.1f}; the line through all {len(memory)} looks rises by {found['bytes_an_event']:.2f} "
        f"bytes an event. The latest tick was {found['worst_late_s'] * 1e3:,.0f} ms late."
    )


def where_and_when(found: dict[str, Any]) -> str:
    """The line above the figures."""
    m = found["machine"]
    return (
        f"Measured {found['date']} on {m['processor']}, {m['cores']} cores, Python {m['python']}. Load average "
        f"{m['load_before']:.1f} before and {m['load_after']:.1f} after."
    )


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1e3:,.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each step of the ramp")
    parser.add_argument("--soak", type=float, metavar="HOURS", help="a soak instead of the ramp")
    parser.add_argument("--rate", type=float, default=SOAK_RATE, help="of the soak, events/s")
    options = parser.parse_args()
    before, name = machine.load(), "ramp" if options.soak is None else "soak"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        work = ramp(place, options.seconds) if options.soak is None else soak(place, options.soak, options.rate)
        found = asyncio.run(work)
    found |= {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
    }
    write(name, found, ramp_table(found) if name == "ramp" else soak_table(found))
    return 1 if found["lost"] else 0


def write(name: str, found: dict[str, Any], text: str) -> None:
    """Keep the figures, and show them on the page."""
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / FILES[name]).write_text(json.dumps(found, indent=1) + "\n")
    begin, end = (mark.format(name) for mark in MARKS)
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    _, _, tail = rest.partition(end)
    PAGE.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    raise SystemExit(main())

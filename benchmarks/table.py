"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

from contenders import CONTENDERS, PEER
from rounds import Figures
from startup import Wait

ENVIRONMENT = {c.name: c.environment for c in CONTENDERS}


def rows(header: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    names = list(header)
    top = [f"| {' | '.join(names)} |", f"|---|{'---:|' * (len(names) - 1)}"]
    return "\n".join([*top, *(f"| {' | '.join(line)} |" for line in lines)])


def rate(bars_a_second: float) -> str:
    return f"{bars_a_second / 1e6:.3g} M"


def spread(bars: int, seconds: list[float]) -> str:
    """Median rate, with the slowest and fastest round."""
    return f"{rate(bars / median(seconds))} ({bars / max(seconds) / 1e6:.3g} to {bars / min(seconds) / 1e6:.3g})"


def times(figures: dict[str, Figures], name: str, what: str) -> str:
    """How many times the peer's rate."""
    if PEER not in figures:
        return "?"
    ratio = figures[name].rate(what) / figures[PEER].rate(what)
    return f"{ratio:.0f} x" if ratio >= 10 else f"{ratio:.2g} x"


def sma_cross(figures: dict[str, Figures], versions: dict[str, str]) -> str:
    """The main table: one line a contender, fastest first."""
    order = sorted(figures, key=lambda name: -figures[name].rate("judged"))
    return rows(
        ("SMA cross 10/30", "bars", "engine alone, bars/s", "with statistics, bars/s", "trades", "memory"),
        (
            (
                f"{name} {versions[ENVIRONMENT[name]]}",
                f"{figures[name].bars:,}",
                spread(figures[name].bars, figures[name].engine),
                spread(figures[name].bars, figures[name].judged),
                f"{figures[name].trades:,}",
                f"{figures[name].memory_mb:,.0f} MiB",
            )
            for name in order
        ),
    )


def ratios(figures: dict[str, Figures]) -> str:
    """How many times the peer's rate each is, on the wall clock and in processor time."""
    order = sorted(figures, key=lambda name: -figures[name].rate("judged"))
    return rows(
        (f"times {PEER}", "engine alone", "with statistics", "engine, processor time", "statistics, processor time"),
        (
            (name, *(times(figures, name, w) for w in ("engine", "judged", "engine_processor", "judged_processor")))
            for name in order
        ),
    )


def agreement(lines: list[dict[str, Any]]) -> str:
    return rows(
        ("same bars", "bars", "trades", "final equity", "from Tradewind's"),
        (
            (a["name"], f"{a['bars']:,}", f"{a['trades']:,}", f"{a['equity']:,.4f}", f"{a['from_tradewind']:+.4f}")
            for a in lines
        ),
    )


def start(waits: list[Wait]) -> str:
    return rows(
        ("wait", "median", "min", "max", "processor time", "goal"),
        (
            (
                w.what,
                f"{w.median:.2f} s",
                f"{min(w.seconds):.2f}",
                f"{max(w.seconds):.2f}",
                f"{median(w.processor):.2f} s",
                "" if w.goal is None else f"< {w.goal:g} s",
            )
            for w in waits
        ),
    )


def sizes(found: dict[str, float], versions: dict[str, str]) -> str:
    return rows(
        ("installed", "version", "size"),
        ((name, versions[name], f"{found[name]:,.0f} MiB") for name in sorted(found, key=lambda n: found[n])),
    )

"""The SMA cross, round after round: every contender in a process of its own, one after the other."""

from __future__ import annotations

import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contenders import Contender
from environments import answer_of, python_of


@dataclass
class Figures:
    """What the rounds of one contender came to. Seconds are one figure a round: the median of the process's runs."""

    name: str
    bars: int
    engine: list[float]
    engine_processor: list[float]
    judged: list[float]
    judged_processor: list[float]
    memory_mb: float
    before_mb: float
    trades: int
    equity: float

    def rate(self, what: str) -> float:
        """Bars a second at the median round; `what` is the name of one of the lists of seconds."""
        return self.bars / float(statistics.median(getattr(self, what)))

    def as_json(self) -> dict[str, Any]:
        lists = ("engine", "judged", "engine_processor", "judged_processor")
        return {**asdict(self), "bars_a_second": {what: self.rate(what) for what in lists}}


def run(contenders: list[Contender], market: Path, bars: int, rounds: int, cache: Path) -> dict[str, Figures]:
    """Every contender once a round, so that a busy minute of the machine falls on all of them."""
    found: dict[str, list[dict[str, Any]]] = {c.name: [] for c in contenders}
    for number in range(rounds):
        for c in contenders:
            print(f"round {number + 1} of {rounds}: {c.name}", file=sys.stderr, flush=True)
            found[c.name].append(one(c, market, rows(c, bars), cache))
    return {c.name: gathered(c, rows(c, bars), found[c.name]) for c in contenders}


def rows(c: Contender, bars: int) -> int:
    return max(2_000, round(bars * c.share))


def one(c: Contender, market: Path, bars: int, cache: Path) -> dict[str, Any]:
    """One process of a contender over `bars` bars."""
    command = [str(python_of(c.environment)), c.script, str(market), str(bars), str(c.inner), *c.options]
    if c.environment == "tradewind":
        command.append(str(cache))
    return answer_of(command)


def gathered(c: Contender, bars: int, answers: list[dict[str, Any]]) -> Figures:
    results = {(a["trades"], a["equity"]) for a in answers}
    if len(results) != 1:
        raise RuntimeError(f"{c.name} did not come to the same result each time: {sorted(results)}")
    trades, equity = results.pop()
    return Figures(
        name=c.name,
        bars=bars,
        engine=[statistics.median(a["engine"]) for a in answers],
        engine_processor=[statistics.median(a["engine_processor"]) for a in answers],
        judged=[statistics.median(a["judged"]) for a in answers],
        judged_processor=[statistics.median(a["judged_processor"]) for a in answers],
        memory_mb=max(a["memory_mb"] for a in answers),
        before_mb=max(a["before_mb"] for a in answers),
        trades=trades,
        equity=equity,
    )

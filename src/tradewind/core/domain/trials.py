"""Trials: every look at a market with a strategy, as the ledger counts them.

The best of many tries looks good by luck alone, so what a Sharpe ratio is worth depends on how many there were.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from tradewind.core.domain.errors import BadInput

LOCAL = "local"
"""The tenant of a Tradewind that is nobody's service."""
PERIODS_MIN = 10
"""A Sharpe ratio over fewer periods is no measure of how far trials lie apart: luck alone throws it too far."""
REAL = "real"
"""The origin of bars that were observed."""


class TrialKind(StrEnum):
    """What asked for a trial. The same trial asked for in two ways is one trial still."""

    BACKTEST = "backtest"
    SWEEP = "sweep"
    WALK_FORWARD = "walk-forward"
    VALIDATE = "validate"
    MONTE_CARLO = "monte-carlo"
    PORTFOLIO = "portfolio"
    PROPOSAL = "proposal"
    LOCKBOX = "lockbox"
    PYTHON = "python"


@dataclass(frozen=True)
class Ground:
    """A stretch of market that trials share: `start_ns <= time < end_ns` of symbols, real or invented.

    `origin` is REAL or `seed N`: trials on an invented market say nothing of the real one of the same name.
    """

    symbols: tuple[str, ...]
    start_ns: int
    end_ns: int
    origin: str = REAL
    tenant: str = LOCAL

    def __post_init__(self) -> None:
        if not self.symbols or self.start_ns >= self.end_ns:
            raise BadInput(
                "a stretch of market needs a symbol, and a start before its end",
                fix="Name a symbol, and a start before the end",
            )


@dataclass(frozen=True)
class Look:
    """What trials have in common that differ in parameters only. Hashes are hexadecimal."""

    ground: Ground
    timeframe: str
    data_hash: str
    """Over the very bars that were run on, not over all that is stored."""
    strategy: str
    code_hash: str
    rules_hash: str
    kind: TrialKind
    made_ns: int
    """When it was recorded, ns UTC."""

    def keys(self, parameters: Sequence[str]) -> list[bytes]:
        """What makes each trial one and no other: all of the look but its kind and time, and the parameters' text."""
        shared = hashlib.blake2b(digest_size=16)
        told = [*(getattr(self.ground, f.name) for f in fields(Ground)), self.timeframe, self.data_hash]
        shared.update(repr([*told, self.strategy, self.code_hash, self.rules_hash]).encode())
        found = []
        for text in parameters:
            own = shared.copy()
            own.update(text.encode())
            found.append(own.digest())
        return found


@dataclass(frozen=True, slots=True)
class Tally:
    """How many trials a ground has seen, and how far their Sharpe ratios lie apart.

    `spread` is the variance (n - 1) of z = Sharpe per period x sqrt(periods) over the `judged` trials that have a
    Sharpe ratio over PERIODS_MIN periods or more; NaN below two. By z, trials of different lengths can stand beside
    each other: a short one's ratio swings more.
    """

    trials: int
    judged: int
    spread: float

    def variance(self, periods: int) -> float:
        """The variance of the Sharpe ratios, per period, as records of `periods` length would have it.

        For trials of that very length it is the plain variance of their Sharpe ratios.
        """
        return self.spread / periods if periods > 0 else math.nan


@dataclass(frozen=True, slots=True)
class TrialsOf:
    """One line of the ledger's summary: the trials of one strategy on one market, asked for in one way.

    Times are ns UTC; `best` is the highest Sharpe ratio per period, None where no trial has one.
    """

    symbols: tuple[str, ...]
    timeframe: str
    origin: str
    strategy: str
    kind: TrialKind
    trials: int
    judged: int
    codes: int
    start_ns: int
    end_ns: int
    best: float | None
    first_made_ns: int
    last_made_ns: int

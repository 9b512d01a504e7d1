"""What a portfolio is made of, and when it is put back into its proportions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.engine.rules import MarketRules
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Market

DAY_NS = UNITS_NS["d"]
SLEEVES_MAX = 200


@dataclass(frozen=True)
class Sleeve:
    """One strategy on its markets, with a part of the account to trade.

    `share` is its plain share beside those of the others; `rules` are its own, where they differ from the account's
    (their cash is not used).
    """

    strategy: type[Strategy]
    data: Bars | Market | Sequence[Bars | Market] = field(repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    share: float = 1.0
    rules: MarketRules | None = None

    def __post_init__(self) -> None:
        if not _is_number(self.share) or not 0.0 < float(self.share) < math.inf:
            raise BadInput(
                f"its share must be a number above 0, found {self.share!r}", where=self.title, fix="Leave it out for 1"
            )

    @property
    def title(self) -> str:
        """Its name; where it was given none, the strategy and its symbols."""
        data = [self.data] if isinstance(self.data, Bars | Market) else self.data
        symbols = [d.symbol if isinstance(d, Bars) else d.bars.symbol for d in data]
        return self.name or f"{self.strategy.__name__} on {', '.join(symbols)}"


@dataclass(frozen=True)
class Rebalancing:
    """When cash moves between the sleeves, besides when a sleeve begins or ends.

    every    "never", or a number and d, w or M: every so many days, weeks (from Monday) or months, at 00:00 UTC
    drift    also at any 00:00 UTC at which a sleeve's part of the account is further than this from what it was given
    resize   open positions are made larger or smaller with their sleeve's cash, by orders at the next open; without it
             only cash moves that no position and no order holds
    """

    every: str = "1M"
    drift: float | None = None
    resize: bool = True

    def __post_init__(self) -> None:
        steps_of(self.every)
        if self.drift is not None and not (_is_number(self.drift) and 0.0 < float(self.drift) < 1.0):
            raise BadInput(f"drift must be between 0 and 1, found {self.drift!r}", fix="5 points of 100 are 0.05")

    def is_due(self, midnight_ns: int, began_ns: int) -> bool:
        """Whether a midnight (UTC) is one of the calendar's, for an account that began at `began_ns`."""
        count, unit = steps_of(self.every)
        if count == 0 or _number(unit, midnight_ns) == _number(unit, midnight_ns - 1):
            return False
        passed = _number(unit, midnight_ns) - _number(unit, began_ns)
        return passed > 0 and passed % count == 0

    def checked(self, first_ns: int, end_ns: int) -> list[int]:
        """The midnights after `first_ns` and before `end_ns` at which there is something to look at."""
        midnights = range(first_ns // DAY_NS * DAY_NS + DAY_NS, end_ns, DAY_NS)
        return [m for m in midnights if self.drift is not None or self.is_due(m, first_ns)]


def steps_of(every: str) -> tuple[int, str]:
    """`2w` as (2, "w"); (0, "d") for never. Raises BadInput."""
    if every == "never":
        return 0, "d"
    match = re.fullmatch(r"([1-9][0-9]{0,3})([dwM])", every) if isinstance(every, str) else None
    if match is None:
        raise BadInput(f"cannot rebalance every {every!r}", fix="Write a number and d, w or M (7d, 2w, 1M), or never")
    return int(match[1]), match[2]


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _number(unit: str, time_ns: int) -> int:
    """Which day, week (from Monday) or month since 1970 holds this moment."""
    if unit == "M":
        return int(np.datetime64(time_ns, "ns").astype("datetime64[M]").astype(np.int64))
    days = time_ns // DAY_NS
    return days if unit == "d" else (days + 3) // 7  # 1970 began on a Thursday

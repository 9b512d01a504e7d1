"""The timers of a session: its candles' ends, and the strategy's own."""

from __future__ import annotations

from typing import NamedTuple

from tradewind.core.domain.timeframes import bucket_start_ns

CANDLE_TIMER, STRATEGY_TIMER = "candle", "strategy"
QUIET_MAX = 2
"""Ends of candles without a trade that are still told: the one that closes the last candle is among them."""


class Fired(NamedTuple):
    """A timer has fired: when, which, and when it was due. Of one that is not `told` nobody needs to hear."""

    time: int
    name: str
    due: int
    told: bool


class Timers:
    """When each timer fires next: every `length_ns`, `late_ns` after the round time; of two at once the first named."""

    def __init__(self, lengths: dict[str, tuple[int, int]], now: int) -> None:
        self._rows = {
            name: (length, late, bucket_start_ns(now, length) + length) for name, (length, late) in lengths.items()
        }
        self._quiet = 0
        self._find()

    def fire(self) -> Fired:
        """The next one fires. A candle in which nothing has traded is none, and its end is not told."""
        fires, name = self.fires_ns, self._name
        length, late, due = self._rows[name]
        self._rows[name] = (length, late, due + length)
        self._find()
        self._quiet += name == CANDLE_TIMER
        return Fired(fires, name, due, name != CANDLE_TIMER or self._quiet <= QUIET_MAX)

    def traded(self) -> None:
        """The market has moved: the next candle is one."""
        self._quiet = 0

    def _find(self) -> None:
        self.fires_ns, _, self._name = min(
            (due + late, rank, name) for rank, (name, (_, late, due)) in enumerate(self._rows.items())
        )

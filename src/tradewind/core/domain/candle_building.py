"""Candles out of ticks as they come: late ones, repeated ones and those that overtook each other too.

The rules, which are the same however the ticks are cut into pieces:

- A tick belongs to the candle in which it happened, by its own time, and of ticks of one nanosecond the one that came
  first is first.
- Ticks wait for `wait_ns`, so that those that were overtaken can still take their place. Then they are final.
- What comes later than that is *late*: no candle takes it, because candles that have closed do not change.
- A trade id that was seen before is a *duplicate*. Without ids two equal trades are two trades.
- A stretch without ticks has no candle. Nothing is invented.

So the candles are those of all ticks that were taken, sorted by time and cut up in one go; a law of the tests.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heappop, heappush
from math import inf

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import Candle
from tradewind.core.domain.timeframes import SECOND_NS, bucket_start_ns, timeframe_name, timeframe_ns

BEFORE_ALL_NS = -(2**63)
NEVER_NS = 2**63


class Verdict(StrEnum):
    """What became of a tick."""

    TAKEN = "taken"
    LATE = "late"
    DUPLICATE = "duplicate"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class CandleRules:
    """Which candles, and how patient. At `waiting_max` ticks or `ids_max` trade ids the oldest waits no longer."""

    timeframes: tuple[str, ...] = ("1m", "5m", "1h", "1d")
    wait_ns: int = 2 * SECOND_NS
    waiting_max: int = 100_000
    ids_max: int = 20_000
    lengths_ns: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        lengths = tuple(sorted({timeframe_ns(name) for name in self.timeframes}))
        if not lengths:
            raise BadInput("no timeframe is given", fix="Name at least one, such as 1m")
        if self.wait_ns < 0 or self.waiting_max < 1 or self.ids_max < 1:
            raise BadInput("wait_ns must not be negative; waiting_max and ids_max are at least 1", where="candles")
        object.__setattr__(self, "lengths_ns", lengths)


class CandleBuilder:
    """The candles of one symbol. `take` ticks, `advance` when time passes without any, fetch what has `closed`."""

    def __init__(self, symbol: str, rules: CandleRules | None = None) -> None:
        self.symbol, self.rules = symbol, rules or CandleRules()
        self.final_ns = BEFORE_ALL_NS
        """Ticks before this time are final; one that comes now is late."""
        self._waiting: list[tuple[int, int, float, float]] = []
        self._number = 0
        self._ids: set[str] = set()
        self._ids_in_order: deque[tuple[int, str]] = deque()
        self._open = [_Forming(length) for length in self.rules.lengths_ns]
        self._find_next_end(some_begin=True)
        self._closed: list[Candle] = []

    def take(self, time_ns: int, price: float, size: float, trade_id: str | None = None) -> Verdict:
        """One tick: a trade of the market at its own time, its price and its size in base currency."""
        if not (0.0 < price < inf and 0.0 <= size < inf):  # what is not a number is neither
            return Verdict.MALFORMED
        if trade_id is not None and trade_id in self._ids:
            return Verdict.DUPLICATE
        if time_ns < self.final_ns:
            return Verdict.LATE
        waiting = self._waiting
        if self._prompt and len(waiting) == 1 and waiting[0][0] < time_ns < self._next_end_ns and trade_id is None:
            # By far the most: the one tick that waits is final now, and both are of the candle that is forming.
            first = waiting[0]
            waiting[0] = time_ns, self._number, price, size
            self._number += 1
            self.final_ns = time_ns
            self._open[0].add(first[0], first[2], first[3])
            return Verdict.TAKEN
        heappush(waiting, (time_ns, self._number, price, size))
        self._number += 1
        final_ns = time_ns - self.rules.wait_ns
        if trade_id is not None:
            final_ns = max(final_ns, self._remember(time_ns, trade_id))
        if len(waiting) > self.rules.waiting_max:
            final_ns = max(final_ns, waiting[0][0] + 1)
        self._settle(final_ns)
        return Verdict.TAKEN

    def advance(self, now_ns: int) -> None:
        """Time has passed: what happened before `now_ns - wait_ns` has come by now, or is late."""
        self._settle(now_ns - self.rules.wait_ns)

    @property
    def due_ns(self) -> int:
        """When the next candle ends of those that ticks have come for; NEVER_NS where there is none."""
        soonest = self._next_end_ns
        if self._waiting:
            first_ns = self._waiting[0][0]
            soonest = min(soonest, *(bucket_start_ns(first_ns, length) + length for length in self.rules.lengths_ns))
        return soonest

    def closed(self) -> list[Candle]:
        """The candles that have closed since this was asked last, in the order of their ends, shorter ones first."""
        closed, self._closed = self._closed, []
        return closed

    def _remember(self, time_ns: int, trade_id: str) -> int:
        """Keep an id; from when on a repetition of one that had to be forgotten could still be taken for new."""
        self._ids.add(trade_id)
        self._ids_in_order.append((time_ns, trade_id))
        if len(self._ids_in_order) <= self.rules.ids_max:
            return BEFORE_ALL_NS
        forgotten_ns, forgotten = self._ids_in_order.popleft()
        self._ids.discard(forgotten)
        return forgotten_ns + 1

    def _settle(self, final_ns: int) -> None:
        """All before `final_ns` is final: put it into its candles, in order, and close those that end by then."""
        if final_ns <= self.final_ns:
            return
        self.final_ns = final_ns
        waiting = self._waiting
        while waiting and waiting[0][0] < final_ns:
            time_ns, _, price, size = heappop(waiting)
            if time_ns >= self._next_end_ns:
                self._close(time_ns)
            for forming in self._open:
                forming.add(time_ns, price, size)
            if self._some_begin:
                self._find_next_end(some_begin=False)
        if final_ns >= self._next_end_ns:
            self._close(final_ns)

    def _close(self, until_ns: int) -> None:
        ended = sorted((f for f in self._open if f.ticks and f.end_ns <= until_ns), key=lambda f: (f.end_ns, f.length))
        self._closed += [forming.close(self.symbol) for forming in ended]
        self._find_next_end(some_begin=True)

    def _find_next_end(self, *, some_begin: bool) -> None:
        self._next_end_ns = min(forming.end_ns for forming in self._open)
        self._some_begin = some_begin
        self._prompt = not some_begin and self.rules.wait_ns == 0 and len(self._open) == 1


class _Forming:
    """A candle that ticks are still added to; without ticks it ends never."""

    __slots__ = ("end_ns", "first", "high", "last", "length", "low", "name", "start_ns", "ticks", "volume")

    def __init__(self, length: int) -> None:
        self.length, self.name = length, timeframe_name(length)
        self.ticks, self.end_ns = 0, NEVER_NS

    def add(self, time_ns: int, price: float, size: float) -> None:
        """One more tick, none of which comes before an earlier one."""
        if not self.ticks:
            self.start_ns = bucket_start_ns(time_ns, self.length)
            self.end_ns = self.start_ns + self.length
            self.first = self.high = self.low = price
            self.volume = 0.0
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.last = price
        self.volume += size
        self.ticks += 1

    def close(self, symbol: str) -> Candle:
        """The candle, and begin anew."""
        candle = Candle(
            symbol=symbol,
            timeframe=self.name,
            time=self.start_ns,
            open=self.first,
            high=self.high,
            low=self.low,
            close=self.last,
            volume=self.volume,
            ticks=self.ticks,
        )
        self.ticks, self.end_ns = 0, NEVER_NS
        return candle

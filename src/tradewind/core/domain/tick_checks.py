"""Live market data that cannot be right, found as it comes: one pass, a few numbers remembered for each symbol.

Nothing is repaired here. Whoever listens decides; the candle builder has rules of its own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import exp, isfinite, log
from statistics import median
from typing import Literal, TypeAlias

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import Quote, Tick
from tradewind.core.domain.timeframes import SECOND_NS

Name: TypeAlias = Literal["gap", "spike", "stale", "duplicate", "out_of_order", "crossed", "clock_skew", "malformed"]
FUTURE_NS = 10 * SECOND_NS
"""Clocks differ by a second or two; what happened later than this after it was received did not happen then."""
STEPS_LOOKED_AT = 25
STEPS_NEEDED = 10
"""Fewer steps than these say nothing about what is usual; until then a step of a fifth is one."""
NORMAL_FROM_MAD = 1.4826
"""Makes a median absolute deviation the standard deviation of normal numbers."""


@dataclass(frozen=True, slots=True)
class TickRules:
    """What is too much, for one symbol. Times in ns.

    A spike is a price that is off the one before it by more than `spike_least` of it, and by more than
    `spike_deviations` times what the latest 25 steps were, robustly. After `spikes_in_a_row` of them on one side the
    market has moved. The price after a gap is compared with none before it.

    Silence is longer than `silence_ns`, and than `silence_times` the usual time between two, since some markets trade
    twice an hour. A gap is told of when it is known what is usual.
    """

    silence_ns: int = 60 * SECOND_NS
    silence_times: float = 10.0
    ahead_ns: int = SECOND_NS
    behind_ns: int = 10 * SECOND_NS
    spike_least: float = 0.01
    spike_deviations: float = 20.0
    spikes_in_a_row: int = 3
    ids_max: int = 20_000

    def __post_init__(self) -> None:
        if min(self.silence_ns, self.ahead_ns, self.behind_ns, self.spikes_in_a_row, self.ids_max) < 1:
            raise BadInput("silence_ns, ahead_ns, behind_ns, spikes_in_a_row and ids_max are at least 1", where="ticks")
        if not (self.spike_least > 0.0 and self.spike_deviations > 0.0 and self.silence_times >= 0.0):
            raise BadInput("spike_least and spike_deviations are above 0, silence_times is at least 0", where="ticks")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and what was seen."""

    name: Name
    detail: str


@dataclass
class TickChecks:
    """What is remembered of one symbol. Hand it every tick and quote, and ask for silence now and then."""

    rules: TickRules = field(default_factory=TickRules)
    _latest_ns: int | None = None
    _latest_of_kind: dict[type[Tick | Quote], int] = field(default_factory=dict)
    _between: deque[int] = field(default_factory=lambda: deque(maxlen=STEPS_LOOKED_AT))
    _received_ns: int | None = None
    _silent: bool = False
    _ahead: bool = False
    _ids: dict[str, None] = field(default_factory=dict)
    _price: float | None = None
    _steps: deque[float] = field(default_factory=lambda: deque(maxlen=STEPS_LOOKED_AT))
    _spikes: list[float] = field(default_factory=list)

    def tick(self, time_ns: int, received_ns: int, tick: Tick) -> list[Problem]:
        """What is wrong with a trade that happened, and was received, at these times."""
        if not (_positive(tick.price) and _positive(tick.size)):
            return [Problem("malformed", f"a trade of {tick.size:g} at {tick.price:g}")]
        if self._repeated(tick.trade_id):
            return [Problem("duplicate", f"trade {tick.trade_id} came before")]
        found = self._times(Tick, time_ns, received_ns)
        spike = self._spike(tick.price)
        return found if spike is None else [*found, spike]

    def quote(self, time_ns: int, received_ns: int, quote: Quote) -> list[Problem]:
        """What is wrong with a best bid and ask."""
        sizes = quote.bid_size, quote.ask_size
        if not (_positive(quote.bid) and _positive(quote.ask) and all(isfinite(s) and s >= 0.0 for s in sizes)):
            return [Problem("malformed", f"{sizes[0]:g} at {quote.bid:g} bid, {sizes[1]:g} at {quote.ask:g} asked")]
        found = self._times(Quote, time_ns, received_ns)
        if quote.bid > quote.ask:
            found.append(Problem("crossed", f"{quote.bid:g} bid is above {quote.ask:g} asked"))
        return found

    def is_silent(self, now_ns: int) -> bool:
        """Whether `silence` has something to tell."""
        if self._received_ns is None or self._silent:
            return False
        return now_ns - self._received_ns > self._silence_ns()

    def silence(self, now_ns: int) -> list[Problem]:
        """`stale`, once, where nothing has come for too long."""
        if self._received_ns is None or not self.is_silent(now_ns):
            return []
        self._silent = True
        return [Problem("stale", f"nothing has come for {(now_ns - self._received_ns) / SECOND_NS:.1f} s")]

    def _repeated(self, trade_id: str | None) -> bool:
        if trade_id is None:
            return False
        if trade_id in self._ids:
            return True
        self._ids[trade_id] = None
        if len(self._ids) > self.rules.ids_max:
            del self._ids[next(iter(self._ids))]
        return False

    def _times(self, kind: type[Tick | Quote], time_ns: int, received_ns: int) -> list[Problem]:
        """Clocks that differ, order, and gaps. A lone time from the future is no measure for those that follow.

        Where one after the other comes from it our own clock is behind, and they are as good a measure as any.
        """
        self._received_ns, self._silent = received_ns, False
        found: list[Problem] = []
        ahead_ns = time_ns - received_ns
        lone, self._ahead = not self._ahead, ahead_ns > self.rules.ahead_ns
        if self._ahead:
            found.append(Problem("clock_skew", f"it happened {ahead_ns / SECOND_NS:.3f} s after it was received"))
            if lone or ahead_ns > FUTURE_NS:
                return found
        if -ahead_ns > self.rules.behind_ns:
            found.append(Problem("clock_skew", f"it happened {-ahead_ns / SECOND_NS:.3f} s before it was received"))
        # Trades and quotes come by two ways, and overtake each other; each of them is in order by itself.
        latest_of_kind = self._latest_of_kind.get(kind, time_ns)
        self._latest_of_kind[kind] = max(time_ns, latest_of_kind)
        latest, self._latest_ns = self._latest_ns, max(time_ns, self._latest_ns or time_ns)
        if time_ns < latest_of_kind:
            late_ns = latest_of_kind - time_ns
            found.append(Problem("out_of_order", f"{late_ns / SECOND_NS:.3f} s before the one before it"))
        elif latest is not None and time_ns >= latest:
            if len(self._between) >= STEPS_NEEDED and time_ns - latest > self._silence_ns():
                self._price = None
                self._spikes.clear()
                found.append(Problem("gap", f"nothing for {(time_ns - latest) / SECOND_NS:.1f} s"))
            self._between.append(time_ns - latest)
        return found

    def _silence_ns(self) -> float:
        """What is longer than this is silence: what is not usual in this market, and long for any."""
        if len(self._between) < STEPS_NEEDED:
            return self.rules.silence_ns
        return max(self.rules.silence_ns, self.rules.silence_times * median(self._between))

    def _spike(self, price: float) -> Problem | None:
        value = log(price)
        if self._price is None:
            self._price = value
            return None
        step = value - self._price
        if abs(step) <= self.rules.spike_least or abs(step) <= self.rules.spike_deviations * self._usual_step():
            self._steps.append(abs(step))
            self._price = value
            self._spikes.clear()
            return None
        if self._spikes and (self._spikes[-1] - self._price) * step < 0.0:
            self._spikes.clear()
        self._spikes.append(value)
        number, before = len(self._spikes), exp(self._price)
        detail = f"{price:g} is {abs(exp(step) - 1.0):.1%} from {before:g}"
        if number > 1:
            detail += f", the last price that was none; {number} in a row"
        if number >= self.rules.spikes_in_a_row:
            detail += ": the market has moved"
            self._price = value
            self._spikes.clear()
        return Problem("spike", detail)

    def _usual_step(self) -> float:
        return NORMAL_FROM_MAD * median(self._steps) if len(self._steps) >= STEPS_NEEDED else self.rules.spike_least


def _positive(value: float) -> bool:
    return isfinite(value) and value > 0.0

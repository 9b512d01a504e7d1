"""What every indicator is: a small object that is told one value at a time.

    class Momentum(Indicator):
        def __init__(self, length: int) -> None:
            super().__init__(warmup=length + 1)
            self.length = length
            self.past = ring(length + 1)
            self.at = 0

        def update(self, price: float) -> None: ...

The parameter names of `update` say what it is fed: open, high, low, close, volume and time are a bar's fields; any
other single name is the close, or what `of` chose. A batch is a loop over updates, so stream and batch cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, Self

NAN = float("nan")
RING_SIZE_MIN = 64

BAR_FIELDS = ("open", "high", "low", "close", "volume", "time")
DERIVED_FIELDS = ("hl2", "hlc3", "ohlc4")

BY_HAND = ("by hand", "")
"""The `source` of an indicator that the strategy updates itself."""


def ring(length: int, fill: float = 0.0) -> list[float]:
    """A list for at least `length` past values; its size is a power of two so that lengths share compiled code."""
    sizes = _sizes.get()
    size = RING_SIZE_MIN if sizes is None else sizes.least
    while size < length:
        size *= 2
    if sizes is not None:
        sizes.largest = max(sizes.largest, size)
    return [fill] * size


@dataclass
class RingSizes:
    """Sizes of the rings made under `ring_sizes`: none is smaller than `least`, and `largest` is the largest so far."""

    least: int = RING_SIZE_MIN
    largest: int = RING_SIZE_MIN


_sizes: ContextVar[RingSizes | None] = ContextVar("tradewind_ring_sizes", default=None)


@contextmanager
def ring_sizes(sizes: RingSizes) -> Iterator[None]:
    """Make rings of these sizes: a sweep gives all its strategies equally long ones, so that they share one kernel."""
    token = _sizes.set(sizes)
    try:
        yield
    finally:
        _sizes.reset(token)


class Indicator:
    """A streaming calculation with a `value`, the value before it (`prev`), and a warm-up.

    `value` is NaN until `count` updates reach `warmup`; `ready` says whether they have. Subclasses set every attribute
    in `__init__` with its final type (numbers, fixed lists, nested objects), or the compiler cannot lay them out.
    `outputs` names the attributes that are results; all are NaN until ready.
    """

    outputs: ClassVar[tuple[str, ...]] = ("value",)

    def __init__(self, warmup: int) -> None:
        self.value = NAN
        self.prev = NAN
        self.count = 0
        self.warmup = warmup
        self.source: Any = None
        self.feed: Any = None

    def of(self, source: str | Indicator, output: str = "value") -> Self:
        """Calculate from another field ("volume", "hlc3") or from an output of another indicator: `EMA(9).of(rsi)`."""
        self.source = (source, output)
        return self

    def on(self, feed: Any) -> Self:
        """Calculate on another symbol's or timeframe's bars: `SMA(50).on(self.hourly)`."""
        self.feed = feed
        return self

    def by_hand(self) -> Self:
        """Leave the updates to the strategy: for values that no bar has, such as a spread."""
        self.source = BY_HAND
        return self

    @property
    def ready(self) -> bool:
        """Whether the warm-up is over and `value` is a number."""
        return self.count >= self.warmup

    def crossed_above(self, other: Indicator | float) -> bool:
        """Whether this update took the value from at or below `other` to above it; False during warm-up."""
        if isinstance(other, Indicator):
            return self.prev <= other.prev and self.value > other.value
        return self.prev <= other and self.value > other

    def crossed_below(self, other: Indicator | float) -> bool:
        """Whether this update took the value from at or above `other` to below it; False during warm-up."""
        if isinstance(other, Indicator):
            return self.prev >= other.prev and self.value < other.value
        return self.prev >= other and self.value < other

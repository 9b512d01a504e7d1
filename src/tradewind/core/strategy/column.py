"""A column that a strategy's `prepare` has made, as `on_bar` reads it: the value at the bar in hand."""

from __future__ import annotations

from tradewind.core.indicators.indicator import BY_HAND, Indicator


class Column(Indicator):
    """`value` at this bar, `prev` at the one before; NaN where the column has no number.

    It is an indicator as far as others see it: `self.trend.crossed_above(self.slow_ma)`, `EMA(9).of(self.trend)`.
    """

    def __init__(self) -> None:
        super().__init__(warmup=1)
        self.source = BY_HAND

    def update(self, given: float) -> None:
        """The next bar's value."""
        self.count += 1
        self.prev = self.value
        self.value = given

    @property
    def ready(self) -> bool:
        """Whether there is a number at this bar."""
        return self.value == self.value

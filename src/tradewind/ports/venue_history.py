"""The port to an exchange's past: pages of candles, funding rates and mark prices."""

from __future__ import annotations

from typing import Protocol

from tradewind.core.domain.data_sets import AnySeries, DataKey


class VenueHistory(Protocol):
    """Asks one exchange, no faster than it allows."""

    @property
    def name(self) -> str:
        """What the exchange is called."""
        ...

    def check(self, key: DataKey) -> None:
        """Raises BadInput where the exchange has no such symbol, timeframe or kind, with near names."""
        ...

    def page(self, key: DataKey, since_ns: int, rows_max: int) -> AnySeries:
        """The first rows at or after `since_ns`, rising, perhaps none, the last perhaps not closed yet.

        Raises Unavailable where asking again may help, BadInput where it will not.
        """
        ...

"""The port to metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Instrument = Callable[[float], None]
"""Takes a number: what to add to a counter, where a gauge stands, one measurement of a histogram. Never raises."""


class Metrics(Protocol):
    """Instruments by the names of `observability.names`. Ask for one once, and use it often."""

    def counter(self, name: str, **labels: str) -> Instrument:
        """Adds to a counter. Raises KeyError for a name or label that is not in the table."""
        ...

    def gauge(self, name: str, **labels: str) -> Instrument:
        """Says where a gauge stands."""
        ...

    def histogram(self, name: str, **labels: str) -> Instrument:
        """Adds one measurement."""
        ...

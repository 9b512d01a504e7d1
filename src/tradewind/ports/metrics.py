"""The port to metrics."""

from __future__ import annotations

from typing import Protocol


class Metrics(Protocol):
    """Counts and measurements by the names of `observability.names`. Never raises for a number, never waits."""

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        ...

    def set(self, name: str, value: float, **labels: str) -> None:
        """Say where a gauge stands."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add one measurement to a histogram."""
        ...

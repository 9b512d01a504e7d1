"""Metrics kept in memory, for one process to be asked."""

from __future__ import annotations

from collections import deque

from tradewind.observability.names import METRICS
from tradewind.ports.metrics import Instrument

MEASUREMENTS_MAX = 4_096
"""The latest measurements of a histogram are kept, so many for each set of labels."""
Key = tuple[str, ...]


class CountedMetrics:
    """Counters, gauges and the latest measurements, by name and the values of the labels."""

    def __init__(self) -> None:
        self.values: dict[Key, list[float]] = {}
        self.measured: dict[Key, deque[float]] = {}

    def counter(self, name: str, **labels: str) -> Instrument:
        """Adds to a counter."""
        cell = self.values.setdefault(_key(name, labels), [0.0])

        def add(amount: float) -> None:
            cell[0] += amount

        return add

    def gauge(self, name: str, **labels: str) -> Instrument:
        """Says where a gauge stands."""
        cell = self.values.setdefault(_key(name, labels), [0.0])

        def stand(value: float) -> None:
            cell[0] = value

        return stand

    def histogram(self, name: str, **labels: str) -> Instrument:
        """Adds one measurement; the oldest makes room."""
        return self.measured.setdefault(_key(name, labels), deque(maxlen=MEASUREMENTS_MAX)).append

    def total(self, name: str) -> float:
        """The sum over all labels."""
        return sum(cell[0] for key, cell in self.values.items() if key[0] == name)


def _key(name: str, labels: dict[str, str]) -> Key:
    return name, *(labels[label] for label in METRICS[name].labels)

"""Metrics kept in memory, for one process to be asked."""

from __future__ import annotations

from collections import deque

from tradewind.observability.names import METRICS

MEASUREMENTS_MAX = 4_096
"""The latest measurements of a histogram are kept, so many for each set of labels."""
Labels = tuple[tuple[str, str], ...]


class CountedMetrics:
    """Counters, gauges and the latest measurements, by name and labels. An unknown name or label is a KeyError."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, Labels], float] = {}
        self.measured: dict[tuple[str, Labels], deque[float]] = {}

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        key = _key(name, labels)
        self.values[key] = self.values.get(key, 0.0) + amount

    def set(self, name: str, value: float, **labels: str) -> None:
        """Say where a gauge stands."""
        self.values[_key(name, labels)] = value

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add one measurement to a histogram."""
        self.measured.setdefault(_key(name, labels), deque(maxlen=MEASUREMENTS_MAX)).append(value)

    def total(self, name: str) -> float:
        """The sum over all labels."""
        return sum(value for (known, _), value in self.values.items() if known == name)


def _key(name: str, labels: dict[str, str]) -> tuple[str, Labels]:
    metric = METRICS[name]
    return name, tuple((label, labels[label]) for label in metric.labels)

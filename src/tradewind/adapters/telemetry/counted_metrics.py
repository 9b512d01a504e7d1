"""Metrics kept in memory, for one process to be asked."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Mapping
from math import nan

from tradewind.observability.names import BOUNDS_S, METRICS, Kind
from tradewind.ports.metrics import Instrument

log = logging.getLogger(__name__)
SERIES_MAX = 1_000
"""So many sets of labels has a metric at most; what comes then is counted under OTHER."""
OTHER = "other"
Key = tuple[str, ...]
"""A metric's name, and the values of its labels in the table's order."""


class Measured:
    """A histogram: how many measurements fell into each bucket, and their sum. It forgets nothing and does not grow."""

    __slots__ = ("_sum", "add", "counts")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        """How many were above the bound before and not above this one; the last has those above all bounds."""
        self._sum = [0.0]
        self.add: Instrument = _adding(self.counts, self._sum)
        """Takes one measurement in. What is no number is none."""

    @property
    def count(self) -> int:
        """How many measurements there were."""
        return sum(self.counts)

    @property
    def sum(self) -> float:
        """All measurements together."""
        return self._sum[0]


def _adding(counts: list[int], total: list[float]) -> Instrument:
    """One event has several measurements: names that are looked up here need not be each time."""
    find, bounds = bisect_left, BOUNDS_S

    def add(value: float) -> None:
        if value == value:  # noqa: PLR0124 - NaN differs from itself
            counts[find(bounds, value)] += 1
            total[0] += value

    return add


class CountedMetrics:
    """Counters, gauges and histograms, by name and the values of the labels. For one thread: that of the event loop."""

    def __init__(self) -> None:
        self.values: dict[Key, list[float]] = {}
        """Counters, and gauges: NaN where nobody has said yet where one stands."""
        self.measured: dict[Key, Measured] = {}
        self._series: dict[str, int] = {}

    def counter(self, name: str, **labels: str) -> Instrument:
        """Adds to a counter."""
        cell = self._cell(_key("counter", name, labels), 0.0)

        def add(amount: float) -> None:
            cell[0] += amount

        return add

    def gauge(self, name: str, **labels: str) -> Instrument:
        """Says where a gauge stands."""
        cell = self._cell(_key("gauge", name, labels), nan)

        def stand(value: float) -> None:
            cell[0] = value

        return stand

    def histogram(self, name: str, **labels: str) -> Instrument:
        """Adds one measurement."""
        key = _key("histogram", name, labels)
        cell = self.measured.get(key)
        if cell is None:
            cell = self.measured.setdefault(self._room_for(key), Measured())
        return cell.add

    def total(self, name: str) -> float:
        """The sum over all labels."""
        return sum(cell[0] for key, cell in self.values.items() if key[0] == name)

    def _cell(self, key: Key, first: float) -> list[float]:
        cell = self.values.get(key)
        return self.values.setdefault(self._room_for(key), [first]) if cell is None else cell

    def _room_for(self, key: Key) -> Key:
        """The key itself while there is room for it: labels that never end would fill the memory."""
        name, *labels = key
        number = self._series[name] = self._series.get(name, 0) + 1
        if number <= SERIES_MAX:
            return key
        if number == SERIES_MAX + 1:
            log.warning("%s has %d sets of labels; from now on new ones are %r", name, SERIES_MAX, OTHER)
        return name, *(OTHER for _ in labels)


def _key(kind: Kind, name: str, labels: Mapping[str, str]) -> Key:
    metric = METRICS[name]
    if metric.kind != kind or len(labels) != len(metric.labels):
        raise KeyError(f"{name} is a {metric.kind} with the labels {', '.join(metric.labels) or 'none'}")
    return name, *(labels[label] for label in metric.labels)

"""What was counted and measured, as Prometheus reads it.

Source of the format: Prometheus, "Exposition formats", text format version 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from operator import itemgetter
from typing import TypeVar

from tradewind.adapters.telemetry.counted_metrics import CountedMetrics, Key, Measured
from tradewind.adapters.telemetry.process_figures import process_figures
from tradewind.observability.names import BOUNDS_S, METRICS, PROCESS_METRICS, Metric

T = TypeVar("T")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (*(repr(bound) for bound in BOUNDS_S), "+Inf")


def prometheus_page(metrics: CountedMetrics) -> str:
    """All metrics in the order of the table, then what the system says of this process.

    A gauge that nobody has set yet is left out: what is not known is not 0.
    """
    lines = [line for metric in METRICS.values() for line in _family(metric, _samples(metric, metrics))]
    for name, value in process_figures().items():
        lines += _family(PROCESS_METRICS[name], [f"{name} {_number(value)}"])
    return "\n".join(lines) + "\n"


def _family(metric: Metric, samples: Iterable[str]) -> Iterator[str]:
    found = list(samples)
    if found:
        meaning = f"{metric.meaning}, in {metric.unit}" if metric.unit else metric.meaning
        yield f"# HELP {metric.name} {_escaped(meaning)}"
        yield f"# TYPE {metric.name} {metric.kind}"
        yield from found


def _samples(metric: Metric, metrics: CountedMetrics) -> Iterator[str]:
    if metric.kind == "histogram":
        for key, measured in _of(metric, metrics.measured):
            yield from _histogram(metric, key, measured)
        return
    for key, (value,) in _of(metric, metrics.values):
        if value == value:  # noqa: PLR0124 - NaN differs from itself
            yield f"{metric.name}{_labels(metric, key)} {_number(value)}"


def _histogram(metric: Metric, key: Key, measured: Measured) -> Iterator[str]:
    counts = list(accumulate(measured.counts))
    for bound, count in zip(BOUNDS, counts, strict=True):
        yield f"{metric.name}_bucket{_labels(metric, key, le=bound)} {count}"
    yield f"{metric.name}_sum{_labels(metric, key)} {_number(measured.sum)}"
    yield f"{metric.name}_count{_labels(metric, key)} {counts[-1]}"


def _of(metric: Metric, cells: Mapping[Key, T]) -> list[tuple[Key, T]]:
    return sorted(((key, cell) for key, cell in cells.items() if key[0] == metric.name), key=itemgetter(0))


def _labels(metric: Metric, key: Key, **more: str) -> str:
    pairs = [*zip(metric.labels, key[1:], strict=True), *more.items()]
    inside = ",".join(f'{name}="{_escaped(value, quote=True)}"' for name, value in pairs)
    return f"{{{inside}}}" if inside else ""


def _escaped(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text


def _number(value: float) -> str:
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)

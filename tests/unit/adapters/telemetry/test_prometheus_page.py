"""The page is what Prometheus' own reader reads back, number for number."""

import re
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.adapters.telemetry.prometheus_page import prometheus_page
from tradewind.observability.names import BOUNDS_S, METRICS, PROCESS_METRICS

ASKED_FOR = {
    "messages_published", "publish_latency", "messages_consumed", "messages_failed", "consumer_lag", "process_latency",
    "events_persisted", "insert_latency", "cache_hits", "cache_misses", "cache_latency", "redis_cluster_node_up",
    "redis_cluster_memory_bytes",
}  # fmt: skip
"""The names that the requirements spell out."""


def read(page):
    """Samples of a page: name and labels to value. A name with a set of labels that comes twice is refused.

    The reader gives counters the name that OpenMetrics would give them; the page's own is put back.
    """
    found = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            name = sample.name if sample.name in PROCESS_METRICS else sample.name.removesuffix("_total")
            key = (name, *sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def one_of_each():
    """Every instrument of the table, used once."""
    metrics = CountedMetrics()
    for metric in METRICS.values():
        getattr(metrics, metric.kind)(metric.name, **dict.fromkeys(metric.labels, "x"))(0.5)
    return metrics


def test_every_metric_of_the_table_stands_on_the_page_under_its_exact_name():
    page = prometheus_page(one_of_each())
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    assert {name: types[name] for name in METRICS} == {name: metric.kind for name, metric in METRICS.items()}
    assert types.keys() >= ASKED_FOR
    samples = {name for name, *_ in read(page)}
    assert {n if METRICS[n].kind != "histogram" else f"{n}_bucket" for n in ASKED_FOR} <= samples


def test_nothing_counted_is_an_empty_page_but_for_the_process():
    types = re.findall(r"^# TYPE (\S+)", prometheus_page(CountedMetrics()), re.MULTILINE)
    assert set(types) <= PROCESS_METRICS.keys()
    assert "process_cpu_seconds_total" in types


def test_a_gauge_is_left_out_until_somebody_has_set_it():
    metrics = CountedMetrics()
    stand = metrics.gauge("consumer_lag", group="g", topic="t")
    assert "consumer_lag" not in prometheus_page(metrics)
    stand(0)
    assert read(prometheus_page(metrics))["consumer_lag", ("group", "g"), ("topic", "t")] == 0


@given(st.lists(st.floats(0, 20), max_size=30))
def test_a_histogram_is_read_back_as_it_was_measured(values):
    metrics = CountedMetrics()
    for value in values:
        metrics.histogram("process_latency", group="g")(value)
    samples = read(prometheus_page(metrics))
    if not values:
        assert not any(name.startswith("process_latency") for name, *_ in samples)
        return
    for bound in (*BOUNDS_S, inf):
        text = "+Inf" if bound == inf else repr(bound)
        found = samples["process_latency_bucket", ("group", "g"), ("le", text)]
        assert found == sum(value <= bound for value in values)
    assert samples["process_latency_count", ("group", "g")] == len(values)
    assert samples["process_latency_sum", ("group", "g")] == pytest.approx(sum(values))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")), st.floats())
def test_whatever_a_label_says_and_wherever_a_gauge_stands_is_read_back(label, value):
    metrics = CountedMetrics()
    metrics.gauge("redis_cluster_memory_bytes", node_id=label)(value)
    samples = read(prometheus_page(metrics))
    found = [v for (name, *labels), v in samples.items() if name == "redis_cluster_memory_bytes" and labels]
    assert found == ([] if value != value else [value])
    if found:
        assert ("redis_cluster_memory_bytes", ("node_id", label)) in samples

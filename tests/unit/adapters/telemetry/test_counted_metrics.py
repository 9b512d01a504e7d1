"""What is counted is never forgotten, what is not known is not 0, and labels that never end do not fill the memory."""

import logging
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.adapters.telemetry.counted_metrics import SERIES_MAX, CountedMetrics
from tradewind.observability.names import BOUNDS_S


def test_instruments_asked_for_twice_are_one():
    metrics = CountedMetrics()
    metrics.counter("cache_hits", role="state")(1)
    metrics.counter("cache_hits", role="state")(2)
    metrics.counter("cache_hits", role="cache")(4)
    metrics.histogram("publish_latency")(1.0)
    metrics.histogram("publish_latency")(1.0)
    assert (metrics.values["cache_hits", "state"], metrics.total("cache_hits")) == ([3], 7)
    assert metrics.measured["publish_latency",].count == 2


def test_a_gauge_that_nobody_has_set_is_not_0():
    metrics = CountedMetrics()
    stand = metrics.gauge("consumer_lag", group="g", topic="t")
    assert isnan(metrics.total("consumer_lag"))
    stand(0)
    assert metrics.total("consumer_lag") == 0


@pytest.mark.parametrize(
    ("kind", "name", "labels"),
    [
        ("counter", "messages_sold", {}),
        ("counter", "consumer_lag", {"group": "g", "topic": "t"}),
        ("gauge", "cache_hits", {"role": "state"}),
        ("histogram", "cache_hits", {"role": "state"}),
        ("counter", "cache_hits", {}),
        ("counter", "cache_hits", {"roll": "state"}),
        ("counter", "cache_hits", {"role": "state", "more": "x"}),
    ],
)
def test_what_is_not_in_the_table_is_refused_where_it_is_asked_for(kind, name, labels):
    metrics = CountedMetrics()
    with pytest.raises(KeyError):
        getattr(metrics, kind)(name, **labels)
    assert not metrics.values
    assert not metrics.measured


@given(st.lists(st.floats(0, 100)))
def test_every_measurement_is_in_the_first_bucket_whose_bound_is_not_below_it(values):
    metrics = CountedMetrics()
    add = metrics.histogram("insert_latency")
    for value in values:
        add(value)
    measured = metrics.measured["insert_latency",]
    assert measured.count == len(values)
    assert measured.sum == pytest.approx(sum(values))
    for i, bound in enumerate(BOUNDS_S):
        assert sum(measured.counts[: i + 1]) == sum(value <= bound for value in values)


def test_what_is_no_number_is_no_measurement():
    metrics = CountedMetrics()
    metrics.histogram("insert_latency")(nan)
    assert metrics.measured["insert_latency",].count == 0


def test_labels_that_never_end_are_counted_together_and_that_is_said_once(caplog):
    metrics = CountedMetrics()
    with caplog.at_level(logging.WARNING):
        for number in range(SERIES_MAX + 50):
            metrics.counter("data_problems", problem=str(number))(1)
    assert len(metrics.values) == SERIES_MAX + 1
    assert metrics.values["data_problems", "other"] == [50]
    assert metrics.total("data_problems") == SERIES_MAX + 50
    assert len(caplog.records) == 1

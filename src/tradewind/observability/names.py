"""Names of metrics: the one place where they are spelt. No vendor's library is named here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
BOUNDS_S = (
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the buckets of every histogram: from a handler in this process to a bus that answers at last."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: what it counts or measures, in which unit, by which labels."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    unit: str = ""


_TABLE = (
    Metric("messages_published", "counter", "events that the bus has taken", ("topic",)),
    Metric("messages_refused", "counter", "events that were not published, by why", ("reason",)),
    Metric("publish_latency", "histogram", "from publish to durable", (), "seconds"),
    Metric("messages_consumed", "counter", "events that were handled", ("group", "topic")),
    Metric("messages_failed", "counter", "attempts at an event that failed", ("group", "topic")),
    Metric("messages_dead", "counter", "events that went to the dead letters", ("group", "topic")),
    Metric("consumer_lag", "gauge", "events that are not dealt with yet", ("group", "topic")),
    Metric("process_latency", "histogram", "one handler's call", ("group",), "seconds"),
    Metric("events_persisted", "counter", "events that the store has on disk"),
    Metric("insert_latency", "histogram", "from append to on disk", (), "seconds"),
    Metric("insert_errors", "counter", "appends that the store did not answer"),
    Metric("cache_hits", "counter", "values that were asked for and found", ("role",)),
    Metric("cache_misses", "counter", "values that were asked for and not there", ("role",)),
    Metric("cache_errors", "counter", "calls that the cache did not answer", ("role", "operation")),
    Metric("cache_latency", "histogram", "one call", ("role", "operation"), "seconds"),
    Metric("cache_ready", "gauge", "1 while portfolios are kept up to date, 0 while they are read from the events"),
    Metric("redis_cluster_node_up", "gauge", "1 while a node answers in this role, else 0", ("node_id", "role")),
    Metric("redis_cluster_memory_bytes", "gauge", "memory that a node uses", ("node_id",), "bytes"),
    Metric("redis_replication_lag_bytes", "gauge", "what a replica has not taken over yet", ("node_id",), "bytes"),
    Metric("cache_rebuilt", "counter", "portfolios in the cache that were made again, by why", ("reason",)),
    Metric("portfolio_reads", "counter", "portfolios that were read, by where they came from", ("source",)),
    Metric("ticks_for_candles", "counter", "ticks by what the candle builder did with them", ("verdict",)),
    Metric("candles_closed", "counter", "candles that were published", ("timeframe",)),
    Metric("data_problems", "counter", "ticks and quotes that cannot be right", ("problem",)),
    Metric("feed_breaches", "counter", "days of a symbol on which more live data was wrong than is allowed"),
    Metric("snapshots_taken", "counter", "snapshots of accounts that were published"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}

PROCESS_METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("process_resident_memory_bytes", "gauge", "memory of this process that is not swapped out", (), "bytes"),
        Metric("process_cpu_seconds_total", "counter", "processor time of this process, its own and the kernel's"),
        Metric("process_open_fds", "gauge", "files and sockets that this process has open"),
        Metric("process_start_time_seconds", "gauge", "when this process began, after 1970 UTC", (), "seconds"),
    )
}
"""What the system says of a process; the names are those that every Prometheus client uses."""

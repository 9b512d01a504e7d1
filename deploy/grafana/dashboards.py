"""The dashboards, made from the table below: python3 deploy/grafana/dashboards.py writes them beside this file.

Import them in Grafana, or let it read the folder (provisioning); they ask for a Prometheus data source.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDTH, HEIGHT = 12, 8


Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Panel:
    """A picture: what it shows, in which unit (Grafana's word for it), and its lines: an expression and a name each."""

    title: str
    unit: str
    lines: Lines
    meaning: str = ""


def rate(name: str, by: str) -> Lines:
    """So many a second, by labels."""
    return line(f"sum by ({by}) (rate({name}[$__rate_interval]))", by)


def line(expr: str, by: str) -> Lines:
    """An expression, its lines named by labels."""
    return ((expr, " ".join(f"{{{{{label}}}}}" for label in by.split(", "))),)


def quantiles(name: str, by: str = "") -> Lines:
    """What half, 99 of 100 and 999 of 1000 stay below."""
    labels = f"{by}, le" if by else "le"
    words = f"{{{{{by}}}}} " if by else ""
    return tuple(
        (f"histogram_quantile({q}, sum by ({labels}) (rate({name}_bucket[$__rate_interval])))", f"{words}{said}")
        for q, said in ((0.5, "half"), (0.99, "99 %"), (0.999, "99.9 %"))
    )


HIT_RATE = (
    "sum by (role) (rate(cache_hits[$__rate_interval])) / (sum by (role) (rate(cache_hits[$__rate_interval])) "
    "+ sum by (role) (rate(cache_misses[$__rate_interval])))"
)
OURS = '{job="tradewind"}'
TRADEWIND = {
    "Bus": (
        Panel("Published", "ops", rate("messages_published", "topic")),
        Panel(
            "Not published",
            "ops",
            rate("messages_refused", "reason"),
            "refused: no event; unavailable: the bus did not take it",
        ),
        Panel("From publish to durable", "s", quantiles("publish_latency")),
        Panel("Handled", "ops", rate("messages_consumed", "group")),
        Panel(
            "Waiting",
            "short",
            (("sum by (group, topic) (consumer_lag)", "{{group}} {{topic}}"),),
            "events that are not dealt with yet",
        ),
        Panel("One handler's call", "s", quantiles("process_latency", "group")),
        Panel("Attempts that failed", "ops", rate("messages_failed", "group, topic")),
        Panel(
            "Dead letters",
            "short",
            (("sum by (group, topic) (messages_dead)", "{{group}} {{topic}}"),),
            "since each process began",
        ),
    ),
    "Event store": (
        Panel("Stored", "ops", rate("events_persisted", "instance")),
        Panel("From append to on disk", "s", quantiles("insert_latency")),
        Panel("Appends that failed", "ops", rate("insert_errors", "instance")),
        Panel("Snapshots", "ops", rate("snapshots_taken", "instance")),
    ),
    "Cache": (
        Panel("Found of what was asked for", "percentunit", line(HIT_RATE, "role")),
        Panel("One call", "s", quantiles("cache_latency", "operation")),
        Panel("Calls that were not answered", "ops", rate("cache_errors", "role, operation")),
        Panel(
            "Relied on",
            "bool",
            (("min by (instance) (cache_ready)", "{{instance}}"),),
            "0: portfolios are read from the events, no new risk",
        ),
        Panel("Portfolios made again", "ops", rate("cache_rebuilt", "reason")),
        Panel("Portfolios read", "ops", rate("portfolio_reads", "source"), "from the cache, or from the events"),
        Panel("Redis nodes that answer", "bool", (("max by (node_id) (redis_cluster_node_up)", "{{node_id}}"),)),
        Panel("Memory of Redis nodes", "bytes", (("max by (node_id) (redis_cluster_memory_bytes)", "{{node_id}}"),)),
        Panel("Replicas behind by", "bytes", (("max by (node_id) (redis_replication_lag_bytes)", "{{node_id}}"),)),
    ),
    "Market data": (
        Panel("Ticks", "ops", rate("ticks_for_candles", "verdict"), "by what the candle builder did with them"),
        Panel("Candles closed", "ops", rate("candles_closed", "timeframe")),
        Panel("Cannot be right", "ops", rate("data_problems", "problem")),
        Panel("Days that were too bad", "short", (("sum(increase(feed_breaches[1d]))", "in a day"),)),
    ),
    "Processes": (
        Panel("Answer", "bool", (("up" + OURS, "{{instance}}"),)),
        Panel("Memory", "bytes", (("process_resident_memory_bytes" + OURS, "{{instance}}"),)),
        Panel("Processors", "short", ((f"rate(process_cpu_seconds_total{OURS}[$__rate_interval])", "{{instance}}"),)),
        Panel("Open files and sockets", "short", (("process_open_fds" + OURS, "{{instance}}"),)),
        Panel("Runs since", "dateTimeAsIso", ((f"process_start_time_seconds{OURS} * 1000", "{{instance}}"),)),
    ),
}
"""What Tradewind says of itself."""

SERVERS = {
    "Kafka": (
        Panel("Brokers", "short", (("kafka_brokers", "brokers"),)),
        Panel(
            "Partitions with too few copies",
            "short",
            (("sum(kafka_topic_partition_under_replicated_partition)", "partitions"),),
        ),
        Panel(
            "Partitions led", "short", (('count_values("broker", kafka_topic_partition_leader)', "broker {{broker}}"),)
        ),
        Panel(
            "Waiting, as Kafka sees it",
            "short",
            (("sum by (consumergroup, topic) (kafka_consumergroup_lag)", "{{consumergroup}} {{topic}}"),),
        ),
    ),
    "PostgreSQL": (
        Panel("Answers", "bool", (("pg_up", "{{instance}}"),)),
        Panel("Size", "bytes", (("sum by (datname) (pg_database_size_bytes)", "{{datname}}"),)),
        Panel(
            "Commits",
            "ops",
            (("sum by (datname) (rate(pg_stat_database_xact_commit[$__rate_interval]))", "{{datname}}"),),
        ),
        Panel("Replicas behind by", "s", (("max by (instance) (pg_replication_lag_seconds)", "{{instance}}"),)),
    ),
    "Redis": (
        Panel("Answers", "bool", (("redis_up", "{{instance}}"),)),
        Panel("Memory", "bytes", (("redis_memory_used_bytes", "{{instance}}"),)),
        Panel(
            "Forgotten for want of room",
            "ops",
            (("rate(redis_evicted_keys_total[$__rate_interval])", "{{instance}}"),),
            "in the role of state this stays at 0",
        ),
        Panel("Commands", "ops", (("rate(redis_commands_processed_total[$__rate_interval])", "{{instance}}"),)),
    ),
}
"""What the servers' exporters say."""

DASHBOARDS = {"tradewind": ("Tradewind", TRADEWIND), "servers": ("Tradewind's servers", SERVERS)}


def dashboard(uid: str) -> dict[str, Any]:
    """A dashboard as Grafana reads it (schema 39): two pictures a line, in rows that can be folded."""
    title, rows = DASHBOARDS[uid]
    panels: list[dict[str, Any]] = []
    y = 0
    for name, pictures in rows.items():
        panels.append({"type": "row", "title": name, "collapsed": False, "panels": [], "gridPos": _place(0, y, 24, 1)})
        y += 1
        for number, picture in enumerate(pictures):
            panels.append(_drawn(picture, _place(number % 2 * WIDTH, y + number // 2 * HEIGHT, WIDTH, HEIGHT)))
        y += (len(pictures) + 1) // 2 * HEIGHT
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "uid": uid, "title": title, "schemaVersion": 39, "tags": ["tradewind"], "timezone": "utc", "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"}, "templating": {"list": [source]}, "panels": panels,
    }  # fmt: skip


def _drawn(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    lines = [
        {"refId": chr(65 + number), "expr": expr, "legendFormat": name, "datasource": SOURCE}
        for number, (expr, name) in enumerate(panel.lines)
    ]
    return {
        "type": "timeseries", "title": panel.title, "description": panel.meaning, "gridPos": place,
        "datasource": SOURCE, "targets": lines, "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
    }  # fmt: skip


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def text(uid: str) -> str:
    """The file of a dashboard."""
    return json.dumps(dashboard(uid), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write them."""
    for uid in DASHBOARDS:
        (HERE / f"{uid}.json").write_text(text(uid), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

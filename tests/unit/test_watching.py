"""Alerts and dashboards speak of metrics that there are, each alert is tried out, and each says what to do."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import promql_parser
import pytest
import yaml
from deploy.grafana.dashboards import DASHBOARDS, text

from tradewind.observability.names import METRICS, PROCESS_METRICS

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
PAGE = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
EXPORTERS = {
    # Prometheus itself, kafka_exporter, redis_exporter, postgres_exporter
    "up",
    "kafka_brokers", "kafka_topic_partition_under_replicated_partition", "kafka_topic_partition_leader",
    "kafka_consumergroup_lag",
    "redis_up", "redis_memory_used_bytes", "redis_evicted_keys_total", "redis_commands_processed_total",
    "pg_up", "pg_database_size_bytes", "pg_stat_database_xact_commit", "pg_replication_lag_seconds",
}  # fmt: skip
OURS = {
    name: set(metric.labels) for name, metric in {**METRICS, **PROCESS_METRICS}.items() if metric.kind != "histogram"
} | {
    f"{name}_{part}": {*metric.labels, "le"} if part == "bucket" else set(metric.labels)
    for name, metric in METRICS.items()
    if metric.kind == "histogram"
    for part in ("bucket", "sum", "count")
}
"""Every series that the page has, with its labels."""
SCRAPED = {"job", "instance"}
"""Labels that Prometheus puts to every series."""
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
EXPRESSIONS = [(rule["alert"], rule["expr"]) for rule in RULES] + [
    (f"{uid}: {panel.title}", expr.replace("$__rate_interval", "1m"))
    for uid, (_, rows) in DASHBOARDS.items()
    for pictures in rows.values()
    for panel in pictures
    for expr, _ in panel.lines
]


def seen(expr):
    """Names of series in an expression with the labels that are asked for, and every label that it groups by."""
    names, groups = {}, set()

    def visit(node):
        if isinstance(node, promql_parser.VectorSelector):
            names.setdefault(node.name, set()).update(matcher.name for matcher in node.matchers.matchers)
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            groups.update(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(expr), visit)
    return names, groups


def programs(name):
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is not installed (Debian: apt-get install prometheus)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return found


@pytest.mark.parametrize(("name", "expr"), EXPRESSIONS, ids=[name for name, _ in EXPRESSIONS])
def test_every_expression_asks_for_metrics_and_labels_that_there_are(name, expr):
    names, groups = seen(expr)
    assert names
    assert names.keys() <= OURS.keys() | EXPORTERS
    for metric, labels in names.items():
        if metric in OURS:
            assert labels <= OURS[metric] | SCRAPED
    if names.keys() <= OURS.keys():
        assert groups <= set().union(*(OURS[metric] for metric in names)) | SCRAPED


def test_the_files_of_the_dashboards_are_those_of_the_table():
    folder = ROOT / "deploy" / "grafana"
    assert {path.stem for path in folder.glob("*.json")} == set(DASHBOARDS)
    for uid in DASHBOARDS:
        assert (folder / f"{uid}.json").read_text(encoding="utf-8") == text(uid), "python3 deploy/grafana/dashboards.py"
        panels = json.loads(text(uid))["panels"]
        places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
        assert len(set(places)) == len({p["id"] for p in panels}) == len(panels)


def test_every_metric_of_ours_is_on_a_dashboard():
    shown = set().union(*(seen(expr)[0] for _, expr in EXPRESSIONS[len(RULES) :]))
    assert {name for name in METRICS if not shown & {name, f"{name}_bucket"}} == set()


def test_every_alert_says_what_to_do_and_nothing_else_is_promised():
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["runbook"] == f"docs/watching.md#{rule['alert'].lower()}"
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_every_alert_is_tried_where_it_must_be_told_and_where_it_must_not():
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text(encoding="utf-8"))["tests"]
    tried = [(check["alertname"], bool(check["exp_alerts"])) for test in tests for check in test["alert_rule_test"]]
    assert {name for name, told in tried if told} == {rule["alert"] for rule in RULES}
    assert {name for name, told in tried if not told} == {rule["alert"] for rule in RULES}


@pytest.mark.parametrize(
    "words",
    [("check", "rules", "rules.yml"), ("check", "config", "prometheus.yml"), ("test", "rules", "rules_test.yml")],
)
def test_prometheus_own_tool_is_content(words):
    done = subprocess.run([programs("promtool"), *words], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

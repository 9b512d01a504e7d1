"""A real Prometheus reads the page, knows every metric, answers every expression of rules and dashboards, and tells."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from deploy.grafana.dashboards import DASHBOARDS

from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.adapters.telemetry.metrics_server import serving_metrics
from tradewind.observability.names import METRICS, PROCESS_METRICS

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
PATIENCE_S = 120
CONFIG = """
global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}
rule_files: [RULES]
scrape_configs:
  - job_name: tradewind
    static_configs: [{targets: ["127.0.0.1:PAGE"]}]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    """One that reads a page on this machine, in a folder of its own."""

    def __init__(self, folder, page_port):
        program = shutil.which("prometheus")
        if program is None:
            reason = "Prometheus is not installed (Debian: apt-get install prometheus)"
            pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
        self.place = f"127.0.0.1:{free_port()}"
        file = folder / "prometheus.yml"
        file.write_text(CONFIG.replace("RULES", str(RULES)).replace("PAGE", str(page_port)))
        words = [
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self.place}",
        ]
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen([program, *words], stdout=self.log, stderr=self.log, cwd=folder)

    def ask(self, path, **words):
        """What its API answers, None while it does not."""
        try:
            with urllib.request.urlopen(f"http://{self.place}/api/v1/{path}?{urllib.parse.urlencode(words)}") as answer:
                return json.load(answer)["data"]
        except (urllib.error.URLError, ConnectionError):
            return None

    def found(self, expr):
        """The series that an expression comes to now."""
        answer = self.ask("query", query=expr)
        return [] if answer is None else answer["result"]

    def end(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


async def until(true):
    while not (found := await asyncio.to_thread(true)):
        await asyncio.sleep(0.1)
    return found


def test_a_real_prometheus_knows_every_metric_answers_every_expression_and_tells_of_a_store_that_is_away(tmp_path):
    metrics = CountedMetrics()
    for metric in METRICS.values():
        getattr(metrics, metric.kind)(metric.name, **dict.fromkeys(metric.labels, "x"))(0.5)
    expressions = [
        expr.replace("$__rate_interval", "5s")
        for uid, (_, rows) in DASHBOARDS.items()
        for pictures in rows.values()
        for panel in pictures
        for expr, _ in panel.lines
        if uid == "tradewind"
    ]

    async def work():
        async with asyncio.timeout(PATIENCE_S), serving_metrics(metrics, 0) as port:
            prometheus = Prometheus(tmp_path, port)
            try:
                await until(
                    lambda: (
                        prometheus.ask("query", query="up == 1") and prometheus.ask("query", query="up == 1")["result"]
                    )
                )
                names = set(await until(lambda: prometheus.ask("label/__name__/values")))
                # Rates need two readings.
                await until(lambda: prometheus.found("rate(insert_latency_count[5s])"))
                empty = await asyncio.to_thread(lambda: [expr for expr in expressions if not prometheus.found(expr)])
                assert not await asyncio.to_thread(firing, prometheus)
                metrics.counter("insert_errors")(3)
                await until(lambda: "StoreAway" in firing(prometheus))
                return names, empty, await asyncio.to_thread(prometheus.ask, "metadata")
            finally:
                await asyncio.to_thread(prometheus.end)

    names, empty, told = asyncio.run(work())
    for name, metric in {**METRICS, **PROCESS_METRICS}.items():
        parts = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        assert {f"{name}{part}" for part in parts} <= names
        assert told[name][0]["type"] == metric.kind
    assert empty == []


def firing(prometheus):
    """Names of alerts that are told now; those that wait first are not among them."""
    return {alert["labels"]["alertname"] for alert in prometheus.ask("alerts")["alerts"] if alert["state"] == "firing"}

"""Real Kafka brokers for tests: the project's own script starts them; skips, or fails in CI, where it cannot."""

from __future__ import annotations

import os

import pytest
from deploy.kafka.brokers import Brokers
from deploy.kafka.jars import MissingError, jars


def must_run() -> None:
    """Skip, or fail in CI, where no broker can be run."""
    try:
        jars()
    except MissingError as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(str(problem))
        pytest.skip(str(problem))


def kafka_brokers(nodes: int = 1, **options: object) -> Brokers:
    """Brokers that serve; who asks removes them."""
    must_run()
    brokers = Brokers(nodes, **options)  # type: ignore[arg-type]
    try:
        return brokers.start()
    except BaseException:
        brokers.remove()
        raise

"""Real Kafka brokers for tests: the project's own script starts them; skips, or fails in CI, where it cannot."""

from __future__ import annotations

import os

import pytest
from deploy.kafka.brokers import Brokers
from deploy.kafka.jars import MissingError


def kafka_brokers(nodes: int = 1, **options: object) -> Brokers:
    """Brokers that serve; who asks removes them."""
    brokers = Brokers(nodes, **options)  # type: ignore[arg-type]
    try:
        return brokers.start()
    except MissingError as problem:
        brokers.remove()
        if os.environ.get("CI") == "true":
            pytest.fail(str(problem))
        pytest.skip(str(problem))
    except BaseException:
        brokers.remove()
        raise

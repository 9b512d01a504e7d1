"""What is broken and mended, and who must be told: one line each. Any one at a time, or several of different kinds."""

import signal
from dataclasses import dataclass
from typing import Any

from tests.chaos.publisher import ACCOUNTS

from tradewind.trading.portfolio_keys import Account


@dataclass(frozen=True)
class Fault:
    """`strike` breaks it and returns what `heal` needs. `alert` is the rule (deploy/prometheus/rules.yml) that tells of
    it, "" where nothing is impaired by it. Of two at a time no two are `of` the same, which has one spare.
    """

    strike: Any
    heal: Any
    alert: str
    of: str


def _kill_broker(stand, draw):
    broker = draw.choice(stand.brokers.members)
    broker.kill()
    return broker


def _kill_primary(stand, draw):
    node = stand.redis.primary_of(Account("home", "paper", draw.choice(ACCOUNTS)).keys[0])
    node.kill()
    return node


def _silence_broker(stand, draw):
    broker = draw.choice(stand.brokers.members)
    broker.process.send_signal(signal.SIGSTOP)
    return broker


def _silence_primary(stand, draw):
    node = stand.redis.primary_of(Account("home", "paper", draw.choice(ACCOUNTS)).keys[0])
    node.send(signal.SIGSTOP)
    return node


def _crash_postgres(stand, _draw):
    stand.postgres.stop(signal.SIGQUIT)


def _partition(stand, _draw):
    stand.proxy.partition()


def _heal_partition(stand, _):
    stand.proxy.heal()


def _kill_serve(stand, draw):
    process = draw.choice(stand.serves)
    process.kill()
    return process


def _kill_publisher(stand, _draw):
    stand.publisher.kill()
    return stand.publisher


FAULTS = {
    "a broker is killed": Fault(_kill_broker, lambda _, broker: broker.start().wait(), "KafkaBrokerDown", "Kafka"),
    "a broker is cut off": Fault(
        _silence_broker, lambda _, broker: broker.process.send_signal(signal.SIGCONT), "KafkaBrokerDown", "Kafka"
    ),
    "a Redis primary is killed": Fault(_kill_primary, lambda _, node: node.start(), "CacheDegraded", "Redis"),
    "a Redis primary is cut off": Fault(
        _silence_primary, lambda _, node: node.send(signal.SIGCONT), "CacheDegraded", "Redis"
    ),
    "PostgreSQL crashes": Fault(_crash_postgres, lambda stand, _: stand.postgres.start(), "StoreAway", "PostgreSQL"),
    "nothing comes through to PostgreSQL": Fault(_partition, _heal_partition, "", "network"),
    "a serving process is killed": Fault(_kill_serve, lambda _, process: process.start(), "ProcessGone", "serve"),
    "the publisher is killed": Fault(_kill_publisher, lambda _, process: process.start(), "", "publisher"),
}
"""Who is cut off is stopped as a whole: it hears nobody and answers nobody, clients and neighbours alike."""
ON_THE_LOOP = {"nothing comes through to PostgreSQL"}
"""Broken and mended on the event loop, where the proxy lives; the others wait for processes, in a thread."""

"""What doctor says of Kafka: that events could be lost, or are on fewer brokers than they should be, is not fine."""

import asyncio

import pytest
from tests.chaos.stand import QUICK
from tests.servers.kafka import kafka_brokers
from tests.servers.redis import until

from tradewind.adapters.bus.kafka_place import kafka_place
from tradewind.adapters.bus.kafka_topics import describe, make_topics
from tradewind.core.domain.errors import Disputed, TradewindError

PATIENCE_S = 60.0


def test_topics_that_are_missing_unsafe_or_on_too_few_brokers_are_told_and_else_all_is_fine():
    brokers = kafka_brokers(3, settings=QUICK, heap_mb=192)
    setting = f"kafka://{brokers.places}"
    place = kafka_place(setting)

    def make(**how):
        asyncio.run(make_topics(place, patience_s=PATIENCE_S, **how))

    def said():
        try:
            return describe(setting)
        except TradewindError as problem:
            return problem

    try:
        with pytest.raises(Disputed, match="topics are missing"):
            describe(setting)
        make()
        until(lambda: "3 brokers, 36 topics, 3 replicas" in str(said()), "all is fine")
        make(in_sync_min=1, names=["audit.log"])
        # Brokers come to know of it one after the other, and any of them may be asked.
        unsafe = "1 topics acknowledge what only one broker has, and may lose it: audit.log"
        until(lambda: unsafe in str(said()), "it is told")
        make()
        brokers.members[0].kill()
        until(lambda: "on fewer brokers than they should be" in str(said()), "it is told")
        brokers.members[0].start().wait()
        until(lambda: "3 brokers, 36 topics, 3 replicas" in str(said()), "all is fine again")
    finally:
        brokers.remove()

"""Events: what is written is read, what could not be read is not written, and a token is always in one partition."""

import json
import subprocess
import sys

import msgspec
import pytest
from event_examples import NOW, events, tick
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.codec import EVENT_BYTES_MAX, decode, encode, payload_of
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.events.partitioning import murmur2, partition_of
from tradewind.core.domain.events.topics import TOPICS


@given(events())
def test_what_is_written_is_read(event):
    assert decode(encode(event)) == event


@given(events(), st.data())
def test_damaged_bytes_are_refused_and_nothing_else_is_raised(event, data):
    whole = encode(event)
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    try:
        read = decode(damaged)
    except BadInput:
        return
    assert read.type in EVENT_TYPES


@given(st.binary(max_size=200))
def test_noise_is_refused(noise):
    with pytest.raises(BadInput):
        decode(noise)


@given(st.text(st.characters(codec="utf-8")), st.integers(1, 100))
def test_a_token_has_one_partition(token, partitions):
    assert 0 <= partition_of(token, partitions) < partitions
    assert partition_of(token, partitions) == partition_of.__wrapped__(token, partitions)


# Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2.
KAFKA = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}


@pytest.mark.parametrize("text", KAFKA)
def test_the_hash_is_that_of_kafka_s_own_clients(text):
    assert murmur2(text.encode()) == KAFKA[text] % 2**32


def test_a_token_has_the_same_partition_in_another_process_with_another_hash_seed():
    program = "from tradewind.core.domain.events.partitioning import partition_of as p; print(p('BTC/USDT', 10))"
    said = [
        subprocess.run([sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        for seed in ("1", "2")
    ]
    assert {int(s.stdout) for s in said} == {partition_of("BTC/USDT", 10)}


def test_the_table_is_whole():
    assert {kind.topic.name for kind in EVENT_TYPES.values()} == set(TOPICS)
    for kind in EVENT_TYPES.values():
        assert kind.token in kind.payload.__struct_fields__
        assert (kind.payload.__doc__ or "").strip()
    assert TOPICS["audit.log"].retention_ns is None


BAD = {
    "NaN": (lambda: tick(data=tick().data.__replace__(price=float("nan"))), "price"),
    "infinity": (lambda: tick(data=tick().data.__replace__(size=float("inf"))), "size"),
    "seconds": (lambda: tick(time_event=NOW // 10**9), "nanoseconds"),
    "the future": (lambda: tick(time_event=NOW + 2 * 86_400 * 10**9), "more than a day after"),
    "no token": (lambda: tick(token=""), "must not be empty"),
    "a long token": (lambda: tick(token="x" * 201), "201 characters"),
    "an unknown type": (lambda: tick(type="price.tik"), "Did you mean price.tick"),
    "another version": (lambda: tick(version=9), "version 9"),
    "another payload": (lambda: tick(type="price.quote"), "Quote"),
    "too much": (lambda: tick(data=tick().data.__replace__(trade_id="x" * EVENT_BYTES_MAX)), "bytes"),
    "what JSON has not": (lambda: tick(data=tick().data.__replace__(trade_id=object())), "JSON"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_could_not_be_read_again_is_not_written(what):
    make, said = BAD[what]
    with pytest.raises(BadInput, match=said):
        encode(make())


def test_a_payload_is_made_of_fields_by_name_and_a_wrong_one_is_named():
    kind = EVENT_TYPES["price.tick"]
    assert payload_of(kind, {"symbol": "X", "price": 1, "size": 2.0}).price == 1.0
    for wrong in ({"symbol": "X", "price": "1", "size": 2.0}, {"symbol": "X"}, {"symbol": "X", "cost": 1}, 5):
        with pytest.raises(BadInput, match=r"A price\.tick has"):
            payload_of(kind, wrong)


def test_a_newer_version_is_refused_and_says_what_to_do():
    fields = json.loads(encode(tick()))
    with pytest.raises(BadInput, match="Update Tradewind"):
        decode(json.dumps(fields | {"version": 2}).encode())


def test_an_older_version_is_upgraded_step_by_step(monkeypatch):
    kind = EVENT_TYPES["price.tick"]

    def size_was_called_amount(fields):
        return {("size" if name == "amount" else name): value for name, value in fields.items()}

    def price_was_a_text(fields):
        return fields | {"price": float(fields["price"])}

    newer = type(kind)(kind.name, kind.topic, kind.payload, kind.token, (size_was_called_amount, price_was_a_text))
    monkeypatch.setitem(EVENT_TYPES, "price.tick", newer)
    today = tick(version=3)
    old = json.loads(encode(today))
    first = old | {"version": 1, "data": {"symbol": "BTC/USDT", "price": "100.0", "amount": 1.0}}
    second = old | {"version": 2, "data": {"symbol": "BTC/USDT", "price": "100.0", "size": 1.0}}
    assert decode(json.dumps(first).encode()) == decode(json.dumps(second).encode()) == today


def test_defaults_are_not_written():
    assert "causation_id" not in msgspec.json.decode(encode(tick()))

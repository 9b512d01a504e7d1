"""Events: what is written is read, what could not be read is not written, and a token is always in one partition."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from event_examples import NOW, events, payloads, tick
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.codec import (
    CARRYING_BYTES_MAX,
    EVENT_BYTES_MAX,
    decode,
    decode_all,
    encode,
    payload_of,
)
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


def nested(levels):
    whole = {}
    for _ in range(levels):
        whole = {"a": whole}
    return whole


def snapshot(view):
    kind = EVENT_TYPES["portfolio.snapshot"]
    return tick(type=kind.name, data=kind.payload(account="a", position=1, reason="first", view=view))


def ticking(**changed):
    return tick(data=tick().data.__replace__(**changed))


def trade(size):
    kind = EVENT_TYPES["trade.executed"]
    rest = dict.fromkeys(("price", "fee"), Decimal(1)) | dict.fromkeys(("account", "order_id", "trade_id"), "x")
    data = kind.payload(symbol="X", side="buy", fee_currency="USDT", size=size, **rest)
    return tick(type=kind.name, data=data)


BAD = {
    "NaN": (lambda: ticking(price=float("nan")), "price"),
    "infinity": (lambda: ticking(size=float("inf")), "size"),
    "a price that is text": (lambda: ticking(price="100"), "price"),
    "a price that is an amount": (lambda: ticking(price=Decimal(100)), "price is Decimal"),
    "a price without end": (lambda: ticking(price=10**400), "price"),
    "a symbol that is a number": (lambda: ticking(symbol=5), "symbol"),
    "an amount that is a float": (lambda: trade(1.5), "exact amount"),
    "an amount that is text": (lambda: trade("1.5"), "exact amount"),
    "an amount that is no number": (lambda: trade(Decimal("NaN")), "no amount"),
    "half a character": (lambda: ticking(trade_id="\ud800"), "JSON"),
    "seconds": (lambda: tick(time_event=NOW // 10**9), "nanoseconds"),
    "a time that is a float": (lambda: tick(time_event=float(NOW)), "nanoseconds"),
    "a time that is text": (lambda: tick(time_recorded="today"), "nanoseconds"),
    "the future": (lambda: tick(time_event=NOW + 2 * 86_400 * 10**9), "more than a day after"),
    "no token": (lambda: tick(token=""), "not empty"),
    "a token that is a number": (lambda: tick(token=5), "token is 5"),
    "a long token": (lambda: tick(token="x" * 201), "201 characters"),
    "a token of two lines": (lambda: tick(token="a\nb"), "one line"),
    "a long session": (lambda: tick(session="x" * 201), "session has 201"),
    "an id with a zero character": (lambda: tick(event_id="a\0b"), "no id"),
    "a cause that is no id": (lambda: tick(causation_id="x" * 201), "no id"),
    "another mode": (lambda: tick(mode="sandbox"), "backtest, paper, live"),
    "an unknown type": (lambda: tick(type="price.tik"), "Did you mean price.tick"),
    "another version": (lambda: tick(version=9), "version 9"),
    "a version that is a truth": (lambda: tick(version=True), "version True"),
    "a version that is a float": (lambda: tick(version=1.0), "version 1.0"),
    "a version that is text": (lambda: tick(version="1"), "version '1'"),
    "a type that is a list": (lambda: tick(type=["price.tick"]), "type is"),
    "no type": (lambda: tick(type=None), "no event type None"),
    "a token that is a list": (lambda: tick(token=["BTC/USDT"]), "token is"),
    "a tenant that is a table": (lambda: tick(tenant={}), "tenant is {}"),
    "a session that is a list": (lambda: tick(session=[]), "session is"),
    "a mode that is a set": (lambda: tick(mode=set()), "mode is set"),
    "another payload": (lambda: tick(type="price.quote"), "Quote"),
    "too much": (lambda: ticking(trade_id="x" * EVENT_BYTES_MAX), "bytes"),
    "what JSON has not": (lambda: ticking(trade_id=object()), "trade_id"),
    "NaN within a table": (lambda: snapshot({"a": [float("nan")]}), "view is nan"),
    "a set within a table": (lambda: snapshot({"a": {1}}), "view is {1}"),
    "bytes within a table": (lambda: snapshot({"a": b"x"}), "view is b'x'"),
    "a table whose names are numbers": (lambda: snapshot({1: 2}), "view"),
    "a table without end": (lambda: snapshot(nested(100_000)), "32 levels"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_could_not_be_read_again_is_not_written(what):
    make, said = BAD[what]
    with pytest.raises(BadInput, match=said):
        encode(make())


ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.just({1})


@given(st.sampled_from(list(EVENT_TYPES.values())), st.data())
def test_whatever_a_field_holds_it_is_refused_or_read_again_as_it_was(kind, data):
    whole = data.draw(payloads(kind.payload))
    name = data.draw(st.sampled_from(whole.__struct_fields__))
    try:
        event = tick(type=kind.name, data=msgspec.structs.replace(whole, **{name: data.draw(ODD)}))
        written = encode(event)
    except BadInput:
        return
    assert decode(written) == event


BLOATED = {
    "lists in an unknown field": encode(tick())[:-1] + b',"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "tables in a payload": encode(snapshot({})).replace(
        b'"view":{}', b'"view":' + b'{"a":' * 30_000 + b"1" + b"}" * 30_000
    ),
    "digits": encode(tick()).replace(b'"price":100.0', b'"price":' + b"9" * 5_000),
    "an exponent": encode(tick()).replace(b'"price":100.0', b'"price":1e999'),
    "a digit too many": encode(trade(Decimal(1))).replace(b'"size":"1"', b'"size":"1E+999999999"'),
    "megabytes": b'{"a":"' + b"x" * 2_000_000 + b'"}',
    "nothing": b"",
}


@pytest.mark.parametrize("what", BLOATED)
def test_bytes_made_to_harm_are_refused_like_any_others(what):
    with pytest.raises(BadInput):
        decode(BLOATED[what])


WRITTEN = sorted((Path(__file__).parent / "written_events").glob("*.jsonl"))


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
def test_yesterday_s_bytes_are_read(file):
    """Each file is what a program of that day wrote, two lines a type: a change that cannot read them loses history."""
    for line in file.read_bytes().splitlines():
        said = json.loads(line)
        event = decode(line)
        assert (event.event_id, event.type, event.token) == (said["event_id"], said["type"], said["token"])
        if said["version"] == EVENT_TYPES[event.type].version:
            assert encode(event) == line, "bytes of today's version are written as they always were"


def test_every_version_of_every_type_has_bytes_that_were_written_with_it():
    kept = {(e["type"], e["version"]) for file in WRITTEN for e in map(json.loads, file.read_bytes().splitlines())}
    expected = {(kind.name, version) for kind in EVENT_TYPES.values() for version in range(1, kind.version + 1)}
    assert kept == expected, "write two lines of it into a new file of today's date, and never change an old file"


def test_an_event_that_carries_another_one_may_be_longer():
    kind = EVENT_TYPES["event.dead"]
    words = {"topic": "price.ticks", "partition": 0, "offset": 1, "group": "g", "reason": "r", "attempts": 1}
    longest = ticking(trade_id='"' * ((EVENT_BYTES_MAX - 1_000) // 2))
    letter = tick(type=kind.name, data=kind.payload(original=encode(longest).decode(), **words))
    assert EVENT_BYTES_MAX < len(encode(letter)) < CARRYING_BYTES_MAX
    assert decode(decode(encode(letter)).data.original.encode()) == longest


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


def test_an_upgrade_that_breaks_refuses_the_event_and_says_why(monkeypatch):
    def wrong(fields):
        raise LookupError("no such field")

    kind = EVENT_TYPES["price.tick"]
    written = encode(tick())
    monkeypatch.setitem(
        EVENT_TYPES, "price.tick", type(kind)(kind.name, kind.topic, kind.payload, kind.token, (wrong,))
    )
    with pytest.raises(BadInput, match="no such field"):
        decode(written)


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


@given(st.data())
def test_many_rows_are_read_as_each_alone_is(data):
    """Runs of one type are read by what read the row before; whatever comes between them changes nothing."""
    lines = [line for file in WRITTEN for line in file.read_bytes().splitlines()]
    rows = data.draw(st.lists(st.sampled_from(lines), max_size=12))
    assert decode_all(rows) == [decode(row) for row in rows]
    at = data.draw(st.integers(0, len(rows)))
    broken = data.draw(st.sampled_from(lines))[: data.draw(st.integers(0, 200))]
    with pytest.raises(BadInput) as many:
        decode_all([*rows[:at], broken, *rows[at:]])
    with pytest.raises(BadInput) as one:
        decode(broken)
    assert str(many.value) == str(one.value)

"""A session's record is sealed to the byte: whatever is changed in it is found, and it is said where."""

import asyncio
from random import Random

import apsw
import pytest
from tests.unit.trading.test_sessions import NAME, Busy, again_by, events_of, in_store, recorded, stored_again, ticks

from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.trading.sessions.replaying import replay

FLIPS = 12
KINDS = ("session.checkpoint", "price.tick", "decision.taken", "order.changed", "trade.executed", "session.changed")


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A short session: its file, and the rows of its events."""
    path = tmp_path_factory.mktemp("sealed")

    async def work(store):
        return await recorded(store, market=ticks(250))

    told = in_store(path, work)
    return path, told, read(path, lambda file: list(file.execute("SELECT position, type, body FROM events")))


def read(path, work):
    file = apsw.Connection(str(path / "events.db"))
    try:
        return work(file)
    finally:
        file.close()


def put(path, position, body):
    read(path, lambda file: file.execute("UPDATE events SET body = ? WHERE position = ?", (body, position)))


def played(path):
    async def work(store):
        try:
            return (await replay(store, NAME, again_by(Busy))).difference
        except Corrupt as problem:
            return problem

    return in_store(path, work)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bit_turned_in_any_byte_of_any_event_is_found_in_the_group_that_it_is_in(record, kind):
    path, _, rows = record
    chance = Random(kind)
    seals = [position for position, type_, _ in rows if type_ == "session.checkpoint"]
    for _ in range(FLIPS):
        position, _, body = chance.choice([row for row in rows if row[1] == kind])
        at, bit = chance.randrange(len(body)), 1 << chance.randrange(8)
        turned = body[:at] + bytes([body[at] ^ bit]) + body[at + 1 :]
        put(path, position, turned)
        try:
            found = played(path)
        finally:
            put(path, position, body)
        told = f"event {position}, byte {at}: {turned!r}"
        assert found is not None, told
        if isinstance(found, Corrupt):
            assert position <= seals[0], told
        else:
            before = max([0, *(seal for seal in seals if seal < position)])
            after = next(seal for seal in seals if seal >= position)
            assert before < found.position <= after, told
            assert found.recorded != found.replayed, told
    assert played(path) is None


def test_of_bytes_that_are_no_event_it_is_said_behind_which_event_they_lie(record):
    path, _, rows = record
    position, _, body = next(row for row in rows if row[0] > 100 and row[1] == "price.tick")
    put(path, position, body[:-1])
    try:
        found = played(path)
    finally:
        put(path, position, body)
    assert (found.what, found.type, found.position) == ("record", "what cannot be read", position)
    assert "bytes are no event" in found.replayed


def test_a_record_whose_end_was_cut_off_behind_a_seal_is_no_killed_session(record):
    path, _, rows = record
    seals = [position for position, type_, _ in rows if type_ == "session.checkpoint"]
    gone = [row for row in rows if row[0] > seals[len(seals) // 2]]

    def cut(file):
        saved = list(file.execute("SELECT * FROM events WHERE position > ?", (seals[len(seals) // 2],)))
        file.execute("DELETE FROM events WHERE position > ?", (seals[len(seals) // 2],))
        return saved

    saved = read(path, cut)
    try:
        found = played(path)
    finally:
        read(path, lambda file: file.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", saved))
    assert (found.what, found.type) == ("record", "the end of the record")
    assert found.position == gone[-1][0]


def test_the_seal_that_was_told_at_the_end_is_what_the_record_comes_to(record):
    path, told, _ = record

    async def work(store):
        return await replay(store, NAME, again_by(Busy))

    assert in_store(path, work).seal == told.seal


def test_nothing_may_come_behind_the_end_of_a_session(record, tmp_path):
    path, _, _ = record

    async def work(store):
        return await events_of(store)

    events = in_store(path, work)
    again = [e for e in events if e.event_id != events[0].event_id]

    async def look():
        store = await stored_again([*events, *renamed(again[:5])], tmp_path / "more.db")
        try:
            return (await replay(store, NAME, again_by(Busy))).difference
        finally:
            await store.close()

    found = asyncio.run(look())
    assert (found.what, found.position) == ("record", len(events) + 1)


def renamed(events):
    from msgspec.structs import replace

    return [replace(event, event_id=f"again{i}") for i, event in enumerate(events)]


def test_there_is_nothing_to_play_where_there_is_no_record(tmp_path):
    async def work(store):
        await replay(store, "", again_by(Busy))

    with pytest.raises(BadInput, match="there is no session"):
        in_store(tmp_path, work)

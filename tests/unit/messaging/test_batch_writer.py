"""Batches: full, late or last; a bad row stands alone; nothing is lost without a word."""

import asyncio
import random

import pytest
from event_examples import tick, unreadable
from hypothesis import given
from hypothesis import strategies as st

from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import BadInput, Refused, Unavailable
from tradewind.messaging.batch_writer import BatchUpdateWriter, BatchWriter, merged
from tradewind.ports.event_store import EventQuery

PATIENCE_S = 20
LONG_S = 1_000.0
"""A wait that no test sees the end of."""


class Table:
    """Takes rows, all or none, but no negative ones; out of reach as often as it is told to be."""

    def __init__(self, out_of_reach=0):
        self.batches, self.tries, self.out_of_reach = [], 0, out_of_reach
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, rows):
        self.tries += 1
        await self.open.wait()
        if self.out_of_reach:
            self.out_of_reach -= 1
            raise Unavailable("no answer")
        if bad := [row for row in rows if row < 0]:
            raise BadInput(f"{bad[0]} is negative")
        self.batches.append(list(rows))

    @property
    def rows(self):
        return [row for batch in self.batches for row in batch]


def run(work):
    async def bounded():
        async with asyncio.timeout(PATIENCE_S):
            return await work()

    return asyncio.run(bounded())


def test_a_full_batch_is_written_and_the_rest_at_the_end():
    async def work():
        table = Table()
        async with BatchWriter(table.write, size=10, wait_s=LONG_S) as writer:
            await writer.add_all(range(25))
        assert writer.written == 25
        return table.batches

    assert run(work) == [list(range(10)), list(range(10, 20)), list(range(20, 25))]


def test_a_batch_that_is_not_full_is_written_after_a_while():
    async def work():
        written = asyncio.Event()

        async def write(rows):
            assert rows == [1, 2]
            written.set()

        async with BatchWriter(write, size=10, wait_s=0.01) as writer:
            await writer.add(1)
            await writer.add(2)
            await written.wait()

    run(work)


def test_rows_that_waited_long_enough_while_others_were_written_do_not_wait_again():
    async def work():
        table, loop, now = Table(), asyncio.get_running_loop(), 0.0
        started = loop.time()
        loop.time = lambda: started + now
        async with BatchWriter(table.write, size=2, wait_s=0.75 * PATIENCE_S) as writer:
            table.open.clear()
            await writer.add_all([1, 2, 3])
            while not table.tries:
                await asyncio.sleep(0)
            now += 0.75 * PATIENCE_S  # the first batch takes as long as a row may wait
            table.open.set()
            while writer.written < 3:
                await asyncio.sleep(0)
            return table.batches

    assert run(work) == [[1, 2], [3]]


def test_what_is_left_is_written_when_the_block_breaks():
    async def work():
        table = Table()
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the end of the block raises
            async with BatchWriter(table.write, wait_s=LONG_S) as writer:
                await writer.add(1)
                raise ZeroDivisionError
        return table.rows

    assert run(work) == [1]


def test_flush_returns_when_everything_added_is_written():
    async def work():
        table = Table()
        async with BatchWriter(table.write, size=10, wait_s=LONG_S) as writer:
            await writer.flush()
            await writer.add_all(range(25))
            await writer.flush()
            assert table.rows == list(range(25))
            await writer.add(25)
            await writer.flush()
            return table.rows

    assert run(work) == list(range(26))


@given(st.lists(st.integers(-3, 50), max_size=60), st.integers(1, 12))
def test_bad_rows_take_no_others_with_them_and_order_is_kept(rows, size):
    async def work():
        table, refused = Table(), []
        writer = BatchWriter(
            table.write, size=size, wait_s=LONG_S, refused=lambda row, why: refused.append((row, str(why)))
        )
        async with writer:
            await writer.add_all(rows)
        assert writer.unwritten() == []
        return table.rows, refused

    written, refused = run(work)
    assert written == [row for row in rows if row >= 0]
    assert refused == [(row, f"{row} is negative") for row in rows if row < 0]


def test_one_bad_row_among_a_thousand_costs_few_tries():
    async def work():
        table = Table()
        async with BatchWriter(table.write, size=1_000, wait_s=LONG_S, refused=lambda *_: None) as writer:
            await writer.add_all([*range(500), -1, *range(500, 999)])
        return table.tries

    assert run(work) <= 2 * 10 + 1


def test_rows_that_were_refused_are_raised_at_the_end_when_nobody_was_told():
    async def work():
        table = Table()
        with pytest.raises(Refused, match="2 of 5 rows were refused; the first, -1: -1 is negative"):
            async with BatchWriter(table.write) as writer:
                await writer.add_all([1, -1, 2, -2, 3])
        assert [row for row, _ in writer.refused_rows] == [-1, -2]
        return table.rows

    assert run(work) == [1, 2, 3]


def test_what_is_out_of_reach_for_a_while_is_tried_again():
    async def work():
        table, waits = Table(out_of_reach=3), []

        async def sleep(seconds):
            waits.append(seconds)

        async with BatchWriter(table.write, sleep=sleep) as writer:
            await writer.add_all([1, 2])
        return table.rows, waits

    assert run(work) == ([1, 2], [1.0, 2.0, 4.0])


def test_what_stays_out_of_reach_stops_the_writer_and_the_rows_are_handed_back():
    async def work():
        table = Table()

        async def no_sleep(_):
            pass

        with pytest.raises(Unavailable, match="5 rows are not written: no answer"):  # noqa: PT012 - the end of the block raises
            async with BatchWriter(table.write, size=2, wait_s=LONG_S, sleep=no_sleep) as writer:
                await writer.add_all([1, 2])
                await writer.flush()
                table.out_of_reach = 99
                await writer.add_all([3, 4, 5, 6, 7])
        with pytest.raises(Unavailable, match="not written"):
            await writer.add(8)
        return table.rows, writer.unwritten()

    assert run(work) == ([1, 2], [3, 4, 5, 6, 7])


def test_a_bug_in_the_writing_is_told_too():
    async def work():
        async def write(rows):
            raise KeyError("price")

        with pytest.raises(Unavailable, match="1 rows are not written: 'price'") as told:
            async with BatchWriter(write) as writer:
                await writer.add(1)
        assert isinstance(told.value.__cause__, KeyError)

    run(work)


def test_who_adds_faster_than_is_written_waits():
    async def work():
        table = Table()
        table.open.clear()
        async with BatchWriter(table.write, size=5, wait_s=LONG_S, waiting_max=20) as writer:
            added = 0

            async def add():
                nonlocal added
                for row in range(100):
                    await writer.add(row)
                    added += 1

            adding = asyncio.create_task(add())
            while not table.tries or added < 25:
                await asyncio.sleep(0)
            for _ in range(50):
                await asyncio.sleep(0)
            assert added == 25, "five are being written and twenty wait"
            table.open.set()
            await adding
        return table.rows

    assert run(work) == list(range(100))


def test_a_writer_that_is_not_open_takes_nothing():
    async def work():
        writer = BatchWriter(Table().write)
        with pytest.raises(Unavailable, match="not open"):
            await writer.add(1)
        async with writer:
            pass
        with pytest.raises(Unavailable, match="not open"):
            await writer.add(1)

    run(work)


def test_many_tasks_may_add_at_once():
    async def work():
        table = Table()
        async with BatchWriter(table.write, size=7, waiting_max=9) as writer:
            await asyncio.gather(*(writer.add_all(range(100 * t, 100 * t + 100)) for t in range(8)))
        return table.rows

    rows = run(work)
    assert sorted(rows) == list(range(800))
    for t in range(8):
        assert [row for row in rows if row // 100 == t] == list(range(100 * t, 100 * t + 100))


def test_events_go_into_the_store_in_batches_but_for_the_bad_one(tmp_path):
    async def work():
        store, refused = SqliteEventStore(tmp_path / "events.db"), []
        async with BatchWriter(store.append, size=20, refused=lambda row, why: refused.append(row)) as writer:
            for i in range(50):
                await writer.add(unreadable(i) if i == 33 else tick(i))
        found = [s.event async for some in store.read(EventQuery()) for s in some]
        await store.close()
        return found, refused

    found, refused = run(work)
    assert found == [tick(i) for i in range(50) if i != 33]
    assert refused == [unreadable(33)]


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.dictionaries(st.sampled_from("abc"), st.integers(), min_size=1)), max_size=40
    ),
    st.integers(1, 9),
)
def test_updates_together_come_to_the_same_as_one_by_one(changes, size):
    one_by_one = {key: {} for key in range(6)}
    for key, fields in changes:
        one_by_one[key].update(fields)

    async def work():
        table, calls = {key: {} for key in range(6)}, 0

        async def update(together):
            nonlocal calls
            calls += 1
            for key in sorted(together):
                table[key].update(together[key])

        async with BatchUpdateWriter(update, size=size, wait_s=LONG_S) as writer:
            for key, fields in changes:
                await writer.add(key, **fields)
        return table, calls

    table, calls = run(work)
    assert table == one_by_one
    assert calls <= -(-len(changes) // size)


def test_the_last_word_on_each_field_counts():
    assert merged([(1, {"a": 1, "b": 2}), (2, {"a": 3}), (1, {"a": 4})]) == {1: {"a": 4, "b": 2}, 2: {"a": 3}}


def test_a_bad_update_takes_no_others_with_it():
    rng = random.Random(3)
    wanted = {key: rng.randint(0, 9) for key in range(30)}

    async def work():
        table = {}

        async def update(together):
            if 13 in together:
                raise BadInput("13 is not there")
            table.update({key: fields["size"] for key, fields in together.items()})

        with pytest.raises(Refused, match="1 of 30 rows"):  # noqa: PT012 - the end of the block raises
            async with BatchUpdateWriter(update, size=30) as writer:
                for key, size in wanted.items():
                    await writer.add(key, size=size)
        return table

    assert run(work) == {key: size for key, size in wanted.items() if key != 13}

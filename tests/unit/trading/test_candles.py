"""Candles from the bus: published once, and as if the process had never ended."""

import asyncio
import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_stand import HOUR, START, Stand, trade, until

from tradewind.core.domain.candle_building import CandleBuilder, CandleRules
from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.timeframes import SECOND_NS, UNITS_NS
from tradewind.trading.candles import CandleMaker

MINUTE = UNITS_NS["m"]
RULES = CandleRules(("1m", "7m", "1h"))


def maker(stand, rules=RULES, **given):
    return CandleMaker(
        stand.bus, stand.producer, stand.metrics, stand.store, member="one", rules=rules, retries_s=(), **given
    )


def in_one_process(events, rules=RULES):
    builder = CandleBuilder("BTC/USDT", rules)
    for event in events:
        builder.take(event.time_event, event.data.price, event.data.size, event.data.trade_id)
    return builder.closed()


def by_end(candles):
    lengths = {"1m": MINUTE, "7m": 7 * MINUTE, "1h": HOUR}
    return sorted(candles, key=lambda c: (c.time + lengths[c.timeframe], lengths[c.timeframe]))


def test_ticks_on_the_bus_become_candles_on_the_bus(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand)
        running = asyncio.create_task(one.run())
        await asyncio.wait_for(one.subscribed.wait(), 20)
        ticks = [trade(i, i * 20 * SECOND_NS, price=100.0 + i % 7, size=0.1) for i in range(200)]
        await stand.bus.publish(ticks)
        await until(lambda: stand.metrics.total("messages_consumed") == len(ticks))
        one.stop()
        await running
        made = await stand.events("candle.closed")
        await stand.store.close()
        return ticks, made

    ticks, made = asyncio.run(journey())
    assert [event.data for event in made] == in_one_process(ticks)
    assert {(e.source, e.tenant, e.mode, e.token) for e in made} == {("test", "home", "paper", "BTC/USDT")}
    causes = {t.event_id: t for t in ticks}
    assert all(causes[e.causation_id].time_event >= e.time_event for e in made)


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.integers(0, 3 * MINUTE) | st.sampled_from([0, HOUR, 70 * HOUR]), min_size=1, max_size=12),
    st.sets(st.integers(0, 11), max_size=4),
    st.data(),
)
def test_a_process_that_ends_at_any_tick_leaves_the_same_candles(steps, ends, data):
    ticks = [
        trade(i, after - data.draw(st.integers(0, 3 * SECOND_NS)) * (i > 0 and after > 4 * SECOND_NS), price=100.0 + i)
        for i, after in enumerate(itertools.accumulate(steps))
    ]

    async def journey(folder):
        stand = Stand(Path(folder))
        there = data.draw(st.integers(0, len(ticks)))
        await stand.bus.publish(ticks[:there])
        one = maker(stand)
        for number, event in enumerate(ticks):
            if number >= there:
                await stand.bus.publish([event])
            if number in ends:
                # What was handled and not committed yet is delivered once more.
                one = maker(stand)
                for again in ticks[max(0, number - data.draw(st.integers(0, 3))) : number]:
                    await one.take(again)
            await one.take(event)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [event.data for event in made]

    with TemporaryDirectory() as folder:
        made = asyncio.run(journey(folder))
    assert by_end(made) == in_one_process(ticks)


def test_candles_that_were_open_on_friday_are_closed_on_monday(tmp_path):
    ticks = [trade(0, 0), trade(1, MINUTE, price=101.0), trade(2, 65 * HOUR, price=103.0)]

    async def journey():
        stand = Stand(tmp_path)
        await stand.bus.publish(ticks)
        friday = maker(stand)
        await friday.take(ticks[0])
        await friday.take(ticks[1])
        await maker(stand).take(ticks[2])
        made = await stand.events("candle.closed")
        await stand.store.close()
        return {(e.data.timeframe, e.data.time): e.data.close for e in made}

    assert asyncio.run(journey()) == {
        ("1m", START): 100.0,
        ("1m", START + MINUTE): 101.0,
        ("7m", START - 6 * MINUTE): 100.0,
        ("7m", START + MINUTE): 101.0,
        ("1h", START): 101.0,
    }


def test_a_silent_market_is_closed_by_the_clock_and_later_ticks_do_not_open_it_again(tmp_path):
    rules = CandleRules(("1m", "5m"))

    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand, rules)
        first, late, last = trade(0, 0), trade(1, 30 * SECOND_NS, price=500.0), trade(2, HOUR)
        await stand.bus.publish([first])
        await one.take(first)
        await one.advance(START + MINUTE + 12 * SECOND_NS - 1)
        assert await stand.events("candle.closed") == []
        await one.advance(START + MINUTE + 12 * SECOND_NS)
        await stand.bus.publish([late])
        again = maker(stand, rules)
        await again.take(late)
        await stand.bus.publish([last])
        await again.take(last)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [(e.data.timeframe, e.data.time, e.data.close, e.data.ticks) for e in made]

    assert asyncio.run(journey()) == [("1m", START, 100.0, 1), ("5m", START, 100.0, 1)]


def test_what_is_delivered_again_after_a_restart_makes_no_second_candle(tmp_path):
    ticks = [trade(i, i * MINUTE) for i in range(4)]

    async def journey():
        stand = Stand(tmp_path)
        await stand.bus.publish(ticks)
        for one in (maker(stand), maker(stand)):
            for event in ticks:
                await one.take(event)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [event.data for event in made]

    assert asyncio.run(journey()) == in_one_process(ticks)


def test_the_clock_closes_nothing_while_ticks_wait_to_be_handled(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand, CandleRules(("1m",)))
        ticks = [trade(i, i * 10 * SECOND_NS) for i in range(4)]
        await stand.bus.publish(ticks[:1])
        await one.take(ticks[0])
        await stand.bus.publish(ticks[1:])
        for event in ticks[1:]:
            await one.advance(START + HOUR)
            assert await stand.events("candle.closed") == []
            await one.take(event)
        await one.advance(START + HOUR)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [e.data.ticks for e in made]

    assert asyncio.run(journey()) == [4]


@pytest.mark.parametrize("there", [1, 3])
def test_a_candle_that_could_not_be_published_is_published_when_the_bus_is_back_and_no_tick_counts_twice(
    tmp_path, there
):
    """`there` ticks are stored when the first one comes: with all of them the candles are made as it is restored."""

    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand, CandleRules(("1m",)))
        ticks = [trade(0, 0, size=1.0), trade(1, 2 * MINUTE, size=2.0), trade(2, 4 * MINUTE, size=4.0)]
        await stand.store.append(ticks[:there])
        if there == 1:
            await one.take(ticks[0])
            await stand.store.append(ticks)
        stand.bus.fails = True
        for _ in range(3):
            with pytest.raises(Unavailable):
                await one.take(ticks[1] if there == 1 else ticks[0])
        stand.bus.fails = False
        for event in ticks[there == 1 :]:
            await one.take(event)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [e.data.volume for e in made]

    assert asyncio.run(journey()) == [1.0, 2.0]


def test_a_tick_from_the_future_closes_nothing(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand, CandleRules(("1m",)))
        ahead = trade(1, 10 * HOUR, received_after_ns=SECOND_NS)
        for event in (trade(0, 0), ahead, trade(2, 30 * SECOND_NS)):
            await stand.bus.publish([event])
            await one.take(event)
        await one.advance(START + 10 * HOUR + 2 * MINUTE)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [e.data.ticks for e in made], stand.metrics.values["ticks_for_candles", "ahead"]

    assert asyncio.run(journey()) == ([2], [1.0])


@pytest.mark.parametrize("streams_max", [1, 2])
def test_two_venues_of_one_symbol_have_candles_of_their_own_also_where_one_makes_room(tmp_path, caplog, streams_max):
    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand, CandleRules(("1m",)), streams_max=streams_max)
        for i in range(6):
            event = trade(i, (i // 2) * MINUTE, price=100.0 + i, source="odd" if i % 2 else "even")
            await stand.bus.publish([event])
            await one.take(event)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return sorted((e.source, e.data.time, e.data.open) for e in made)

    assert asyncio.run(journey()) == [
        ("even", START, 100.0),
        ("odd", START, 101.0),
    ]
    assert caplog.text.count("streams of ticks") == (streams_max == 1), "it is said, once"


def test_the_clock_closes_as_far_as_a_restart_will_know_of(tmp_path):
    """A tick that comes after a candle was closed by the clock has the same fate live and after a restart."""
    rules, late = CandleRules(("1m",)), trade(1, MINUTE + SECOND_NS, price=7.0)

    async def journey(folder, restarts):
        stand = Stand(folder)
        one = maker(stand, rules)
        first, last = trade(0, 0), trade(2, 3 * MINUTE)
        await stand.bus.publish([first])
        await one.take(first)
        await one.advance(START + MINUTE + 55 * SECOND_NS)
        for event in (late, last):
            one = maker(stand, rules) if restarts else one
            await stand.bus.publish([event])
            await one.take(event)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [event.data for event in made]

    there = tmp_path / "a", tmp_path / "b"
    for folder in there:
        folder.mkdir()
    live, restarted = (asyncio.run(journey(folder, i)) for i, folder in enumerate(there))
    assert live == restarted
    assert [c.close for c in live] == [100.0, 7.0]


@pytest.mark.parametrize("after_s", [58, 61])
def test_a_tick_shortly_after_the_clock_has_closed_a_candle_does_not_stop_the_clock(tmp_path, after_s):
    """Neither one that is late, nor one that is near the ticks of the candle that was closed."""

    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand, CandleRules(("1m", "5m")))
        received = MINUTE + 20 * SECOND_NS
        ticks = [trade(0, 59 * SECOND_NS), trade(1, after_s * SECOND_NS, received_after_ns=received)]
        await stand.bus.publish(ticks[:1])
        await one.take(ticks[0])
        await one.advance(START + MINUTE + 12 * SECOND_NS)
        await stand.bus.publish(ticks[1:])
        await one.take(ticks[1])
        await one.advance(START + HOUR)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return sorted((e.data.timeframe, e.data.ticks) for e in made)

    closed = [("1m", 1), ("1m", 1), ("5m", 2)] if after_s > 60 else [("1m", 1), ("5m", 1)]
    assert asyncio.run(journey()) == closed


def test_a_stream_that_goes_to_another_member_while_the_clock_is_looked_at_is_not_closed_here(tmp_path, monkeypatch):
    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand, CandleRules(("1m",)))
        await stand.bus.publish([trade(0, 0)])
        await one.take(trade(0, 0))
        read = stand.store.read

        def taken_away(*words):
            one.lost(frozenset(("price.ticks", number) for number in range(10)))
            return read(*words)

        monkeypatch.setattr(stand.store, "read", taken_away)
        await one.advance(START + HOUR)
        monkeypatch.undo()
        made = await stand.events("candle.closed")
        await stand.store.close()
        return made

    assert asyncio.run(journey()) == []


def test_the_clock_waits_for_an_overtaken_tick_that_is_stored_and_not_handled(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand, CandleRules(("1m",)))
        ticks = [trade(0, 59 * SECOND_NS), trade(1, 58 * SECOND_NS, price=50.0)]
        await stand.bus.publish(ticks[:1])
        await one.take(ticks[0])
        await stand.bus.publish(ticks[1:])
        await one.advance(START + HOUR)
        await one.take(ticks[1])
        await one.advance(START + HOUR)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [(e.data.open, e.data.ticks) for e in made]

    assert asyncio.run(journey()) == [(50.0, 2)]


def test_a_market_of_the_past_is_not_closed_by_the_clock_of_today_and_a_session_has_no_candles(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = maker(stand, CandleRules(("1m",)))
        for event in (trade(0, 0, mode="backtest"), trade(1, 0, session="mine"), trade(2, HOUR, session="mine")):
            await stand.bus.publish([event])
            await one.take(event)
        await one.advance(START + HOUR)
        assert await stand.events("candle.closed") == []
        last = trade(3, HOUR, mode="backtest")
        await stand.bus.publish([last])
        await one.take(last)
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [e.mode for e in made]

    assert asyncio.run(journey()) == ["backtest"]


def test_where_the_store_lies_behind_the_bus_it_is_waited_for(tmp_path):
    """Beside Kafka the store is filled by another consumer: what is not there yet must not be missing in a candle."""

    async def journey():
        stand = Stand(tmp_path)
        ticks = [trade(0, 0, size=1.0), trade(1, SECOND_NS, size=2.0), trade(2, 2 * MINUTE, size=4.0)]

        async def behind(_seconds):
            await stand.store.append(ticks[:2])

        one = maker(stand, CandleRules(("1m",)), sleep=behind)
        await one.take(ticks[1])
        await stand.store.append(ticks[2:])
        await one.take(ticks[2])
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [e.data.volume for e in made]

    assert asyncio.run(journey()) == [3.0]


def test_a_stream_that_was_another_members_meanwhile_is_made_again_from_the_store(tmp_path):
    rules = CandleRules(("1m",))

    async def journey():
        stand = Stand(tmp_path)
        one, other = maker(stand, rules), maker(stand, rules)
        ticks = [trade(i, i * SECOND_NS, size=float(i + 1)) for i in range(3)] + [trade(3, 3 * MINUTE)]
        await stand.bus.publish(ticks)
        await one.take(ticks[0])
        one.lost(frozenset(("price.ticks", number) for number in range(10)))
        await other.take(ticks[1])
        other.lost(frozenset(("price.ticks", number) for number in range(10)))
        await one.take(ticks[2])
        await one.take(ticks[3])
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [e.data.volume for e in made]

    assert asyncio.run(journey()) == [6.0]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 100), min_size=4, max_size=25),
    st.lists(st.tuples(st.integers(0, 24), st.booleans()), max_size=8),
    st.booleans(),
)
def test_whatever_comes_again_and_whenever_it_ends_the_candles_are_those_of_each_tick_once(steps, agains, with_ids):
    """Over Kafka a tick that was published twice comes twice, be it long after: also as the first after a restart."""
    ticks = [
        trade(i, after * SECOND_NS, 100.0 + i, i / 7, str(i) if with_ids else None)
        for i, after in enumerate(itertools.accumulate(steps))
    ]

    async def journey(folder):
        stand = Stand(Path(folder))
        one, left = maker(stand), list(agains)
        for number, event in enumerate(ticks):
            await stand.bus.publish([event])
            await one.take(event)
            if left and number % 3 == 2:
                which, restarts = left.pop()
                one = maker(stand) if restarts else one
                await one.take(ticks[min(which, number)])
        made = await stand.events("candle.closed")
        await stand.store.close()
        return [event.data for event in made]

    with TemporaryDirectory() as folder:
        made = asyncio.run(journey(folder))
    assert by_end(made) == in_one_process(ticks)


def test_a_backlog_is_folded_from_the_store_and_its_candles_keep_their_causes(tmp_path):
    ticks = [trade(i, i * 20 * SECOND_NS, price=100.0 + i % 7) for i in range(400)]

    async def journey():
        stand = Stand(tmp_path)
        await stand.bus.publish(ticks)
        one = maker(stand)
        await one.take(ticks[0])
        at_once = await stand.events("candle.closed")
        for event in ticks[1:]:
            await one.take(event)
        made = await stand.events("candle.closed")
        counted = stand.metrics.values["ticks_for_candles", "taken"][0], stand.metrics.total("ticks_for_candles")
        await stand.store.close()
        return at_once, made, counted

    at_once, made, counted = asyncio.run(journey())
    assert at_once == made
    assert [event.data for event in made] == in_one_process(ticks)
    assert counted == (400, 400)
    causes = {t.event_id: t for t in ticks}
    assert all(causes[e.causation_id].time_event >= e.time_event for e in made)

"""Bad data on the bus is told of on the bus: each kind, once, with its cause, and all of it is counted."""

import asyncio
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_stand import START, Stand, quote, trade, until

from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.events.partitioning import partition_of
from tradewind.core.domain.problem_bundles import ProblemBundles
from tradewind.core.domain.tick_checks import Problem, TickRules
from tradewind.core.domain.timeframes import SECOND_NS
from tradewind.trading.data_quality import DataQuality


def watch(stand, **given):
    return DataQuality(stand.bus, stand.producer, stand.metrics, member="one", retries_s=(), **given)


def seconds(number):
    return number * SECOND_NS


CLEAN = [trade(i, seconds(i), price=100.0 + i % 3 / 100, trade_id=f"t{i}") for i in range(30)]
BAD = {
    "spike": trade(101, seconds(31), price=150.0, trade_id="a"),
    "duplicate": trade(102, seconds(32), trade_id="t7"),
    "out_of_order": trade(103, seconds(20), received_after_ns=seconds(29)),
    "crossed": quote(104, seconds(34), 101.0, 100.0),
    "clock_skew": trade(105, seconds(50), received_after_ns=seconds(35)),
    "malformed": quote(106, seconds(36), 0.0, 100.0),
    "gap": trade(107, seconds(200)),
}


def test_every_kind_of_bad_data_is_told_of_with_its_cause_and_clean_data_is_not(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand)
        running = asyncio.create_task(one.run())
        await asyncio.wait_for(one.subscribed.wait(), 20)
        await stand.bus.publish(CLEAN)
        await until(lambda: stand.metrics.total("messages_consumed") == len(CLEAN))
        clean = await stand.events("data.quality")
        await stand.bus.publish(list(BAD.values()))
        await until(lambda: stand.metrics.total("messages_consumed") == len(CLEAN) + len(BAD))
        await one.advance(START + seconds(200 + 61))
        one.stop()
        await running
        told = await stand.events("data.quality")
        await stand.store.close()
        return clean, told, stand.metrics.total("data_problems")

    clean, told, counted = asyncio.run(journey())
    assert clean == []
    assert {e.data.problem: e.causation_id for e in told} == {
        **{name: event.event_id for name, event in BAD.items()},
        "stale": BAD["gap"].event_id,  # the last one before the silence
    }
    assert counted == len(told) == len(BAD) + 1
    assert all(e.data.detail and e.token == "BTC/USDT" and e.mode == "paper" for e in told)


def test_a_broken_feed_is_told_of_at_once_and_then_in_bundles_that_leave_none_out(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand, bundled_ns=seconds(10))
        for number in range(25):
            await one.look(quote(number, seconds(number), 101.0, 100.0))
        await one.advance(START + seconds(60))
        told = await stand.events("data.quality")
        await stand.store.close()
        return [(e.data.ticks, (e.time_event - START) // SECOND_NS) for e in told if e.data.problem == "crossed"]

    told = asyncio.run(journey())
    assert told[0] == (1, 0)
    assert sum(ticks for ticks, _ in told) == 25
    assert len(told) == 4


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["gap", "spike", "crossed"])), max_size=60),
    st.integers(1, 20),
)
def test_bundles_add_up_to_all_that_was_found_and_come_no_oftener_than_allowed(found, bundled):
    bundles, now, told = ProblemBundles("X/Y", bundled), 0, []
    for step, name in found:
        now += step
        told += [(now, t) for _, t in bundles.due(now)]
        told += [(now, t) for _, t in bundles.add(Problem(name, "d"), now)]
    told += [(now + bundled, t) for _, t in bundles.due(now + bundled)]
    sums = Counter()
    for _, problem in told:
        sums[problem.problem] += problem.ticks
    assert sums == Counter(name for _, name in found)
    for name in sums:
        times = [time for time, t in told if t.problem == name]
        assert all(b - a >= bundled for a, b in pairwise(times))


def test_what_could_not_be_told_is_told_when_the_bus_is_back_and_a_retry_is_no_duplicate(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand)
        for event in CLEAN:
            await one.look(event)
        stand.bus.fails = True
        for _ in range(3):
            with pytest.raises(Unavailable):
                await one.look(BAD["spike"])
        stand.bus.fails = False
        await one.look(BAD["spike"])
        told = await stand.events("data.quality")
        await stand.store.close()
        return [e.data.problem for e in told]

    assert asyncio.run(journey()) == ["spike"]


def test_a_symbol_may_have_rules_of_its_own(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand, rules_of={"BTC/USDT": TickRules(silence_ns=SECOND_NS)})
        for number in range(12):
            await one.look(trade(number, number * SECOND_NS // 100))
        await one.look(trade(12, seconds(3)))
        told = await stand.events("data.quality")
        await stand.store.close()
        return [e.data.problem for e in told]

    assert asyncio.run(journey()) == ["gap"]


def test_a_symbol_that_makes_room_is_told_of_first(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand, streams_max=1)
        for number in range(3):
            await one.look(quote(number, seconds(number), 101.0, 100.0))
        await one.look(trade(9, seconds(4), source="another venue"))
        told = await stand.events("data.quality")
        await stand.store.close()
        return [e.data.ticks for e in told]

    assert asyncio.run(journey()) == [1, 2]


def test_what_waits_to_be_told_is_told_at_the_end_and_to_whom_a_stream_went_silence_is_left(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand)
        for number in range(5):
            await one.look(quote(number, seconds(number), 101.0, 100.0))
        one.lost(frozenset({("price.ticks", partition_of("BTC/USDT", 10))}))
        await one.advance(START + seconds(500))
        told = [(e.data.problem, e.data.ticks) for e in await stand.events("data.quality")]
        for number in range(5):
            await one.look(quote(10 + number, seconds(600 + number), 101.0, 100.0))
        await one.finish()
        later = [(e.data.problem, e.data.ticks) for e in await stand.events("data.quality")]
        await stand.store.close()
        return told, later

    told, later = asyncio.run(journey())
    assert told == [("crossed", 1), ("crossed", 4)]
    assert later == told * 2


def test_a_stream_that_goes_to_another_member_while_its_silence_is_looked_at_is_not_told_of_here(tmp_path, monkeypatch):
    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand, store=stand.store)
        await stand.bus.publish([trade(0, 0)])
        await one.look(trade(0, 0))
        read = stand.store.read

        def taken_away(*words):
            one.lost(frozenset({("price.ticks", partition_of("BTC/USDT", 10))}))
            return read(*words)

        monkeypatch.setattr(stand.store, "read", taken_away)
        await one.advance(START + seconds(10**4))
        monkeypatch.undo()
        told = await stand.events("data.quality")
        await stand.store.close()
        return told

    assert asyncio.run(journey()) == []


def test_a_silence_that_begins_while_the_store_is_away_is_told_when_it_is_back(tmp_path, monkeypatch):
    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand, store=stand.store)
        await stand.bus.publish([trade(0, 0)])
        await one.look(trade(0, 0))

        def away(*_):
            raise Unavailable("the store is away")

        monkeypatch.setattr(stand.store, "read", away)
        with pytest.raises(Unavailable):
            await one.advance(START + seconds(100))
        monkeypatch.undo()
        for now in (101, 102):
            await one.advance(START + seconds(now))
        told = await stand.events("data.quality")
        await stand.store.close()
        return [e.data.problem for e in told]

    assert asyncio.run(journey()) == ["stale"]


def test_what_a_session_recorded_is_not_looked_at_again_and_a_market_of_the_past_does_not_fall_silent(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand)
        await one.look(quote(0, 0, 101.0, 100.0, session="mine"))
        await one.look(quote(1, 0, 100.0, 101.0, mode="backtest"))
        await one.advance(START + seconds(10**6))
        told = await stand.events("data.quality")
        await stand.store.close()
        return told

    assert asyncio.run(journey()) == []


def test_after_a_restart_it_knows_what_was_before_and_tells_nothing_of_it_again(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        before = [*CLEAN, trade(50, seconds(31), price=150.0, trade_id="fat finger")]
        await stand.store.append(before)
        one = watch(stand)
        for event in before:
            await one.look(event)
        told = len(await stand.events("data.quality"))
        again = watch(stand, store=stand.store)
        after = [
            trade(60, seconds(32), trade_id="t7"),  # repeated
            trade(61, seconds(33), price=103.0, trade_id="u"),  # after 30 steps of a hundredth that is a spike
            trade(62, seconds(4_000), trade_id="v"),  # nothing for an hour
        ]
        for event in after:
            await stand.store.append([event])
            await again.look(event)
        found = (await stand.events("data.quality"))[told:]
        await stand.store.close()
        return [(e.data.problem, e.causation_id) for e in found], after

    found, after = asyncio.run(journey())
    names = ["duplicate", "spike", "gap"]
    assert found == [(name, event.event_id) for name, event in zip(names, after, strict=True)]


def test_an_outage_across_a_restart_is_a_gap(tmp_path):
    async def journey():
        stand = Stand(tmp_path)
        await stand.store.append(CLEAN)
        later = trade(70, seconds(90_000), trade_id="later")
        await stand.store.append([later])
        await watch(stand, store=stand.store).look(later)
        found = await stand.events("data.quality")
        await stand.store.close()
        return [e.data.problem for e in found]

    assert asyncio.run(journey()) == ["gap"]


def test_a_market_that_moves_is_logged_once_and_the_events_say_that_it_has_moved(tmp_path, caplog):
    """Three prices far off are three problems; whoever reads the log needs to hear of the jump once."""

    async def journey():
        stand = Stand(tmp_path)
        one = watch(stand)
        moved = [trade(200 + i, seconds(30 + 15 * i), price=150.0) for i in range(18)]
        later = trade(300, seconds(300), price=300.0)
        for event in (*CLEAN, *moved, later):
            await stand.bus.publish([event])
            await one.look(event)
        told = [e.data for e in await stand.events("data.quality") if e.data.problem == "spike"]
        await stand.store.close()
        return [one.detail for one in told]

    told = asyncio.run(journey())
    assert len(told) == 4
    assert told[0] == "150 is 50.0% from 100.02"
    assert told[1].startswith("150 is 50.0% from 100.02, the last price that was none")
    assert told[2].endswith("the market has moved")
    assert told[3] == "300 is 100.0% from 150"
    assert caplog.text.count("spike") == 2

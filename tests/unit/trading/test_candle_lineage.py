"""A candle leads back to its ticks: those it was made of, those that were left out, and the one that closed it."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from market_stand import HOUR, START, Stand, trade

from tradewind.core.domain.candle_building import CandleRules
from tradewind.core.domain.timeframes import SECOND_NS, UNITS_NS
from tradewind.trading.candle_lineage import candle_lineages
from tradewind.trading.candles import CandleMaker

MINUTE = UNITS_NS["m"]
RULES = CandleRules(("1m", "5m"))


def lineages(folder, ticks, timeframe="1m", time=START, advance_ns=None, more=()):
    """The lineage of a candle after these ticks were handled as they came, and `more` were stored without that."""

    async def work():
        stand = Stand(folder)
        maker = CandleMaker(
            stand.bus, stand.producer, stand.metrics, stand.store, member="one", rules=RULES, retries_s=()
        )
        for event in ticks:
            await stand.bus.publish([event])
            await maker.take(event)
        if advance_ns is not None:
            await maker.advance(advance_ns)
        await stand.store.append(more)
        found = [
            one
            for at in (time if isinstance(time, list) else [time])
            for one in await candle_lineages(stand.store, "BTC/USDT", timeframe, at, tenant="home")
        ]
        made = await stand.events("candle.closed")
        await stand.store.close()
        return found, made

    return asyncio.run(work())


def test_it_says_which_ticks_were_left_out_and_why_and_which_one_closed_it(tmp_path):
    ticks = [
        trade(0, 10 * SECOND_NS, 101.0, trade_id="a"),
        trade(1, 9 * SECOND_NS, 100.0, trade_id="b"),  # overtaken, and first all the same
        trade(2, 10 * SECOND_NS, 101.0, trade_id="a"),  # repeated
        trade(3, 40 * SECOND_NS, 0.0, trade_id="c"),  # no price
        trade(4, 59 * SECOND_NS, 103.0, trade_id="d"),
        trade(5, 63 * SECOND_NS, 104.0, trade_id="e"),  # closes it
        trade(6, 58 * SECOND_NS, 99.0, trade_id="f"),  # late
    ]
    (found,), _ = lineages(tmp_path, ticks)
    assert found.agrees
    assert (found.number, found.left_out_number) == (3, 3)
    assert [found.first.event, found.last.event, found.closed_by.event] == [ticks[1], ticks[4], ticks[5]]
    assert [(stored.event, why) for stored, why in found.left_out] == [
        (ticks[2], "duplicate"), (ticks[3], "malformed"), (ticks[6], "late"),
    ]  # fmt: skip


def test_a_candle_that_the_clock_has_closed_was_closed_by_no_tick(tmp_path):
    (found,), _ = lineages(tmp_path, [trade(0, 0)], advance_ns=START + HOUR)
    assert found.agrees
    assert found.closed_by is None


def test_of_another_tenant_nothing_is_said(tmp_path):
    theirs = [trade(100 + n, n * 70 * SECOND_NS, tenant="another") for n in range(3)]
    ours = [trade(n, n * 70 * SECOND_NS) for n in range(3)]
    found, _ = lineages(tmp_path, [one for pair in zip(theirs, ours, strict=True) for one in pair])
    assert [one.candle.event.tenant for one in found] == ["home"]
    assert (found[0].number, found[0].left_out_number) == (1, 0)


def test_each_feed_has_its_own_and_sessions_have_none(tmp_path):
    ticks = [
        trade(10 * minute + number, minute * MINUTE + number, source=source)
        for minute in range(3)
        for number, source in enumerate(("one", "other"))
    ]
    found, _ = lineages(tmp_path, ticks, more=[trade(99, 5, session="mine")])
    assert [(one.candle.event.source, one.number, one.left_out_number) for one in found] == [
        ("one", 1, 0), ("other", 1, 0),
    ]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)), min_size=1, max_size=30))
def test_every_candle_is_made_again_of_its_ticks_however_they_came(tmp_path_factory, steps):
    now, ticks = 0, []
    for number, (step, late) in enumerate(steps):
        now += step * SECOND_NS
        ticks.append(trade(number, max(0, now - late * SECOND_NS), 100.0 + number, number / 7))
    for timeframe, length in (("1m", MINUTE), ("5m", 5 * MINUTE)):
        times = sorted({START + (t.time_event - START) // length * length for t in ticks})
        folder = tmp_path_factory.mktemp("lineage")
        _, made = lineages(folder, ticks, timeframe, [])
        opened = [e.data.time for e in made if e.data.timeframe == timeframe]
        found, _ = lineages(tmp_path_factory.mktemp("lineage"), ticks, timeframe, opened)
        assert set(opened) <= set(times)
        assert [one.candle.event.data.time for one in found] == opened
        assert all(one.agrees for one in found)
        assert all(one.number == one.candle.event.data.ticks for one in found)

"""Candles from ticks: however ticks come, the candles are those of the same ticks cut up in one go."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.candle_building import CandleBuilder, CandleRules, Verdict
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.resampling import resample
from tradewind.core.domain.timeframes import SECOND_NS, UNITS_NS, bucket_start_ns, timeframe_ns

START = 1_790_000_000_000_000_000
WAIT = 2 * SECOND_NS
RULES = CandleRules(("1s", "7s", "1m", "5m"), WAIT)
PRICES = st.floats(0.01, 1e6)
SIZES = st.floats(0.0, 1e4)


@st.composite
def streams(draw, wait_max=3 * WAIT):
    """Ticks (time, price, size) in the order of their arrival: each comes some time after it happened."""
    steps = draw(st.lists(st.integers(0, 20 * SECOND_NS) | st.just(0), max_size=60))
    times = [START + t for t in itertools.accumulate(steps)]
    ticks = [(t, draw(PRICES), draw(SIZES)) for t in times]
    arrivals = [t + draw(st.integers(0, wait_max)) for t in times]
    return [ticks[i] for i in sorted(range(len(ticks)), key=arrivals.__getitem__)]


def in_one_go(ticks, timeframes=RULES.timeframes):
    """A second witness: sort by time, as they came where times are equal; cut into buckets; look at each."""
    found = []
    ordered = sorted(ticks, key=lambda tick: tick[0])
    for name in timeframes:
        length = timeframe_ns(name)
        for start, group in itertools.groupby(ordered, key=lambda tick: bucket_start_ns(tick[0], length)):
            _, prices, sizes = zip(*group, strict=True)
            volume = 0.0
            for size in sizes:
                volume += size
            found.append((name, start, prices[0], max(prices), min(prices), prices[-1], volume, len(prices)))
    return sorted(found, key=lambda c: (c[1] + timeframe_ns(c[0]), timeframe_ns(c[0])))


def plain(candles):
    return [(c.timeframe, c.time, c.open, c.high, c.low, c.close, c.volume, c.ticks) for c in candles]


def built(ticks, rules=RULES):
    builder = CandleBuilder("BTC/USDT", rules)
    taken = [tick for tick in ticks if builder.take(*tick) is Verdict.TAKEN]
    builder.advance(2**62)
    return taken, builder.closed()


@given(streams())
def test_candles_are_those_of_the_taken_ticks_cut_up_in_one_go(ticks):
    taken, candles = built(ticks)
    assert plain(candles) == in_one_go(taken)


@given(streams(WAIT))
def test_ticks_that_were_overtaken_by_less_than_the_wait_lose_nothing(ticks):
    taken, candles = built(ticks)
    assert taken == ticks
    assert plain(candles) == in_one_go(ticks)


@given(streams(), st.integers(0, 60))
def test_a_candle_that_has_closed_does_not_change(ticks, cut):
    whole, part = CandleBuilder("X/Y", RULES), CandleBuilder("X/Y", RULES)
    for tick in ticks:
        whole.take(*tick)
    for tick in ticks[:cut]:
        part.take(*tick)
    before, after = part.closed(), whole.closed()
    assert after[: len(before)] == before


@given(streams(), st.lists(st.integers(0, 1_300 * SECOND_NS), max_size=20).map(sorted))
def test_time_that_passes_in_small_steps_closes_the_same_candles_in_the_same_order(ticks, steps):
    at_once, stepped = CandleBuilder("X/Y", RULES), CandleBuilder("X/Y", RULES)
    for tick in ticks:
        at_once.take(*tick)
        stepped.take(*tick)
    for step in steps:
        stepped.advance(START + step)
    at_once.advance(START + max(steps, default=0))
    assert at_once.closed() == stepped.closed()


@given(streams(), st.data())
def test_repeated_trades_change_nothing(ticks, data):
    once, twice = CandleBuilder("X/Y", RULES), CandleBuilder("X/Y", RULES)
    for number, tick in enumerate(ticks):
        verdict = once.take(*tick, str(number))
        assert twice.take(*tick, str(number)) is verdict
        again = data.draw(st.integers(0, number))
        assert twice.take(*ticks[again], str(again)) in {Verdict.DUPLICATE, Verdict.LATE}
    once.advance(2**62)
    twice.advance(2**62)
    assert once.closed() == twice.closed()


@given(streams(), st.integers(1, 5), st.integers(1, 5), st.data())
def test_at_its_limits_it_waits_less_and_still_counts_nothing_twice(ticks, waiting_max, ids_max, data):
    builder = CandleBuilder("X/Y", CandleRules(RULES.timeframes, WAIT, waiting_max, ids_max))
    taken = []
    for number, tick in enumerate(ticks):
        if builder.take(*tick, str(number)) is Verdict.TAKEN:
            taken.append(tick)
        again = data.draw(st.integers(0, number))
        assert builder.take(*ticks[again], str(again)) is not Verdict.TAKEN
        assert len(builder._waiting) <= waiting_max
        assert len(builder._ids) <= ids_max
    builder.advance(2**62)
    assert plain(builder.closed()) == in_one_go(taken)


@given(streams())
def test_higher_candles_are_the_lower_ones_resampled(ticks):
    _, candles = built(ticks, CandleRules(("1m", "5m"), WAIT))
    minutes, fives = ([c for c in candles if c.timeframe == name] for name in ("1m", "5m"))
    if not minutes:
        return
    columns = {
        name: np.array([getattr(c, name) for c in minutes], np.int64 if name == "time" else np.float64)
        for name in ("time", *Bars.COLUMNS)
    }
    again = resample(Bars("X/Y", "1m", **columns), "5m").bars
    by_time = {c.time: c for c in fives}
    for row in range(len(again)):
        five = by_time[int(again.time[row])]
        assert (five.open, five.high, five.low, five.close) == tuple(
            getattr(again, name)[row] for name in ("open", "high", "low", "close")
        )
        assert five.volume == pytest.approx(again.volume[row], rel=1e-12)


def test_a_late_tick_is_said_to_be_late_and_a_quiet_hour_has_no_candles():
    minute = UNITS_NS["m"]
    start = bucket_start_ns(START, 60 * minute)
    builder = CandleBuilder("X/Y", CandleRules(("1m",), WAIT))
    assert builder.take(start, 10.0, 1.0) is Verdict.TAKEN
    assert builder.take(start + 60 * minute, 11.0, 1.0) is Verdict.TAKEN
    assert [c.time for c in builder.closed()] == [start]
    assert builder.take(start + 30 * minute, 12.0, 1.0) is Verdict.LATE
    builder.advance(start + 61 * minute + WAIT)
    assert [c.time for c in builder.closed()] == [start + 60 * minute]


def test_the_clock_too_waits_for_ticks_that_were_overtaken():
    start = bucket_start_ns(START, UNITS_NS["m"])
    builder = CandleBuilder("X/Y", CandleRules(("1m",), WAIT))
    builder.take(start, 10.0, 1.0)
    builder.advance(start + UNITS_NS["m"] + WAIT - 1)
    assert builder.closed() == []
    assert builder.take(start + UNITS_NS["m"] - 1, 11.0, 1.0) is Verdict.TAKEN
    builder.advance(start + UNITS_NS["m"] + WAIT)
    assert [c.close for c in builder.closed()] == [11.0]


@pytest.mark.parametrize(
    ("price", "size"), [(float("nan"), 1.0), (0.0, 1.0), (-1.0, 1.0), (float("inf"), 1.0), (1.0, -1.0)]
)
def test_what_is_no_trade_is_not_taken(price, size):
    assert CandleBuilder("X/Y").take(START, price, size) is Verdict.MALFORMED


@pytest.mark.parametrize(
    "given", [{"timeframes": ()}, {"timeframes": ("1x",)}, {"wait_ns": -1}, {"waiting_max": 0}, {"ids_max": 0}]
)
def test_rules_that_make_no_sense_are_refused(given):
    with pytest.raises(BadInput):
        CandleRules(**given)


@given(streams(), st.data())
def test_ticks_that_wait_for_nobody_make_the_same_candles_beside_another_timeframe(ticks, data):
    """A builder of one timeframe has a short way for ticks in order; one of two timeframes has not."""
    alone, beside = (CandleBuilder("BTC/USDT", CandleRules(names, 0)) for names in (("7s",), ("7s", "1m")))
    found = []
    for tick in ticks:
        trade = data.draw(st.sampled_from([None, None, None, "a", "b"]))
        assert alone.take(*tick, trade) is beside.take(*tick, trade)
        assert alone.final_ns == beside.final_ns
        found += alone.closed()
        if data.draw(st.integers(0, 9)) == 0:
            alone.advance(tick[0] + 3 * SECOND_NS)
            beside.advance(tick[0] + 3 * SECOND_NS)
    alone.advance(2**62)
    beside.advance(2**62)
    assert plain([*found, *alone.closed()]) == [c for c in plain(beside.closed()) if c[0] == "7s"]

"""Law 2 for smart money: nothing told changes, and no label is told before the bars that make it have closed."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from indicator_examples import cut, random_bars
from smart_money_examples import BAR, EXAMPLES, WALK, bars_from, walk

from smart_money import replay
from tradewind.core.indicators import FairValueGaps, Liquidity, MarketStructure, OrderBlocks, Swings
from tradewind.core.indicators.batch import batch


def outputs_on(indicator, bars):
    return batch(indicator, engine="interpreted", **bars)


def assert_same(got, expected):
    assert got.keys() == expected.keys()
    for output, values in got.items():
        assert np.array_equal(values, expected[output], equal_nan=True), output


@pytest.mark.parametrize("make", EXAMPLES.values(), ids=EXAMPLES.keys())
@settings(max_examples=30, deadline=None)
@given(past=st.lists(BAR, min_size=1, max_size=50), future=st.lists(BAR, min_size=1, max_size=15))
def test_the_past_is_the_same_whatever_the_future_is(make, past, future):
    whole = bars_from(past + future)
    then = {output: values[: len(past)] for output, values in outputs_on(make(), whole).items()}
    assert_same(then, outputs_on(make(), cut(whole, len(past))))


@pytest.mark.parametrize("make", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_every_cut_of_a_long_history_ends_with_what_was_told_there(make):
    bars = random_bars(seed=11, rows=400)
    whole = outputs_on(make(), bars)
    assert np.count_nonzero(np.nan_to_num(whole["value"])) > 5
    for rows in range(1, 401, 19):
        assert_same(outputs_on(make(), cut(bars, rows)), {name: values[:rows] for name, values in whole.items()})


@pytest.mark.parametrize("make", EXAMPLES.values(), ids=EXAMPLES.keys())
@settings(max_examples=20, deadline=None)
@given(rows=st.lists(BAR, min_size=1, max_size=40))
def test_nothing_is_told_in_warm_up_and_the_value_of_the_bar_before_is_kept(make, rows):
    bars, indicator = bars_from(rows), make()
    results = outputs_on(indicator, bars)
    for row in replay.updates(indicator, bars):
        assert indicator.count == row + 1
        for output in type(indicator).outputs:
            assert np.array_equal(results[output][row], getattr(indicator, output), equal_nan=True)
            assert indicator.ready or math.isnan(getattr(indicator, output)), output
        if row > 0:
            assert np.array_equal(indicator.prev, results["value"][row - 1], equal_nan=True)


def swings_by_definition(bars, length):
    """The chain of swings that the bars so far make: [(row, side, level)], from windows and runs."""
    high, low = bars["high"], bars["low"]
    found = []
    for row in range(length - 1, len(high) - length):
        around = slice(row - length + 1, row + length + 1)
        if high[row] == high[around].max():
            found.append((row, 1, high[row]))
        elif low[row] == low[around].min():
            found.append((row, -1, low[row]))
    chain = []
    for row, side, level in found:
        if not chain or chain[-1][1] != side:
            chain.append((row, side, level))
        elif side * level > side * chain[-1][2]:
            chain[-1] = (row, side, level)
    return chain


@settings(max_examples=100, deadline=None)
@given(market=WALK, length=st.integers(1, 4))
def test_at_every_bar_the_swings_told_are_those_the_bars_so_far_make(market, length):
    bars = walk(market)
    told, swings = [], Swings(length)
    for row in replay.updates(swings, bars):
        if swings.value in (1.0, -1.0):
            if swings.replaces:
                told.pop()
            told.append((row - int(swings.bars_back), int(swings.value), swings.level))
        assert told == swings_by_definition(cut(bars, row + 1), length)


def structure_by_definition(bars, length):
    """Labels that stand over the bars so far: {row of the level: (kind, level, row of the break)}."""
    chain, close = swings_by_definition(bars, length), bars["close"]
    found = {}
    for four in zip(chain, chain[1:], chain[2:], chain[3:], strict=False):
        row, side, level = four[1]
        a, b, c, d = (side * swing[2] for swing in four)
        kind = 1 if a < c < b < d else 2 if c < a < b < d else 0
        beyond = np.flatnonzero(side * close[row + 1 :] > b)
        if kind and len(beyond):
            found[row] = (side * kind, level, row + 1 + int(beyond[0]))
    return {
        row: label
        for row, label in found.items()
        if not any(later > row and other[2] <= label[2] for later, other in found.items())
    }


@settings(max_examples=100, deadline=None)
@given(market=WALK, length=st.integers(1, 3))
def test_the_structure_told_is_what_its_definition_finds_in_the_bars_so_far(market, length):
    bars = walk(market)
    standing, told = replay.structure(MarketStructure(length), bars)
    assert {row: label[:3] for row, label in standing.items()} == structure_by_definition(bars, length)
    for at, _, _, broken, row in told:
        assert at + length < broken <= row
        before = structure_by_definition(cut(bars, row), length) if row else {}
        assert at not in before, "it could have been told a bar earlier"


@settings(max_examples=100, deadline=None)
@given(market=WALK)
def test_a_gap_is_told_on_its_third_bar_and_filled_by_the_first_bar_after_that_reaches_it(market):
    bars = walk(market)
    high, low, body = bars["high"], bars["low"], bars["close"] - bars["open"]
    expected = {}
    for row in range(1, len(high) - 1):
        if body[row] > 0 and high[row - 1] < low[row + 1]:
            reached = np.flatnonzero(low[row + 2 :] <= low[row + 1])
            edges = (1, low[row + 1], high[row - 1])
        elif body[row] < 0 and low[row - 1] > high[row + 1]:
            reached = np.flatnonzero(high[row + 2 :] >= high[row + 1])
            edges = (-1, low[row - 1], high[row + 1])
        else:
            continue
        expected[row] = [*edges, row + 2 + int(reached[0]) if len(reached) else None, row + 1]
    assert replay.gaps(FairValueGaps(), bars) == expected


@settings(max_examples=100, deadline=None)
@given(market=WALK, length=st.integers(1, 3))
def test_an_order_block_is_told_by_a_close_beyond_a_swing_that_was_known_before(market, length):
    bars = walk(market)
    results = outputs_on(OrderBlocks(length), bars)
    for row in np.flatnonzero(np.nan_to_num(results["value"])).tolist():
        side, at = int(results["value"][row]), row - int(results["bars_back"][row])
        known = [swing for swing in swings_by_definition(cut(bars, row + 1), length) if swing[1] == side]
        swing, _, level = known[-1]
        assert swing + length <= row
        assert side * bars["close"][row] > side * level
        assert swing < at < row
        between = slice(swing + 1, row)
        extreme = bars["low"][between].min() if side > 0 else bars["high"][between].max()
        assert (bars["low"] if side > 0 else bars["high"])[at] == extreme
        assert not (side * bars["close"][swing + length : row] > side * level).any()


@settings(max_examples=100, deadline=None)
@given(market=WALK, length=st.integers(1, 8))
@example(market=(59, 160), length=6)  # the same bar becomes a block twice
def test_a_block_stands_until_a_bar_below_its_bottom_and_a_later_one_above_its_top(market, length):
    bars = walk(market)
    standing, told = replay.blocks(OrderBlocks(length), bars)
    expected = {}
    for side, at, row in sorted(told, key=lambda block: -block[2]):  # the first time a bar is told counts
        high, low = (bars["high"], bars["low"]) if side > 0 else (-bars["low"], -bars["high"])
        below = next((r for r in range(row + 1, len(low)) if low[r] < low[at]), None)
        gone = below is not None and (high[below + 1 :] > high[at]).any()
        expected[side, at] = None if gone else (bars["high"][at], bars["low"][at], below)
    assert standing == {key: block for key, block in expected.items() if block}


@settings(max_examples=100, deadline=None)
@given(market=WALK, length=st.integers(1, 3))
def test_a_pool_is_of_swings_that_were_known_and_rests_until_its_edge_is_reached(market, length):
    bars, width = walk(market), 3.0
    for (side, first), (level, end, swept, told) in replay.pools(Liquidity(length, width=width), bars).items():
        outer = bars["high"] if side > 0 else -bars["low"]
        edge = outer[first] + width
        assert end + length <= len(outer) - 1
        assert first + length < told
        assert abs(side * level - outer[first]) <= width
        reached = np.flatnonzero(outer[first + 1 :] >= edge)
        assert swept == (first + 1 + int(reached[0]) if len(reached) else None)

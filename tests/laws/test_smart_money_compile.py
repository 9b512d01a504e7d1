"""Laws of engines and units for smart money: compiled bits are interpreted bits, and a price's unit is only a unit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_examples import bars_of, random_bars
from smart_money_examples import EXAMPLES, MOVE, grid_bars

from tradewind.core.compiler.layout import layout_of
from tradewind.core.indicators import FairValueGaps, MarketStructure, Swings
from tradewind.core.indicators.batch import batch
from tradewind.core.indicators.smart_money.fair_value_gaps import GAPS_MAX


def assert_engines_agree(make, bars):
    compiled, interpreted = batch(make(), **bars), batch(make(), engine="interpreted", **bars)
    assert compiled.keys() == interpreted.keys()
    for output, values in compiled.items():
        mine, theirs = values, interpreted[output]
        assert np.array_equal(np.isnan(mine), np.isnan(theirs)), output
        known = ~np.isnan(mine)
        assert mine[known].tobytes() == theirs[known].tobytes(), output


def markets():
    """Ordinary bars, bars full of ties, a flat market, a bad tick and missing prices."""
    yield random_bars(seed=31, rows=500)
    rng = np.random.default_rng(8)
    yield grid_bars(rng.integers((-2, -4, 0, 0), (3, 5, 3, 3), (500, 4)))
    yield bars_of(np.zeros((60, 4)), np.zeros(60))
    bars = random_bars(seed=32, rows=200)
    bars["close"][50] = bars["high"][50] = 1e300
    yield bars
    bars = random_bars(seed=33, rows=200)
    for name in ("open", "high", "low", "close", "volume"):
        bars[name][60] = math.nan
    yield bars


@pytest.mark.parametrize("make", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_compiled_and_interpreted_labels_are_the_same_bits(make):
    for bars in markets():
        assert_engines_agree(make, bars)


@pytest.mark.parametrize("make", EXAMPLES.values(), ids=EXAMPLES.keys())
@settings(max_examples=20, deadline=None)
@given(steps=st.lists(MOVE, min_size=1, max_size=90))
def test_engines_agree_on_any_market_of_equals(make, steps):
    assert_engines_agree(make, grid_bars(steps))


SHARES = {"value", "zone", "direction", "deepest"}
PRICES = {
    "level", "high", "low", "top", "bottom", "above", "below", "equilibrium", "swept_high_level", "swept_low_level",
    "bullish_top", "bullish_bottom", "bearish_top", "bearish_bottom", "last_high", "last_low",
    "value_area_high", "value_area_low", "last_value", "last_area_high", "last_area_low",
}  # fmt: skip
VALUE_IS_A_PRICE = {"PreviousHighLow", "VolumeProfile", "SessionProfile"}


@pytest.mark.parametrize("make", [m for name, m in EXAMPLES.items() if "width" not in name])
@settings(max_examples=15, deadline=None)
@given(steps=st.lists(MOVE, min_size=10, max_size=60), power=st.sampled_from([-40, -1, 1, 12]))
def test_prices_in_another_unit_give_the_same_labels(make, steps, power):
    bars, unit = grid_bars(steps), 2.0**power  # a power of two changes no digit
    scaled = {
        name: values * unit if name in ("open", "high", "low", "close") else values for name, values in bars.items()
    }
    here, there = (batch(make(), engine="interpreted", **columns) for columns in (bars, scaled))
    for output, values in here.items():
        is_price = output in PRICES or (output == "value" and type(make()).__name__ in VALUE_IS_A_PRICE)
        assert np.array_equal(there[output], values * unit if is_price else values, equal_nan=True), output


def test_lengths_up_to_a_ring_share_one_compiled_layout():
    assert layout_of(MarketStructure(2)).record == layout_of(MarketStructure(31)).record
    assert layout_of(Swings(5)).record == layout_of(Swings(30)).record


def test_the_oldest_gap_is_forgotten_at_the_limit_and_counted():
    rows = 2 * GAPS_MAX + 40
    close = 100.0 + 3.0 * np.arange(rows)  # every bar leaves a gap below, and none is ever filled
    bars = {"open": close - 1.0, "high": close + 0.5, "low": close - 1.5, "close": close}
    for engine in ("compiled", "interpreted"):
        results = batch(FairValueGaps(), engine=engine, **bars)
        assert np.count_nonzero(np.nan_to_num(results["value"])) == rows - 2
        assert results["forgotten"][-1] == rows - 2 - GAPS_MAX
        assert results["bullish_bottom"][-1] == bars["high"][-3]

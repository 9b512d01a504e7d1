"""A coin at 1e-9 and one at 1e5 are the same market: no absolute threshold hides in an indicator."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_examples import CLASSES, NAMES, bars_of, example

from tradewind.core.indicators.batch import batch

PRICES = ("open", "high", "low", "close")

UNCHANGED = {
    "ADX", "Aroon", "CCI", "MFI", "RSI", "ROC", "Stochastic", "StochasticRSI", "WilliamsR", "ZScore", "OBV",
    "AccumulationDistribution",
}  # fmt: skip
"""Indicators without the unit of price; all others move with it, but for the outputs below."""
UNCHANGED_OUTPUTS = {"direction", "width", "percent"}
MOVE = st.tuples(st.integers(-1, 1), st.integers(-9, 9), st.integers(0, 3), st.integers(0, 3))


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
@settings(max_examples=15, deadline=None)
@given(moves=st.lists(MOVE, min_size=20, max_size=50), power=st.sampled_from([-60, -30, -1, 1, 10]))
def test_prices_in_another_unit_give_the_same_numbers_in_that_unit(cls, moves, power):
    bars = bars_of(moves, [7.0 + i % 5 for i in range(len(moves))])
    unit = 2.0**power  # a power of two changes no digit, so equality is exact
    scaled = {name: column * unit if name in PRICES else column for name, column in bars.items()}
    here = batch(example(cls), engine="interpreted", **bars)
    there = batch(example(cls), engine="interpreted", **scaled)
    fed_volume = cls.__name__ == "VolumeSMA"
    for output, values in here.items():
        plain = fed_volume or cls.__name__ in UNCHANGED or output in UNCHANGED_OUTPUTS
        assert there[output].tobytes() == (values if plain else values * unit).tobytes(), output

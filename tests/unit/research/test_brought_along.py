"""Numbers in whatever holds them: found, changed from a row on, and told apart by what they are about."""

import functools
from array import array
from collections import deque

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.engine.rules import MarketRules
from tradewind.research.backtest import join
from tradewind.research.brought_along import later_row, number_lists, turned_from, with_numbers
from tradewind.research.frames import to_pandas
from tradewind.research.predicts import goes_with_next_returns

BARS = next(s for s in synthetic_market(SyntheticMarket(("BTC/USDT",), "1h", bars=300, seed=8)) if isinstance(s, Bars))
DATA = join(BARS, MarketRules()).merged
COUNT = [float(i) for i in range(30)]


class Holder:
    def __init__(self, values):
        self.values = values
        self.name = "mine"


HOLDERS = {
    "a list": COUNT,
    "a tuple": tuple(COUNT),
    "whole numbers": [int(i) for i in COUNT],
    "an array": np.array(COUNT),
    "an array of two columns": np.array([COUNT, COUNT]).T,
    "an array of single precision": np.array(COUNT, np.float32),
    "a dict": dict(zip(range(30), COUNT, strict=True)),
    "a dict of lists": {"a": COUNT, "b": "text"},
    "a list of lists": [COUNT, COUNT],
    "a series": pd.Series(COUNT),
    "a frame": pd.DataFrame({"a": COUNT, "b": COUNT, "c": ["x"] * 30}),
    "a polars series": pl.Series("a", COUNT),
    "a polars frame": pl.DataFrame({"a": COUNT, "c": ["x"] * 30}),
    "an object": Holder(COUNT),
    "an object in two dicts": {"a": {"b": Holder(COUNT)}},
    "a deque": deque(COUNT, 40),
    "a plain array": array("d", COUNT),
    "a list of rows": [(1_700_000_000 + i, v, "x") for i, v in enumerate(COUNT)],
    "a list of records": [{"time": 1_700_000_000 + i, "close": v} for i, v in enumerate(COUNT)],
    "a dict of rows": {i: [v, "x"] for i, v in enumerate(COUNT)},
    "a function's first arguments": functools.partial(max, COUNT),
    "a function's named arguments": functools.partial(sorted, iterable=COUNT),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_numbers_are_found_and_changed_from_a_row_on_and_the_rest_stays(name):
    value = HOLDERS[name]
    before = list(number_lists(value))
    changed = with_numbers(value, turned_from(20))
    after = list(number_lists(changed))
    assert type(changed) is type(value)
    assert len(before) == len(after) > 0
    for old, new in zip(before, after, strict=True):
        assert old.tolist() == COUNT
        assert new.tolist() == [*COUNT[:20], *(29.0 - v for v in COUNT[20:])]
    assert [o.tolist() for o in number_lists(value)] == [COUNT] * len(before), "the value itself is not touched"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        5.0,
        [1.0] * 19,
        ["a"] * 50,
        {"a": 1.0},
        np.zeros(3),
        np.array(["x"] * 50),
        [(i, "x") for i in range(30)],
        [(1.0,), (1.0, 2.0)] * 30,
        [[]] * 30,
    ],
)
def test_settings_and_texts_are_no_lists_of_numbers(value):
    assert list(number_lists(value)) == []
    assert repr(with_numbers(value, turned_from(0))) == repr(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (BARS.close.tolist(), (200, True)),
        (BARS.close[50:].tolist(), (150, True)),
        (BARS, (200, True)),
        (to_pandas(BARS), (200, True)),
        (dict(zip(BARS.time.tolist(), BARS.close.tolist(), strict=True)), (200, True)),
        (dict(zip((BARS.time // 10**9).tolist(), range(300), strict=True)), (200, False)),
        (pd.Series(range(300), index=to_pandas(BARS).index), (200, False)),
        (BARS.close[:299] * 2.0, (200, False)),
        (np.random.default_rng(3).normal(size=300), None),
        (np.arange(150.0), None),
        (BARS.close[:150].tolist(), None),
    ],
)
def test_a_value_is_told_by_its_prices_its_times_or_its_length(value, expected):
    assert later_row(value, DATA, 200) == expected


def test_numbers_that_know_the_next_return_are_told_from_those_that_know_the_last():
    rng = np.random.default_rng(1)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, 1_000)))
    move = np.append(np.diff(close) / close[:-1], 0.0)
    assert goes_with_next_returns(np.sign(move), close)[1] == 1
    assert goes_with_next_returns(move + rng.normal(0.0, 0.01, 1_000), close) is not None
    for causal in (np.roll(move, 1), close, np.arange(1_000.0), rng.normal(size=1_000), np.zeros(1_000)):
        assert goes_with_next_returns(causal, close) is None


def test_in_a_market_that_swings_back_the_last_move_is_no_foresight():
    rng = np.random.default_rng(2)
    close = 100.0 + rng.normal(0.0, 1.0, 2_000)
    last = np.append(0.0, np.diff(close))
    assert goes_with_next_returns(-last, close) is None

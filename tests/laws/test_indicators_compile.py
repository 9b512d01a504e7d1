"""Law 1 for indicators: compiled updates give the interpreter's bits, NaN included."""

import math

import numpy as np
import pytest
from indicator_examples import CLASSES, NAMES, bars_of, example, random_bars

from tradewind.core.compiler.layout import layout_of
from tradewind.core.compiler.methods import register_tree
from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators import ATR, EMA, MACD, RSI, SMA, Highest, Indicator, Lowest, ring
from tradewind.core.indicators.batch import batch


def markets():
    """Ordinary bars, bars full of ties and stops in trading, and a flat market."""
    yield random_bars(seed=21, rows=400)
    rng = np.random.default_rng(4)
    yield bars_of(rng.integers(-2, 3, (400, 4)), rng.integers(0, 3, 400))
    yield bars_of(np.zeros((60, 4)), np.zeros(60))
    bars = random_bars(seed=22, rows=200)
    bars["close"][50] = 1e300  # a bad tick
    bars["high"][50] = 1e300
    yield bars
    bars = random_bars(seed=23, rows=200)
    for name in ("open", "high", "low", "close", "volume"):
        bars[name][60] = math.nan
    yield bars


def assert_engines_agree(make):
    for number, bars in enumerate(markets()):
        compiled = batch(make(), engine="compiled", **bars)
        interpreted = batch(make(), engine="interpreted", **bars)
        assert compiled.keys() == interpreted.keys()
        for output, values in compiled.items():
            mine, theirs = values, interpreted[output]
            assert np.array_equal(np.isnan(mine), np.isnan(theirs)), (number, output)
            known = ~np.isnan(mine)
            assert mine[known].tobytes() == theirs[known].tobytes(), (number, output)


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
def test_compiled_and_interpreted_updates_give_the_same_bits(cls):
    assert_engines_agree(lambda: example(cls))


@pytest.mark.parametrize(
    "make",
    [lambda: EMA(9).of(RSI(14)), lambda: SMA(5).of(MACD(3, 6, 4), "histogram"), lambda: EMA(4).of("hl2")],
    ids=["EMA of RSI", "SMA of a MACD histogram", "EMA of hl2"],
)
def test_composed_indicators_give_the_same_bits(make):
    assert_engines_agree(make)


class Choppiness(Indicator):
    """A user's own: 100 x log(sum of true ranges / range) / log(length), from nested indicators and a ring."""

    def __init__(self, length):
        super().__init__(warmup=length + 1)
        self.length = length
        self.atr = ATR(1)
        self.highest = Highest(length)
        self.lowest = Lowest(length)
        self.spans = ring(length)
        self.at = 0
        self.quiet_bars = 0

    def update(self, high, low, close):
        self.prev = self.value
        self.count += 1
        self.atr.update(high, low, close)
        self.highest.update(high)
        self.lowest.update(low)
        if self.count == 1:
            return
        self.spans[self.at] = self.atr.value
        self.at = (self.at + 1) % self.length
        if self.count >= self.warmup:
            total = 0.0
            for i in range(self.length):
                total += self.spans[i]
            span = self.highest.value - self.lowest.value
            if span > 0.0:
                self.value = 100.0 * math.log(total / span) / math.log(self.length)
            else:
                self.quiet_bars += 1


def test_a_users_own_indicator_compiles_to_the_same_bits():
    bars = random_bars(seed=9, rows=300)
    compiled = batch(Choppiness(14), **bars)["value"]
    assert compiled.tobytes() == batch(Choppiness(14), engine="interpreted", **bars)["value"].tobytes()
    assert np.flatnonzero(~np.isnan(compiled))[0] == 14
    assert ((compiled[14:] > 0.0) & (compiled[14:] < 100.0 * (1 + 1e-9))).all()


class Counter(Indicator):
    """A whole number that a method later gives a fraction, and a subclass-like twin of another layout."""

    def __init__(self):
        super().__init__(warmup=1)
        self.half_steps = 0

    def update(self, price):
        self.count += 1
        self.half_steps += 0.5 if price > 100.0 else 0.25
        self.value = self.half_steps


def test_a_whole_number_that_becomes_a_fraction_is_stored_as_one():
    prices = random_bars(seed=2, rows=50)["close"]
    compiled = batch(Counter(), close=prices)["value"]
    assert compiled.tobytes() == batch(Counter(), engine="interpreted", close=prices)["value"].tobytes()
    assert compiled[-1] != round(compiled[-1]) or compiled[0] in (0.25, 0.5)


class Remembers(Indicator):
    def __init__(self):
        super().__init__(warmup=1)
        self.seen = {}

    def update(self, price):
        self.count += 1
        self.seen[self.count] = price
        self.value = price


def test_what_cannot_compile_is_refused_by_name_and_still_runs_interpreted():
    with pytest.raises(BadInput, match=r"Remembers does not compile: self\.seen is a dict.*interpreted"):
        batch(Remembers(), close=[1.0, 2.0])
    assert batch(Remembers(), engine="interpreted", close=[1.0, 2.0])["value"].tolist() == [1.0, 2.0]


def test_two_classes_of_one_layout_keep_their_own_methods():
    highest, lowest = Highest(5), Lowest(5)
    register_tree(highest)
    register_tree(lowest)
    one, other = layout_of(highest), layout_of(lowest)
    assert one.dtype == other.dtype
    assert one.record != other.record
    assert other.record.can_convert_to(None, one.record) is None
    prices = random_bars(seed=1, rows=40)["close"]
    top, bottom = batch(highest, close=prices)["value"], batch(lowest, close=prices)["value"]
    assert (top[4:] > bottom[4:]).all()


def test_windows_of_any_length_up_to_a_ring_share_one_compiled_layout():
    assert layout_of(SMA(3)).record == layout_of(SMA(64)).record
    assert layout_of(SMA(64)).record != layout_of(SMA(65)).record

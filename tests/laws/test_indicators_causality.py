"""Law 2 for indicators: the past does not change when the future is cut off or replaced."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_examples import CLASSES, MAY_BE_UNDEFINED, NAMES, bars_of, cut, example, random_bars

from tradewind.core.indicators import EMA, RSI, Highest, ZScore
from tradewind.core.indicators.batch import batch

# Whole percents make ties, flat bars and flat stretches common, which is where rules on equals live.
MOVE = st.tuples(st.integers(-1, 1), st.integers(-9, 9), st.integers(0, 3), st.integers(0, 3))
BAR = st.tuples(MOVE, st.sampled_from([0.0, 1.0, 37.5, 1e6]))
COMPOSED = {
    "EMA of RSI": lambda: EMA(4).of(RSI(5)),
    "Highest of high": lambda: Highest(6).of("high"),
    "EMA of EMA of RSI": lambda: EMA(3).of(EMA(4).of(RSI(5))),
    "Z-score of hlc3": lambda: ZScore(5).of("hlc3"),
}
EXAMPLES = {cls.__name__: (lambda cls=cls: example(cls)) for cls in CLASSES} | COMPOSED


def bars_from(rows):
    return bars_of([move for move, _ in rows], [volume for _, volume in rows])


def outputs_on(indicator, bars):
    return batch(indicator, engine="interpreted", **bars)


def assert_same_bits(got, expected):
    assert got.keys() == expected.keys()
    for output, values in got.items():
        assert values.tobytes() == expected[output].tobytes(), output


@pytest.mark.parametrize("make", EXAMPLES.values(), ids=EXAMPLES.keys())
@settings(max_examples=25, deadline=None)
@given(past=st.lists(BAR, min_size=1, max_size=45), future=st.lists(BAR, min_size=1, max_size=12))
def test_the_past_is_the_same_whatever_the_future_is(make, past, future):
    whole = bars_from(past + future)
    alone = cut(whole, len(past))
    then = {output: values[: len(past)] for output, values in outputs_on(make(), whole).items()}
    assert_same_bits(then, outputs_on(make(), alone))


@pytest.mark.parametrize("make", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_a_stream_and_a_batch_are_the_same_numbers_at_every_cut(make):
    bars = random_bars(seed=3, rows=120)
    whole = outputs_on(make(), bars)
    for rows in range(1, 121, 7):
        expected = {output: values[:rows] for output, values in whole.items()}
        assert_same_bits(outputs_on(make(), cut(bars, rows)), expected)


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
@settings(max_examples=25, deadline=None)
@given(rows=st.lists(BAR, min_size=1, max_size=60))
def test_nothing_is_known_before_the_warm_up_and_everything_after(cls, rows):
    bars = bars_from(rows)
    indicator = example(cls)
    results = outputs_on(indicator, bars)
    names = [name for name in type(indicator).update.__annotations__ if name != "return"]
    columns = [bars.get(name, bars["close"]).tolist() for name in names]
    for row, values in enumerate(zip(*columns, strict=True)):
        indicator.update(*values)
        assert indicator.count == row + 1
        assert indicator.ready == (indicator.count >= indicator.warmup)
        for output in cls.outputs:
            number = results[output][row]
            assert np.array_equal(number, getattr(indicator, output), equal_nan=True)
            if not indicator.ready:
                assert np.isnan(number), output
            elif cls.__name__ not in MAY_BE_UNDEFINED:
                assert np.isfinite(number), output
        if row > 0:
            assert np.array_equal(indicator.prev, results["value"][row - 1], equal_nan=True)


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
def test_no_indicator_is_undefined_on_an_ordinary_market(cls):
    indicator = example(cls)
    for output, values in outputs_on(indicator, random_bars(seed=5, rows=90)).items():
        first = int(np.flatnonzero(~np.isnan(values))[0])
        assert np.isfinite(values[first:]).all(), output
        if indicator.warmup < 1_000:  # else it waits for a time and not for a count
            assert first == indicator.warmup - 1, output

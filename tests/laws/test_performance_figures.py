"""Laws of the figures: they never are infinite, they do not depend on the currency, and risk has its sign."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.domain.records import FILL, FUNDING, TRADE
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance import Performance, Unit, drawdowns, summarise, underwater
from tradewind.core.performance.metrics import METRICS

STEPS = [UNITS_NS["m"], UNITS_NS["h"], UNITS_NS["d"], UNITS_NS["w"]]
values = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)
profits = st.integers(-(10**8), 10**8).map(lambda cents: cents / 128)
positive = st.floats(min_value=1e-3, max_value=1e6)


def judge(equity: list[float], step: int, start: int, pnl: list[float], scale: float = 1.0) -> Performance:
    time = start * UNITS_NS["h"] + np.arange(len(equity), dtype=np.int64) * step
    trades = np.zeros(len(pnl), TRADE)
    trades["pnl"], trades["return"] = np.array(pnl) * scale, np.array(pnl) / 1000.0
    trades["side"] = np.where(np.arange(len(pnl)) % 2, 1, -1)
    return summarise(
        time=time,
        equity=np.array(equity) * scale,
        initial=100.0 * scale,
        step_ns=step,
        trades=trades,
        fills=np.zeros(0, FILL),
        funding=np.zeros(0, FUNDING),
        exposure=np.array(equity) > 0,
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(values, min_size=1, max_size=60),
    st.sampled_from(STEPS),
    st.integers(0, 10**6),
    st.lists(profits, max_size=9),
)
def test_every_figure_is_a_finite_number_or_says_why_not(equity: list, step: int, start: int, pnl: list) -> None:
    result = judge(equity, step, start, pnl)
    for name, value in result.metrics.items():
        assert (value is None) == (name in result.undefined), name
        assert value is None or math.isfinite(value), name


@settings(max_examples=100, deadline=None)
@given(
    st.lists(positive, min_size=2, max_size=60),
    st.sampled_from(STEPS),
    st.lists(profits, max_size=9),
    st.sampled_from([0.5, 1024.0]),
)
def test_ratios_do_not_depend_on_the_currency(equity: list, step: int, pnl: list, scale: float) -> None:
    # Powers of two change no bit of a ratio, so a difference would be a formula's.
    one, other = judge(equity, step, 0, pnl), judge(equity, step, 0, pnl, scale)
    for name, metric in METRICS.items():
        factor = scale if metric.unit is Unit.QUOTE else 1.0
        if one.metrics[name] is None:
            assert other.metrics[name] is None
        else:
            assert other.metrics[name] == pytest.approx(one.metrics[name] * factor, rel=1e-12, abs=1e-300), name


@settings(max_examples=150, deadline=None)
@given(st.lists(positive, min_size=1, max_size=80))
def test_drawdowns_cover_exactly_the_bars_below_the_peak(equity: list[float]) -> None:
    curve, step = np.array(equity), UNITS_NS["h"]
    time = np.arange(len(curve), dtype=np.int64) * step
    below, found = underwater(curve, 100.0), drawdowns(time, curve, 100.0, step)
    assert ((below <= 0) & (below >= -1)).all()
    assert [d.depth for d in found] == sorted(d.depth for d in found)
    assert min([d.depth for d in found], default=0.0) == below.min()
    bars = sum((d.duration // step) - (0 if d.end is None else 1) for d in found)
    assert bars == np.count_nonzero(below < 0)
    for d in found:
        assert d.start < d.trough <= d.start + d.duration
        assert d.end is None or d.recovery == d.end - d.trough

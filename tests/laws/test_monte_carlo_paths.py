"""Laws of simulated paths: no split changes them, no account goes below nothing, and more costs never help."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.performance.account_paths import PathOutcomes, Plan, in_order, joined, walk_paths
from tradewind.core.performance.path_figures import path_figures
from tradewind.core.performance.resampling import ORDERS
from tradewind.core.performance.trade_results import TradeResults


@st.composite
def results(draw: st.DrawFn) -> TradeResults:
    compounded = draw(st.booleans())
    scale = 1.0 if compounded else 10_000.0
    value = np.array(draw(st.lists(st.floats(-1.5, 2.0), min_size=2, max_size=40))) * scale
    deeper = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=len(value), max_size=len(value)))) * scale
    costs = np.array(draw(st.lists(st.floats(0.0, 0.1), min_size=len(value), max_size=len(value)))) * scale
    return TradeResults(10_000.0, compounded, value, np.minimum(value, 0.0) - deeper, costs)


@st.composite
def plans(draw: st.DrawFn, trades: int) -> Plan:
    order = draw(st.sampled_from(ORDERS))
    steps = draw(st.integers(1, 60)) if order in ("bootstrap", "block") else trades
    return Plan(
        order, draw(st.integers(0, 2**63 - 1)), steps, np.array([0, steps]), draw(st.floats(1.0, 10.0)),
        draw(st.floats(0.01, 0.99)), draw(st.sampled_from([1.0, 2.5])),
    )  # fmt: skip


cases = results().flatmap(lambda made: st.tuples(st.just(made), plans(len(made.value))))


def bytes_of(outcomes: PathOutcomes) -> list[bytes]:
    return [np.ascontiguousarray(getattr(outcomes, name)).tobytes() for name in PathOutcomes.__slots__]


@settings(max_examples=80, deadline=None)
@given(cases, st.integers(1, 300), st.integers(0, 2**40), st.data())
def test_no_split_of_the_paths_changes_a_byte(
    case: tuple[TradeResults, Plan], paths: int, first: int, data: st.DataObject
) -> None:
    made, plan = case
    cut = data.draw(st.integers(1, paths))
    parts = [walk_paths(made, plan, first, cut)]
    if cut < paths:
        parts.append(walk_paths(made, plan, first + cut, paths - cut))
    assert bytes_of(joined(parts)) == bytes_of(walk_paths(made, plan, first, paths))


@settings(max_examples=80, deadline=None)
@given(cases)
def test_every_account_stays_between_nothing_and_its_best(case: tuple[TradeResults, Plan]) -> None:
    made, plan = case
    found = walk_paths(made, plan, 0, 130)
    assert (found.lowest >= 0.0).all()
    assert (found.lowest <= np.minimum(found.final, made.initial)).all()
    assert ((found.max_drawdown >= -1.0) & (found.max_drawdown <= 0.0)).all()
    assert (found.max_drawdown <= found.below.min(axis=0) + 1e-15).all()
    assert (found.wins + found.losses <= found.taken).all()
    assert (found.longest_loss_streak <= found.losses).all()
    assert (found.gains >= found.total - 1e-9 * np.abs(found.gains)).all()
    figures = path_figures(found, made.initial)
    # What is nearly nothing is a return of -1 as well, by rounding.
    assert (figures["total_return"] >= -1.0).all()
    assert (figures["total_return"][found.final == 0.0] == -1.0).all()


@settings(max_examples=60, deadline=None)
@given(results(), st.floats(1.0, 5.0), st.floats(1.0, 5.0))
def test_higher_costs_never_leave_more(made: TradeResults, one: float, other: float) -> None:
    cheap, dear = sorted((one, other))
    plan = Plan("bootstrap", 3, 20, np.array([20]))
    with_cheap, with_dear = (walk_paths(made.stressed(factor), plan, 0, 128) for factor in (cheap, dear))
    assert (with_dear.final <= with_cheap.final * (1 + 1e-12)).all()
    assert (with_dear.lowest <= with_cheap.lowest * (1 + 1e-12)).all()


@settings(max_examples=60, deadline=None)
@given(results(), st.integers(0, 2**63 - 1))
def test_the_order_of_trades_changes_no_sum(made: TradeResults, seed: int) -> None:
    plan = Plan("permutation", seed, len(made.value), np.empty(0, np.int64))
    shuffled, own = walk_paths(made, plan, 0, 64), in_order(made)
    assert (shuffled.wins == own.wins[0]).all()
    assert (shuffled.losses == own.losses[0]).all()
    assert np.allclose(shuffled.total, own.total[0], rtol=1e-12, atol=1e-9 * made.initial)
    if made.compounded and own.lowest[0] > 0.0 and (made.worst > -1.0).all():
        assert np.allclose(shuffled.final, own.final[0], rtol=1e-9)

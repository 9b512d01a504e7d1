"""Figures of paths are those of the trades on them, and missing where trades have none."""

import numpy as np
import pytest

from tradewind.core.performance.account_paths import Plan, in_order, walk_paths
from tradewind.core.performance.cost_stress import cost_stress
from tradewind.core.performance.path_figures import PATH_METRICS, path_figures
from tradewind.core.performance.resampling import trade_order
from tradewind.core.performance.trade_results import TradeResults
from tradewind.core.performance.undefined import Undefined


def results(*value: float, costs: float = 0.0, compounded: bool = False) -> TradeResults:
    made = np.array(value)
    return TradeResults(1_000.0, compounded, made, np.minimum(made, 0.0), np.full(len(made), costs))


def test_the_figures_of_the_run_itself_are_those_of_its_trades() -> None:
    trades = results(50.0, -20.0, -30.0, 100.0, 0.0)
    found = {name: float(values[0]) for name, values in path_figures(in_order(trades), 1_000.0).items()}
    assert set(found) == set(PATH_METRICS)
    assert found["final_equity"] == 1_100.0
    assert found["total_return"] == pytest.approx(0.1)
    assert found["max_drawdown"] == pytest.approx(1_000 / 1_050 - 1)
    assert found["lowest_equity"] == 1_000.0
    assert found["win_rate"] == pytest.approx(0.4)
    assert found["profit_factor"] == pytest.approx(3.0)
    assert found["average_trade"] == pytest.approx(20.0)
    assert found["sqn"] == pytest.approx(np.sqrt(5) * 20.0 / np.std(trades.value, ddof=1))
    assert found["longest_loss_streak"] == 2
    assert found["trades"] == 5


def test_every_path_has_the_figures_of_the_trades_it_drew() -> None:
    trades = results(*np.random.default_rng(1).normal(2.0, 30.0, 25))
    figures = path_figures(walk_paths(trades, Plan("bootstrap", 4, 25, np.empty(0, np.int64)), 0, 50), 1_000.0)
    for path in (0, 7, 49):
        drawn = trades.value[trade_order("bootstrap", 4, path, 25, 25)[:, 0]]
        gains, losses = drawn[drawn > 0].sum(), -drawn[drawn < 0].sum()
        assert figures["profit_factor"][path] == pytest.approx(gains / losses, rel=1e-9)
        assert figures["sqn"][path] == pytest.approx(5 * drawn.mean() / drawn.std(ddof=1), rel=1e-9)
        assert figures["win_rate"][path] == pytest.approx((drawn > 0).mean(), rel=1e-12)


def test_a_path_without_a_loss_or_a_deviation_has_no_such_figure() -> None:
    found = path_figures(in_order(results(10.0, 10.0, 10.0)), 1_000.0)
    assert np.isnan(found["profit_factor"][0])
    assert np.isnan(found["sqn"][0])


def test_a_path_on_which_every_trade_was_left_out_has_no_figures_of_trades() -> None:
    plan = Plan("skip", 1, 2, np.empty(0, np.int64), skip=0.9)
    found = path_figures(walk_paths(results(10.0, -5.0), plan, 0, 200), 1_000.0)
    idle = found["trades"] == 0
    assert 0 < idle.sum() < 200
    for name in ("win_rate", "profit_factor", "average_trade", "sqn"):
        assert np.isnan(found[name][idle]).all()
    assert (found["total_return"][idle] == 0.0).all()


def test_dearer_trades_earn_less_and_break_even_where_costs_eat_the_profit() -> None:
    found = cost_stress(results(30.0, -10.0, 20.0, costs=4.0), (1.0, 2.0, 4.0))
    assert found.total_return == pytest.approx((0.04, 0.028, 0.004))
    assert found.break_even == pytest.approx(1 + 40 / 12)
    assert cost_stress(results(30.0, -10.0, 20.0, costs=4.0), (found.break_even,)).total_return[0] == pytest.approx(0.0)


def test_break_even_of_a_compounded_account_is_reckoned_in_the_money_it_made() -> None:
    # 1,000 x 10 % = 100, then 1,100 x -5 % = -55: 45 earned, with costs of 10 and 11.
    found = cost_stress(results(0.1, -0.05, costs=0.01, compounded=True))
    assert found.break_even == pytest.approx(1 + 45 / 21)


def test_trades_without_costs_have_no_break_even() -> None:
    assert cost_stress(results(30.0, -10.0)).break_even == Undefined("the trades had no costs")

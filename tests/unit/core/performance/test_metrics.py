"""Each figure against a formula written out here in plain Python."""

import itertools
import math
from statistics import NormalDist, mean, stdev

import numpy as np
import pytest

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.records import FILL, FUNDING, TRADE
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance import METRICS, Performance, summarise
from tradewind.core.performance.significance import probabilistic_sharpe
from tradewind.core.performance.undefined import Undefined, finite, ratio

DAY, HOUR = UNITS_NS["d"], UNITS_NS["h"]
START = 1_704_067_200_000_000_000  # Monday, 2024-01-01


def trades_of(*rows: tuple[int, float, float]) -> np.ndarray:
    """(side, pnl, return) each; every trade lasts six hours."""
    trades = np.zeros(len(rows), TRADE)
    for i, (side, pnl, gain) in enumerate(rows):
        trades[i]["side"], trades[i]["pnl"], trades[i]["return"] = side, pnl, gain
        trades[i]["entry_time"], trades[i]["exit_time"] = START + i * DAY, START + i * DAY + 6 * HOUR
    return trades


def judge(equity: list[float] | np.ndarray, *, initial: float = 100.0, step: int = DAY, **more: object) -> Performance:
    equity = np.asarray(equity, dtype=np.float64)
    arguments = {
        "time": START + np.arange(len(equity), dtype=np.int64) * step,
        "trades": np.zeros(0, TRADE),
        "fills": np.zeros(0, FILL),
        "funding": np.zeros(0, FUNDING),
    } | more
    return summarise(equity=equity, initial=initial, step_ns=step, **arguments)


def test_ratios_equal_their_written_out_formulas_on_daily_values_of_hourly_bars() -> None:
    rng = np.random.default_rng(7)
    hourly = 100.0 * np.exp(np.cumsum(rng.normal(0.0002, 0.01, 24 * 90)))
    daily = [100.0, *hourly[23::24]]
    returns = [after / before - 1.0 for before, after in itertools.pairwise(daily)]
    result = judge(hourly, step=HOUR)
    losses = [min(r, 0.0) for r in returns]
    gains = [max(r, 0.0) for r in returns]
    m, s, n = mean(returns), stdev(returns), len(returns)
    z = [(r - m) / math.sqrt(sum((x - m) ** 2 for x in returns) / n) for r in returns]
    g1, g2 = mean(x**3 for x in z), mean(x**4 for x in z) - 3
    skew = g1 * math.sqrt(n * (n - 1)) / (n - 2)
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6)
    worst, best_so_far = 0.0, 100.0
    for value in hourly:
        best_so_far = max(best_so_far, value)
        worst = min(worst, value / best_so_far - 1.0)
    peaks = np.maximum.accumulate(daily)[1:]
    growth = (hourly[-1] / 100.0) ** (365 / 90) - 1
    expected = {
        "volatility": s * math.sqrt(365),
        "sharpe": m / s * math.sqrt(365),
        "sortino": m / math.sqrt(mean(x * x for x in losses)) * math.sqrt(365),
        "omega": sum(gains) / -sum(losses),
        "skew": skew,
        "kurtosis": kurtosis,
        "psr": NormalDist().cdf(
            m / s * math.sqrt(n - 1) / math.sqrt(1 - skew * m / s + (kurtosis + 2) / 4 * (m / s) ** 2)
        ),
        "max_drawdown": worst,
        "cagr": growth,
        "calmar": growth / -worst,
        "total_return": hourly[-1] / 100.0 - 1.0,
        "recovery_factor": (hourly[-1] / 100.0 - 1.0) / -worst,
        "expected_shortfall_95": mean(sorted(returns)[:5]),
        "value_at_risk_95": sorted(returns)[4] + 0.45 * (sorted(returns)[5] - sorted(returns)[4]),
        "years": 90 / 365,
    }
    for name, value in expected.items():
        assert result.metrics[name] == pytest.approx(value, rel=1e-9), name
    # The peak of an hour counts for the drawdown, so the ulcer index of days is not taken from daily peaks.
    daily_only = math.sqrt(mean((value / peak - 1.0) ** 2 for value, peak in zip(daily[1:], peaks, strict=True)))
    assert result.metrics["ulcer_index"] >= daily_only
    assert result.periods_per_year == 365


def test_trade_figures_equal_their_written_out_formulas() -> None:
    rows = [(1, 30.0, 0.03), (1, -10.0, -0.01), (-1, 20.0, 0.04), (-1, -15.0, -0.02), (1, -5.0, -0.005), (1, 0.0, 0.0)]
    pnl = [row[1] for row in rows]
    result = judge([100.0, 101.0], trades=trades_of(*rows)).metrics
    payoff_of_returns = mean([0.03, 0.04]) / mean([0.01, 0.02, 0.005])
    expected = {
        "trades": 6,
        "win_rate": 2 / 6,
        "profit_factor": 50.0 / 30.0,
        "expectancy": 20.0 / 6,
        "gross_profit": 50.0,
        "gross_loss": -30.0,
        "best_trade": 0.04,
        "worst_trade": -0.02,
        "average_trade": mean(row[2] for row in rows),
        "average_win": 25.0,
        "average_loss": -10.0,
        "payoff_ratio": 2.5,
        "longest_win_streak": 1,
        "longest_loss_streak": 2,
        "average_trade_duration": 0.25,
        "sqn": math.sqrt(6) * mean(pnl) / stdev(pnl),
        "kelly": 2 / 6 - (4 / 6) / payoff_of_returns,
        "long_trades": 4,
        "long_win_rate": 0.25,
        "long_pnl": 15.0,
        "short_trades": 2,
        "short_win_rate": 0.5,
        "short_pnl": 5.0,
    }
    for name, value in expected.items():
        assert result[name] == pytest.approx(value, rel=1e-12), name


def test_costs_and_turnover_are_sums_over_fills_and_payments() -> None:
    fills, funding = np.zeros(3, FILL), np.zeros(2, FUNDING)
    fills["size"], fills["price"] = [1.0, 2.0, 3.0], [100.0, 110.0, 90.0]
    fills["fee"], fills["slippage"], funding["paid"] = [0.5, -0.1, 0.2], [0.1, 0.0, 0.3], [0.7, -0.2]
    result = judge([100.0, 300.0], fills=fills, funding=funding, exposure=np.array([True, False])).metrics
    assert result["fees_paid"] == pytest.approx(0.6)
    assert result["slippage_paid"] == pytest.approx(0.4)
    assert result["funding_paid"] == pytest.approx(0.5)
    assert result["turnover"] == pytest.approx((100 + 220 + 270) / 200)
    assert result["exposure_time"] == 0.5


def test_the_published_example_of_the_probabilistic_sharpe_ratio() -> None:
    # Bailey and Lopez de Prado (2012): 24 months at 0.458 a month, skewness -2.448, kurtosis 10.164.
    assert probabilistic_sharpe(0.458, 24, -2.448, 10.164) == pytest.approx(0.913, abs=5e-4)
    assert probabilistic_sharpe(0.458, 24, 0.0, 3.0) == pytest.approx(0.982, abs=5e-4)
    assert isinstance(probabilistic_sharpe(0.5, 24, 3.0, 1.0), Undefined)
    assert isinstance(probabilistic_sharpe(0.5, 1, 0.0, 3.0), Undefined)


def test_a_run_without_trades_defines_what_it_can_and_says_why_for_the_rest() -> None:
    result = judge([100.0] * 40)
    assert result.metrics["total_return"] == 0.0
    assert result.metrics["max_drawdown"] == 0.0
    assert result.metrics["trades"] == 0
    assert result.undefined["win_rate"] == "no trades"
    assert result.undefined["sharpe"] == "all returns are equal"
    assert result.undefined["calmar"] == "no drawdown"
    assert result.undefined["exposure_time"] == "the run did not record its exposure"


def test_only_wins_leave_loss_ratios_undefined() -> None:
    result = judge([101.0, 102.0], trades=trades_of((1, 1.0, 0.01), (1, 1.0, 0.01)))
    for name in ("profit_factor", "payoff_ratio", "kelly", "average_loss"):
        assert result.undefined[name] == "no losing trade"
    assert result.undefined["sqn"] == "all trades made the same profit"
    only_losses = judge([99.0, 98.0], trades=trades_of((1, -1.0, -0.01)))
    assert only_losses.undefined["kelly"] == "no winning trade"
    assert only_losses.undefined["payoff_ratio"] == "no winning trade"
    assert only_losses.undefined["sqn"] == "fewer than two trades"
    assert only_losses.metrics["profit_factor"] == 0.0


def test_a_ruined_account_has_a_total_return_but_no_ratios() -> None:
    result = judge([100.0, 50.0, -20.0, -20.0])
    assert result.metrics["total_return"] == pytest.approx(-1.2)
    assert result.metrics["max_drawdown"] == pytest.approx(-1.2)
    assert result.undefined["cagr"] == "the account ended at zero or below"
    assert result.undefined["sharpe"] == "the account fell to zero or below"


def test_a_run_of_an_hour_is_not_annualised() -> None:
    result = judge([101.0], step=HOUR)
    assert result.undefined["cagr"] == "the run is shorter than a day"
    assert result.undefined["calmar"] == "the run is shorter than a day"


def test_a_growth_beyond_all_numbers_is_undefined_not_infinite() -> None:
    result = judge([1e9], step=DAY)
    assert result.undefined["cagr"] == "the run is too short to annualise"
    assert finite(math.inf) == Undefined("the number is too large to be written")
    assert ratio(1e308, 1e-308, "") == Undefined("the number is too large to be written")


def test_every_metric_is_given_or_explained_in_the_tables_order() -> None:
    result = judge([101.0, 99.0, 103.0])
    assert list(result.metrics) == list(METRICS)
    assert {name for name, value in result.metrics.items() if value is None} == set(result.undefined)
    assert all(result.undefined.values())


@pytest.mark.parametrize(
    ("equity", "more", "message"),
    [
        ([], {}, "a run without bars has no calendar"),
        ([100.0, math.nan], {}, "bar 1: equity is nan"),
        ([100.0, math.inf], {}, "bar 1: equity is inf"),
        ([100.0], {"initial": 0.0}, "the initial cash is 0.0"),
        ([100.0], {"initial": math.nan}, "the initial cash is nan"),
        ([100.0], {"step": 0}, "a bar cannot last 0 ns"),
        ([100.0], {"time": np.zeros(2, np.int64)}, "1 values of equity for 2 bars"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_sentence(equity: list[float], more: dict, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        judge(equity, **more)

"""The figures equal those that other libraries give for the same returns, and the published example of the PSR."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from tradewind.core.domain.records import FILL, FUNDING, TRADE
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance import Performance, summarise

GOLDENS = Path(__file__).parents[4].parent / "shared" / "vectors" / "metrics"
SAME = {  # ours: theirs
    "sharpe": "empyrical.sharpe_ratio",
    "sortino": "empyrical.sortino_ratio",
    "max_drawdown": "empyrical.max_drawdown",
    "cagr": "empyrical.annual_return",
    "volatility": "empyrical.annual_volatility",
    "calmar": "empyrical.calmar_ratio",
    "omega": "empyrical.omega_ratio",
    "tail_ratio": "empyrical.tail_ratio",
    "value_at_risk_95": "empyrical.value_at_risk",
    "expected_shortfall_95": "empyrical.conditional_value_at_risk",
    "total_return": "empyrical.cum_returns_final",
    "skew": "quantstats.skew",
    "kurtosis": "quantstats.kurtosis",
}


def judged(series: str) -> tuple[Performance, dict[str, float], int]:
    path = GOLDENS / "empyrical_quantstats_goldens.json"
    if not path.exists():
        pytest.skip("the shared vectors are not beside this checkout")
    golden = json.loads(path.read_text())[series]
    rows = list(csv.reader((GOLDENS / f"{series}.returns.csv").read_text().splitlines()))[1:]
    time = np.array([row[0] for row in rows], dtype="datetime64[ns]").astype(np.int64)
    equity = np.cumprod(1.0 + np.array([float(row[1]) for row in rows]))
    empty = {"trades": np.zeros(0, TRADE), "fills": np.zeros(0, FILL), "funding": np.zeros(0, FUNDING)}
    result = summarise(time=time, equity=equity, initial=1.0, step_ns=UNITS_NS["d"], **empty)
    assert result.periods_per_year == golden["periods"]
    return result, golden["metrics"], golden["n"]


@pytest.mark.parametrize("series", ["GOOG_close_daily", "BTC_skender_daily", "BTC_hyperliquid_1d"])
def test_real_returns_give_what_empyrical_and_quantstats_give(series: str) -> None:
    result, golden, n = judged(series)
    for ours, theirs in SAME.items():
        assert result.metrics[ours] == pytest.approx(golden[theirs], rel=1e-9), ours
    # quantstats divides the ulcer index by n - 1, Martin by n.
    ulcer = golden["quantstats.ulcer_index"] * math.sqrt((n - 1) / n)
    assert result.metrics["ulcer_index"] == pytest.approx(ulcer, rel=1e-9)
    # quantstats puts the excess kurtosis where the paper has the full one: close, and corrected here.
    assert result.metrics["psr"] == pytest.approx(golden["quantstats.probabilistic_sharpe_ratio"], abs=2e-3)


def test_a_flat_account_has_no_ratios_and_says_why() -> None:
    result, golden, _ = judged("zeros")
    for ours in ("max_drawdown", "cagr", "volatility", "total_return", "value_at_risk_95", "expected_shortfall_95"):
        assert result.metrics[ours] == golden[SAME[ours]] == 0.0
    for ours in ("sharpe", "sortino", "calmar", "omega", "tail_ratio", "skew", "kurtosis", "psr"):
        assert result.metrics[ours] is None
        assert result.undefined[ours]


def test_the_same_loss_every_day_has_no_sharpe_ratio_though_others_print_minus_infinity() -> None:
    result, golden, _ = judged("all_negative")
    assert golden["empyrical.sharpe_ratio"] == -math.inf
    assert result.metrics["sharpe"] is None
    assert result.undefined["sharpe"] == "all returns are equal"
    for ours in ("sortino", "max_drawdown", "cagr", "calmar", "omega", "tail_ratio", "value_at_risk_95"):
        assert result.metrics[ours] == pytest.approx(golden[SAME[ours]], rel=1e-9), ours


def test_one_return_is_too_few_for_ratios() -> None:
    result, golden, _ = judged("one_value")
    assert result.metrics["cagr"] == pytest.approx(golden["empyrical.annual_return"], rel=1e-9)
    for ours in ("sharpe", "sortino", "volatility", "calmar", "omega", "tail_ratio", "psr", "value_at_risk_95"):
        assert result.metrics[ours] is None
        assert result.undefined[ours]

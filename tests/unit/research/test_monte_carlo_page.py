"""The page of a simulation: what it says is what was found, and what was not found is said to be missing."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.performance.trade_results import TradeResults
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.backtest import Backtest, backtest
from tradewind.research.monte_carlo import PATHS, MonteCarlo, Terms, monte_carlo, simulate_trades
from tradewind.research.reports.monte_carlo_page import METHODS, monte_carlo_document, monte_carlo_study, verdict
from tradewind.research.reports.study import render_study, write_study
from tradewind.research.resampled_trades import ORDER_OF, Resampling

BARS = synthetic_market(SyntheticMarket(bars=1_500, seed=3))[0]
COUNTS = {"random_entry": 12, "jitter": 12}


@pytest.fixture(scope="module")
def run() -> Backtest:
    return backtest(STRATEGIES["sma_cross"], BARS, fast=5, slow=20, engine="interpreted")


@pytest.fixture(scope="module")
def found(run: Backtest) -> MonteCarlo:
    return monte_carlo(run, paths=500)


def words(page: str) -> str:
    text = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).replace("\u2212", "-")


@pytest.mark.parametrize("method", PATHS)
def test_every_method_has_a_page_that_says_how_its_paths_were_made(run: Backtest, method: str) -> None:
    found = monte_carlo(run, method=method, paths=COUNTS.get(method, 400))
    page = render_study(monte_carlo_study(found, subject="SmaCross", currency="USDT"))
    assert METHODS[method] in words(page).replace("&#39;", "'")
    assert len(page) < 400_000
    drawn = re.findall(r'<svg class="drawing wide" [^>]*aria-label="([^"]*)"', page)
    assert len(drawn) >= 3
    assert ("Does as well as the run" in page) == (method == "random_entry")


def test_the_page_says_the_figures_that_were_found(found: MonteCarlo) -> None:
    text = words(render_study(monte_carlo_study(found, currency="USDT")))
    for name in ("total_return", "max_drawdown"):
        b = found.metrics[name]
        assert b is not None
        for value in (b.p5, b.p50, b.p95):
            shown = f"{value * 100:.2f}" if abs(round(value * 100, 2)) < 10 else f"{value * 100:.1f}"
            assert f"{shown}\u202f%" in text or f"{shown} %" in text
    assert f"{found.probabilities['profit'].share * 100:.1f}" in text


def test_the_runs_own_account_is_drawn_where_its_steps_are_those_of_the_paths(run: Backtest, found: MonteCarlo) -> None:
    assert found.own.shape == (2, len(found.steps))
    assert found.own[0, 0] == found.terms.initial
    assert found.own[0, -1] == pytest.approx(found.actual["final_equity"])
    assert "this run" in render_study(monte_carlo_study(found))
    longer = monte_carlo(run, paths=100, trades=10 * len(run.trades))
    assert np.isnan(longer.own).all()
    jittered = monte_carlo(run, method="jitter", paths=4)
    assert jittered.own[0, -1] == run.equity[-1]
    assert jittered.own[1].min() >= run.metrics["max_drawdown"]


def test_what_cannot_be_told_has_its_reason_and_no_number() -> None:
    nothing = simulate_trades(Undefined("no trades"), Resampling("bootstrap"), 100)
    assert verdict(nothing) == "Nothing can be said of other courses: no trades."
    study = monte_carlo_study(nothing, subject="Idle")
    assert [card[1] for card in study.key_figures] == ["\N{EN DASH}"] * 4
    text = words(render_study(study))
    assert "Nothing can be said" in text
    assert "no trades" in text
    assert "nan" not in text.lower().replace("finance", "")


def test_a_part_that_is_undefined_leaves_the_rest_standing(run: Backtest) -> None:
    order = monte_carlo(run, method="permutation", paths=200)
    text = words(render_study(monte_carlo_study(order)))
    assert "the order of the trades does not change it" in text
    assert order.metrics["max_drawdown"] is not None
    assert "Maximum drawdown" in text
    assert "ended with a profit" not in verdict(replace(order, probabilities=dict.fromkeys(order.probabilities)))


def test_money_per_trade_is_money_where_stakes_do_not_grow(run: Backtest) -> None:
    flat = monte_carlo(run, paths=200, compounded=False)
    assert flat.terms == Terms(10_000.0, compounded=False)
    text = words(render_study(monte_carlo_study(flat, currency="USDT")))
    assert re.search(r"Average trade -?[\d.,]+\s*USDT", text)


def test_the_document_is_json_with_every_figure(found: MonteCarlo, tmp_path: Path) -> None:
    write_study(monte_carlo_study(found), monte_carlo_document(found), tmp_path)
    kept = json.loads((tmp_path / "report.json").read_text())
    assert (kept["kind"], kept["method"], kept["paths"]) == ("monte-carlo", "bootstrap", 500)
    assert kept["metrics"]["total_return"]["p50"] == found.metrics["total_return"].p50
    assert kept["equity"] == found.equity.tolist()
    assert kept["ranks"]["total_return"] == found.rank("total_return")
    assert "figures" not in kept


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(found: MonteCarlo) -> None:
    shown = found._repr_html_()
    assert shown.startswith("<iframe ")
    assert shown.count("<iframe") == shown.count("</iframe>") == 1
    inside = re.search(r'srcdoc="([^"]*)"', shown)[1]
    assert "&lt;!doctype html&gt;" in inside
    assert "<" not in inside
    assert "1970" not in inside


def test_the_methods_of_the_page_are_all_there_are() -> None:
    assert list(METHODS) == list(PATHS)
    assert set(ORDER_OF) < set(METHODS)


def test_trades_that_are_all_the_same_say_so() -> None:
    results = TradeResults(
        value=np.array([0.1, 0.1]), worst=np.zeros(2), costs=np.zeros(2), initial=100.0, compounded=True
    )
    same = simulate_trades(results, Resampling("bootstrap"), 50)
    assert "all trades have the same result" in words(render_study(monte_carlo_study(same)))


def test_a_few_very_lucky_paths_do_not_take_the_whole_picture(found: MonteCarlo) -> None:
    returns = found.figures["total_return"].copy()
    returns[:3] = 1_000.0
    page = words(render_study(monte_carlo_study(replace(found, figures={**found.figures, "total_return": returns}))))
    assert re.search(r"\d+ above [\d.,]+ %, not drawn", page.replace("\u202f", " "))
    assert "not drawn" not in words(render_study(monte_carlo_study(found)))

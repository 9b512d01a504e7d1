"""A walk-forward from Python: the windows, their tests joined, and what it does about what goes wrong."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from report_examples import market

from tradewind import BadInput, Market, MarketRules, Strategy, StrategyFailed, instrument_for, param
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.backtest import backtest
from tradewind.research.optimise import optimise
from tradewind.research.reports.study import render_study
from tradewind.research.reports.walk_forward_document import walk_forward_document
from tradewind.research.reports.walk_forward_page import walk_forward_study
from tradewind.research.reports.walk_forward_words import cautions, verdict_of
from tradewind.research.walk_forward import walk_forward

BARS = market("BTC/USDT", 2_400, "1h", seed=9)
SMA_CROSS = STRATEGIES["sma_cross"]
SPACE = {"fast": [5, 10], "slow": [20, 40]}


PAIR = (
    market("BTC/USDT:USDT", 2_400, "1h", seed=9),
    Market(market("ETH/USDT:USDT", 2_000, "1h", seed=4, price=2_000.0), instrument_for("ETH/USDT:USDT")),
)


@pytest.fixture(scope="module")
def walked(kernels):
    return walk_forward(SMA_CROSS, BARS, space=SPACE, windows=4, cache=kernels)


def test_a_window_chooses_what_a_search_of_its_training_chooses_and_runs_it_on_its_test(walked, kernels):
    for result in walked.windows:
        train, test = result.window.train, result.window.test
        found = optimise(SMA_CROSS, BARS.slice(train.start_ns, train.end_ns), space=SPACE, cache=kernels)
        assert result.parameters == found.best_parameters
        assert result.in_sample == found.scores.of(found.best)
        rules = MarketRules(trade_from_ns=test.start_ns)
        again = backtest(
            SMA_CROSS, BARS.slice(train.start_ns, test.end_ns), rules=rules, parameters=result.parameters, cache=kernels
        )
        assert result.test.run.decision_hash == again.run.decision_hash
        assert np.array_equal(result.test.equity, again.equity)


def test_the_figures_follow_from_the_windows(walked):
    profits = [result.out_of_sample["total_return"] > 0 for result in walked.windows]
    assert walked.consistency == np.mean(profits)
    falls = [r.in_sample["sharpe"] - r.out_of_sample["sharpe"] for r in walked.windows]
    assert walked.degradation == pytest.approx(np.mean(falls))
    years = walked.joined.performance.metrics["years"]
    total = walked.joined.performance.metrics["total_return"]
    out = [float(r.growth_out_of_sample) for r in walked.windows]
    assert np.mean(out) == pytest.approx(np.log1p(total) / years, rel=1e-3)
    assert walked.tried == 16
    assert repr(walked).startswith("WalkForward(SmaCross, 4 of 4 windows, robustness ")


def test_parameters_that_are_held_are_not_searched(kernels):
    found = walk_forward(SMA_CROSS, BARS, space={"fast": [5, 10]}, parameters={"slow": "60"}, windows=3, cache=kernels)
    assert {result.parameters["slow"] for result in found.windows} == {60}
    assert found.fixed == {"slow": 60}
    with pytest.raises(BadInput, match="turned and has a fixed value"):
        walk_forward(SMA_CROSS, BARS, space=SPACE, parameters={"slow": 60})


class Climbing(Strategy):
    """The more it dares, the more it earns or loses: a search ends at an end."""

    share = param(0.1, low=0.0, high=0.9)
    unused = param(False)

    def on_bar(self, bar):
        if not self.position:
            self.buy(size=self.share * self.equity / bar.close)


@pytest.mark.parametrize(("shares", "end"), [([0.2, 0.4], 0.4), ([0.2, 0.9], None)])
def test_a_choice_at_the_end_of_what_was_tried_is_told_unless_nothing_lies_beyond(kernels, shares, end):
    space = {"share": shares, "unused": [False, True]}
    asked = {"objective": "total_return", "windows": 2, "anchored": True, "cache": kernels}
    found = walk_forward(Climbing, BARS, space=space, **asked)
    assert {(r.parameters["share"], r.parameters["unused"]) for r in found.windows} == {(shares[1], False)}
    words = " ".join(walk_forward_study(found).warnings)
    expected = f"share was chosen as the greatest value tried ({end}) in 2 of 2 windows"
    assert (expected in words) == (end is not None)
    assert words.count("search further") == (end is not None)


class Picky(Strategy):
    """Fails in some sets, and in a test that it does not like."""

    size = param(1, low=1, high=3)

    def setup(self):
        if self.size == 3:
            raise ValueError("three is not liked")

    def on_bar(self, bar):
        if not self.position:
            self.buy()


def test_a_strategy_that_fails_with_every_set_is_told_as_such(kernels):
    with pytest.raises(StrategyFailed, match=r"failed with every set: .*three is not liked"):
        walk_forward(Picky, BARS, space={"size": 3}, windows=2, cache=kernels)


BREAKS_AT = int(BARS.time[1_500])


class Late(Strategy):
    size = param(1, low=1, high=2)

    def on_bar(self, bar):
        if bar.time == BREAKS_AT:
            raise ZeroDivisionError("no such luck")
        if not self.position:
            self.buy()


def test_a_choice_that_fails_in_its_test_leaves_the_account_as_it_was_and_the_others_stand(kernels):
    found = walk_forward(Late, BARS, windows=4, train_bars=800, test_bars=400, cache=kernels)
    first, second, third, fourth = found.windows
    assert first.test is not None
    assert second.parameters is not None
    assert second.test is None
    assert second.reason.startswith("the set that was chosen failed in the test: ")
    warnings = " ".join(walk_forward_study(found).warnings)
    assert "Windows 3, 4: none of the 2 sets may win" in warnings
    assert all("no such luck" in result.reason for result in (second, third, fourth))
    assert [result.parameters is None for result in found.windows] == [False, False, True, True]
    assert found.joined.equity[-1] == pytest.approx(first.test.equity[-1])
    assert found.consistency == (first.out_of_sample["total_return"] > 0) / 4
    assert "Window 2: the set that was chosen failed" in warnings


class AllIn(Strategy):
    size = param(1, low=1, high=2)

    def on_bar(self, bar):
        if not self.position:
            self.buy()


def test_an_emptied_account_stays_empty_and_has_no_growth(kernels):
    falling = PAIR[0].slice(None, int(BARS.time[1_200]))
    crash = replace(falling, **{name: getattr(falling, name).copy() for name in ("open", "high", "low", "close")})
    for name in ("open", "high", "low", "close"):
        getattr(crash, name)[700:] *= 0.2
    rules = MarketRules(leverage=20.0, liquidation=False, slippage="none")
    asked = {"rules": rules, "objective": "max:trades", "cache": kernels}
    found = walk_forward(AllIn, crash, windows=3, train_bars=600, test_bars=200, **asked)
    assert found.joined.equity[-1] <= 0.0
    assert len(set(found.joined.equity[200:])) == 1, "nothing is left to trade with"
    assert found.efficiency == Undefined("the account fell to zero or below")
    assert isinstance(found.robustness.score, Undefined)
    study = walk_forward_study(found)
    assert study.verdict == "Does not hold up out of sample: the account fell to zero or below"
    assert study.good is False


class Idle(Strategy):
    size = param(1, low=1, high=3)

    def on_bar(self, bar):
        pass


def test_sets_that_fail_are_counted_and_never_chosen(kernels):
    found = walk_forward(Picky, BARS, windows=3, cache=kernels)
    assert [result.failed for result in found.windows] == [1, 1, 1]
    assert all(result.parameters["size"] < 3 for result in found.windows)
    assert any("failed in 3 of 9 training runs" in text for text in walk_forward_study(found).warnings)


def test_where_nothing_can_be_chosen_there_is_no_number(kernels):
    found = walk_forward(Idle, BARS, windows=3, cache=kernels)
    assert all(result.parameters is None and "it never traded" in result.reason for result in found.windows)
    assert (found.joined.equity == 10_000.0).all()
    for figure in (found.efficiency, found.degradation, found.stability.overall, found.robustness.score):
        assert isinstance(figure, Undefined)
    study = walk_forward_study(found)
    assert study.good is None
    assert study.verdict == "No verdict: in no window could anything be chosen"
    assert "it never traded" in render_study(study)
    document = walk_forward_document(found)
    assert document["robustness"] is None
    assert document["undefined"]["robustness"] == "all returns are equal"


def test_several_symbols_are_cut_at_the_same_times(kernels):
    given = {"windows": 2, "space": {"enter": [1.5, 2.0]}, "parameters": {"length": 50}, "cache": kernels}
    late = int(BARS.time[200])
    found = walk_forward(STRATEGIES["pairs_zscore"], (PAIR[0].slice(late), PAIR[1]), **given)
    assert sum(result.failed for result in found.windows) == 0
    assert found.joined.performance.metrics["trades"] > 0
    for result in found.windows:
        first, end = result.window.train.start_ns, result.window.test.end_ns
        for given_to, stored in zip(result.test.markets, (PAIR[0].slice(late), PAIR[1].bars), strict=True):
            assert np.array_equal(given_to.bars.time, stored.slice(first, end).time)
    assert found.windows[-1].window.test.end_ns == int(PAIR[0].time[-1]) + BARS.step_ns


def test_a_market_without_bars_in_a_window_is_named(kernels):
    short = Market(PAIR[1].bars.slice(None, int(BARS.time[700])), PAIR[1].instrument)
    with pytest.raises(BadInput, match=r"no bar of ETH/USDT:USDT in the (training|test) of window \d"):
        walk_forward(STRATEGIES["pairs_zscore"], (PAIR[0], short), windows=4, cache=kernels)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"windows": 0}, "from 1 to 1,000 windows"),
        ({"windows": 900}, "too few for 900 windows"),
        ({"train": 1.0}, "between 0 and 1"),
        ({"train_bars": 3_000, "test_bars": 100}, "that takes 3,100"),
        ({"purge": "soon"}, "'soon' is no gap"),
        ({"purge": "--5"}, "'--5' is no gap"),
        ({"embargo": "²"}, "'²' is no gap"),
        ({"embargo": "9" * 5_000}, "is no gap"),
        ({"purge": None}, "None is no gap"),
        ({"embargo": 1.5}, "1.5 is no gap"),
        ({"windows": "3"}, "'3' is no whole number"),
        ({"train_bars": 100.5}, "100.5 is no whole number"),
        ({"test_bars": True}, "True is no whole number"),
        ({"embargo": -3}, "zero bars or more"),
        ({"objective": "sharp"}, "no figure 'sharp'"),
        ({"method": "magic"}, "no method 'magic'"),
        ({"space": {"fats": [1]}}, "no parameter 'fats'"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(given, message):
    with pytest.raises(BadInput, match=message):
        walk_forward(SMA_CROSS, BARS, **{"space": SPACE, **given})


def test_an_interrupt_keeps_the_windows_that_are_done(kernels):
    def stop(stage, done, total):
        if stage == "walking" and done > total // 2:
            raise KeyboardInterrupt

    found = walk_forward(SMA_CROSS, BARS, space=SPACE, windows=4, cache=kernels, progress=stop)
    assert found.interrupted
    assert 0 < len(found.windows) < found.planned == 4
    assert int(found.joined.time[-1]) < found.windows[-1].window.test.end_ns
    study = walk_forward_study(found)
    assert any(text.startswith("Interrupted: ") for text in study.warnings)
    assert study.verdict.startswith(f"Unfinished, after {len(found.windows)} of 4 windows: ")
    assert study.good is None

    def stop_at_once(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk_forward(SMA_CROSS, BARS, space=SPACE, windows=4, cache=kernels, progress=stop_at_once)


def test_progress_counts_the_sets_of_all_windows(kernels):
    told = []
    walk_forward(SMA_CROSS, BARS, space=SPACE, windows=4, cache=kernels, progress=lambda *at: told.append(at))
    assert {(stage, total) for stage, _, total in told} <= {("compiling", 1), ("walking", 16)}
    done = [at for stage, at, _ in told if stage == "walking"]
    assert done == sorted(done)
    assert done[-1] == 16


def test_the_page_holds_every_window_and_its_document_is_plain(walked):
    study = walk_forward_study(walked, currency="USDT")
    page = re.sub(r"<[^>]+>", "", render_study(study))
    for result in walked.windows:
        assert str(result.window.test) in page
    assert walked.joined.performance.metrics["sharpe"] == pytest.approx(
        walk_forward_document(walked)["metrics"]["sharpe"]
    )
    document = walk_forward_document(walked)
    assert document["equity"][-1] == walked.joined.equity[-1]
    assert [w["parameters"] for w in document["windows"]] == [r.parameters for r in walked.windows]


@pytest.mark.parametrize(
    ("windows", "planned", "score", "verdict", "good"),
    [
        (6, 6, 75.0, "Holds up out of sample: robustness 75 of 100", True),
        (6, 6, 45.0, "Undecided: robustness 45 of 100", None),
        (6, 6, 12.0, "Does not hold up out of sample: robustness 12 of 100", False),
        (2, 2, 75.0, "Undecided: robustness 75 of 100, but from 2 windows only", None),
        (2, 2, 12.0, "Does not hold up out of sample: robustness 12 of 100", False),
        (5, 6, 75.0, "Unfinished, after 5 of 6 windows: robustness 75 of 100", None),
        (6, 6, Undefined("all returns are equal"), "No verdict: all returns are equal", None),
    ],
)
def test_the_verdict_is_a_table(windows, planned, score, verdict, good):
    walked = SimpleNamespace(
        robustness=SimpleNamespace(score=score),
        windows=[SimpleNamespace(parameters={"fast": 5})] * windows,
        planned=planned,
        interrupted=windows < planned,
        joined=SimpleNamespace(equity=[10_000.0]),
        rules=MarketRules(),
    )
    assert verdict_of(walked) == (verdict, good)


def test_many_windows_are_drawn_as_points_and_not_all_listed(kernels):
    bars = market("BTC/USDT", 6_000, "1h", seed=9)
    found = walk_forward(SMA_CROSS, bars, space={"fast": [5], "slow": [20]}, train_bars=96, test_bars=48, cache=kernels)
    assert len(found.windows) == 123
    page = render_study(walk_forward_study(found))
    assert "23 more windows are in report.json" in page
    assert "Sharpe ratio, a point for each window" in page
    assert len(page) < 1_000_000


def test_two_lines_in_a_notebook(walked):
    from tradewind import walk_forward as public

    assert public is walk_forward
    shown = walked._repr_html_()
    assert shown.startswith("<iframe ")
    assert "SmaCross, walked forward" in shown


def test_who_never_trades_is_told_that_there_is_nothing_to_judge(kernels):
    walked = walk_forward(Idle, BARS, space={"size": [1, 2]}, windows=2, cache=kernels)
    assert "No trade was made out of sample: there is nothing to judge" in cautions(walked)
    assert walked.joined.performance.metrics["sharpe"] is None

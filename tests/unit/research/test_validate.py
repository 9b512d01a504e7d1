"""A validation from Python: what every stage hands to the gate, and what it says where there is little to say."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from markupsafe import escape
from report_examples import market

from tradewind import BadInput, Bars, MarketRules, Strategy, StrategyFailed, param
from tradewind.adapters.trials.sqlite_trials import SqliteTrials
from tradewind.core.domain.trials import Tally, TrialKind
from tradewind.core.performance.account_paths import in_order
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.bench import Scores
from tradewind.research.counting import counting
from tradewind.research.gate import Outcome, Verdict, gate_from, judge
from tradewind.research.reports.study import render_study
from tradewind.research.reports.validate_document import validate_document
from tradewind.research.reports.validate_page import validate_study, verdict_text
from tradewind.research.search_luck import as_if_worthless, tally_of
from tradewind.research.validate import validate
from tradewind.research.validation import answers_of

SMA_CROSS = STRATEGIES["sma_cross"]
SPACE = {"fast": [5, 10], "slow": [20, 40]}
BARS = market("BTC/USDT:USDT", 2_400, "1h", seed=9)
HOUR = 3_600_000_000_000
RISKY = MarketRules(leverage=10.0, liquidation=False)


class Morning(Strategy):
    """Long in the first hours of each day."""

    hours = param(6, low=2, high=10, help="hours it holds")

    def setup(self):
        self.held = 0

    def on_bar(self, bar):
        self.held += 1
        hour = (bar.time // HOUR + 1) % 24
        if self.direction > 0 and self.held > self.hours:
            self.close()
        elif self.direction == 0 and hour == 0:
            self.buy()
            self.held = 0


class Plain(Strategy):
    """Morning with nothing to turn."""

    def setup(self):
        self.held = 0

    def on_bar(self, bar):
        self.held += 1
        hour = (bar.time // HOUR + 1) % 24
        if self.direction > 0 and self.held > 6:
            self.close()
        elif self.direction == 0 and hour == 0:
            self.buy()
            self.held = 0


class Idle(Strategy):
    """Never trades."""

    wait = param(1, low=1, high=3)

    def on_bar(self, bar):
        pass


class Broken(Strategy):
    """Fails at once."""

    part = param(1, low=1, high=3)

    def on_bar(self, bar):
        self.buy(1.0 / (self.part - self.part))


class Ahead(Strategy):
    """Reads the close of the bar after."""

    length = param(1, low=1, high=2)

    def prepare(self, bars):
        return {"later": np.append(bars.close[1:], bars.close[-1])}

    def on_bar(self, bar):
        if self.direction == 0 and self.later.value > bar.close:
            self.buy()
        elif self.direction > 0 and self.later.value < bar.close:
            self.close()


def mornings(days: int, gain: float, seed: int = 3) -> Bars:
    """A random walk of hours whose first six hours of a day bring `gain` together."""
    random = np.random.default_rng(seed)
    moves = 0.003 * random.standard_normal(24 * days)
    moves[np.arange(24 * days) % 24 < 6] += gain / 6
    close = 100.0 * np.exp(np.cumsum(moves))
    opened = np.concatenate([[100.0], close[:-1]])
    time = 1_704_067_200_000_000_000 + np.arange(24 * days, dtype=np.int64) * HOUR
    high, low = np.maximum(opened, close) * 1.0005, np.minimum(opened, close) * 0.9995
    return Bars("X/USDT:USDT", "1h", time, opened, high, low, close, np.full(24 * days, 1e6))


@pytest.fixture(scope="module")
def found(kernels):
    return validate(SMA_CROSS, BARS, space=SPACE, cache=kernels)


@pytest.fixture(scope="module")
def good(kernels):
    return validate(Morning, mornings(300, 0.006), cache=kernels)


def outcomes(validated):
    return {check.question.name: check.outcome for check in validated.judgement.checks}


def test_an_edge_that_is_plainly_there_is_promoted(good):
    assert good.verdict == Verdict.PROMOTE
    assert set(outcomes(good).values()) == {Outcome.PASSED}
    assert abs(good.candidate["hours"] - 6) <= 1


def test_a_verdict_says_how_much_was_asked(good):
    assert verdict_text(good) == "PROMOTE: 19 of 19 checks passed, none failed"
    little = judge(good.answers, gate_from('[profit]\nleast = 0\nreason = "any"\n', "mine.toml"))
    assert verdict_text(replace(good, judgement=little)) == (
        "PROMOTE: 1 of 19 checks passed, none failed; 18 were not asked"
    )


def test_a_reason_that_several_checks_share_is_said_once():
    checks = [
        SimpleNamespace(question=SimpleNamespace(label=label), value=None, bound=None, why=why)
        for label, why in (("Trades", "1 bar is too few"), ("Look-ahead", "not asked"), ("Return", "1 bar is too few"))
    ]
    judged = SimpleNamespace(verdict="NOT ENOUGH EVIDENCE", judgement=SimpleNamespace(deciding=checks, checks=checks))
    assert verdict_text(judged) == "NOT ENOUGH EVIDENCE: Trades, Return: 1 bar is too few; Look-ahead: not asked"


def test_the_same_market_without_the_edge_is_not(kernels):
    nothing = validate(Morning, mornings(300, 0.0), cache=kernels)
    assert nothing.verdict == Verdict.REJECT
    assert outcomes(nothing)["profit"] is Outcome.FAILED


def test_the_same_seed_gives_the_same_document(found, kernels):
    again = validate(SMA_CROSS, BARS, space=SPACE, cache=kernels, workers=1)
    assert validate_document(again) == validate_document(found)


def test_leaving_out_what_cannot_change_the_verdict_does_not_change_it(found, good, kernels):
    short = validate(SMA_CROSS, BARS, space=SPACE, cache=kernels, whole=False)
    assert short.verdict == found.verdict
    assert outcomes(short)["random_entry"] is Outcome.UNDEFINED
    assert outcomes(found)["random_entry"] is not Outcome.UNDEFINED
    asked = validate(Morning, mornings(300, 0.006), cache=kernels, whole=False)
    assert asked.verdict == good.verdict
    assert outcomes(asked)["random_entry"] is Outcome.PASSED


def test_the_tests_trades_make_the_joined_account(good):
    trades, walked = good.evidence.trades, good.evidence.walked
    assert float(in_order(trades).final[0]) == pytest.approx(walked.joined.equity[-1])
    even = good.answers["break_even"]
    staked = np.concatenate([[1.0], np.cumprod(1.0 + trades.value)[:-1]])
    assert float(staked @ trades.stressed(even).value) == pytest.approx(0.0, abs=1e-9)
    spent = walked.joined.performance.metrics
    assert float(staked @ trades.costs) * walked.rules.cash == pytest.approx(
        spent["fees_paid"] + spent["slippage_paid"], rel=1e-6
    )


def test_the_figures_are_those_of_the_stages(good):
    answers, evidence = good.answers, good.evidence
    joined = evidence.walked.joined
    assert answers["profit"] == joined.performance.metrics["total_return"]
    assert answers["trades"] == len(joined.trades)
    assert answers["consistency"] == evidence.walked.consistency
    grown = 10_000.0
    best = sorted(evidence.trades.value)[-int(np.ceil(len(joined.trades) / 50)) :]
    for value in evidence.trades.value:
        grown *= 1.0 if value in best else 1.0 + value
    assert answers["without_best"] == pytest.approx(grown / 10_000.0 - 1.0)
    assert sum(r.profit for r in (*evidence.regimes.results, evidence.regimes.unknown)) == pytest.approx(
        joined.equity[-1] - 10_000.0
    )
    assert good.answers == answers_of(evidence)


class Gambler(Strategy):
    """Long through the mornings with so much that one deep fall is the end, or with little and too late."""

    stake = param(0.1, low=0.05, high=30.0)

    def setup(self):
        self.bars = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.bars % 24 == 0:
            self.close()
        elif self.bars % 24 == (1 if self.stake > 1.0 else 12) and self.equity > 0.0:
            self.buy(self.stake * self.equity / bar.close)


def test_a_set_that_lost_everything_counts_in_the_probability_of_overfitting(kernels):
    """It is the best until its end. To leave it out would be to know of that end."""
    bars = mornings(300, 0.01)
    fall = np.where(np.arange(len(bars)) < 200 * 24 + 12, 1.0, 0.7)
    fallen = replace(bars, **{name: getattr(bars, name) * fall for name in ("open", "high", "low", "close")})
    found = validate(Gambler, fallen, space={"stake": [0.1, 0.5, 5.0]}, rules=RISKY, cache=kernels)
    scores = found.evidence.found.scores
    assert np.isnan(scores.returns[2]).all(), "a sweep gives no returns to an account that was emptied"
    overfitting = found.evidence.overfitting
    assert np.isneginf(overfitting.sharpe_out[overfitting.chosen == 2]).any()
    assert overfitting.pbo > 0.5
    assert '"pbo"' in json.dumps(validate_document(found), allow_nan=False)
    assert "it is below all others" in render_study(validate_study(found))


def test_too_little_data_is_no_refusal_and_says_what_is_missing(kernels):
    short = validate(SMA_CROSS, BARS.rows(np.arange(60)), space=SPACE, cache=kernels)
    assert short.verdict == Verdict.NOT_ENOUGH
    told = {check.question.name: check.why for check in short.judgement.deciding}
    assert "60 bars are too few" in told["trades"]
    assert "PROMOTE" not in render_study(validate_study(short))


def test_few_trades_are_not_enough_evidence(found):
    assert found.verdict in (Verdict.REJECT, Verdict.NOT_ENOUGH)
    few = replace(found.evidence, walked=Undefined("nothing"))
    assert isinstance(answers_of(few)["trades"], Undefined)


def test_a_strategy_with_nothing_to_turn_is_tested_window_by_window(kernels):
    plain = validate(Plain, mornings(300, 0.006), cache=kernels)
    assert plain.verdict == Verdict.PROMOTE
    assert len(plain.evidence.found.sets) == 1
    assert len(plain.evidence.walked.windows) == 6
    assert outcomes(plain)["pbo"] is outcomes(plain)["loss_after_choice"] is Outcome.MOOT
    held = validate(Morning, mornings(300, 0.006), parameters={"hours": 6}, cache=kernels)
    assert held.answers["profit"] == plain.answers["profit"]
    assert outcomes(held)["pbo"] is Outcome.MOOT
    assert "does not arise" in render_study(validate_study(plain))


def test_a_strategy_that_never_trades_is_undefined_all_over_and_not_promoted(kernels):
    idle = validate(Idle, BARS, cache=kernels)
    assert idle.verdict == Verdict.NOT_ENOUGH
    assert outcomes(idle)["lookahead"] is Outcome.UNDEFINED
    assert idle.candidate is None
    page = render_study(validate_study(idle))
    assert "never traded" in page


def test_a_strategy_that_fails_with_every_set_is_told(kernels):
    with pytest.raises(StrategyFailed, match="failed with every set"):
        validate(Broken, BARS, cache=kernels)


def test_a_strategy_that_looks_ahead_is_rejected_for_that_however_good_it_looks(kernels):
    ahead = validate(Ahead, BARS.rows(np.arange(1_000)), cache=kernels)
    assert ahead.verdict == Verdict.REJECT
    assert [check.question.name for check in ahead.judgement.deciding] == ["lookahead"]
    assert ahead.answers["profit"] > 0.5


def test_trials_of_others_on_the_same_market_make_the_deflated_ratio_smaller(tmp_path, kernels, good):
    bars = mornings(300, 0.006)
    with counting(SqliteTrials(tmp_path), TrialKind.VALIDATE, now_ns=1) as count:
        first = validate(Morning, bars, cache=kernels, whole=False)
        again = validate(Morning, bars, cache=kernels, whole=False)
    luck = first.evidence.luck
    assert luck.counted
    assert luck.trials == count.new == 9 + 6 * 9 + 6, "the search, the six trainings, and the six tests"
    assert again.evidence.luck == luck, "the same trials asked for again are no new ones"
    assert not good.evidence.luck.counted
    assert good.evidence.luck.trials == 9
    assert luck.dsr < good.evidence.luck.dsr


def test_an_interrupt_ends_it_in_every_stage(kernels):
    for stage in ("searching", "walking", "checking", "simulating"):

        def stop(told, done, total, wanted=stage):
            if told == wanted:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            validate(Morning, mornings(60, 0.006), cache=kernels, progress=stop)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"space": {"medium": [3]}}, "no parameter 'medium'"),
        ({"parameters": {"fast": 1_000}}, "fast"),
        ({"objective": "luck"}, "no figure 'luck'"),
        ({"method": "magic"}, "no method 'magic'"),
        ({"budget": 0}, "not 0"),
        ({"space": {}}, "the space is empty"),
    ],
)
def test_words_that_make_no_sense_are_refused(given, message):
    with pytest.raises(BadInput, match=message):
        validate(SMA_CROSS, BARS, **given)


def test_the_page_holds_every_check_with_its_reason_and_every_picture(found):
    page = render_study(validate_study(found, currency="USDT"))
    for check in found.judgement.checks:
        assert str(escape(check.question.label)) in page
    for title in ("Search", "Walk-forward", "Overfitting", "Look-ahead", "Redrawn trades", "Random entry", "Regimes"):
        assert f">{title}<" in page
    assert page.count("<svg") >= 7
    assert "Trials were not counted" in page
    assert found.verdict in page
    assert repr(found).startswith(f"Validation(SmaCross: {found.verdict})")
    assert "iframe" in found._repr_html_()


def test_the_spread_of_trials_that_differ_in_truth_is_no_luck():
    assert as_if_worthless(Tally(100, 90, 7.5)) == Tally(100, 90, 1.0)
    assert as_if_worthless(Tally(100, 90, 0.3)) == Tally(100, 90, 0.3)
    assert np.isnan(as_if_worthless(Tally(1, 1, float("nan"))).spread)
    worthless = np.random.default_rng(2).standard_normal((400, 250))
    assert tally_of(Scores(np.empty((400, 0)), worthless, np.empty(250, np.int64), {})).spread == pytest.approx(
        1.0, abs=0.2
    )

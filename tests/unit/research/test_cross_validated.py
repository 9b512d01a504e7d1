"""Cross-validation of a search from Python: what it refuses, and what it says where there is no answer."""

import numpy as np
import pytest
from report_examples import market

from tradewind import BadInput, Bars, MarketRules, Strategy, StrategyFailed, cross_validate, param
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.reports.cross_validated_page import cross_validated_document, cross_validated_study
from tradewind.research.reports.study import render_study

BARS = market("BTC/USDT", 2_400, "1h", seed=9)
SMA_CROSS = STRATEGIES["sma_cross"]
SPACE = {"fast": [5, 10], "slow": [20, 40]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "tpe"}, "tpe learns from every period"),
        ({"groups": 20}, "too few for 20 groups"),
        ({"groups": 4, "test_groups": 4}, "4 of 4 groups cannot test"),
        ({"embargo": "later"}, "'later' is no gap"),
        ({"purge": 0.5}, "0.5 is no gap"),
        ({"embargo": "90d"}, "the gaps leave 0 of 60 days to choose by for the test of groups 1, 2: it takes 10"),
        ({"space": {"fats": [1]}}, "no parameter 'fats'"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(kernels, given, message):
    with pytest.raises(BadInput, match=message):
        cross_validate(SMA_CROSS, BARS, **{"space": SPACE, "groups": 5, "cache": kernels, **given})


class Idle(Strategy):
    size = param(1, low=1, high=3)

    def on_bar(self, bar):
        pass


class Broken(Idle):
    def setup(self):
        raise ValueError("it never starts")


def test_a_strategy_that_never_trades_has_no_number_and_says_why(kernels):
    found = cross_validate(Idle, BARS, groups=5, cache=kernels)
    for figure in (found.median, found.losing, found.degradation, found.beaten):
        assert isinstance(figure, Undefined)
    study = cross_validated_study(found)
    assert (study.verdict, study.good) == ("No verdict: no path ever moved", None)
    assert "no path ever moved" in render_study(study)
    document = cross_validated_document(found)
    assert document["median"] is None
    assert set(document["path_sharpe"]) == {None}


def test_a_strategy_that_fails_with_every_set_is_told_as_such(kernels):
    with pytest.raises(StrategyFailed, match="it never starts"):
        cross_validate(Broken, BARS, groups=5, cache=kernels)


def test_the_page_shows_paths_splits_and_choices(kernels):
    found = cross_validate(SMA_CROSS, BARS, groups=5, space=SPACE, cache=kernels)
    study = cross_validated_study(found)
    page = render_study(study)
    for text in ("Sharpe ratio of each path", "Promise and result", "Sets by how often they were chosen", "No embargo"):
        assert text in page, text
    assert len(found.splits) == 10
    assert found._repr_html_().startswith("<iframe ")
    assert repr(found).startswith("CrossValidated(SmaCross, 10 splits, 4 paths, median Sharpe ")


def test_a_purge_is_left_out_on_both_sides_of_a_test_group_and_an_embargo_after_it(kernels):
    found = cross_validate(
        SMA_CROSS, BARS, groups=5, test_groups=1, space=SPACE, purge="2d", embargo="3d", cache=kernels
    )
    others = [len(found.time) - split.tested for split in found.splits]
    assert [before - split.trained for before, split in zip(others, found.splits, strict=True)] == [5, 7, 7, 7, 2]
    said = "Left out of the training: 2 days before each test group (purge), 5 after it (purge and embargo)"
    assert said in render_study(cross_validated_study(found))


class Geared(Strategy):
    """With `always` in the market but for an hour a day, without it for eight hours of two days."""

    always = param(1, low=0, high=1)

    def setup(self):
        self.bars = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.bars % (24 if self.always else 48) == 0:
            self.close()
        elif self.bars % (24 if self.always else 48) == 1:
            self.buy()
        elif self.bars % 48 == 8 and not self.always:
            self.close()


def test_a_set_that_a_test_ruins_is_chosen_for_it_and_loses_all(kernels):
    moves = np.random.default_rng(1).normal(0.0004, 0.003, 24 * 100)
    moves[24 * 95 + 4 : 24 * 95 + 6] -= 0.5
    close = 100.0 * np.exp(np.cumsum(moves))
    opened = np.append(100.0, close[:-1])
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    time = BARS.time[0] + BARS.step_ns * np.arange(len(close))
    bars = Bars("X/USDT:USDT", "1h", time, opened, high, low, close, np.full(len(close), 1e9))
    rules = MarketRules(leverage=5.0, liquidation=False)
    found = cross_validate(Geared, bars, groups=5, test_groups=1, rules=rules, cache=kernels)
    last = found.splits[-1]
    assert found.sets[last.chosen] == {"always": 1}
    assert last.sharpe_in > 5.0
    assert isinstance(last.sharpe_out, Undefined)
    assert last.beaten == 0.0
    assert [found.sets[split.chosen]["always"] for split in found.splits[:-1]] == [0, 0, 0, 0]
    assert found.emptied.tolist() == [True]
    assert found.losing == 1.0
    assert isinstance(found.median, Undefined)
    study = cross_validated_study(found)
    assert (study.verdict, study.good) == ("Does not earn: the middle path lost all it had", False)
    assert "1 of 1 paths came to nothing" in render_study(study)
    assert cross_validated_document(found)["paths_emptied"] == 1


def test_paths_that_are_all_the_same_are_one_history_and_no_proof(kernels):
    rising = market("BTC/USDT", 2_400, "1h", seed=9)
    found = cross_validate(Holding, rising, groups=5, cache=kernels)
    assert len(found.paths) == 4
    assert found.histories == 1
    study = cross_validated_study(found)
    assert study.good is not True
    assert any("the paths are one history" in text for text in study.warnings)


class Holding(Strategy):
    """In the market from the first bar on, with a parameter that nothing asks for."""

    size = param(1, low=1, high=3)

    def on_bar(self, bar):
        if not self.position:
            self.buy()

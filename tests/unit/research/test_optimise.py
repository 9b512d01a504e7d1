"""Searching a strategy's parameters."""

from dataclasses import replace

import numpy as np
import pytest
from report_examples import market

from tradewind import BadInput, Strategy, backtest, counted, param
from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.trials import TrialKind
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.asked_space import space_of
from tradewind.research.bench import Bench
from tradewind.research.counting import counting
from tradewind.research.objectives import constraints_from, objectives_from
from tradewind.research.optimise import optimise, search
from tradewind.research.reports.optimise_page import cautions, search_study, verdict
from tradewind.research.reports.optimise_pictures import fall
from tradewind.research.reports.study import render_study
from tradewind.research.search_plan import plan_search
from tradewind.research.sensitivity import Ring

BARS = market("BTC/USDT:USDT", 1_500, "1h", seed=3)
SMA_CROSS = STRATEGIES["sma_cross"]
SPACE = {"fast": "5:20:5", "slow": [30, 60, 120]}
EVERY_METHOD = ("grid", "random", "sobol", "tpe", "cma-es")


@pytest.fixture(scope="module")
def grid():
    return optimise(SMA_CROSS, BARS, space=SPACE)


def test_a_grid_is_tried_whole_in_order(grid):
    assert grid.plan.method == "grid"
    assert grid.sets == [{"fast": f, "slow": s} for f in (5, 10, 15, 20) for s in (30, 60, 120)]


def test_the_best_set_is_the_one_whose_own_backtest_is_best(grid):
    alone = [backtest(SMA_CROSS, BARS, parameters=one).metrics["sharpe"] for one in grid.sets]
    assert grid.best == int(np.argmax(alone))
    assert grid.best_parameters == grid.sets[grid.best]
    assert grid.scores.of(grid.best)["sharpe"] == pytest.approx(max(alone), rel=1e-9)


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_method_never_tries_a_set_twice_and_stays_in_its_budget(method):
    found = optimise(SMA_CROSS, BARS, space=SPACE, method=method, budget=12)
    keys = [tuple(one.values()) for one in found.sets]
    assert len(set(keys)) == len(keys) <= 12
    assert len(found.scores) == len(keys)


@pytest.mark.parametrize("method", ["random", "sobol", "tpe", "cma-es"])
def test_a_seed_repeats_a_search_and_another_makes_another(method):
    first, again, other = (
        optimise(SMA_CROSS, BARS, method=method, budget=40, seed=seed, parameters={"shorts": False})
        for seed in (7, 7, 8)
    )
    assert first.sets == again.sets
    assert np.array_equal(first.scores.values, again.scores.values, equal_nan=True)
    assert first.sets != other.sets


def test_a_fixed_parameter_holds_in_every_set():
    found = optimise(SMA_CROSS, BARS, space={"fast": [5, 10]}, parameters={"slow": 77})
    assert [one["slow"] for one in found.sets] == [77, 77]


class Picky(Strategy):
    size = param(1, low=0, high=4)

    def setup(self):
        if self.size == 3:
            raise BadInput("three is not liked")

    def on_bar(self, bar):
        if self.size > 0 and not self.position:
            self.buy()


def test_sets_that_fail_or_never_trade_are_told_and_never_win():
    found = optimise(Picky, BARS, space={"size": "0:4"})
    assert found.best in (1, 2, 4)
    assert "sharpe is undefined: it never traded" in found.judged.out[0]
    assert "three is not liked" in found.judged.out[3]
    assert set(found.judged.out) == {0, 3}


def test_where_no_set_may_win_nothing_is_chosen_and_the_reasons_are_counted():
    found = optimise(Picky, BARS, space={"size": [0, 1, 2, 3]}, constraints=["trades>=1000"])
    assert found.best is None
    assert found.best_parameters is None
    assert "2 x wanted trades>=1000" in found.why_none
    assert "three is not liked" in found.why_none


def test_a_limit_decides_who_may_win(grid):
    trades = grid.scores.metric("trades")
    limit = float(np.median(trades))
    found = optimise(SMA_CROSS, BARS, space=SPACE, constraints=[f"trades>={limit}"])
    sharpe = np.where(trades >= limit, grid.scores.metric("sharpe"), -np.inf)
    assert found.best == int(np.argmax(sharpe))
    assert set(found.judged.out) == set(np.flatnonzero(trades < limit).tolist())


def test_several_objectives_give_a_front_and_no_hidden_weighing(grid):
    found = optimise(SMA_CROSS, BARS, space=SPACE, objectives=["total_return", "min:fees_paid"])
    values = np.column_stack([found.scores.metric("total_return"), -found.scores.metric("fees_paid")])
    beaten = [any((other >= own).all() and (other > own).any() for other in values) for own in values]
    assert sorted(found.judged.ranked.tolist()) == [i for i, lost in enumerate(beaten) if not lost]
    assert len(found.judged.ranked) > 1
    assert found.best is None
    assert "choose one" in found.why_none


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"space": {}}, "the space is empty"),
        ({"space": "fast=5:50:5"}, "a space names each parameter with its values"),
        ({"space": {"fast": []}}, "no values"),
        ({"space": {"fats": [5]}}, "no parameter 'fats'"),
        ({"space": {"fast": "50:5:5"}}, "is empty"),
        ({"space": {"fast": "5:50:0"}}, "step is 0"),
        ({"space": {"fast": "5:5000:5"}}, "outside 2 to 100"),
        ({"space": {"fast": "5:x:5"}}, "expected a number"),
        ({"space": {"fast": [5]}, "parameters": {"fast": 7}}, "turned and has a fixed value"),
        ({"method": "grid", "budget": 1000}, "the grid has 78,408 sets (fast 99 x slow 396 x shorts 2)"),
        ({"method": "sobel"}, "there is no method 'sobel'"),
        ({"objectives": ["sharp"]}, "no figure 'sharp'"),
        ({"objectives": ["trades"]}, "neither more nor less of trades"),
        ({"objectives": ["sharpe", "-sharpe"]}, "named twice"),
        ({"constraints": ["trades=30"]}, "not a limit"),
        ({"constraints": ["trades>=nan"]}, "not a limit"),
        ({"method": None}, "there is no method None"),
        ({"budget": 0}, "from 1 to 100,000 sets"),
        ({"budget": 2.5}, "from 1 to 100,000 sets"),
        ({"seed": "a"}, "a seed is a whole number"),
        ({"method": "cma-es", "objectives": ["sharpe", "cagr"]}, "one objective"),
        ({"method": "cma-es", "space": {"fast": "5:9"}}, "at least two"),
    ],
)
def test_what_makes_no_search_is_refused(wanted, said):
    with pytest.raises(BadInput) as told:
        optimise(SMA_CROSS, BARS, **wanted)
    assert said in str(told.value)


class Remembering:
    """Blocks kept in memory; interrupts the search when `until` of them have been kept."""

    def __init__(self, until=10**9):
        self.blocks, self.until, self.run = [], until, 0

    def done(self):
        return iter(list(self.blocks))

    def keep(self, sets, scores):
        self.blocks.append((sets, scores))
        self.run += len(sets)
        if len(self.blocks) == self.until:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("method", "objectives"),
    [*((method, ["sharpe"]) for method in EVERY_METHOD), ("tpe", ["sharpe", "max_drawdown"])],
)
def test_a_search_that_was_cut_off_ends_as_if_it_had_not_been(method, objectives, monkeypatch):
    monkeypatch.setattr("tradewind.research.optimise.BLOCK_FIRST", 7)
    plan = plan_search(
        space_of(SMA_CROSS, {"fast": "5:20", "slow": "30:90:10"} if method != "grid" else SPACE),
        method,
        objectives_from(objectives),
        constraints_from(["trades>=5"]),
        None if method == "grid" else 40,
        3,
    )
    whole = search(plan, Bench(SMA_CROSS, BARS), {})
    for cut in (1, 2):
        kept = Remembering(cut)
        with pytest.raises(KeyboardInterrupt):
            search(plan, Bench(SMA_CROSS, BARS), {}, kept=kept)
        done, kept.until, kept.run = kept.run, 10**9, 0
        again = search(plan, Bench(SMA_CROSS, BARS), {}, kept=kept)
        assert kept.run == len(whole.sets) - done
        assert again.sets == whole.sets
        assert again.scores.values.tobytes() == whole.scores.values.tobytes()
        assert again.scores.returns.tobytes() == whole.scores.returns.tobytes()
        assert again.best == whole.best


def test_blocks_of_another_search_are_not_taken_for_ones_own():
    plans = [plan_search(space_of(SMA_CROSS), "sobol", objectives_from(["sharpe"]), (), 20, seed) for seed in (1, 2)]
    kept = Remembering()
    search(plans[0], Bench(SMA_CROSS, BARS), {}, kept=kept)
    with pytest.raises(BadInput, match="not those that this search asks for"):
        search(plans[1], Bench(SMA_CROSS, BARS), {}, kept=kept)


def test_rows_make_a_table_with_parameters_and_figures(grid):
    first = grid.rows()[0]
    assert {"fast", "slow", "sharpe", "trades"} <= first.keys()
    assert len(grid.rows()) == len(grid.sets)


def test_two_lines_in_a_notebook_show_the_page(grid):
    from tradewind import optimise as from_the_top

    shown = from_the_top(SMA_CROSS, BARS, space={"fast": [5, 10]})._repr_html_()
    assert shown.startswith("<iframe")
    assert "SmaCross, optimised" in shown


def test_luck_is_reckoned_over_the_sets_that_ran_where_nobody_counts():
    found = optimise(Picky, BARS, space={"size": "0:4"})
    assert found.luck.counted is False
    assert found.luck.trials == 4
    one = optimise(Picky, BARS, space={"size": [1]})
    assert one.luck.trials == 1
    assert one.luck.dsr == pytest.approx(backtest(Picky, BARS, size=1).metrics["psr"])


def test_what_to_know_before_the_best_set_is_believed_is_said(grid):
    wide = optimise(SMA_CROSS, BARS, space={"fast": [5, 10, 15], "slow": [30, 60, 120]})
    at_edge = wide.best_parameters["fast"] in (5, 15) or wide.best_parameters["slow"] in (30, 120)
    assert any("edge of the space" in said for said in cautions(wide)) is at_edge
    resting = optimise(SMA_CROSS, BARS, space={"fast": "5:9", "slow": "30:34"}, method="cma-es", budget=25)
    rested = len(resting.sets) < 25
    assert any("came to rest" in said for said in cautions(resting)) is rested
    slow = optimise(SMA_CROSS, BARS, space={"fast": [5]}, engine="interpreted")
    assert any("interpreted" in said for said in cautions(slow))


def test_the_page_says_why_nothing_was_chosen():
    found = optimise(Picky, BARS, space={"size": [0, 3]})
    page = render_study(search_study(found))
    assert "No set may win" in page
    assert "it never traded" in page
    assert "three is not liked" in page


@pytest.mark.parametrize("objectives", [["sharpe"], ["sharpe", "max_drawdown"], ["min:trades"]])
@pytest.mark.parametrize("space", [{"fast": [5]}, {"fast": "5:9"}, {"fast": "5:9", "shorts": [False, True]}, SPACE])
def test_every_kind_of_search_has_a_page(space, objectives):
    found = optimise(SMA_CROSS, BARS, space=space, objectives=objectives)
    page = render_study(search_study(found))
    assert verdict(found).replace("'", "&#39;") in page
    assert "nan" not in page.lower().replace("finance", "")


class Five(Strategy):
    """Five numbers, of which one matters."""

    a = param(1, low=1, high=40)
    b = param(1, low=1, high=2)
    c = param(1, low=1, high=2)
    d = param(1, low=1, high=2)
    e = param(1, low=1, high=2)

    def on_bar(self, bar):
        if not self.position and bar.time // 3_600_000_000_000 % 50 == self.a:
            self.buy(tp=bar.close * 1.01)


def test_pictures_say_what_they_join_and_what_they_leave_out():
    found = optimise(Five, BARS, method="sobol", budget=60, engine="interpreted")
    page = render_study(search_study(found))
    assert "6 of the 10 pairs are drawn" in page
    assert "a in groups, each named by its lowest value" in page
    assert "the median over the other parameters and the sets of a cell" in page


def test_a_fall_that_is_drawn_short_is_said_to_be(grid):
    rings = tuple(Ring(0.0, 0.1, 3, kept) for kept in (0.5, -7.0))
    deep, shallow = (replace(grid.sensitivity, rings=shown) for shown in (rings, rings[:1]))
    assert "Deeper falls are drawn to" in fall(deep).caption
    assert "Deeper" not in fall(shallow).caption


def test_inside_counted_luck_is_reckoned_over_every_look_at_the_market(tmp_path, monkeypatch):
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.delenv("TRADEWIND_LEDGER", raising=False)
    with counted(seed=3):
        first = optimise(SMA_CROSS, BARS, space=SPACE)
        again = optimise(SMA_CROSS, BARS, space=SPACE)
        other = optimise(Picky, BARS, space={"size": [1, 2]})
    assert (first.luck.trials, again.luck.trials, other.luck.trials) == (12, 12, 14)
    assert first.luck.counted
    assert again.luck.dsr == first.luck.dsr


def test_sets_that_were_done_before_a_cut_are_counted_by_whoever_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.delenv("TRADEWIND_LEDGER", raising=False)
    monkeypatch.setattr("tradewind.research.optimise.BLOCK_FIRST", 5)
    plan = plan_search(space_of(SMA_CROSS, SPACE), "grid", objectives_from(["sharpe"]))
    kept = Remembering(1)
    with pytest.raises(KeyboardInterrupt):
        search(plan, Bench(SMA_CROSS, BARS), {"shorts": False}, kept=kept)  # nobody counts: the ledger was out of reach
    kept.until = 10**9
    with counted(seed=3) as count:
        again = search(plan, Bench(SMA_CROSS, BARS), {"shorts": False}, kept=kept)
    assert kept.run == 12 - 5 + 5
    assert again.luck.trials == count.new == 12


class Gone:
    """A ledger that cannot be reached."""

    def record(self, look, parameters, sharpe, periods):
        raise Unavailable("the disk is gone")

    tally = record


def test_where_the_trials_could_not_be_counted_no_probability_is_given():
    with counting(Gone(), TrialKind.SWEEP, now_ns=1):
        found = optimise(SMA_CROSS, BARS, space=SPACE)
    assert found.best is not None
    assert found.luck.dsr == found.luck.expected == Undefined("trials were not counted: the disk is gone")
    assert "cannot be told: trials were not counted" in verdict(found)
    assert not found.luck.counted
    render_study(search_study(found))


def test_the_number_of_workers_changes_no_bit():
    one, four = (optimise(SMA_CROSS, BARS, method="sobol", budget=40, workers=workers) for workers in (1, 4))
    assert one.sets == four.sets
    assert one.scores.values.tobytes() == four.scores.values.tobytes()
    assert one.scores.returns.tobytes() == four.scores.returns.tobytes()


def test_an_account_that_never_moves_is_no_result_to_be_judged():
    found = optimise(Picky, BARS, space={"size": [0]}, objectives=["total_return"])
    assert found.best == 0
    assert found.luck.dsr == Undefined("all returns are equal")
    assert "cannot be told: all returns are equal" in verdict(found)
    assert found.sensitivity == Undefined("the best set is no better than the typical one")
    render_study(search_study(found))


def test_a_search_that_would_fill_the_memory_is_refused_before_it_runs(monkeypatch):
    monkeypatch.setattr("tradewind.research.optimise.RETURNS_MAX", 1_000)
    with pytest.raises(BadInput, match="Try at most 15 sets"):
        optimise(SMA_CROSS, BARS, method="sobol", budget=20)


def test_a_block_in_which_every_set_failed_leaves_the_others_as_they_are(monkeypatch):
    monkeypatch.setattr("tradewind.research.optimise.BLOCK_FIRST", 1)
    found = optimise(Picky, BARS, space={"size": [3, 1, 2]})
    assert found.scores.failed.keys() == {2}
    assert np.isnan(found.scores.returns[2]).all()
    assert not np.isnan(found.scores.returns[:2]).any()

"""An account that makes the drawn trades, against one that is kept in plain Python, and against what theory knows."""

import itertools
import math

import numpy as np
import pytest

from tradewind.core.performance import account_paths
from tradewind.core.performance.account_paths import PathOutcomes, Plan, joined, walk_paths
from tradewind.core.performance.path_chance import LANES, Stream, path_words
from tradewind.core.performance.resampling import ORDERS, trade_order
from tradewind.core.performance.trade_results import TradeResults

NO_MARKS = np.empty(0, np.int64)


def some_results(compounded: bool, trades: int = 30) -> TradeResults:
    rng = np.random.default_rng(5)
    scale = 0.2 if compounded else 2_000.0
    value = rng.normal(0.0, scale, trades)
    worst = np.minimum(value, 0.0) - np.abs(rng.normal(0.0, scale / 4, trades))
    return TradeResults(10_000.0, compounded, value, worst, np.abs(rng.normal(0.0, scale / 20, trades)))


def by_hand(results: TradeResults, plan: Plan, path: int) -> dict[str, float]:
    """One path, a trade at a time."""
    trades = len(results.value)
    numbers = trade_order(plan.order, plan.seed, path, trades, plan.steps, block=plan.block, skip=plan.skip)[:, 0]
    word = int(path_words(plan.seed, Stream.COSTS, path, 1)[0, 0])
    factor = 1.0 + (plan.costs_max - 1.0) * word / 2**32
    held = peak = lowest = results.initial
    deepest = 0.0
    made: list[float] = []
    curve = [held]
    streak = longest = 0
    for number in numbers.tolist():
        if number == trades:
            curve.append(held)
            made.append(0.0)
            continue
        extra = (factor - 1.0) * results.costs[number]
        result, worst = results.value[number] - extra, results.worst[number] - extra
        unit = held if results.compounded else 1.0
        bottom = max(0.0, held + unit * worst) if held > 0 else 0.0
        held = max(0.0, held + unit * result) if held > 0 else 0.0
        lowest, deepest = min(lowest, bottom), min(deepest, bottom / peak - 1.0)
        peak = max(peak, held)
        made.append(result)
        streak = streak + 1 if result < 0 else 0
        longest = max(longest, streak)
        curve.append(held)
    return {
        "final": held,
        "lowest": lowest,
        "max_drawdown": deepest,
        "total": sum(made),
        "squares": sum(r * r for r in made),
        "gains": sum(r for r in made if r > 0),
        "wins": sum(r > 0 for r in made),
        "losses": sum(r < 0 for r in made),
        "longest_loss_streak": longest,
        "taken": int((numbers != trades).sum()),
        "equity": [curve[m] for m in plan.marks],
        "below": [curve[m] / max(curve[: m + 1]) - 1.0 for m in plan.marks],
    }


@pytest.mark.parametrize("compounded", [True, False])
@pytest.mark.parametrize("costs_max", [1.0, 3.0])
@pytest.mark.parametrize("order", ORDERS)
def test_every_figure_of_a_path_is_that_of_an_account_kept_by_hand(
    order: str, costs_max: float, compounded: bool
) -> None:
    results = some_results(compounded)
    plan = Plan(order, 3, 30, np.array([0, 1, 15, 30]), block=4.0, skip=0.2, costs_max=costs_max)
    outcomes = walk_paths(results, plan, 0, 300)
    for path in (0, 1, 127, 128, 299):
        for name, expected in by_hand(results, plan, path).items():
            assert getattr(outcomes, name)[..., path] == pytest.approx(expected, rel=1e-12, abs=1e-12), (name, path)


def test_compiled_paths_have_the_bits_of_their_python_source(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan("block", 3, 30, np.array([0, 30]), block=3.0, costs_max=2.0)
    compiled = walk_paths(some_results(True), plan, 0, LANES)
    monkeypatch.setattr(account_paths, "walk", account_paths.walk.py_func)
    assert bytes_of(walk_paths(some_results(True), plan, 0, LANES)) == bytes_of(compiled)


def bytes_of(outcomes: PathOutcomes) -> list[bytes]:
    return [np.ascontiguousarray(getattr(outcomes, name)).tobytes() for name in PathOutcomes.__slots__]


@pytest.mark.parametrize("order", ORDERS)
def test_any_split_of_the_paths_gives_the_same_bytes(order: str) -> None:
    results = some_results(True)
    plan = Plan(order, 12, 30, np.array([0, 10, 30]), block=2.0, skip=0.1, costs_max=2.0)
    whole = bytes_of(walk_paths(results, plan, 0, 400))
    for edges in ([0, 400], [0, 1, 130, 400], [0, 128, 256, 400], [0, 77, 333, 400]):
        parts = [walk_paths(results, plan, a, b - a) for a, b in itertools.pairwise(edges)]
        assert bytes_of(joined(parts)) == whole


def test_no_account_falls_below_nothing_and_no_drawdown_exceeds_the_whole() -> None:
    wild = TradeResults(100.0, False, np.array([-250.0, 300.0, -80.0]), np.array([-400.0, -90.0, -80.0]), np.zeros(3))
    for results in (wild, TradeResults(100.0, True, wild.value / 100, wild.worst / 100, wild.costs)):
        outcomes = walk_paths(results, Plan("bootstrap", 1, 50, np.arange(51)), 0, 500)
        assert outcomes.equity.min() == 0.0
        assert outcomes.max_drawdown.min() == -1.0
        assert (outcomes.final[outcomes.equity.min(axis=0) == 0.0] == 0.0).all()  # what is gone stays gone


def finite_ruin(start: int, win: float, steps: int) -> float:
    """Chance that a gambler who bets one unit of `start` is ruined within `steps`, added up bet by bet."""
    chance = np.zeros(start + steps + 2)
    chance[start] = 1.0
    for _ in range(steps):
        moved = np.zeros_like(chance)
        moved[2:] = win * chance[1:-1]
        moved[:-2] += (1 - win) * chance[1:-1]
        moved[0] += chance[0]
        chance = moved
    return float(chance[0])


PATHS = 20_000


def binomial_error(chance: float) -> float:
    return 4.5 * math.sqrt(chance * (1 - chance) / PATHS)


@pytest.mark.parametrize(("start", "wins", "losses", "steps"), [(5, 10, 10, 50), (10, 11, 9, 100), (3, 9, 11, 20)])
def test_ruin_within_so_many_bets_is_the_gamblers(start: int, wins: int, losses: int, steps: int) -> None:
    bets = np.array([1.0] * wins + [-1.0] * losses)
    results = TradeResults(float(start), False, bets, np.minimum(bets, 0.0), np.zeros(len(bets)))
    outcomes = walk_paths(results, Plan("bootstrap", 20, steps, NO_MARKS), 0, PATHS)
    expected = finite_ruin(start, wins / (wins + losses), steps)
    assert 0.02 < expected < 0.98
    assert float(np.mean(outcomes.lowest <= 0.0)) == pytest.approx(expected, abs=binomial_error(expected))


def test_ruin_in_the_long_run_is_the_ratio_of_the_odds_to_the_power_of_the_stake() -> None:
    # Feller, An Introduction to Probability Theory, volume 1, chapter 14: (q / p)^start for a favourable game.
    bets = np.array([1.0] * 11 + [-1.0] * 9)
    results = TradeResults(8.0, False, bets, np.minimum(bets, 0.0), np.zeros(20))
    outcomes = walk_paths(results, Plan("bootstrap", 21, 2_000, NO_MARKS), 0, PATHS)
    expected = (9 / 11) ** 8
    assert finite_ruin(8, 0.55, 2_000) == pytest.approx(expected, rel=1e-3)
    assert float(np.mean(outcomes.lowest <= 0.0)) == pytest.approx(expected, abs=binomial_error(expected))


def test_falling_to_half_in_a_compounded_game_is_the_gamblers_ruin_of_its_logarithm() -> None:
    # Gains of a quarter and losses of a fifth undo each other: the logarithm takes steps of one size. Four losses in
    # excess bring the account to 0.8^4 = 0.4096, three only to 0.512: half is the gambler's ruin with four units.
    bets = np.array([0.25] * 10 + [-0.2] * 10)
    results = TradeResults(1_000.0, True, bets, np.minimum(bets, 0.0), np.zeros(20))
    outcomes = walk_paths(results, Plan("bootstrap", 22, 60, NO_MARKS), 0, PATHS)
    expected = finite_ruin(4, 0.5, 60)
    assert float(np.mean(outcomes.lowest <= 500.0)) == pytest.approx(expected, abs=binomial_error(expected))

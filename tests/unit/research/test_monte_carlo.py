"""Monte Carlo of a finished run, through the door that a notebook uses."""

from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

import numpy as np
import pytest

from tradewind import Bars, Instrument, Strategy, param
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.records import TRADE
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.performance.bands import Band
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.backtest import Backtest, Market, backtest
from tradewind.research.monte_carlo import PATHS, MonteCarlo, cost_stress, monte_carlo
from tradewind.research.random_entry import random_schedule
from tradewind.research.resampled_trades import ORDER_OF

FREE = Instrument("BTC/USDT", kind="spot", maker_fee=Decimal(0), taker_fee=Decimal(0))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("compiled")


def bars(count: int = 1_500, seed: int = 3) -> Bars:
    return synthetic_market(SyntheticMarket(bars=count, seed=seed))[0]


@pytest.fixture(scope="module")
def run(cache) -> Backtest:
    return backtest(STRATEGIES["sma_cross"], bars(), fast=5, slow=20, cache=cache)


def same(a: MonteCarlo, b: MonteCarlo) -> bool:
    return (
        a.metrics == b.metrics
        and a.probabilities == b.probabilities
        and a.equity.tobytes() == b.equity.tobytes()
        and a.drawdown.tobytes() == b.drawdown.tobytes()
        and all(a.figures[name].tobytes() == b.figures[name].tobytes() for name in a.figures)
    )


def with_results(run: Backtest, *pnl: float) -> Backtest:
    """The run, had its trades ended like this."""
    trades = np.zeros(len(pnl), TRADE)
    trades["pnl"], trades["exit_time"] = pnl, np.arange(len(pnl))
    trades["entry_order"] = trades["exit_order"] = 1
    return replace(run, trades=trades)


def test_two_lines_in_a_notebook(run: Backtest) -> None:
    found = monte_carlo(run)
    assert (found.paths, found.method) == (10_000, "bootstrap")
    shown = repr(found)
    assert "probability of profit" in shown
    assert "max_drawdown" in shown
    assert found.equity.shape == found.drawdown.shape == (3, len(found.steps))


@pytest.mark.parametrize("method", sorted(ORDER_OF))
def test_a_seed_gives_the_same_bytes_for_any_number_of_threads(run: Backtest, method: str) -> None:
    one = monte_carlo(run, method=method, paths=1_000, seed=4, workers=1)
    assert same(one, monte_carlo(run, method=method, paths=1_000, seed=4, workers=3))
    assert not same(one, monte_carlo(run, method=method, paths=1_000, seed=5, workers=1))


@pytest.mark.parametrize("method", sorted(ORDER_OF))
def test_bands_are_the_percentiles_of_the_paths_and_probabilities_their_shares(run: Backtest, method: str) -> None:
    found = monte_carlo(run, method=method, paths=2_000, ruin=0.9, drawdown=0.15)
    for name, b in found.metrics.items():
        if b is not None and b.missing == 0:
            assert (b.p5, b.p50, b.p95) == pytest.approx(np.quantile(found.figures[name], [0.05, 0.5, 0.95]))
    assert found.probabilities["ruin"].share == np.mean(found.figures["lowest_equity"] <= 9_000)
    assert found.probabilities["drawdown"].share == np.mean(found.figures["max_drawdown"] < -0.15)
    assert found.equity[:, 0].tolist() == [10_000.0] * 3
    if method != "permutation":
        b = found.metrics["final_equity"]
        assert found.equity[:, -1] == pytest.approx([b.p5, b.p50, b.p95])
        assert found.probabilities["profit"].share == np.mean(found.figures["final_equity"] > 10_000)


def test_the_runs_own_figures_stand_beside_the_bands(run: Backtest) -> None:
    found = monte_carlo(run, paths=500)
    # Compounded in their order, the trades end where the account ended: every position is closed at the end.
    assert found.actual["final_equity"] == pytest.approx(run.metrics["final_equity"], rel=1e-9)
    assert found.actual["win_rate"] == run.metrics["win_rate"]
    assert found.rank("total_return") == np.mean(found.figures["total_return"] <= found.actual["total_return"])
    assert found.rank("no such figure") is None


def test_the_drawdown_of_the_trades_sees_what_was_lost_inside_them(run: Backtest) -> None:
    found = monte_carlo(run, paths=10)
    closed = 10_000.0 + np.concatenate(([0.0], np.cumsum(run.trades["pnl"])))
    between = float((closed / np.maximum.accumulate(closed) - 1).min())
    assert found.actual["max_drawdown"] <= between


def test_a_permutation_tells_nothing_about_what_order_cannot_change(run: Backtest) -> None:
    found = monte_carlo(run, method="permutation", paths=500)
    for name in ("final_equity", "total_return", "win_rate", "profit_factor", "sqn", "profit"):
        assert "order of the trades does not change it" in found.undefined[name]
    assert found.metrics["total_return"] is None
    assert found.probabilities["profit"] is None
    assert isinstance(found.metrics["max_drawdown"], Band)


def test_dearer_trades_and_stressed_costs_earn_less(run: Backtest) -> None:
    plain = monte_carlo(run, paths=1_000)
    dearer = monte_carlo(run, paths=1_000, costs=2.0)
    stressed = monte_carlo(run, method="costs", paths=1_000, costs_max=3.0)
    for found in (dearer, stressed):  # the same trades are drawn: path by path nothing gets better
        assert (found.figures["final_equity"] < plain.figures["final_equity"]).all()
    table = cost_stress(run)
    assert table.total_return[0] == pytest.approx(run.metrics["total_return"], rel=1e-9)
    assert list(table.total_return) == sorted(table.total_return, reverse=True)


def test_stakes_that_do_not_grow_add_the_same_money(run: Backtest) -> None:
    found = monte_carlo(run, paths=500, compounded=False, method="permutation")
    assert found.actual["final_equity"] == pytest.approx(10_000 + run.trades["pnl"].sum(), rel=1e-12)
    assert found.actual["average_trade"] == pytest.approx(run.metrics["expectancy"], rel=1e-9)


def test_longer_paths_spread_wider(run: Backtest) -> None:
    short, long = (monte_carlo(run, paths=2_000, trades=n).metrics["total_return"] for n in (10, 200))
    assert long.p95 - long.p5 > 2 * (short.p95 - short.p5)


@pytest.mark.parametrize("method", ["bootstrap", "block", "permutation", "skip", "costs"])
@pytest.mark.parametrize(
    ("pnl", "reason"),
    [
        ([], "no trades"),
        ([50.0], "only one trade"),
        ([5.0, np.nan, 2.0], "trade 2 has the result nan"),
        ([5.0, np.inf, 2.0], "trade 2 has the result inf"),
        ([5.0, -10_005.0, 1.0], "the account had nothing left after trade 2"),
    ],
)
def test_trades_that_say_nothing_give_no_number(run: Backtest, method: str, pnl: list[float], reason: str) -> None:
    found = monte_carlo(with_results(run, *pnl), method=method, paths=100)
    assert set(found.metrics.values()) | set(found.probabilities.values()) == {None}
    assert set(found.undefined.values()) == {reason}
    assert found.equity.shape == (3, 0)
    assert reason in repr(found)


def test_equal_trades_give_no_number(run: Backtest) -> None:
    # The same share of the account each time.
    pnl = np.diff(10_000.0 * 1.01 ** np.arange(31))
    found = monte_carlo(with_results(run, *pnl), paths=100)
    assert set(found.undefined.values()) == {"all trades have the same result"}


def test_too_few_trades_for_their_blocks_give_no_number(run: Backtest) -> None:
    few = with_results(run, *(100.0 * (-1) ** i + i for i in range(15)))
    assert "too few to choose a block length" in monte_carlo(few, method="block", paths=10).undefined["total_return"]
    given = monte_carlo(few, method="block", block=8.0, paths=10)
    assert "15 trades are too few for blocks of 8" in given.undefined["total_return"]
    assert monte_carlo(few, method="block", block=3.0, paths=10).metrics["total_return"] is not None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "shuffle"}, "there is no method 'shuffle'"),
        ({"paths": 0}, "from 1 to 1,000,000 paths"),
        ({"paths": 10**7}, "from 1 to 1,000,000 paths"),
        ({"paths": 2.5}, "from 1 to 1,000,000 paths can be made, not 2.5"),
        ({"seed": -1}, "a seed is a whole number"),
        ({"seed": 1.5}, "a seed is a whole number"),
        ({"workers": 0}, "at least one worker"),
        ({"ruin": 1.5}, "ruin is from 0 to 1"),
        ({"drawdown": -0.2}, "drawdown is from 0 to 1"),
        ({"costs": float("nan")}, "costs is from 0 to"),
        ({"jitter": 0.0}, "jitter is from"),
        ({"block": 0.5}, "a mean length of one trade or more"),
        ({"skip": 1.0}, "the chance to skip a trade"),
        ({"costs_max": 1.0}, "costs_max multiplies costs"),
        ({"trades": 0}, "paths of 0 trades"),
        ({"trades": 10**6, "paths": 10**5}, "100,000 paths of 1,000,000 trades are more than"),
        ({"method": "permutation", "trades": 5}, "paths of 5 trades cannot be made by permutation"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(run: Backtest, wrong: dict, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        monte_carlo(run, **wrong)
    assert message in str(refused.value)


# Methods that run the engine again.


def test_random_schedules_keep_lengths_sides_and_sizes_and_never_overlap() -> None:
    lengths, sides, shares = np.array([3, 5, 1, 8]), np.array([1, -1, 1, 1]), np.array([0.0, 0.2, 0.3, 0.4])
    starts = set()
    for path in range(200):
        s = random_schedule(lengths, sides, shares, 30, 5, path)
        enter, leave = np.array(s.enter), np.array(s.leave)
        made = sorted(zip((leave - enter).tolist(), s.side, s.share, strict=True))
        assert made == sorted(zip(lengths.tolist(), sides.tolist(), shares.tolist(), strict=True))
        assert enter[0] >= 0
        assert leave[-1] <= 30
        assert (enter[1:] >= leave[:-1]).all()
        starts.add(enter[0])
    assert len(starts) > 8


def test_random_entry_makes_as_many_trades_of_the_same_length_on_the_same_market(run: Backtest, cache) -> None:
    found = monte_carlo(run, method="random_entry", paths=30, cache=cache)
    assert (found.figures["trades"] == len(run.trades)).all()
    assert found.unit == "bars"
    assert found.failed == {}
    assert 1 / 31 <= found.probabilities["luck"].share <= 1.0
    assert same(found, monte_carlo(run, method="random_entry", paths=30, cache=cache))


class Foresight(Strategy):
    """Holds exactly while the market rises by more than it costs; it was told when."""

    table: ClassVar[list[float]] = []

    def setup(self) -> None:
        self.told = list(self.table)
        self.seen = 0

    def on_bar(self, bar) -> None:
        if self.told[self.seen] == 1.0 and self.position.size == 0.0:
            self.buy()
        elif self.told[self.seen] == 0.0:
            self.close()
        self.seen += 1


def test_timing_that_is_real_beats_random_entry_and_timing_that_is_not_does_not(cache) -> None:
    market = bars(600)
    rises = (market.close[2:] > market.open[1:-1]).astype(float)  # from the next open on
    Foresight.table = [*rises.tolist(), 0.0, 0.0]
    told = backtest(Foresight, Market(market, FREE), cache=cache, slippage="none")
    assert len(told.trades) > 50
    sure = monte_carlo(told, method="random_entry", paths=100, cache=cache)
    assert sure.probabilities["luck"].share == pytest.approx(1 / 101)
    Foresight.table = np.random.default_rng(8).permutation(Foresight.table).tolist()
    guessed = backtest(Foresight, Market(market, FREE), cache=cache, slippage="none")
    lucky = monte_carlo(guessed, method="random_entry", paths=100, cache=cache)
    assert lucky.probabilities["luck"].share > 0.05


def test_overlapping_trades_have_no_random_entry(run: Backtest) -> None:
    trades = run.trades.copy()
    trades["entry_bar"][1] = trades["exit_bar"][0] - 1
    found = monte_carlo(replace(run, trades=trades), method="random_entry", paths=5)
    assert "overlap" in found.undefined["total_return"]
    assert found.probabilities["profit"] is None


def test_jitter_stays_inside_declared_ranges_and_runs_equal_neighbours_once(run: Backtest, cache) -> None:
    stages: list[tuple[str, int, int]] = []
    found = monte_carlo(
        run, method="jitter", paths=40, jitter=0.2, cache=cache, progress=lambda *stage: stages.append(stage)
    )
    assert stages[-1] == ("simulating", 40, 40)
    # fast 5 moves to 4, 5 or 6, slow 20 to 16 ... 24: at most 27 different results.
    assert 3 < len(set(found.figures["final_equity"].tolist())) <= 27
    assert run.metrics["final_equity"] == found.actual["final_equity"]
    assert found.metrics["sharpe"].p5 <= found.metrics["sharpe"].p95


class Fragile(Strategy):
    """Breaks where its parameter is odd."""

    length = param(10, low=2, high=50)

    def setup(self) -> None:
        self.seen = 0

    def on_bar(self, bar) -> None:
        self.seen += 1
        if self.length % 2 == 1 and self.seen == 100:
            self.buy(size=float("nan"))
        if self.seen % self.length == 0:
            self.buy()
        elif self.seen % self.length == 2:
            self.close()


def test_neighbours_that_fail_are_counted_and_leave_no_number(cache) -> None:
    result = backtest(Fragile, bars(400), cache=cache)
    found = monte_carlo(result, method="jitter", paths=20, jitter=0.1, cache=cache)
    (reason,) = found.failed
    assert "nan" in reason
    broken = found.failed[reason]
    assert 0 < broken < 20
    assert np.isnan(found.figures["total_return"]).sum() == broken
    assert found.metrics["total_return"] is None
    assert f"{broken} of 20 paths" in found.undefined["profit"]


def test_a_strategy_without_numbers_to_move_has_no_jitter(cache) -> None:
    class Bare(Strategy):
        """Buys once."""

        def on_bar(self, bar) -> None:
            if self.position.size == 0.0:
                self.buy()

    found = monte_carlo(backtest(Bare, bars(50), cache=cache), method="jitter")
    assert set(found.undefined.values()) == {"the strategy has no parameter that can move"}


class Idle(Strategy):
    """Never trades, whatever its parameter."""

    wait = param(10, low=1, high=20)

    def on_bar(self, bar):
        pass


def test_neighbours_that_never_trade_have_no_chance_of_profit(cache) -> None:
    found = monte_carlo(backtest(Idle, bars(), cache=cache), method="jitter", paths=20, cache=cache)
    assert found.probabilities.get("profit") is None
    assert set(found.undefined.values()) == {"no trades, on any path"}


def test_every_method_has_a_number_of_paths_to_begin_with() -> None:
    assert set(PATHS) == {*ORDER_OF, "random_entry", "jitter"}

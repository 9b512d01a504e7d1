"""A sweep has no simulator of its own: every set has the figures of its own backtest, whatever runs it and how."""

import itertools
import threading

import numpy as np
import pytest

from tradewind import (
    EMA,
    MACD,
    SMA,
    Bars,
    Funding,
    Market,
    MarketRules,
    Strategy,
    TradewindError,
    backtest,
    instrument_for,
    param,
)
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.engine import many_runs, tracks
from tradewind.core.indicators.indicator import ring
from tradewind.core.performance.returns import equity_returns
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.bench import SCORES, Bench

PERPETUAL, OTHER, SPOT = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USDT"
SYMBOLS = {"pairs_zscore": (PERPETUAL, OTHER), "funding_carry": (SPOT, PERPETUAL)}
RULES = {
    "plain": MarketRules(),
    "margin called": MarketRules(leverage=20.0, stake=0.9, slippage="volatility"),
    "begins later": MarketRules(trade_from_ns=1_704_067_200_000_000_000 + 40 * 86_400 * 10**9),
    "left open": MarketRules(close_at_end=False, latency_bars=1),
}


def markets(symbols, bars=1_500, seed=4):
    made = synthetic_market(SyntheticMarket(tuple(symbols), "1h", bars=bars, seed=seed, correlation=0.9))
    return [
        Market(
            next(s for s in made if isinstance(s, Bars) and s.symbol == symbol),
            instrument_for(symbol),
            next((s for s in made if isinstance(s, Funding) and s.symbol == symbol), None),
        )
        for symbol in symbols
    ]


def drawn(strategy, count, seed=2):
    """Sets drawn from the declared ranges, the defaults among them."""
    rng = np.random.default_rng(seed)
    sets = [{}]
    while len(sets) < count:
        values = {}
        for name, p in strategy.parameters.items():
            if isinstance(p.default, bool):
                values[name] = bool(rng.integers(2))
            elif p.low is not None and p.high is not None:
                value = p.low + rng.random() * (p.high - p.low)
                values[name] = round(value) if isinstance(p.default, int) else value
        sets.append(values)
    return sets


def agree(bench, sets):
    scores = bench.score(sets)
    for i, parameters in enumerate(sets):
        if i in scores.failed:
            with pytest.raises(TradewindError) as failure:
                bench.backtest(parameters)
            assert str(failure.value) == scores.failed[i]
            continue
        ran = bench.backtest(parameters)
        for name, value in scores.of(i).items():
            expected = ran.metrics[name]
            assert value == (None if expected is None else pytest.approx(expected, rel=1e-12, abs=1e-12)), name
            assert scores.undefined.get(i, {}).get(name) == ran.performance.undefined.get(name)
        assert np.array_equal(scores.time, ran.time[ran.calendar.period_ends])
        returns = equity_returns(ran.equity[ran.calendar.period_ends], ran.rules.cash)
        if isinstance(returns, np.ndarray):
            assert np.array_equal(scores.returns[i], returns)
        else:
            assert np.isnan(scores.returns[i]).all()
    return scores


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Compiled code for all tests here."""
    return tmp_path_factory.mktemp("kernels")


@pytest.mark.parametrize("name", ["sma_cross", "grid", "pairs_zscore", "funding_carry", "donchian_breakout"])
def test_every_set_has_the_figures_of_its_own_backtest(name, cache):
    symbols = SYMBOLS.get(name, (PERPETUAL,))
    bench = Bench(STRATEGIES[name], markets(symbols), cache=cache)
    scores = agree(bench, drawn(STRATEGIES[name], 8))
    assert bench.why_interpreted is None
    assert np.nansum(scores.metric("trades")) > 0


@pytest.mark.parametrize("rules", RULES)
def test_the_rules_of_the_market_are_those_of_a_backtest(rules, cache):
    bench = Bench(STRATEGIES["sma_cross"], markets((PERPETUAL,)), rules=RULES[rules], cache=cache)
    agree(bench, [{"fast": 5, "slow": 20, "shorts": shorts} for shorts in (False, True)])


def test_threads_and_order_make_no_difference(cache):
    strategy = STRATEGIES["sma_cross"]
    sets = drawn(strategy, 40)
    data = markets((PERPETUAL,))
    alone = Bench(strategy, data, cache=cache, workers=1).score(sets)
    together = Bench(strategy, data, cache=cache, workers=4).score(sets)
    backwards = Bench(strategy, data, cache=cache, workers=2).score(sets[::-1])
    assert alone.values.tobytes() == together.values.tobytes() == backwards.values[::-1].tobytes()
    assert alone.returns.tobytes() == together.returns.tobytes() == backwards.returns[::-1].tobytes()


class Remembers(Strategy):
    """Buys when the close is above the one of `length` bars ago."""

    length = param(10, low=1, high=1_000)
    kind = param(0, low=0, high=2)

    def setup(self):
        self.past = ring(self.length)
        self.at = 0
        if self.kind == 1:
            self.average = SMA(self.length).of("open")
        elif self.kind == 2:
            self.average = SMA(self.length)
        self.seen = 0

    def on_bar(self, bar):
        before = self.past[self.at]
        self.past[self.at] = bar.close
        self.at = (self.at + 1) % self.length
        self.seen += 1
        if self.seen > self.length and bar.close > before:
            if not self.position:
                self.buy()
        elif self.position:
            self.close()


def test_sets_that_hold_other_things_or_longer_memories_are_not_mixed_up(cache):
    bench = Bench(Remembers, markets((PERPETUAL,), bars=800), cache=cache)
    sets = [{"length": length, "kind": kind} for kind in (0, 1, 2) for length in (3, 100, 300, 5)]
    agree(bench, sets)
    assert bench.why_interpreted is None


class Labelled(Strategy):
    length = param(10, low=2, high=50)

    def setup(self):
        self.label = f"average of {self.length}"
        self.average = SMA(self.length)

    def on_bar(self, bar):
        if bar.close > self.average.value:
            self.buy()
        else:
            self.close()


def test_a_text_that_differs_makes_no_other_kernel(cache):
    bench = Bench(Labelled, markets((PERPETUAL,), bars=300), cache=cache)
    agree(bench, [{"length": length} for length in (2, 3, 4, 5)])
    assert len(bench._runs.runs._shapes) == 1


class Crosses(Strategy):
    """What a strategy may do with indicators that its neighbours in a grid have too."""

    fast = param(5, low=2, high=50)
    slow = param(20, low=2, high=200)

    def setup(self):
        self.fast_ma = SMA(self.fast)
        self.slow_ma = SMA(self.slow)

    def on_bar(self, bar):
        if self.fast_ma.crossed_above(self.slow_ma):
            self.buy()
        elif self.fast_ma.crossed_below(self.slow_ma):
            self.close()


class Asks(Crosses):
    """Reads results, how often there were any, and what an indicator never changes."""

    def setup(self):
        super().setup()
        self.macd = MACD(self.fast, self.slow, 3)
        self.middle = SMA(4).of("hl2")
        self.later = EMA(self.fast).of(self.macd, "signal")

    def on_bar(self, bar):
        if self.later.ready and self.fast_ma.count % self.fast_ma.length == 0:
            if self.macd.histogram > 0.0 and self.later.prev < self.later.value and self.middle.ready:
                self.buy(limit=self.middle.value)
            else:
                self.close()


class WarmedUp(Crosses):
    """An average that has seen prices before the first bar counts otherwise than the bars do."""

    def on_start(self):
        for _ in range(3):
            self.fast_ma.update(100.0)


class LooksInside(Crosses):
    def on_bar(self, bar):
        if self.fast_ma.ready and self.fast_ma.tails[0] > self.slow_ma.value:
            self.buy()
        else:
            self.close()


class Meddles(Crosses):
    def on_bar(self, bar):
        if self.fast_ma.value > self.slow_ma.value:
            self.buy()
            self.fast_ma.count = 0
        else:
            self.close()


class UpdatesTwice(Crosses):
    def on_bar(self, bar):
        self.fast_ma.update(bar.open)
        if self.fast_ma.value > self.slow_ma.value:
            self.buy()
        else:
            self.close()


class OneTwice(Crosses):
    """With equal lengths its two names are one average, which compiled code cannot hold in two places."""

    def setup(self):
        self.fast_ma = SMA(self.fast)
        self.slow_ma = self.fast_ma if self.fast == self.slow else SMA(self.slow)

    def on_bar(self, bar):
        self.fast_ma.update(bar.open)
        if self.fast_ma.value > self.slow_ma.value:
            self.buy()
        else:
            self.close()


@pytest.mark.parametrize(
    ("strategy", "shared", "made"),
    [
        (Crosses, ["fast_ma", "slow_ma"], 4),
        (Asks, ["fast_ma", "slow_ma", "macd", "middle"], 9),
        (WarmedUp, ["slow_ma"], 2),
        (LooksInside, [], 0),
        (Meddles, [], 0),
        (UpdatesTwice, [], 0),
    ],
)
def test_indicators_that_sets_share_are_worked_out_once_wherever_nobody_could_tell(strategy, shared, made, cache):
    bench = Bench(strategy, markets((PERPETUAL,), bars=400), cache=cache)
    scores = agree(bench, [{"fast": fast, "slow": slow} for fast in (5, 9) for slow in (20, 30)])
    assert bench.why_interpreted is None
    assert np.nansum(scores.metric("trades")) > 0
    shapes = bench._runs.runs._shapes
    assert [one.path for one in shapes[-1].followed] == shared
    assert len([key for key in bench._runs.runs._tracks._kept if key[0] in shared]) == made


def test_one_average_under_two_names_is_not_taken_for_two(cache):
    bench = Bench(OneTwice, markets((PERPETUAL,), bars=400), cache=cache)
    scores = agree(bench, [{"fast": 5, "slow": 20}, {"fast": 7, "slow": 7}, {"fast": 6, "slow": 20}])
    assert "one object" in scores.why_interpreted


def test_tracks_take_no_more_memory_than_is_allowed(cache, monkeypatch):
    data = markets((PERPETUAL,), bars=400)
    monkeypatch.setattr(tracks, "BYTES_MAX", 16 * 8 * 402)
    bench = Bench(Crosses, data, cache=cache)
    agree(bench, [{"fast": fast, "slow": 60} for fast in range(5, 25)])
    assert len(bench._runs.runs._tracks._kept) == 16
    monkeypatch.setattr(tracks, "BYTES_MAX", 15 * 8 * 402)
    bench = Bench(Crosses, data, cache=cache)
    agree(bench, [{"fast": 5, "slow": 60}])
    assert not bench._runs.runs._tracks._kept


NEVER_THE_SAME = itertools.count(1)


class Restless(Strategy):
    """Its set-up makes another list each time, so that no two of it share a kernel."""

    length = param(10, low=2, high=50)

    def setup(self):
        self.past = [0.0] * next(NEVER_THE_SAME)

    def on_bar(self, bar):
        if bar.close > bar.open:
            self.buy()
        else:
            self.close()


def test_a_set_up_that_is_never_the_same_is_given_up_on_and_interpreted(monkeypatch):
    monkeypatch.setattr(many_runs, "ATTEMPTS_MAX", 2)  # each is compiled
    bench = Bench(Restless, markets((PERPETUAL,), bars=100))
    scores = bench.score([{"length": 2}, {"length": 3}])
    assert "does not make the same twice" in scores.why_interpreted
    assert np.isfinite(scores.metric("total_return")).all()


class Uncompilable(Strategy):
    length = param(10, low=2, high=50)

    def setup(self):
        self.words = {"buy": self.length}

    def on_bar(self, bar):
        if int(bar.close) % self.words["buy"] == 0:
            self.buy()
        else:
            self.close()


def test_what_does_not_compile_is_interpreted_and_the_scores_say_why():
    bench = Bench(Uncompilable, markets((PERPETUAL,), bars=300))
    scores = agree(bench, [{"length": 5}, {"length": 7}])
    assert "dict" in scores.why_interpreted


class Breaks(Strategy):
    after = param(10, low=0, high=1_000)

    def setup(self):
        self.seen = 0

    def on_bar(self, bar):
        self.seen += 1
        if self.seen == self.after:
            self.buy(size=-1.0)


def test_a_set_that_breaks_in_the_middle_says_at_which_bar_and_the_others_go_on(cache):
    bench = Bench(Breaks, markets((PERPETUAL,), bars=300), cache=cache)
    scores = agree(bench, [{"after": 1_000}, {"after": 20}, {"after": 999}])
    assert set(scores.failed) == {1}
    assert "found -1 at the bar of" in scores.failed[1]


ENDS: list[int] = []


class Told(Strategy):
    told = param(1)

    def on_bar(self, bar):
        self.buy()

    def on_stop(self):
        ENDS.append(self.told)


def test_a_strategy_that_listens_for_the_end_hears_of_it():
    ENDS.clear()
    Bench(Told, markets((PERPETUAL,), bars=100)).score([{"told": 1}, {"told": 2}])
    assert ENDS == [1, 2]


def test_an_interrupt_ends_the_threads_and_is_passed_on(cache):
    bench = Bench(STRATEGIES["sma_cross"], markets((PERPETUAL,), bars=800), cache=cache, workers=2)

    def interrupt(stage, done, total):
        if stage == "running":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.score(drawn(STRATEGIES["sma_cross"], 500), interrupt)
    assert not [t for t in threading.enumerate() if "ThreadPoolExecutor" in t.name]
    assert len(bench.score([{}])) == 1


def test_the_scores_are_named_figures_of_a_backtest():
    ran = backtest(STRATEGIES["sma_cross"], markets((PERPETUAL,), bars=300))
    assert not set(SCORES) - set(ran.metrics)

"""The look-ahead check: what it compares, what it refuses, what it leaves as it found it."""

import random

import numpy as np
import pytest

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.indicators import SMA
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import backtest
from tradewind.research.lookahead import AHEAD, CLEAN, UNREPEATABLE, UNSEEN, lookahead
from tradewind.research.prepared_check import prepared_warnings
from tradewind.research.reports.lookahead_page import lookahead_document, lookahead_study
from tradewind.research.reports.study import render_study

BARS = next(s for s in synthetic_market(SyntheticMarket(("BTC/USDT",), "1h", bars=400, seed=2)) if isinstance(s, Bars))
LIST = [1.0, 2.0, 3.0]


class Ahead(Strategy):
    """Reads `bars` ahead in a column."""

    bars = param(1, low=0, high=50)

    def prepare(self, bars):
        later = np.full(len(bars), np.nan)
        later[: len(bars) - self.bars] = bars.close[self.bars :]
        return {"later": later}

    def on_bar(self, bar):
        if self.later.value > bar.close and self.direction == 0:
            self.buy()
        elif self.later.value < bar.close:
            self.close()


FALL = float(np.sort(np.diff(BARS.close) / BARS.close[:-1])[3])


class KnowsFallsInAColumn(Strategy):
    def prepare(self, bars):
        later = np.append(bars.close[1:] / bars.close[:-1] - 1.0, 0.0)
        return {"wanted": np.where(later < FALL, -1.0, 1.0)}

    def on_bar(self, bar):
        if self.wanted.value > 0.0 and self.direction == 0:
            self.buy()
        elif self.wanted.value < 0.0 and self.direction > 0:
            self.close()


class KnowsFalls(Strategy):
    """The same without a column, and with many decisions that know nothing."""

    def prepare(self, bars):
        self.closes = bars.close
        return {}

    def setup(self):
        self.bars_seen = -1

    def on_bar(self, bar):
        self.bars_seen += 1
        later = self.closes[min(self.bars_seen + 1, len(self.closes) - 1)] / bar.close - 1.0
        if self.direction == 0 and self.bars_seen % 4 == 0:
            self.buy()
        elif self.direction > 0 and (later < FALL or self.bars_seen % 4 == 2):
            self.close()


@pytest.mark.parametrize("strategy", [KnowsFallsInAColumn, KnowsFalls])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_looks_ahead_on_three_bars_only_is_found_before_them(strategy, seed):
    assert lookahead(strategy, BARS, engine="interpreted", seed=seed).verdict == AHEAD


@pytest.mark.parametrize("ahead", [1, 2, 3, 17, 50])
def test_it_says_how_many_bars_ahead_a_column_reads(ahead):
    result = lookahead(Ahead, BARS, engine="interpreted", bars=ahead)
    assert result.verdict == AHEAD
    assert [(f.name, f.bars_ahead) for f in result.findings] == [("later", ahead), ("decisions", None)]
    assert result.findings[0].cuts == len(result.cuts)


def test_no_bar_ahead_is_clean_in_both_engines(kernels):
    for engine in ("interpreted", "compiled"):
        result = lookahead(Ahead, BARS, engine=engine, cache=kernels, bars=0)
        assert (result.verdict, result.engine) == (CLEAN, engine)


def test_the_first_place_that_differs_is_told_with_both_values():
    result = lookahead(Ahead, BARS, engine="interpreted", seed=4)
    column = result.findings[0]
    row = int(np.searchsorted(BARS.time, column.time_ns))
    assert column.known_until_ns == BARS.time[row] + BARS.step_ns, "its own bar is the last that was shown"
    assert float(column.whole) == pytest.approx(BARS.close[row + 1])
    assert column.part == "nothing (NaN)"
    time, whole, part = column.glimpse
    assert len(time) == len(whole) == len(part)
    assert np.isnan(part[time > column.known_until_ns]).all()


def test_the_same_seed_cuts_at_the_same_places_and_another_elsewhere():
    one, same, other = (lookahead(Ahead, BARS, engine="interpreted", seed=seed).cuts for seed in (1, 1, 2))
    assert one == same != other
    assert {"near the end", "before a large move", "after a decision", "at random"} <= {why for _, why in one}


def test_a_strategy_that_draws_by_chance_is_told_so_and_not_accused():
    class Chance(Strategy):
        def on_bar(self, bar):
            if random.random() < 0.2:
                self.buy(0.001)

    result = lookahead(Chance, BARS, engine="interpreted")
    assert result.verdict == UNREPEATABLE
    assert "by chance, or asks a clock" in result.findings[0].diagnosis
    assert result.cuts == ()


def test_a_column_that_is_drawn_by_chance_is_told_so():
    class Noise(Ahead):
        def prepare(self, bars):
            return {"later": np.random.default_rng().normal(size=len(bars))}

        def on_bar(self, bar):
            pass

    result = lookahead(Noise, BARS, engine="interpreted")
    assert (result.verdict, result.findings[0].name) == (UNREPEATABLE, "later")


def test_a_strategy_that_never_decides_is_neither_clean_nor_accused():
    class Idle(Strategy):
        def on_bar(self, bar):
            pass

    result = lookahead(Idle, BARS, engine="interpreted")
    assert (result.verdict, result.clean) == (UNSEEN, False)


def test_what_is_kept_outside_of_the_strategy_is_left_as_it_was():
    before = LIST

    class Keeps(Strategy):
        shared = {"seen": 0}  # noqa: RUF012

        def on_bar(self, bar):
            LIST.append(bar.close)
            self.shared["seen"] += 1
            type(self).made = 1

    lookahead(Keeps, BARS, engine="interpreted")
    assert LIST is before
    assert LIST == [1.0, 2.0, 3.0]
    assert Keeps.shared == {"seen": 0}
    assert not hasattr(Keeps, "made")


def test_what_is_kept_outside_is_put_back_when_the_strategy_breaks():
    class Breaks(Strategy):
        def on_bar(self, bar):
            LIST.append(bar.close)
            if len(LIST) > 50:
                raise RuntimeError("enough")

    with pytest.raises(StrategyFailed, match="enough"):
        lookahead(Breaks, BARS, engine="interpreted")
    assert LIST == [1.0, 2.0, 3.0]


def test_a_prepare_that_needs_more_data_is_noted_and_not_accused():
    class Needs(Ahead):
        def prepare(self, bars):
            if len(bars) < 300:
                raise ValueError("too short for me")
            return {"later": np.zeros(len(bars))}

        def on_bar(self, bar):
            if bar.time % 36_000_000_000_000 == 0:
                self.buy(0.001)

    result = lookahead(Needs, BARS, engine="interpreted")
    assert result.verdict == CLEAN
    assert any("too short for me" in note for note in result.notes)


def test_a_strategy_that_breaks_without_the_later_bars_is_told_so():
    class Reaches(Ahead):
        def prepare(self, bars):
            self.closes = bars.close.tolist()
            return {}

        def setup(self):
            self.at = -1

        def on_bar(self, bar):
            self.at += 1
            if self.at < 395 and self.closes[self.at + 4] > bar.close:
                self.buy(0.001)

    result = lookahead(Reaches, BARS, engine="interpreted")
    assert result.verdict == AHEAD
    broken = next(f for f in result.findings if f.kind == "broken")
    assert "IndexError" in broken.part


def test_rounding_that_tips_a_comparison_is_no_look_ahead():
    """A column that rounds otherwise with other lengths, and a decision at the very number."""

    class Tips(Strategy):
        def prepare(self, bars):
            return {"level": np.ones(len(bars)) + (len(bars) % 7) * 2.0**-52}

        def setup(self):
            self.mean = SMA(3)

        def on_bar(self, bar):
            if self.level.value > 1.0 + 2.0**-52 and self.mean.crossed_above(bar.close):
                self.buy(0.001)

    assert len(BARS) % 7 == 1
    assert lookahead(Tips, BARS, engine="interpreted").verdict == CLEAN


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cuts": 0}, "cuts must be from 3"),
        ({"seed": -1}, "a seed is a whole number"),
        ({"cuts": 10_000}, "cuts must be from 3"),
        ({"bars": 99}, "99 is outside 0 to 50"),
        ({"bras": 9}, "no parameter 'bras'"),
        ({"engine": "quick"}, "unknown engine 'quick'"),
    ],
)
def test_what_is_asked_wrongly_is_refused(given, words):
    with pytest.raises(BadInput, match=words):
        lookahead(Ahead, BARS, **given)


def test_too_little_data_is_refused_with_what_to_do():
    with pytest.raises(BadInput, match=r"59 bars are too few.*takes 60"):
        lookahead(Ahead, BARS.rows(slice(0, 59)), engine="interpreted")
    assert lookahead(Ahead, BARS.rows(slice(0, 60)), engine="interpreted").verdict == AHEAD


def test_progress_comes_to_its_end():
    told = []
    lookahead(STRATEGIES["sma_cross"], BARS, engine="interpreted", progress=lambda *at: told.append(at))
    assert told[0][:2] == ("checking", 0)
    assert told[-1][1] == told[-1][2]


def test_the_page_and_the_document_hold_what_was_found():
    result = lookahead(Ahead, BARS, engine="interpreted")
    page = render_study(lookahead_study(result))
    assert "as shift(-1) does" in page
    assert "<svg" in page
    document = lookahead_document(result)
    assert (document["kind"], document["outcome"], document["clean"]) == ("lookahead", AHEAD, False)
    assert document["findings"][0]["bars_ahead"] == 1


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (Ahead, "It looks ahead, and these figures mean nothing: the column later"),
        (type("Now", (Ahead,), {"prepare": lambda _self, bars: {"later": bars.close}}), "only a first look was taken"),
    ],
)
def test_a_backtest_warns_of_a_prepare_and_takes_a_first_look(strategy, words):
    found = prepared_warnings(backtest(strategy, BARS, engine="interpreted"))
    assert len(found) == 1
    assert words in found[0]
    assert "tradewind lookahead" in found[0]


def test_a_backtest_of_indicators_alone_needs_no_such_warning():
    assert prepared_warnings(backtest(STRATEGIES["sma_cross"], BARS, engine="interpreted")) == ()


def test_a_strategy_that_stops_at_prices_that_never_were_is_not_accused():
    class Fussy(Strategy):
        def on_bar(self, bar):
            if bar.close > 1.05 * BARS.high.max() or bar.close < 0.95 * BARS.low.min():
                raise ValueError("what a price")
            if bar.time % 36_000_000_000_000 == 0:
                self.buy(0.001)

    result = lookahead(Fussy, BARS, engine="interpreted", cuts=20)
    assert (result.verdict, result.findings) == (CLEAN, ())
    assert any("what a price" in note for note in result.notes), "the changed bars had such prices"


@pytest.mark.parametrize("ahead", [1, 4, 11, 40])
def test_how_far_a_decision_looks_is_told_where_no_column_tells_it(ahead):
    class Keeps(Strategy):
        def prepare(self, bars):
            self.closes = bars.close.tolist()
            return {}

        def setup(self):
            self.at = -1

        def on_bar(self, bar):
            self.at += 1
            later = self.at + ahead
            if later < len(self.closes) and self.closes[later] > bar.close:
                self.buy(0.001)

    found = lookahead(Keeps, BARS, engine="interpreted").findings
    assert [(f.name, f.bars_ahead) for f in found] == [("decisions", ahead)]


HOUR = 3_600_000_000_000


def with_a_season(hour: int) -> Bars:
    """A random walk, but that one hour of each day rises by three deviations."""
    moves = np.random.default_rng(5).normal(0.0, 0.004, 2_000)
    time = 1_600_000_000_000_000_000 // (24 * HOUR) * 24 * HOUR + np.arange(len(moves)) * HOUR
    moves[time // HOUR % 24 == hour] += 0.012
    close = 100.0 * np.exp(np.cumsum(moves))
    opened = np.append(100.0, close[:-1])
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    return Bars("X/USDT", "1h", time, opened, high, low, close, np.full(len(close), 10.0))


class ByTheClock(Strategy):
    """Buys before seven o'clock, sells after it."""

    def on_bar(self, bar):
        hour = bar.time // HOUR % 24
        if hour == 6:
            self.buy()
        elif hour == 7:
            self.close()


class ByAColumn(Strategy):
    """The same out of a column."""

    def prepare(self, bars):
        return {"hour": np.where(bars.time // HOUR % 24 == 6, 1.0, 0.0)}

    def on_bar(self, bar):
        if self.hour.value > 0.0:
            self.buy()
        elif self.direction > 0:
            self.close()


class ByAList(Strategy):
    """The same out of a list of its own, an item a bar."""

    def setup(self):
        self.hours = [1.0 if row % 24 == 6 else 0.0 for row in range(2_000)]
        self.row = -1

    def on_bar(self, bar):
        self.row += 1
        if self.hours[self.row] > 0.0:
            self.buy()
        elif self.direction > 0:
            self.close()


@pytest.mark.parametrize("strategy", [ByTheClock, ByAColumn, ByAList])
def test_who_goes_by_the_clock_and_is_right_is_not_accused(strategy):
    result = lookahead(strategy, with_a_season(7), engine="interpreted")
    assert (result.verdict, result.findings) == (CLEAN, ())
    assert any("by the clock alone" in note for note in result.notes)


def test_hours_that_were_picked_one_by_one_are_no_clock():
    bars = with_a_season(7)
    rises = {int(t) for t, up in zip(bars.time, np.append(np.diff(bars.close) > 0.008, False), strict=True) if up}

    class Picked(Strategy):
        def on_bar(self, bar):
            if bar.time in rises:
                self.buy()
            elif self.direction > 0:
                self.close()

    result = lookahead(Picked, bars, engine="interpreted")
    assert result.verdict == AHEAD

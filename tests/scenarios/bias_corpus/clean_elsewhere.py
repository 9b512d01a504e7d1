"""Strategies that look suspicious and are not: data of their own that they read in time, state, chance with a seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bias_corpus.market import ONE
from bias_corpus.planted_elsewhere import BY_TIME, CLOSES, FRAME, Trader

from tradewind.core.indicators import ATR, EMA, RSI, SMA
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.frames import to_pandas

MOOD = np.cumsum(np.random.default_rng(5).normal(size=len(ONE)))
"""One number a bar that has nothing to do with the market."""
WEIGHTS = [0.5**i for i in range(40)]
TABLE = np.random.default_rng(6).normal(size=len(ONE)).tolist()
YESTERDAY = FRAME.close.resample("1D").agg(["max", "min"]).shift(1).dropna()
KEPT: dict[str, list[float]] = {}
COUNT = 0


class ReadsItsPast(Trader):
    """A list of this very market in its module, read up to the bar in hand."""

    def wants(self, bar):
        return CLOSES[self.bars_seen] - CLOSES[max(0, self.bars_seen - 10)]


class ReadsTheFramesPast(Trader):
    def wants(self, bar):
        known = FRAME.close[: pd.Timestamp(bar.time, tz="UTC")]
        return bar.close - known.tail(12).mean()


class ReadsTheDictsPast(Trader):
    def wants(self, bar):
        return bar.close - BY_TIME.get(bar.time - 3 * bar.step, bar.close)


class ReadsYesterday(Trader):
    def wants(self, bar):
        day = pd.Timestamp(bar.time, tz="UTC").floor("D")
        return bar.close - YESTERDAY["max"].get(day, np.inf) * 0.98


class ReadsAMood(Trader):
    """An outside series, one number a bar, which foretells nothing."""

    def wants(self, bar):
        return MOOD[self.bars_seen] - MOOD[max(0, self.bars_seen - 5)]


class MoodInAColumn(Strategy):
    def prepare(self, bars):
        return {"mood": MOOD[: len(bars)]}

    def on_bar(self, bar):
        if self.mood.value > self.mood.prev:
            self.buy(0.01)
        else:
            self.close()


class Weighs(Trader):
    """A table of settings in its module."""

    def setup(self):
        self.bars_seen = -1
        self.past = [0.0] * 40

    def wants(self, bar):
        self.past = [bar.close, *self.past[:-1]]
        return bar.close - sum(w * p for w, p in zip(WEIGHTS, self.past, strict=True)) / sum(WEIGHTS)


class DrawsFromATable(Trader):
    """Chance that was drawn beforehand: as many numbers as there are bars."""

    def wants(self, bar):
        return TABLE[self.bars_seen]


class DrawsFromAllOfATable(Trader):
    """As many numbers as there are bars, and each may come at any bar."""

    def wants(self, bar):
        return TABLE[(self.bars_seen * 7919) % len(TABLE)]


class DrawsWithASeed(Trader):
    def setup(self):
        self.bars_seen = -1
        self.rng = np.random.default_rng(7)

    def wants(self, bar):
        return self.rng.normal()


class Remembers(Trader):
    """Keeps what it sees in its module, as a notebook does."""

    def setup(self):
        self.bars_seen = -1
        KEPT.clear()

    def wants(self, bar):
        KEPT.setdefault("closes", []).append(bar.close)
        return bar.close - float(np.mean(KEPT["closes"][-15:]))


class Counts(Trader):
    """A count in its module that goes on from run to run."""

    def wants(self, bar):
        global COUNT  # noqa: PLW0603  (as people do)
        COUNT += 1
        return 1.0 if COUNT % 30 < 15 else -1.0


class KeepsItsPast(Trader):
    """Keeps the whole history by `prepare`, and reads only what is over."""

    def prepare(self, bars):
        self.frame = to_pandas(bars)
        return {"mean": self.frame.close.rolling(10).mean()}

    def wants(self, bar):
        return self.frame.close.iloc[self.bars_seen] - self.frame.close.iloc[max(0, self.bars_seen - 6)]


def reading_the_past(folder):
    """A file of this very market, read up to the bar in hand."""
    path = folder / "closes.csv"
    pd.DataFrame({"time": ONE.time, "close": ONE.close}).to_csv(path, index=False)

    class FromFile(Trader):
        def setup(self):
            self.bars_seen = -1
            self.closes = pd.read_csv(path).close.tolist()

        def wants(self, bar):
            return self.closes[self.bars_seen] - self.closes[max(0, self.bars_seen - 8)]

    return FromFile


def reading_settings(folder):
    """A file of settings."""
    path = folder / "weights.csv"
    np.savetxt(path, np.linspace(0.1, 1.0, 30))

    class FromSettings(Weighs):
        def setup(self):
            super().setup()
            self.weights = np.loadtxt(path)

        def wants(self, bar):
            self.past = [bar.close, *self.past[:-1]]
            return bar.close - float(self.weights @ np.array(self.past[:30])) / float(self.weights.sum())

    return FromSettings


class HigherTimeframes(Strategy):
    """Feeds whose last bar is open at most cuts."""

    def setup(self):
        self.four = self.feed(timeframe="4h")
        self.day = self.feed(timeframe="1d")
        self.fast = EMA(5).on(self.four)
        self.slow = SMA(5).on(self.day)

    def on_bar(self, bar):
        if self.four.closed and self.fast.value > self.slow.value and self.direction == 0:
            self.buy()
        elif self.day.closed and self.fast.value < self.slow.value:
            self.close()


class EveryOrder(Strategy):
    """Limits, stops, brackets, trailing stops, cancels, and what happens to them."""

    timer = "6h"
    length = param(14, low=2)

    def setup(self):
        self.rsi = RSI(self.length)
        self.atr = ATR(10)
        self.due = False
        self.stopped = 0

    def on_timer(self, time):
        self.due = True

    def on_fill(self, fill):
        self.stopped += fill.closing

    def on_bar(self, bar):
        reach = 2.0 * self.atr.value
        if self.due and self.atr.ready:
            self.due = False
            self.cancel()
            if self.rsi.value < 50.0:
                self.buy(0.01, limit=bar.close - 0.2 * reach, sl=bar.close - 2.0 * reach, tp=bar.close + reach)
            else:
                self.sell(0.01, stop=bar.close - 0.3 * reach, trail=reach)


class HoldsToTheEnd(Strategy):
    """One buy that the end of the data closes."""

    def setup(self):
        self.bought = False

    def on_bar(self, bar):
        if not self.bought:
            self.bought = True
            self.buy()


class Fussy(Trader):
    """It stops at prices that this market never had: the later bars of a check may have them."""

    low, high = float(ONE.low.min()) * 0.99, float(ONE.high.max()) * 1.01

    def wants(self, bar):
        if not self.low < bar.close < self.high:
            raise ValueError("what a price")
        return 1.0 if self.bars_seen % 12 < 6 else -1.0


class EveryMonday(Strategy):
    """By the calendar alone: no price changes what it does."""

    def on_bar(self, bar):
        days = bar.time // 86_400_000_000_000
        if bar.time % 86_400_000_000_000 == 0 and days % 7 == 4:
            self.buy(0.01)
        elif bar.time % 86_400_000_000_000 == 0 and days % 7 == 6:
            self.close()


class Both(Strategy):
    """Two symbols, the stronger of the last bars."""

    symbols = 2

    def prepare(self, bars):
        close = to_pandas(bars).close
        return {"gain": close.pct_change(24)}

    def on_bar(self, bar):
        mine, other = self.gain[bar.symbol].value, self.gain[1 - bar.symbol].value
        if mine > other and self.direction == 0:
            self.buy(0.1)
        elif mine < other:
            self.close()


ELSEWHERE = {
    cls.__name__: cls
    for cls in (
        ReadsItsPast, ReadsTheFramesPast, ReadsTheDictsPast, ReadsYesterday, ReadsAMood, MoodInAColumn, Weighs,
        DrawsFromATable, DrawsFromAllOfATable, DrawsWithASeed, Remembers, Counts, KeepsItsPast, HigherTimeframes,
        EveryOrder, HoldsToTheEnd, Fussy, EveryMonday, Both,
    )
}  # fmt: skip

FILES = {"the past in a file": reading_the_past, "settings in a file": reading_settings}

"""Look-ahead that does not come through a column: lists on the strategy, modules, classes, several symbols."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from bias_corpus.market import ONE, PAIR

from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.frames import to_pandas

CLOSES = ONE.close.tolist()
FRAME = to_pandas(ONE)
BARS = ONE
BY_TIME = dict(zip(ONE.time.tolist(), ONE.close.tolist(), strict=True))
LABELS = np.where(np.append(ONE.close[1:], ONE.close[-1]) > ONE.close, 1.0, -1.0)
DAILY = FRAME.close.resample("1D").agg(["max", "min"])
GOOD_HOURS = frozenset(ONE.time[np.argsort(np.append(np.diff(ONE.close) / ONE.close[:-1], 0.0))[-40:]].tolist())
FITTED: dict[str, float] = {}
FIT = None


class Trader(Strategy):
    """Long while `wants` is above zero."""

    def setup(self):
        self.bars_seen = -1

    def on_bar(self, bar):
        self.bars_seen += 1
        wanted = self.wants(bar)
        if wanted > 0.0 and self.direction == 0:
            self.buy()
        elif wanted <= 0.0 and self.direction > 0:
            self.close()


def at(values, i):
    return values[min(i, len(values) - 1)]


class KeepsItsBars(Trader):
    """`prepare` is used to keep the whole history, and `on_bar` reads one further."""

    def prepare(self, bars):
        self.closes = bars.close.tolist()
        return {}

    def wants(self, bar):
        return at(self.closes, self.bars_seen + 1) - bar.close


class KeepsItsFrame(KeepsItsBars):
    def prepare(self, bars):
        self.frame = to_pandas(bars)
        return {}

    def wants(self, bar):
        return self.frame.close.iloc[min(self.bars_seen + 1, len(self.frame) - 1)] - bar.close


class KnowsTheMean(KeepsItsBars):
    """One number of the whole sample, kept on the strategy, and no column at all."""

    def prepare(self, bars):
        self.mean = float(bars.close.mean())
        return {}

    def wants(self, bar):
        return self.mean - bar.close


class CountsToTheEnd(KeepsItsBars):
    def prepare(self, bars):
        self.bars_in_all = len(bars)
        return {}

    def wants(self, bar):
        return 1.0 if self.bars_in_all - self.bars_seen > 10 and self.bars_seen % 20 < 10 else -1.0


class ReadsAModulesList(Trader):
    def wants(self, bar):
        return at(CLOSES, self.bars_seen + 1) - bar.close


class ReadsAModulesFrame(Trader):
    def wants(self, bar):
        later = FRAME.close[FRAME.index > pd.Timestamp(bar.time, tz="UTC")]
        return (later.iloc[0] if len(later) else bar.close) - bar.close


class ReadsAModulesBars(Trader):
    def wants(self, bar):
        return at(BARS.close, int(np.searchsorted(BARS.time, bar.time)) + 3) - bar.close


class ReadsADict(Trader):
    def wants(self, bar):
        return BY_TIME.get(bar.close_time, bar.close) - bar.close


class ReadsTheDaysHigh(Trader):
    """A daily table made elsewhere, joined by date: today's row is there in the morning."""

    def wants(self, bar):
        day = DAILY.loc[pd.Timestamp(bar.time, tz="UTC").floor("D")]
        return day["max"] * 0.995 - bar.close


class ReadsLabels(Trader):
    """What was best to do at each bar, worked out beforehand: it reads no further than its own bar."""

    def wants(self, bar):
        return at(LABELS, self.bars_seen)


class ReadsLabelsInAColumn(Strategy):
    def prepare(self, bars):
        return {"label": LABELS[: len(bars)]}

    def on_bar(self, bar):
        if self.label.value > 0.0:
            self.buy()
        else:
            self.close()


class KnowsTheHours(Trader):
    """The times at which it would have been good to buy."""

    def wants(self, bar):
        return 1.0 if bar.time in GOOD_HOURS else -1.0


class OnItsClass(Trader):
    closes = ONE.close.tolist()

    def wants(self, bar):
        return at(self.closes, self.bars_seen + 1) - bar.close


def in_a_closure():
    closes = ONE.close.tolist()

    class Closure(Trader):
        def wants(self, bar):
            return at(closes, self.bars_seen + 1) - bar.close

    return Closure


class CopiedInSetup(Trader):
    def setup(self):
        self.bars_seen = -1
        self.closes = list(CLOSES)

    def wants(self, bar):
        return at(self.closes, self.bars_seen + 1) - bar.close


class LoadedAtTheStart(CopiedInSetup):
    def setup(self):
        self.bars_seen = -1

    def on_start(self):
        self.closes = CLOSES[:]


class Prophet:
    """An object of one's own that holds what is to come."""

    def __init__(self, closes):
        self.closes = closes

    def after(self, i):
        return at(self.closes, i + 1)


PROPHET = Prophet(ONE.close.copy())


class AsksAProphet(Trader):
    def wants(self, bar):
        return PROPHET.after(self.bars_seen) - bar.close


class HoldsAProphet(Trader):
    def setup(self):
        self.bars_seen = -1
        self.prophet = Prophet(ONE.close.copy())

    def wants(self, bar):
        return self.prophet.after(self.bars_seen) - bar.close


class FitsOnce(KeepsItsBars):
    """A fit that the first run keeps in its module: the next run, on less data, finds the fit of all of it."""

    def prepare(self, bars):
        if "mean" not in FITTED:
            FITTED["mean"] = float(bars.close.mean())
        return {}

    def wants(self, bar):
        return FITTED["mean"] - bar.close


class FitsOnceGlobally(KeepsItsBars):
    def prepare(self, bars):
        global FIT  # noqa: PLW0603  (the mistake that is planted)
        if FIT is None:
            FIT = float(bars.close.mean())
        return {}

    def wants(self, bar):
        return FIT - bar.close


class FitsOnceOnItsClass(KeepsItsBars):
    mean = None

    def prepare(self, bars):
        cls = type(self)
        if cls.mean is None:
            cls.mean = float(bars.close.mean())
        return {}

    def wants(self, bar):
        return self.mean - bar.close


class FitsOnceCached(KeepsItsBars):
    def prepare(self, bars):
        self.mean = fitted(bars.symbol, lambda: float(bars.close.mean()))
        return {}

    def wants(self, bar):
        return self.mean - bar.close


class _Later:
    """What a cached function is to work out; equal to any other, so that the first answer stays."""

    def __init__(self, make):
        self.make = make

    def __hash__(self):
        return 0

    def __eq__(self, other):
        return True


@lru_cache
def _kept(symbol, later):
    return later.make()


def fitted(symbol, make):
    return _kept(symbol, _Later(make))


class PicksTheWinner(Strategy):
    """Of two symbols it trades the one that has gained more by the end."""

    symbols = 2
    every = param(10, low=2)

    def prepare(self, bars):
        self.gains = [*getattr(self, "gains", []), float(bars.close[-1] / bars.close[0])]
        return {}

    def setup(self):
        self.seen = 0

    def on_bar(self, bar):
        self.seen += 1
        if bar.symbol == self.gains.index(max(self.gains)):
            if self.direction == 0:
                self.buy()
            elif self.seen % self.every == 0:
                self.close()


class PicksByColumn(Strategy):
    """The same by a column: a symbol's place among all, by what it has gained over the whole sample."""

    symbols = 2

    def prepare(self, bars):
        return {"gain": np.full(len(bars), bars.close[-1] / bars.close[0])}

    def on_bar(self, bar):
        mine, other = self.gain[bar.symbol].value, self.gain[1 - bar.symbol].value
        if mine > other and self.direction == 0:
            self.buy(0.1)


class _Model:
    """Stands for a library's: it is fitted in place."""

    def __init__(self):
        self.level = None

    def fit(self, values):
        self.level = float(np.mean(values))


MODEL = _Model()


class FitsAModelOnce(KeepsItsBars):
    def prepare(self, bars):
        if MODEL.level is None:
            MODEL.fit(bars.close)
        return {}

    def wants(self, bar):
        return MODEL.level - bar.close


ELSEWHERE = {
    "keeps its bars": KeepsItsBars,
    "keeps its frame": KeepsItsFrame,
    "knows the mean": KnowsTheMean,
    "counts to the end": CountsToTheEnd,
    "reads a module's list": ReadsAModulesList,
    "reads a module's frame": ReadsAModulesFrame,
    "reads a module's bars": ReadsAModulesBars,
    "reads a dict": ReadsADict,
    "reads the day's high": ReadsTheDaysHigh,
    "reads labels": ReadsLabels,
    "reads labels in a column": ReadsLabelsInAColumn,
    "knows the hours": KnowsTheHours,
    "on its class": OnItsClass,
    "in a closure": in_a_closure(),
    "copied in setup": CopiedInSetup,
    "loaded at the start": LoadedAtTheStart,
    "asks a prophet": AsksAProphet,
    "holds a prophet": HoldsAProphet,
    "fits once": FitsOnce,
    "fits a model once": FitsAModelOnce,
    "fits once globally": FitsOnceGlobally,
    "fits once on its class": FitsOnceOnItsClass,
    "fits once, cached": FitsOnceCached,
    "picks the winner": PicksTheWinner,
    "picks by column": PicksByColumn,
}


def market_of(strategy):
    return ONE if strategy.symbols == 1 else PAIR

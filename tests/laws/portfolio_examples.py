"""Random portfolios: strategies that trade much, on random markets that begin and end when they like."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from tradewind.core.domain.instruments import Instrument, instrument_for
from tradewind.core.domain.market_data import Bars
from tradewind.core.engine.rules import MarketRules
from tradewind.core.indicators import SMA
from tradewind.core.performance.allocation import METHODS, Allocation
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Market
from tradewind.research.portfolio import Sleeve

CACHE = Path(tempfile.mkdtemp(prefix="tradewind-portfolio-laws-"))
HOUR = 3_600 * 10**9
START = 1_704_067_200 * 10**9
DAYS = 70


class Follower(Strategy):
    """Long above an average, out (or short) below it; a stop now and then."""

    length = param(8, low=2, high=40)
    short = param(False)

    def setup(self):
        self.mean = SMA(self.length)

    def on_bar(self, bar):
        if not self.mean.ready:
            return
        if bar.close > self.mean.value and not self.position.is_long:
            self.buy(sl=bar.close * 0.95)
        elif bar.close < self.mean.value and not self.position.is_short:
            if self.short and self.can_short:
                self.sell(sl=bar.close * 1.05)
            elif self.position:
                self.close()


class Holder(Strategy):
    """Buys once and keeps it."""

    def setup(self):
        self.bought = False

    def on_bar(self, bar):
        if not self.bought:
            self.buy()
            self.bought = True


def market(seed: int, timeframe: str, first_day: int, days: int, kind: str) -> Market:
    step = {"1h": HOUR, "4h": 4 * HOUR, "1d": 24 * HOUR}[timeframe]
    rng = np.random.default_rng(seed)
    bars = days * 24 * HOUR // step
    time = START + first_day * 24 * HOUR + np.arange(bars, dtype=np.int64) * step
    wild = 0.006 * np.sqrt(step / HOUR)
    close = np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, wild, bars))), 2)
    opens = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(opens, close) * (1 + wild / 2), np.minimum(opens, close) * (1 - wild / 2)
    symbol = f"A{seed}/USDT" if kind == "spot" else f"A{seed}/USDT:USDT"
    return Market(Bars(symbol, timeframe, time, opens, high, low, close, np.full(bars, 1000.0)), rules_of(symbol))


def rules_of(symbol: str) -> Instrument:
    return replace(instrument_for(symbol), lot=Decimal("0.001"))


@st.composite
def sleeves(draw) -> list[Sleeve]:
    made = []
    for number in range(draw(st.integers(2, 4))):
        late = draw(st.sampled_from([0, 0, 3, 20]))
        early = draw(st.sampled_from([0, 0, 10]))
        data = market(
            draw(st.integers(0, 10_000)) * 10 + number,
            draw(st.sampled_from(["1h", "4h", "1d"])),
            late,
            DAYS - late - early,
            draw(st.sampled_from(["spot", "perpetual"])),
        )
        which = draw(st.sampled_from([Follower, Follower, Holder]))
        given = {"length": draw(st.integers(2, 30)), "short": draw(st.booleans())} if which is Follower else {}
        made.append(Sleeve(which, data, given, name=f"sleeve {number}", share=draw(st.sampled_from([1.0, 2.0]))))
    return made


ALLOCATIONS = st.builds(
    Allocation,
    method=st.sampled_from(METHODS),
    target_volatility=st.sampled_from([0.1, 0.4]),
    weight_max=st.sampled_from([1.0, 0.5]),
    invested_max=st.sampled_from([1.0, 0.8]),
    lookback_days=st.sampled_from([15, 40]),
    history_min_days=st.sampled_from([5, 12]),
)
PLANS = st.fixed_dictionaries(
    {
        "allocation": ALLOCATIONS,
        "every": st.sampled_from(["never", "3d", "1w", "1M"]),
        "drift": st.sampled_from([None, 0.05]),
        "resize": st.booleans(),
        "rules": st.builds(
            MarketRules,
            cash=st.just(10_000.0),
            stake=st.sampled_from([1.0, 0.6]),
            latency_bars=st.sampled_from([0, 1]),
            slippage=st.sampled_from(["none", "fixed", "volatility"]),
        ),
    }
)

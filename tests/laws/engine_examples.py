"""Random strategies on random markets: everything follows from the numbers that hypothesis draws."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from tradewind.core.domain.instruments import Instrument
from tradewind.core.engine.market_data import MarketData, SymbolData, merge
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import RunResult, run
from tradewind.core.indicators import SMA
from tradewind.core.strategy.strategy import Strategy

MINUTE = 60 * 10**9
START = 1_704_067_200 * 10**9
CACHE = Path(tempfile.mkdtemp(prefix="tradewind-engine-laws-"))
CHANCES = 512


class Wanderer(Strategy):
    """Does what a list of chances says, with a little state: every order kind, brackets, closes, cancels."""

    def setup(self):
        self.drawn = 0
        self.mean = SMA(5)
        self.slow = self.feed(timeframe="5m")
        self.slow_mean = SMA(2).on(self.slow)
        self.last = 0
        self.heard = 0.0

    def chance(self):
        self.drawn = (self.drawn + 1) % CHANCES
        return self.chances[self.drawn]

    def on_fill(self, fill):
        self.heard += fill.price * fill.side
        if self.chance() < 0.1:
            self.sell(fill.size, limit=fill.price * 1.01, reduce_only=True, symbol=fill.symbol)

    def on_funding(self, symbol, rate, paid):
        self.heard -= paid
        if self.chance() < 0.1:
            self.cancel()

    def on_bar(self, bar):  # noqa: C901  (a ladder of chances)
        self.heard *= 0.99
        act = self.chance()
        if act < 0.45:
            return
        price = bar.close
        if self.slow_mean.ready and self.chance() < 0.2:
            price = self.slow_mean.value
        near = price * (1.0 + 0.02 * (self.chance() - 0.5))
        far = price * (1.0 + 0.1 * (self.chance() - 0.5))
        below = price * (1.0 - 0.04 * self.chance())
        above = price * (1.0 + 0.04 * self.chance())
        size = self.size * (0.2 + self.chance())
        tif = int(self.chance() * 3.0)
        if act < 0.50:
            self.close()
        elif act < 0.53:
            self.cancel()
        elif act < 0.55:
            self.cancel(self.last)
        elif act < 0.58:
            self.protect(sl=below, tp=above)
        elif act < 0.64:
            self.last = self.buy(size, limit=near, tif=tif)
        elif act < 0.70:
            self.last = self.sell(size, limit=near, tif=tif)
        elif act < 0.74:
            self.last = self.buy(size, stop=above, sl=below)
        elif act < 0.78:
            self.last = self.sell(size, stop=below, limit=far, expires=bar.close_time + 20 * MINUTE)
        elif act < 0.82:
            self.last = self.buy(size, sl=below, tp=above)
        elif act < 0.86:
            self.last = self.sell(size, sl=above, tp=below)
        elif act < 0.89:
            self.last = self.buy(size, limit=near, post_only=True, tp=above)
        elif act < 0.91:
            self.last = self.sell(size, reduce_only=True, trail=abs(above - price) + 0.01)
        elif act < 0.94:
            self.last = self.buy(trail=price * 0.02)
        elif act < 0.97:
            self.last = self.sell(sl=above)
        elif self.position.is_long:
            self.last = self.sell(2.0 * abs(self.position.size))
        elif self.mean.ready and bar.close > self.mean.value + self.heard * 1e-9:
            self.last = self.buy(size)


class PairWanderer(Wanderer):
    """The same on two symbols."""

    symbols = 2


def wanderer(cls: type[Wanderer], seed: int, size: float):
    def make() -> Wanderer:
        strategy = cls()
        strategy.chances = [float(c) for c in np.random.default_rng(seed).random(CHANCES)]
        strategy.size = size
        return strategy

    return make


def random_symbol(seed: int, bars: int, wild: float, name: str, funding: bool) -> SymbolData:
    """A walk with jumps, flat stretches, bars without volume, gaps in time, and funding at, in and between bars."""
    rng = np.random.default_rng(seed)
    keep = np.sort(rng.permutation(bars + 5)[:bars])
    step = rng.normal(0.0, wild, bars) + (rng.random(bars) < 0.02) * rng.normal(0.0, 12 * wild, bars)
    step[rng.random(bars) < 0.1] = 0.0
    close = np.round(100.0 * np.exp(np.cumsum(step)), 2) + 0.01
    gap = rng.random(bars) < 0.3
    opens = np.where(gap, np.round(close * np.exp(rng.normal(0.0, wild, bars)), 2) + 0.01, np.roll(close, 1))
    opens[0] = close[0]
    high = np.maximum(opens, close) * (1.0 + wild * rng.random(bars) * (rng.random(bars) < 0.8))
    low = np.minimum(opens, close) * (1.0 - 0.5 * min(wild, 1.0) * rng.random(bars) * (rng.random(bars) < 0.8))
    volume = np.round(rng.random(bars) * 50.0, 1) * (rng.random(bars) < 0.9)
    paid = {}
    if funding:
        times = START + np.sort(rng.integers(0, bars * MINUTE, max(1, bars // 12)))
        times[rng.random(len(times)) < 0.5] //= MINUTE
        times[times < START] *= MINUTE
        times = np.unique(times)
        paid = {
            "funding_time": times,
            "funding_rate": rng.normal(0.0, 0.002, len(times)),
            "funding_price": np.where(rng.random(len(times)) < 0.5, np.nan, 100.0),
        }
    return SymbolData(name, START + keep * MINUTE, opens, high, low, close, volume, **paid)


RULES = st.builds(
    MarketRules,
    cash=st.sampled_from([1_000.0, 10_000.0, 123_456.78]),
    leverage=st.sampled_from([1.0, 2.0, 3.0, 10.0, 50.0]),
    margin=st.sampled_from(["cross", "isolated"]),
    hedging=st.booleans(),
    stake=st.sampled_from([1.0, 0.5, 0.1]),
    slippage=st.sampled_from(["none", "fixed", "volume"]),
    slippage_amount=st.sampled_from([0.0, 0.0001, 0.01]),
    participation=st.sampled_from([0.0, 0.0, 0.1, 1.0]),
    latency_bars=st.sampled_from([0, 0, 1]),
    latency_ms=st.sampled_from([0.0, 0.0, 100.0, 45_000.0, 60_000.0]),
    close_at_end=st.booleans(),
    orders_max=st.just(24),
)
INSTRUMENTS = st.builds(
    Instrument,
    symbol=st.just("BTC/USDT:USDT"),
    tick=st.sampled_from([None, Decimal("0.01"), Decimal("0.5")]),
    lot=st.sampled_from([None, Decimal("0.001"), Decimal("0.1")]),
    notional_min=st.sampled_from([Decimal(0), Decimal(5)]),
    maker_fee=st.sampled_from([Decimal(0), Decimal("0.0002"), Decimal("-0.0001")]),
    taker_fee=st.sampled_from([Decimal(0), Decimal("0.0005"), Decimal("0.003")]),
)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def perpetual_runs(draw, symbols: int = 1):
    """make, data, instruments, rules of a run on perpetuals."""
    rules = draw(RULES)
    instruments = [replace(draw(INSTRUMENTS), symbol=f"S{i}/USDT:USDT") for i in range(symbols)]
    wild = draw(st.sampled_from([0.0, 0.001, 0.005, 0.05]))
    bars = draw(st.integers(2, 150))
    data = merge([random_symbol(draw(SEEDS), bars, wild, f"S{i}", True) for i in range(symbols)], MINUTE)
    size = rules.cash * rules.leverage / 100.0 * draw(st.sampled_from([0.05, 0.3, 0.9]))
    return wanderer(PairWanderer if symbols == 2 else Wanderer, draw(SEEDS), size), data, instruments, rules


@st.composite
def spot_runs(draw):
    """make, data, instruments, rules of a run on spot."""
    rules = replace(draw(RULES), leverage=1.0, hedging=False, margin="cross")
    instrument = replace(draw(INSTRUMENTS), kind="spot", fee_in_base=draw(st.booleans()))
    data = merge([random_symbol(draw(SEEDS), draw(st.integers(2, 150)), 0.005, "S", False)], MINUTE)
    return wanderer(Wanderer, draw(SEEDS), rules.cash / 100.0 * 0.3), data, [instrument], rules


RUNS = st.one_of(perpetual_runs(), perpetual_runs(symbols=2), spot_runs())


def interpreted(make, data: MarketData, instruments, rules) -> RunResult:
    return run(make, data, instruments, rules, "interpreted")


def compiled(make, data: MarketData, instruments, rules) -> RunResult:
    return run(make, data, instruments, rules, "compiled", CACHE)


def assert_same(one: RunResult, other: RunResult) -> None:
    assert one.decision_hash == other.decision_hash
    for name in ("decisions", "fills", "fundings"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert len(mine) == len(theirs), name
        for field in mine.dtype.names:
            assert mine[field].tobytes() == theirs[field].tobytes(), (name, field)
    for name in ("cash", "equity", "liquidations", "bankrupt", "refusals"):
        assert getattr(one, name) == getattr(other, name), name
    for name in ("heard", "drawn", "last"):
        assert getattr(one.strategy, name) == getattr(other.strategy, name), name

"""Law 1 for sessions: at a venue without chance a session decides what a backtest decides over the same bars."""

import asyncio
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_examples import with_store

from tradewind.core.domain.instruments import Instrument, instrument_for
from tradewind.core.domain.market_data import Bars, Funding, MarkPrices
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.engine.rules import MarketRules
from tradewind.core.indicators import EMA, RSI
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.rehearsal import market_of
from tradewind.research.backtest import Market, backtest
from tradewind.trading.sessions.chance_venue import AT_ONCE, ChanceVenue
from tradewind.trading.sessions.recording import Recorder
from tradewind.trading.sessions.replaying import replay
from tradewind.trading.sessions.terms import SessionTerms

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
NAME = "law"
HOUR_NS = 3_600_000_000_000


class Whimsical(Strategy):
    """Asks for whatever its whims say: every kind of entry, every time in force, cancellations, reductions."""

    timer = "4h"
    whim = param(1, low=1, high=1_000_000)

    def setup(self):
        self.fast = EMA(3)
        self.strength = RSI(5)
        self.state = int(self.whim)
        self.last = 0

    def draw(self, n):
        self.state = (self.state * 1_103_515_245 + 12_345) % 2_147_483_648
        return (self.state // 65_536) % n

    def on_bar(self, bar):
        if not self.strength.ready:
            return
        what = self.draw(12)
        size = 0.1 + 0.1 * self.draw(5)
        near = 1.0 + 0.001 * (self.draw(9) - 4)
        if what == 0:
            self.buy(size=size)
        elif what == 1:
            self.sell(size=size)
        elif what == 2:
            self.last = self.buy(size=size, limit=bar.close * near)
        elif what == 3:
            self.last = self.sell(size=size, limit=bar.close * near)
        elif what == 4:
            self.buy(size=size, limit=bar.close * near, tif=1)
        elif what == 5:
            self.sell(size=size, limit=bar.close * near, tif=2)
        elif what == 6:
            self.buy(
                size=size, limit=bar.close * near, tif=3, expires=bar.close_time + 3_600_000_000_000 * self.draw(4)
            )
        elif what == 7:
            self.sell(size=size, limit=bar.close * near, post_only=True)
        elif what == 8 and self.fast.value > bar.close:
            self.close()
        elif what == 9:
            self.cancel(self.last)
        elif what == 10 and self.position.size > 0.0:
            self.sell(size=size, reduce_only=True)

    def on_funding(self, symbol, rate, paid):
        self.state = (self.state + int(rate * 1e6) + (paid > 0.0)) % 2_147_483_648

    def on_timer(self, time):
        if self.draw(3) == 0:
            self.cancel()


class WhimsicalPair(Whimsical):
    """The same on two symbols."""

    symbols = 2

    def setup(self):
        super().setup()
        self.second = self.feed(symbol=1)
        self.other = EMA(4).on(self.second)


def bars_of(symbols, number, seed):
    made = synthetic_market(SyntheticMarket(symbols, "1h", bars=number, seed=seed))
    return [series for series in made if isinstance(series, Bars)]


def funded(bars, instruments, seed):
    """Markets with funding as a candle opens and right behind, before it has run its course; some with mark prices."""
    chance, markets = Random(seed), []
    for series, instrument in zip(bars, instruments, strict=True):
        first, last = int(series.time[0]) - 8 * HOUR_NS, int(series.time[-1]) + 8 * HOUR_NS
        times = np.array([t + chance.choice([0, 0, 1]) for t in range(first, last, 8 * HOUR_NS)])
        rates = np.array([chance.uniform(-0.003, 0.003) for _ in times])
        marks = MarkPrices(series.symbol, times[5:], np.array([chance.uniform(90.0, 110.0) for _ in times[5:]]))
        funding = Funding(series.symbol, times, rates)
        markets.append(Market(series, instrument, funding, marks if chance.random() < 0.5 else None))
    return markets


def ids():
    number = iter(range(10**9))
    return lambda: f"id{next(number):09d}"


def session_of(strategy, terms, markets):
    """A session's end, and its replay."""
    bars = [market.bars for market in markets]

    async def work(store):
        recorder = Recorder(
            strategy, terms, ChanceVenue(NAME, terms.instruments, terms.rules, AT_ONCE), store, session=NAME,
            tenant="home", mode="backtest", clock_ns=lambda: int(bars[0].time[-1]), new_id=ids(),
        )  # fmt: skip
        told = await recorder.run(market_of(markets, terms.rules), int(bars[0].time[-1]) + HOUR_NS)
        return told, await replay(store, NAME, lambda _terms: (strategy, "")), recorder.desk

    return asyncio.run(with_store(work))


def instruments_of(kind, symbols):
    if kind == "usual":
        return [instrument_for(symbol) for symbol in symbols]
    from decimal import Decimal

    return [Instrument(symbol, tick=Decimal("0.5"), lot=Decimal("0.01")) for symbol in symbols]


@settings(max_examples=10, deadline=None)
@given(
    st.integers(1, 1_000_000), st.integers(0, 50), st.sampled_from(["usual", "stepped"]), st.booleans(), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_whatever_a_strategy_asks_for_a_session_and_a_backtest_decide_alike(whim, seed, kind, pair, hedging, paying):
    strategy = WhimsicalPair if pair else Whimsical
    symbols = SYMBOLS if pair else SYMBOLS[:1]
    bars, instruments = bars_of(symbols, 200, seed), instruments_of(kind, symbols)
    rules = MarketRules(
        cash=1e9, slippage="none", funding=paying, liquidation=False, close_at_end=False, leverage=3.0, hedging=hedging
    )
    markets = funded(bars, instruments, seed)
    told = backtest(strategy, markets, rules=rules, engine="interpreted", parameters={"whim": whim}).run
    terms = SessionTerms("whimsical", tuple(instruments), "1h", "", {"whim": whim}, rules)
    session, again, desk = session_of(strategy, terms, markets)
    mine = desk._all.rows()
    for row, (here, there) in enumerate(zip(mine, told.decisions, strict=False)):
        assert repr(here) == repr(there), f"decision {row}"
    assert len(mine) == len(told.decisions) > 30
    assert session.decision_hash == told.decision_hash
    there = told.strategy.exchange
    # What two symbols do at one moment is summed up in another order, so the last digit of a sum may be another one.
    assert desk.x.cash == pytest.approx(told.cash, rel=1e-12)
    assert desk.x.funding_paid == pytest.approx(there.funding_paid, rel=1e-9, abs=1e-9)
    assert paying or desk.x.funding_paid == 0.0
    assert [p.size for p in desk.x.positions] == pytest.approx([p.size for p in there.positions], rel=1e-9, abs=1e-12)
    assert again.difference is None
    assert again.decision_hash == told.decision_hash


def test_compiled_too():
    """The same bits where the backtest is machine code."""
    bars, instruments = bars_of(SYMBOLS[:1], 1_500, 7), instruments_of("usual", SYMBOLS[:1])
    rules = MarketRules(cash=1e9, slippage="none", funding=False, liquidation=False, close_at_end=False)
    told = backtest(
        Whimsical, [Market(bars[0], instruments[0])], rules=rules, engine="compiled", parameters={"whim": 77}
    ).run
    terms = SessionTerms("whimsical", tuple(instruments), "1h", "", {"whim": 77}, rules)
    session, _, desk = session_of(Whimsical, terms, [Market(bars[0], instruments[0])])
    assert told.engine == "compiled"
    assert session.decision_hash == told.decision_hash
    held = np.array([desk.x.positions[0].size, told.strategy.exchange.positions[0].size])
    assert held[0] == pytest.approx(held[1], rel=1e-9)

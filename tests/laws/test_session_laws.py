"""Sessions: a backtest's decisions where the venue is a backtest's market; whatever is changed in a record is found."""

import asyncio
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_examples import with_store

from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.engine.rules import MarketRules
from tradewind.core.indicators import EMA
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.rehearsal import ticks_of
from tradewind.ports.event_store import EventQuery
from tradewind.research.backtest import Market, backtest
from tradewind.trading.sessions.chance_venue import AT_ONCE, Chances, ChanceVenue
from tradewind.trading.sessions.recording import Recorder
from tradewind.trading.sessions.replaying import replay
from tradewind.trading.sessions.terms import SessionTerms

SYMBOL = "BTC/USDT:USDT"
NAME = "law"
BEGIN = 1_790_000_040_000_000_000


class Restless(Strategy):
    """Limit and market orders, cancellations by a timer, answers to fills."""

    timer = "5m"

    def setup(self):
        self.mean = EMA(3)
        self.bars = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.orders_open < 4:
            if self.bars % 2:
                self.buy(size=0.2, limit=bar.close * 0.9998)
            elif bar.close > self.mean.value:
                self.buy(size=0.1, sl=bar.close * 0.999, tp=bar.close * 1.001)
            else:
                self.sell(size=0.1)

    def on_timer(self, time):
        self.cancel()

    def on_fill(self, fill):
        if abs(fill.position) > 0.5:
            self.close()


def ids():
    number = iter(range(10**9))
    return lambda: f"id{next(number):09d}"


async def recorded(store, strategy, terms, market, chances):
    recorder = Recorder(
        strategy, terms, ChanceVenue(NAME, terms.instruments, terms.rules, chances), store, session=NAME, tenant="home",
        mode="backtest", clock_ns=lambda: BEGIN, new_id=ids(),
    )  # fmt: skip
    return await recorder.run(market)


def ticks(number, seed):
    chance, time, price = Random(seed), BEGIN, 100.0
    for _ in range(number):
        time += chance.randrange(1, 2 * 10**10)
        price *= 1.0 + chance.gauss(0.0, 0.001)
        yield time, p.Tick(symbol=SYMBOL, price=round(price, 2), size=round(chance.random(), 3))


@pytest.mark.parametrize("name", ["sma_cross", "ema_triple", "macd_trend", "dca"])
def test_where_the_venue_is_a_backtests_market_a_session_decides_what_a_backtest_decides(name):
    """Law 1: one strategy, one meaning. Fills are at the next open, at once and whole; then all decisions are equal."""
    strategy = STRATEGIES[name]
    bars = next(
        s for s in synthetic_market(SyntheticMarket((SYMBOL,), "1h", bars=1_500, seed=3)) if hasattr(s, "timeframe")
    )
    rules = MarketRules(slippage="none", funding=False, liquidation=False, close_at_end=False, leverage=2.0)
    instrument = instrument_for(SYMBOL)
    told = backtest(strategy, [Market(bars, instrument)], rules=rules, engine="interpreted").run
    terms = SessionTerms(name, (instrument,), "1h", "", {}, rules)

    async def work(store):
        return await recorded(store, strategy, terms, ticks_of(bars), AT_ONCE)

    session = asyncio.run(with_store(work))
    assert session.decisions == len(told.decisions) > 5
    assert session.decision_hash == told.decision_hash


chances = st.builds(
    Chances, seed=st.integers(0, 99), rejects=st.sampled_from([0.0, 0.1, 0.5]),
    in_parts=st.sampled_from([0.0, 0.5, 0.9]), way_ms=st.sampled_from([(0.0, 0.0), (5.0, 250.0), (0.0, 90_000.0)]),
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), chances, st.sampled_from([0, 2_000_000_000]), st.sampled_from(["1m", "5m"]), st.data())
def test_any_session_is_replayed_and_any_change_in_its_record_is_found_where_it_is(seed, drawn, wait, timeframe, data):
    terms = SessionTerms("restless", (instrument_for(SYMBOL),), timeframe, "", {}, MarketRules(leverage=5.0), wait)

    async def work(store):
        told = await recorded(store, Restless, terms, ticks(300, seed), drawn)
        again = await replay(store, NAME, lambda _terms: (Restless, ""))
        return told, again, [stored.event async for batch in store.read(EventQuery(session=NAME)) for stored in batch]

    told, again, events = asyncio.run(with_store(work))
    assert again.difference is None
    assert (again.decision_hash, again.inputs) == (told.decision_hash, told.inputs)
    plain = [i for i, event in enumerate(events) if event.type != "session.checkpoint"]
    at = data.draw(st.sampled_from(plain))
    how = data.draw(st.sampled_from(["late", "gone", "twice", "swapped"]))
    later = msgspec.structs.replace(events[at], time_event=events[at].time_event + 1)
    forged = {
        "late": [*events[:at], later, *events[at + 1 :]],
        "gone": [*events[:at], *events[at + 1 :]],
        "twice": [*events[: at + 1], msgspec.structs.replace(events[at], event_id="forged"), *events[at + 1 :]],
        "swapped": [*events[:at], *reversed(events[at : at + 2]), *events[at + 2 :]],
    }[how]

    async def look(store):
        await store.append(forged)
        return await replay(store, NAME, lambda _terms: (Restless, ""))

    if events[at].type == "session.changed" and at == plain[0]:
        return  # a session without its beginning is none, which has a test of its own
    found = asyncio.run(with_store(look)).difference
    assert found is not None
    assert found.what == "record"
    assert found.position == at + 1 + (how == "twice")

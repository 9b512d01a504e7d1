"""A session that is cut off anywhere and goes on ends as one that was never cut off, to the last bit."""

import asyncio
from dataclasses import replace
from random import Random

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from session_examples import with_store

from tradewind.core.domain.errors import BadInput, Disputed
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.engine.rules import MarketRules
from tradewind.core.indicators import EMA
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.event_store import EventQuery
from tradewind.trading.sessions.chance_venue import Chances, ChanceVenue
from tradewind.trading.sessions.recording import NameTaken, Recorder
from tradewind.trading.sessions.replaying import replay
from tradewind.trading.sessions.resuming import resume
from tradewind.trading.sessions.terms import SessionTerms

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
NAME = "cut"
BEGIN = 1_790_000_040_000_000_000
WILD = Chances(3, 0.1, 0.5, 0.001, (0.0, 30_000.0), 0.1, 0.2, 0.2)


class Restless(Strategy):
    """Market, limit and stop orders on two symbols, brackets, cancellations by a timer, answers to fills."""

    symbols = 2
    timer = "5m"

    def setup(self):
        self.mean = EMA(3)
        self.second = self.feed(symbol=1)
        self.other = EMA(4).on(self.second)
        self.bars = 0
        self.heard = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.orders_open < 6:
            if self.bars % 3 == 0:
                self.buy(size=0.2, limit=bar.close * 0.9998, symbol=bar.symbol)
            elif self.bars % 3 == 1:
                self.buy(size=0.1, sl=bar.close * 0.999, tp=bar.close * 1.001, symbol=bar.symbol)
            elif bar.close > self.mean.value:
                self.sell(size=0.1, symbol=bar.symbol)

    def on_funding(self, symbol, rate, paid):
        self.bars += paid > 0.0

    def on_timer(self, time):
        self.cancel()

    def on_fill(self, fill):
        self.heard += 1
        if abs(fill.position) > 0.5:
            self.close(symbol=fill.symbol)


class OfAnotherMind(Restless):
    """The same after an edit."""


def ticks(number, seed):
    """Two symbols, and a long silence now and then, in which timers fire alone."""
    chance, time, prices = Random(seed), BEGIN, [100.0, 10.0]
    found = []
    for _ in range(number):
        time += chance.randrange(1, 15 * 10**9) + (chance.random() < 0.01) * chance.randrange(20 * 60 * 10**9)
        which = chance.randrange(2)
        prices[which] *= 1.0 + chance.gauss(0.0, 0.001)
        found.append((time, p.Tick(symbol=SYMBOLS[which], price=round(prices[which], 3), size=1.0)))
        if chance.random() < 0.03:
            rate = chance.uniform(-0.001, 0.001)
            found.append((time, p.FundingDue(symbol=SYMBOLS[which], rate=rate, price=prices[which])))
    return found


def ids(prefix):
    number = iter(range(10**9))
    return lambda: f"{prefix}{next(number):09d}"


TERMS = SessionTerms("restless", tuple(map(instrument_for, SYMBOLS)), "1m", "c0de", {}, MarketRules(leverage=5.0))


def recorder(store, prefix, chances=WILD, terms=TERMS):
    return Recorder(
        Restless, terms, ChanceVenue(NAME, terms.instruments, terms.rules, chances), store, session=NAME, tenant="home",
        mode="paper", clock_ns=lambda: BEGIN, new_id=ids(prefix),
    )  # fmt: skip


async def events_of(store):
    return [stored.event async for batch in store.read(EventQuery(session=NAME)) for stored in batch]


def inputs_of(events):
    return [(event.time_event, event.data) for event in events if event.source != "session"]


def orders_of(events):
    return [event.data for event in events if event.source == "session" and hasattr(event.data, "order_id")]


def whole(market, until):
    async def work(store):
        first = recorder(store, "a")
        told = await first.run(market, until)
        return told, first.desk.x, await events_of(store)

    return asyncio.run(with_store(work))


def state_of(x):
    """The account to the last bit."""
    money = x.cash.hex(), x.funding_paid.hex(), x.equity().hex()
    held = [(q.size.hex(), q.entry_price.hex()) for q in x.positions]
    return money, held, x.orders_made, [vars(x.orders[x.queue[i]]) for i in range(x.live)]


def groups_of(events):
    """Where a kill may leave the record: behind each checkpoint, and behind the beginning alone."""
    return [1, *(i + 1 for i, event in enumerate(events) if event.type == "session.checkpoint")]


@settings(max_examples=4, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    st.integers(0, 99), st.booleans(), st.lists(st.floats(0.0, 0.999), min_size=1, max_size=3),
    st.sampled_from([0, 5_000_000_000]),
)  # fmt: skip
def test_wherever_it_is_cut_off_a_session_that_goes_on_ends_as_one_that_never_was(seed, tame, cuts, wait):
    chances = Chances(seed) if tame else WILD
    terms = replace(TERMS, wait_ns=wait)
    market = ticks(200, seed)
    until = market[-1][0] + 10 * 60 * 10**9

    async def never(store):
        first = recorder(store, "a", chances, terms)
        return await first.run(iter(market), until), first.desk.x, await events_of(store)

    told, x, events = asyncio.run(with_store(never))
    kept, left = events, events
    for number, cut in enumerate(sorted(cuts)):
        places = [place for place in groups_of(left) if place < len(left)]
        kept = left[: places[int(cut * len(places))]]

        async def again(store, kept=kept, number=number):
            await store.append(kept)
            went_on = recorder(store, "bcd"[number], chances, terms)
            found = await resume(went_on, Restless, "c0de", iter(market), until)
            return found, went_on.desk.x, await events_of(store), await replay(store, NAME, made_of("c0de"))

        found, there, left, replayed = asyncio.run(with_store(again))
        assert replace(found.recorded, seal=told.seal) == told
        assert state_of(there) == state_of(x)
        assert x.funding_paid != 0.0
        assert inputs_of(left) == inputs_of(events)
        assert orders_of(left) == orders_of(events)
        assert replayed.difference is None
        assert replayed.ended
        assert replayed.decision_hash == told.decision_hash
        assert replayed.resumed == sum(e.type == "session.changed" and e.data.state == "resumed" for e in left)


def made_of(code_hash):
    return lambda _terms: (Restless, code_hash)


MARKET = ticks(300, 5)


def cut(share=0.5):
    _, _, events = whole(iter(MARKET), 0)
    places = groups_of(events)
    return events[: places[int(share * len(places))]]


def test_positions_and_open_orders_are_there_before_the_next_input_is_taken():
    """What a restart must not do is to flatten, or to send again what stands at the venue."""
    kept = cut()

    async def work(store):
        await store.append(kept)
        went_on = recorder(store, "b")
        seen = []
        take = went_on.go_on

        async def watched(desk, *more):
            seen.append((desk.x.live, desk.x.exposed, len(desk.sent.open)))
            await take(desk, *more)

        went_on.go_on = watched
        await resume(went_on, Restless, "c0de", iter(MARKET))
        return seen, await events_of(store)

    seen, events = asyncio.run(with_store(work))
    assert seen[0][0] > 0
    assert seen[0][1] > 0
    assert seen[0][2] > 0
    sent = [e.data.order_id for e in events if e.type == "order.changed" and e.data.state == "SUBMITTED"]
    assert len(sent) == len(set(sent)), "no order is sent twice"


def refused(kept, error, words, market=MARKET, code="c0de", chances=WILD):
    async def work(store):
        await store.append(kept)
        with pytest.raises(error, match=words):
            await resume(recorder(store, "b", chances), Restless, code, iter(market))
        return await events_of(store)

    assert asyncio.run(with_store(work)) == kept, "nothing is written into what cannot go on"


def test_a_session_that_has_ended_does_not_go_on():
    _, _, events = whole(iter(MARKET), 0)
    refused(events, BadInput, "it has come to its end")


def test_other_code_does_not_go_on_with_a_session():
    refused(cut(), BadInput, "code is not the code that began it", code="other")


def test_another_market_is_not_what_the_session_saw():
    dearer = list(MARKET)
    time, tick = dearer[20]
    dearer[20] = time, p.Tick(symbol=tick.symbol, price=tick.price + 0.5, size=1.0)
    refused(cut(), BadInput, "the market is not the one that it saw", market=dearer)
    refused(cut(), BadInput, "there is nothing", market=MARKET[:20])


def test_a_venue_that_speaks_otherwise_is_not_the_one_of_the_record():
    refused(cut(), Disputed, "it does not come to where it was", chances=Chances(4))


def test_a_record_that_was_tampered_with_does_not_go_on():
    kept = cut()
    at = next(i for i, event in enumerate(kept) if event.type == "price.tick")
    kept[at] = msgspec.structs.replace(kept[at], time_event=kept[at].time_event + 1)
    refused(kept, Disputed, f"event {at + 1} .price.tick. differs")


def test_of_two_that_go_on_from_one_place_only_one_does():
    kept = cut()

    async def work(store):
        await store.append(kept)
        first, second = recorder(store, "b"), recorder(store, "c")
        late = first.go_on

        async def overtaken(*more):
            await resume(second, Restless, "c0de", iter(MARKET))
            await late(*more)

        first.go_on = overtaken
        with pytest.raises(NameTaken, match="another process goes on"):
            await resume(first, Restless, "c0de", iter(MARKET))
        return await replay(store, NAME, made_of("c0de"))

    again = asyncio.run(with_store(work))
    assert again.difference is None
    assert again.ended
    assert again.resumed == 1

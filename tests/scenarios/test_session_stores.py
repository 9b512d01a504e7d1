"""Sessions on a real PostgreSQL: recorded, replayed to the same hash, explained; and two that want one name at once."""

import asyncio
from random import Random

import pytest
from uuid_utils import uuid7

from tradewind.adapters.event_store.postgres_events import PostgresEventStore
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.engine.rules import MarketRules
from tradewind.core.indicators import EMA
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.event_store import EventQuery
from tradewind.trading.sessions.chance_venue import Chances, ChanceVenue
from tradewind.trading.sessions.consequences import consequences
from tradewind.trading.sessions.lineage import lineage
from tradewind.trading.sessions.recording import NameTaken, Recorder
from tradewind.trading.sessions.replaying import replay
from tradewind.trading.sessions.terms import SessionTerms

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
BEGIN = 1_790_000_040_000_000_000
NAME = "far-away"


class Turns(Strategy):
    """Turns its position with the average of the first symbol."""

    symbols = 2
    timer = "5m"

    def setup(self):
        self.mean = EMA(3)

    def on_bar(self, bar):
        if bar.symbol == 0 and self.orders_open == 0:
            if bar.close > self.mean.value:
                self.buy(size=0.1, sl=bar.close * 0.999)
            else:
                self.sell(size=0.1)

    def on_timer(self, time):
        self.close(symbol=0)


def ticks(number):
    chance, time, prices = Random(4), BEGIN, [100.0, 50.0]
    for _ in range(number):
        time += chance.randrange(10**8, 4 * 10**9)
        which = chance.randrange(2)
        prices[which] *= 1.0 + chance.gauss(0.0, 0.001)
        yield time, p.Tick(symbol=SYMBOLS[which], price=round(prices[which], 2), size=1.0)


def recorder(store, session=NAME):
    terms = SessionTerms(
        "turns", tuple(map(instrument_for, SYMBOLS)), "1m", "c0de", {}, MarketRules(cash=1e6, leverage=3.0)
    )
    venue = ChanceVenue(session, terms.instruments, terms.rules, Chances(3))
    return Recorder(
        Turns, terms, venue, store, session=session, tenant="home", mode="paper", clock_ns=lambda: BEGIN,
        new_id=lambda: str(uuid7()),
    )  # fmt: skip


@pytest.fixture(params=["postgres", "timescale", "sqlite"])
def open_store(request, tmp_path):
    """Opens the same store again and again."""
    if request.param == "sqlite":
        return lambda: SqliteEventStore(tmp_path / "events.db")
    url = request.getfixturevalue(request.param).new_database()
    return lambda: PostgresEventStore(url)


def test_a_session_is_replayed_and_explained_from_whichever_store_has_it(open_store):
    async def work():
        store = open_store()
        async with asyncio.timeout(300):
            told = await recorder(store).run(ticks(1_500))
            await store.close()
            store = open_store()
            again = await replay(store, NAME, lambda _terms: (Turns, "c0de"), tenant="home")
            other = await store.count(EventQuery(session=NAME, tenant="somebody else"))
            found = await lineage(store, told.last_order, tenant="home")
            forward = await consequences(store, NAME, found.causes[0].position, tenant="home")
            await store.close()
        return told, again, other, found, forward

    told, again, other, found, forward = asyncio.run(work())
    assert again.difference is None
    assert again.ended
    assert again.decision_hash == told.decision_hash
    assert again.decisions == told.decisions > 20
    assert other == 0
    assert found.life[0].position in {stored.position for stored in forward.direct}


def test_of_two_connections_that_want_one_name_at_once_one_gets_it(open_store):
    async def work():
        stores = [open_store() for _ in range(2)]
        async with asyncio.timeout(300):
            ended = await asyncio.gather(*(recorder(store).run(ticks(300)) for store in stores), return_exceptions=True)
            again = await replay(stores[0], NAME, lambda _terms: (Turns, "c0de"))
            for store in stores:
                await store.close()
        return ended, again

    ended, again = asyncio.run(work())
    assert sorted(isinstance(each, NameTaken) for each in ended) == [False, True]
    assert again.difference is None
    assert again.ended

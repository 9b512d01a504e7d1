"""A portfolio is what its events come to also where the cache was away while the store lay behind the bus."""

import asyncio

import pytest
from account_examples import ALICE, Switched, portfolios_over, trade, view_of

from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import Unavailable
from tradewind.ports.event_store import EventQuery

TRADES = [trade(number) for number in range(6)]
PATIENCE_S = 60


class Sick:
    """A store that can be away."""

    def __init__(self, store):
        self.store, self.away = store, False

    def __getattr__(self, name):
        if self.away:
            raise Unavailable("the store is away")
        return getattr(self.store, name)


def test_what_came_while_the_cache_was_away_is_found_by_the_rebuild_though_nobody_had_stored_it(tmp_path):
    async def work():
        store, cache = SqliteEventStore(tmp_path / "events.db"), Switched(MemoryCache())
        portfolios = portfolios_over(cache, store)
        portfolios.patience_s = ()
        assert await portfolios.recover()
        await store.append(TRADES[:2])
        for event in TRADES[:2]:
            await portfolios.handle(event)
        cache.away = True
        for event in TRADES[2:]:
            await portfolios.handle(event)
        cache.away = False
        assert await portfolios.recover()
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of(TRADES), "cache")
        assert await store.count(EventQuery()) == len(TRADES)
        await store.append(TRADES)  # the store's own writer comes late
        assert await store.count(EventQuery()) == len(TRADES)
        await store.close()

    asyncio.run(asyncio.wait_for(work(), PATIENCE_S))


def test_an_event_is_not_dealt_with_while_neither_cache_nor_store_answers(tmp_path):
    async def work():
        file, cache = SqliteEventStore(tmp_path / "events.db"), Switched(MemoryCache())
        store = Sick(file)
        portfolios = portfolios_over(cache, store)
        portfolios.patience_s = ()
        assert await portfolios.recover()
        store.away = True
        for _ in range(2):  # the first time it is believed to be there
            with pytest.raises(Unavailable):
                await portfolios.handle(TRADES[0])
        store.away = False
        await portfolios.handle(TRADES[0])
        assert await portfolios.recover()
        assert (await portfolios.read(ALICE))[0].view == view_of(TRADES[:1])
        await file.close()

    asyncio.run(asyncio.wait_for(work(), PATIENCE_S))

"""Law 5, of every role that `serve` has: what comes again after a kill, even all of it, has the effect of once."""

import asyncio
import json
import random
from collections import Counter

import pytest
from account_examples import ALICE, BOB, view_of
from account_examples import trade as booked
from market_stand import START, quote, trade, until
from msgspec.structs import replace

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.timeframes import SECOND_NS, UNITS_NS
from tradewind.messaging.producer import EventProducer
from tradewind.operations.serving import ROLES, Surroundings, origin_of
from tradewind.ports.cache import Role
from tradewind.ports.event_store import EventQuery
from tradewind.trading.portfolio_keys import read_back

SYMBOLS = ("BTC/USDT", "ETH/USDT")
END = START + UNITS_NS["d"] + 2 * UNITS_NS["h"]
LIVES = 4


class Forgetful(SqliteEventStore):
    """Of what a group has dealt with, it keeps no more than up to `committed`: the rest was not committed any more."""

    committed = 0

    async def mark(self, name, position):
        if name.startswith("group "):
            position = min(position, self.committed)
        await super().mark(name, position)


class Rationed(MemoryBus):
    """Gives out no more than so many events; `dealt_with` says whether the service is done with these."""

    def __init__(self, store, left):
        super().__init__(store)
        self.left, self.given, self.committed = left, {}, {}

    async def subscribe(self, group, topics, member):
        return RationedSubscription(self, await super().subscribe(group, topics, member))

    @property
    def dealt_with(self):
        return self.left == 0 and all(self.committed.get(place, 0) > offset for place, offset in self.given.items())


class RationedSubscription:
    """What a service receives through a Rationed."""

    def __init__(self, bus, whole):
        self.bus, self.whole = bus, whole
        self.lost, self.assigned, self.lag, self.close = whole.lost, whole.assigned, whole.lag, whole.close

    async def receive(self, at_most, wait_s):
        came = await self.whole.receive(min(at_most, self.bus.left), wait_s)
        self.bus.left -= len(came)
        self.bus.given.update({delivery.place: delivery.offset for delivery in came})
        await asyncio.sleep(0)
        return came

    async def commit(self, offsets):
        await self.whole.commit(offsets)
        self.bus.committed.update(offsets)


def market():
    """Two feeds: trades with ids, and broken quotes in flocks, so that they are told of in bundles."""
    events, number = [], 0
    for second in range(0, 150, 2):
        for symbol in SYMBOLS:
            number += 1
            at = second * SECOND_NS + number
            broken = second % 50 > 20
            made = quote(number, at, 101.0, 100.0) if broken else trade(number, at, trade_id=f"t{number}")
            events.append(replace(made, token=symbol, data=replace(made.data, symbol=symbol)))
    return events


def problems():
    """A day with few ticks, and so much wrong with them that it is a breach."""
    kind = EVENT_TYPES["data.quality"]
    found = [
        replace(trade(500 + i, i), type=kind.name, data=kind.payload(symbol="BTC/USDT", problem="spike", detail="seen"))
        for i in range(12)
    ]
    return [*(trade(i, i) for i in range(30)), *found]


def trades():
    return [booked(i, account) for i, account in enumerate(["alice", "bob"] * 20)]


async def stored(life, *types):
    return [s.event async for batch in life.store.read(EventQuery(types=types)) for s in batch]


async def recorded(life):
    return sorted(e.event_id for e in await stored(life, "price.tick", "price.quote"))


async def candles(life):
    made = await stored(life, "candle.closed")
    return sorted(json.dumps([e.data.symbol, e.data.timeframe, e.data.time, e.data.volume, e.data.close]) for e in made)


async def told(life):
    counts = Counter()
    for event in await stored(life, "data.quality"):
        counts[event.data.symbol, event.data.problem] += event.data.ticks
    return counts


async def alerts(life):
    said = [e.data.service for e in await stored(life, "service.changed")]
    reports = {path.parent.name: json.loads(path.read_text()) for path in life.folder.glob("feeds/*/report.json")}
    return said, {date: (report["received"], report["breaches"]) for date, report in reports.items()}


async def portfolios(life):
    kept = [read_back(await life.cache.mget(account.keys)) for account in (ALICE, BOB)]
    assert [one.view for one in kept] == [view_of([e for e in trades() if e.token == n]) for n in ("alice", "bob")]
    return kept


async def snapshots(life):
    taken = await stored(life, "portfolio.snapshot")
    return sorted((e.data.account, e.data.position, e.data.reason) for e in taken)


EFFECTS = {
    "recorder": (market, recorded),
    "candles": (market, candles),
    "quality": (market, told),
    "reports": (problems, alerts),
    "portfolios": (trades, portfolios),
    "snapshots": (trades, snapshots),
}
"""For each role what comes, and what is there afterwards, read where its readers read it."""
WITHOUT = {"nodes"}
"""These handle no events."""


class Lives:
    """Processes that serve as a role, one after the other, over what outlives them."""

    def __init__(self, role, folder):
        folder.mkdir()
        self.role, self.folder, self.number = ROLES[role], folder, 0
        self.came = Forgetful(folder / "came.db")
        self.store = SqliteEventStore(folder / "events.db") if role == "recorder" else self.came
        self.cache = MemoryCache(Role.STATE)

    async def live(self, events=10_000, *, hears_of_time=True):
        """A process from its beginning until it has dealt with so many events, or all, and is killed: nothing of it is
        ended in order. The clock is far ahead of the events, and in the middle of them it may be looked at.
        """
        self.number += 1
        bus, metrics, member = Rationed(self.came, events), CountedMetrics(), f"host-{self.number}"
        producer = EventProducer(bus, origin_of(member), metrics)
        job = self.role.make(
            Surroundings(bus, self.store, self.cache, metrics, producer, member, self.folder / "feeds", "test")
        )
        running = asyncio.create_task(job.service.run())
        await asyncio.wait_for(job.service.subscribed.wait(), 60)
        await until(lambda: running.done() or bus.dealt_with or job.service.caught_up)
        assert not running.done()
        if hears_of_time:
            await job.advance(END + self.number * SECOND_NS)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def close(self):
        await self.came.close()
        await self.store.close()


async def effect(role, folder, events, kills, draw):
    """What is there after a process was killed so often, and one came to the end at last."""
    lives = Lives(role, folder)
    try:
        positions = await lives.came.append(events)
        for _ in range(kills):
            lives.came.committed = draw.choice([0, draw.choice(positions), positions[-1]])
            await lives.live(draw.randint(1, len(events)), hears_of_time=draw.choice([True, False]))
        await lives.live()
        return await EFFECTS[role][1](lives)
    finally:
        await lives.close()


def test_every_role_that_handles_events_is_looked_at():
    assert EFFECTS.keys() | WITHOUT == ROLES.keys()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("role", EFFECTS)
def test_what_comes_again_after_kills_between_effect_and_commit_has_the_effect_of_once(tmp_path, role, seed):
    async def both():
        events, draw = EFFECTS[role][0](), random.Random(seed)
        once = await effect(role, tmp_path / "once", events, 0, draw)
        return once, await effect(role, tmp_path / "again", events, LIVES - 1, draw)

    once, again = asyncio.run(both())
    assert once
    assert again == once


@pytest.mark.parametrize("role", EFFECTS)
def test_all_that_comes_again_from_the_very_first_has_no_effect(tmp_path, role):
    async def both():
        lives = Lives(role, tmp_path / "lives")
        try:
            await lives.came.append(EFFECTS[role][0]())
            await lives.live()
            once = await EFFECTS[role][1](lives)
            await lives.live()
            return once, await EFFECTS[role][1](lives)
        finally:
            await lives.close()

    once, again = asyncio.run(both())
    assert once
    assert again == once

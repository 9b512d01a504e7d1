"""Accounts that trade, for tests of what is kept of them: events, and portfolios over a store and a cache."""

import asyncio
import random
from decimal import Decimal

from event_examples import tick

from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.account_view import AccountView, after
from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.trading.cache_health import CacheHealth
from tradewind.trading.cached_portfolios import CachedPortfolios
from tradewind.trading.new_risk import NewRisk, cache_condition
from tradewind.trading.portfolio_keys import Account

ALICE = Account("home", "paper", "alice")
BOB = Account("home", "paper", "bob")
PATIENCE_S = 60


def trade(number, account="alice", **changed):
    """A trade that its number tells from others."""
    draw = random.Random(number)
    kind = EVENT_TYPES["trade.executed"]
    data = kind.payload(
        account=account,
        order_id=f"o{number}",
        trade_id=f"t{number}",
        symbol=draw.choice(["BTC/USDT:USDT", "ETH/USDT"]),
        side=draw.choice(["buy", "sell"]),
        size=Decimal(draw.randint(1, 9_999)) / 1_000,
        price=Decimal(draw.randint(1, 99_999)) / 10,
        fee=Decimal(draw.randint(0, 99)) / 100,
        fee_currency="USDT",
    )
    return tick(number, **{"symbol": account, "type": kind.name, "version": kind.version, "data": data} | changed)


def view_of(events):
    """What events of one account come to."""
    view = AccountView()
    for event in events:
        view = after(view, event)
    return view


def portfolios_over(cache, store, tell=None, **given):
    """Portfolios, with metrics of their own."""
    metrics = CountedMetrics()
    return CachedPortfolios(cache, store, metrics, CacheHealth(metrics, tell), **given)


def portfolios_in(folder):
    """Runs an async function with portfolios over a file in the folder and a memory that can be switched off."""

    def run(work, tell=None):
        async def inside():
            store = SqliteEventStore(folder / "events.db")
            try:
                return await asyncio.wait_for(work(portfolios_over(Switched(MemoryCache()), store, tell)), PATIENCE_S)
            finally:
                await store.close()

        return asyncio.run(inside())

    return run


async def stored(portfolios, events):
    """Store events, and hand them on as a bus would."""
    await portfolios.store.append(events)
    for event in events:
        await portfolios.handle(event)


def take_risk(portfolios):
    """What opens a position asks first."""
    NewRisk({"the cache": cache_condition(portfolios.health)}).check({}, "BTC/USDT", "buy", Decimal(1))


class Switched:
    """A cache that can be away, and can lose the answer to a change that it has made."""

    def __init__(self, cache):
        self.cache, self.away, self.loses_answers = cache, False, False

    def __getattr__(self, name):
        call = getattr(self.cache, name)

        async def asked(*words):
            if self.away:
                raise Unavailable("it is switched off")
            answer = await call(*words)
            if self.loses_answers and name == "apply":
                raise Unavailable("the answer was lost")
            return answer

        return asked

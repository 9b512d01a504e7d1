"""The journey over Kafka, PostgreSQL and Redis: two processes share it, one is killed, and the results are equal."""

import asyncio
import signal
from decimal import Decimal
from itertools import count

import pytest
from serving_processes import PATIENCE_S, Serve, by_time, in_one_go, stored

from tradewind import bootstrap
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.ports.cache import Role
from tradewind.trading.carried_forward import rebuilt
from tradewind.trading.portfolio_keys import Account, kept_form
from tradewind.trading.snapshots import latest_snapshot

numbers = count()
SYMBOLS = ("BTC/USDT", "BTC/USDT:USDT", "ETH/USDT:USDT")
ALICE = Account("home", "paper", "alice")
TRADES = 40


@pytest.fixture
def servers(home, kafka, postgres, redis_server, monkeypatch):
    """Settings that name servers: topics and a database of this test's own, an empty Redis."""
    redis_server.ask("FLUSHALL")
    monkeypatch.setenv("TRADEWIND_KAFKA", f"kafka://{kafka.places}?prefix=serving-{next(numbers)}.")
    monkeypatch.setenv("TRADEWIND_POSTGRES", postgres.new_database())
    monkeypatch.setenv("TRADEWIND_REDIS_STATE", redis_server.url)


def trade(number):
    """The account buys and sells."""
    return {
        "account": "alice", "order_id": str(number), "trade_id": str(number), "symbol": "BTC/USDT:USDT",
        "side": "sell" if number % 3 == 0 else "buy", "size": Decimal(number % 5 + 1), "price": Decimal(100 + number),
        "fee": Decimal("0.1"), "fee_currency": "USDT",
    }  # fmt: skip


def account_events():
    """Publish an account's deposit and trades."""

    async def work():
        store = bootstrap.open_event_store()
        bus = bootstrap.open_bus(store)
        venue = EventProducer(bus, Origin("home", "a venue", "paper"), CountedMetrics())
        await venue.publish("balance.changed", {"account": "alice", "currency": "USDT", "total": Decimal(10**6)})
        for number in range(TRADES):
            await venue.publish("trade.executed", trade(number))
        await bus.close()
        await store.close()

    asyncio.run(work())


def account_now():
    """The account in Redis once it is what its events come to; its latest snapshot."""

    async def work():
        store, cache = bootstrap.open_event_store(), bootstrap.open_cache(Role.STATE)
        whole = await rebuilt(store, ALICE)
        async with asyncio.timeout(PATIENCE_S):
            while dict(zip(ALICE.keys, await cache.mget(ALICE.keys), strict=True)) != kept_form(ALICE, whole):
                await asyncio.sleep(0.05)
        snapshot = await latest_snapshot(store, ALICE)
        await cache.close()
        await store.close()
        return whole, snapshot

    return asyncio.run(work())


@pytest.mark.slow
def test_two_processes_share_it_one_is_killed_and_the_results_are_those_of_one_process(ask, servers):
    made = ask("topics", "--make", "--replicas", "1")
    assert made.code == 0, made.err
    one, other = Serve(), Serve()
    try:
        for serve in (one, other):
            serve.says(*(f"{r}: started" for r in ("recorder", "candles", "quality", "portfolios", "snapshots")))
        for symbol in SYMBOLS:
            assert ask("data", "publish", symbol, "--end", "2024-01-08").code == 0
        account_events()
        stored("candle.closed", count=200)
        assert one.kill(), "it was at work"
        for symbol in SYMBOLS:  # once more: nothing may come of it
            assert ask("data", "publish", symbol, "--end", "2024-01-08").code == 0
        other.process.send_signal(signal.SIGTERM)
        assert other.ended() == 0, "".join(other.lines)
        last = ask("serve", "--until-idle", "--json")
        assert last.code == 0, last.err
    finally:
        one.kill()
        other.kill()
    ticks, candles = stored("price.tick"), stored("candle.closed")
    assert len(ticks) == len({e.event_id for e in ticks}) == len(SYMBOLS) * 7 * 24 * 4
    for symbol in SYMBOLS:
        wanted = in_one_go([e for e in ticks if e.token == symbol])
        assert by_time(e.data for e in candles if e.token == symbol) == wanted
    assert stored("event.dead") == []
    assert len(stored("trade.executed")) == TRADES


@pytest.mark.slow
def test_an_account_is_in_redis_as_its_events_say_and_is_written_down(ask, servers):
    assert ask("topics", "--make", "--replicas", "1").code == 0
    serve = Serve()
    try:
        serve.says("recorder: started", "portfolios: started", "snapshots: started")
        account_events()
        stored("trade.executed", count=TRADES)
        whole, _ = account_now()
        serve.process.send_signal(signal.SIGTERM)
        assert serve.ended() == 0, "".join(serve.lines)
    finally:
        serve.kill()
    assert ask("serve", "--until-idle").code == 0
    again, snapshot = account_now()
    assert whole == again
    assert whole.view.totals.trades == TRADES
    assert snapshot is not None

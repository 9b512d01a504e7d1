"""Portfolios under attack: strange names, huge accounts, events before their time, a cache that comes and goes."""

import asyncio
from decimal import Decimal as D

import pytest
from account_examples import ALICE, BOB, Switched, portfolios_in, portfolios_over, stored, take_risk, trade, view_of
from msgspec.structs import replace

from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.core.domain.account_view import FOLD, TYPES
from tradewind.core.domain.errors import Corrupt, Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.holdings import Holding
from tradewind.trading import portfolio_keys
from tradewind.trading.cache_health import NEWS_MAX, Health
from tradewind.trading.cache_watch import KEPT, CacheWatch
from tradewind.trading.portfolio_keys import Account


@pytest.fixture
def with_portfolios(tmp_path):
    """Runs an async function with portfolios."""
    return portfolios_in(tmp_path)


NAMES = ["*", "{", "}", "a:b", "a/b", "a}:positions", "=", "\u754c" * 200, "%2A", "portfolio:{x/paper/y}", "x" * 200]


def test_no_name_of_an_account_takes_the_cache_away_or_reads_another(with_portfolios):
    made = {name: [trade(10 * n + i, name) for i in range(2)] for n, name in enumerate(NAMES)}
    tenants = {tenant: [trade(900 + n, "alice", tenant=tenant)] for n, tenant in enumerate(["t/paper", "\u754c" * 200])}

    async def work(portfolios):
        assert await portfolios.recover()
        for some in [*made.values(), *tenants.values()]:
            await stored(portfolios, some)
        assert portfolios.health.ready, portfolios.health.reason
        for name, some in made.items():
            assert (await portfolios.read(Account("home", "paper", name)))[0].view == view_of(some)
        for tenant, some in tenants.items():
            assert (await portfolios.read(Account(tenant, "paper", "alice")))[0].view == view_of(some)
        assert (await portfolios.check()).remade == {}
        assert await portfolios.recover()
        assert len(await portfolios.cache.get_all("portfolio:*")) == 3 * (len(made) + len(tenants))

    with_portfolios(work)


def test_an_account_that_is_too_large_for_the_cache_is_read_from_its_events_and_the_others_are_kept(
    with_portfolios, monkeypatch
):
    monkeypatch.setattr(portfolio_keys, "VALUE_BYTES_MAX", 600)
    trades = [trade(i) for i in range(12)]
    large = [replace(one, data=replace(one.data, symbol=f"C{i}/USDT:USDT")) for i, one in enumerate(trades)]

    async def work(portfolios):
        assert await portfolios.recover()
        await stored(portfolios, [trade(100, "bob"), *large[:2]])
        assert (await portfolios.read(ALICE))[1] == "cache"
        await stored(portfolios, large[2:])
        assert portfolios.health.ready, portfolios.health.reason
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of(large), "events")
        assert (await portfolios.read(BOB))[1] == "cache"
        assert (await portfolios.check()).remade == {}
        assert await portfolios.cache.mget(ALICE.keys) == [None] * 3

    with_portfolios(work)


def test_amounts_of_sixty_digits_are_folded_like_any_others(with_portfolios):
    """Bought dear and sold in part: the share of the cost has more digits than most numbers ever have."""
    size, price = D("1" + "0" * 59), D("2" * 60)
    buys = replace(trade(1), data=replace(trade(1).data, side="buy", size=size, price=price, symbol="X/USDT:USDT"))
    sells = replace(buys, event_id="other", data=replace(buys.data, side="sell", trade_id="2", size=D("9" * 59)))

    async def work(portfolios):
        assert await portfolios.recover()
        await stored(portfolios, [buys, sells])
        found, _ = await portfolios.read(ALICE)
        return found.view.positions["X/USDT:USDT"]

    held = with_portfolios(work)
    assert held == Holding(D(1), price)


def test_a_rebuild_ends_though_the_account_trades_on_all_the_while(with_portfolios):
    """It goes on from where it got, not again from zero."""

    async def work(portfolios):
        await portfolios.store.append([trade(i) for i in range(30)])
        assert await portfolios.recover()
        number, apply, busy = 1_000, portfolios.cache.cache.apply, False
        folds = []
        read = portfolios.store.read
        portfolios.store.read = lambda query, *more: folds.append(query) or read(query, *more)

        async def overtaken(changes, expecting=None):
            nonlocal number, busy
            if not busy and number < 1_010:
                busy = True
                number += 1
                await stored(portfolios, [trade(number)])
                busy = False
            return await apply(changes, expecting)

        portfolios.cache.cache.apply = overtaken
        await portfolios.cache.cache.delete(*ALICE.keys)
        report = await portfolios.check()
        assert report.remade == {ALICE: "missing"}
        assert (await portfolios.read(ALICE))[0].view == view_of(
            [trade(i) for i in [*range(30), *range(1_001, number + 1)]]
        )
        assert number > 1_000
        assert sum(query.after_position == 0 and query.types == TYPES for query in folds) <= 3

    with_portfolios(work)


def test_an_event_that_comes_before_the_store_has_it_is_in_the_portfolio_when_it_is_handled(with_portfolios):
    """On Kafka the store is written by a consumer of its own, which may be behind."""

    async def work(portfolios):
        portfolios.patience_s = (0.0,)
        assert await portfolios.recover()
        await portfolios.handle(trade(1))
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of([trade(1)]), "cache")
        await portfolios.store.append([trade(1), trade(2)])
        await portfolios.handle(trade(2))
        await portfolios.handle(trade(1))
        assert (await portfolios.read(ALICE))[0].view == view_of([trade(1), trade(2)])
        asked, append = [], portfolios.store.append
        portfolios.store.append = lambda events: asked.append(events) or append(events)
        handling = asyncio.create_task(portfolios.handle(trade(3)))
        portfolios.patience_s = (0.0, 0.001) * 50_000
        await asyncio.sleep(0)
        await append([trade(3)])
        await handling
        assert asked == [], "its own writer came first"
        assert (await portfolios.read(ALICE))[0].view == view_of([trade(1), trade(2), trade(3)])

    with_portfolios(work)


def test_a_cache_that_is_away_from_the_start_is_told_of_once_and_so_is_its_coming(with_portfolios):
    told = []

    async def tell(state, reason):
        told.append(state)

    async def work(portfolios):
        watch = CacheWatch(portfolios)
        portfolios.cache.away = True
        for _ in range(5):
            await watch.look()
        assert told == ["impaired"]
        portfolios.cache.away = False
        for _ in range(5):
            await watch.look()
        assert told == ["impaired", "recovered"]
        assert portfolios.health.ready

    with_portfolios(work, tell)


def test_who_only_reads_believes_the_cache_as_long_as_somebody_keeps_it(with_portfolios):
    async def work(portfolios):
        now = 0.0
        cache = MemoryCache(clock=lambda: now)
        portfolios.cache.cache = cache
        keeper = CacheWatch(portfolios, clock=lambda: now)
        reading = portfolios_over(Switched(cache), portfolios.store)
        reader = CacheWatch(reading, keeps=False, clock=lambda: now)
        await stored(portfolios, [trade(1)])
        await reader.look()
        with pytest.raises(Unavailable, match="no process keeps the portfolios in it"):
            take_risk(reading)
        assert (await reading.read(ALICE))[1] == "events"
        await keeper.look()
        await reader.look()
        take_risk(reading)
        assert (await reading.read(ALICE)) == ((await portfolios.read(ALICE))[0], "cache")
        for _ in range(20):
            now += 9.0
            await keeper.look()
            await reader.look()
            assert reading.health.ready
        now += 11.0
        await reader.look()
        with pytest.raises(Unavailable, match="no process keeps"):
            take_risk(reading)
        await keeper.look()
        now += 1.0
        await reader.look()
        take_risk(reading)
        reading.cache.away = True
        await reader.look()
        with pytest.raises(Unavailable, match="switched off"):
            take_risk(reading)

    with_portfolios(work)


def test_what_another_holder_has_is_not_believed_until_it_was_made_again_there(with_portfolios):
    """A replica that took over has the keeper's word of before, and maybe less of the portfolios."""

    async def work(portfolios):
        keeper = CacheWatch(portfolios)
        reading = portfolios_over(portfolios.cache, portfolios.store)
        reader = CacheWatch(reading, keeps=False)
        await keeper.look()
        await stored(portfolios, [trade(1)])
        older = portfolios.cache.cache
        replica = MemoryCache()
        await replica.apply(dict(await older.get_all("portfolio:{*")))
        await replica.set(KEPT, await older.get(KEPT))
        await reader.look()
        take_risk(reading)
        await stored(portfolios, [trade(2)])
        portfolios.cache.cache = replica
        await reader.look()
        with pytest.raises(Unavailable, match="no process keeps"):
            take_risk(reading)
        assert (await reading.read(ALICE))[0].view == view_of([trade(1), trade(2)])
        await portfolios.recover()
        await keeper.look()
        await reader.look()
        take_risk(reading)
        found, source = await reading.read(ALICE)
        assert (found.view, source) == (view_of([trade(1), trade(2)]), "cache")

    with_portfolios(work)


def test_who_reads_goes_on_while_many_portfolios_are_compared(with_portfolios):
    """A comparison that takes longer than the keeper's word holds."""
    names = [f"trader{n}" for n in range(20)]

    async def work(portfolios):
        now = 0.0
        cache = MemoryCache(clock=lambda: now)
        portfolios.cache.cache = cache
        keeper = CacheWatch(portfolios, check_s=5.0, clock=lambda: now)
        reading = portfolios_over(Switched(cache), portfolios.store)
        reader = CacheWatch(reading, keeps=False, clock=lambda: now)
        await stored(portfolios, [trade(n, name) for n, name in enumerate(names)])
        await keeper.look()
        mget, waits = cache.mget, []

        async def slow(keys):
            nonlocal now
            now += 2.0
            await reader.look()
            waits.append(reading.health.ready)
            return await mget(keys)

        now = 6.0
        cache.mget = slow
        await keeper.look()
        assert waits == [True] * len(names)

    with_portfolios(work)


def test_a_cache_that_somebody_has_emptied_is_filled_at_the_next_look(with_portfolios):
    async def work(portfolios):
        watch = CacheWatch(portfolios)
        await watch.look()
        await stored(portfolios, [trade(1), trade(2, "bob")])
        inner = portfolios.cache.cache
        await inner.delete(*await inner.keys("*"))
        await watch.look()
        assert portfolios.health.ready
        assert [(await portfolios.read(account))[1] for account in (ALICE, BOB)] == ["cache", "cache"]

    with_portfolios(work)


def test_a_cache_that_comes_and_goes_is_waited_for_longer_each_time(with_portfolios):
    """Else every second all portfolios would be made again, and everybody told."""
    told = []

    async def tell(state, reason):
        told.append(state)

    async def work(portfolios):
        now = 0.0
        watch = CacheWatch(portfolios, clock=lambda: now)
        ready = []
        for second in range(600):
            now = float(second)
            portfolios.cache.away = second % 2 == 1
            await watch.look()
            ready.append(portfolios.health.ready)
        assert told.count("recovered") + told.count("started") < 20
        assert any(ready[-120:]), "it is still tried"
        portfolios.cache.away = False
        for second in range(600, 700):
            now = float(second)
            await watch.look()
        assert portfolios.health.ready
        for second in range(700, 1_000):
            now = float(second)
            await watch.look()
        before = len(told)
        portfolios.cache.away = True
        await watch.look()
        portfolios.cache.away = False
        now += 1
        await watch.look()
        assert portfolios.health.ready, "after a long calm it is believed again at once"
        assert told[before:] == ["impaired", "recovered"]

    with_portfolios(work, tell)


def test_news_that_are_too_many_to_keep_are_counted_where_they_can_be_told(with_portfolios):
    told, deaf = [], True

    async def tell(state, reason):
        if deaf:
            raise Unavailable("the bus is away too")
        told.append((state, reason))

    async def work(portfolios):
        nonlocal deaf
        for _ in range(NEWS_MAX):
            await portfolios.recover()
            portfolios.health.lost("gone")
            await portfolios.health.tell_news()
        deaf = False
        await portfolios.health.tell_news()
        assert len(told) == NEWS_MAX
        assert told[-1][0] == "impaired"
        assert f"{NEWS_MAX} changes before this could not be told" in told[0][1]

    with_portfolios(work, tell)


def test_with_cache_and_store_away_nothing_is_made_up_and_both_are_waited_for(with_portfolios):
    async def work(portfolios):
        watch = CacheWatch(portfolios)
        await watch.look()
        await stored(portfolios, [trade(1)])
        read, away = portfolios.store.read, True

        async def nothing(*_):
            raise Unavailable("the store is away")
            yield

        portfolios.store.read = lambda *words: nothing() if away else read(*words)
        assert (await portfolios.read(ALICE))[1] == "cache"
        portfolios.cache.away = True
        with pytest.raises(Unavailable, match="store is away"):
            await portfolios.read(ALICE)
        with pytest.raises(Unavailable, match="no new risk"):
            take_risk(portfolios)
        portfolios.cache.away = False
        await watch.look()
        assert portfolios.health.state is Health.AWAY, "without the store it cannot be made again"
        away = False
        watch = CacheWatch(portfolios)
        await watch.look()
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of([trade(1)]), "cache")

    with_portfolios(work)


def test_a_cache_that_went_away_and_came_back_during_a_rebuild_is_not_believed_by_it(with_portfolios):
    """What was written before it went may be gone, though it answers at the end."""

    async def work(portfolios):
        await portfolios.store.append([trade(1), trade(2, "bob")])
        plain, health = portfolios.books.portfolio, portfolios.health

        async def meanwhile(account):
            health.lost("started again")
            health.found()
            return await plain(account)

        portfolios.books.portfolio = meanwhile
        assert not await portfolios.recover()
        assert not health.ready
        portfolios.books.portfolio = plain
        assert await portfolios.recover()

    with_portfolios(work)


def test_what_other_rules_of_counting_made_is_not_read_from_the_cache(with_portfolios):
    """While two Tradewinds with other rules run side by side, each reads what it has made."""

    async def work(portfolios):
        assert await portfolios.recover()
        await stored(portfolios, [trade(1)])
        values = await portfolios.cache.mget(ALICE.keys)
        fold = b'"fold":%d' % FOLD
        assert all(fold in value for value in values)
        others = [value.replace(fold, b'"fold":1') for value in values]
        await portfolios.cache.apply(dict(zip(ALICE.keys, others, strict=True)))
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of([trade(1)]), "events")
        assert await portfolios.cache.mget(ALICE.keys) == values

    with_portfolios(work)


def test_where_the_watch_breaks_no_new_risk_is_taken(with_portfolios):
    """Stored data that is not what was written ends it: what it cannot see any more is not believed."""

    async def work(portfolios):
        watch = CacheWatch(portfolios, look_s=0.001, check_s=0)
        await watch.look()
        take_risk(portfolios)

        async def broken(*_):
            raise Corrupt("an event is not what was written")
            yield

        portfolios.store.read = lambda *_: broken()
        with pytest.raises(Corrupt):
            await watch.run()
        with pytest.raises(Unavailable, match=r"no new risk.*not what was written"):
            take_risk(portfolios)

    with_portfolios(work)


def test_the_trade_of_another_kind_of_event_is_not_counted():
    """A fill is told by trade.executed alone: the order's own step moves nothing."""
    kind = EVENT_TYPES["order.changed"]
    step = kind.payload(
        account="alice", order_id="o1", symbol="BTC/USDT", side="buy", state="FILLED", size=D(1), filled=D(1)
    )
    assert view_of([trade(1), replace(trade(2), type=kind.name, data=step)]) == view_of([trade(1)])


@pytest.mark.parametrize("how", ["check", "recover"])
def test_an_account_whose_first_trade_comes_during_a_comparison_is_not_taken_for_nobodys(with_portfolios, how):
    """Its portfolio was written after the events were gone through, and before the keys were listed."""
    told = []

    async def work(portfolios):
        async def tell(account, reason):
            told.append((account, reason))

        await stored(portfolios, [trade(1)])
        assert await portfolios.recover()
        portfolios = portfolios_over(portfolios.cache, portfolios.store, repaired=tell)
        portfolios.health.found()
        portfolios.health.rebuilt()
        keys = portfolios.cache.keys

        async def listed(*words):
            await stored(portfolios, [trade(2, "bob")])
            return await keys(*words)

        portfolios.cache.keys = listed
        await getattr(portfolios, how)()
        assert (await portfolios.read(BOB))[1] == "cache"
        assert told == []

    with_portfolios(work)

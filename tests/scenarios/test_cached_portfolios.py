"""Portfolios at hand: what the cache says is what the events say, whatever happens to either."""

import asyncio
import random

import msgspec
import pytest
from account_examples import ALICE, BOB, Switched, portfolios_in, portfolios_over, stored, take_risk, trade, view_of
from event_examples import tick
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.account_view import FOLD
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.trading import cache_watch
from tradewind.trading.cache_health import Health, telling
from tradewind.trading.cache_repairs import telling_repairs
from tradewind.trading.cache_watch import CacheWatch
from tradewind.trading.portfolio_keeper import PortfolioKeeper
from tradewind.trading.portfolio_keys import Account, account_of, read_back
from tradewind.trading.portfolio_service import PortfolioService
from tradewind.trading.supervision import Job, Supervised, run_all


@pytest.fixture
def with_portfolios(tmp_path):
    """Runs an async function with portfolios."""
    return portfolios_in(tmp_path)


def test_a_trade_changes_positions_balances_and_totals_as_one(with_portfolios):
    trades = [trade(i) for i in range(20)]

    async def work(portfolios):
        assert await portfolios.recover()
        for i, one in enumerate(trades):
            await stored(portfolios, [one])
            found, source = await portfolios.read(ALICE)
            assert source == "cache"
            assert found.view == view_of(trades[: i + 1])
        values = await portfolios.cache.mget(ALICE.keys)
        assert ALICE.keys[0] == "portfolio:{home/paper/alice}:positions"
        assert read_back(values).view == view_of(trades)

    with_portfolios(work)


def test_an_event_that_comes_twice_or_late_counts_once(with_portfolios):
    trades = [trade(i) for i in range(30)]

    async def work(portfolios):
        assert await portfolios.recover()
        await portfolios.store.append(trades)
        await asyncio.gather(*(portfolios.handle(one) for one in random.Random(1).sample(trades * 2, 60)))
        return await portfolios.read(ALICE)

    found, source = with_portfolios(work)
    assert (found.view, source) == (view_of(trades), "cache")


def test_accounts_modes_and_tenants_are_kept_apart(with_portfolios):
    mine = [trade(1), trade(2)]
    others = [
        trade(3, "bob"), trade(4, mode="live"), trade(5, tenant="rival"), trade(6, mode="backtest"), trade(7, "alice}"),
    ]  # fmt: skip

    async def work(portfolios):
        assert await portfolios.recover()
        await stored(portfolios, [mine[0], *others, mine[1]])
        accounts = [
            ALICE, BOB, Account("home", "live", "alice"), Account("rival", "paper", "alice"),
            Account("home", "paper", "alice}"),
        ]  # fmt: skip
        views = [(await portfolios.read(account))[0].view for account in accounts]
        assert views == [view_of(mine), *(view_of([other]) for other in [*others[:3], others[4]])]
        keys = await portfolios.cache.get_all("portfolio:*")
        assert {account_of(key) for key in keys} == set(accounts)
        assert len(keys) == 15

    with_portfolios(work)


def test_while_the_cache_is_away_reads_come_from_the_events_and_no_new_risk_is_taken(with_portfolios):
    trades = [trade(i) for i in range(10)]

    async def work(portfolios):
        with pytest.raises(Unavailable, match="not looked at yet"):
            take_risk(portfolios)
        assert await portfolios.recover()
        take_risk(portfolios)
        await stored(portfolios, trades[:5])
        portfolios.cache.away = True
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of(trades[:5]), "events")
        with pytest.raises(Unavailable, match=r"no new risk.*switched off"):
            take_risk(portfolios)
        await stored(portfolios, trades[5:])
        assert (await portfolios.read(ALICE))[0].view == view_of(trades)
        assert not await portfolios.recover()
        portfolios.cache.away = False
        assert await portfolios.recover()
        take_risk(portfolios)
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of(trades), "cache")

    with_portfolios(work)


def test_while_the_cache_is_away_reads_begin_at_the_latest_snapshot(with_portfolios):
    trades = [trade(i) for i in range(40)]

    async def work(portfolios):
        positions = await portfolios.store.append(trades[:30])
        kind = EVENT_TYPES["portfolio.snapshot"]
        view = msgspec.to_builtins(view_of(trades[:30]))
        data = kind.payload(account="alice", position=positions[-1], reason="time", view=view, fold=FOLD)
        await portfolios.store.append([trade(900, type=kind.name, version=kind.version, data=data)])
        await portfolios.store.append(trades[30:])
        asked, read = [], portfolios.store.read
        portfolios.store.read = lambda query, *more: asked.append(query) or read(query, *more)
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of(trades), "events")
        assert asked[-1].after_position == positions[-1]

    with_portfolios(work)


def test_a_change_whose_answer_was_lost_is_not_made_twice(with_portfolios):
    trades = [trade(i) for i in range(6)]

    async def work(portfolios):
        assert await portfolios.recover()
        await stored(portfolios, trades[:3])
        portfolios.cache.loses_answers = True
        await stored(portfolios, trades[3:])
        assert portfolios.health.state is Health.AWAY
        portfolios.cache.loses_answers = False
        assert await portfolios.recover()
        return await portfolios.read(ALICE)

    found, source = with_portfolios(work)
    assert (found.view, source) == (view_of(trades), "cache")


DAMAGE = {
    "gone": lambda values, _: [None, *values[1:]],
    "cut short": lambda values, _: [values[0][:-2], *values[1:]],
    "not JSON": lambda values, _: [values[0], b"\xff\x00", values[2]],
    "of another moment": lambda values, older: [older[0], *values[1:]],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_portfolio_that_is_damaged_is_never_read_and_is_made_again(with_portfolios, damage):
    trades = [trade(i) for i in range(8)]

    async def work(portfolios):
        assert await portfolios.recover()
        await stored(portfolios, trades[:4])
        older = await portfolios.cache.mget(ALICE.keys)
        await stored(portfolios, trades[4:])
        values = await portfolios.cache.mget(ALICE.keys)
        broken = DAMAGE[damage](values, older)
        await portfolios.cache.apply(dict(zip(ALICE.keys, broken, strict=True)))
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of(trades), "events")
        assert await portfolios.cache.mget(ALICE.keys) == values

    with_portfolios(work)


def test_a_check_finds_what_is_wrong_says_why_and_makes_it_again(with_portfolios):
    names = ["fine", "wrong", "gone", "behind", "broken"]
    trades = {name: [trade(10 * n + i, name) for i in range(4)] for n, name in enumerate(names)}

    async def work(portfolios):
        assert await portfolios.recover()
        for some in trades.values():
            await stored(portfolios, some[:3])
        account = {name: Account("home", "paper", name) for name in [*names, "ghost"]}
        right = dict(await portfolios.cache.get_all("*"))
        forged = (await portfolios.cache.get(account["wrong"].keys[1])).replace(b'"total":"', b'"total":"1')
        await portfolios.cache.set(account["wrong"].keys[1], forged)
        await portfolios.cache.delete(*account["gone"].keys)
        await portfolios.cache.set(account["broken"].keys[2], b"{}")
        for key in account["ghost"].keys:
            await portfolios.cache.set(key, b"{}")
        await portfolios.store.append(trades["behind"][3:])
        report = await portfolios.check()
        assert report.accounts == 5
        assert report.remade == {
            account["wrong"]: "damaged",
            account["gone"]: "missing",
            account["behind"]: "behind",
            account["broken"]: "damaged",
            account["ghost"]: "nobodys",
        }
        after = await portfolios.cache.get_all("*")
        behind = account["behind"].keys
        assert {k: v for k, v in after.items() if k not in behind} == {
            k: v for k, v in right.items() if k not in behind
        }
        assert (await portfolios.read(account["behind"]))[0].view == view_of(trades["behind"])
        assert (await portfolios.check()).remade == {}
        assert portfolios._metrics.total("cache_rebuilt") == 5

    with_portfolios(work)


def test_the_watch_compares_when_it_is_time_and_not_before(with_portfolios):
    async def work(portfolios):
        now = 0.0
        watch = CacheWatch(portfolios, check_s=300, clock=lambda: now)
        await watch.look()
        assert portfolios.health.ready
        await stored(portfolios, [trade(1)])
        right = await portfolios.cache.mget(ALICE.keys)
        await portfolios.cache.set(ALICE.keys[0], right[0].replace(b'"size":"', b'"size":"9'))
        wrong = await portfolios.cache.mget(ALICE.keys)
        for at, expected in [(299.9, wrong), (300.0, right), (300.1, right)]:
            now = at
            await watch.look()
            assert await portfolios.cache.mget(ALICE.keys) == expected
        portfolios.cache.away = True
        await watch.look()
        assert portfolios.health.state is Health.AWAY

    with_portfolios(work)


def test_an_event_whose_token_is_not_its_account_is_refused(with_portfolios):
    async def work(portfolios):
        with pytest.raises(BadInput, match="has the token 'other'"):
            await portfolios.handle(trade(1, token="other"))

    with_portfolios(work)


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(st.sampled_from(["trade", "bob", "away", "back", "lose", "answer", "wipe", "check"]), max_size=40)
)
def test_whatever_happens_what_is_read_is_what_the_events_come_to(steps, tmp_path_factory):
    async def run():
        store = SqliteEventStore(tmp_path_factory.mktemp("store") / "events.db")
        cache = Switched(MemoryCache())
        portfolios = portfolios_over(cache, store)
        made = {"alice": [], "bob": []}
        for number, step in enumerate(steps):
            if step in {"trade", "bob"}:
                name = "alice" if step == "trade" else "bob"
                made[name].append(trade(number, name))
                await stored(portfolios, made[name][-1:])
            elif step in {"away", "back"}:
                cache.away = step == "away"
            elif step in {"lose", "answer"}:
                cache.loses_answers = step == "lose"
            elif step == "wipe":
                await cache.cache.delete(*ALICE.keys, *BOB.keys)
            elif portfolios.health.ready:
                await CacheWatch(portfolios, check_s=0).look()
            else:
                await portfolios.recover()
            for account in (ALICE, BOB):
                found, _ = await portfolios.read(account)
                assert found.view == view_of(made[account.name])
        await store.close()

    asyncio.run(run())


def test_the_service_keeps_portfolios_tells_of_the_cache_and_holds_new_risk_back(tmp_path, monkeypatch):
    """Published, handled from the bus, the cache gone and back, damaged and repaired, all of it told as events."""
    monkeypatch.setattr(cache_watch, "LOOK_S", 0.001)

    async def run():
        store, metrics = SqliteEventStore(tmp_path / "events.db"), CountedMetrics()
        bus, cache = MemoryBus(store), Switched(MemoryCache())
        producer = EventProducer(bus, Origin("house", "test", "paper"), metrics)
        news = await bus.subscribe("reader", ["system.events"], "reader")
        portfolios = portfolios_over(cache, store, telling(producer), repaired=telling_repairs(producer))
        keeper = PortfolioKeeper(portfolios, bus, producer, metrics, member="one")
        service = Supervised("portfolios", lambda: Job(PortfolioService(keeper)), lambda *_: None)
        stopping = asyncio.Event()
        running = asyncio.create_task(run_all([service], stopping))

        async def told():
            (delivery, *_) = await news.receive(1, 30.0)
            return delivery.event

        async def state_told():
            return (await told()).data.state

        async def until_read(events, source):
            async with asyncio.timeout(30):
                while True:
                    found, where = await portfolios.read(ALICE)
                    if (found.view, where) == (view_of(events), source):
                        return
                    await asyncio.sleep(0)

        trades = [trade(i) for i in range(9)]
        assert await state_told() == "started"
        take_risk(portfolios)
        await bus.publish(trades[:3])
        cache.away = True
        assert await state_told() == "impaired"
        with pytest.raises(Unavailable, match="switched off"):
            take_risk(portfolios)
        await bus.publish(trades[3:6])
        await until_read(trades[:6], "events")
        cache.away = False
        assert await state_told() == "recovered"
        take_risk(portfolios)
        await bus.publish(trades[6:])
        await until_read(trades, "cache")
        await cache.cache.delete(*ALICE.keys)
        assert (await portfolios.check()).remade == {ALICE: "missing"}
        repaired = await told()
        assert (repaired.type, repaired.tenant) == ("cache.repaired", ALICE.tenant), "not the house's: its tenant's"
        assert (repaired.data.account, repaired.data.found) == ("alice", "missing")
        stopping.set()
        await running
        with pytest.raises(Unavailable, match="nobody looks at it any more"):
            take_risk(portfolios)
        await bus.close()
        await store.close()

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_repair_that_cannot_be_told_is_a_repair_all_the_same(with_portfolios):
    async def work(portfolios):
        class Deaf:
            async def publish(self, events):
                raise Unavailable("the bus is away")

        producer = EventProducer(Deaf(), Origin("house", "test", "paper"), CountedMetrics(), retries_s=())
        portfolios._repaired = telling_repairs(producer)
        assert await portfolios.recover()
        await stored(portfolios, [trade(1)])
        await portfolios.cache.cache.delete(*ALICE.keys)
        assert (await portfolios.check()).remade == {ALICE: "missing"}
        assert (await portfolios.check()).remade == {}

    with_portfolios(work)


def test_news_that_cannot_be_told_now_is_told_later(with_portfolios):
    async def work(portfolios):
        heard, deaf = [], True

        async def tell(state, reason):
            if deaf:
                raise Unavailable("the bus is away too")
            heard.append(state)

        health = portfolios.health
        health._tell = tell
        await portfolios.recover()
        health.lost("gone")
        await health.tell_news()
        assert heard == []
        deaf = False
        await health.tell_news()
        await health.tell_news()
        assert heard == ["started", "impaired"]

    with_portfolios(work)


def test_a_tick_is_no_event_of_an_account():
    assert not ALICE.owns(trade(1, "bob"))
    assert ALICE.owns(trade(1))
    assert view_of([tick(1)]) == view_of([])

"""`tradewind accounts`: what people are told of accounts, and where it was read."""

import asyncio
from decimal import Decimal as D

from account_examples import trade, view_of
from msgspec.structs import replace

from tradewind import bootstrap
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.trading import cache_watch


def store(*events):
    async def work():
        opened = bootstrap.open_event_store()
        await opened.append(events)
        await opened.close()

    asyncio.run(work())


def changed(number, type_, account="alice", **fields):
    kind = EVENT_TYPES[type_]
    data = kind.payload(account=account, **fields)
    return replace(trade(number, account), type=kind.name, version=kind.version, data=data)


def bought(number, account="alice", **more):
    one = trade(number, account, **more)
    fields = {"symbol": "BTC/USDT:USDT", "side": "buy", "size": D("0.30"), "price": D(60_000), "fee": D("1.80")}
    return replace(one, data=replace(one.data, **fields))


def test_an_account_is_told_to_the_last_unit(ask):
    events = [
        changed(1, "balance.changed", currency="USDT", total=D(1_000), change=D(1_000), cause="transfer"),
        bought(2),
        changed(3, "balance.changed", currency="USDT", total=D("997.20"), locked=D(5), change=D(-1), cause="funding"),
        bought(4, "bob"), bought(5, tenant="rival"),
    ]  # fmt: skip
    store(*events)
    told = ask("accounts", "alice", "--json").document
    assert told == {
        "account": "alice", "mode": "paper", "source": "events", "why": "the settings name no Redis", "position": 3,
        "positions": [{"symbol": "BTC/USDT:USDT", "size": "0.3", "entry_price": "60000", "cost": "18000"}],
        "balances": {"USDT": {"total": "997.2", "locked": "5"}},
        "trades": 1, "realised": {"USDT": "0"}, "fees": {"USDT": "1.8"}, "funding": {"USDT": "1"},
        "deposited": {"USDT": "1000"}, "turnover": {"USDT": "18000"},
    }  # fmt: skip
    assert view_of(events[:3]).balances["USDT"].total == D("997.2")
    shown = ask("accounts", "alice").out
    assert "BTC/USDT:USDT" in shown
    assert "997.2" in shown
    assert "alice (paper), 1 trade; read from the events: the settings name no Redis." in shown
    everybody = ask("accounts", "--json").document
    assert [(one["account"], one["trades"]) for one in everybody] == [("alice", 1), ("bob", 1)]


def test_without_accounts_it_says_so(ask):
    assert "There are no accounts." in ask("accounts").out
    assert ask("accounts", "--json").document == []


def test_what_cannot_be_told_is_refused_with_a_way_out(ask):
    store(
        bought(1),
        bought(2, mode="live"),
        bought(3, "bob"),
        changed(4, "position.changed", "bob", symbol="X/Y", size=D(1)),
    )
    for words, said in [
        (("alice",), "Say --mode paper or --mode live"),
        (("bob", "--mode", "live"), "there is no live account 'bob'"),
        (("nobody",), "tradewind accounts lists those there are"),
        (("alice", "--mode", "backtest"), "Say paper or live"),
        (("--mode", "paper"), "tradewind accounts NAME --mode paper"),
    ]:
        answer = ask("accounts", *words)
        assert (answer.code, answer.out) == (3, "")
        assert said in answer.err
    assert ask("accounts", "alice", "--mode", "live", "--json").document["mode"] == "live"
    unknown = next(p for p in ask("accounts", "bob", "--json").document["positions"] if p["symbol"] == "X/Y")
    assert (unknown["cost"], unknown["entry_price"]) == (None, None), "not known, and not 0"


def test_redis_is_read_while_somebody_keeps_it_and_the_events_else(ask, redis_server, monkeypatch):
    redis_server.ask("FLUSHALL")
    monkeypatch.setattr(cache_watch, "KEPT_S", 600.0)  # the keeper has ended when it is read: its word still holds
    monkeypatch.setenv("TRADEWIND_REDIS_STATE", redis_server.url)
    store(bought(1))
    told = ask("accounts", "alice", "--json").document
    assert (told["source"], told["why"]) == ("events", "no process keeps the portfolios in it")
    assert ask("serve", "portfolios", "--until-idle").code == 0
    found = ask("accounts", "alice", "--json").document
    assert (found["source"], found["why"]) == ("cache", "")
    assert {**found, "source": "", "why": ""} == {**told, "source": "", "why": ""}
    monkeypatch.setenv("TRADEWIND_REDIS_STATE", "redis://127.0.0.1:1/0")
    away = ask("accounts", "alice", "--json").document
    assert away["source"] == "events"
    assert "Redis does not answer" in away["why"]
    assert ".." not in away["why"]
    assert away["balances"] == found["balances"]

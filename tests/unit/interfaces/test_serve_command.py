"""`tradewind data publish` and `tradewind serve`: recorded ticks, and services that work on them."""

import asyncio

import pytest
from market_stand import START, quote, trade

from tradewind import bootstrap
from tradewind.core.domain.candle_building import CandleBuilder, CandleRules
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.synthetic_book import SyntheticBook
from tradewind.core.domain.timeframes import SECOND_NS
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.operations.order_book import make_recording
from tradewind.ports.event_store import EventQuery
from tradewind.trading.candles import CandleMaker

MARKET = ("data", "publish", "BTC/USDT", "--end", "2024-01-05")


def events(*types):
    """What the store holds of these types."""

    async def work():
        store = bootstrap.open_event_store()
        found = [s.event async for batch in store.read(EventQuery(types=types)) for s in batch]
        await store.close()
        return found

    return asyncio.run(work())


def in_one_go(ticks, timeframes=("1m", "5m", "1h", "1d")):
    builder = CandleBuilder(ticks[0].token, CandleRules(timeframes))
    for event in ticks:
        builder.take(event.time_event, event.data.price, event.data.size, event.data.trade_id)
    return builder.closed()


def by_end(candles):
    return sorted(candles, key=lambda c: (c.time, c.timeframe))


def test_stored_candles_are_published_as_ticks_served_and_come_out_as_the_same_candles(ask):
    published = ask(*MARKET, "--json").document
    assert published["events"] == published["new"] == 4 * 24 * 4
    assert published["synthetic"]
    served = ask("serve", "candles", "quality", "--until-idle", "--json").document
    assert [(r["name"], r["handled"], r["failures"]) for r in served["roles"]] == [
        ("candles", 384, 0),
        ("quality", 384, 0),
    ]
    ticks, made = events("price.tick"), events("candle.closed")
    assert by_end(e.data for e in made) == by_end(in_one_go(ticks))
    stored = bootstrap.open_catalogue().bars("BTC/USDT", "1h", None, ticks[-1].time_event)
    hours = {e.data.time: e.data for e in made if e.data.timeframe == "1h"}
    for row in range(len(stored) - 1):
        hour = hours[int(stored.time[row])]
        assert (hour.open, hour.high, hour.low, hour.close) == (
            stored.open[row], stored.high[row], stored.low[row], stored.close[row],
        )  # fmt: skip
        assert hour.volume == pytest.approx(stored.volume[row], rel=1e-12)
    assert {(e.mode, e.source) for e in made} == {("backtest", "synthetic 1h")}


def test_publishing_and_serving_twice_adds_nothing(ask):
    for _ in range(2):
        answer = ask(*MARKET, "--json")
        ask("serve", "candles", "--until-idle")
        found = [e.event_id for e in events("price.tick", "candle.closed")]
    assert answer.document["new"] == 0
    assert len(found) == len(set(found)) == 384 + len(in_one_go(events("price.tick")))
    assert "all of them were there already" in ask(*MARKET).out


def test_a_recorded_book_is_published_with_its_trades_quotes_and_times_of_receipt(ask, tmp_path):
    file = tmp_path / "book.gz"
    made = make_recording(SyntheticBook("DEMO/USDT:USDT", 20.0, 3), file, recordings=bootstrap.open_book_recordings())
    said = ask("data", "publish", file, "--json").document
    assert said["new"] == said["events"] > 50
    found = events("price.tick", "price.quote")
    assert {e.type for e in found} == {"price.tick", "price.quote"}
    assert [e.time_recorded for e in found] == sorted(e.time_recorded for e in found)
    assert all(e.data.bid < e.data.ask for e in found if e.type == "price.quote")
    assert sum(e.type == "price.tick" for e in found) == len(made.trades()[0])
    assert ask("data", "publish", file, "--json").document["new"] == 0


def test_what_is_told_at_the_very_end_is_weighed_too(ask):
    async def bad_quotes():
        store = bootstrap.open_event_store()
        await store.append([quote(number, number, 101.0, 100.0, mode="backtest") for number in range(20)])
        await store.close()

    asyncio.run(bad_quotes())
    assert ask("serve", "quality", "reports", "--until-idle").code == 0
    assert [e.data.ticks for e in events("data.quality")] == [1, 19]
    (told,) = [e.data for e in events("service.changed") if e.data.service.startswith("feed ")]
    assert (told.service, told.state) == ("feed BTC/USDT", "impaired")
    assert "crossed 20; 100.00% of 20" in told.reason


def test_a_candle_leads_back_to_its_ticks_and_is_made_once_more(ask):
    ask(*MARKET)
    ask("serve", "candles", "--until-idle")
    (candle,) = ask("lineage", "BTC/USDT@1h@2024-01-02T07:30", "--json").document["candles"]
    ticks = {e.event_id: e for e in events("price.tick")}
    assert candle["agrees"]
    assert candle["again"] == candle["candle"]["data"]
    assert candle["ticks"]["number"] == candle["candle"]["data"]["ticks"] == 4
    first, last, closer = (ticks[name] for name in (*list(candle["ticks"].values())[1:], candle["closed_by"]))
    assert (first.data.price, last.data.price) == (candle["again"]["open"], candle["again"]["close"])
    assert closer.event_id == candle["candle"]["causation_id"]
    shown = ask("lineage", "BTC/USDT@1h@2024-01-02T07:00").out
    assert "made once more of its 4 ticks: equal" in shown
    assert first.event_id in shown


def test_a_candle_that_the_clock_has_closed_says_so(ask):
    async def closed():
        store = bootstrap.open_event_store()
        bus, metrics = bootstrap.open_bus(store), bootstrap.open_metrics()
        maker = CandleMaker(
            bus, EventProducer(bus, Origin("home", "a", "paper"), metrics), metrics, store, member="one"
        )
        await bus.publish([trade(0, 0)])
        await maker.take(trade(0, 0))
        await maker.advance(START + 120 * SECOND_NS)
        await bus.close()
        await store.close()

    asyncio.run(closed())
    what = f"BTC/USDT@1m@{instant_text(START)[:16]}"
    (candle,) = ask("lineage", what, "--json").document["candles"]
    assert (candle["by_clock"], candle["closed_by"]) == (True, None)
    assert "closed by: the clock" in ask("lineage", what).out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("data", "publish", "DOGE/USDT"), "DOGE/USDT"),
        (("data", "publish", "BTC/USDT", "-t", "7m"), "7m"),
        (("data", "publish", "BTC/USDT", "--start", "2030-01-01"), "no candle is stored in this stretch"),
        (("data", "publish", "BTC/USDT", "--speed", "fast"), "is no speed"),
        (("data", "publish", "BTC/USDT", "--speed", "0"), "is no speed"),
        (("lineage", "BTC/USDT@1h@2024-01-02"), "no candle 1h of BTC/USDT"),
        (("lineage", "BTC/USDT@1h@noon"), "is not a date"),
        (("lineage", "BTC/USDT@1y@2024-01-02"), "unknown timeframe"),
        (("serve", "recorder"), "has nothing to do"),
        (("serve", "portfolios"), "has nothing to do"),
        (("serve", "bakery"), "there is no role"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(ask, words, why):
    answer = ask(*words, "--json")
    assert answer.code == 3
    assert why in f"{answer.error['message']} {answer.error['where']}"


def test_a_role_that_another_process_has_is_refused(ask, home):
    with bootstrap.served_alone(("candles",)):
        answer = ask("serve", "quality", "candles", "--until-idle")
    assert answer.code == 3
    assert "another process serves as candles already" in answer.err
    assert ask("serve", "candles", "--until-idle").code == 0


def test_a_server_that_is_missing_is_named_at_once(ask, monkeypatch):
    monkeypatch.setenv("TRADEWIND_POSTGRES", "postgresql://nobody@127.0.0.1:9/none")
    answer = ask("serve", "candles", "--until-idle")
    assert answer.code == 5
    assert "127.0.0.1:9" in answer.err
    assert "candles: started" not in answer.err


def test_a_port_that_is_taken_is_refused(ask):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = ask("serve", "candles", "--until-idle", "--metrics-port", taken.getsockname()[1])
    assert answer.code == 3
    assert "cannot be served" in answer.err

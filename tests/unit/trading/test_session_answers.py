"""What a venue says late, twice, crosswise or not at all, and what it may not; what a session hears of the market."""

import asyncio
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.domain.orders import OrderState
from tradewind.core.engine.rules import MarketRules
from tradewind.core.indicators import EMA
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.event_store import EventQuery
from tradewind.trading.sessions import sent
from tradewind.trading.sessions.chance_venue import AT_ONCE, Chances, ChanceVenue
from tradewind.trading.sessions.desk import Desk
from tradewind.trading.sessions.journal import NAMES
from tradewind.trading.sessions.recording import NameTaken, Recorder
from tradewind.trading.sessions.replaying import replay
from tradewind.trading.sessions.terms import SessionTerms

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
BEGIN = 1_790_000_040_000_000_000
MINUTE_NS = 60_000_000_000
NAME = "s-1"


class OneBuy(Strategy):
    """Buys once, with a stop, and remembers what it is told."""

    def setup(self):
        self.asked = False
        self.states = []
        self.fills = 0

    def on_bar(self, bar):
        if not self.asked:
            self.asked = True
            self.buy(size=1.0, limit=bar.close, sl=bar.close * 0.5)

    def on_order_update(self, update):
        self.states.append(OrderState(update.state).name)

    def on_fill(self, fill):
        self.fills += 1


def terms(symbols=SYMBOLS[:1], **changed):
    return SessionTerms(**{
        "strategy": "test", "instruments": tuple(instrument_for(s) for s in symbols), "timeframe": "1m",
        "code_hash": "c0de", "rules": MarketRules(cash=1e6, leverage=5.0),
    } | changed)  # fmt: skip


def counted_up(prefix="0"):
    number = iter(range(10**9))
    return lambda: f"{prefix}{next(number):011d}"


new_id = counted_up("x")


def heard(desk, data, time):
    name = NAMES[type(data)]
    token = str(getattr(data, EVENT_TYPES[name].token))
    number = new_id()
    return desk.take(Event(
        event_id=number, type=name, version=EVENT_TYPES[name].version, time_event=time, time_recorded=time,
        tenant="home", token=token, source="test", correlation_id=number, mode="paper", session=NAME, data=data,
    ))  # fmt: skip


def at_work():
    """A desk whose order number 1 has just been sent, and the time."""
    desk = Desk(OneBuy, terms(), NAME)
    heard(desk, p.Tick(symbol=SYMBOLS[0], price=100.0, size=1.0), BEGIN)
    step = heard(desk, p.TimerFired(service=NAME, timer="candle", due=BEGIN + MINUTE_NS), BEGIN + MINUTE_NS)
    assert [(a.order.id, a.new) for a in step.asked] == [(1, True)]
    return desk, BEGIN + MINUTE_NS


def trade(number=1, **changed):
    return p.Trade(**{
        "account": NAME, "order_id": f"{NAME}-1", "trade_id": f"t{number}", "symbol": SYMBOLS[0], "side": "buy",
        "size": Decimal("0.5"), "price": Decimal(100), "fee": Decimal("0.01"), "fee_currency": "USDT",
    } | changed)  # fmt: skip


def change(state, order_id=f"{NAME}-1", reason=""):
    return p.OrderChange(
        account=NAME, order_id=order_id, symbol=SYMBOLS[0], side="buy", state=state, size=Decimal(1), reason=reason
    )


def test_a_trade_that_comes_twice_counts_once():
    desk, now = at_work()
    for _ in range(3):
        heard(desk, trade(), now)
    assert desk.x.positions[0].size == 0.5
    assert desk.strategy.fills == 1
    heard(desk, trade(2), now)
    assert desk.x.positions[0].size == 1.0


def test_a_fill_that_was_overtaken_by_the_cancellation_is_booked_with_its_bracket():
    desk, now = at_work()
    heard(desk, change("CANCELED"), now)
    assert desk.strategy.states[-1] == "CANCELED"
    heard(desk, trade(), now)
    assert desk.x.positions[0].size == 0.5
    assert desk.strategy.fills == 1
    assert [o.stop for o in desk.x.orders if o.bracket == 1 and o.state >= 0] == [50.0]


def test_an_unknown_outcome_ends_nothing_and_its_evidence_counts():
    desk, now = at_work()
    step = heard(desk, change("UNKNOWN"), now)
    assert step.asked == []
    assert desk.strategy.states[-1] == "UNKNOWN"
    assert desk.strategy.orders_open == 1
    heard(desk, change("REJECTED", reason="it never came"), now)
    assert desk.strategy.orders_open == 0
    heard(desk, change("REJECTED"), now)
    assert desk.strategy.states.count("REJECTED") == 1


WRONG = {
    "of an order that was never sent": trade(order_id=f"{NAME}-7"),
    "of another session's order": trade(order_id="other-1"),
    "of an order without a number": trade(order_id="rubbish"),
    "of a number that is none": trade(order_id=f"{NAME}-\u00b9"),
    "of another symbol": trade(symbol=SYMBOLS[1]),
    "on the other side": trade(side="sell"),
    "of nothing": trade(size=Decimal(0)),
    "for nothing": trade(price=Decimal(0)),
    "with its fee in a third currency": trade(fee_currency="BNB"),
}


@pytest.mark.parametrize("which", WRONG)
def test_a_trade_that_cannot_be_ours_stops_the_session_and_books_nothing(which):
    desk, now = at_work()
    with pytest.raises(Corrupt):
        heard(desk, WRONG[which], now)
    assert desk.x.positions[0].size == 0.0


def test_what_is_remembered_of_orders_and_trades_has_a_limit(monkeypatch):
    monkeypatch.setattr(sent, "ENDED_MAX", 3)
    monkeypatch.setattr(sent, "TRADES_MAX", 3)
    known = sent.Sent()
    from tradewind.core.engine.state import Order

    for number in range(1, 9):
        order = Order()
        order.begin(number, 0, 1, 1, 1.0)
        known.tell(order)
        known.end([])
        assert known.is_new(f"t{number}")
    assert known.open == {}
    assert [n for n in range(1, 9) if known.ended(n)] == [6, 7, 8]
    assert not known.is_new("t8")
    assert known.is_new("t1")


class Everything(Strategy):
    """Hears all there is to hear and uses every kind of order, on two symbols."""

    symbols = 2
    timer = "3m"

    def setup(self):
        self.mean = EMA(4)
        self.other = self.feed(symbol=1)
        self.second = EMA(4).on(self.other)
        self.heard = {"trade": 0, "quote": 0, "fill": 0, "timer": 0, "UNKNOWN": 0}
        self.asked = 0

    def on_bar(self, bar):
        self.asked += 1
        if self.orders_open > 12:
            return
        kind, side = self.asked % 9, 1 if self.asked % 2 else -1
        order = self.buy if side > 0 else self.sell
        if kind == 0:
            order(size=0.2)
        elif kind == 1:
            order(size=0.2, limit=bar.close * (1 - side * 0.0005), tif=3, expires=bar.close_time + 4 * MINUTE_NS)
        elif kind == 2:
            order(size=0.2, limit=bar.close, post_only=True)
        elif kind == 3:
            order(size=0.2, limit=bar.close * (1 + side * 0.001), tif=1)
        elif kind == 4:
            order(size=0.2, limit=bar.close * (1 + side * 0.001), tif=2)
        elif kind == 5:
            order(size=0.2, sl=bar.close * (1 - side * 0.002), tp=bar.close * (1 + side * 0.002))
        elif kind == 6:
            order(size=0.2, stop=bar.close * (1 + side * 0.001), limit=bar.close * (1 + side * 0.002))
        elif kind == 7 and self.position.size:
            self.protect(trail=bar.close * 0.001)
        else:
            self.close()

    def on_timer(self, time):
        self.heard["timer"] += 1
        if self.heard["timer"] % 2:
            self.cancel()

    def on_trade(self, trade):
        self.heard["trade"] += 1
        if self.heard["trade"] % 211 == 0 and self.orders_open < 12:
            self.buy(size=0.05)

    def on_quote(self, quote):
        self.heard["quote"] += 1
        if quote.ask - quote.bid > 0.19 and self.heard["quote"] % 97 == 0 and self.orders_open < 12:
            self.sell(size=0.05)

    def on_fill(self, fill):
        self.heard["fill"] += 1

    def on_order_update(self, update):
        if update.state == int(OrderState.UNKNOWN):
            self.heard["UNKNOWN"] += 1


def two_markets(number, seed):
    """Ticks of two symbols, some of them overtaken by later ones, and quotes."""
    chance, now, prices = Random(seed), BEGIN, [100.0, 50.0]
    for _ in range(number):
        now += chance.randrange(10**7, 4 * 10**9)
        which = chance.randrange(2)
        prices[which] *= 1.0 + chance.gauss(0.0, 0.0008)
        price = round(prices[which], 2)
        if chance.random() < 0.3:
            yield now, p.Quote(symbol=SYMBOLS[which], bid=price - 0.1, bid_size=1.0, ask=price + 0.1, ask_size=2.0)
        else:
            late = chance.randrange(3 * 10**9) if chance.random() < 0.05 else 0
            side = chance.choice(["buy", "sell", None])
            yield now - late, p.Tick(symbol=SYMBOLS[which], price=price, size=1.0, aggressor=side)


def recorder_of(strategy, agreed, store, chances, session=NAME, prefix="0"):
    venue = ChanceVenue(session, agreed.instruments, agreed.rules, chances)
    return Recorder(
        strategy, agreed, venue, store, session=session, tenant="home", mode="paper", clock_ns=lambda: BEGIN,
        new_id=counted_up(prefix),
    )  # fmt: skip


def in_store(path, work):
    async def run():
        store = SqliteEventStore(path / "events.db")
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


awkward = st.builds(
    Chances, seed=st.integers(0, 999), rejects=st.sampled_from([0.0, 0.2]), in_parts=st.sampled_from([0.0, 0.6]),
    unknown=st.sampled_from([0.0, 0.3]), twice=st.sampled_from([0.0, 0.3]), overtaken=st.sampled_from([0.0, 0.3]),
    way_ms=st.sampled_from([(0.0, 0.0), (5.0, 250.0), (0.0, 90_000.0)]),
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), awkward, st.booleans())
def test_however_the_venue_answers_the_account_is_the_venues_and_the_replay_the_session(
    tmp_path_factory, seed, chances, hedging
):
    agreed = terms(SYMBOLS, rules=MarketRules(cash=1e6, leverage=5.0, hedging=hedging), wait_ns=2 * 10**9)
    placed = []

    async def work(store):
        recorder = recorder_of(Everything, agreed, store, chances)
        venue, place = recorder.venue, recorder.venue.place
        venue.place = lambda order, order_id, now: (placed.append(order_id), place(order, order_id, now))
        told = await recorder.run(two_markets(1_500, seed))
        again = await replay(store, NAME, lambda _terms: (Everything, "c0de"))
        trades = [
            stored.event.data
            async for batch in store.read(EventQuery(session=NAME, types=("trade.executed",)))
            for stored in batch
        ]
        return recorder, told, again, trades

    recorder, told, again, trades = in_store(tmp_path_factory.mktemp("session"), work)
    assert again.difference is None
    assert again.decision_hash == told.decision_hash
    assert again.decisions > 20
    heard_of = recorder.desk.strategy.heard
    assert min(heard_of["trade"], heard_of["quote"], heard_of["timer"]) > 0
    assert len(placed) == len(set(placed)), "an order was sent twice"
    here, there = recorder.desk.x, recorder.venue.market.x
    exact = {symbol: Decimal(0) for symbol in SYMBOLS}
    for each in {trade.trade_id: trade for trade in trades}.values():
        exact[each.symbol] += each.size * (1 if each.side == "buy" else -1)
    for i, symbol in enumerate(SYMBOLS):
        held = sum(here.positions[leg].size for leg in (2 * i, 2 * i + 1))
        assert held == pytest.approx(float(exact[symbol]), abs=1e-9)
        if not chances.overtaken:
            for leg in (2 * i, 2 * i + 1):
                assert here.positions[leg].size == pytest.approx(there.positions[leg].size, abs=1e-9)
    if not chances.overtaken:
        assert here.cash == pytest.approx(there.cash, rel=1e-9)


def test_of_two_sessions_that_begin_with_one_name_at_once_one_does(tmp_path):
    async def work(store):
        agreed = terms(SYMBOLS)
        runs = [
            recorder_of(Everything, agreed, store, AT_ONCE, prefix=prefix).run(two_markets(300, 1)) for prefix in "ab"
        ]
        ended = await asyncio.gather(*runs, return_exceptions=True)
        return ended, await replay(store, NAME, lambda _terms: (Everything, "c0de"))

    ended, again = in_store(tmp_path, work)
    assert sorted(type(each).__name__ for each in ended) == ["NameTaken", "Recorded"]
    assert again.difference is None
    assert again.ended
    assert issubclass(NameTaken, BadInput)


def test_sessions_side_by_side_in_one_store_do_not_disturb_each_other(tmp_path):
    async def work(store):
        agreed = terms(SYMBOLS)
        told = await asyncio.gather(*(
            recorder_of(Everything, agreed, store, Chances(i), f"s.{i}", prefix=f"{i}").run(two_markets(300, i))
            for i in range(3)
        ))  # fmt: skip
        return told, [await replay(store, f"s.{i}", lambda _terms: (Everything, "c0de")) for i in range(3)]

    told, again = in_store(tmp_path, work)
    assert [each.difference for each in again] == [None] * 3
    assert [each.decision_hash for each in again] == [each.decision_hash for each in told]


def test_two_symbols_candles_of_one_moment_are_heard_together(tmp_path):
    class Looks(Strategy):
        """Compares the two symbols' bars."""

        symbols = 2

        def setup(self):
            self.times = []

        def on_bar(self, bar):
            self.times.append((bar.time, bar.symbol, self.exchange.bars[0].time))

    async def work(store):
        recorder = recorder_of(Looks, terms(SYMBOLS), store, AT_ONCE)
        await recorder.run(two_markets(600, 3))
        return recorder.desk.strategy.times

    times = in_store(tmp_path, work)
    assert [row[:2] for row in times] == sorted(row[:2] for row in times)
    both = {time for time, symbol, _ in times if symbol == 0} & {time for time, symbol, _ in times if symbol == 1}
    assert len(both) > 10
    assert all(first == time for time, symbol, first in times if symbol == 1 and time in both)


def test_a_quiet_year_is_not_written_down_minute_by_minute(tmp_path):
    def market():
        yield BEGIN, p.Tick(symbol=SYMBOLS[0], price=100.0, size=1.0)
        yield BEGIN + 365 * 1_440 * MINUTE_NS, p.Tick(symbol=SYMBOLS[0], price=101.0, size=1.0)

    async def work(store):
        recorder = recorder_of(OneBuy, terms(), store, AT_ONCE)
        recorder.journal.clock_ns = lambda: BEGIN + 366 * 1_440 * MINUTE_NS
        told = await recorder.run(market())
        return told, await replay(store, NAME, lambda _terms: (OneBuy, "c0de"))

    told, again = in_store(tmp_path, work)
    assert told.inputs < 20
    assert told.decisions == 1
    assert again.difference is None


class Funded(Strategy):
    """Decides by funding, from the first payment on."""

    def setup(self):
        self.paid = []

    def on_funding(self, symbol, rate, paid):
        self.paid.append(paid)
        self.buy(size=0.5)


@pytest.mark.parametrize("funding", [True, False])
def test_funding_is_settled_on_what_is_held_and_heard_as_it_falls_due(tmp_path, funding):
    def market():
        due = p.FundingDue(symbol=SYMBOLS[0], rate=0.001, price=110.0)
        yield BEGIN, due
        for minute in range(1, 4):
            yield BEGIN + minute * MINUTE_NS, p.Tick(symbol=SYMBOLS[0], price=100.0, size=1.0)
            yield BEGIN + minute * MINUTE_NS + 1, due

    agreed = terms(rules=MarketRules(leverage=5.0, funding=funding))

    async def work(store):
        recorder = recorder_of(Funded, agreed, store, AT_ONCE)
        return await recorder.run(market()), recorder, await replay(store, NAME, lambda _terms: (Funded, "c0de"))

    told, recorder, again = in_store(tmp_path, work)
    assert again.difference is None
    x = recorder.desk.x
    if funding:
        assert told.decisions == 4, "the first of them before there is a price, which is refused"
        assert recorder.desk.strategy.paid == pytest.approx([0.0, 0.0, 0.055, 0.11])
        assert x.funding_paid == pytest.approx(0.165)
    else:
        assert (told.decisions, x.funding_paid) == (0, 0.0)
    assert recorder.venue.market.x.cash == pytest.approx(x.cash), "the venue's books say the same"


def test_what_a_session_would_never_call_is_refused_at_once():
    with pytest.raises(BadInput, match="trades 2 symbols"):
        Desk(Everything, terms(), NAME)
    with pytest.raises(BadInput, match="named twice"):
        terms((SYMBOLS[0], SYMBOLS[0]))

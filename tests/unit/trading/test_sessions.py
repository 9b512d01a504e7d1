"""Sessions: recorded with timers and a venue that answers by chance, and played again to the same decisions."""

import asyncio
import hashlib
import json
import zlib
from random import Random

import apsw
import msgspec
import pytest

from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.domain.orders import OrderState
from tradewind.core.engine.rules import MarketRules
from tradewind.core.indicators import EMA
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.event_store import EventQuery
from tradewind.trading.sessions.chance_venue import Chances, ChanceVenue
from tradewind.trading.sessions.journal import Seal, marks_of, with_chain
from tradewind.trading.sessions.recording import Recorder
from tradewind.trading.sessions.replaying import replay
from tradewind.trading.sessions.terms import SessionTerms

SYMBOL = "BTC/USDT:USDT"
BEGIN = 1_790_000_040_000_000_000
NAME = "s-1"


class Busy(Strategy):
    """Trades by an average, takes limit orders back by its timer, and closes when a fill was a large one."""

    timer = "15m"

    def setup(self):
        self.mean = EMA(5)
        self.asked = 0
        self.changes = 0

    def on_bar(self, bar):
        if self.mean.ready and self.orders_open < 3:
            self.asked += 1
            if self.asked % 3 == 0:
                self.buy(size=0.5, limit=bar.close * 0.9995)
            elif bar.close > self.mean.value:
                self.buy(size=0.3)
            else:
                self.sell(size=0.3)

    def on_timer(self, time):
        self.cancel()

    def on_fill(self, fill):
        if abs(fill.position) > 2.0:
            self.close()

    def on_order_update(self, update):
        self.changes += 1


def ticks(number, seed=1):
    chance, time, price = Random(seed), BEGIN, 100.0
    for _ in range(number):
        time += chance.randrange(10**8, 10**10)
        price *= 1.0 + chance.gauss(0.0, 0.001)
        yield time, p.Tick(symbol=SYMBOL, price=round(price, 2), size=round(chance.random(), 3))


def terms(**changed):
    return SessionTerms(**{
        "strategy": "busy", "instruments": (instrument_for(SYMBOL),), "timeframe": "1m", "code_hash": "c0de",
        "rules": MarketRules(leverage=5.0),
    } | changed)  # fmt: skip


def counted_up(prefix="0"):
    number = iter(range(10**9))
    return lambda: f"{prefix}{next(number):011d}"


def venue(agreed, chances):
    return ChanceVenue(NAME, agreed.instruments, agreed.rules, chances)


async def recorded(store, strategy=Busy, market=None, seed=1, **changed):
    agreed = terms(**changed)
    recorder = Recorder(
        strategy, agreed, venue(agreed, Chances(seed)), store, session=NAME, tenant="home",
        mode="paper", clock_ns=lambda: BEGIN, new_id=counted_up(),
    )  # fmt: skip
    return await recorder.run(ticks(3_000) if market is None else market)


def again_by(strategy, code_hash="c0de"):
    return lambda _terms: (strategy, code_hash)


async def events_of(store):
    return [stored.event async for batch in store.read(EventQuery(session=NAME)) for stored in batch]


def in_store(path, work):
    async def run():
        store = SqliteEventStore(path / "events.db")
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_a_recorded_session_is_played_again_to_the_same_decision_hash(tmp_path):
    async def work(store):
        return await recorded(store), await replay(store, NAME, again_by(Busy)), await events_of(store)

    told, again, events = in_store(tmp_path, work)
    kinds = {event.type for event in events}
    assert {"price.tick", "timer.fired", "order.changed", "trade.executed", "decision.taken"} <= kinds
    states = {event.data.state for event in events if event.type == "order.changed"}
    assert {"ACCEPTED", "REJECTED", "CANCELED", "SUBMITTED"} <= states
    assert told.decisions > 100
    assert told.fills > told.decisions / 4
    assert again.difference is None
    assert again.ended
    assert again.decision_hash == again.recorded_hash == told.decision_hash
    assert (again.inputs, again.decisions) == (told.inputs, told.decisions)


def test_another_seed_of_the_venue_is_another_session(tmp_path):
    async def work(store):
        return await recorded(store)

    async def other(store):
        return await recorded(store, seed=2)

    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    assert in_store(tmp_path / "a", work).decision_hash != in_store(tmp_path / "b", other).decision_hash


async def stored_again(events, path):
    """A store that holds these events."""
    store = SqliteEventStore(path)
    await store.append(events)
    return store


TAMPERINGS = {
    "a price": lambda e: msgspec.structs.replace(e, data=msgspec.structs.replace(e.data, price=e.data.price + 0.01)),
    "a time": lambda e: msgspec.structs.replace(e, time_event=e.time_event + 1),
    "left out": lambda _e: None,
}


@pytest.mark.parametrize("how", TAMPERINGS)
@pytest.mark.parametrize("which", [0, 700, 2_999])
def test_an_input_that_was_changed_is_found_where_it_is(tmp_path, how, which):
    async def work(store):
        await recorded(store)
        return await events_of(store)

    events = in_store(tmp_path, work)
    at = [i for i, event in enumerate(events) if event.type == "price.tick"][which]
    changed = TAMPERINGS[how](events[at])
    tampered = [*events[:at], *([] if changed is None else [changed]), *events[at + 1 :]]

    async def look():
        store = await stored_again(tampered, tmp_path / "tampered.db")
        again = await replay(store, NAME, again_by(Busy))
        await store.close()
        return again

    again = asyncio.run(look())
    assert again.difference is not None
    assert again.difference.what == "record"
    assert again.difference.position == at + 1
    before = sum(event.type == "decision.taken" for event in events[:at])
    assert again.decisions == before, "it went on beyond what was changed, or stopped before it"


def resealed(events):
    """The record as whoever writes every seal anew would leave it."""
    seal, waiting, forged = Seal(NAME), [], []
    for event in events:
        if event.type != "session.checkpoint":
            waiting.append(event)
            forged.append(event)
            continue
        blank = with_data(event, events=len(waiting), marks=marks_of(waiting))
        seal.chain = seal.over(waiting, blank)
        waiting = []
        forged.append(with_chain(blank, seal.chain))
    return forged


def with_data(event, **changed):
    return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, **changed))


def nth(events, kind, number, where=lambda _event: True):
    return [i for i, event in enumerate(events) if event.type == kind and where(event)][number]


def a_decision_turned(events):
    at = nth(events, "decision.taken", 20)
    return [*events[:at], with_data(events[at], side=-events[at].data.side), *events[at + 1 :]]


def a_decision_gone(events):
    at = nth(events, "decision.taken", 20)
    return [*events[:at], *events[at + 1 :]]


def an_order_made_larger(events):
    at = nth(events, "order.changed", 15, lambda e: e.data.state == "SUBMITTED")
    return [*events[:at], with_data(events[at], size=events[at].data.size * 2), *events[at + 1 :]]


def a_parameter_changed(events):
    terms = {**events[0].data.terms, "parameters": {"length": 9}}
    return [with_data(events[0], terms=terms), *events[1:]]


def a_fee_changed(events):
    terms = events[0].data.terms
    dearer = [{**terms["instruments"][0], "lot": "0.2"}]
    return [with_data(events[0], terms={**terms, "instruments": dearer}), *events[1:]]


def a_fill_gone(events):
    at = nth(events, "trade.executed", 3)
    return [*events[:at], *events[at + 1 :]]


def a_tick_dearer(events):
    def raised(event):
        return with_data(event, price=event.data.price * 1.01) if event.type == "price.tick" else event

    return [*events[:300], *map(raised, events[300:])]


def the_hash_changed(events):
    return [*events[:-2], with_data(events[-2], decision_hash="0" * 32), events[-1]]


FORGERIES = {
    a_decision_turned: "decision", a_decision_gone: "decision", an_order_made_larger: "decision",
    a_parameter_changed: "decision", a_fee_changed: "decision", a_fill_gone: "decision", a_tick_dearer: "decision",
    the_hash_changed: "hash",
}  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_record_that_was_written_anew_with_all_its_seals_is_found_by_what_the_strategy_decides(tmp_path, forge):
    """Whoever can write the record can write its seals; the first decision that does not follow is shown."""

    async def work(store):
        await recorded(store, strategy=Longer)
        return await events_of(store)

    events = in_store(tmp_path, work)
    forged = resealed(forge(events))

    async def look():
        store = await stored_again(forged, tmp_path / "forged.db")
        again = await replay(store, NAME, again_by(Longer))
        await store.close()
        return again

    found = asyncio.run(look()).difference
    assert found is not None
    assert found.what == FORGERIES[forge]
    assert found.recorded != found.replayed
    assert (found.recorded, found.replayed) != (None, None)
    if forge is a_decision_turned:
        assert found.position == nth(events, "decision.taken", 20) + 1
        assert found.recorded["side"] == -found.replayed["side"]


def test_the_seals_are_what_their_page_says_they_are(tmp_path):
    """Worked out again from the bytes in the file, by the words of decision 0025 alone."""

    async def work(store):
        return await recorded(store)

    in_store(tmp_path, work)
    rows = apsw.Connection(str(tmp_path / "events.db")).execute("SELECT type, body FROM events ORDER BY position")
    chain, group, groups = hashlib.sha256(NAME.encode()).hexdigest(), [], 0
    for kind, body in rows:
        if kind != "session.checkpoint":
            group.append(bytes(body))
            continue
        seal = json.loads(bytes(body))["data"]
        blank = bytes(body).replace(seal["chain"].encode(), b"")
        chain = hashlib.sha256(chain.encode() + b"".join(one + b"\n" for one in [*group, blank])).hexdigest()
        assert seal["chain"] == chain
        assert seal["events"] == len(group)
        assert seal["marks"] == "".join(f"{zlib.crc32(one):08x}" for one in group)
        group, groups = [], groups + 1
    assert group == []
    assert groups > 100


class Longer(Busy):
    """The same with a parameter."""

    length = param(5, low=2, high=50)

    def setup(self):
        super().setup()
        self.mean = EMA(self.length)


class Changed(Busy):
    """The same strategy after an edit: other sizes from the tenth order on."""

    def on_bar(self, bar):
        if self.asked == 10 and self.mean.ready and self.orders_open < 3:
            self.asked += 1
            self.buy(size=0.7)
        else:
            super().on_bar(bar)


def test_code_that_decides_otherwise_stops_at_its_first_other_decision(tmp_path):
    async def work(store):
        await recorded(store)
        return await replay(store, NAME, again_by(Changed, "other")), await events_of(store)

    again, events = in_store(tmp_path, work)
    taken = [event.data for event in events if event.type == "decision.taken"]
    asked_by_bars = [d for d in taken if d.action == 1 and d.size in (0.3, 0.5)]
    assert again.difference.what == "decision"
    assert again.difference.recorded["order"] == asked_by_bars[10].order
    assert again.difference.replayed["size"] == 0.7
    assert again.code_hash == "other"


class MarketBreaks(Exception):
    """The market of a session that is cut off."""


async def cut_off(store):
    """A session that breaks at its 1,500th tick, played again."""

    def broken():
        for number, each in enumerate(ticks(2_000)):
            if number == 1_500:
                raise MarketBreaks
            yield each

    with pytest.raises(MarketBreaks):
        await recorded(store, market=broken())
    return await replay(store, NAME, again_by(Busy))


def test_where_an_earlier_session_of_the_name_is_forgotten_its_end_is_not_missed_in_the_next(tmp_path):
    async def work(store):
        await recorded(store)
        apsw.Connection(str(store.path)).execute("DELETE FROM events WHERE session = ?", (NAME,))
        return await cut_off(store)

    again = in_store(tmp_path, work)
    assert again.difference is None
    assert not again.ended


def test_a_session_that_was_cut_off_is_played_as_far_as_it_is_written(tmp_path):
    async def work(store):
        return await cut_off(store)

    again = in_store(tmp_path, work)
    assert again.difference is None
    assert not again.ended
    assert again.decisions > 10
    assert again.inputs >= 1_500


def test_what_was_asked_for_is_in_the_store_before_the_venue_hears_of_it(tmp_path):
    async def work(store):
        seen = []

        class Watching(ChanceVenue):
            def place(self, order, order_id, now):
                # The writer has committed what this sees: another connection reads it.
                rows = apsw.Connection(str(store.path)).execute(
                    "SELECT count(*) FROM events WHERE type = 'order.changed' AND CAST(body AS TEXT) LIKE ?",
                    (f'%"{order_id}"%',),
                )
                seen.append(next(rows)[0])
                super().place(order, order_id, now)

        agreed = terms()
        recorder = Recorder(
            Busy, agreed, Watching(NAME, agreed.instruments, agreed.rules, Chances(1)), store, session=NAME,
            tenant="home", mode="paper", clock_ns=lambda: BEGIN, new_id=counted_up(),
        )  # fmt: skip
        await recorder.run(ticks(400))
        return seen

    seen = in_store(tmp_path, work)
    assert len(seen) > 5
    assert all(seen)


class Guarded(Strategy):
    """Opens with a stop and a target, then with a trail; stop orders open too, and brackets are moved."""

    def setup(self):
        self.opened = 0
        self.exits = 0
        self.triggered = 0

    def on_bar(self, bar):
        if self.position and self.opened % 5 == 0:
            self.protect(sl=bar.close * 0.997, tp=bar.close * 1.003)
        if self.position or self.orders_open:
            return
        self.opened += 1
        if self.opened % 3 == 0:
            self.buy(size=0.2, trail=bar.close * 0.002)
        elif self.opened % 3 == 1:
            self.sell(size=0.2, sl=bar.close * 1.002, tp=bar.close * 0.998)
        else:
            self.buy(size=0.2, stop=bar.close * 1.0005, sl=bar.close * 0.998, tp=bar.close * 1.003)

    def on_order_update(self, update):
        self.triggered += update.state == int(OrderState.TRIGGERED)

    def on_fill(self, fill):
        self.exits += fill.closing


def test_stops_targets_and_trails_are_met_by_ticks_and_replayed(tmp_path):
    desks = []

    async def work(store):
        agreed = terms()
        recorder = Recorder(
            Guarded, agreed, venue(agreed, Chances(4, rejects=0.0)), store, session=NAME,
            tenant="home", mode="paper", clock_ns=lambda: BEGIN, new_id=counted_up(),
        )  # fmt: skip
        desks.append(recorder.desk)
        return await recorder.run(ticks(4_000)), await replay(store, NAME, again_by(Guarded)), await events_of(store)

    told, again, events = in_store(tmp_path, work)
    assert again.difference is None
    assert again.decision_hash == told.decision_hash
    strategy = desks[0].strategy
    assert strategy.exits > 20
    assert strategy.triggered > 20
    prices = {event.event_id: event.data.price for event in events if event.type == "price.tick"}
    sent = [e for e in events if e.type == "order.changed" and e.data.state == "SUBMITTED" and e.data.reason]
    assert len(sent) > 20
    assert {e.causation_id for e in sent} <= prices.keys(), "a bracket is sent because of a tick"
    held, trades = 0.0, {event.data.trade_id: event.data for event in events if event.type == "trade.executed"}
    for trade in sorted(trades.values(), key=lambda trade: int(trade.trade_id.rpartition("t")[2])):
        held += float(trade.size) * (1 if trade.side == "buy" else -1)
        assert abs(held) < 0.2 + 1e-9, "exits only ever close what is held"


def test_there_is_no_replay_of_what_was_not_recorded(tmp_path):
    async def work(store):
        await replay(store, "nobody", again_by(Busy))

    with pytest.raises(BadInput, match="no session 'nobody'"):
        in_store(tmp_path, work)


class Breaks(Busy):
    """Fails on its thirtieth bar."""

    bars = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.bars == 30:
            raise ZeroDivisionError("thirty")
        super().on_bar(bar)


class BreaksAtTheEnd(Busy):
    """Fails when it is stopped."""

    def on_stop(self):
        raise ValueError("too late")


@pytest.mark.parametrize(("strategy", "words"), [(Breaks, "ZeroDivisionError: thirty"), (BreaksAtTheEnd, "too late")])
def test_a_session_that_failed_is_replayed_to_the_same_failure(tmp_path, strategy, words):
    async def work(store):
        with pytest.raises(StrategyFailed, match=words):
            await recorded(store, strategy=strategy)
        mended = await replay(store, NAME, again_by(Busy))
        return await replay(store, NAME, again_by(strategy)), mended

    again, mended = in_store(tmp_path, work)
    assert again.difference is None
    assert again.ended
    assert words in again.failed
    assert again.decision_hash == again.recorded_hash
    assert mended.difference.what == "failure"
    assert words in mended.difference.recorded
    assert mended.difference.replayed is None
    assert mended.difference.type == "session.changed"


def test_code_that_fails_where_the_session_did_not_is_shown_at_its_input(tmp_path):
    async def work(store):
        await recorded(store)
        return await replay(store, NAME, again_by(Breaks)), await replay(store, NAME, again_by(BreaksAtTheEnd))

    broke, late = in_store(tmp_path, work)
    for again, words in ((broke, "thirty"), (late, "too late")):
        assert again.difference.what == "failure"
        assert again.difference.recorded is None
        assert words in again.difference.replayed

"""Whatever the book and whatever the orders: what a replay may never do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from order_book_examples import (
    BookRules,
    Listening,
    Restless,
    Witness,
    books,
    seeds,
    ways,
)

from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.ledger import Ledger, exact, fold
from tradewind.core.domain.synthetic_book import SyntheticBook, synthetic_book
from tradewind.core.engine.books.rules import market_rules
from tradewind.core.engine.books.run import replay
from tradewind.core.engine.books.tape import tape_of
from tradewind.core.engine.rules import MarketRules
from tradewind.research.book_backtest import recorded_instrument

SLOW = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
RULES = market_rules(MarketRules(cash=1_000_000.0, close_at_end=False))


def played(recording, way, seed, engine="interpreted", rules=RULES):
    return replay(lambda: Restless(seed=seed), recording, recorded_instrument(recording), rules, way, engine)


def asked(run):
    """Each order's decision by its number."""
    return {int(d["order"]): d for d in run.decisions if d["action"] == 1}


@SLOW
@given(books, ways, seeds)
def test_no_order_is_filled_before_it_can_have_arrived(book, way, seed):
    recording = synthetic_book(book)
    run = played(recording, way, seed).run
    orders = asked(run)
    for fill in run.fills:
        assert fill["time"] >= orders[int(fill["order"])]["time"] + way.order_ns


@SLOW
@given(books, ways, seeds)
def test_no_fill_is_at_a_better_price_than_the_market_or_a_worse_one_than_the_limit(book, way, seed):
    recording = synthetic_book(book)
    run, witness = played(recording, way, seed).run, Witness(recording)
    orders = asked(run)
    for fill in run.fills:
        side, price, limit = int(fill["side"]), float(fill["price"]), float(orders[int(fill["order"])]["limit"])
        rounded = np.floor(limit * 10 + 1e-6) / 10 if side > 0 else np.ceil(limit * 10 - 1e-6) / 10
        if fill["maker"]:
            assert price == rounded
        else:
            assert np.isnan(limit) or side * price <= side * rounded
            _, bids, asks = witness.at(int(fill["time"]))
            assert (price >= min(asks)) if side > 0 else (price <= max(bids))
            assert price in (asks if side > 0 else bids), "a taker trades at a level that stands"


@SLOW
@given(books, ways, seeds)
def test_makers_are_filled_by_trades_at_or_through_their_price_or_by_orders_that_came_to_it(book, way, seed):
    """At every instant: no more than traded there, and no more than the other side brought to the price."""
    recording = synthetic_book(book)
    run, witness = played(recording, way, seed).run, Witness(recording)
    time, side, price, size = recording.trades()
    makers = run.fills[run.fills["maker"] == 1]
    for moment in np.unique(makers["time"]):
        now = time == moment
        for own in (1, -1):
            mine = makers[(makers["time"] == moment) & (makers["side"] == own)]
            if not len(mine):
                continue
            worst = (own * mine["price"]).min() * own
            best = (own * mine["price"]).max() * own
            through = now & (own * price < own * best) | now & (price == best) & (side == -own)
            brought = 0.0
            for valid, bids, asks in witness.during(int(moment))[1:]:
                other = asks if own > 0 else bids
                brought = max(brought, sum(s for p, s in other.items() if valid and own * p <= own * best))
            assert mine["size"].sum() <= size[through].sum() + brought + 1e-9
            assert (own * price[now]).min(initial=np.inf) <= own * worst or brought > 0.0


@SLOW
@given(books, ways, seeds)
def test_takers_take_no_more_from_a_level_than_stands_there(book, way, seed):
    recording = synthetic_book(book)
    run, witness = played(recording, way, seed).run, Witness(recording)
    takers = run.fills[run.fills["maker"] == 0]
    for moment, side, price in {(int(f["time"]), int(f["side"]), float(f["price"])) for f in takers}:
        same = (takers["time"] == moment) & (takers["side"] == side) & (takers["price"] == price)
        _, bids, asks = witness.at(moment)
        assert takers["size"][same].sum() <= (asks if side > 0 else bids)[price] + 1e-9


@SLOW
@given(books, ways, seeds)
def test_nothing_is_filled_while_the_book_is_invalid(book, way, seed):
    recording = synthetic_book(book)
    run, witness = played(recording, way, seed).run, Witness(recording)
    for fill in run.fills:
        assert any(valid for valid, _, _ in witness.during(int(fill["time"])))


@SLOW
@given(books, ways, seeds, st.sampled_from([1.0, 3.0]))
def test_cash_and_inventory_are_the_exact_ledgers(book, way, seed, leverage):
    recording = synthetic_book(book)
    rules = market_rules(MarketRules(cash=30_000.0, leverage=leverage))
    done = played(recording, way, seed, rules=rules)
    folded = fold(Ledger(exact(rules.cash)), done.run.fills)
    scale = float(folded.turnover) + rules.cash
    assert abs(float(folded.cash) - done.run.cash) <= 1e-9 * scale
    assert sum(float(v) for v in folded.held.values()) == pytest.approx(done.left_open, abs=1e-9)
    for row in done.run.fills:
        assert float(row["fee"]) == pytest.approx(
            float(row["size"] * row["price"]) * (0.0002 if row["maker"] else 0.0005)
        )


@SLOW
@given(books, ways, seeds)
def test_sizes_are_whole_lots_and_no_order_is_filled_beyond_its_size(book, way, seed):
    recording = synthetic_book(book)
    run = played(recording, way, seed).run
    orders = asked(run)
    lots = run.fills["size"] * 1000
    assert np.abs(lots - np.round(lots)).max(initial=0.0) < 1e-6
    for number in np.unique(run.fills["order"]):
        size = float(orders[int(number)]["size"])
        if np.isfinite(size):
            assert run.fills["size"][run.fills["order"] == number].sum() <= size + 1e-9


@SLOW
@given(books, ways, seeds)
def test_the_same_replay_twice_is_the_same_to_the_last_bit(book, way, seed):
    recording = synthetic_book(book)
    one, other = (played(recording, way, seed) for _ in range(2))
    assert one.run.decision_hash == other.run.decision_hash
    assert np.array_equal(one.run.fills, other.run.fills)


@SLOW
@given(books, ways, seeds, st.floats(0.05, 0.95))
def test_without_the_future_the_past_is_the_same(book, way, seed, share):
    """Whatever happened at the venue after an instant can have no part in what was decided or filled by then."""
    recording = synthetic_book(book)
    first, last = int(recording.time.min()), int(recording.time.max())
    cut = first + int(share * (last - first))
    known = recording.until(cut)
    # A replay ends with the last it hears: what its orders would have met between there and the cut is not told.
    cut = min(cut, int(tape_of(known, way).when[-1]))
    whole, part = played(recording, way, seed).run, played(known, way, seed).run
    by_then = (run.decisions[run.decisions["time"] <= cut] for run in (whole, part))
    one, other = by_then
    assert one.tobytes() == other.tobytes()
    filled = [run.fills[run.fills["time"] <= cut] for run in (whole, part)]
    names = [name for name in filled[0].dtype.names if name != "bar"]
    # A fill of the last moments may be told after the cut, when the whole run has asked for more.
    told = [rows[rows["time"] + way.report_ns <= cut] for rows in filled]
    assert all(np.array_equal(told[0][name], told[1][name]) for name in names)


@SLOW
@given(books, ways)
def test_a_strategy_hears_of_everything_at_its_local_time_and_of_nothing_else(book, way):
    recording = synthetic_book(book)
    heard_at = recording.local if way.feed_ns is None else recording.time + way.feed_ns
    heard = replay(Listening, recording, recorded_instrument(recording), RULES, way, "interpreted").run.strategy.heard
    witness = Witness(replace(recording, time=heard_at))
    trades = recording.of(EventKind.TRADE)
    prices = recording.price[recording.begin[trades]]
    expected = sorted(zip(heard_at[trades].tolist(), prices.tolist(), strict=True))
    assert sorted((now, what) for name, now, what in heard if name == "trade") == expected
    tops = [(now, what) for name, now, what in heard if name == "book"]
    assert tops
    for now, (bid, ask) in tops:
        states = [(max(bids), min(asks)) for valid, bids, asks in witness.during(now) if valid]
        assert (bid, ask) in states or bid != bid


@settings(SLOW, max_examples=12)
@given(books, ways, seeds)
def test_the_compiler_and_the_interpreter_give_equal_bits(book, way, seed):
    recording = synthetic_book(book)
    one, other = (played(recording, way, seed, engine) for engine in ("compiled", "interpreted"))
    assert one.run.engine == "compiled"
    assert one.run.decision_hash == other.run.decision_hash
    assert one.run.fills.tobytes() == other.run.fills.tobytes()
    assert vars(one.counts) == vars(other.counts)
    assert np.array_equal(one.marks.close, other.marks.close, equal_nan=True)


def test_the_examples_do_all_that_the_laws_are_about():
    """The laws above would be empty if nothing was ever filled, refused or lost."""
    recording = synthetic_book(SyntheticBook(seconds=30.0, seed=5, gaps=3))
    done = played(recording, BookRules(order_ms=40.0, report_ms=5.0), 77)
    counts = vars(done.counts)
    assert not [name for name in counts if counts[name] == 0]
    assert {"WOULD_TAKE", "NO_BOOK"} <= {refusal.reason for refusal in done.run.refusals}
    assert done.gaps == 3
    assert len(recording.of(EventKind.TRADE)) > 100

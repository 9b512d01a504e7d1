"""A replay judged: the money, the grid it is drawn on, what is counted, and the page."""

import numpy as np
import pytest

from tradewind import BookRules, MarketRules, Strategy, SyntheticBook, book_backtest, param, synthetic_book
from tradewind.adapters.trials.sqlite_trials import SqliteTrials
from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.trials import TrialKind
from tradewind.research.book_backtest import PERIODS_JUDGED
from tradewind.research.book_summary import summary_of
from tradewind.research.counting import counting
from tradewind.research.reports.book_page import book_document, book_study
from tradewind.research.reports.study import render_study


class Quoting(Strategy):
    """One bid and one ask at the best prices, one at a time."""

    size = param(0.05, low=0.001, high=1.0, help="size of a quote")

    def on_book(self, book):
        if book.valid and self.orders_open == 0:
            self.buy(self.size, limit=book.bid, post_only=True)
            self.sell(self.size, limit=book.ask, post_only=True)


class Buying(Strategy):
    """Buys once and holds."""

    def on_book(self, book):
        if book.valid and self.position.size == 0.0 and self.orders_open == 0:
            self.buy(0.1)


class Idle(Strategy):
    """Does nothing."""

    def on_book(self, book):
        pass


@pytest.fixture(scope="module")
def recording():
    return synthetic_book(SyntheticBook(seconds=60.0, seed=4))


@pytest.fixture(scope="module")
def quoted(recording):
    return book_backtest(Quoting, recording, engine="interpreted", order_ms=2.0)


def test_settings_by_their_names_reach_the_rules_they_belong_to(recording):
    done = book_backtest(Idle, recording, engine="interpreted", order_ms=7.0, queue="back", cash=500.0)
    assert done.book_rules == BookRules(order_ms=7.0, queue="back")
    assert done.rules.cash == 500.0
    assert (str(done.instrument.tick), str(done.instrument.lot)) == ("0.1", "0.001")


def test_equity_and_inventory_are_the_accounts_at_each_step(quoted):
    fills = quoted.run.fills
    assert len(fills) > 20
    for i in (5, len(quoted.time) // 2, len(quoted.time) - 1):
        done = fills[fills["bar"] <= i]
        assert quoted.inventory[i] == pytest.approx(done["position"][-1] if len(done) else 0.0)
        cash = quoted.rules.cash - (done["side"] * done["size"] * done["price"]).sum() - done["fee"].sum()
        assert quoted.equity[i] == pytest.approx(cash + quoted.inventory[i] * quoted.mid[i], rel=1e-9)
    assert quoted.equity[-1] == pytest.approx(quoted.run.equity)
    assert np.isfinite(quoted.mid).all()
    assert (np.diff(quoted.time) == quoted.step_ns).all()


def test_a_taker_who_holds_pays_spread_and_fees_and_follows_the_market(recording):
    done = book_backtest(Buying, recording, engine="interpreted", close_at_end=False)
    fill = done.run.fills[0]
    expected = 0.1 * (done.mid[-1] - fill["price"]) - fill["fee"]
    assert done.metrics["net_profit"] == pytest.approx(expected, abs=1e-6)
    assert done.queue["taker_fills"] == 1
    assert done.left_open == pytest.approx(0.1)


def test_minutes_say_nothing_of_a_year(quoted):
    for name in ("sharpe", "cagr", "psr", "dsr", "volatility"):
        assert quoted.metrics[name] is None
        assert str(PERIODS_JUDGED) in quoted.performance.undefined[name]
    assert quoted.metrics["total_return"] is not None


def test_a_replay_is_a_trial_in_the_ledger(recording, tmp_path):
    ledger = SqliteTrials(tmp_path)
    with counting(ledger, TrialKind.BACKTEST, now_ns=1, origin="seed 4") as count:
        book_backtest(Quoting, recording, engine="interpreted")
        done = book_backtest(Quoting, recording, engine="interpreted", size=0.1)
        book_backtest(Quoting, recording, engine="interpreted", size=0.1)
    assert (count.seen, count.new) == (3, 2)
    assert done.metrics["n_trials"] == 2
    line = ledger.summary()[0]
    assert (line.symbols, line.timeframe, line.origin, line.judged) == ((recording.symbol,), "book", "seed 4", 0)


def test_a_recording_without_a_snapshot_is_refused(recording):
    with pytest.raises(BadInput, match="never valid"):
        book_backtest(Idle, recording.events(recording.kind != EventKind.SNAPSHOT), engine="interpreted")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"slippage": "volume"}, "slippage"),
        ({"slippage_amount": 0.1}, "slippage_amount"),
        ({"participation": 0.5}, "participation"),
        ({"latency_ms": 5.0}, "order_ms"),
        ({"latency_bars": 1}, "no bars"),
        ({"hedging": True}, "nets"),
    ],
)
def test_rules_of_bars_are_refused_with_what_stands_in_their_place(recording, rules, said):
    with pytest.raises(BadInput, match=said):
        book_backtest(Idle, recording, rules=MarketRules(**rules))


@pytest.mark.parametrize("name", ["order_ms", "report_ms", "feed_ms"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "5", True])
def test_ways_that_take_no_time_that_can_be_are_refused(name, value):
    with pytest.raises(BadInput, match=name):
        BookRules(**{name: value})


def test_a_parameter_with_the_name_of_a_rule_must_be_told_apart(recording):
    class Unclear(Idle):
        queue = param(1, low=1, high=2, help="which")

    with pytest.raises(BadInput, match="Say which"):
        book_backtest(Unclear, recording, queue=2)


def test_the_page_shows_the_account_the_queues_and_what_was_assumed(quoted):
    page = render_study(book_study(quoted, engine="interpreted", currency="USDT"))
    for said in ("Inventory", "came to rest", "Queues:", "10 ms back", "maker 0.0200%"):
        assert said.lower() in page.lower(), said
    document = book_document(quoted)
    assert document["kind"] == "order-book"
    assert len(document["fills"]["price"]) == len(quoted.run.fills)
    assert document["queue"]["maker_fills"] > 0
    assert "<iframe" in quoted._repr_html_()


def test_a_run_without_a_fill_is_not_judged(recording):
    done = book_backtest(Idle, recording, engine="interpreted")
    assert book_study(done).verdict == "No order was filled, so there is nothing to judge."


def test_the_summary_of_a_whole_recording_finds_nothing_wrong(recording):
    found = summary_of(recording)
    _, side, price, size = recording.trades()
    assert found.findings == ()
    assert found.compared == found.equal > 900
    assert found.trades.vwap == pytest.approx((price * size).sum() / size.sum(), rel=1e-12)
    assert (found.trades.buys, found.trades.sells) == ((side > 0).sum(), (side < 0).sum())
    assert found.trades.size == pytest.approx(size.sum())


def test_each_dirt_in_a_recording_is_found_and_said():
    from dataclasses import replace

    whole = synthetic_book(SyntheticBook(seconds=60.0, seed=4))
    price = whole.price.copy()
    trades, quotes = whole.of(EventKind.TRADE), whole.of(EventKind.QUOTE)
    price[whole.begin[trades[40]]] *= 1.05
    price[whole.begin[quotes[60]]] += 50.0
    dirty = replace(whole, price=price)
    quiet = dirty.events((whole.time < whole.time[0] + 30_000_000_000) | (whole.time > whole.time[0] + 37_000_000_000))
    said = " | ".join(summary_of(quiet).findings)
    for words in ("trades are over 1 % off", "quotes bid what they ask", "silences of over 5 s", "gaps in the numbers"):
        assert words in said


def test_a_recording_without_quotes_or_trades_says_what_could_not_be_looked_at(recording):
    alone = recording.events(np.isin(recording.kind, (EventKind.DEPTH, EventKind.SNAPSHOT)))
    found = summary_of(alone)
    assert (found.valid, found.compared, found.trades.count, found.trades.vwap) == (True, 0, 0, None)
    assert "could not be compared" in found.findings[0]
    nothing_known = recording.events(recording.kind == EventKind.TRADE)
    nothing = summary_of(nothing_known)
    assert not nothing.valid
    assert "never valid" in nothing.findings[0]
    assert nothing.invalid_ns == nothing_known.local[-1] - nothing_known.local[0], "all of it"


def test_a_change_that_is_wrong_shows_as_a_top_that_is_not_the_quote():
    from dataclasses import replace

    whole = synthetic_book(SyntheticBook(seconds=20.0, seed=4))
    size = whole.size.copy()
    changes = whole.of(EventKind.DEPTH)
    for event in changes[100:200]:
        size[whole.begin[event] : whole.end[event]] = 9.999
    found = summary_of(replace(whole, size=size))
    assert found.equal < found.compared
    assert "are not the venue's quote, first at" in found.findings[0]

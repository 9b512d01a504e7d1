"""What the venue of an order-book replay does with orders, one rule at a time."""

import numpy as np
import pytest
from book_tapes import MS, PERPETUAL, START, Scripted, Tape, fills_of, play, usual_book

from tradewind import SMA, Strategy
from tradewind.core.domain.errors import StrategyFailed
from tradewind.core.domain.orders import OrderState, Reason
from tradewind.core.engine.rules import MarketRules

BUY, SELL, MAKER, TAKER = 1, -1, 1, 0


def buy(**how):
    return lambda s: s.buy(**how)


def sell(**how):
    return lambda s: s.sell(**how)


def reasons(replayed):
    return {refusal.reason: refusal.count for refusal in replayed.run.refusals}


def told(replayed, name):
    return [(when, thing) for what, when, thing in replayed.run.strategy.told if what == name]


# Taking.


def test_a_market_order_walks_the_book_level_by_level_when_it_arrives():
    done = play(usual_book().change(20), (1, buy(size=2.5)))
    assert fills_of(done) == [(3.0, BUY, 100.1, 1.0, TAKER), (3.0, BUY, 100.2, 1.5, TAKER)]
    assert done.run.fills["slippage"].tolist() == pytest.approx([0.0, 0.1 * 1.5])


def test_an_order_meets_the_book_as_it_is_when_it_arrives_not_when_it_was_sent():
    tape = usual_book().change(2, asks=[(100.1, 0.0), (100.2, 0.0)]).change(20)
    assert fills_of(play(tape, (1, buy(size=1.0)))) == [(3.0, BUY, 100.3, 1.0, TAKER)]


def test_a_limit_that_reaches_the_other_side_takes_to_its_limit_and_rests_with_the_remainder():
    done = play(usual_book().change(20).trade(30, SELL, 100.2, 0.4), (1, buy(size=5.0, limit=100.2)))
    assert fills_of(done) == [
        (3.0, BUY, 100.1, 1.0, TAKER), (3.0, BUY, 100.2, 2.0, TAKER), (30.0, BUY, 100.2, 0.4, MAKER),
    ]  # fmt: skip


def test_what_is_taken_is_gone_until_its_level_has_been_empty():
    tape = usual_book().change(4).quote(8, (99.9, 2.0), (100.1, 1.0)).change(20, asks=[(100.1, 1.5)])
    tape = tape.change(40, asks=[(100.1, 0.0)]).change(50, asks=[(100.1, 1.0)]).change(60)
    steps = [(1, buy(size=1.0)), (9, buy(size=0.5)), (21, buy(size=1.0)), (51, buy(size=1.0))]
    assert [(f[2], f[3]) for f in fills_of(play(tape, *steps))] == [
        (100.1, 1.0),
        (100.2, 0.5),  # a quote that says again what stood there brings nothing back
        (100.1, 0.5), (100.2, 0.5),  # only what has come since
        (100.1, 1.0),
    ]  # fmt: skip


def test_a_market_order_that_empties_the_book_is_filled_as_far_as_it_goes():
    done = play(usual_book().change(20), (1, buy(size=8.0)))
    assert sum(f[3] for f in fills_of(done)) == 6.0
    assert ("order", (1, int(OrderState.CANCELED), int(Reason.NOT_FILLED))) in [
        (name, thing) for name, _, thing in done.run.strategy.told
    ]


@pytest.mark.parametrize(("tif", "size", "filled"), [(1, 2.0, 1.0), (1, 0.5, 0.5), (2, 2.0, 0.0), (2, 1.0, 1.0)])
def test_ioc_takes_what_there_is_and_fok_all_or_nothing(tif, size, filled):
    done = play(usual_book().change(20).trade(30, SELL, 99.0, 9.0), (1, buy(size=size, limit=100.1, tif=tif)))
    assert sum(f[3] for f in fills_of(done)) == filled


def test_a_post_only_order_that_would_trade_is_refused_by_the_venue_and_told_after_the_way_back():
    done = play(usual_book().change(20), (1, buy(size=1.0, limit=100.1, post_only=True)))
    assert fills_of(done) == []
    assert reasons(done) == {"WOULD_TAKE": 1}
    assert (6.0, (1, int(OrderState.REJECTED), int(Reason.WOULD_TAKE))) in told(done, "order")


# Resting.


def test_a_limit_order_stands_at_the_back_and_trades_consume_what_is_ahead_first():
    tape = usual_book().trade(10, SELL, 100.0, 0.6).trade(11, SELL, 100.0, 0.6).trade(12, SELL, 100.0, 0.5).change(20)
    done = play(tape, (1, buy(size=0.5, limit=100.0, post_only=True)))
    assert fills_of(done) == [(11.0, BUY, 100.0, 0.2, MAKER), (12.0, BUY, 100.0, 0.3, MAKER)]
    assert (done.counts.rested, done.counts.ahead_sum) == (1, 1.0)


def test_trades_of_the_other_aggressor_move_no_queue():
    tape = usual_book().trade(10, BUY, 100.1, 9.0).trade(12, SELL, 100.0, 1.0).change(20)
    assert fills_of(play(tape, (1, buy(size=0.5, limit=100.0)))) == []


@pytest.mark.parametrize(("queue", "expected"), [("proportional", 0.25), ("back", 0.05)])
def test_what_goes_without_a_trade_was_cancelled_ahead_or_behind_by_the_model(queue, expected):
    # 1.0 stand ahead; 3.0 join behind, then half of the level is cancelled.
    tape = usual_book().change(10, bids=[(100.0, 4.0)]).change(12, bids=[(100.0, 2.0)])
    tape = tape.trade(14, SELL, 100.0, 0.75).change(16, bids=[(100.0, 1.25)]).trade(18, SELL, 100.0, 0.3).change(20)
    done = play(tape, (1, buy(size=5.0, limit=100.0)), queue=queue)
    ahead = 0.5 if queue == "proportional" else 1.0
    assert sum(f[3] for f in fills_of(done)) == pytest.approx(
        max(0.0, 0.75 - ahead) + (0.3 if ahead < 0.75 else expected)
    )


def test_nothing_can_stand_ahead_that_does_not_stand_at_the_level():
    tape = usual_book().change(10, bids=[(100.0, 0.2)]).trade(12, SELL, 100.0, 0.3).change(20)
    for queue in ("proportional", "back"):
        assert fills_of(play(tape, (1, buy(size=5.0, limit=100.0)), queue=queue)) == [(12.0, BUY, 100.0, 0.1, MAKER)]


def test_a_trade_through_the_price_fills_at_the_orders_own_price():
    tape = usual_book().trade(10, SELL, 99.9, 0.8).change(20)
    assert fills_of(play(tape, (1, buy(size=2.0, limit=100.0)))) == [(10.0, BUY, 100.0, 0.8, MAKER)]
    tape = usual_book().trade(10, BUY, 100.2, 0.8).change(20)
    assert fills_of(play(tape, (1, sell(size=2.0, limit=100.1)))) == [(10.0, SELL, 100.1, 0.8, MAKER)]


def test_the_other_side_coming_to_rest_at_the_price_fills_no_more_than_it_brings():
    tape = usual_book().change(10, bids=[(100.0, 0.0)], asks=[(100.0, 0.3)]).change(20)
    done = play(tape, (1, buy(size=2.0, limit=100.0)))
    assert fills_of(done) == [(10.0, BUY, 100.0, 0.3, MAKER)]
    assert done.counts.crossed_fills == 1


def test_two_orders_at_one_price_share_a_trade_in_the_order_of_their_arrival():
    tape = usual_book().trade(10, SELL, 100.0, 1.4).trade(12, SELL, 100.0, 0.4).change(20)
    done = play(tape, (1, buy(size=0.3, limit=100.0)), (1, buy(size=0.3, limit=100.0)))
    assert [(f[0], f[3]) for f in fills_of(done)] == [(10.0, 0.3), (10.0, 0.1), (12.0, 0.2)]
    assert done.run.fills["order"].tolist() == [1, 2, 2]


def test_a_better_price_is_filled_before_a_worse_one_and_a_trade_is_spent_once():
    tape = usual_book().trade(10, SELL, 99.9, 3.0).change(20)
    done = play(tape, (1, buy(size=0.5, limit=99.9)), (1, buy(size=0.6, limit=100.0)))
    assert [(f[2], f[3]) for f in fills_of(done)] == [(100.0, 0.6), (99.9, 0.4)]


def test_an_order_is_not_filled_before_it_arrives():
    tape = usual_book().trade(2.9, SELL, 99.0, 5.0).trade(3.0, SELL, 99.0, 5.0).trade(3.1, SELL, 99.0, 5.0).change(20)
    assert fills_of(play(tape, (1, buy(size=1.0, limit=100.0)))) == [(3.1, BUY, 100.0, 1.0, MAKER)]


def test_an_expired_order_is_taken_from_the_venue_at_its_time():
    tape = usual_book().trade(9, SELL, 99.0, 0.1).trade(12, SELL, 99.0, 5.0).change(20)
    done = play(tape, (1, buy(size=1.0, limit=100.0, tif=3, expires=START + 10 * MS)))
    assert fills_of(done) == [(9.0, BUY, 100.0, 0.1, MAKER)]
    assert (13.0, (1, int(OrderState.EXPIRED), int(Reason.EXPIRED))) in told(done, "order")


# Cancelling.


def test_a_cancellation_on_its_way_may_come_too_late():
    tape = usual_book().change(4).trade(6, SELL, 99.0, 0.4).trade(8, SELL, 99.0, 0.4).change(20)
    done = play(tape, (1, buy(size=1.0, limit=100.0)), (5, lambda s: s.cancel()))
    assert fills_of(done) == [(6.0, BUY, 100.0, 0.4, MAKER)], "at 7 the cancellation is there"
    assert (done.counts.cancels_late, done.counts.cancelled) == (1, 1)
    assert (10.0, (1, int(OrderState.CANCELED), int(Reason.ASKED))) in told(done, "order")


def test_an_order_and_its_cancellation_sent_together_arrive_together():
    done = play(usual_book().change(20), (1, buy(size=1.0)), (1, lambda s: s.cancel()))
    assert [f[2] for f in fills_of(done)] == [100.1], "a market order trades as it arrives, before it can be taken back"
    done = play(usual_book().trade(9, SELL, 99.0, 9.0), (1, buy(size=1.0, limit=100.0)), (1, lambda s: s.cancel()))
    assert fills_of(done) == []


# What the strategy sees.


def test_events_are_heard_at_their_local_time_and_fills_after_the_way_back():
    tape = usual_book(feed_ms=5.0).trade(10, SELL, 100.0, 0.1).change(30)
    done = play(tape, (5, buy(size=1.0)))
    assert told(done, "trade") == [(15.0, (SELL, 100.0, 0.1))]
    assert told(done, "fill") == [(10.0, (BUY, 100.1, 1.0, TAKER))], "heard at 5, there at 7, back at 10"
    assert fills_of(done)[0][0] == 7.0


def test_the_position_changes_when_the_fill_is_told_not_when_it_is_made():
    seen = []

    class Watching(Scripted):
        steps = ((1, buy(size=1.0)),)

        def on_trade(self, trade):
            self.hear("trade", trade.price)
            seen.append(((self.exchange.now), self.position.size, self.cash))

    tape = usual_book().trade(4, BUY, 100.1, 0.1).trade(5.5, BUY, 100.1, 0.1)
    play(tape, strategy=Watching)
    assert [size for _, size, _ in seen] == [0.0, 1.0], "made at 3, told at 6; the trades are heard at 5 and 6.5"


def test_a_fixed_feed_latency_takes_the_place_of_the_recorded_one():
    done = play(usual_book(feed_ms=5.0).change(10), feed_ms=2.0)
    assert [when for when, _ in told(done, "book")] == [2.0, 12.0]


def test_a_quote_is_told_and_is_the_top_of_the_book_until_the_changes_catch_up():
    tape = usual_book().quote(10, (100.0, 0.4), (100.2, 2.0)).change(20, bids=[(100.0, 0.4)], asks=[(100.1, 0.0)])
    done = play(tape.change(30), (11, buy(size=1.0)))
    assert told(done, "quote") == [(11.0, (100.0, 0.4, 100.2, 2.0))]
    assert fills_of(done) == [(13.0, BUY, 100.2, 1.0, TAKER)], "before any change has said that 100.1 is gone"
    assert told(done, "book")[-1] == (31.0, (True, 100.0, 100.2))


# A book that is lost.


def gap(resync_ms=20):
    tape = usual_book().change(4).lose().change(8, bids=[(100.0, 0.5)])
    tape = tape.trade(12, SELL, 99.0, 5.0)
    return tape.snapshot(resync_ms, [(100.0, 2.0)], [(100.1, 1.0)]).trade(30, SELL, 100.0, 2.5).change(40)


def test_the_strategy_hears_once_that_the_book_is_lost_and_when_it_is_back():
    done = play(gap())
    assert [(when, thing[0]) for when, thing in told(done, "book")] == [
        (1.0, True), (5.0, True), (9.0, False), (21.0, True), (41.0, True),
    ]  # fmt: skip
    lost = told(done, "book")[2][1]
    assert lost[1] != lost[1]
    assert done.gaps == 1


def test_orders_are_refused_while_the_book_is_invalid_on_either_side():
    done = play(gap(), (9, buy(size=1.0)))
    assert (reasons(done), fills_of(done)) == ({"NO_BOOK": 1}, [])
    # Sent before the strategy has heard of the gap, it arrives at a venue whose book is not known.
    done = play(gap(), (5, buy(size=1.0)), order_ms=4.0)
    assert (reasons(done), fills_of(done)) == ({"NO_BOOK": 1}, [])


def test_nothing_is_filled_in_an_invalid_book_and_after_it_every_order_is_at_the_back_again():
    done = play(gap(), (1, buy(size=1.0, limit=100.0)))
    assert fills_of(done) == [(30.0, BUY, 100.0, 0.5, MAKER)], "2.0 ahead of it again, and 2.5 traded"


def test_a_crossed_book_is_counted_and_not_traded_in():
    tape = usual_book().change(4, bids=[(100.2, 1.0)]).change(20, bids=[(100.2, 0.0)]).change(40)
    done = play(tape, (5, buy(size=1.0)))
    assert (reasons(done), fills_of(done), done.crossed) == ({"NO_BOOK": 1}, [], 1)


def test_before_the_first_snapshot_there_is_no_book():
    tape = Tape().trade(0, BUY, 100.0, 1.0)
    done = play(tape.change(5), (1, buy(size=1.0)))
    assert reasons(done) == {"NO_BOOK": 1}
    assert np.isnan(done.marks.close).all()


# The account.


def test_close_sells_what_is_held_into_the_book():
    done = play(usual_book().change(10).change(20), (1, buy(size=1.5)), (11, lambda s: s.close()))
    assert fills_of(done)[2:] == [(13.0, SELL, 100.0, 1.0, TAKER), (13.0, SELL, 99.9, 0.5, TAKER)]
    assert done.left_open == 0.0


def test_what_is_open_at_the_end_is_closed_level_by_level_and_what_the_book_lacks_stays_open():
    rules = MarketRules(cash=100_000.0)
    done = play(usual_book().change(20), (1, buy(size=1.5)), rules=rules)
    assert fills_of(done)[2:] == [(20.0, SELL, 100.0, 1.0, TAKER), (20.0, SELL, 99.9, 0.5, TAKER)]
    thin = usual_book().change(20, bids=[(99.9, 0.0), (99.8, 0.0)])
    assert play(thin, (1, buy(size=1.5)), rules=rules).left_open == pytest.approx(0.5)


def test_an_order_without_a_size_takes_the_stake_over_as_many_levels_as_it_needs():
    rules = MarketRules(cash=250.0, stake=1.0, close_at_end=False)
    done = play(usual_book().change(20), (1, buy()), rules=rules)
    assert [f[2] for f in fills_of(done)] == [100.1, 100.2]
    spent = float((done.run.fills["size"] * done.run.fills["price"]).sum())
    assert 249.0 < spent <= 250.0
    assert done.run.refusals == ()


def test_reduce_only_never_turns_the_position_round():
    tape = usual_book().change(10).trade(20, BUY, 100.1, 9.0).change(40)
    sell_more = sell(size=3.0, limit=100.1, reduce_only=True)
    done = play(tape.trade(41, BUY, 100.1, 9.0).change(50), (1, buy(size=0.5)), (11, sell_more))
    assert sum(f[3] for f in fills_of(done) if f[1] == SELL) == 0.5
    assert done.left_open == 0.0


def test_an_order_the_account_cannot_carry_is_refused_before_it_is_sent():
    done = play(usual_book().change(20), (1, buy(size=2.0)), rules=MarketRules(cash=100.0))
    assert reasons(done) == {"FUNDS": 1}


def test_a_position_is_liquidated_when_the_price_it_hears_of_comes_to_its_margin():
    rules = MarketRules(cash=100.0, leverage=10.0, close_at_end=False)
    tape = usual_book().change(10).change(20, bids=[(100.0, 0.0), (99.9, 0.0), (99.8, 0.0), (60.0, 9.0)]).change(30)
    done = play(tape, (1, buy(size=8.0, limit=100.3)), rules=rules)
    assert done.run.liquidations == 1
    assert done.left_open == 0.0
    assert done.run.cash == pytest.approx(0.0, abs=1e-9)


# What a replay does not do.


@pytest.mark.parametrize(
    "how",
    [{"stop": 101.0}, {"sl": 90.0}, {"limit": 99.0, "tp": 105.0}, {"trail": 1.0}, {"stop": 101.0, "limit": 102.0}],
)
def test_orders_with_stops_and_targets_are_refused_with_what_to_do_instead(how):
    with pytest.raises(StrategyFailed, match="market and limit orders"):
        play(usual_book().change(20), (1, buy(size=1.0, **how)))


def test_strategies_that_wait_for_bars_are_told_so():
    class OnBars(Strategy):
        def on_bar(self, bar):
            self.buy()

    class Deaf(Strategy):
        def on_fill(self, fill):
            self.buy()

    class Averaging(Strategy):
        def setup(self):
            self.mean = SMA(3)

        def on_book(self, book):
            self.buy()

    class Feeding(Strategy):
        def setup(self):
            self.hours = self.feed(timeframe="1h")

        def on_book(self, book):
            self.buy()

    for strategy, said in (
        (OnBars, "on_bar would never be called"),
        (Deaf, "no on_book"),
        (Averaging, "waits for bars"),
        (Feeding, "no bars to make a feed of"),
    ):
        with pytest.raises(StrategyFailed, match=said):
            play(usual_book(), strategy=strategy)


def test_an_error_in_a_hook_says_where_it_was():
    class Broken(Strategy):
        def on_book(self, book):
            raise ValueError("no idea")

    with pytest.raises(StrategyFailed, match="no idea"):
        play(usual_book(), strategy=Broken)


def test_an_indicator_fed_by_hand_a_timer_and_the_book_property_work_in_both_engines():
    class Mixed(Strategy):
        timer = "1s"

        def setup(self):
            self.mean = SMA(2).by_hand()
            self.rang = 0

        def on_trade(self, trade):
            self.mean.update(trade.price)
            if self.mean.ready and self.book.valid and self.position.size == 0.0 and self.orders_open == 0:
                self.buy(0.1, limit=self.book.bid_at(1), post_only=True)

        def on_timer(self, time):
            self.rang += 1

    tape = usual_book()
    for i in range(1, 40):
        tape = tape.trade(100 * i, SELL, 99.9 if i % 3 else 99.8, 2.5)
    runs = [play(tape.change(5000), strategy=Mixed, engine=engine) for engine in ("interpreted", "compiled")]
    assert [r.run.engine for r in runs] == ["interpreted", "compiled"]
    assert runs[0].run.decision_hash == runs[1].run.decision_hash
    assert np.array_equal(runs[0].run.fills, runs[1].run.fills)
    assert len(runs[0].run.fills) > 0
    assert [r.run.strategy.rang for r in runs] == [4, 4], "once for the two seconds in which nothing was heard"


def test_a_rounded_limit_finds_its_level_in_the_book():
    """Prices of orders are rounded to ticks, prices of the book are read from text: they must be the same floats."""
    tick = PERPETUAL.tick
    for n in range(1, 3_000):
        price = float(n * tick)
        tape = Tape().snapshot(0, [(price, 7.0)], [(price + 1.0, 1.0)]).change(9)
        if n % 300 == 1:
            done = play(tape, (1, buy(size=0.001, limit=price + 0.04)), rules=MarketRules(cash=1e9, close_at_end=False))
            assert (done.counts.rested, done.counts.ahead_sum) == (1, 7.0)

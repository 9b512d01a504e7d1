"""What each kind of order does on hand-made bars."""

import pytest
from engine_scripts import at, buy, cancel, close, flat, play, sell

UP = [(100, 101, 99, 100), (102, 104, 101, 103), (103, 108, 102, 107), (107, 109, 90, 95), (95, 96, 94, 95)]


@pytest.mark.parametrize(
    ("acts", "fills"),
    [
        pytest.param([buy(0, 1)], [(1, 1, 1, 102)], id="market: the next open"),
        pytest.param([sell(0, 1)], [(1, -1, 1, 102)], id="market short"),
        pytest.param([buy(0, 1, limit=101.5)], [(1, 1, 1, 101.5)], id="limit touched inside"),
        pytest.param([buy(0, 1, limit=101)], [(1, 1, 1, 101)], id="limit touched at the very low"),
        pytest.param([buy(0, 1, limit=105)], [(1, 1, 1, 102)], id="limit through the open fills at the open"),
        pytest.param([buy(0, 1, limit=80)], [], id="limit never touched"),
        pytest.param([sell(0, 1, limit=103.5)], [(1, -1, 1, 103.5)], id="sell limit"),
        pytest.param([sell(0, 1, limit=101)], [(1, -1, 1, 102)], id="sell limit through the open"),
        pytest.param([buy(0, 1, stop=103.5)], [(1, 1, 1, 103.5)], id="stop touched inside"),
        pytest.param([buy(0, 1, stop=104)], [(1, 1, 1, 104)], id="stop touched at the very high"),
        pytest.param([buy(0, 1, stop=101)], [(1, 1, 1, 102)], id="stop jumped over fills at the open"),
        pytest.param([sell(0, 1, stop=101)], [(1, -1, 1, 101)], id="sell stop"),
        pytest.param([sell(1, 1, stop=91)], [(3, -1, 1, 91)], id="sell stop waits two bars"),
        pytest.param([buy(0, 1, stop=103, limit=103.5)], [(1, 1, 1, 103)], id="stop-limit inside its limit"),
        pytest.param([buy(0, 1, stop=101, limit=101.5)], [(1, 1, 1, 101.5)], id="stop-limit jumped over then touched"),
        pytest.param([sell(2, 1, stop=100, limit=99)], [(3, -1, 1, 100)], id="sell stop-limit"),
        pytest.param([buy(0, 1), close(1)], [(1, 1, 1, 102), (2, -1, 1, 103)], id="close"),
        pytest.param([buy(0, 1, limit=80), cancel(1), buy(1, 1)], [(2, 1, 1, 103)], id="cancel"),
        pytest.param([buy(0, 1, limit=90), cancel(2, 1)], [], id="cancel by number"),
        pytest.param([buy(0, 1, limit=90), cancel(2, 7)], [(3, 1, 1, 90)], id="cancel of another number"),
        pytest.param([buy(0, 1, sl=101)], [(1, 1, 1, 102), (1, -1, 1, 101)], id="entry and stop on one bar"),
        pytest.param([buy(0, 1, tp=104)], [(1, 1, 1, 102), (1, -1, 1, 104)], id="entry and target on one bar"),
        pytest.param([buy(0, 1, sl=101, tp=104)], [(1, 1, 1, 102), (1, -1, 1, 101)], id="stop before target"),
        pytest.param([buy(0, 1, sl=103)], [(1, 1, 1, 102), (1, -1, 1, 102)], id="stop already passed at the open"),
        pytest.param([buy(0, 1, tp=101)], [(1, 1, 1, 102), (1, -1, 1, 102)], id="target already passed at the open"),
    ],
)
def test_an_order_fills_where_and_when_the_bars_say(acts, fills):
    assert play(UP, acts).fills == fills


def test_a_trailing_stop_follows_the_best_price_and_never_falls_back():
    rows = [(100, 100, 100, 100), (100, 110, 99, 108), (108, 109, 106, 107), (107, 107, 90, 91)]
    played = play(rows, [buy(0, 1, trail=5)])
    # Opened at 100, best 110 in bar 1, so the stop stands at 105 from bar 2 on; bar 2's low of 106 does not reach it.
    assert played.fills == [(1, 1, 1, 100), (3, -1, 1, 105)]
    assert played.reasons == ["ORDER", "TRAILING_STOP"]


def test_a_trailing_stop_of_a_short_follows_downwards():
    rows = [(100, 100, 100, 100), (100, 101, 90, 92), (92, 94, 91, 93), (93, 99, 93, 98)]
    assert play(rows, [sell(0, 1, trail=5)]).fills == [(1, -1, 1, 100), (3, 1, 1, 95)]


def test_a_trailing_stop_jumped_over_by_a_gap_fills_at_the_open():
    rows = [(100, 100, 100, 100), (100, 110, 99, 108), (80, 82, 79, 81)]
    assert play(rows, [buy(0, 1, trail=5)]).fills == [(1, 1, 1, 100), (2, -1, 1, 80)]


def test_a_trailing_order_of_its_own_closes_what_is_held():
    rows = [(100, 100, 100, 100), (100, 101, 99, 100), (100, 108, 100, 107), (107, 107, 101, 102)]
    played = play(rows, [buy(0, 1), sell(1, 1, trail=6, reduce_only=True)])
    assert played.fills == [(1, 1, 1, 100), (3, -1, 1, 102)]


@pytest.mark.parametrize(
    ("side", "rows", "price"),
    [
        (buy, [(100, 100, 100, 100), (100, 100, 100, 100), (120, 121, 119, 120)], 120),
        (sell, [(100, 100, 100, 100), (100, 100, 100, 100), (80, 81, 79, 80)], 80),
    ],
)
def test_a_gap_over_the_target_fills_at_the_better_open(side, rows, price):
    tp = 110 if side is buy else 90
    assert play(rows, [side(0, 1, tp=tp)]).fills[1][3] == price


def test_a_target_of_a_position_opened_inside_an_earlier_bar_fills_at_a_gap_too():
    rows = [(100, 100, 100, 100), (100, 101, 98, 99), (120, 121, 119, 120)]
    assert play(rows, [buy(0, 1, limit=99, tp=110)]).fills == [(1, 1, 1, 99), (2, -1, 1, 120)]


def test_a_limit_entry_is_stopped_by_the_same_bar_but_reaches_its_target_only_where_the_close_proves_it():
    entry = buy(0, 1, limit=98, sl=95, tp=104)
    touched_both = [(100, 100, 100, 100), (100, 105, 94, 100)]
    assert play(touched_both, [entry]).fills == [(1, 1, 1, 98), (1, -1, 1, 95)]
    high_may_have_come_first = [(100, 100, 100, 100), (100, 105, 97, 100)]
    assert play(high_may_have_come_first, [entry]).fills == [(1, 1, 1, 98)]
    closed_above = [(100, 100, 100, 100), (100, 105, 97, 104)]
    assert play(closed_above, [entry]).fills == [(1, 1, 1, 98), (1, -1, 1, 104)]


def test_a_stop_limit_reached_inside_a_bar_fills_only_where_the_close_proves_the_price_came_back():
    """Whether the low came before or after the stop is not known: what is unknown is decided against the strategy."""
    order = buy(0, 1, stop=105, limit=103)
    closed_above_the_limit = [(100, 100, 100, 100), (100, 106, 99, 105), (105, 105, 104, 104)]
    assert play(closed_above_the_limit, [order]).fills == []
    closed_below = [(100, 100, 100, 100), (100, 106, 99, 102)]
    assert play(closed_below, [order]).fills == [(1, 1, 1, 103)]


def test_a_limit_that_has_rested_is_a_maker_and_one_that_trades_at_once_a_taker():
    assert play(UP, [buy(0, 1, limit=101.5)]).makers == [True]
    assert play(UP, [buy(0, 1, limit=105)]).makers == [False]
    assert play([*flat(100, 2), (90, 90, 90, 90)], [buy(0, 1, limit=95)]).makers == [True]


def test_a_post_only_order_that_would_trade_at_once_is_refused():
    played = play(UP, [buy(0, 1, limit=105, post_only=True)])
    assert (played.fills, played.refused) == ([], {"WOULD_TAKE": 1})


def test_a_post_only_order_that_rests_fills_as_a_maker():
    played = play(UP, [buy(0, 1, limit=101.5, post_only=True)])
    assert (played.fills, played.makers) == ([(1, 1, 1, 101.5)], [True])


@pytest.mark.parametrize(
    "act", [buy(0, 1, post_only=True), buy(0, 1, stop=103, post_only=True)], ids=["market", "stop"]
)
def test_a_post_only_order_that_can_only_take_is_refused(act):
    played = play(UP, [act])
    assert (played.fills, played.refused) == ([], {"WOULD_TAKE": 1})


def test_a_post_only_stop_limit_is_refused_where_it_would_trade_when_triggered():
    played = play(UP, [buy(0, 1, stop=103, limit=103.5, post_only=True)])
    assert (played.fills, played.refused) == ([], {"WOULD_TAKE": 1})


@pytest.mark.parametrize(
    ("act", "fills"),
    [
        pytest.param(buy(0, 1, limit=101.5, tif=1), [], id="IOC: not at the open, so cancelled"),
        pytest.param(buy(0, 1, limit=105, tif=1), [(1, 1, 1, 102)], id="IOC at the open"),
        pytest.param(buy(0, 1, limit=105, tif=2), [(1, 1, 1, 102)], id="FOK at the open"),
        pytest.param(buy(0, 1, limit=90, tif=3, expires=at(3)), [], id="GTD runs out at the bar that would fill"),
        pytest.param(buy(0, 1, limit=90, tif=3, expires=at(4)), [(3, 1, 1, 90)], id="GTD still good"),
        pytest.param(buy(0, 1, limit=90), [(3, 1, 1, 90)], id="GTC"),
    ],
)
def test_an_order_stands_as_long_as_its_time_in_force_says(act, fills):
    played = play(UP, [act])
    assert played.fills == fills
    assert played.live == 0


@pytest.mark.parametrize(
    ("tif", "fills", "live"),
    [
        (0, [(1, 1, 4, 100), (2, 1, 4, 100), (3, 1, 2, 100)], 0),
        (1, [(1, 1, 4, 100)], 0),
        (2, [], 0),
    ],
    ids=["GTC takes three bars", "IOC takes what there is", "FOK takes nothing"],
)
def test_partial_fills_follow_the_time_in_force(tif, fills, live):
    rows = flat(100, 5, volume=40.0)
    played = play(rows, [buy(0, 10, tif=tif)], participation=0.1)
    assert (played.fills, played.live) == (fills, live)


def test_what_fills_must_not_be_better_than_the_bars_range():
    rows = [(100, 101, 99, 100), (100, 101, 99, 100)]
    assert play(rows, [buy(0, 1, limit=99)]).fills == [(1, 1, 1, 99)]
    assert play(rows, [buy(0, 1, limit=98.99)]).fills == []

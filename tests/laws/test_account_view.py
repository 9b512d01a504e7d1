"""An account's view is what its events add up to, exactly."""

from decimal import Decimal

from event_examples import tick
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.account_view import AccountView, Balance, after
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.holdings import Holding
from tradewind.core.domain.ledger import UNIT

D = Decimal
SIZES = st.decimals(D("0.001"), D("1000"), places=6)
PRICES = st.decimals(D("0.01"), D("100000"), places=4)
TRADES = st.lists(st.tuples(st.sampled_from(["buy", "sell"]), SIZES, PRICES, st.decimals(0, 5, places=8)), max_size=30)


def trade(side, size, price, fee="0", *, symbol="BTC/USDT:USDT", number=0, currency="USDT", account="alice"):
    """A trade of an account."""
    kind = EVENT_TYPES["trade.executed"]
    data = kind.payload(
        account=account, order_id="o", trade_id=str(number), symbol=symbol, side=side,
        size=D(size), price=D(price), fee=D(fee), fee_currency=currency,
    )  # fmt: skip
    return tick(number, account, type=kind.name, version=kind.version, data=data)


def stands(type_, number=0, account="alice", **fields):
    """An event that says where something stands."""
    kind = EVENT_TYPES[type_]
    data = kind.payload(account=account, **fields)
    return tick(number, account, type=kind.name, version=kind.version, data=data)


def folded(events, view=AccountView()):  # noqa: B008 - it is frozen
    for event in events:
        view = after(view, event)
    return view


def test_a_long_that_is_reduced_turned_and_closed_is_counted_by_hand():
    view = folded([trade("buy", 2, 100, "0.2"), trade("sell", 1, 130, "0.1", number=1)])
    assert view.positions == {"BTC/USDT:USDT": Holding(D(1), D(100))}
    assert view.balances == {"USDT": Balance(D("29.7"))}
    view = folded([trade("sell", 3, 90, number=2)], view)
    assert view.positions == {"BTC/USDT:USDT": Holding(D(-2), D(-180))}
    assert view.totals.realised == {"USDT": D(20)}
    view = folded([trade("buy", 2, 80, number=3)], view)
    assert view.positions == {}
    assert view.totals.realised == {"USDT": D(40)}
    assert view.totals.trades == 4
    assert view.totals.fees == {"USDT": D("0.3")}
    assert view.totals.turnover == {"USDT": D(200 + 130 + 270 + 160)}
    assert view.balances == {"USDT": Balance(D("39.7"))}


def test_coins_are_paid_for_and_a_fee_in_coins_is_taken_from_them():
    view = folded([
        stands("balance.changed", currency="USDT", total=D(1000), locked=D(7)),
        trade("buy", 2, 100, "0.002", symbol="BTC/USDT", currency="BTC", number=1),
    ])  # fmt: skip
    assert view.balances == {"USDT": Balance(D(800), D(7)), "BTC": Balance(D("1.998"))}


def test_what_a_state_change_says_stands_whatever_was_before():
    view = folded([
        trade("buy", 2, 100),
        stands("position.changed", symbol="BTC/USDT:USDT", size=D(2), entry_price=D(100)),
        stands("balance.changed", currency="USDT", total=D(500)),
    ])  # fmt: skip
    assert view.positions == {"BTC/USDT:USDT": Holding(D(2), D(200))}
    assert view.balances["USDT"] == Balance(D(500))
    closed = folded([stands("position.changed", 1, symbol="BTC/USDT:USDT", size=D(0))], view)
    assert closed.positions == {}


def test_a_cost_that_is_not_known_is_never_made_up():
    inverse = folded([trade("buy", 10, 100, symbol="BTC/USD:BTC", currency="BTC"),
                      trade("sell", 4, 120, symbol="BTC/USD:BTC", currency="BTC")])  # fmt: skip
    assert inverse.positions == {"BTC/USD:BTC": Holding(D(6), None)}
    adopted = folded([stands("position.changed", symbol="BTC/USDT:USDT", size=D(2)), trade("sell", 1, 130, number=1)])
    assert adopted.positions == {"BTC/USDT:USDT": Holding(D(1), None)}
    assert adopted.balances == {"USDT": Balance(D(0))}


def test_other_events_change_nothing():
    view = folded([trade("buy", 1, 100)])
    assert after(view, tick()) is view


@given(trades=TRADES)
def test_of_a_perpetual_what_was_realised_and_what_is_open_is_all_that_was_traded(trades):
    """Money that went in and out, by another way than the fold: the sum of all signed values."""
    view = folded([trade(*t, number=i) for i, t in enumerate(trades)])
    signs = [1 if side == "buy" else -1 for side, *_ in trades]
    size = sum((s * t[1] for s, t in zip(signs, trades, strict=True)), D(0))
    spent = sum((s * t[1] * t[2] for s, t in zip(signs, trades, strict=True)), D(0))
    fees = sum((t[3] for t in trades), D(0))
    held = view.positions.get("BTC/USDT:USDT", Holding(D(0), D(0)))
    realised = view.totals.realised.get("USDT", D(0))
    assert held.size == size
    assert held.cost - realised == spent
    assert view.balances.get("USDT", Balance()).total == realised - fees
    assert (held.cost * held.size) >= -UNIT * len(trades) * abs(held.size)


@given(trades=TRADES)
def test_of_coins_the_balances_are_what_was_paid_and_got(trades):
    view = folded([trade(*t, number=i, symbol="BTC/USDT") for i, t in enumerate(trades)])
    signs = [1 if side == "buy" else -1 for side, *_ in trades]
    coins = sum((s * t[1] for s, t in zip(signs, trades, strict=True)), D(0))
    paid = sum((s * t[1] * t[2] + t[3] for s, t in zip(signs, trades, strict=True)), D(0))
    assert view.balances.get("BTC", Balance()).total == coins
    assert view.balances.get("USDT", Balance()).total == -paid

"""Every number of an account's view against a plain recomputation, in whatever order and however often it was told."""

from collections import defaultdict
from decimal import Decimal as D
from fractions import Fraction as F

import msgspec
from event_examples import tick
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tradewind.core.domain.account_view import TRADES_REMEMBERED, AccountView, Balance, after, leg_of
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.holdings import Holding
from tradewind.core.domain.ledger import UNIT
from tradewind.trading.portfolio_keys import Account, Portfolio, read_back, written

SYMBOLS = ["BTC/USDT", "ETH/BTC", "BTC/USDT:USDT", "ETH/USDC:USDC"]
AMOUNTS = st.decimals(D("0.001"), D(500), places=5)
FEES = st.decimals(D("-0.5"), D(3), places=6)


def event(type_, number, **fields):
    """An event of alice's that happened at its number."""
    kind = EVENT_TYPES[type_]
    data = kind.payload(account="alice", **fields)
    return tick(number, "alice", type=kind.name, version=kind.version, data=data)


@st.composite
def trades(draw, number):
    symbol = draw(st.sampled_from(SYMBOLS))
    leg = draw(st.sampled_from([None, "long", "short"])) if ":" in symbol else None
    return event(
        "trade.executed", number, order_id="o", trade_id=str(number), symbol=symbol, leg=leg,
        side=draw(st.sampled_from(["buy", "sell"])), size=draw(AMOUNTS), price=draw(AMOUNTS),
        fee=draw(FEES), fee_currency=draw(st.sampled_from(["USDT", "BTC", "ETH", "BNB"])),
    )  # fmt: skip


@st.composite
def histories(draw):
    """What happened to an account, in the order in which it did: trades, funding, deposits. The totals come later."""
    happened = []
    for number in range(draw(st.integers(0, 25))):
        if draw(st.booleans()) or draw(st.booleans()):
            happened.append(draw(trades(number)))
        else:
            happened.append(event(
                "balance.changed", number, currency=draw(st.sampled_from(["USDT", "BTC"])), total=D(0),
                change=draw(FEES), cause=draw(st.sampled_from(["funding", "transfer", "settlement", "other"])),
            ))  # fmt: skip
    return happened


def recomputed(happened):
    """The same numbers by the plainest way: fractions, and an average price for each position."""
    size, cost = defaultdict(F), defaultdict(F)
    balance, realised, fees, turnover, funding, deposited = (defaultdict(F) for _ in range(6))
    balances = []
    for one in happened:
        data = one.data
        if one.type == "balance.changed":
            change = F(data.change)
            balance[data.currency] += change
            {"funding": funding, "transfer": deposited, "settlement": realised}.get(data.cause, defaultdict(F))[
                data.currency
            ] += -change if data.cause == "funding" else change
            balances.append(dict(balance))
            continue
        name, quote = leg_of(data.symbol, data.leg), data.symbol.partition(":")[0].partition("/")[2]
        base, spot = data.symbol.partition("/")[0], ":" not in data.symbol
        left, price, fee = F(data.size) if data.side == "buy" else -F(data.size), F(data.price), F(data.fee)
        if spot:
            balance[base] += left
            balance[quote] -= left * price
        turnover[quote] += abs(left) * price
        if size[name] * left < 0:
            closing = min(abs(left), abs(size[name])) * (1 if left > 0 else -1)
            average = cost[name] / size[name]
            gained = -closing * (price - average)
            realised[quote] += gained
            if not spot:
                balance[quote] += gained
            size[name], cost[name], left = size[name] + closing, cost[name] + closing * average, left - closing
        size[name], cost[name] = size[name] + left, cost[name] + left * price
        if spot and data.fee_currency == base and fee:
            kept = size[name] - fee
            at = cost[name] / size[name] if 0 < fee <= size[name] else price
            size[name], cost[name] = kept, cost[name] - fee * at
        balance[data.fee_currency] -= fee
        fees[data.fee_currency] += fee
        balances.append(dict(balance))
    return size, cost, realised, fees, turnover, funding, deposited, balances


def folded(events, view=AccountView()):  # noqa: B008 - it is frozen
    for one in events:
        view = after(view, one)
    return view


def near(found, wanted, steps):
    """Equal but for the last unit of each share of a cost, which the rest of the position keeps."""
    found = {name: F(value) for name, value in found.items()}
    return all(
        abs(found.get(name, F(0)) - wanted.get(name, F(0))) <= F(UNIT) * steps for name in found.keys() | wanted.keys()
    )


def stated(happened):
    """The history with the totals that a venue would have told with each change."""
    *_, balances = recomputed(happened)
    told = []
    for one, balance in zip(happened, balances, strict=True):
        if one.type != "balance.changed":
            told.append(one)
            continue
        total = balance[one.data.currency]
        # A venue rounds; the law asks for a number that can be written.
        digits = round(D(total.numerator) / D(total.denominator), 8)
        told.append(replace(one, data=replace(one.data, total=digits)))
    return told


@settings(max_examples=150, deadline=None)
@given(happened=histories())
def test_every_number_is_what_a_plain_recomputation_gives(happened):
    """Spot and perpetuals, hedged legs, fees in any currency and rebates, funding, deposits."""
    # Without totals of their own these changes are folded as changes, as where they come late.
    first = [event("trade.executed", 10**6 + n, order_id="z", trade_id=f"z{c}", symbol=f"{c}/{c}X", side="buy",
                   size=D(1), price=D(0), fee=D(0), fee_currency=c) for n, c in enumerate(["USDT", "BTC"])]  # fmt: skip
    trading = [one for one in happened if one.type == "trade.executed"]
    changing = [one for one in happened if one.type != "trade.executed"]
    view = folded([*trading, *first, *changing])
    size, cost, realised, fees, turnover, funding, deposited, _ = recomputed([*trading, *first, *changing])
    held = view.positions
    assert {name: F(one.size) for name, one in held.items()} == {name: one for name, one in size.items() if one}
    steps = 4 * (len(happened) + 1)
    assert near({name: one.cost for name, one in held.items()}, {n: c for n, c in cost.items() if size[n]}, steps)
    *_, balances = recomputed([*trading, *first, *changing])
    assert near({name: one.total for name, one in view.balances.items()}, balances[-1], steps)
    totals = view.totals
    assert totals.trades == len(trading) + 2
    for found, wanted in [(totals.fees, fees), (totals.turnover, turnover), (totals.funding, funding),
                          (totals.deposited, deposited)]:  # fmt: skip
        assert near(found, wanted, 0)
    assert near(totals.realised, realised, steps)


LINEAR = st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 9), st.integers(1, 99)), max_size=14)


@settings(max_examples=150, deadline=None)
@given(
    steps=LINEAR,
    deposits=st.dictionaries(st.integers(0, 13), st.integers(-50, 50), max_size=5),
    order=st.lists(st.booleans(), max_size=60),
    again=st.lists(st.integers(0, 13), max_size=6),
)
def test_in_whatever_order_trades_and_statements_come_each_counts_once(steps, deposits, order, again):
    """Two topics, each in its order, mixed in any way; some trades told twice. The venue states every change."""
    trading, stating, size, usdt = [], [], 0, 0
    for number, (side, amount, price) in enumerate(steps):
        trading.append(event(
            "trade.executed", 10 * number, order_id="o", trade_id=str(number), symbol="BTC/USDT", side=side,
            size=D(amount), price=D(price), fee=D(1), fee_currency="USDT",
        ))  # fmt: skip
        signed = amount if side == "buy" else -amount
        size, usdt = size + signed, usdt - signed * price - 1
        stating.append(event("position.changed", 10 * number, symbol="BTC/USDT", size=D(size)))
        stating.append(event("balance.changed", 10 * number, currency="BTC", total=D(size)))
        stating.append(event("balance.changed", 10 * number, currency="USDT", total=D(usdt)))
        if number in deposits:
            usdt += deposits[number]
            stating.append(event(
                "balance.changed", 10 * number + 5, currency="USDT", total=D(usdt), change=D(deposits[number]),
                cause="transfer",
            ))  # fmt: skip
    twice = [replace(trading[n], event_id=f"again {n}") for n in again if n < len(trading)]
    sides, mixed = [[*trading, *twice], list(stating)], []
    for which in [*order, *([True] * 200)]:
        queue = sides[which] or sides[not which]
        if queue:
            mixed.append(queue.pop(0))
    view = folded(mixed)
    assert view.totals.trades == len(trading)
    assert view.totals.deposited.get("USDT", D(0)) == sum(c for n, c in deposits.items() if n < len(steps))
    if steps:
        assert view.positions.get("BTC/USDT", Holding(D(0), None)).size == size
        assert view.balances["BTC"].total == size
        assert view.balances["USDT"].total == usdt


@settings(max_examples=100, deadline=None)
@given(happened=histories(), order=st.lists(st.booleans(), max_size=60))
def test_where_only_funding_and_deposits_are_stated_the_order_of_the_topics_does_not_matter(happened, order):
    told = stated(happened)
    sides, mixed = (
        [[e for e in told if e.type == "trade.executed"], [e for e in told if e.type != "trade.executed"]],
        [],
    )
    for which in [*order, *([True] * 60)]:
        queue = sides[which] or sides[not which]
        if queue:
            mixed.append(queue.pop(0))
    straight, view = folded(told), folded(mixed)
    assert view.totals == straight.totals
    assert view.positions == straight.positions
    *_, balances = recomputed(happened)
    wanted = balances[-1] if balances else {}
    found = {name: F(balance.total) for name, balance in view.balances.items()}
    assert all(abs(found[name] - wanted.get(name, F(0))) <= F(1, 10**7) * (len(told) + 1) for name in found)


def test_a_statement_that_comes_before_its_trade_is_not_added_to():
    buys = event("trade.executed", 5, order_id="o", trade_id="1", symbol="BTC/USDT:USDT", side="buy", size=D(1),
                 price=D(100), fee=D("0.1"), fee_currency="USDT")  # fmt: skip
    sells = event("trade.executed", 9, order_id="p", trade_id="2", symbol="BTC/USDT:USDT", side="sell", size=D(1),
                  price=D(130), fee=D("0.1"), fee_currency="USDT")  # fmt: skip
    view = folded([
        event("position.changed", 5, symbol="BTC/USDT:USDT", size=D(1), entry_price=D(100)),
        event("balance.changed", 5, currency="USDT", total=D("999.9")),
        buys,
    ])  # fmt: skip
    assert view.positions == {"BTC/USDT:USDT": Holding(D(1), D(100))}
    assert view.balances == {"USDT": Balance(D("999.9"))}
    view = folded([event("position.changed", 9, symbol="BTC/USDT:USDT", size=D(0)), sells, buys], view)
    assert view.positions == {}, "a ghost that a late trade would have opened again"
    assert view.totals.realised == {"USDT": D(30)}
    assert view.totals.fees == {"USDT": D("0.2")}
    assert view.balances == {"USDT": Balance(D("1029.8"))}


def test_a_statement_that_is_late_does_not_turn_the_account_back():
    view = folded([
        event("trade.executed", 5, order_id="o", trade_id="1", symbol="BTC/USDT", side="buy", size=D(1), price=D(100),
              fee=D(0), fee_currency="USDT"),
        event("trade.executed", 9, order_id="o", trade_id="2", symbol="BTC/USDT", side="buy", size=D(1), price=D(110),
              fee=D(0), fee_currency="USDT"),
        event("position.changed", 5, symbol="BTC/USDT", size=D(1), entry_price=D(100)),
        event("balance.changed", 5, currency="USDT", total=D(900), locked=D(3)),
    ])  # fmt: skip
    assert view.positions == {"BTC/USDT": Holding(D(2), D(210))}
    assert view.balances["USDT"] == Balance(D(-210), D(3))


def test_of_two_statements_the_later_one_stands_whichever_comes_first():
    told = [
        event("balance.changed", 9, currency="USDT", total=D(9), locked=D(2)),
        event("balance.changed", 5, currency="USDT", total=D(5), change=D(5), cause="transfer"),
        event("position.changed", 9, symbol="BTC/USDT", size=D(2), entry_price=D(10)),
        event("position.changed", 5, symbol="BTC/USDT", size=D(1), entry_price=D(10)),
    ]
    view = folded(told)
    assert view.balances == {"USDT": Balance(D(9), D(2))} == folded(told[::-1]).balances
    assert view.positions == {"BTC/USDT": Holding(D(2), D(20))} == folded(told[::-1]).positions
    assert view.totals.deposited == {"USDT": D(5)}


def test_a_deposit_that_a_trade_has_overtaken_leaves_room_for_one_that_came_before_it():
    """A late statement is taken as a change alone: it does not say that what is older is in it."""
    trade = event("trade.executed", 9, order_id="o", trade_id="1", symbol="BTC/USDT", side="buy", size=D(1), price=D(1),
                  fee=D(0), fee_currency="USDT")  # fmt: skip
    late = [event("balance.changed", n, currency="USDT", total=D(0), change=D(n), cause="transfer") for n in (7, 5)]
    view = folded([trade, *late])
    assert view.balances["USDT"].total == 7 + 5 - 1
    assert view.totals.deposited == {"USDT": D(12)}


def test_coins_that_a_fee_took_are_not_held_any_more_and_no_dust_of_them_stays_open():
    view = folded([
        event("trade.executed", 1, order_id="o", trade_id="1", symbol="BTC/USDT", side="buy", size=D(1), price=D(100),
              fee=D("0.001"), fee_currency="BTC"),
        event("trade.executed", 2, order_id="p", trade_id="2", symbol="BTC/USDT", side="sell", size=D("0.999"),
              price=D(200), fee=D("0.2"), fee_currency="USDT"),
    ])  # fmt: skip
    assert view.positions == {}
    assert view.balances["BTC"].total == 0
    assert view.totals.realised == {"USDT": D("99.9")}
    assert view.totals.fees == {"BTC": D("0.001"), "USDT": D("0.2")}


def test_the_legs_of_a_hedged_symbol_are_two_positions():
    both = [
        event("trade.executed", n, order_id=leg, trade_id=str(n), symbol="BTC/USDT:USDT", side=side, size=D(size),
              price=D(price), fee=D(0), fee_currency="USDT", leg=leg)
        for n, (leg, side, size, price) in enumerate(
            [("long", "buy", 2, 100), ("short", "sell", 3, 110), ("long", "sell", 2, 120), ("short", "buy", 1, 120)]
        )
    ]  # fmt: skip
    view = folded(both)
    assert view.positions == {"BTC/USDT:USDT short": Holding(D(-2), D(-220))}
    assert view.totals.realised == {"USDT": D(40 - 10)}
    view = folded([event("position.changed", 9, symbol="BTC/USDT:USDT", leg="short", size=D(0))], view)
    assert view.positions == {}


def test_a_trade_told_twice_counts_once_as_long_as_it_is_remembered():
    def one(number, **changed):
        fields = {"order_id": "o", "trade_id": str(number), "symbol": "BTC/USDT", "side": "buy", "size": D(1),
                  "price": D(1), "fee": D(0), "fee_currency": "USDT"}  # fmt: skip
        return event("trade.executed", number, **fields | changed)

    many = [one(n) for n in range(TRADES_REMEMBERED + 1)]
    view = folded(many)
    assert all(after(view, again) == view for again in many[1:])
    assert after(view, many[0]).totals.trades == len(many) + 1, "what is forgotten is counted again"
    for other in [one(1, side="sell"), one(1, order_id="p"), one(1, symbol="ETH/USDT")]:
        assert after(view, other).totals.trades == len(many) + 1
    unnamed = [one(n, trade_id="") for n in range(3)]
    assert folded(unnamed).totals.trades == 3


def test_marks_that_only_look_like_one_where_two_meet_are_not_taken_for_it():
    view = folded([event("trade.executed", n, order_id="o", trade_id=str(n), symbol="BTC/USDT", side="buy", size=D(1),
                         price=D(1), fee=D(0), fee_currency="USDT") for n in range(2)])  # fmt: skip
    marks = view.recent
    shifted = marks[6:] + marks[:6]
    again = event("trade.executed", 7, order_id="o", trade_id="1", symbol="BTC/USDT", side="buy", size=D(1), price=D(1),
                  fee=D(0), fee_currency="USDT")  # fmt: skip
    assert marks[12:] in shifted + shifted
    assert after(replace(view, recent=shifted + shifted[:12]), again).totals.trades == 3


@settings(max_examples=100, deadline=None)
@given(happened=histories(), order=st.lists(st.booleans(), max_size=60), cut=st.integers(0, 30))
def test_an_account_that_was_written_down_and_read_again_goes_on_as_if_it_had_not_been(happened, order, cut):
    """In the middle of anything: statements without their trades, closed positions, trades remembered."""
    told = stated(happened)
    told = [*told, *(event("position.changed", 3 * n, symbol=s, size=D(n)) for n, s in enumerate(SYMBOLS))]
    sides, mixed = (
        [[e for e in told if e.type == "trade.executed"], [e for e in told if e.type != "trade.executed"]],
        [],
    )
    for which in [*order, *([True] * 60)]:
        queue = sides[which] or sides[not which]
        if queue:
            mixed.append(queue.pop(0))
    account, view = Account("home", "paper", "alice"), folded(mixed[:cut])
    in_the_cache = read_back(list(written(account, Portfolio(view, 7)).values()))
    in_a_snapshot = msgspec.convert(msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(view))), AccountView)
    assert in_the_cache == Portfolio(view, 7)
    assert in_a_snapshot == view
    straight = folded(mixed[cut:], view)
    assert folded(mixed[cut:], in_the_cache.view) == folded(mixed[cut:], in_a_snapshot) == straight
    assert written(account, Portfolio(straight, 8)) == written(account, Portfolio(folded(mixed), 8)), "to the last byte"

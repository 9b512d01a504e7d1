"""Amounts that no exact sum could be made of are refused wherever an event is made or read."""

from decimal import Decimal

import pytest
from account_examples import trade
from event_examples import NOW

from tradewind.core.domain.account_view import AccountView, after
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.codec import decode, encode, payload_of
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.ledger import EXACT

TRADE = {
    "account": "a", "order_id": "o", "trade_id": "t", "symbol": "BTC/USDT", "side": "buy", "size": "1.5",
    "price": "60000", "fee": "0.1", "fee_currency": "USDT",
}  # fmt: skip
NO_AMOUNTS = ("NaN", "sNaN", "Infinity", "-Infinity", "1E+999999", "1E-999999", "1" * 61, "0." + "0" * 60 + "1")


@pytest.mark.parametrize("field", ["size", "price", "fee"])
@pytest.mark.parametrize("amount", NO_AMOUNTS)
def test_what_is_no_amount_is_refused_where_an_event_is_made(field, amount):
    with pytest.raises(BadInput, match=f"{field} is .*, which is no amount"):
        payload_of(EVENT_TYPES["trade.executed"], TRADE | {field: amount})


@pytest.mark.parametrize("amount", NO_AMOUNTS)
def test_what_is_no_amount_is_refused_where_an_event_is_read(amount):
    event = trade(1)
    written = encode(event).replace(f'"{event.data.size}"'.encode(), f'"{amount}"'.encode(), 1)
    assert written != encode(event)
    with pytest.raises(BadInput, match="no amount"):
        decode(written)


@pytest.mark.parametrize("amount", ["1" * 60, "0." + "0" * 59 + "1", "1E+59", "0", "-1"])
def test_the_longest_amounts_can_be_summed_exactly(amount):
    data = payload_of(EVENT_TYPES["balance.changed"], {"account": "a", "currency": "USDT", "total": amount})
    kind = EVENT_TYPES["balance.changed"]
    stated = trade(0, type=kind.name, version=kind.version, data=data, time_event=NOW)
    view = after(after(AccountView(), stated), trade(1))
    moved = after(AccountView(), trade(1))
    assert EXACT.subtract(view.balances["USDT"].total, moved.balances["USDT"].total) == Decimal(amount)

"""Trade matching conserves money: profits and what is open add up to the account's change, whatever was filled."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.domain.records import FILL, FUNDING
from tradewind.core.performance.equity import equity_curve
from tradewind.core.performance.trades import match_orders

BARS = 40
STEP = 60_000_000_000


@dataclass
class Account:
    """A netting account that books fills as an exchange would, with `Account.legs` by symbol."""

    prices: np.ndarray
    fee_in_base: bool
    cash: float = 10_000.0
    legs: dict[int, float] = field(default_factory=dict)
    fills: list[tuple] = field(default_factory=list)
    funding: list[tuple] = field(default_factory=list)

    def fill(self, bar: int, order: int, symbol: int, side: int, size: float) -> None:
        position = self.legs.get(symbol, 0.0)
        closing = position * side < 0
        if closing and size > abs(position):
            self.fill(bar, order, symbol, side, abs(position))
            self.fill(bar, order, symbol, side, size - abs(position))
            return
        price = float(self.prices[symbol, bar])
        leg = (1 if position > 0 else -1) if closing else side
        # A fee in base can only be taken from what is bought.
        fee_base = size * 0.001 if self.fee_in_base and side > 0 and not closing else 0.0
        fee = fee_base * price if fee_base else size * price * 0.0006
        self.cash -= side * size * price + (0.0 if fee_base else fee)
        after = position + side * size - fee_base
        if abs(after) < 1e-12:
            after = 0.0
        self.legs[symbol] = after
        row = {"time": bar * STEP, "bar": bar, "order": order, "symbol": symbol, "side": side, "reason": 0, "maker": 0}
        row |= {"leg": leg, "closing": int(closing), "size": size, "price": price, "fee": fee, "fee_base": fee_base}
        row |= {"slippage": 0.0, "realized": 0.0, "cash": self.cash, "position": after}
        self.fills.append(tuple(row[name] for name in FILL.names))

    def pay(self, bar: int, symbol: int, rate: float) -> None:
        position, price = self.legs.get(symbol, 0.0), float(self.prices[symbol, bar])
        if position == 0.0:
            return
        paid = position * price * rate
        self.cash -= paid
        leg = 1 if position > 0 else -1
        self.funding.append((bar * STEP, symbol, leg, rate, price, position, paid, self.cash))


@st.composite
def histories(draw: st.DrawFn) -> Account:
    symbols = draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    prices = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.05, (symbols, BARS)), axis=1))
    account = Account(prices, draw(st.booleans()))
    open_orders = draw(st.integers(1, 4))
    for bar in range(BARS):
        # Several fills of an order number, near and far apart, make partial fills that interleave.
        for _ in range(draw(st.integers(0, 2))):
            symbol = draw(st.integers(0, symbols - 1))
            slot = draw(st.integers(0, open_orders - 1))
            order = 1 + (bar // 5) * 4 + slot
            side = 1 if (order * 7 + symbol) % 3 else -1
            account.fill(bar, order * 2 + symbol, symbol, side, draw(st.sampled_from([0.1, 0.3, 1.0, 2.5])))
        if draw(st.booleans()):
            account.pay(bar, draw(st.integers(0, symbols - 1)), draw(st.sampled_from([0.0001, -0.0003])))
        if draw(st.integers(0, 9)) == 0:
            for symbol, position in list(account.legs.items()):
                if position:
                    account.fill(bar, 1000 + bar * 2 + symbol, symbol, -1 if position > 0 else 1, abs(position))
    return account


def rows(account: Account) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    symbols = len(account.prices)
    fills = np.array(account.fills, FILL) if account.fills else np.zeros(0, FILL)
    funding = np.array(account.funding, FUNDING) if account.funding else np.zeros(0, FUNDING)
    fills["bar"] = fills["bar"] * symbols + fills["symbol"]
    time = np.repeat(np.arange(BARS) * STEP, symbols)
    return fills, funding, time, account.prices.T.ravel(), np.tile(np.arange(symbols, dtype=np.int32), BARS)


@settings(max_examples=150, deadline=None)
@given(histories())
def test_profits_and_what_is_open_add_up_to_the_change_of_the_account(account: Account) -> None:
    fills, funding, _, close, row_symbol = rows(account)
    matched = match_orders(fills, funding, close, close, row_symbol)
    lots, last = matched.open_lots, account.prices[:, -1]
    open_pnl = lots["side"] * (last[lots["symbol"]] - lots["price"]) * lots["size"] - lots["fees"] - lots["funding"]
    worth = sum(size * last[symbol] for symbol, size in account.legs.items())
    change = account.cash + worth - 10_000.0
    assert matched.trades["pnl"].sum() + open_pnl.sum() == pytest.approx(change, abs=1e-9 * 10_000)


@settings(max_examples=150, deadline=None)
@given(histories())
def test_fees_funding_and_sizes_are_shared_out_completely(account: Account) -> None:
    fills, funding, _, close, row_symbol = rows(account)
    matched = match_orders(fills, funding, close, close, row_symbol)
    trades, lots = matched.trades, matched.open_lots
    assert trades["fees"].sum() + lots["fees"].sum() == pytest.approx(fills["fee"].sum(), abs=1e-9)
    assert trades["funding"].sum() + lots["funding"].sum() == pytest.approx(funding["paid"].sum(), abs=1e-9)
    opened = (fills["size"] - fills["side"] * fills["fee_base"])[fills["closing"] == 0].sum()
    assert trades["size"].sum() + lots["size"].sum() == pytest.approx(opened, rel=1e-9)
    pairs = set(zip(trades["entry_order"], trades["exit_order"], trades["side"], trades["symbol"], strict=True))
    assert len(pairs) == len(trades)
    assert (trades["run_up"] >= 0).all()
    assert (trades["drawdown"] <= 0).all()
    assert (trades["exit_time"] >= trades["entry_time"]).all()


@settings(max_examples=100, deadline=None)
@given(histories())
def test_the_equity_curve_ends_at_the_accounts_cash_and_positions(account: Account) -> None:
    fills, funding, time, close, row_symbol = rows(account)
    curve = equity_curve(time, close, fills, funding, 10_000.0, row_symbol=row_symbol)
    worth = sum(size * account.prices[symbol, -1] for symbol, size in account.legs.items())
    assert len(curve.equity) == BARS
    assert curve.equity[-1] == pytest.approx(account.cash + worth, rel=1e-9)
    assert curve.exposure[-1] == pytest.approx(worth, abs=1e-9)
    assert bool(curve.is_open[-1]) == any(account.legs.values())


@settings(max_examples=25, deadline=None)
@given(histories())
def test_compiled_matching_gives_the_bits_of_its_python_source(account: Account) -> None:
    from tradewind.core.performance import trade_kernels as kernels
    from tradewind.core.performance import trades

    fills, funding, time, close, row_symbol = rows(account)
    compiled = match_orders(fills, funding, close, close, row_symbol)
    curve = equity_curve(time, close, fills, funding, 10_000.0, row_symbol=row_symbol)
    names = ["share_funding", "enter", "settle", "leave", "match_fills", "excursions", "walk_account"]
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            source = getattr(kernels, name).py_func
            patch.setattr(kernels, name, source)
            if hasattr(trades, name):
                patch.setattr(trades, name, source)
        patch.setattr("tradewind.core.performance.equity.walk_account", kernels.walk_account)
        interpreted = match_orders(fills, funding, close, close, row_symbol)
        curve_interpreted = equity_curve(time, close, fills, funding, 10_000.0, row_symbol=row_symbol)
    assert compiled.trades.tobytes() == interpreted.trades.tobytes()
    assert compiled.open_lots.tobytes() == interpreted.open_lots.tobytes()
    assert curve.equity.tobytes() == curve_interpreted.equity.tobytes()

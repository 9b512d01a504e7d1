"""Hand-made markets and a strategy that takes its orders from a list, so that one compilation serves every scenario."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.orders import FillReason
from tradewind.core.engine.market_data import MarketData, SymbolData, merge
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import RunResult, run
from tradewind.core.strategy.strategy import Strategy

MINUTE = 60 * 10**9
START = 1_704_067_200 * 10**9
"""2024-01-01, a Monday."""
NAN = float("nan")
CACHE = Path(tempfile.mkdtemp(prefix="tradewind-engine-tests-"))
COLUMNS = 14
ROWS = 40
LOG = 240
ORDER, CLOSE, CANCEL, PROTECT = 1.0, 2.0, 3.0, 4.0


def at(bar: int) -> int:
    """When bar number `bar` opens."""
    return START + bar * MINUTE


class Scripted(Strategy):
    """Does at each bar what its script says; `script` holds ROWS rows of COLUMNS floats."""

    def setup(self):
        self.done = 0

    def on_bar(self, bar):
        minute = (bar.time - START) // MINUTE
        for row in range(ROWS):
            i = row * COLUMNS
            if self.script[i + 1] > 0.0 and self.script[i] == minute and self.script[i + 12] == bar.symbol:
                self.act(i)

    def act(self, i):
        self.done += 1
        action = self.script[i + 1]
        symbol = int(self.script[i + 12])
        limit = self.script[i + 4]
        stop = self.script[i + 5]
        sl = self.script[i + 6]
        tp = self.script[i + 7]
        trail = self.script[i + 8]
        if action == CLOSE:
            self.close(symbol=symbol)
        elif action == CANCEL:
            number = int(self.script[i + 13])
            if number > 0:
                self.cancel(number)
            else:
                self.cancel()
        elif action == PROTECT:
            self.exchange.protect(symbol, sl, tp, trail)
        else:
            size = self.script[i + 3]
            reduce_only = self.script[i + 9] % 2.0 == 1.0
            post_only = self.script[i + 9] >= 2.0
            tif = int(self.script[i + 10])
            expires = int(self.script[i + 11])
            side = 1 if self.script[i + 2] > 0.0 else -1
            # A script says NaN for what it leaves out, which the exchange takes as a strategy's methods hand it over.
            self.exchange.submit(
                symbol, side, size if size != 0.0 else NAN, size != 0.0, limit, stop, sl, tp, trail, reduce_only,
                post_only, tif, expires,
            )  # fmt: skip


class ScriptedPair(Scripted):
    """The same on two symbols."""

    symbols = 2


class ScriptedTrio(Scripted):
    """The same on three symbols."""

    symbols = 3


class Listening(Scripted):
    """Also writes down what its hooks are told: (hook, four numbers) in rows of five."""

    timer = "3m"

    def setup(self):
        self.done = 0
        self.log = [0.0] * LOG
        self.told = 0

    def note(self, hook, a, b, c, d):
        i = 5 * self.told
        self.log[i] = hook
        self.log[i + 1] = a
        self.log[i + 2] = b
        self.log[i + 3] = c
        self.log[i + 4] = d
        self.told += 1

    def on_fill(self, fill):
        self.note(1.0, fill.order, fill.side, fill.size, fill.price)

    def on_order_update(self, update):
        self.note(2.0, update.order, update.state, update.reason, update.filled)

    def on_funding(self, symbol, rate, paid):
        self.note(3.0, symbol, rate, paid, 0.0)

    def on_timer(self, time):
        self.note(4.0, (time - START) // MINUTE, 0.0, 0.0, 0.0)


def order(
    bar, side, size=None, limit=NAN, stop=NAN, sl=NAN, tp=NAN, trail=NAN, reduce_only=False, post_only=False, tif=0,
    expires=0, symbol=0,
):  # fmt: skip
    flags = (1 if reduce_only else 0) + (2 if post_only else 0)
    return [bar, ORDER, side, size or 0.0, limit, stop, sl, tp, trail, flags, tif, expires, symbol, 0]


def buy(bar, size=None, **more):
    return order(bar, 1, size, **more)


def sell(bar, size=None, **more):
    return order(bar, -1, size, **more)


def close(bar, symbol=0):
    return [bar, CLOSE, 0, 0, NAN, NAN, NAN, NAN, NAN, 0, 0, 0, symbol, 0]


def cancel(bar, number=0, symbol=0):
    return [bar, CANCEL, 0, 0, NAN, NAN, NAN, NAN, NAN, 0, 0, 0, symbol, number]


def protect(bar, sl=NAN, tp=NAN, trail=NAN, symbol=0):
    return [bar, PROTECT, 0, 0, NAN, NAN, sl, tp, trail, 0, 0, 0, symbol, 0]


def script_of(acts) -> list[float]:
    rows = [float(v) for act in acts for v in act]
    assert len(acts) <= ROWS
    return rows + [0.0] * (ROWS * COLUMNS - len(rows))


def column(rows, number, bars):
    return np.array([rows[i][number] if len(rows[i]) > number else 1000.0 for i in bars], np.float64)


def symbol_data(rows, name="BTC/USDT:USDT", funding=()) -> SymbolData:
    """Bars as (open, high, low, close[, volume]); None leaves a gap. Funding as (time, rate[, price])."""
    bars = [i for i, row in enumerate(rows) if row is not None]
    paid = {}
    if funding:
        paid = {
            "funding_time": np.array([f[0] for f in funding], np.int64),
            "funding_rate": np.array([f[1] for f in funding], np.float64),
            "funding_price": np.array([f[2] if len(f) > 2 else NAN for f in funding], np.float64),
        }
    return SymbolData(
        name, np.array([at(i) for i in bars], np.int64), *(column(rows, n, bars) for n in range(5)), **paid
    )


def flat(price, bars=1, volume=1000.0):
    """`bars` bars that do not move."""
    return [(price, price, price, price, volume)] * bars


FREE = Instrument("BTC/USDT:USDT", maker_fee=Decimal(0), taker_fee=Decimal(0), liquidation_fee=Decimal(0))
SPOT = replace(FREE, symbol="BTC/USDT", kind="spot")
RULES = MarketRules(slippage="none", close_at_end=False)
SHAPES = {1: Scripted, 2: ScriptedPair, 3: ScriptedTrio}


@dataclass(frozen=True)
class Played:
    """What both engines did, which was the same to the last bit."""

    result: RunResult

    @property
    def fills(self):
        """(bar, side, size, price) of each fill."""
        return [(int(f["bar"]), int(f["side"]), float(f["size"]), float(f["price"])) for f in self.result.fills]

    @property
    def reasons(self):
        return [FillReason(int(f["reason"])).name for f in self.result.fills]

    @property
    def makers(self):
        return [bool(f["maker"]) for f in self.result.fills]

    @property
    def refused(self):
        return {r.reason: r.count for r in self.result.refusals}

    def sum(self, field):
        return float(self.result.fills[field].sum())

    @property
    def cash(self):
        return self.result.cash

    @property
    def equity(self):
        return self.result.equity

    @property
    def exchange(self):
        return self.result.strategy.exchange

    @property
    def live(self):
        return self.exchange.live

    @property
    def position(self):
        return self.exchange.positions[0].size

    @property
    def paid(self):
        return [float(p) for p in self.result.fundings["paid"]]

    @property
    def log(self):
        s = self.result.strategy
        return [tuple(s.log[5 * i : 5 * i + 5]) for i in range(s.told)]


def scripted(acts, cls=Scripted):
    def make():
        strategy = cls()
        strategy.script = script_of(acts)
        return strategy

    return make


def play(rows, acts, instruments=FREE, rules=RULES, cls=None, **changed) -> Played:
    """Run the script in both engines over one symbol's rows, or a list of SymbolData; both must agree bit for bit."""
    data = rows if isinstance(rows, MarketData) else merged(rows)
    instruments = instruments if isinstance(instruments, list) else [instruments] * len(data.symbols)
    make = scripted(acts, cls or SHAPES[len(data.symbols)])
    ruled = replace(rules, **changed)
    interpreted = run(make, data, instruments, ruled, "interpreted")
    compiled = run(make, data, instruments, ruled, "compiled", CACHE)
    assert_same(interpreted, compiled)
    return Played(interpreted)


def merged(rows) -> MarketData:
    if isinstance(rows[0], SymbolData):
        return merge(rows, MINUTE)
    return merge([symbol_data(rows)], MINUTE)


def assert_same(one: RunResult, other: RunResult) -> None:
    assert one.decision_hash == other.decision_hash
    for name in ("decisions", "fills", "fundings"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert len(mine) == len(theirs), name
        for field in mine.dtype.names:
            assert mine[field].tobytes() == theirs[field].tobytes(), (name, field)
    assert (one.cash, one.equity, one.liquidations, one.bankrupt) == (
        other.cash, other.equity, other.liquidations, other.bankrupt,
    )  # fmt: skip
    assert one.refusals == other.refusals
    for name in ("log", "told", "done"):
        if hasattr(one.strategy, name):
            mine, theirs = np.array(getattr(one.strategy, name), float), np.array(getattr(other.strategy, name), float)
            assert np.array_equal(mine, theirs, equal_nan=True), name

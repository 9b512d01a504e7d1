"""Trade lists that another engine made on real bars: ours are the same, but for what `docs/decisions/0003` explains."""

import csv
import json
import tempfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.core.engine.market_data import SymbolData, merge
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import run
from tradewind.core.indicators import SMA, Highest, Lowest
from tradewind.core.strategy.strategy import Strategy

SHARED = Path(__file__).parents[2].parent / "shared"
GOLDENS = SHARED / "fixtures" / "engine_goldens"
BARS = SHARED / "data" / "binance_usdm"
CACHE = Path(tempfile.mkdtemp(prefix="tradewind-goldens-"))
NAN = float("nan")


class SmaCross(Strategy):
    """Turns with the crossing of two averages."""

    def setup(self):
        self.fast = SMA(20)
        self.slow = SMA(50)

    def on_bar(self, bar):
        if self.fast.crossed_above(self.slow):
            self.close()
            self.buy(1)
        elif self.fast.crossed_below(self.slow):
            self.close()
            self.sell(1)


class Breakout(Strategy):
    """Follows a close beyond the last 48 bars, with a stop of 1 % and a target of 2 %."""

    def setup(self):
        self.highest = Highest(48).of("high")
        self.lowest = Lowest(48).of("low")
        self.upper = NAN
        self.lower = NAN

    def on_bar(self, bar):
        close = bar.close
        if not self.position:
            if close > self.upper:
                self.buy(1, sl=close * 0.99, tp=close * 1.02)
            elif close < self.lower:
                self.sell(1, sl=close * 1.01, tp=close * 0.98)
        self.upper = self.highest.value
        self.lower = self.lowest.value


class LimitDip(Strategy):
    """Bids half a percent under the average; sells above it."""

    def setup(self):
        self.mean = SMA(20)

    def on_bar(self, bar):
        self.cancel()
        if not self.mean.ready:
            return
        if not self.position:
            self.buy(1, limit=0.995 * self.mean.value)
        elif bar.close > self.mean.value:
            self.close()


STRATEGIES = {"smacross20": SmaCross, "breakout48": Breakout, "limitdip": LimitDip}
NAMES = [
    f"binance_BTC_{timeframe}_{strategy}_size1"
    for timeframe in ("5m", "30m")
    for strategy in ("smacross20_50_comm6bp", "breakout48_sl1_tp2_comm6bp", "limitdip_comm2bp")
]

LAST_OPEN = {
    # Open at the end: they close it at the last bar's open, we at its close.
    "binance_BTC_5m_smacross20_50_comm6bp_size1": (84732.0, 84701.4),
    "binance_BTC_5m_breakout48_sl1_tp2_comm6bp_size1": (84732.0, 84701.4),
    "binance_BTC_30m_smacross20_50_comm6bp_size1": (84891.6, 84629.0),
}
FIRST_READY = {
    # The average is ready on bar 19, so the first bid can fill on bar 20; they begin one bar later.
    "binance_BTC_30m_limitdip_comm2bp_size1": (20, 23, 81322.2, 82273.5),
}


def played(name):
    """Our run of a golden, theirs as rows (entry bar, exit bar, entry price, exit price), and their final equity."""
    if not GOLDENS.exists():
        pytest.skip("the shared goldens are not beside this checkout")
    _, _, timeframe, kind, *_ = name.split("_")
    fee = Decimal(name.split("comm")[1].split("bp")[0]) / 10_000
    bars = pl.read_ipc(BARS / f"BTC_USDT_USDT-{timeframe}-futures.feather")
    columns = [bars[c].to_numpy() for c in ("open", "high", "low", "close", "volume")]
    data = merge(
        [SymbolData("BTC/USDT:USDT", bars["date"].dt.epoch("ns").to_numpy(), *columns)], timeframe_ns(timeframe)
    )
    instrument = Instrument("BTC/USDT:USDT", maker_fee=fee, taker_fee=fee)
    rules = MarketRules(cash=1_000_000.0, slippage="none")
    runs = [run(STRATEGIES[kind], data, [instrument], rules, e, CACHE) for e in ("interpreted", "compiled")]
    assert runs[0].fills["price"].tobytes() == runs[1].fills["price"].tobytes()
    assert (runs[0].decision_hash, runs[0].equity) == (runs[1].decision_hash, runs[1].equity)
    fills = runs[0].fills
    opened, closed = fills[fills["closing"] == 0], fills[fills["closing"] == 1]
    ours = sorted(
        (int(a["bar"]), int(b["bar"]), float(a["price"]), float(b["price"]))
        for a, b in zip(opened, closed, strict=True)
    )
    rows = list(csv.DictReader((GOLDENS / f"{name}.trades.csv").read_text().splitlines()))
    theirs = sorted(
        (int(r["EntryBar"]), int(r["ExitBar"]), float(r["EntryPrice"]), float(r["ExitPrice"])) for r in rows
    )
    equity = json.loads((GOLDENS / "results.json").read_text())["results"][name]["Equity Final [$]"]
    return runs[0], ours, theirs, equity, data, float(fee)


@pytest.mark.parametrize("name", NAMES)
def test_every_trade_price_and_the_final_equity_are_theirs_but_for_what_is_explained(name):
    result, ours, theirs, equity, data, fee = played(name)
    more = 0.0
    if name in FIRST_READY:
        extra = FIRST_READY[name]
        assert ours[0] == pytest.approx(extra)
        ours = ours[1:]
        entry, leaving = extra[2:]
        more += leaving - entry - fee * (leaving + entry)
    if name in LAST_OPEN:
        their_exit, our_exit = LAST_OPEN[name]
        assert (their_exit, our_exit) == (float(data.open[-1]), float(data.close[-1]))
        assert ours[-1][:3] == pytest.approx(theirs[-1][:3])
        assert (theirs[-1][3], ours[-1][3]) == (their_exit, our_exit)
        side = 1 if result.fills[-1]["side"] < 0 else -1
        more += side * (our_exit - their_exit) - fee * (our_exit - their_exit)
        ours, theirs = ours[:-1], theirs[:-1]
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == pytest.approx(other, rel=1e-12)
    assert result.equity == pytest.approx(equity + more, rel=1e-12)

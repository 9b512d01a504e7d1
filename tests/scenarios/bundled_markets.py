"""Markets for the bundled strategies: seeded ones, and the real ones beside the checkout where there are any."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tradewind import Instrument, instrument_for
from tradewind.core.domain.market_data import Bars, Funding
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.engine.market_data import SymbolData, merge
from tradewind.core.strategy.bundled import STRATEGIES

HOUR = 3_600_000_000_000
PERPETUAL = "BTC/USDT:USDT"
OTHER = "ETH/USDT:USDT"
SPOT = "BTC/USDT"
SYMBOLS = {"pairs_zscore": (PERPETUAL, OTHER), "funding_carry": (SPOT, PERPETUAL)}
"""The symbols of the strategies that do not trade one perpetual."""
SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def symbols_of(name):
    return SYMBOLS.get(name, (PERPETUAL,))


def maker(name, **given):
    """What `run` calls for a fresh strategy."""
    return lambda: STRATEGIES[name](**given)


def seeded(symbols, bars=3_000, seed=11):
    """A synthetic hourly market, with funding where a symbol is a perpetual."""
    made = synthetic_market(SyntheticMarket(tuple(symbols), "1h", bars=bars, seed=seed, correlation=0.9))
    columns = []
    for symbol in symbols:
        candles = next(s for s in made if isinstance(s, Bars) and s.symbol == symbol)
        funding = next((s for s in made if isinstance(s, Funding) and s.symbol == symbol), None)
        columns.append(symbol_data(candles, funding))
    return columns


def symbol_data(candles, funding=None):
    paid = {} if funding is None else {"funding_time": funding.time, "funding_rate": funding.rate}
    prices = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    return SymbolData(candles.symbol, candles.time, *prices, **paid)


def market(columns):
    return merge(columns, HOUR), [instrument_for(c.symbol) for c in columns]


def spot_with_lots(symbol=SPOT):
    """Spot as venues have it: ticks, lots, a least value, and the buyer's fee in base currency."""
    return Instrument(
        symbol, "spot", Decimal("0.01"), Decimal("0.00001"), notional_min=Decimal(5), maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"), fee_in_base=True,
    )  # fmt: skip


def read(folder, file):
    """A stored table as (times, columns); skips where it is not beside this checkout."""
    path = SHARED / folder / file
    if not path.exists():
        pytest.skip("the shared market data is not beside this checkout")
    polars = pytest.importorskip("polars")
    table = polars.read_ipc(path)
    return table["date"].dt.epoch("ns").to_numpy(), {n: table[n].to_numpy().copy() for n in table.columns[1:]}


def real_spot(last=6_000):
    time, c = read("binance_spot_1h", "BTC_USDT-1h_2017-2024.feather")
    time, c = time[-last:], {name: column[-last:] for name, column in c.items()}
    return SymbolData(SPOT, time, c["open"], c["high"], c["low"], c["close"], c["volume"])


def real_perpetual(symbol=PERPETUAL):
    """Binance's hourly bars of March 2025; BTC with the funding that was paid."""
    base = symbol.split("/")[0]
    time, c = read("binance_usdm", f"{base}_USDT_USDT-1h-futures.feather")
    paid = {}
    if base == "BTC":
        due, rates = read("binance_usdm", "BTC_USDT_USDT-8h-funding_rate.feather")
        inside = (due >= time[0]) & (due < time[-1])
        paid = {"funding_time": due[inside], "funding_rate": rates["open"][inside]}
    return SymbolData(symbol, time, c["open"], c["high"], c["low"], c["close"], c["volume"], **paid)


def real(name):
    """The real market of a strategy. No spot bars cover March 2025, so the carry's spot leg gets the perpetual's."""
    if name == "pairs_zscore":
        return [real_perpetual(PERPETUAL), real_perpetual(OTHER)]
    if name == "funding_carry":
        perpetual = real_perpetual()
        c = perpetual
        return [SymbolData(SPOT, c.time, c.open, c.high, c.low, c.close, c.volume), perpetual]
    return [real_perpetual()]


def shortened(columns, until):
    """The bars and payments before `until` (ns)."""
    short = []
    for c in columns:
        n = int(np.searchsorted(c.time, until))
        paid = {}
        if c.funding_time is not None:
            due = int(np.searchsorted(c.funding_time, until))
            paid = {"funding_time": c.funding_time[:due], "funding_rate": c.funding_rate[:due]}
        prices = (getattr(c, name)[:n] for name in ("open", "high", "low", "close", "volume"))
        short.append(SymbolData(c.symbol, c.time[:n], *prices, **paid))
    return short

"""SMA cross in NautilusTrader's BacktestEngine, without logging and without its risk engine's checks.

It fills a market order at the close of the bar whose handler sent it; this market's next open is the same price. Making
its Bar objects is not counted. Engine: `run` with `run_analysis=False`. Judged: with its analysis on.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import pandas as pd
from market import DECIMALS, load
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy
from stopwatch import CASH, FAST, FEE, SLOW, answer, measure, memory_mb

VENUE = Venue("SIM")


def instrument() -> CryptoPerpetual:
    return CryptoPerpetual(
        instrument_id=InstrumentId(Symbol("BTCUSDT-PERP"), VENUE),
        raw_symbol=Symbol("BTCUSDT"),
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=DECIMALS,
        price_increment=Price(10.0**-DECIMALS, DECIMALS),
        size_precision=3,
        size_increment=Quantity.from_str("0.001"),
        margin_init=Decimal(1),
        margin_maint=Decimal("0.005"),
        maker_fee=Decimal(str(FEE)),
        taker_fee=Decimal(str(FEE)),
        ts_event=0,
        ts_init=0,
    )


class SmaCrossConfig(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType


class SmaCross(Strategy):
    def __init__(self, config: SmaCrossConfig) -> None:
        super().__init__(config)
        self.fast = SimpleMovingAverage(FAST)
        self.slow = SimpleMovingAverage(SLOW)
        self.one = Quantity(1.0, 3)
        self.above: bool | None = None
        self.held = False

    def on_start(self) -> None:
        self.register_indicator_for_bars(self.config.bar_type, self.fast)
        self.register_indicator_for_bars(self.config.bar_type, self.slow)
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar: Bar) -> None:  # noqa: ARG002  (the hook's signature)
        if not self.slow.initialized:
            return
        above, before = self.fast.value > self.slow.value, self.above
        self.above = above
        if before is None or above == before:
            return
        if above:
            self.order(OrderSide.BUY)
        elif self.held:
            self.order(OrderSide.SELL)

    def order(self, side: OrderSide) -> None:
        self.held = side == OrderSide.BUY
        self.submit_order(self.order_factory.market(self.config.instrument_id, side, self.one))

    def on_stop(self) -> None:
        self.close_all_positions(self.config.instrument_id)


def engine_of(bars: list[Bar], bar_type: BarType, traded: CryptoPerpetual, judged: bool) -> BacktestEngine:
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=judged
        )
    )
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(CASH, USDT)], default_leverage=Decimal(1))
    engine.add_instrument(traded)
    engine.add_data(bars)
    engine.add_strategy(SmaCross(SmaCrossConfig(instrument_id=traded.id, bar_type=bar_type)))
    return engine


def main(folder: str, bars: int, repeats: int) -> None:
    m = load(folder, bars)
    traded = instrument()
    bar_type = BarType.from_str(f"{traded.id}-1-MINUTE-LAST-EXTERNAL")
    frame = pd.DataFrame(
        {name: m[name] for name in ("open", "high", "low", "close", "volume")},
        index=pd.to_datetime(m["time"] + 60_000_000_000, utc=True),  # it stamps a bar with its close
    )
    prepared = BarDataWrangler(bar_type, traded).process(frame)
    before_mb = memory_mb()
    figures: dict[str, list[float]] = {"engine": [], "engine_processor": [], "judged": [], "judged_processor": []}
    trades, equity = 0, 0.0
    for judged in (False, True):
        for _ in range(repeats):
            engine = engine_of(prepared, bar_type, traded, judged)
            wall, processor, _ = measure(1, engine.run)
            figures["judged" if judged else "engine"] += wall
            figures["judged_processor" if judged else "engine_processor"] += processor
            trades = count_trades(engine)
            equity = float(engine.cache.account_for_venue(VENUE).balance_total(USDT).as_double())
            engine.dispose()
    answer(**figures, trades=trades, equity=equity, before_mb=before_mb)


def count_trades(engine: BacktestEngine) -> int:
    """Round trips: filled orders come in pairs of one entry and one exit."""
    filled: list[Any] = [order for order in engine.cache.orders() if order.filled_qty > 0]
    return len(filled) // 2


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

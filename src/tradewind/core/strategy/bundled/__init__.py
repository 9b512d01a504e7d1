"""The bundled strategies: one file each, named as on the command line."""

from tradewind.core.strategy.bundled.bollinger_breakout import BollingerBreakout
from tradewind.core.strategy.bundled.bollinger_reversion import BollingerReversion
from tradewind.core.strategy.bundled.dca import Dca
from tradewind.core.strategy.bundled.donchian_breakout import DonchianBreakout
from tradewind.core.strategy.bundled.ema_triple import EmaTriple
from tradewind.core.strategy.bundled.funding_carry import FundingCarry
from tradewind.core.strategy.bundled.grid import Grid
from tradewind.core.strategy.bundled.liquidity_sweep import LiquiditySweep
from tradewind.core.strategy.bundled.macd_trend import MacdTrend
from tradewind.core.strategy.bundled.order_block_retest import OrderBlockRetest
from tradewind.core.strategy.bundled.pairs_zscore import PairsZScore
from tradewind.core.strategy.bundled.rsi_mean_reversion import RsiMeanReversion
from tradewind.core.strategy.bundled.sma_cross import SmaCross
from tradewind.core.strategy.bundled.stochastic_momentum import StochasticMomentum
from tradewind.core.strategy.bundled.supertrend_follower import SupertrendFollower
from tradewind.core.strategy.strategy import Strategy

STRATEGIES: dict[str, type[Strategy]] = {
    strategy.__module__.rpartition(".")[2]: strategy
    for strategy in (
        SmaCross,
        EmaTriple,
        MacdTrend,
        SupertrendFollower,
        DonchianBreakout,
        BollingerBreakout,
        BollingerReversion,
        RsiMeanReversion,
        StochasticMomentum,
        OrderBlockRetest,
        LiquiditySweep,
        Grid,
        Dca,
        PairsZScore,
        FundingCarry,
    )
}
"""Every bundled strategy by its name, such as `sma_cross`; trend, then reversion, smart money, the others."""

__all__ = [
    "STRATEGIES",
    "BollingerBreakout",
    "BollingerReversion",
    "Dca",
    "DonchianBreakout",
    "EmaTriple",
    "FundingCarry",
    "Grid",
    "LiquiditySweep",
    "MacdTrend",
    "OrderBlockRetest",
    "PairsZScore",
    "RsiMeanReversion",
    "SmaCross",
    "StochasticMomentum",
    "SupertrendFollower",
]

"""Streaming indicators: one small class each, told one bar at a time."""

from tradewind.core.indicators.averages import EMA, SMA, VWMA, WMA
from tradewind.core.indicators.faster_averages import DEMA, HMA, KAMA, TEMA
from tradewind.core.indicators.ichimoku import Ichimoku
from tradewind.core.indicators.indicator import Indicator, ring
from tradewind.core.indicators.levels import Donchian, Highest, Lowest
from tradewind.core.indicators.oscillators import CCI, ROC, RSI, Stochastic, StochasticRSI, WilliamsR
from tradewind.core.indicators.pivots import PivotPoints
from tradewind.core.indicators.reversals import PSAR, Supertrend
from tradewind.core.indicators.smart_money import (
    DealingRange,
    FairValueGaps,
    Liquidity,
    MarketStructure,
    OrderBlocks,
    PreviousHighLow,
    Retracements,
    Session,
    SessionProfile,
    Swings,
    VolumeProfile,
)
from tradewind.core.indicators.statistics import LinearRegressionSlope, StandardDeviation, ZScore
from tradewind.core.indicators.trend import ADX, MACD, Aroon
from tradewind.core.indicators.volatility import ATR, BollingerBands, Keltner, TrueRange
from tradewind.core.indicators.volume import MFI, OBV, AccumulationDistribution, VolumeSMA
from tradewind.core.indicators.vwap import VWAP, AnchoredVWAP

__all__ = [
    "ADX",
    "ATR",
    "CCI",
    "DEMA",
    "EMA",
    "HMA",
    "KAMA",
    "MACD",
    "MFI",
    "OBV",
    "PSAR",
    "ROC",
    "RSI",
    "SMA",
    "TEMA",
    "VWAP",
    "VWMA",
    "WMA",
    "AccumulationDistribution",
    "AnchoredVWAP",
    "Aroon",
    "BollingerBands",
    "DealingRange",
    "Donchian",
    "FairValueGaps",
    "Highest",
    "Ichimoku",
    "Indicator",
    "Keltner",
    "LinearRegressionSlope",
    "Liquidity",
    "Lowest",
    "MarketStructure",
    "OrderBlocks",
    "PivotPoints",
    "PreviousHighLow",
    "Retracements",
    "Session",
    "SessionProfile",
    "StandardDeviation",
    "Stochastic",
    "StochasticRSI",
    "Supertrend",
    "Swings",
    "TrueRange",
    "VolumeProfile",
    "VolumeSMA",
    "WilliamsR",
    "ZScore",
    "ring",
]

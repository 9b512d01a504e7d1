"""Tradewind: trading strategies as plain Python classes, backtested honestly.

    from tradewind import Strategy, param, SMA

What stands here is what strategies and notebooks need; everything else is imported from where it lives. A name is
loaded when it is first used, so `import tradewind` costs next to nothing and a strategy loads neither numba nor NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME: dict[str, str] = {
    "Strategy": "tradewind.core.strategy.strategy",
    "param": "tradewind.core.strategy.parameters",
    "Feed": "tradewind.core.strategy.feed",
    **dict.fromkeys(("GTC", "IOC", "FOK", "GTD"), "tradewind.core.engine.constants"),
    **dict.fromkeys(("FillReason", "OrderKind", "OrderState", "Reason", "TimeInForce"), "tradewind.core.domain.orders"),
    **dict.fromkeys(("Bar", "Fill", "OrderUpdate", "Position"), "tradewind.core.engine.state"),
    **dict.fromkeys(("Bars", "Funding", "MarkPrices"), "tradewind.core.domain.market_data"),
    **dict.fromkeys(("Instrument", "instrument_for"), "tradewind.core.domain.instruments"),
    **dict.fromkeys(("BadInput", "StrategyFailed", "TradewindError"), "tradewind.core.domain.errors"),
    "MarketRules": "tradewind.core.engine.rules",
    **dict.fromkeys(("SyntheticMarket", "synthetic_market"), "tradewind.core.domain.synthetic"),
    **dict.fromkeys(("Backtest", "Market", "backtest"), "tradewind.research.backtest"),
    **dict.fromkeys(("CrossValidated", "cross_validate"), "tradewind.research.cross_validated"),
    **dict.fromkeys(("MonteCarlo", "monte_carlo"), "tradewind.research.monte_carlo"),
    **dict.fromkeys(("Allocation", "Portfolio", "Sleeve", "portfolio"), "tradewind.research.portfolio"),
    "WalkForward": "tradewind.research.walk_forward_result",
    "walk_forward": "tradewind.research.walk_forward",
    "Validation": "tradewind.research.validation",
    "validate": "tradewind.research.validate",
    **dict.fromkeys(("bars_from", "to_pandas"), "tradewind.research.frames"),
    "recursive": "tradewind.research.recursive",
    "optimise": "tradewind.research.optimise",
    "lookahead": "tradewind.research.lookahead",
    **dict.fromkeys(("counted", "read_order_book", "resumable"), "tradewind.bootstrap"),
    **dict.fromkeys(("SyntheticBook", "synthetic_book"), "tradewind.core.domain.synthetic_book"),
    "BookRules": "tradewind.core.engine.books.rules",
    **dict.fromkeys(("BookBacktest", "book_backtest"), "tradewind.research.book_backtest"),
}
"""Where each public name lives, if it is not an indicator."""

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tradewind.core.domain.errors import BadInput, StrategyFailed, TradewindError
    from tradewind.core.domain.instruments import Instrument, instrument_for
    from tradewind.core.domain.market_data import Bars, Funding, MarkPrices
    from tradewind.core.domain.orders import FillReason, OrderKind, OrderState, Reason, TimeInForce
    from tradewind.core.domain.recording import Recording
    from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
    from tradewind.core.domain.synthetic_book import SyntheticBook, synthetic_book
    from tradewind.core.engine.books.rules import BookRules
    from tradewind.core.engine.constants import FOK, GTC, GTD, IOC
    from tradewind.core.engine.rules import MarketRules
    from tradewind.core.engine.state import Bar, Fill, OrderUpdate, Position
    from tradewind.core.indicators import (
        ADX,
        ATR,
        CCI,
        DEMA,
        EMA,
        HMA,
        KAMA,
        MACD,
        MFI,
        OBV,
        PSAR,
        ROC,
        RSI,
        SMA,
        TEMA,
        VWAP,
        VWMA,
        WMA,
        AccumulationDistribution,
        AnchoredVWAP,
        Aroon,
        BollingerBands,
        DealingRange,
        Donchian,
        FairValueGaps,
        Highest,
        Ichimoku,
        Indicator,
        Keltner,
        LinearRegressionSlope,
        Liquidity,
        Lowest,
        MarketStructure,
        OrderBlocks,
        PivotPoints,
        PreviousHighLow,
        Retracements,
        Session,
        SessionProfile,
        StandardDeviation,
        Stochastic,
        StochasticRSI,
        Supertrend,
        Swings,
        TrueRange,
        VolumeProfile,
        VolumeSMA,
        WilliamsR,
        ZScore,
        ring,
    )
    from tradewind.core.strategy.feed import Feed
    from tradewind.core.strategy.parameters import param
    from tradewind.core.strategy.strategy import Strategy
    from tradewind.research.backtest import Backtest, Market, backtest
    from tradewind.research.book_backtest import BookBacktest, book_backtest
    from tradewind.research.counting import Counting
    from tradewind.research.cross_validated import CrossValidated, cross_validate
    from tradewind.research.frames import bars_from, to_pandas
    from tradewind.research.lookahead import lookahead
    from tradewind.research.monte_carlo import MonteCarlo, monte_carlo
    from tradewind.research.optimise import optimise
    from tradewind.research.portfolio import Allocation, Portfolio, Sleeve, portfolio
    from tradewind.research.recursive import recursive
    from tradewind.research.validate import validate
    from tradewind.research.validation import Validation
    from tradewind.research.walk_forward import walk_forward
    from tradewind.research.walk_forward_result import WalkForward

    # Not imported from where it lives: rooms may import this package, and none may reach bootstrap through it.
    def counted(*, seed: int | None = None) -> AbstractContextManager[Counting]:
        """See `bootstrap.counted`."""

    def read_order_book(path: str | Path) -> Recording:
        """See `bootstrap.read_order_book`."""

    def resumable(*, fresh: bool = False) -> AbstractContextManager[None]:
        """See `bootstrap.resumable`."""


__all__ = [
    "ADX",
    "ATR",
    "CCI",
    "DEMA",
    "EMA",
    "FOK",
    "GTC",
    "GTD",
    "HMA",
    "IOC",
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
    "Allocation",
    "AnchoredVWAP",
    "Aroon",
    "Backtest",
    "BadInput",
    "Bar",
    "Bars",
    "BollingerBands",
    "BookBacktest",
    "BookRules",
    "CrossValidated",
    "DealingRange",
    "Donchian",
    "FairValueGaps",
    "Feed",
    "Fill",
    "FillReason",
    "Funding",
    "Highest",
    "Ichimoku",
    "Indicator",
    "Instrument",
    "Keltner",
    "LinearRegressionSlope",
    "Liquidity",
    "Lowest",
    "MarkPrices",
    "Market",
    "MarketRules",
    "MarketStructure",
    "MonteCarlo",
    "OrderBlocks",
    "OrderKind",
    "OrderState",
    "OrderUpdate",
    "PivotPoints",
    "Portfolio",
    "Position",
    "PreviousHighLow",
    "Reason",
    "Retracements",
    "Session",
    "SessionProfile",
    "Sleeve",
    "StandardDeviation",
    "Stochastic",
    "StochasticRSI",
    "Strategy",
    "StrategyFailed",
    "Supertrend",
    "Swings",
    "SyntheticBook",
    "SyntheticMarket",
    "TimeInForce",
    "TradewindError",
    "TrueRange",
    "Validation",
    "VolumeProfile",
    "VolumeSMA",
    "WalkForward",
    "WilliamsR",
    "ZScore",
    "__version__",
    "backtest",
    "bars_from",
    "book_backtest",
    "counted",
    "cross_validate",
    "instrument_for",
    "lookahead",
    "monte_carlo",
    "optimise",
    "param",
    "portfolio",
    "read_order_book",
    "recursive",
    "resumable",
    "ring",
    "synthetic_book",
    "synthetic_market",
    "to_pandas",
    "validate",
    "walk_forward",
]


def __getattr__(name: str) -> Any:
    """Load a public name from where it lives (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'tradewind' has no attribute {name!r}")
    value = getattr(import_module(_HOME.get(name, "tradewind.core.indicators")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""What a backtest refuses before its first bar."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tradewind.core.domain.data_quality import Severity, check
from tradewind.core.domain.errors import BadInput, StrategyFailed, TradewindError
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.market_data import Bars
from tradewind.core.strategy.strategy import Strategy


def plain_functions(strategy: type[Strategy]) -> None:
    """A hook that is a coroutine or a generator would be called and never run."""
    for name, hook in inspect.getmembers(strategy, inspect.isfunction):
        if name.startswith("on_") or name == "setup":
            found = "a coroutine" if inspect.iscoroutinefunction(hook) else "a generator"
            if found == "a coroutine" or inspect.isgeneratorfunction(hook) or inspect.isasyncgenfunction(hook):
                raise StrategyFailed(
                    f"{name} is {found}, which nothing would run",
                    where=strategy.__name__,
                    fix=f"Write a plain def {name}, without async and yield",
                )


def made(strategy: type[Strategy], parameters: Mapping[str, Any]) -> Strategy:
    """A fresh strategy with these parameters. Raises StrategyFailed where its class will not be made."""
    try:
        return strategy(**parameters)
    except TradewindError:
        raise
    except Exception as error:
        raise StrategyFailed(
            f"{strategy.__name__} cannot be made: {type(error).__name__}: {error}",
            where=strategy.__name__,
            fix="Leave __init__ out: parameters are declared with param(), the rest belongs into setup()",
        ) from error


def share_time(bars: Sequence[Bars]) -> None:
    """Symbols that are never open together are no run of several symbols."""
    if any(len(b) == 0 for b in bars):
        return
    late = max(bars, key=lambda b: int(b.time[0]))
    early = min(bars, key=lambda b: int(b.time[-1]))
    if late.time[0] > early.time[-1]:
        raise BadInput(
            f"{early.symbol} ends at {instant_text(int(early.time[-1]))}, before {late.symbol} begins at "
            f"{instant_text(int(late.time[0]))}",
            where=", ".join(b.symbol for b in bars),
            fix="Bring data of the same time for all symbols",
        )


def sound_prices(bars: Bars) -> None:
    """Bars that a program made itself have passed no import: refuse what is no market, such as NaN or a price of zero.

    Only extremes are looked at, a few milliseconds for a million bars, until something is found.
    """
    if len(bars) == 0:
        return
    prices = (bars.open, bars.high, bars.low, bars.close)
    sound = all(column.min() > 0.0 and column.max() < np.inf for column in prices)
    if sound and bars.volume.min() >= 0.0 and bars.volume.max() < np.inf:
        return
    for finding in check(bars).of(Severity.ERROR):
        place = finding.places[0]
        raise BadInput(
            f"{finding.meaning}: {finding.count:,} times, first row {place.row} ({instant_text(place.time_ns)}): "
            f"{place.what}",
            where=f"bars of {bars.symbol}",
            fix="Correct or drop these rows first",
        )

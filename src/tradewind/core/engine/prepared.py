"""What a strategy's `prepare` makes of a symbol's whole history: columns of one value a bar.

This is the one place where a strategy is shown bars that have not closed yet. Nothing here can see whether it peeks:
`research.lookahead` finds that out by showing it less.
"""

from __future__ import annotations

import keyword
from typing import Any

import numpy as np

from tradewind.core.domain.errors import StrategyFailed, TradewindError
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.timeframes import timeframe_name
from tradewind.core.engine.market_data import PRICES, MarketData
from tradewind.core.engine.places import place_in
from tradewind.core.strategy.column import Column
from tradewind.core.strategy.strategy import Strategy

Array = np.ndarray[Any, Any]
Columns = dict[str, Array]
"""A column's values by its name, one for each row of the run's merged bars."""


def prepares(strategy: type[Strategy]) -> bool:
    """Whether the class has a `prepare` of its own."""
    return strategy.prepare is not Strategy.prepare


def prepared(strategy: Strategy, data: MarketData) -> Columns:
    """Call `prepare` for each symbol. Raises StrategyFailed naming the column for what is not one number a bar."""
    owner = type(strategy)
    if not prepares(owner):
        return {}
    merged: Columns = {}
    for i, symbol in enumerate(data.symbols):
        rows = np.flatnonzero(data.symbol == i)
        given = _given(strategy, _bars(data, symbol, rows), owner.__name__)
        if i > 0 and given.keys() != merged.keys():
            raise StrategyFailed(
                f"prepare gives {', '.join(given) or 'no column'} for {symbol}, and {', '.join(merged) or 'none'} for "
                f"{data.symbols[0]}",
                where=owner.__name__,
                fix="Return the same names for every symbol, of NaN where there is nothing to say",
            )
        for name, values in given.items():
            whole = merged.setdefault(name, np.full(len(data), np.nan))
            whole[rows] = _numbers(values, name, len(rows), f"{owner.__name__}, prepare")
    return merged


def give_columns(strategy: Strategy, names: list[str], symbols: int) -> dict[str, Any]:
    """Make the attributes by which `on_bar` reads the columns: a Column, with several symbols a list with one each."""
    made: dict[str, Any] = {}
    for name in names:
        _refuse_name(name, strategy)
        made[name] = Column() if symbols == 1 else [Column() for _ in range(symbols)]
        setattr(strategy, name, made[name])
    return made


def still_given(strategy: Strategy, made: dict[str, Any]) -> None:
    """Raise StrategyFailed where `setup` has put something else under a column's name."""
    for name, column in made.items():
        if vars(strategy).get(name) is not column:
            raise StrategyFailed(
                f"setup gives self.{name} another value, and it is a column of prepare",
                where=type(strategy).__name__,
                fix="Call one of them something else",
            )


def _bars(data: MarketData, symbol: str, rows: Array) -> Bars:
    """One symbol's bars, copied: a strategy may do with them what it likes."""
    columns = {name: getattr(data, name)[rows] for name in PRICES}
    return Bars(symbol, timeframe_name(data.step), data.time[rows], **columns)


def _given(strategy: Strategy, bars: Bars, owner: str) -> dict[str, Any]:
    try:
        given = strategy.prepare(bars)
        items = dict(given.items()) if hasattr(given, "items") else None
    except TradewindError:
        raise
    except (Exception, SystemExit) as error:
        raise StrategyFailed(f"prepare raised {type(error).__name__}: {error}", where=place_in(error, owner)) from error
    if items is None:
        raise StrategyFailed(
            f"prepare must return columns by their names, found {type(given).__name__}",
            where=owner,
            fix="Return a dict: return {'trend': values}",
        )
    return items


def _refuse_name(name: Any, strategy: Strategy) -> None:
    owner = type(strategy)
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise StrategyFailed(
            f"{name!r} cannot be a column's name", where=f"{owner.__name__}, prepare", fix="Use a name such as trend"
        )
    taken = "a parameter" if name in owner.parameters else "an attribute" if name in vars(strategy) else ""
    if not taken and hasattr(owner, name):
        taken = "a method or attribute of the class"
    if taken:
        raise StrategyFailed(
            f"the column {name!r} has the name of {taken}",
            where=f"{owner.__name__}, prepare",
            fix=f"Call it something else, such as {name}_column",
        )


def _numbers(values: Any, name: str, rows: int, where: str) -> Array:
    array = np.asarray(values)
    if array.ndim != 1:
        raise StrategyFailed(
            f"the column {name!r} must be one-dimensional, found shape {array.shape}",
            where=where,
            fix="Return each of its columns under a name of its own",
        )
    if len(array) != rows:
        raise StrategyFailed(
            f"the column {name!r} has {len(array):,} values for {rows:,} bars",
            where=where,
            fix="Return one value a bar, NaN where there is none: in pandas keep the index, without dropna()",
        )
    problem: Exception | str = f"{array.dtype} is no kind of number"
    if array.dtype.kind in "biuf" or (array.dtype.kind == "O" and not any(isinstance(v, str) for v in array)):
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError) as found:
            problem = found
    raise StrategyFailed(
        f"the column {name!r} holds what is no number: {problem}",
        where=where,
        fix="Make it numbers first, NaN where there is none: series.astype(float)",
    )

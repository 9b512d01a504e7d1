"""Numbers in whatever holds them (lists, dicts, arrays, frames): taken out, and put back changed from some row on."""

from __future__ import annotations

import copy
import functools
from array import ArrayType
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from tradewind.core.domain.market_data import Series
from tradewind.core.engine.market_data import PRICES, MarketData
from tradewind.research.frames import TIME_NAMES
from tradewind.research.outside_state import is_own_object
from tradewind.research.predicts import goes_with

Array = np.ndarray[Any, Any]
LENGTH_MIN = 20
"""Fewer numbers are settings."""
ITEMS_MAX = 64
"""So many lists in a list are looked into."""
DEEP = 3
"""How many holders deep numbers are looked for: a dict of a dict of an object of one's own."""
SEQUENCES = (list, tuple, deque, ArrayType)
ROWS = (list, tuple, dict)
HELD_MIN = 0.2
"""The share of the later closes that must be among its numbers for them to be this market's."""
MOSTLY = 0.6
UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
"""Nanoseconds, microseconds, milliseconds, seconds: what whole numbers that are times may count."""


def number_lists(value: Any, deep: int = DEEP) -> Iterator[Array]:
    """Every sequence of at least LENGTH_MIN numbers in a value, as float64; times are left out."""
    kind = type(value).__module__.partition(".")[0]
    if isinstance(value, Series):
        yield from (c for name, c in value.columns().items() if name != "time" and len(c) >= LENGTH_MIN)
    elif isinstance(value, np.ndarray) or kind in {"pandas", "polars"}:
        columns = [value[name] for name in value.columns] if hasattr(value, "columns") else [value]
        for array in map(np.asarray, columns):
            if array.dtype.kind in "biuf" and array.ndim in (1, 2) and len(array) >= LENGTH_MIN:
                yield from array.astype(np.float64).reshape(len(array), -1).T
    elif isinstance(value, (*SEQUENCES, dict)):
        items = list(value.values() if isinstance(value, dict) else value)
        if _all_numbers(items):
            yield np.array(items, np.float64)
        elif table := _columns(items):
            yield from (np.array(column, np.float64) for column in table.values())
        elif deep and (isinstance(value, dict) or len(items) <= ITEMS_MAX):
            yield from (numbers for inner in items for numbers in number_lists(inner, deep - 1))
    elif isinstance(value, functools.partial):
        yield from number_lists([*value.args, *value.keywords.values()], deep)
    elif deep and is_own_object(value):
        yield from (numbers for inner in vars(value).values() for numbers in number_lists(inner, deep - 1))


def _all_numbers(items: Any) -> bool:
    return len(items) >= LENGTH_MIN and all(isinstance(v, bool | int | float | np.number) for v in items)


def _columns(items: list[Any]) -> dict[Any, list[Any]]:
    """The columns of numbers in a table that is a list of rows, by their place or name; rising whole numbers are times.

    Rows are tuples, lists or dicts, all of one kind and one shape, as `csv` and `json` give them.
    """
    if len(items) < LENGTH_MIN or not isinstance(items[0], ROWS):
        return {}
    names = list(_names(items[0]))
    if not names or len(names) > ITEMS_MAX:
        return {}
    if any(type(row) is not type(items[0]) or list(_names(row)) != names for row in items):
        return {}
    columns = {name: [row[name] for row in items] for name in names}
    return {name: column for name, column in columns.items() if _all_numbers(column) and not _count_up(column)}


def _names(row: Any) -> Any:
    return row if isinstance(row, dict) else range(len(row))


def _count_up(column: list[Any]) -> bool:
    return all(type(v) is int for v in column) and all(a < b for a, b in pairwise(column))


def with_numbers(value: Any, change: Callable[[Array], Array], deep: int = DEEP) -> Any:
    """A copy of the value in which each of its `number_lists` is what `change` makes of it."""
    kind = type(value).__module__.split(".")[0]
    if isinstance(value, Series):
        changed = {n: change(c) for n, c in value.columns().items() if n != "time"}
        return replace(value, **changed)  # type: ignore[type-var]
    if kind == "pandas":
        return _pandas(value, change)
    if kind == "polars":
        return _polars(value, change)
    if isinstance(value, np.ndarray):
        return _array(value, change)
    if isinstance(value, dict):
        changed_items = _items(list(value.values()), change, deep, any_number=True)
        return dict(zip(value, changed_items, strict=True))
    if isinstance(value, functools.partial):
        arguments = with_numbers([*value.args, *value.keywords.values()], change, deep)
        named = dict(zip(value.keywords, arguments[len(value.args) :], strict=True))
        return functools.partial(value.func, *arguments[: len(value.args)], **named)
    if deep and is_own_object(value):
        changed_object = copy.copy(value)
        vars(changed_object).update({k: with_numbers(v, change, deep - 1) for k, v in vars(value).items()})
        return changed_object
    if isinstance(value, SEQUENCES) and type(value) in KINDS:
        return KINDS[type(value)](value, _items(list(value), change, deep))
    return value


KINDS: dict[type, Callable[[Any, list[Any]], Any]] = {
    list: lambda _, items: items,
    tuple: lambda _, items: tuple(items),
    deque: lambda old, items: deque(items, old.maxlen),
    ArrayType: lambda old, items: ArrayType(old.typecode, items),
}
"""How a sequence is made again of other items."""


def _items(items: list[Any], change: Callable[[Array], Array], deep: int, *, any_number: bool = False) -> list[Any]:
    if _all_numbers(items):
        return _like(items, change)
    if columns := _columns(items):
        rows = [dict(row) if isinstance(row, dict) else list(row) for row in items]
        for name, column in columns.items():
            for row, number in zip(rows, _like(column, change), strict=True):
                row[name] = number
        return [_row_like(old, new) for old, new in zip(items, rows, strict=True)]
    if deep and (any_number or len(items) <= ITEMS_MAX):
        return [with_numbers(v, change, deep - 1) for v in items]
    return items


def _row_like(old: Any, new: Any) -> Any:
    if isinstance(old, tuple):
        return old._make(new) if hasattr(old, "_make") else tuple(new)
    return new


def _array(value: Array, change: Callable[[Array], Array]) -> Array:
    if not any(True for _ in number_lists(value)):
        return value
    rows = value.astype(np.float64).reshape(len(value), -1)
    return np.stack([change(c) for c in rows.T], axis=1).reshape(value.shape).astype(value.dtype)


def _like(items: Any, change: Callable[[Array], Array]) -> list[Any]:
    """Changed numbers as the kind each was."""
    return [type(old)(new) for old, new in zip(items, change(np.array(items, np.float64)).tolist(), strict=True)]


def _pandas(value: Any, change: Callable[[Array], Array]) -> Any:
    if hasattr(value, "columns"):
        changed = value.copy()
        for name in value.columns:
            changed[name] = _pandas(value[name], change)
        return changed
    if not hasattr(value, "index") or not any(True for _ in number_lists(value)):
        return value
    return type(value)(change(value.to_numpy(np.float64)).astype(value.dtype), index=value.index, name=value.name)


def _polars(value: Any, change: Callable[[Array], Array]) -> Any:
    if hasattr(value, "columns"):
        return value.with_columns([_polars(value[name], change) for name in value.columns])
    if not any(True for _ in number_lists(value)):
        return value
    return type(value)(value.name, change(value.to_numpy().astype(np.float64))).cast(value.dtype)


def later_row(value: Any, data: MarketData, row: int) -> tuple[int, bool] | None:
    """From which of its rows on a value is about the market after `row`; and whether it holds this market's prices.

    Told by its times, by prices that no earlier bar had, or by one number for each bar that goes with the market, as
    chance drawn beforehand does not. None where by none.
    """
    start = _by_prices(value, data, row)
    if start is not None:
        return start, True
    at = int(data.time[row]) if row < len(data) else int(data.time[-1]) + data.step
    times = _times(value, int(data.time[0]))
    if times is not None and len(times) >= LENGTH_MIN and (np.diff(times) > 0).all():
        return int(np.searchsorted(times, at)), False
    for symbol in range(len(data.symbols)):
        mine = np.flatnonzero(data.symbol == symbol)
        close = data.close[mine]
        if any(abs(len(numbers) - len(mine)) <= 1 and goes_with(numbers, close) for numbers in number_lists(value)):
            return int(np.searchsorted(mine, row)), False
    return None


def _by_prices(value: Any, data: MarketData, row: int) -> int | None:
    known = np.unique(np.concatenate([getattr(data, name)[:row] for name in PRICES[:4]]))
    later = np.setdiff1d(np.concatenate([getattr(data, name)[row:] for name in PRICES[:4]]), known)
    closes = np.setdiff1d(data.close[row:], known)
    starts = []
    for numbers in number_lists(value):
        ours = np.isin(numbers, later)
        if len(np.unique(numbers[ours])) < 3:
            continue
        start = int(np.flatnonzero(ours)[0])
        # All of this market's closes, or of fewer numbers (a day's high each) mostly such prices.
        if ours.sum() >= HELD_MIN * len(closes) / len(data.symbols) or ours[start:].mean() >= MOSTLY:
            starts.append(start)
    return min(starts) if starts else None


def _times(value: Any, first_ns: int) -> Array | None:
    """The times that stand beside its numbers, in nanoseconds: a frame's index, a dict's keys, a series' own."""
    if isinstance(value, Series):
        return value.time
    named = next((name for name in getattr(value, "columns", ()) if str(name).lower() in TIME_NAMES), None)
    index: Any = value[named] if named is not None else list(value) if isinstance(value, dict) else None
    if index is None:
        index = getattr(value, "index", None)
    if index is None or callable(index) or len(index) < LENGTH_MIN:
        return None
    if getattr(index, "tz", None) is not None:
        index = index.tz_convert("UTC").tz_localize(None)
    array = np.asarray(index)
    if array.dtype.kind == "M":
        return array.astype("datetime64[ns]").astype(np.int64)
    if array.dtype.kind in "iu":
        for unit in UNITS:
            if abs(int(array[0]) * unit - first_ns) < 20 * 365 * 86_400 * 10**9 and int(array[0]) * unit > 10**17:
                return array.astype(np.int64) * unit
    return None


def turned_from(row: int) -> Callable[[Array], Array]:
    """A change: from `row` on each number goes to the other end of the range of them all."""

    def change(numbers: Array) -> Array:
        finite = numbers[np.isfinite(numbers)]
        changed = numbers.copy()
        if len(finite):
            changed[row:] = finite.max() + finite.min() - numbers[row:]
        return changed

    return change

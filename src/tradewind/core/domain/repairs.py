"""Repairs of dirty rows, done only when someone asks for them by name, and counted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Kind, Times, Values


@dataclass(frozen=True)
class Rows:
    """Raw columns of one kind of data."""

    kind: Kind
    time: Times
    values: dict[str, Values]

    def pick(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Rows:
        """The rows that a mask or positions name."""
        return Rows(self.kind, self.time[which], {name: column[which] for name, column in self.values.items()})


def drop_rows(rows: Rows) -> Rows:
    """Without rows that hold a NaN, an infinity, a price of zero or less, or a negative volume."""
    good = np.ones(len(rows.time), dtype=bool)
    with np.errstate(invalid="ignore"):
        for name, column in rows.values.items():
            good &= np.isfinite(column)
            if name == "volume":
                good &= column >= 0
            elif name != "rate":
                good &= column > 0
    return rows.pick(good)


def sort_rows(rows: Rows) -> Rows:
    """In order of time; rows of equal time keep their order."""
    return rows.pick(np.argsort(rows.time, kind="stable"))


def drop_duplicates(rows: Rows) -> Rows:
    """Without rows that repeat an earlier row, time and values alike."""
    order = np.lexsort([*rows.values.values(), rows.time])
    same = rows.time[order][1:] == rows.time[order][:-1]
    for column in rows.values.values():
        same &= column[order][1:] == column[order][:-1]
    # lexsort is stable, so the first of equal rows is the one that stands first in the file
    return rows.pick(np.sort(order[np.concatenate([np.ones(min(len(order), 1), dtype=bool), ~same])]))


def keep_last(rows: Rows) -> Rows:
    """Of rows with equal times only the one that stands last."""
    _, from_the_end = np.unique(rows.time[::-1], return_index=True)
    return rows.pick(np.sort(len(rows.time) - 1 - from_the_end))


def widen_ohlc(rows: Rows) -> Rows:
    """Candles whose high and low are stretched until they hold open and close."""
    if rows.kind is not Kind.CANDLES:
        return rows
    names = ("open", "high", "low", "close")
    prices = np.stack([rows.values[name] for name in names])
    values = {**rows.values, "high": prices.max(axis=0), "low": prices.min(axis=0)}
    return Rows(rows.kind, rows.time, values)


REPAIRS: dict[str, Callable[[Rows], Rows]] = {
    "drop-rows": drop_rows,
    "sort": sort_rows,
    "drop-duplicates": drop_duplicates,
    "keep-last": keep_last,
    "widen-ohlc": widen_ohlc,
}
"""In the order in which they are done."""


def repaired(rows: Rows, names: Collection[str]) -> tuple[Rows, tuple[str, ...]]:
    """The rows after the named repairs, and in words what each one changed. Raises BadInput for unknown names."""
    for name in names:
        if name not in REPAIRS:
            raise BadInput(f"unknown repair {name!r}", fix=f"Repairs are {', '.join(REPAIRS)}")
    said = []
    for name, repair in REPAIRS.items():
        if name in names:
            before, rows = rows, repair(rows)
            said.append(f"repair {name}: {_difference(before, rows)}")
    return rows, tuple(said)


def _difference(before: Rows, after: Rows) -> str:
    if len(after.time) != len(before.time):
        return f"{len(before.time) - len(after.time)} rows dropped"
    changed = before.time != after.time
    for name, column in after.values.items():
        changed |= ~((before.values[name] == column) | (np.isnan(before.values[name]) & np.isnan(column)))
    return f"{int(changed.sum())} rows changed"

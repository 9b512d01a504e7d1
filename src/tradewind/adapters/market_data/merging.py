"""Bringing new rows to rows already stored."""

from __future__ import annotations

import numpy as np

from tradewind.core.domain.data_sets import AnySeries, key_of
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.market_data import series_of
from tradewind.ports.market_data import WriteMode


def merged(old: AnySeries, new: AnySeries, mode: WriteMode) -> AnySeries:
    """The rows of both. Times in both must carry equal values, unless the mode lets the new rows win."""
    if mode is WriteMode.REPLACE or len(old) == 0:
        return new
    _, old_rows, new_rows = np.intersect1d(old.time, new.time, assume_unique=True, return_indices=True)
    if mode is WriteMode.MERGE:
        _refuse_disagreement(old, new, old_rows, new_rows)
    kept = np.ones(len(old), dtype=bool)
    kept[old_rows] = False
    order = np.argsort(np.concatenate([old.time[kept], new.time]), kind="stable")
    before, after = old.columns(), new.columns()
    columns = {name: np.concatenate([before[name][kept], after[name]])[order] for name in after}
    return series_of(new.KIND, new.symbol, new.timeframe, columns)


def _refuse_disagreement(old: AnySeries, new: AnySeries, old_rows: np.ndarray, new_rows: np.ndarray) -> None:
    before, after = old.columns(), new.columns()
    differs = np.zeros(len(old_rows), dtype=bool)
    for name in new.COLUMNS:
        differs |= before[name][old_rows] != after[name][new_rows]
    places = np.flatnonzero(differs)
    if not len(places):
        return
    was, now = int(old_rows[places[0]]), int(new_rows[places[0]])
    name = next(name for name in new.COLUMNS if before[name][was] != after[name][now])
    raise BadInput(
        f"{len(places)} of {len(old_rows)} rows that are stored already disagree with the new ones, first at "
        f"{instant_text(int(new.time[now]))}: {name} is {before[name][was]:g}, new {after[name][now]:g}",
        where=str(key_of(new)),
        fix="Let the new rows win with --replace, or keep what is stored",
    )

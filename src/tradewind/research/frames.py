"""Candles out of a notebook's frame, pandas or polars; neither is needed to import this."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.data_quality import Severity, check_columns
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.market_data import Bars, Kind
from tradewind.core.domain.timeframes import timeframe_name

TIME_NAMES = ("time", "date", "datetime", "timestamp", "open_time", "open time")
VALUES = ("open", "high", "low", "close", "volume")
NO_TIME = np.iinfo(np.int64).min


def bars_from(frame: Any, symbol: str, timeframe: str | None = None) -> Bars:
    """Candles of `symbol` from a pandas or polars frame: a row a bar, `time` when it opens.

    Columns are found by name in any case: open, high, low, close, volume, and a time column (time, date, datetime,
    timestamp, open_time) or, in pandas, the index. Times must carry their zone. Without `timeframe` the shortest step
    between two rows is taken, where every other step is a multiple of it.

    Raises BadInput naming the column or the rows for what is missing, naive, unsorted, twice there or no price.
    """
    names = {str(name).lower(): name for name in getattr(frame, "columns", ())}
    where = f"frame of {symbol}"
    missing = [name for name in VALUES if name not in names]
    if missing:
        raise BadInput(
            f"it has no column {' and no '.join(repr(name) for name in missing)}",
            where=where,
            fix=f"It has {', '.join(str(name) for name in names.values()) or 'none'}: rename or add columns",
        )
    time = _time(frame, names, where)
    values = {name: _numbers(frame[names[name]], name, where) for name in VALUES}
    if len(time) == 0:
        raise BadInput("it has no rows", where=where, fix="Give at least one bar")
    _refuse_faults(time, values, where)
    return Bars(symbol, timeframe or _step(time, where), time, **values)


def _time(frame: Any, names: dict[str, Any], where: str) -> NDArray[np.int64]:
    name = next((names[name] for name in TIME_NAMES if name in names), None)
    column: Any = frame[name] if name is not None else getattr(frame, "index", None)
    place = f"{where}, {'its index' if name is None else f'column {name!r}'}"
    polars = type(frame).__module__.startswith("polars")
    if not str(getattr(column, "dtype", "")).lower().startswith("datetime"):
        raise BadInput(
            "there is no column of times" if name is None else f"these are no times but {column.dtype}",
            where=place,
            fix="Make them: pandas.to_datetime(frame['time'], unit='ms', utc=True), with the unit that they have"
            if not polars
            else "Make them: polars.from_epoch('time', time_unit='ms').dt.replace_time_zone('UTC')",
        )
    times: Any = column.dt if hasattr(column, "dt") else column
    zone = column.dtype.time_zone if polars else times.tz
    if zone is None:
        raise BadInput(
            "these times do not say their zone",
            where=place,
            fix=f"Say it: {'.dt.replace_time_zone' if polars else '.tz_localize'}('UTC'), if UTC is what they are in",
        )
    if polars:
        nanoseconds = times.convert_time_zone("UTC").dt.epoch("ns").fill_null(NO_TIME).to_numpy()
    else:
        naive = times.tz_convert("UTC")
        naive = naive.dt.tz_localize(None) if hasattr(naive, "dt") else naive.tz_localize(None)
        nanoseconds = naive.to_numpy().astype("datetime64[ns]").astype(np.int64)
    absent = np.flatnonzero(nanoseconds == NO_TIME)
    if len(absent):
        raise BadInput(f"row {absent[0]} has no time", where=place, fix="Drop such rows first")
    return np.ascontiguousarray(nanoseconds, np.int64)


def _numbers(column: Any, name: str, where: str) -> NDArray[np.float64]:
    if getattr(column, "ndim", 1) != 1:
        raise BadInput(f"column {name!r} is there several times", where=where, fix="Choose one symbol's columns")
    try:
        return np.array(column.to_numpy(), dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise BadInput(
            f"column {name!r} holds what is no number: {problem}", where=where, fix="Make it a column of numbers first"
        ) from None


def _refuse_faults(time: NDArray[np.int64], values: dict[str, NDArray[np.float64]], where: str) -> None:
    for finding in check_columns(Kind.CANDLES, time, values).of(Severity.ERROR):
        first = finding.places[0]
        raise BadInput(
            f"{finding.count:,} x {finding.name}: {finding.meaning}; first row {first.row} "
            f"({instant_text(first.time_ns)}): {first.what}",
            where=where,
            fix="Correct or drop these rows first",
        )


def _step(time: NDArray[np.int64], where: str) -> str:
    steps = np.diff(time)
    if len(steps) == 0:
        raise BadInput("one row does not tell the timeframe", where=where, fix="Give it: timeframe='1h'")
    shortest = int(steps.min())
    if (steps % shortest).any():
        raise BadInput("its steps do not tell the timeframe", where=where, fix="Give it: timeframe='1h'")
    return timeframe_name(shortest)


def to_pandas(bars: Bars) -> Any:
    """The candles as a pandas frame: open, high, low, close, volume, and as index when each bar opens (UTC).

    Of use in a strategy's `prepare`. The frame's numbers are its own. Raises BadInput where pandas is not installed.
    """
    try:
        pandas = import_module("pandas")
    except ImportError:
        raise BadInput("pandas is not installed", fix="Install it: pip install pandas") from None
    index = pandas.DatetimeIndex(bars.time.astype("datetime64[ns]"), tz="UTC", name="time")
    return pandas.DataFrame({name: getattr(bars, name).copy() for name in VALUES}, index=index)

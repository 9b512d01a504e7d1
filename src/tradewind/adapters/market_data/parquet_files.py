"""One data set in one Parquet file: its columns, and what is known of it in the file's own metadata."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import msgspec
import numpy as np
import polars as pl

from tradewind.adapters.market_data.whole_files import write_whole
from tradewind.core.domain.data_sets import AnySeries, DataSetInfo, content_hash
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.market_data import series_of

NOTE = "tradewind"
UNREADABLE = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError)
WHAT_TO_DO = "Remove this file and import the data again"


def write_file(path: Path, series: AnySeries, info: DataSetInfo) -> None:
    """Put a series in place of whatever the file held before, in one step."""
    columns = series.columns()
    frame = pl.DataFrame({**columns, "time": pl.Series(columns["time"]).cast(pl.Datetime("ns", "UTC"))})
    note = {NOTE: msgspec.json.encode(info).decode()}

    def fill(file: IO[bytes]) -> None:
        frame.write_parquet(file, compression="zstd", metadata=note)

    write_whole(path, fill)


def read_info(path: Path) -> DataSetInfo:
    """What the file says of itself. Raises Corrupt, and FileNotFoundError where it is not there."""
    with _opened(path) as file:
        return _info(file, path)


def read_file(path: Path) -> tuple[AnySeries, DataSetInfo]:
    """Every row of the file, after comparing them with the content hash it was stored with. Raises Corrupt.

    The file is opened once: a writer may put another in its place at any moment.
    """
    with _opened(path) as file:
        info = _info(file, path)
        try:
            frame = pl.read_parquet(file)
            columns = {name: _plain(frame[name]) for name in frame.columns}
            series = series_of(info.key.kind, info.key.symbol, info.key.timeframe, columns)
        except (*UNREADABLE, TypeError, BadInput) as problem:
            raise Corrupt(f"the rows cannot be read: {_one_line(problem)}", where=str(path), fix=WHAT_TO_DO) from None
    found = content_hash(series.columns())
    if found != info.content_hash:
        raise Corrupt(
            f"the rows are not those that were stored: hash {found[:12]}, expected {info.content_hash[:12]}",
            where=str(path),
            fix=WHAT_TO_DO,
        )
    return series, info


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise Corrupt(f"the file cannot be opened: {problem.strerror}", where=str(path), fix=WHAT_TO_DO) from None


def _info(file: IO[bytes], path: Path) -> DataSetInfo:
    try:
        note = pl.read_parquet_metadata(file)[NOTE]
        file.seek(0)
        return msgspec.json.decode(note, type=DataSetInfo)
    except (*UNREADABLE, KeyError, msgspec.MsgspecError) as problem:
        raise Corrupt(f"not a data set of Tradewind: {_one_line(problem)}", where=str(path), fix=WHAT_TO_DO) from None


def _plain(column: pl.Series) -> np.ndarray:
    whole = column.cast(pl.Int64) if column.name == "time" else column.cast(pl.Float64)
    return np.array(whole.to_numpy())


def _one_line(problem: BaseException) -> str:
    return " ".join(str(problem).split())[:200] or type(problem).__name__

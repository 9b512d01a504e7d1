"""Files of other programs as raw rows: the table, its columns, its times, each choice said in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from tradewind.adapters.market_data.columns import chosen_columns, nameless_columns
from tradewind.adapters.market_data.tables import Table, format_of, read_table
from tradewind.adapters.market_data.times import Source, times_ns
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Kind, Values
from tradewind.ports.data_files import RawRows, Reading


class LocalDataFiles:
    """CSV, Parquet and Feather files on a disk."""

    def is_data(self, path: Path) -> bool:
        """Whether the name ends like that of a data file."""
        return path.is_file() and not path.name.startswith(".") and format_of(path) is not None

    def read(self, path: Path, reading: Reading) -> RawRows:
        """The rows of a file. Raises BadInput naming the file, the row and what to do."""
        table = read_table(path)
        where = str(path)
        if table.frame.height == 0:
            raise BadInput("the file holds no rows", where=where, fix="Export or download it again")
        chosen = _columns(table, reading, where)
        time, zone = _times(table, chosen, reading, where)
        values = {name: _numbers(table, chosen[name], name, where) for name in chosen if name not in ("time", "clock")}
        said = [f"columns: {', '.join(f'{ours} is {theirs!r}' for ours, theirs in chosen.items())}"]
        left = [name for name in table.frame.columns if name not in chosen.values()]
        if left and table.has_names:
            said.append(f"left alone: {', '.join(map(repr, left))}")
        if reading.kind is Kind.CANDLES and "volume" not in values:
            values["volume"] = np.zeros(len(time))
            said.append("no column of volume: it is stored as 0")
        said.append(f"times: {zone}, taken as when a bar opens")
        return RawRows(time, values, tuple(said), table.first_row)


def _columns(table: Table, reading: Reading, where: str) -> dict[str, str]:
    names = table.frame.columns
    mapped = dict(reading.columns)
    if table.has_names:
        return chosen_columns(names, reading.kind, mapped, where)
    if not mapped:
        cells = [str(cell) for cell in table.frame.row(0)]
        return {ours: names[at] for ours, at in nameless_columns(len(names), cells, where).items()}
    numbered = {str(number): name for number, name in enumerate(names, 1)}
    for ours, number in mapped.items():
        if number not in numbered:
            raise BadInput(
                f"--map {ours}={number}: the file has no header, so columns are numbers from 1 to {len(names)}",
                where=where,
                fix=f"Such as --map {ours}=1",
            )
    return chosen_columns(names, reading.kind, {ours: numbered[n] for ours, n in mapped.items()}, where)


def _times(table: Table, chosen: dict[str, str], reading: Reading, where: str) -> tuple[np.ndarray, str]:
    column = table.frame[chosen["time"]]
    if "clock" in chosen:
        column = column.cast(pl.String) + " " + table.frame[chosen["clock"]].cast(pl.String)
    return times_ns(Source(column, where, table.first_row, chosen["time"]), reading)


def _numbers(table: Table, theirs: str, ours: str, where: str) -> Values:
    column = table.frame[theirs]
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        numbers = text.cast(pl.Float64, strict=False)
        wrong = numbers.is_null() & text.is_not_null() & (text != "")
    elif column.dtype.is_numeric():
        numbers = column.cast(pl.Float64)
        wrong = pl.Series([False])
    else:
        raise BadInput(
            f"column {theirs!r} holds {column.dtype}, {ours} must be numbers",
            where=where,
            fix=f"Choose another: --map {ours}=COLUMN",
        )
    if wrong.any():
        row = int(wrong.arg_true()[0])
        raise BadInput(
            f"{int(wrong.sum())} cells of column {theirs!r} are not numbers, first row {row + table.first_row}: "
            f"{str(column[row])[:60]!r}",
            where=where,
            fix=f"Correct them, or choose another column: --map {ours}=COLUMN",
        )
    return np.array(numbers.fill_null(float("nan")).to_numpy(), dtype=np.float64)

"""Times of any spelling to nanoseconds in UTC. What a unit or a zone was taken to be is always said, or asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import polars as pl

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Times
from tradewind.ports.data_files import Reading

UNIT_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
UNIT_RANGES = {"s": (10**8, 10**10), "ms": (10**11, 10**13), "us": (10**14, 10**16), "ns": (10**17, 9 * 10**18)}
"""Between 1973 and 2255 the magnitude of an epoch tells its unit."""
OFFSET = r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M",
    "%Y.%m.%d %H:%M:%S%.f", "%Y.%m.%d %H:%M", "%Y.%m.%d",
    "%Y/%m/%d %H:%M:%S%.f", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S%.f", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%Y%m%d %H%M%S", "%Y%m%d",
)  # fmt: skip
"""Formats in which day and month cannot be mistaken for each other; 01/02/2024 needs --time-format."""
NEEDS_ZONE = "Say which zone they are in: --tz UTC (or another, such as --tz America/New_York)"


@dataclass(frozen=True)
class Source:
    """The column of times, where it comes from, and how to number its rows."""

    column: pl.Series
    where: str
    first_row: int
    name: str

    def place(self, row: int) -> str:
        """A row as people number it, with its value."""
        return f"row {row + self.first_row} ({str(self.column[row])[:60]!r})"


def times_ns(source: Source, reading: Reading) -> tuple[Times, str]:
    """Times in ns UTC, and in words what they were taken to be. Raises BadInput with the row."""
    _refuse_holes(source)
    dtype = source.column.dtype
    if dtype == pl.String and source.column.str.contains(r"^\s*-?\d+(\.\d+)?\s*$").all() and not reading.time_format:
        digits = _numbers(source.column.str.strip_chars())
        if reading.unit or not digits.is_between(19_000_000, 22_000_000).all():  # 20240131 is a date
            return _from_numbers(Source(digits, source.where, source.first_row, source.name), reading)
    if dtype.is_numeric():
        plain = source.column if dtype.is_integer() else source.column.cast(pl.Float64)
        return _from_numbers(Source(plain, source.where, source.first_row, source.name), reading)
    if dtype == pl.String:
        return _from_text(source, reading)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return _ns(source.column.dt.convert_time_zone("UTC")), _carried(dtype.time_zone, reading, source)
    if isinstance(dtype, pl.Datetime) or dtype == pl.Date:
        return _with_zone(source, source.column.cast(pl.Datetime("ns")), reading)
    raise BadInput(
        f"column {source.name!r} holds {dtype}, which is no time",
        where=source.where,
        fix="Choose another: --map time=COLUMN",
    )


def _numbers(text: pl.Series) -> pl.Series:
    """Whole numbers where all are whole: nanoseconds do not fit into a float."""
    whole = text.str.contains(r"^-?\d+(\.0*)?$").all()
    return text.str.replace(r"\.0*$", "").cast(pl.Int64, strict=False) if whole else text.cast(pl.Float64, strict=False)


def _refuse_holes(source: Source) -> None:
    empty = source.column.is_null()
    if source.column.dtype.is_float():
        empty = empty | ~source.column.is_finite().fill_null(value=False)
    if empty.any():
        row = int(empty.arg_true()[0])
        raise BadInput(
            f"{int(empty.sum())} rows have no time, first row {row + source.first_row}",
            where=source.where,
            fix="Remove them",
        )


def _from_numbers(source: Source, reading: Reading) -> tuple[Times, str]:
    _refuse_holes(source)
    numbers = source.column.to_numpy()
    unit = reading.unit
    if unit is not None and unit not in UNIT_NS:
        raise BadInput(f"unknown unit {unit!r}", where=source.where, fix="Units are s, ms, us and ns")
    if unit is None:
        unit = _unit_of(source, np.asarray(numbers))
        words = f"epoch in {unit} (by its magnitude), UTC"
    else:
        words = f"epoch in {unit} (as told), UTC"
    _refuse_zone(reading, source, "are seconds since 1970, which is UTC by definition")
    scale = UNIT_NS[unit]
    beyond = np.flatnonzero(np.abs(numbers.astype(np.float64)) * scale >= 2.0**63)
    if len(beyond):
        raise BadInput(
            f"{source.place(int(beyond[0]))} is beyond the year 2262",
            where=source.where,
            fix="Say the unit: --unit s, ms, us or ns",
        )
    if numbers.dtype.kind in "iu":
        return numbers.astype(np.int64) * scale, words
    whole = np.floor(numbers)
    fraction = np.round((numbers - whole) * min(scale, 1_000_000)) * max(scale // 1_000_000, 1)
    return whole.astype(np.int64) * scale + fraction.astype(np.int64), words


def _unit_of(source: Source, numbers: np.ndarray) -> str:
    units = {unit: (numbers >= low) & (numbers < high) for unit, (low, high) in UNIT_RANGES.items()}
    unit = next((unit for unit, fits in units.items() if fits[0]), None)
    if unit is None:
        raise BadInput(
            f"the unit of {source.place(0)} cannot be told", where=source.where, fix="Say it: --unit s, ms, us or ns"
        )
    if not units[unit].all():
        row = int(np.flatnonzero(~units[unit])[0])
        raise BadInput(
            f"times begin in {unit}, but {source.place(row)} is in another unit",
            where=source.where,
            fix="Write all of them in one unit",
        )
    return unit


def _from_text(source: Source, reading: Reading) -> tuple[Times, str]:
    text = source.column.str.strip_chars()
    offsets = text.str.extract(OFFSET)
    dated = text.str.contains(r":\d{2}|Z$|UTC$|GMT$")  # 2024-01-05 ends in what looks like an offset
    offsets = pl.select(pl.when(dated).then(offsets).otherwise(None)).to_series()
    distinct = offsets.fill_null("none").unique(maintain_order=True).to_list()
    if len(distinct) > 1:
        row = int((offsets.fill_null("none") != distinct[0]).arg_true()[0])
        raise BadInput(
            f"times are in mixed zones: row {source.first_row} has {distinct[0]}, {source.place(row)} {distinct[1]}",
            where=source.where,
            fix="Write them all in UTC first",
        )
    if distinct[0] == "none":
        return _with_zone(source, _parsed(source, text, reading), reading)
    naive = _parsed(source, text.str.replace(OFFSET, ""), reading)
    words = _carried(distinct[0], reading, source)
    return _ns(naive) - _offset_ns(distinct[0]), words


def _parsed(source: Source, text: pl.Series, reading: Reading) -> pl.Series:
    formats = (reading.time_format,) if reading.time_format else FORMATS
    attempts = ((_parse(text.head(1), form), form) for form in formats)
    form = next((form for attempt, form in attempts if attempt is not None and attempt.null_count() == 0), None)
    if form is None:
        told = f" with {reading.time_format!r}" if reading.time_format else ""
        raise BadInput(
            f"{source.place(0)} cannot be read as a time{told}",
            where=source.where,
            fix="Say how: --time-format '%d/%m/%Y %H:%M' (day first) or '%m/%d/%Y %H:%M' (month first)",
        )
    parsed = _parse(text, form)
    if parsed is None or parsed.null_count():
        row = 0 if parsed is None else int(parsed.is_null().arg_true()[0])
        raise BadInput(
            f"{source.place(row)} is not a time like the first row's ({form})",
            where=source.where,
            fix="Write all of them in one way",
        )
    return parsed


def _parse(text: pl.Series, form: str) -> pl.Series | None:
    clock = any(code in form for code in ("%H", "%I", "%T", "%X"))
    try:
        if clock:
            return text.str.to_datetime(form, time_unit="ns", strict=False, exact=True)
        return text.str.to_date(form, strict=False, exact=True).cast(pl.Datetime("ns"))
    except pl.exceptions.PolarsError:
        return None


def _with_zone(source: Source, naive: pl.Series, reading: Reading) -> tuple[Times, str]:
    zone = reading.zone
    if zone is None and "gmt" in source.name.lower():
        return _ns(naive), f"UTC (the column is named {source.name!r})"
    if zone is None:
        raise BadInput(f"the times carry no zone, such as {source.place(0)}", where=source.where, fix=NEEDS_ZONE)
    check_zone(zone)
    try:
        local = naive.dt.replace_time_zone(zone, ambiguous="raise", non_existent="raise")
    except pl.exceptions.PolarsError as problem:
        reason = " ".join(str(problem).split())[:120]
        raise BadInput(
            f"a time does not exist or exists twice in {zone}, at a change of clocks: {reason}", where=source.where,
            fix="Export the data in UTC",
        ) from None  # fmt: skip
    return _ns(local.dt.convert_time_zone("UTC")), f"{zone} (as told)"


def check_zone(zone: str) -> None:
    """Refuse a zone that does not exist."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"unknown time zone {zone!r}", fix="Zones are named like UTC, Europe/Berlin, Asia/Tokyo"
        ) from None


def _carried(zone: str, reading: Reading, source: Source) -> str:
    _refuse_zone(reading, source, f"carry the zone {zone} themselves")
    return f"{'UTC' if zone in ('Z', 'GMT', '+00:00', '+0000', '+00', 'UTC') else zone} (carried by the times)"


def _refuse_zone(reading: Reading, source: Source, reason: str) -> None:
    if reading.zone is not None and reading.zone.upper() != "UTC":
        raise BadInput(
            f"--tz {reading.zone} is given, but the times {reason}", where=source.where, fix="Leave out --tz"
        )


def _offset_ns(text: str) -> int:
    match = re.fullmatch(r"([+-])(\d{2}):?(\d{2})?", text)
    if match is None:
        return 0
    seconds = int(match[2]) * 3600 + int(match[3] or 0) * 60
    return (seconds if match[1] == "+" else -seconds) * UNIT_NS["s"]


def _ns(times: pl.Series) -> Times:
    return np.array(times.cast(pl.Datetime("ns", getattr(times.dtype, "time_zone", None))).cast(pl.Int64).to_numpy())

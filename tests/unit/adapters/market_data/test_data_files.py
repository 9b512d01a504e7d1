"""Files as exchanges, platforms and libraries write them, and as they should never have been written."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.adapters.market_data import tables
from tradewind.adapters.market_data.data_files import LocalDataFiles
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Kind
from tradewind.ports.data_files import RawRows, Reading

START = datetime(2024, 1, 1, tzinfo=UTC)
START_NS = 1_704_067_200_000_000_000
HOUR = 3_600_000_000_000
UTC_TOLD = Reading(zone="UTC")
SHARED = Path(__file__).parents[4].parent / "shared"


def read(path: Path, content: str | bytes, reading: Reading | None = None, name: str = "x.csv") -> RawRows:
    file = path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return LocalDataFiles().read(file, reading or Reading())


def frame(zone: str | None = "UTC", rows: int = 3) -> pl.DataFrame:
    times = pl.Series([START_NS + row * HOUR for row in range(rows)]).cast(pl.Datetime("ns"))
    values = {name: [10.0 + row for row in range(rows)] for name in ("open", "high", "low", "close", "volume")}
    return pl.DataFrame({"date": times.dt.replace_time_zone(zone), **values})


CSV_LAYOUTS = {
    "a plain one": ("time,open,high,low,close,volume\n2024-01-01T00:00Z,1,3,0.5,2,10\n2024-01-01T01:00Z,2,4,1,3,11\n"),
    "Binance klines without a header": (
        "1704067200000,1,3,0.5,2,10,1704070799999,5,7,1,2,0\n1704070800000,2,4,1,3,11,1704074399999,5,7,1,2,0\n"
    ),
    "Binance klines in microseconds": (
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote,ignore\n"
        "1704067200000000,1,3,0.5,2,10,1704070799999999,5,7,1,2,0\n"
        "1704070800000000,2,4,1,3,11,1704074399999999,5,7,1,2,0\n"
    ),
    "TradingView": "time,open,high,low,close,Volume\n1704067200,1,3,0.5,2,10\n1704070800,2,4,1,3,11\n",
    "MetaTrader 5": (
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOL>\t<SPREAD>\n"
        "2024.01.01\t00:00:00\t1\t3\t0.5\t2\t10\t5\n2024.01.01\t01:00:00\t2\t4\t1\t3\t11\t5\n"
    ),
    "MetaTrader 4": "2024.01.01,00:00,1,3,0.5,2,10\n2024.01.01,01:00,2,4,1,3,11\n",
    "Yahoo, hourly": (
        "Datetime,Open,High,Low,Close,Adj Close,Volume\n"
        "2024-01-01 00:00:00+00:00,1,3,0.5,2,1.9,10\n2024-01-01 01:00:00+00:00,2,4,1,3,2.9,11\n"
    ),
    "Dukascopy": (
        "Gmt time,Open,High,Low,Close,Volume\n"
        "01.01.2024 00:00:00.000,1,3,0.5,2,10\n01.01.2024 01:00:00.000,2,4,1,3,11\n"
    ),
    "CryptoDataDownload": (
        "# a line about the source\nunix,date,symbol,open,high,low,close,volume\n"
        "1704067200,2024-01-01 00:00:00,BTC,1,3,0.5,2,10\n1704070800,2024-01-01 01:00:00,BTC,2,4,1,3,11\n"
    ),
    "single letters, semicolons, quotes and CRLF": (
        't;o;h;l;c;v\r\n"1704067200";"1";"3";"0.5";"2";"10"\r\n"1704070800";"2";"4";"1";"3";"11"\r\n'
    ),
    "histdata": "date;open;high;low;close;volume\n20240101 000000;1;3;0.5;2;10\n20240101 010000;2;4;1;3;11\n",
    "seconds with a fraction": "ts,open,high,low,close,volume\n1704067200.0,1,3,0.5,2,10\n1704070800.0,2,4,1,3,11\n",
}


@pytest.mark.parametrize("layout", CSV_LAYOUTS)
def test_a_known_layout_is_read_and_said(tmp_path: Path, layout: str) -> None:
    rows = read(tmp_path, CSV_LAYOUTS[layout], UTC_TOLD)
    assert rows.time.tolist() == [START_NS, START_NS + HOUR]
    assert {name: values.tolist() for name, values in rows.values.items()} == {
        "open": [1, 2], "high": [3, 4], "low": [0.5, 1], "close": [2, 3], "volume": [10, 11],
    }  # fmt: skip
    assert any(said.startswith("columns: time is") for said in rows.said)
    assert any(said.startswith("times: ") for said in rows.said)


def test_what_is_left_alone_is_said(tmp_path: Path) -> None:
    assert "left alone: 'Adj Close'" in read(tmp_path, CSV_LAYOUTS["Yahoo, hourly"]).said


def test_columns_can_be_named(tmp_path: Path) -> None:
    text = "opened,first,top,bottom,last,amount\n2024-01-01T00:00Z,1,3,0.5,2,10\n"
    names = {"time": "opened", "open": "first", "high": "top", "low": "bottom", "close": "last", "volume": "amount"}
    assert read(tmp_path, text, Reading(columns=names)).values["high"].tolist() == [3]
    numbers = {"time": "2", "open": "1", "high": "1", "low": "1", "close": "1"}
    assert read(tmp_path, "7,1704067200,x\n", Reading(columns=numbers)).values["close"].tolist() == [7]


def test_a_file_without_volume_has_none_and_says_so(tmp_path: Path) -> None:
    rows = read(tmp_path, "time,open,high,low,close\n1704067200,1,1,1,1\n")
    assert rows.values["volume"].tolist() == [0]
    assert "no column of volume: it is stored as 0" in rows.said


@pytest.mark.parametrize("packed", ["x.csv.gz", "x.zip", "x.csv.zip", "utf-16.csv", "bom.csv"])
def test_packed_and_wide_files_are_read_alike(tmp_path: Path, packed: str) -> None:
    plain = CSV_LAYOUTS["a plain one"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("inner.csv", plain)
    contents = {
        "x.csv.gz": gzip.compress(plain.encode()),
        "x.zip": archive.getvalue(),
        "x.csv.zip": archive.getvalue(),
        "utf-16.csv": plain.encode("utf-16"),
        "bom.csv": plain.encode("utf-8-sig"),
    }
    assert read(tmp_path, contents[packed], name=packed).time.tolist() == [START_NS, START_NS + HOUR]


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_feather_of_every_compression_and_parquet_are_read_alike(tmp_path: Path, compression: str) -> None:
    expected = [START_NS + row * HOUR for row in range(3)]
    frame().write_ipc(tmp_path / "x.feather", compression=compression)  # type: ignore[arg-type]
    assert LocalDataFiles().read(tmp_path / "x.feather", Reading()).time.tolist() == expected
    frame().write_parquet(tmp_path / "x.parquet")
    assert LocalDataFiles().read(tmp_path / "x.parquet", Reading()).time.tolist() == expected


def test_feather_of_version_1_is_answered_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"Feather version 1.*read_feather"):
        read(tmp_path, b"FEA1" + b"\0" * 50, name="x.feather")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_an_epoch_is_told_by_its_magnitude(tmp_path: Path, unit: str) -> None:
    scale = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    text = f"time,open,high,low,close,volume\n{START_NS // scale},1,1,1,1,1\n"
    rows = read(tmp_path, text)
    assert rows.time.tolist() == [START_NS]
    assert f"times: epoch in {unit} (by its magnitude), UTC, taken as when a bar opens" in rows.said


def test_zones_are_turned_into_utc(tmp_path: Path) -> None:
    text = "time,open,high,low,close,volume\n2024-01-01T{},1,1,1,1,1\n"
    assert read(tmp_path, text.format("01:30:00+01:30")).time.tolist() == [START_NS]
    assert read(tmp_path, text.format("01:00"), Reading(zone="Europe/Berlin")).time.tolist() == [START_NS]
    frame("America/New_York").write_parquet(tmp_path / "x.parquet")
    assert LocalDataFiles().read(tmp_path / "x.parquet", Reading()).time[0] == START_NS + 5 * HOUR
    frame(None).write_parquet(tmp_path / "x.parquet")
    assert LocalDataFiles().read(tmp_path / "x.parquet", Reading(zone="Asia/Tokyo")).time[0] == START_NS - 9 * HOUR


def test_day_and_month_are_never_guessed(tmp_path: Path) -> None:
    text = "time,open,high,low,close,volume\n01/02/2024 00:00,1,1,1,1,1\n"
    with pytest.raises(BadInput, match="--time-format"):
        read(tmp_path, text, UTC_TOLD)
    by_day = read(tmp_path, text, Reading(zone="UTC", time_format="%d/%m/%Y %H:%M"))
    assert by_day.time.tolist() == [START_NS + 31 * 24 * HOUR]


def test_funding_and_mark_take_the_column_that_holds_them(tmp_path: Path) -> None:
    frame().write_ipc(tmp_path / "x.feather")
    for kind, name in ((Kind.FUNDING, "rate"), (Kind.MARK, "price")):
        rows = LocalDataFiles().read(tmp_path / "x.feather", Reading(kind=kind))
        assert {name: values.tolist() for name, values in rows.values.items()} == {name: [10, 11, 12]}
    text = "calc_time,funding_interval_hours,last_funding_rate\n1704067200000,8,0.0001\n"
    assert read(tmp_path, text, Reading(kind=Kind.FUNDING)).values["rate"].tolist() == [0.0001]


HEAD = "time,open,high,low,close,volume\n"
GOOD = "2024-01-01T00:00:00Z,1,1,1,1,1\n"
REFUSED = {
    "empty": (b"", "the file is empty"),
    "only a header": (HEAD, "no rows"),
    "only comments": ("# a\n# b\n", "no rows"),
    "one column": ("hello\nworld\n", "one column only"),
    "no close": ("time,open,high,low,volume\n1,1,1,1,1\n", r"no column for close.*--map close=COLUMN"),
    "no header": ("a1,2,3\n4,5,6\n", "no header"),
    "two closes": ("time,open,high,low,Close,close\n" + GOOD, "'Close' and 'close' could both be close"),
    "a name twice": ("time,open,high,low,close,close\n" + GOOD, "names 'close' twice"),
    "words for numbers": (HEAD + GOOD + "2024-01-01T01:00:00Z,1,1,1,n/a,1\n", r"'close' are not .* row 3: 'n/a'"),
    "a formula": (HEAD + "2024-01-01T00:00:00Z,1,1,1,=cmd|' /C calc'!A0,1\n", r"first row 2: .=cmd"),
    "decimal commas": (HEAD.replace(",", ";") + '2024-01-01T00:00:00Z;1,5;1;1;1;1\n', r"first row 2: '1,5'"),
    "too many cells": (HEAD + GOOD + "2024-01-01T01:00:00Z,1,1,1,1,1,1,1\n", "malformed csv|columns"),
    "no zone": (HEAD + "2024-01-01 00:00:00,1,1,1,1,1\n", r"carry no zone, such as row 2 .*--tz UTC"),
    "mixed zones": (HEAD + GOOD + "2024-01-01T01:00:00+02:00,1,1,1,1,1\n", r"row 2 has Z, row 3 .* \+02:00"),
    "a zone and none": (HEAD + GOOD + "2024-01-01T01:00:00,1,1,1,1,1\n", "mixed zones"),
    "mixed units": (HEAD + "1704067200,1,1,1,1,1\n1704070800000,1,1,1,1,1\n", r"begin in s, but row 3"),
    "a unit nobody knows": (HEAD + "12345,1,1,1,1,1\n", r"unit of row 2 .*12345.* cannot be told.*--unit"),
    "no times": (HEAD + ",1,1,1,1,1\n", "1 rows have no time, first row 2"),
    "words for times": (HEAD + "yesterday,1,1,1,1,1\n", "cannot be read as a time"),
    "a time that changes its spelling": (HEAD + GOOD + "2024/01/01 01:00Z,1,1,1,1,1\n", "row 3 .* is not a time like"),
    "a day that does not exist": (HEAD + GOOD + "2024-02-30T00:00:00Z,1,1,1,1,1\n", "row 3"),
    "zero bytes": (HEAD + "\0" * 20, "zero byte"),
    "not UTF-8": ((HEAD + "caf\xe9").encode("latin-1"), "line 2 is not UTF-8"),
    "half a gzip": (gzip.compress((HEAD + GOOD * 99).encode())[:60], "cannot be unpacked"),
    "half a zip": (b"PK\x03\x04" + b"\0" * 30, "cannot be unpacked"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_clear_message(tmp_path: Path, case: str) -> None:
    content, message = REFUSED[case]
    with pytest.raises(BadInput) as refused:
        read(tmp_path, content)
    import re

    assert re.search(message, str(refused.value)), str(refused.value)
    assert str(tmp_path / "x.csv") in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.where
    assert refused.value.fix, "it says what to do"


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (Reading(zone="Mars/Olympus"), "unknown time zone"),
        (Reading(zone="../../etc/passwd"), "unknown time zone"),
        (Reading(columns={"time": "Time"}), "Did you mean 'time'?"),
        (Reading(columns={"price": "open"}), "--map knows no column 'price'"),
        (Reading(time_format="%Q"), "cannot be read as a time"),
    ],
)
def test_wrong_words_about_a_file_are_refused(tmp_path: Path, reading: Reading, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(tmp_path, HEAD + "2024-01-01 00:00:00,1,1,1,1,1\n", reading)
    assert message in str(refused.value)


def test_a_zone_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    for times in ("2024-01-01T00:00:00Z", "1704067200"):
        with pytest.raises(BadInput, match="--tz Asia/Tokyo is given, but"):
            read(tmp_path, HEAD + f"{times},1,1,1,1,1\n", Reading(zone="Asia/Tokyo"))
        assert read(tmp_path, HEAD + f"{times},1,1,1,1,1\n", UTC_TOLD).time.tolist() == [START_NS]


def test_an_hour_that_comes_twice_in_a_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"change of clocks.*Export the data in UTC"):
        read(tmp_path, HEAD + "2024-10-27 02:30:00,1,1,1,1,1\n", Reading(zone="Europe/Berlin"))


def test_a_unit_that_is_told_needs_no_magnitude(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + "3600,1,1,1,1,1\n", Reading(unit="s")).time.tolist() == [HOUR]
    assert read(tmp_path, HEAD + "0.25,1,1,1,1,1\n", Reading(unit="s")).time.tolist() == [250_000_000]
    for text, unit, message in (
        ("1", "h", "unknown unit 'h'"),
        ("9223372036854775807", "s", "row 2 .* is beyond the year 2262"),
        ("9" * 30 + ".5", "ms", "is beyond the year 2262"),
        ("9" * 30, "ms", "1 rows have no time"),
    ):
        with pytest.raises(BadInput, match=message):
            read(tmp_path, HEAD + f"{text},1,1,1,1,1\n", Reading(unit=unit))


@pytest.mark.parametrize("name", ["__index_level_0__", "index", "Date"])
def test_a_frame_that_pandas_wrote_keeps_its_times_in_the_index(tmp_path: Path, name: str) -> None:
    frame().rename({"date": name}).write_parquet(tmp_path / "x.parquet")
    assert LocalDataFiles().read(tmp_path / "x.parquet", Reading()).time[0] == START_NS


def test_columns_of_the_wrong_type_are_refused(tmp_path: Path) -> None:
    cases = [
        (frame().with_columns(date=pl.lit(value=True)), "'date' holds Boolean, which is no time"),
        (frame().with_columns(close=pl.lit(value=True)), "'close' holds Boolean, close must be numbers"),
        (frame().with_columns(date=pl.col("date").dt.epoch("s").cast(pl.Decimal(20, 0))), None),
        (frame().with_columns(date=pl.Series([None, float("nan"), 1.7e9])), "2 rows have no time, first row 1"),
    ]
    for table, message in cases:
        table.write_parquet(tmp_path / "x.parquet")
        if message is None:
            assert LocalDataFiles().read(tmp_path / "x.parquet", Reading()).time[0] == START_NS
        else:
            with pytest.raises(BadInput, match=message):
                LocalDataFiles().read(tmp_path / "x.parquet", Reading())


def test_a_file_without_a_header_takes_numbers_of_columns_only(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="columns are numbers from 1 to 3"):
        read(tmp_path, "7,1704067200,x\n", Reading(columns={"time": "Date"}))


def test_empty_cells_are_nan_and_left_to_the_check(tmp_path: Path) -> None:
    rows = read(tmp_path, HEAD + "2024-01-01T00:00:00Z,1,,nan,1,1\n")
    assert np.isnan(rows.values["high"][0])
    assert np.isnan(rows.values["low"][0])


def test_a_missing_file_is_answered_with_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(HEAD)
    with pytest.raises(BadInput, match=r"no such file.*Did you mean prices.csv\?"):
        LocalDataFiles().read(tmp_path / "price.csv", Reading())
    with pytest.raises(BadInput, match="this is a folder"):
        LocalDataFiles().read(tmp_path, Reading())


def test_a_file_beyond_the_limit_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BYTES_MAX", 1_000)
    with pytest.raises(BadInput, match="holds more than"):
        read(tmp_path, gzip.compress(b"\0" * 100_000), name="bomb.csv.gz")


@settings(max_examples=150, deadline=None)
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: (HEAD + text).encode())))
def test_no_content_at_all_ends_in_anything_but_rows_or_bad_input(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(content)
    try:
        rows = LocalDataFiles().read(file, UTC_TOLD)
    except BadInput:
        return
    assert len(rows.time) == len(rows.values["close"]) > 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the developers' folder of naughty strings")
def test_naughty_strings_in_any_cell_are_refused(tmp_path: Path) -> None:
    import json

    naughty = json.loads((SHARED / "vectors" / "strings" / "blns.json").read_text())
    for text in naughty:
        cell = '"' + text.replace('"', '""') + '"'
        for line in (f"{cell},1,1,1,1,1\n", f"2024-01-01T00:00:00Z,1,1,1,{cell},1\n", f"{cell}\n"):
            told = ""
            try:
                assert len(read(tmp_path, HEAD + line).time) == 1
            except BadInput as refused:
                told = str(refused)
            assert "\n" not in told

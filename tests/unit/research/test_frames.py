"""Candles out of pandas and polars frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tradewind import BadInput, bars_from, to_pandas

HOUR = 3_600_000_000_000
START = 1_704_067_200_000_000_000
ROWS = 6
PRICES = {"Open": [1.0] * ROWS, "High": [3.0] * ROWS, "Low": [0.5] * ROWS, "Close": [2.0] * ROWS, "Volume": [7] * ROWS}


def pandas_frame(zone: str | None = "UTC", unit: str = "ns") -> pd.DataFrame:
    return pd.DataFrame(PRICES, index=pd.date_range("2024-01-01", periods=ROWS, freq="h", tz=zone, unit=unit))


def polars_frame(zone: str | None = "UTC", unit: str = "ms") -> pl.DataFrame:
    times = (
        pl.Series("time", np.arange(ROWS) * 3_600_000 + START // 1_000_000)
        .cast(pl.Datetime("ms"))
        .cast(pl.Datetime(unit))
    )
    return pl.DataFrame({"time": times.dt.replace_time_zone(zone), **PRICES})


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_index_of_a_pandas_frame_is_its_time(unit: str) -> None:
    bars = bars_from(pandas_frame(unit=unit), "A/B")
    assert bars.time.tolist() == [START + i * HOUR for i in range(ROWS)]
    assert (bars.symbol, bars.timeframe) == ("A/B", "1h")
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]) == (1.0, 3.0, 0.5, 2.0, 7.0)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_polars_and_pandas_say_the_same(unit: str) -> None:
    ours, theirs = bars_from(polars_frame(unit=unit), "A/B"), bars_from(pandas_frame().reset_index(names="Date"), "A/B")
    for name, column in ours.columns().items():
        np.testing.assert_array_equal(column, theirs.columns()[name])


def test_other_zones_become_utc() -> None:
    there = pandas_frame().tz_convert("America/New_York")
    assert bars_from(there, "A/B").time[0] == START
    assert (
        bars_from(polars_frame().with_columns(pl.col("time").dt.convert_time_zone("Asia/Tokyo")), "A/B").time[0]
        == START
    )


@pytest.mark.parametrize("frame", [pandas_frame(None), polars_frame(None)])
def test_times_without_a_zone_are_never_guessed(frame: object) -> None:
    with pytest.raises(BadInput, match="do not say their zone") as caught:
        bars_from(frame, "A/B")
    assert "'UTC'" in (caught.value.fix or "")


@pytest.mark.parametrize(
    "frame",
    [
        pandas_frame().reset_index(drop=True),
        pandas_frame().reset_index(drop=True).assign(time=range(ROWS)),
        pandas_frame().reset_index(drop=True).assign(time=["2024-01-01T00:00Z"] * ROWS),
        polars_frame().with_columns(time=pl.col("time").dt.epoch("ms")),
    ],
)
def test_numbers_and_texts_are_no_times(frame: object) -> None:
    with pytest.raises(BadInput, match=r"these are no times|there is no column of times") as caught:
        bars_from(frame, "A/B")
    assert "unit=" in (caught.value.fix or "")


def test_gaps_stay_and_the_shortest_step_is_the_timeframe() -> None:
    frame = pandas_frame().drop(index=pandas_frame().index[2:4])
    assert bars_from(frame, "A/B").timeframe == "1h"
    assert len(bars_from(frame, "A/B")) == ROWS - 2
    assert bars_from(frame.iloc[:1], "A/B", "4h").timeframe == "4h"


def faulty(column: str, value: object) -> pd.DataFrame:
    frame = pandas_frame().astype(object)
    frame.iloc[3, list(frame.columns).index(column)] = value
    return frame


WRONG = {
    "a missing column": (pandas_frame().drop(columns=["Volume", "Low"]), "it has no column 'low' and no 'volume'"),
    "no frame": (42, "it has no column 'open'"),
    "no rows": (pandas_frame().iloc[:0], "it has no rows"),
    "one row": (pandas_frame().iloc[:1], "one row does not tell the timeframe"),
    "odd steps": (
        pandas_frame().set_axis(pd.to_datetime([0, 2, 5, 7, 9, 12], unit="h", utc=True)),
        "its steps do not tell the timeframe",
    ),
    "disorder": (pandas_frame().iloc[::-1], "first row 1"),
    "duplicates": (pandas_frame().iloc[[0, 1, 1, 2]], "first row 2"),
    "a price of NaN": (faulty("Close", np.nan), "first row 3"),
    "a price of infinity": (faulty("High", np.inf), "first row 3"),
    "a price below zero": (faulty("Low", -1.0), "first row 3"),
    "a high below the close": (faulty("High", 1.5), "first row 3"),
    "a word": (faulty("Open", "many"), "column 'open' holds what is no number"),
    "two symbols": (pd.concat([pandas_frame(), pandas_frame()], axis=1), "is there several times"),
    "a lost time": (
        pandas_frame().set_axis(pandas_frame().index[:-1].append(pd.DatetimeIndex([pd.NaT], tz="UTC"))),
        "row 5 has no time",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named(what: str) -> None:
    frame, message = WRONG[what]
    with pytest.raises(BadInput) as caught:
        bars_from(frame, "A/B")
    assert message in caught.value.message
    assert caught.value.where is not None
    assert caught.value.fix is not None


def test_candles_go_to_pandas_and_come_back_as_they_were() -> None:
    bars = bars_from(pandas_frame(), "A/B")
    frame = to_pandas(bars)
    again = bars_from(frame, "A/B")
    for name, column in bars.columns().items():
        assert getattr(again, name).tolist() == column.tolist()
    before = bars.close.copy()
    frame.loc[:, "close"] = 0.0
    assert (bars.close == before).all(), "the frame's numbers are its own"

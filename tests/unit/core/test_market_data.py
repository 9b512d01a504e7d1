"""Series of the market: what may not become one, how they are cut, and the hash of what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.data_sets import DataKey, content_hash, key_of
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instants import instant_ns, instant_text
from tradewind.core.domain.market_data import Bars, Funding, Kind, MarkPrices, series_of

MINUTE = 60_000_000_000


def bars(count: int = 10, **changed: object) -> Bars:
    flat = np.ones(count)
    columns = {"time": np.arange(count, dtype=np.int64) * MINUTE, **dict.fromkeys(Bars.COLUMNS, flat)}
    return Bars(**{"symbol": "A/B", "timeframe": "1m", **columns, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"time": np.array([0, 2, 1, *range(3, 10)], dtype=np.int64)}, "must rise strictly, but row 2"),
        ({"time": np.zeros(10, dtype=np.int64)}, "must rise strictly, but row 1"),
        ({"time": np.arange(10.0)}, "'time' must be one-dimensional int64, not float64"),
        ({"close": np.ones(10, dtype=np.float32)}, "'close' must be one-dimensional float64, not float32"),
        ({"close": np.ones((10, 1))}, r"of shape \(10, 1\)"),
        ({"close": np.ones(9)}, "'close' has 9 rows, 'time' has 10"),
        ({"timeframe": "1q"}, "unknown timeframe '1q'"),
        ({"symbol": ""}, "cannot be a symbol"),
    ],
)
def test_what_is_no_series_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        bars(**changed)


def test_columns_are_contiguous_and_can_be_written_whoever_made_them() -> None:
    table = np.ones((10, 2))
    table.flags.writeable = False
    column = bars(close=table[:, 0]).close
    assert column.flags.c_contiguous
    assert column.flags.writeable


@given(st.integers(-3, 13), st.integers(-3, 13))
def test_a_slice_is_the_rows_between(start: int, end: int) -> None:
    cut = bars().slice(start * MINUTE, end * MINUTE)
    assert cut.time.tolist() == [row * MINUTE for row in range(10) if start <= row < end]
    assert len(cut) == len(cut.close)


def test_every_kind_is_built_from_its_columns_and_named_by_its_key() -> None:
    time = np.array([0], dtype=np.int64)
    for kind, names in ((Kind.CANDLES, Bars.COLUMNS), (Kind.FUNDING, Funding.COLUMNS), (Kind.MARK, MarkPrices.COLUMNS)):
        series = series_of(kind, "A/B", "1m", {"time": time, **dict.fromkeys(names, np.ones(1))})
        assert key_of(series) == DataKey("A/B", kind, "1m" if kind is Kind.CANDLES else "")
    assert str(DataKey("A/B", Kind.FUNDING)) == "A/B funding"


def test_the_hash_is_of_values_and_names_alone() -> None:
    known = "5904066002a05a4f"
    columns = {"time": np.array([1, 2], dtype=np.int64), "rate": np.array([0.0, -1.5])}
    assert content_hash(columns)[: len(known)] == known
    assert content_hash({**columns, "rate": np.array([-0.0, -1.5])}) == content_hash(columns)
    assert content_hash({**columns, "time": columns["time"].astype(">i8")}) == content_hash(columns)
    assert content_hash({"time": columns["time"], "price": columns["rate"]}) != content_hash(columns)
    assert content_hash({**columns, "rate": np.array([0.0, np.nextafter(-1.5, 0)])}) != content_hash(columns)


@given(st.integers(-(2**62), 2**62))
def test_an_instant_is_written_and_read_back(time_ns: int) -> None:
    microseconds = time_ns // 1_000 * 1_000
    assert instant_ns(instant_text(microseconds)) == microseconds


def test_instants_are_read_as_people_write_them() -> None:
    assert instant_ns("1970-01-02") == 86_400 * 10**9
    assert instant_ns("1970-01-01T01:00+01:00") == 0
    assert instant_text(1_500_000_000) == "1970-01-01T00:00:01.5Z"
    for wrong in ("soon", "2024-13-01", "0001-01-01"):
        with pytest.raises(BadInput):
            instant_ns(wrong)

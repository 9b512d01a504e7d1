"""From a file to the catalogue: named, checked, repaired on request, stored whole or refused whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.adapters.market_data.data_files import LocalDataFiles
from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.core.domain.data_sets import DataKey
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars, Kind
from tradewind.core.domain.repairs import REPAIRS, Rows, repaired
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.operations.data_import import Imported, ImportRequest, data_files_in, import_file
from tradewind.operations.file_names import Suggestion, suggestion
from tradewind.ports.data_files import Reading

HOUR = 3_600_000_000_000
SHARED = Path(__file__).parents[3].parent / "shared"
ASKED = ImportRequest(symbol="BTC/USDT", reading=Reading(zone="UTC"))


@pytest.fixture
def catalogue(tmp_path: Path) -> ParquetCatalogue:
    return ParquetCatalogue(tmp_path / "catalogue")


def bring(catalogue: ParquetCatalogue, path: Path, request: ImportRequest = ASKED) -> Imported:
    return import_file(path, request, catalogue=catalogue, files=LocalDataFiles(), now_ns=7)


def market(bars: int = 48, timeframe: str = "1h") -> Bars:
    series = synthetic_market(SyntheticMarket(bars=bars, timeframe=timeframe))[0]
    assert isinstance(series, Bars)
    return series


def csv(path: Path, bars: Bars, **changed: np.ndarray) -> Path:
    columns = {**bars.columns(), **changed}
    pl.DataFrame(columns).write_csv(path)
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BTC_USDT_USDT-1h-futures.feather", Suggestion("BTC/USDT:USDT", "1h", Kind.CANDLES)),
        ("BTC_USDT_USDT-8h-funding_rate.feather", Suggestion("BTC/USDT:USDT", "8h", Kind.FUNDING)),
        ("BTC_USDT_USDT-8h-mark.feather", Suggestion("BTC/USDT:USDT", "8h", Kind.MARK)),
        ("ETH_BTC-5m.feather", Suggestion("ETH/BTC", "5m", Kind.CANDLES)),
        ("BTC_USDT-1h_2017-2024.feather", Suggestion("BTC/USDT", "1h", Kind.CANDLES)),
        ("BTCUSDT-1m-2024-01.zip", Suggestion("BTC/USDT", "1m", None)),
        ("EURUSD_15M.csv.gz", Suggestion("EUR/USD", "15m", None)),
        ("BTCUSDT-1mo-2024.csv", Suggestion()),
        ("prices.csv", Suggestion()),
        ("USDT-1h.csv", Suggestion()),
        ("", Suggestion()),
    ],
)
def test_names_suggest_only_what_they_say(name: str, expected: Suggestion) -> None:
    assert suggestion(Path(name)) == expected


def test_what_is_stored_is_what_the_file_held_and_every_choice_is_said(
    catalogue: ParquetCatalogue, tmp_path: Path
) -> None:
    bars = market()
    done = bring(catalogue, csv(tmp_path / "any.csv", bars))
    np.testing.assert_array_equal(catalogue.bars("BTC/USDT", "1h").close, bars.close)
    assert (done.rows_read, done.stored.rows, done.stored.imported_at_ns) == (48, 48, 7)
    assert done.stored.sources == ("file any.csv",)
    assert not done.stored.synthetic
    assert done.said[:3] == (
        "symbol: BTC/USDT (as told)",
        "kind: candles (nothing else was said)",
        "timeframe: 1h (the step of most rows)",
    )
    assert any("epoch in ns" in said for said in done.said)


def test_what_was_told_goes_before_the_name_and_the_name_before_the_rows(
    catalogue: ParquetCatalogue, tmp_path: Path
) -> None:
    file = csv(tmp_path / "BTC_USDT-1h.csv", market())
    assert bring(catalogue, file, ImportRequest()).stored.key == DataKey("BTC/USDT", Kind.CANDLES, "1h")
    assert bring(catalogue, file, ImportRequest(symbol="X/Y")).stored.key.symbol == "X/Y"
    wrong = csv(tmp_path / "BTC_USDT-5m.csv", market())
    with pytest.raises(BadInput, match=r"name says 5m, but most rows are 3600 s apart.*--timeframe"):
        bring(catalogue, wrong, ImportRequest())
    assert bring(catalogue, wrong, ImportRequest(timeframe="1h")).stored.key.timeframe == "1h"


def test_a_symbol_that_nobody_told_is_asked_for(catalogue: ParquetCatalogue, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"any.csv: the symbol cannot be told.*--symbol BTC/USDT"):
        bring(catalogue, csv(tmp_path / "any.csv", market()), ImportRequest())


def test_an_unknown_timeframe_is_refused(catalogue: ParquetCatalogue, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="unknown timeframe '1q'"):
        bring(catalogue, csv(tmp_path / "any.csv", market()), replace(ASKED, timeframe="1q"))


def dirty(column: str, row: int, value: float) -> dict[str, np.ndarray]:
    values = market().columns()[column].copy()
    values[row] = value
    return {column: values}


DIRTS = {
    "NaN": (dirty("close", 5, np.nan), r"NaN or infinite: 1 times, first row 7 \(2024-01-01T05:00:00Z\)", "drop-rows"),
    "infinity": (dirty("high", 5, np.inf), "NaN or infinite: 1 times, first row 7", "drop-rows"),
    "a negative price": (dirty("low", 5, -1.0), "zero or negative: 1 times, first row 7 .* low -1", "drop-rows"),
    "a negative volume": (dirty("volume", 5, -1.0), "volume is negative", "drop-rows"),
    "unsorted times": ({"time": market().time[::-1]}, "not in order of time: 47 times, first row 3", "sort"),
    "a high that is not": (dirty("high", 5, 1.0), "high is not the highest", "widen-ohlc"),
}


@pytest.mark.parametrize("case", DIRTS)
def test_bad_rows_are_refused_with_row_value_and_repair_and_nothing_is_stored(
    catalogue: ParquetCatalogue, tmp_path: Path, case: str
) -> None:
    changed, message, repair = DIRTS[case]
    file = csv(tmp_path / "any.csv", market(), **changed)
    with pytest.raises(BadInput, match=message) as refused:
        bring(catalogue, file)
    assert f"--repair {repair}" in str(refused.value.fix)
    assert catalogue.data_sets() == []
    done = bring(catalogue, file, replace(ASKED, repairs=(repair,)))
    assert any(said.startswith(f"repair {repair}: ") for said in done.said)
    assert repair in done.stored.sources[0]


def test_duplicates_are_dropped_on_request_and_contradictions_need_another_one(
    catalogue: ParquetCatalogue, tmp_path: Path
) -> None:
    bars = market()
    twice = {name: np.concatenate([column, column[[3]]]) for name, column in bars.columns().items()}
    file = tmp_path / "any.csv"
    pl.DataFrame(twice).write_csv(file)
    with pytest.raises(BadInput, match="there twice with the same values"):
        bring(catalogue, file)
    asked = replace(ASKED, repairs=("drop-duplicates", "sort"))
    assert bring(catalogue, file, asked).stored.rows == 48
    twice["close"][-1] += 0.01
    twice["high"][-1] += 1
    pl.DataFrame(twice).write_csv(file)
    with pytest.raises(BadInput, match=r"different values.*--repair keep-last"):
        bring(catalogue, file, asked)


def test_rows_closer_than_the_timeframe_are_refused(catalogue: ParquetCatalogue, tmp_path: Path) -> None:
    file = csv(tmp_path / "any.csv", market(timeframe="30m"))
    with pytest.raises(BadInput, match="1800 s after the row before, a bar lasts 3600 s"):
        bring(catalogue, file, replace(ASKED, timeframe="1h"))


def test_unknown_repairs_are_refused(catalogue: ParquetCatalogue, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"unknown repair 'magic'.*drop-rows"):
        bring(catalogue, csv(tmp_path / "any.csv", market()), replace(ASKED, repairs=("magic",)))


def test_a_second_import_adds_what_is_new_and_replaces_on_request_only(
    catalogue: ParquetCatalogue, tmp_path: Path
) -> None:
    whole = market()
    bring(catalogue, csv(tmp_path / "a.csv", whole.rows(slice(0, 30))))
    assert bring(catalogue, csv(tmp_path / "b.csv", whole.rows(slice(20, 48)))).stored.rows == 48
    file = csv(tmp_path / "c.csv", whole, **dirty("volume", 5, 1.5))
    with pytest.raises(BadInput, match=r"1 of 48 rows .*volume.*--replace"):
        bring(catalogue, file)
    bring(catalogue, file, replace(ASKED, replace=True))
    assert catalogue.bars("BTC/USDT", "1h").volume[5] == 1.5


def test_one_row_needs_its_timeframe_told(catalogue: ParquetCatalogue, tmp_path: Path) -> None:
    file = csv(tmp_path / "any.csv", market(1))
    with pytest.raises(BadInput, match=r"one row does not tell the timeframe.*--timeframe"):
        bring(catalogue, file)
    assert bring(catalogue, file, replace(ASKED, timeframe="1h")).stored.rows == 1


def test_a_folder_gives_its_data_files_only(tmp_path: Path) -> None:
    for name in ("b.csv", "a.feather", "LICENSE", "notes.md", ".hidden.csv", "c.csv.gz"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in data_files_in(tmp_path, LocalDataFiles())] == ["a.feather", "b.csv", "c.csv.gz"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="holds no CSV"):
        data_files_in(tmp_path / "empty", LocalDataFiles())


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 12), *[st.sampled_from([-1.0, 0.0, 1.0, 2.0, float("nan"), float("inf")])] * 5),
        max_size=30,
    )
)
def test_every_repair_together_leaves_rows_that_can_be_stored(rows: list[tuple[float, ...]]) -> None:
    from tradewind.core.domain.data_quality import Severity, check_columns

    table = np.array(rows, dtype=np.float64).reshape(len(rows), 6)
    values = dict(zip(("open", "high", "low", "close", "volume"), table.T[1:].copy(), strict=True))
    clean, said = repaired(Rows(Kind.CANDLES, table.T[0].astype(np.int64) * HOUR, values), tuple(REPAIRS))
    assert len(said) == len(REPAIRS)
    assert check_columns(Kind.CANDLES, clean.time, clean.values, HOUR).of(Severity.ERROR) == ()
    again, _ = repaired(clean, tuple(REPAIRS))
    np.testing.assert_array_equal(again.time, clean.time)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the developers' folder of real data")
def test_real_histories_are_brought_whole(catalogue: ParquetCatalogue) -> None:
    files = LocalDataFiles()
    for path in data_files_in(SHARED / "data" / "binance_usdm", files):
        bring(catalogue, path, ImportRequest())
    bring(catalogue, SHARED / "data" / "fx_smc" / "EURUSD_15M.csv.gz", ImportRequest(reading=Reading(zone="UTC")))
    assert {str(info.key): info.rows for info in catalogue.data_sets()} == {
        "BTC/USDT:USDT candles 1m": 43_199,
        "BTC/USDT:USDT candles 5m": 10_906,
        "BTC/USDT:USDT candles 30m": 1_439,
        "BTC/USDT:USDT candles 1h": 719,
        "BTC/USDT:USDT candles 1d": 29,
        "BTC/USDT:USDT funding": 266,
        "BTC/USDT:USDT mark": 266,
        "ETH/USDT:USDT candles 1h": 719,
        "EUR/USD candles 15m": 24_424,
    }

"""What may be asked of stored data: made sets, pages with their gaps, choices, health."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.bootstrap import open_lockbox, open_runs, open_trials
from tradewind.core.domain.data_sets import DataKey, Provenance
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars, Kind
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.operations.data import PAGE_ROWS_MAX, candle_page, check_sets, chosen, data_sets
from tradewind.operations.data_making import generate_data, resample_data
from tradewind.operations.health import State, checkups
from tradewind.settings import load_settings

HOUR = 3_600_000_000_000
START = 1_704_067_200_000_000_000


@pytest.fixture
def catalogue(tmp_path: Path) -> ParquetCatalogue:
    return ParquetCatalogue(tmp_path / "catalogue")


def with_gaps(bars: int = 100) -> Bars:
    series = synthetic_market(SyntheticMarket(bars=bars))[0]
    assert isinstance(series, Bars)
    return series.rows(np.array([row for row in range(bars) if row not in (10, 11, 12, 50)]))


def test_generated_sets_are_marked_and_repeatable(catalogue: ParquetCatalogue) -> None:
    market = SyntheticMarket(("BTC/USDT", "BTC/USDT:USDT"), bars=100, seed=9)
    first = generate_data(market, catalogue=catalogue, now_ns=1)
    assert [(info.key.kind, info.synthetic, info.seed) for info in first] == [
        (Kind.CANDLES, True, 9), (Kind.CANDLES, True, 9), (Kind.FUNDING, True, 9), (Kind.MARK, True, 9),
    ]  # fmt: skip
    again = generate_data(market, catalogue=catalogue, now_ns=2)
    assert [info.content_hash for info in again] == [info.content_hash for info in first]
    other = generate_data(SyntheticMarket(bars=50, seed=10), catalogue=catalogue, now_ns=3)
    assert (other[0].rows, other[0].seed) == (50, 10)


def test_made_up_rows_never_replace_real_ones(catalogue: ParquetCatalogue) -> None:
    real = catalogue.write(with_gaps(), Provenance("a file"), now_ns=0)
    with pytest.raises(BadInput, match="real rows are stored"):
        generate_data(SyntheticMarket(("ETH/USDT", "BTC/USDT"), bars=10), catalogue=catalogue, now_ns=1)
    assert catalogue.data_sets() == [real]


def test_a_resampled_set_stays_synthetic_and_says_what_it_left_out(catalogue: ParquetCatalogue) -> None:
    generate_data(SyntheticMarket(bars=60, seed=4, start_ns=START + 5 * HOUR), catalogue=catalogue, now_ns=0)
    made = resample_data("BTC/USDT", "1h", "1d", catalogue=catalogue, now_ns=1)
    assert (made.stored.synthetic, made.stored.seed, made.stored.rows) == (True, 4, 1)
    assert (made.dropped_first, made.dropped_last) == (19, 17)
    assert made.stored.key == DataKey("BTC/USDT", Kind.CANDLES, "1d")
    with pytest.raises(BadInput, match="no whole bar of 1w"):
        resample_data("BTC/USDT", "1h", "1w", catalogue=catalogue, now_ns=1)


def test_pages_put_together_are_the_whole_with_every_gap_once(catalogue: ParquetCatalogue) -> None:
    bars = with_gaps()
    catalogue.write(bars, Provenance("a file"), now_ns=0)
    pages = [candle_page(catalogue, "BTC/USDT", "1h", page=page, page_rows=7) for page in range(1, 15)]
    candles = [candle for page in pages for candle in page.candles]
    assert [candle.time_ns for candle in candles] == bars.time.tolist()
    assert [candle.close for candle in candles] == bars.close.tolist()
    assert {c.time_ns: c.gap_bars for c in candles if c.gap_bars} == {START + 13 * HOUR: 3, START + 51 * HOUR: 1}
    assert {(page.rows, page.pages, page.gaps) for page in pages} == {(96, 14, 2)}
    assert candle_page(catalogue, "BTC/USDT", "1h", page=15, page_rows=7).candles == ()


@settings(max_examples=40, deadline=None)
@given(start=st.integers(-5, 105), end=st.integers(-5, 105), rows=st.integers(1, 30))
def test_a_page_filters_by_time(start: int, end: int, rows: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    catalogue = ParquetCatalogue(tmp_path_factory.getbasetemp() / "pages")
    bars = with_gaps()
    catalogue.write(bars, Provenance("a file"), now_ns=0)
    start_ns, end_ns = START + start * HOUR, START + end * HOUR
    page = candle_page(catalogue, "BTC/USDT", "1h", start_ns=start_ns, end_ns=end_ns, page_rows=rows)
    expected = [time for time in bars.time.tolist() if start_ns <= time < end_ns]
    assert page.rows == len(expected)
    assert [candle.time_ns for candle in page.candles] == expected[:rows]


@pytest.mark.parametrize(("page", "rows"), [(0, 10), (-1, 10), (1, 0), (1, PAGE_ROWS_MAX + 1)])
def test_pages_out_of_range_are_refused(catalogue: ParquetCatalogue, page: int, rows: int) -> None:
    with pytest.raises(BadInput, match="page"):
        candle_page(catalogue, "BTC/USDT", "1h", page=page, page_rows=rows)


def test_sets_are_chosen_by_what_was_said(catalogue: ParquetCatalogue) -> None:
    generate_data(SyntheticMarket(("BTC/USDT", "ETH/USDT:USDT"), bars=50), catalogue=catalogue, now_ns=0)
    assert len(chosen(catalogue)) == 4
    assert [info.key.kind for info in chosen(catalogue, "ETH/USDT:USDT")] == [Kind.CANDLES, Kind.FUNDING, Kind.MARK]
    assert [info.key.symbol for info in chosen(catalogue, kind=Kind.FUNDING)] == ["ETH/USDT:USDT"]
    assert [info.key.symbol for info in chosen(catalogue, timeframe="1h")] == ["BTC/USDT", "ETH/USDT:USDT"]
    with pytest.raises(BadInput, match="nothing is stored for 5m"):
        chosen(catalogue, timeframe="5m")
    with pytest.raises(BadInput, match="Did you mean BTC/USDT"):
        data_sets(catalogue, "BTCUSDT")
    checked = check_sets(catalogue, chosen(catalogue, "BTC/USDT"))
    assert [each.report.rows for each in checked] == [50]


def test_the_doctor_finds_damage_and_says_what_to_do(catalogue: ParquetCatalogue, tmp_path: Path) -> None:
    settings_made = load_settings({"TRADEWIND_HOME": str(tmp_path / "home")}, folder=tmp_path)
    catalogue.write(with_gaps(), Provenance("a file"), now_ns=0)
    others = open_trials(settings_made), open_lockbox(settings_made), open_runs(settings_made)
    fine = checkups(settings_made, catalogue, *others)
    assert {check.state for check in fine} <= {State.FINE, State.WARNING}
    found = {check.name: check.found for check in fine}
    assert "1 data sets, 96 rows" in found["catalogue"]
    assert (found["trials"], found["lockbox"]) == ("0 counted", "0 seals, 0 looks, all as written")
    path = catalogue.path(DataKey("BTC/USDT", Kind.CANDLES, "1h"))
    path.write_bytes(path.read_bytes()[:-200])
    (tmp_path / "home").write_text("a file where a folder should be")
    failed = [check for check in checkups(settings_made, catalogue, *others) if check.state is State.FAILED]
    folders = ["data folder", "runs folder", "sweeps folder", "cache folder", "ledger folder", "events folder"]
    assert [check.name for check in failed] == [*folders, "catalogue"]
    assert all(check.fix for check in failed)

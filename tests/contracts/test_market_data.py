"""What every catalogue of market data promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.core.domain.data_sets import DataKey, Provenance
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars, Funding, Kind, MarkPrices
from tradewind.ports.market_data import MarketData, WriteMode

HOUR = 3_600_000_000_000
REAL = Provenance("a file")
MADE_UP = Provenance("generator", synthetic=True, seed=7)


def candles(hours: range, symbol: str = "BTC/USDT", shift: float = 0.0) -> Bars:
    time = np.array([h * HOUR for h in hours], dtype=np.int64)
    close = 100.0 + np.array(hours, dtype=np.float64) + shift
    return Bars(symbol, "1h", time, close - 0.5, close + 1, close - 1, close, np.full(len(time), 2.0))


@pytest.fixture(params=[ParquetCatalogue])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> MarketData:
    make: Callable[[Path], MarketData] = request.param
    return make(tmp_path / "data")


def test_what_is_written_is_read_to_the_last_bit(catalogue: MarketData) -> None:
    bars = candles(range(24))
    info = catalogue.write(bars, REAL, now_ns=5)
    back = catalogue.bars("BTC/USDT", "1h")
    for name, column in bars.columns().items():
        np.testing.assert_array_equal(back.columns()[name], column)
    assert (info.rows, info.first_ns, info.last_ns, info.imported_at_ns) == (24, 0, 23 * HOUR, 5)
    assert catalogue.info(info.key) == info
    assert catalogue.data_sets() == [info]


def test_a_slice_holds_its_start_and_not_its_end(catalogue: MarketData) -> None:
    catalogue.write(candles(range(24)), REAL, now_ns=0)
    assert catalogue.bars("BTC/USDT", "1h", 3 * HOUR, 6 * HOUR).time.tolist() == [3 * HOUR, 4 * HOUR, 5 * HOUR]
    assert len(catalogue.bars("BTC/USDT", "1h", 100 * HOUR)) == 0
    assert len(catalogue.bars("BTC/USDT", "1h", 6 * HOUR, 3 * HOUR)) == 0


def test_funding_and_mark_prices_have_their_own_places(catalogue: MarketData) -> None:
    time = np.array([0, 8 * HOUR], dtype=np.int64)
    catalogue.write(Funding("BTC/USDT:USDT", time, np.array([0.0001, -0.0002])), REAL, now_ns=0)
    catalogue.write(MarkPrices("BTC/USDT:USDT", time, np.array([100.0, 101.0])), REAL, now_ns=0)
    assert catalogue.funding("BTC/USDT:USDT", 1).rate.tolist() == [-0.0002]
    assert catalogue.marks("BTC/USDT:USDT", 0, 1).price.tolist() == [100.0]
    assert [info.key.kind for info in catalogue.data_sets()] == [Kind.FUNDING, Kind.MARK]


def test_rows_that_overlap_and_agree_are_merged(catalogue: MarketData) -> None:
    catalogue.write(candles(range(10, 20)), REAL, now_ns=0)
    info = catalogue.write(candles(range(15, 30)), Provenance("another file"), now_ns=1)
    assert info.rows == 20
    assert info.sources == ("a file", "another file")
    assert catalogue.write(candles(range(5)), REAL, now_ns=2).rows == 25
    whole = candles(range(30)).rows(np.array([*range(5), *range(10, 30)]))
    np.testing.assert_array_equal(catalogue.bars("BTC/USDT", "1h").close, whole.close)


def test_the_hash_depends_on_the_rows_and_not_on_the_way_they_came(catalogue: MarketData) -> None:
    at_once = catalogue.write(candles(range(30), "A/USDT"), REAL, now_ns=0)
    catalogue.write(candles(range(12, 30), "B/USDT"), REAL, now_ns=0)
    in_parts = catalogue.write(candles(range(15), "B/USDT"), REAL, now_ns=9)
    other = catalogue.write(candles(range(30), "C/USDT", shift=1e-9), REAL, now_ns=0)
    assert at_once.content_hash == in_parts.content_hash != other.content_hash


def test_rows_that_disagree_are_refused_with_the_first_place(catalogue: MarketData) -> None:
    before = catalogue.write(candles(range(10)), REAL, now_ns=0)
    with pytest.raises(BadInput, match=r"5 of 5 rows .* first at 1970-01-01T05:00:00Z: open is 104.5, new 104.75") as e:
        catalogue.write(candles(range(5, 12), shift=0.25), REAL, now_ns=1)
    assert "--replace" in str(e.value)
    assert catalogue.info(before.key) == before


def test_new_rows_win_when_they_are_laid_over(catalogue: MarketData) -> None:
    catalogue.write(candles(range(10)), REAL, now_ns=0)
    info = catalogue.write(candles(range(5, 12), shift=0.25), REAL, now_ns=1, mode=WriteMode.OVERLAY)
    assert info.rows == 12
    assert catalogue.bars("BTC/USDT", "1h").close[[4, 5]].tolist() == [104.0, 105.25]


def test_nothing_old_is_kept_when_a_set_is_replaced(catalogue: MarketData) -> None:
    catalogue.write(candles(range(10)), REAL, now_ns=0)
    info = catalogue.write(candles(range(50, 52)), MADE_UP, now_ns=1, mode=WriteMode.REPLACE)
    assert (info.rows, info.synthetic, info.seed, info.sources) == (2, True, 7, ("generator",))


@pytest.mark.parametrize(("first", "second"), [(REAL, MADE_UP), (MADE_UP, REAL)])
def test_real_and_synthetic_rows_are_never_mixed(catalogue: MarketData, first: Provenance, second: Provenance) -> None:
    catalogue.write(candles(range(10)), first, now_ns=0)
    for mode in (WriteMode.MERGE, WriteMode.OVERLAY):
        with pytest.raises(BadInput, match="not mixed"):
            catalogue.write(candles(range(10, 12)), second, now_ns=1, mode=mode)


def test_an_empty_series_is_refused(catalogue: MarketData) -> None:
    with pytest.raises(BadInput, match="no rows"):
        catalogue.write(candles(range(0)), REAL, now_ns=0)
    assert catalogue.data_sets() == []


def test_a_removed_set_is_gone(catalogue: MarketData) -> None:
    key = catalogue.write(candles(range(10)), REAL, now_ns=0).key
    catalogue.remove(key)
    with pytest.raises(BadInput):
        catalogue.read(key)
    with pytest.raises(BadInput):
        catalogue.remove(key)


def test_a_missing_symbol_is_answered_with_the_nearest_one(catalogue: MarketData) -> None:
    with pytest.raises(BadInput, match="the catalogue is empty"):
        catalogue.bars("BTC/USDT", "1h")
    catalogue.write(candles(range(10)), REAL, now_ns=0)
    with pytest.raises(BadInput, match=r"Did you mean BTC/USDT\?"):
        catalogue.bars("btc/usd", "1h")
    with pytest.raises(BadInput, match="Stored for BTC/USDT: 1h"):
        catalogue.bars("BTC/USDT", "5m")
    with pytest.raises(BadInput, match="unknown timeframe '1x'"):
        catalogue.bars("BTC/USDT", "1x")


def test_one_length_of_bar_has_one_name(catalogue: MarketData) -> None:
    bars = candles(range(10))
    catalogue.write(Bars("BTC/USDT", "60m", *bars.columns().values()), REAL, now_ns=0)
    assert len(catalogue.bars("BTC/USDT", "1h")) == len(catalogue.bars("BTC/USDT", "60m")) == 10
    assert [info.key for info in catalogue.data_sets()] == [DataKey("BTC/USDT", Kind.CANDLES, "1h")]

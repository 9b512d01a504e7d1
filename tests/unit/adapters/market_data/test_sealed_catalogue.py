"""What is sealed is withheld from every read, whatever is stored when and how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tradewind.adapters.lockbox.sqlite_lockbox import SqliteLockbox
from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.adapters.market_data.sealed_catalogue import SealedCatalogue
from tradewind.core.domain.data_sets import DataKey, Provenance
from tradewind.core.domain.lockbox import Deed, Done
from tradewind.core.domain.market_data import Bars, Funding, Kind, MarkPrices
from tradewind.ports.market_data import MarketData, WriteMode

HOUR = 3_600_000_000_000
REAL = Provenance("a file")
SYMBOL = "BTC/USDT:USDT"


def candles(hours: range, symbol: str = SYMBOL, timeframe: str = "1h") -> Bars:
    time = np.array([h * HOUR for h in hours], dtype=np.int64)
    close = (100.0 if symbol == SYMBOL else 200.0) + np.array(hours, dtype=np.float64)
    return Bars(symbol, timeframe, time, close - 0.5, close + 1, close - 1, close, np.full(len(time), 2.0))


@pytest.fixture
def whole(tmp_path: Path) -> ParquetCatalogue:
    catalogue = ParquetCatalogue(tmp_path / "data")
    catalogue.write(candles(range(48)), REAL, now_ns=0)
    catalogue.write(candles(range(48), "ETH/USDT"), REAL, now_ns=0)
    catalogue.write(candles(range(0, 48, 4), timeframe="4h"), REAL, now_ns=0)
    times = np.arange(0, 48, 8, dtype=np.int64) * HOUR
    catalogue.write(Funding(SYMBOL, times, np.full(len(times), 1e-4)), REAL, now_ns=0)
    catalogue.write(MarkPrices(SYMBOL, times, np.full(len(times), 100.0)), REAL, now_ns=0)
    return catalogue


@pytest.fixture
def sealed(whole: ParquetCatalogue, tmp_path: Path) -> MarketData:
    """BTC is sealed from the second day's noon on."""
    lockbox = SqliteLockbox(tmp_path / "ledger", tmp_path / "data")
    lockbox.append(lambda _: Done(Deed.SEALED, (SYMBOL,), 36 * HOUR, 0, 0, "local", {}))
    return SealedCatalogue(whole, lockbox)


def test_every_kind_of_read_ends_at_the_seal(sealed: MarketData) -> None:
    assert sealed.bars(SYMBOL, "1h").time[-1] == 35 * HOUR
    assert sealed.bars(SYMBOL, "1h", 30 * HOUR, 99 * HOUR).time.tolist() == [h * HOUR for h in range(30, 36)]
    assert len(sealed.bars(SYMBOL, "1h", 36 * HOUR)) == 0
    assert sealed.read(DataKey(SYMBOL, Kind.CANDLES, "1h")).time[-1] == 35 * HOUR
    assert sealed.funding(SYMBOL).time[-1] == 32 * HOUR
    assert sealed.marks(SYMBOL).time[-1] == 32 * HOUR
    assert sealed.read(DataKey(SYMBOL, Kind.FUNDING)).time[-1] == 32 * HOUR


def test_a_bar_that_opens_before_the_seal_and_closes_after_it_is_withheld(whole, tmp_path: Path) -> None:
    lockbox = SqliteLockbox(tmp_path / "ledger", tmp_path / "data")
    lockbox.append(lambda _: Done(Deed.SEALED, (SYMBOL,), 34 * HOUR, 0, 0, "local", {}))
    catalogue = SealedCatalogue(whole, lockbox)
    assert catalogue.bars(SYMBOL, "1h").time[-1] == 33 * HOUR
    assert catalogue.bars(SYMBOL, "4h").time[-1] == 28 * HOUR, "the bar of hour 32 knows hours 34 and 35"


def test_another_symbol_is_seen_whole(sealed: MarketData) -> None:
    assert len(sealed.bars("ETH/USDT", "1h")) == 48
    assert (sealed.sealed_from("ETH/USDT"), sealed.sealed_from(SYMBOL)) == (None, 36 * HOUR)


def named(bars: Bars, symbol: str) -> Bars:
    return replace(bars, symbol=symbol)


def by_two(bars: Bars) -> Bars:
    """Bars of two hours made of those of one."""
    return Bars(
        bars.symbol, "2h", bars.time[::2], bars.open[::2], np.maximum(bars.high[::2], bars.high[1::2]),
        np.minimum(bars.low[::2], bars.low[1::2]), bars.close[1::2], bars.volume[::2] + bars.volume[1::2],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("what", "alias"),
    [
        ("all of it", candles(range(48))),
        ("the sealed part alone, with what came after it", candles(range(20, 70))),
        ("another timeframe of it", by_two(candles(range(48)))),
        ("with one bar repaired", replace(candles(range(48)), volume=np.full(48, 9.0))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_same_prices_under_another_name_are_sealed_too(sealed: MarketData, what: str, alias: Bars) -> None:
    sealed.write(named(alias, "MINE/USD"), REAL, now_ns=1)
    assert sealed.sealed_from("MINE/USD") == 36 * HOUR, what
    seen = sealed.bars("MINE/USD", alias.timeframe)
    assert int(seen.time[-1]) + seen.step_ns <= 36 * HOUR
    assert sealed.sealed_from("ETH/USDT") is None


def test_markets_that_stand_at_the_same_few_prices_are_not_taken_for_one(sealed: MarketData, whole, tmp_path) -> None:
    flat = candles(range(48))
    near = np.where(np.arange(48) % 3 == 0, 0.9999, 1.0)
    stable = replace(flat, open=near, high=near, low=near, close=near)
    lockbox = sealed.lockbox  # type: ignore[attr-defined]
    for name in ("USDC/USDT", "FDUSD/USDT"):
        whole.write(named(stable, name), REAL, now_ns=1)
    lockbox.append(lambda _: Done(Deed.SEALED, ("USDC/USDT",), 40 * HOUR, 0, 0, "local", {}))
    assert (sealed.sealed_from("FDUSD/USDT"), sealed.sealed_from("USDC/USDT")) == (40 * HOUR, 40 * HOUR), "one hash"
    whole.write(named(replace(stable, volume=stable.volume + 1.0), "TUSD/USDT"), REAL, now_ns=1)
    assert sealed.sealed_from("TUSD/USDT") is None


def test_what_is_stored_is_told_whole_and_no_secret(sealed: MarketData) -> None:
    assert sealed.info(DataKey(SYMBOL, Kind.CANDLES, "1h")).rows == 48
    assert len(sealed.data_sets()) == 5


def test_new_bars_replaced_bars_and_a_removed_and_brought_back_set_stay_sealed(sealed: MarketData, whole) -> None:
    sealed.write(candles(range(40, 90)), REAL, now_ns=1)
    assert len(whole.bars(SYMBOL, "1h")) == 90
    assert sealed.bars(SYMBOL, "1h").time[-1] == 35 * HOUR
    sealed.write(candles(range(10, 60)), REAL, now_ns=2, mode=WriteMode.REPLACE)
    assert sealed.bars(SYMBOL, "1h").time[-1] == 35 * HOUR
    sealed.remove(DataKey(SYMBOL, Kind.CANDLES, "1h"))
    sealed.write(candles(range(100)), REAL, now_ns=3)
    assert sealed.bars(SYMBOL, "1h").time[-1] == 35 * HOUR
    sealed.write(candles(range(30, 50), timeframe="15m"), REAL, now_ns=4)
    assert sealed.bars(SYMBOL, "15m").time[-1] == 35 * HOUR


def test_merging_more_bars_loses_none_of_the_sealed_ones(sealed: MarketData, whole) -> None:
    before = whole.bars(SYMBOL, "1h")
    sealed.write(candles(range(48, 60)), REAL, now_ns=1)
    after = whole.bars(SYMBOL, "1h")
    np.testing.assert_array_equal(after.close[:48], before.close)
    assert len(after) == 60

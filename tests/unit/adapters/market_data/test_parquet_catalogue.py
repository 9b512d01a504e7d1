"""The catalogue's own promises: readable files, whole or absent, damage told, writers in peace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.adapters.market_data.names import folder_name, symbol_name
from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.adapters.market_data.whole_files import TEMPORARY, write_whole
from tradewind.core.domain.data_sets import DataKey, Provenance
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.market_data import Bars, Kind
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.ports.market_data import WriteMode

HOUR = 3_600_000_000_000
KEY = DataKey("BTC/USDT", Kind.CANDLES, "1h")
FROM_FILE = Provenance("a file")

WRITER = """
import sys
from pathlib import Path
from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.core.domain.data_sets import Provenance
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.ports.market_data import WriteMode

catalogue = ParquetCatalogue(Path(sys.argv[1]))
sets = [synthetic_market(SyntheticMarket(bars=20_000, seed=seed))[0] for seed in (1, 2)]
print("ready", flush=True)
while True:
    for bars in sets:
        catalogue.write(bars, Provenance("a file"), now_ns=0, mode=WriteMode.REPLACE)
"""
MERGER = """
import sys
from pathlib import Path
import numpy as np
from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.core.domain.data_sets import Provenance
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market

bars = synthetic_market(SyntheticMarket(bars=400))[0]
for first in range(int(sys.argv[2]) * 10, 400, 40):
    part = bars.rows(slice(first, first + 10))
    ParquetCatalogue(Path(sys.argv[1])).write(part, Provenance("a file"), now_ns=0)
"""


def market(bars: int = 300, seed: int = 1) -> Bars:
    series = synthetic_market(SyntheticMarket(bars=bars, seed=seed))[0]
    assert isinstance(series, Bars)
    return series


def test_the_layout_is_one_that_a_person_can_read(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    for series in synthetic_market(SyntheticMarket(("BTC/USDT", "ETH/USDT:USDT"), timeframe="4h", bars=20)):
        catalogue.write(series, FROM_FILE, now_ns=0)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet")) == [
        "BTC-USDT/candles/4h.parquet",
        "ETH-USDT_USDT/candles/4h.parquet",
        "ETH-USDT_USDT/funding/rates.parquet",
        "ETH-USDT_USDT/mark/prices.parquet",
    ]
    frame = pl.read_parquet(tmp_path / "BTC-USDT" / "candles" / "4h.parquet")
    assert frame.schema["time"] == pl.Datetime("ns", "UTC")
    assert frame.columns == ["time", "open", "high", "low", "close", "volume"]


@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40))
def test_every_symbol_has_a_folder_of_its_own_and_back(symbol: str) -> None:
    folder = folder_name(symbol)
    assert symbol_name(folder) == symbol
    assert set(folder) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_%")
    assert not folder.startswith(".")
    assert not folder.endswith(".")


@pytest.mark.parametrize("symbol", ["../../etc/passwd", "..", ".", "CON", "nul.txt", "a\\b", "BTC/USDT:USDT-240628"])
def test_no_symbol_leads_out_of_the_catalogue(symbol: str, tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path / "data")
    path = catalogue.path(DataKey(symbol, Kind.CANDLES, "1h")).resolve()
    assert path.parent.parent.parent == (tmp_path / "data").resolve()
    assert symbol_name(path.parent.parent.name) == symbol


@pytest.mark.parametrize("symbol", ["", " ", "BTC USDT", "BTC\n", "x" * 61, "a\0b", "\x1b[31m"])
def test_what_cannot_be_a_symbol_is_refused(symbol: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be a symbol"):
        ParquetCatalogue(tmp_path).info(DataKey(symbol, Kind.CANDLES, "1h"))


def test_every_byte_that_is_changed_is_noticed(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    bars = market(100)
    catalogue.write(bars, FROM_FILE, now_ns=0)
    path = catalogue.path(KEY)
    whole = path.read_bytes()
    noticed = 0
    for at in range(0, len(whole), max(1, len(whole) // 150)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        try:
            read = catalogue.read(KEY)
        except Corrupt:
            noticed += 1
        else:  # bytes that carry no rows, such as statistics
            np.testing.assert_array_equal(read.columns()["close"], bars.close)
    assert noticed > 50


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"time,open\n1,2\n"])
def test_what_is_no_data_set_is_corrupt_and_does_not_hide_the_others(tmp_path: Path, content: bytes) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    catalogue.write(market(), FROM_FILE, now_ns=0)
    broken = catalogue.path(DataKey("BTC/USDT", Kind.CANDLES, "5m"))
    broken.write_bytes(content)
    with pytest.raises(Corrupt, match="import the data again") as told:
        catalogue.bars("BTC/USDT", "5m")
    assert told.value.where == str(broken)
    assert [info.key for info in catalogue.data_sets()] == [KEY]
    assert list(catalogue.damaged()) == [str(broken)]
    catalogue.remove(DataKey("BTC/USDT", Kind.CANDLES, "5m"))
    assert catalogue.damaged() == {}


def test_a_foreign_parquet_file_is_no_data_set(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    path = catalogue.path(KEY)
    path.parent.mkdir(parents=True)
    pl.DataFrame({"x": [1]}).write_parquet(path)
    with pytest.raises(Corrupt, match="not a data set of Tradewind"):
        catalogue.read(KEY)


def test_a_data_set_moved_to_another_name_is_told(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    catalogue.write(market(), FROM_FILE, now_ns=0)
    other = catalogue.path(DataKey("ETH/USDT", Kind.CANDLES, "1h"))
    other.parent.mkdir(parents=True)
    other.write_bytes(catalogue.path(KEY).read_bytes())
    assert "BTC/USDT" in catalogue.damaged()[str(other)]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "x"
    write_whole(file, lambda out: out.write(b"old"))

    def fail(out: object) -> None:
        out.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(file, fail)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert file.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_kill_at_any_moment_leaves_a_whole_data_set(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    allowed = {catalogue.write(market(20_000, 2), FROM_FILE, now_ns=0, mode=WriteMode.REPLACE).content_hash}
    allowed.add(catalogue.write(market(20_000, 1), FROM_FILE, now_ns=0, mode=WriteMode.REPLACE).content_hash)
    folder = catalogue.path(KEY).parent
    half_written = 0
    for attempt in range(8):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            try:
                assert writer.stdout is not None
                assert writer.stdout.readline() == b"ready\n"
                deadline = time.monotonic() + 0.02 + attempt * 0.013
                while time.monotonic() < deadline:
                    catalogue.read(KEY)  # readers are never disturbed either
                while attempt % 2 and not any(TEMPORARY in path.name for path in folder.iterdir()):
                    assert time.monotonic() < deadline + 30, "the writer writes nothing"
            finally:
                os.kill(writer.pid, signal.SIGKILL)
            writer.wait(timeout=30)
        half_written += any(TEMPORARY in path.name for path in tmp_path.rglob("*"))
        assert catalogue.info(KEY).content_hash in allowed
        assert len(catalogue.read(KEY)) == 20_000
        assert [info.key for info in catalogue.data_sets()] == [KEY]
        assert catalogue.damaged() == {}
    assert half_written, "no kill hit a write in the middle: the test shows nothing"
    catalogue.write(market(20_000), FROM_FILE, now_ns=0, mode=WriteMode.REPLACE)
    assert not [path for path in tmp_path.rglob("*") if TEMPORARY in path.name]


def test_processes_that_import_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", MERGER, str(tmp_path), str(part)]) for part in range(4)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0, 0]
    np.testing.assert_array_equal(ParquetCatalogue(tmp_path).bars("BTC/USDT", "1h").close, market(400).close)

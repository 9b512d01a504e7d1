"""The real EURUSD bars and what smartmoneyconcepts 0.0.27 prints on them (swing length 5), where they are at hand."""

import csv
import gzip
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).parents[5].parent / "shared"
BARS = SHARED / "data" / "fx_smc" / "EURUSD_15M.csv.gz"
EXPECTED = SHARED / "fixtures" / "smc_expected"

needs_peer_rows = pytest.mark.skipif(
    not (BARS.exists() and EXPECTED.exists()), reason="the recorded rows are not beside this checkout"
)


def _columns(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        reader = csv.reader(file)
        names = next(reader)
        return dict(zip(names, zip(*reader, strict=True), strict=True))


def _ns(text):
    return int(datetime.strptime(text, "%Y.%m.%d %H:%M:%S").replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@cache
def eurusd():
    """15-minute bars; the volume of the file is all zeros, as the recorded results were made with it."""
    raw = _columns(BARS)
    bars = {name: np.array(raw[name.capitalize()], dtype=float) for name in ("open", "high", "low", "close", "volume")}
    return bars | {"time": np.array([_ns(text) for text in raw["Date"]], dtype=np.int64)}


@cache
def recorded(name):
    """One recorded table as float columns, NaN where a cell is empty."""
    raw = _columns(EXPECTED / f"{name}.csv.gz")
    return {column: np.array([float(cell or "nan") for cell in cells]) for column, cells in raw.items()}


def rows_where(condition):
    return np.flatnonzero(condition).tolist()

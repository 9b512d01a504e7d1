"""The catalogue on a disk: one folder a symbol, one Parquet file a data set, and nothing else to keep in step.

ROOT/BTC-USDT_USDT/candles/1h.parquet
ROOT/BTC-USDT_USDT/funding/rates.parquet
ROOT/BTC-USDT_USDT/mark/prices.parquet
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from tradewind.adapters.market_data.merging import merged
from tradewind.adapters.market_data.names import folder_name, symbol_name
from tradewind.adapters.market_data.parquet_files import read_file, read_info, write_file
from tradewind.adapters.market_data.whole_files import locked, sweep
from tradewind.core.domain.data_quality import check_series
from tradewind.core.domain.data_sets import AnySeries, DataKey, DataSetInfo, Provenance, content_hash, key_of
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.market_data import Bars, Funding, Kind, MarkPrices, check_symbol
from tradewind.core.domain.timeframes import timeframe_name, timeframe_ns
from tradewind.ports.market_data import WriteMode

FILE_NAMES = {Kind.FUNDING: "rates", Kind.MARK: "prices"}
SOURCES_MAX = 8


class ParquetCatalogue:
    """Data sets under one folder. Any number of processes may read and write it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def data_sets(self) -> list[DataSetInfo]:
        """Every readable data set, ordered by key."""
        found = (self._info_or_problem(path) for path in self._paths())
        return sorted((info for info in found if isinstance(info, DataSetInfo)), key=_order)

    def damaged(self) -> dict[str, str]:
        """Files that stand where data sets stand and cannot be read, with the reason."""
        found = ((path, self._info_or_problem(path)) for path in self._paths())
        return {str(path): problem for path, problem in found if isinstance(problem, str)}

    def path(self, key: DataKey) -> Path:
        """Where a data set is stored, whether it exists or not."""
        check_symbol(key.symbol)
        name = FILE_NAMES.get(key.kind) or timeframe_name(timeframe_ns(key.timeframe))
        return self.root / folder_name(key.symbol) / key.kind / f"{name}.parquet"

    def info(self, key: DataKey) -> DataSetInfo:
        """What is stored under a key. Raises BadInput with near names, Corrupt."""
        path = self.path(key)
        try:
            return read_info(path)
        except FileNotFoundError:
            raise self._absent(key) from None

    def read(self, key: DataKey) -> AnySeries:
        """Every row stored under a key, its content hash verified. Raises BadInput, Corrupt."""
        try:
            return read_file(self.path(key))[0]
        except FileNotFoundError:
            raise self._absent(key) from None

    def bars(self, symbol: str, timeframe: str, start_ns: int | None = None, end_ns: int | None = None) -> Bars:
        """Candles with `start_ns <= time < end_ns`."""
        series = self.read(DataKey(symbol, Kind.CANDLES, timeframe)).slice(start_ns, end_ns)
        assert isinstance(series, Bars)
        return series

    def funding(self, symbol: str, start_ns: int | None = None, end_ns: int | None = None) -> Funding:
        """Funding rates with `start_ns <= time < end_ns`."""
        series = self.read(DataKey(symbol, Kind.FUNDING)).slice(start_ns, end_ns)
        assert isinstance(series, Funding)
        return series

    def marks(self, symbol: str, start_ns: int | None = None, end_ns: int | None = None) -> MarkPrices:
        """Mark prices with `start_ns <= time < end_ns`."""
        series = self.read(DataKey(symbol, Kind.MARK)).slice(start_ns, end_ns)
        assert isinstance(series, MarkPrices)
        return series

    def sealed_from(self, symbol: str) -> int | None:  # noqa: ARG002 - the port's
        """None: a catalogue withholds nothing by itself; see SealedCatalogue."""
        return None

    def write(
        self, series: AnySeries, provenance: Provenance, *, now_ns: int, mode: WriteMode = WriteMode.MERGE
    ) -> DataSetInfo:
        """Store rows, all or none of them. Raises BadInput where they disagree with stored ones, or are none."""
        key = key_of(series)
        if isinstance(series, Bars):  # one name for one length: 60m is stored as 1h
            series = replace(series, timeframe=timeframe_name(series.step_ns))
            key = key_of(series)
        if len(series) == 0:
            raise BadInput("there are no rows to store", where=str(key), fix="Give at least one row")
        path = self.path(key)
        with locked(path.with_suffix(".lock")):
            sweep(path)
            old = read_file(path) if path.exists() and mode is not WriteMode.REPLACE else None
            if old is not None:
                _refuse_mixture(old[1], provenance)
                series = merged(old[0], series, mode)
            info = _described(series, provenance, old[1] if old else None, now_ns)
            if old is None or old[1].content_hash != info.content_hash or old[1].sources != info.sources:
                write_file(path, series, info)
                return info
            return old[1]

    def remove(self, key: DataKey) -> DataSetInfo:
        """Forget a data set, damaged or not. Raises BadInput where there is none."""
        path = self.path(key)
        if not path.exists():
            raise self._absent(key)
        with locked(path.with_suffix(".lock")):
            sweep(path)
            try:
                info = read_info(path)
            except Corrupt:
                info = DataSetInfo(key, 0, 0, 0, "", (), "", False, None, 0)
            path.unlink(missing_ok=True)
        return info

    def _paths(self) -> Iterable[Path]:
        folders = sorted(self.root.iterdir()) if self.root.is_dir() else []
        for folder in folders:
            if symbol_name(folder.name) is not None and folder.is_dir():
                yield from sorted(path for path in folder.glob("*/*.parquet") if not path.name.startswith("."))

    def _info_or_problem(self, path: Path) -> DataSetInfo | str | None:
        try:
            info = read_info(path)
        except FileNotFoundError:
            return None  # removed between listing and reading
        except Corrupt as problem:
            return problem.message
        return info if self.path(info.key) == path else f"holds {info.key}, which is stored elsewhere"

    def _absent(self, key: DataKey) -> BadInput:
        known = [info.key for info in self.data_sets()]
        if not known:
            return BadInput(
                f"no data for the symbol {key.symbol!r}: the catalogue is empty",
                fix="Bring some: tradewind data import FILE",
            )
        same = [other for other in known if other.symbol == key.symbol]
        if same:
            return BadInput(
                f"no {key}. Stored for {key.symbol}: {', '.join(_short(other) for other in same)}",
                fix="Use one of those, or bring it: tradewind data import FILE",
            )
        symbols = sorted({other.symbol for other in known})
        folded = {symbol.upper(): symbol for symbol in symbols}
        typed = key.symbol.upper()
        near = [folded[text] for text in ([typed] if typed in folded else get_close_matches(typed, folded, cutoff=0.5))]
        if near:
            return BadInput(f"no data for the symbol {key.symbol!r}", fix=f"Did you mean {' or '.join(near)}?")
        return BadInput(f"no data for the symbol {key.symbol!r}", fix=f"Stored are {', '.join(symbols[:12])}")


def _described(series: AnySeries, provenance: Provenance, old: DataSetInfo | None, now_ns: int) -> DataSetInfo:
    sources = (*(old.sources if old else ()), provenance.source)
    return DataSetInfo(
        key=key_of(series),
        rows=len(series),
        first_ns=int(series.time[0]),
        last_ns=int(series.time[-1]),
        content_hash=content_hash(series.columns()),
        sources=tuple(dict.fromkeys(sources))[-SOURCES_MAX:],
        license=provenance.license or (old.license if old else ""),
        synthetic=provenance.synthetic,
        seed=provenance.seed,
        imported_at_ns=now_ns,
        quality=check_series(series).counts(),
    )


def _refuse_mixture(old: DataSetInfo, new: Provenance) -> None:
    if old.synthetic == new.synthetic and (not old.synthetic or old.seed == new.seed):
        return
    was = f"synthetic (seed {old.seed})" if old.synthetic else "real"
    now = f"synthetic (seed {new.seed})" if new.synthetic else "real"
    raise BadInput(
        f"stored rows are {was}, the new ones {now}: they are not mixed",
        where=str(old.key),
        fix=f"Remove the stored ones first: tradewind data remove {old.key.symbol}",
    )


def _order(info: DataSetInfo) -> tuple[str, str, int]:
    return info.key.symbol, info.key.kind, timeframe_ns(info.key.timeframe) if info.key.timeframe else 0


def _short(key: DataKey) -> str:
    return key.timeframe or key.kind

"""A catalogue of which the sealed stretches are withheld, whoever asks."""

from __future__ import annotations

from typing import TypeVar

from tradewind.core.domain.data_sets import AnySeries, DataKey, DataSetInfo, Provenance
from tradewind.core.domain.lockbox import seals_of
from tradewind.core.domain.market_data import Bars, Funding, Kind, MarkPrices, Series
from tradewind.core.domain.same_prices import same_prices
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.ports.lockbox import Lockbox
from tradewind.ports.market_data import MarketData, WriteMode

S = TypeVar("S", bound=Series)


class SealedCatalogue:
    """Reads of `inner` end where the lockbox says; what is written goes through whole.

    A seal is of a symbol, from an instant on: every kind of data and every timeframe of it, stored now or later. A bar
    is withheld that closes after that instant, even where it opens before. The same prices under another name are as
    sealed as they are under their own.
    """

    def __init__(self, inner: MarketData, lockbox: Lockbox) -> None:
        self.inner, self.lockbox = inner, lockbox
        self._same: dict[frozenset[str], bool] = {}

    def sealed_from(self, symbol: str) -> int | None:
        """From when on the symbol is withheld; see the port. Raises Corrupt where the lockbox is damaged."""
        seals = seals_of(self.lockbox.entries())
        if not seals:
            return None
        stored = self.inner.data_sets()
        return min(
            (seal.from_ns for name, seal in seals.items() if name == symbol or self._is_same(symbol, name, stored)),
            default=None,
        )

    def read(self, key: DataKey) -> AnySeries:
        """The rows under a key that are not withheld; the hash of all of them is verified."""
        return self._open_part(self.inner.read(key))

    def bars(self, symbol: str, timeframe: str, start_ns: int | None = None, end_ns: int | None = None) -> Bars:
        """Candles with `start_ns <= time < end_ns`, as far as they are not withheld."""
        return self._open_part(self.inner.bars(symbol, timeframe, start_ns, end_ns))

    def funding(self, symbol: str, start_ns: int | None = None, end_ns: int | None = None) -> Funding:
        """Funding rates with `start_ns <= time < end_ns`, as far as they are not withheld."""
        return self._open_part(self.inner.funding(symbol, start_ns, end_ns))

    def marks(self, symbol: str, start_ns: int | None = None, end_ns: int | None = None) -> MarkPrices:
        """Mark prices with `start_ns <= time < end_ns`, as far as they are not withheld."""
        return self._open_part(self.inner.marks(symbol, start_ns, end_ns))

    def data_sets(self) -> list[DataSetInfo]:
        """Every data set as it is stored: that there are sealed rows is no secret."""
        return self.inner.data_sets()

    def damaged(self) -> dict[str, str]:
        """Data sets that cannot be read."""
        return self.inner.damaged()

    def info(self, key: DataKey) -> DataSetInfo:
        """What is stored under a key, withheld rows included."""
        return self.inner.info(key)

    def write(
        self, series: AnySeries, provenance: Provenance, *, now_ns: int, mode: WriteMode = WriteMode.MERGE
    ) -> DataSetInfo:
        """Store rows; what falls into a sealed stretch is withheld from then on."""
        return self.inner.write(series, provenance, now_ns=now_ns, mode=mode)

    def remove(self, key: DataKey) -> DataSetInfo:
        """Forget a data set. A seal is of the symbol and stays."""
        return self.inner.remove(key)

    def _is_same(self, one: str, other: str, stored: list[DataSetInfo]) -> bool:
        """Whether two names stand for one market: told by the hashes of what is stored, or else by its closes."""
        candles = [
            {info.key.timeframe: info for info in stored if info.key.symbol == name and info.key.kind is Kind.CANDLES}
            for name in (one, other)
        ]
        if not all(candles):
            return False
        shared = candles[0].keys() & candles[1].keys()
        mine, theirs = (found[min(shared or found, key=timeframe_ns)] for found in candles)
        hashes = frozenset((mine.content_hash, theirs.content_hash))
        if len(hashes) > 1 and hashes not in self._same:
            read = (self.inner.bars(info.key.symbol, info.key.timeframe) for info in (mine, theirs))
            self._same[hashes] = same_prices(*read)
        return len(hashes) == 1 or self._same[hashes]

    def _open_part(self, series: S) -> S:
        from_ns = self.sealed_from(series.symbol)
        if from_ns is None:
            return series
        step_ns = series.step_ns if isinstance(series, Bars) else 0
        return series.slice(None, from_ns - step_ns + 1 if step_ns else from_ns)

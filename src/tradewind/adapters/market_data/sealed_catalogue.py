"""A catalogue of which the sealed stretches are withheld, whoever asks."""

from __future__ import annotations

from typing import TypeVar

from tradewind.core.domain.data_sets import AnySeries, DataKey, DataSetInfo, Provenance
from tradewind.core.domain.lockbox import seals_of
from tradewind.core.domain.market_data import Bars, Funding, MarkPrices, Series
from tradewind.ports.lockbox import Lockbox
from tradewind.ports.market_data import MarketData, WriteMode

S = TypeVar("S", bound=Series)


class SealedCatalogue:
    """Reads of `inner` end where the lockbox says; what is written goes through whole.

    A seal is of a symbol, from an instant on: every kind of data and every timeframe of it, stored now or later. A bar
    is withheld that closes after that instant, even where it opens before.
    """

    def __init__(self, inner: MarketData, lockbox: Lockbox) -> None:
        self.inner, self.lockbox = inner, lockbox

    def sealed_from(self, symbol: str) -> int | None:
        """From when on the symbol is withheld; see the port. Raises Corrupt where the lockbox is damaged."""
        seal = seals_of(self.lockbox.entries()).get(symbol)
        return None if seal is None else seal.from_ns

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

    def _open_part(self, series: S) -> S:
        from_ns = self.sealed_from(series.symbol)
        if from_ns is None:
            return series
        step_ns = series.step_ns if isinstance(series, Bars) else 0
        return series.slice(None, from_ns - step_ns + 1 if step_ns else from_ns)

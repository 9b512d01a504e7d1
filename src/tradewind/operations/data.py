"""What may be asked of stored data: what there is, how good it is, a page of it, and to forget it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradewind.core.domain.data_quality import QualityReport, check_series
from tradewind.core.domain.data_sets import DataKey, DataSetInfo
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Kind
from tradewind.ports.market_data import MarketData

PAGE_ROWS_MAX = 10_000


@dataclass(frozen=True)
class Checked:
    """A stored data set and what a check found in it."""

    stored: DataSetInfo
    report: QualityReport


@dataclass(frozen=True)
class Candle:
    """One bar of a page. `gap_bars` is how many bars are missing right before it."""

    time_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    gap_bars: int


@dataclass(frozen=True)
class CandlePage:
    """One page of candles out of `rows` that match. `page` counts from 1; a page beyond the last is empty."""

    symbol: str
    timeframe: str
    synthetic: bool
    content_hash: str
    page: int
    pages: int
    rows: int
    gaps: int
    candles: tuple[Candle, ...]


def data_sets(catalogue: MarketData, symbol: str | None = None, kind: Kind | None = None) -> list[DataSetInfo]:
    """What is stored, of one symbol or kind if asked. Raises BadInput for a symbol that is not stored."""
    found = catalogue.data_sets()
    if symbol is not None and all(info.key.symbol != symbol for info in found):
        catalogue.info(DataKey(symbol, Kind.FUNDING))  # answers with the nearest symbol
    return [info for info in found if symbol in (None, info.key.symbol) and kind in (None, info.key.kind)]


def chosen(
    catalogue: MarketData, symbol: str | None = None, timeframe: str | None = None, kind: Kind | None = None
) -> list[DataSetInfo]:
    """The data sets that a person means by a symbol, a timeframe, both or neither."""
    if symbol is not None and timeframe is not None:
        return [catalogue.info(DataKey(symbol, Kind.CANDLES, timeframe))]
    found = [info for info in data_sets(catalogue, symbol, kind) if timeframe in (None, info.key.timeframe)]
    if not found:
        what = " ".join(str(word) for word in (symbol, kind, timeframe) if word)
        raise BadInput(f"nothing is stored for {what}" if what else "the catalogue is empty",
                       fix="See what there is: tradewind data list")  # fmt: skip
    return found


def check_sets(catalogue: MarketData, sets: Sequence[DataSetInfo]) -> list[Checked]:
    """Read and check data sets. Raises Corrupt where one is damaged."""
    return [Checked(info, check_series(catalogue.read(info.key))) for info in sets]


def candle_page(
    catalogue: MarketData,
    symbol: str,
    timeframe: str,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    page: int = 1,
    page_rows: int = 1_000,
) -> CandlePage:
    """One page of the candles with `start_ns <= time < end_ns`, oldest first, with the gaps before each.

    Raises BadInput for what is not stored, a page below 1, or more than PAGE_ROWS_MAX rows a page.
    """
    if page < 1:
        raise BadInput(f"pages count from 1, not {page}", fix="Begin with --page 1")
    if not 1 <= page_rows <= PAGE_ROWS_MAX:
        raise BadInput(
            f"a page holds 1 to {PAGE_ROWS_MAX:,} rows, not {page_rows:,}",
            fix="Ask for fewer rows, and for the next page",
        )
    info = catalogue.info(DataKey(symbol, Kind.CANDLES, timeframe))
    whole = catalogue.bars(symbol, timeframe)
    bars = whole.slice(start_ns, end_ns)
    missing = np.diff(whole.time, prepend=whole.time[:1] - whole.step_ns) // whole.step_ns - 1
    gap_bars = missing[np.searchsorted(whole.time, bars.time)]
    first = (page - 1) * page_rows
    shown, shown_gaps = bars.rows(slice(first, first + page_rows)), gap_bars[first : first + page_rows]
    table = zip(*(column.tolist() for column in shown.columns().values()), shown_gaps.tolist(), strict=True)
    return CandlePage(
        symbol=symbol,
        timeframe=whole.timeframe,
        synthetic=info.synthetic,
        content_hash=info.content_hash,
        page=page,
        pages=-(-len(bars) // page_rows),
        rows=len(bars),
        gaps=int((gap_bars > 0).sum()),
        candles=tuple(Candle(*row) for row in table),
    )

"""What a recording holds, and whether it can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.recording import Recording
from tradewind.core.engine.books.checking import check_tops

SILENCE_NS = 5_000_000_000
"""A venue whose book says nothing for longer than this was not heard, or stood still."""
SPIKE = 0.01
"""A trade this far, as a fraction, from the one before and the one after it is no price."""


@dataclass(frozen=True)
class TradeSums:
    """Trades by the aggressor's side: counts, sizes and the average price weighted by size (None without trades).

    `aggregated` counts runs of trades of one millisecond, one price and one aggressor: one order that met several.
    """

    count: int
    buys: int
    sells: int
    aggregated: int
    size: float
    buy_size: float
    sell_size: float
    vwap: float | None
    buy_vwap: float | None
    sell_vwap: float | None


@dataclass(frozen=True)
class BookSummary:
    """A recording in figures. Times are ns UTC on the venue's clock. `findings` are sentences, worst first.

    `compared` tops of the rebuilt book were set beside the venue's newest quote, and `equal` were the same price and
    size on both sides; `same_number` of them carry the very number of the change. `invalid_ns` is how long the book was
    lost after gaps, or all of the time where it never was valid.
    """

    symbol: str
    synthetic_seed: int | None
    start_ns: int
    end_ns: int
    counts: dict[str, int]
    tick: str
    lot: str
    clock_shift_ns: int
    feed_ms: tuple[float, float, float]
    trades: TradeSums
    snapshots: int
    gaps: int
    old: int
    crossed: int
    invalid_ns: int
    compared: int
    equal: int
    same_number: int
    spread_mean: float | None
    spread_max: float | None
    valid: bool
    findings: tuple[str, ...]


def summary_of(recording: Recording, cache: Path | None = None) -> BookSummary:
    """Rebuild the book of a recording and say what it is like."""
    check = check_tops(recording, cache).check
    book = check.book
    valid = check.spread_count > 0
    lost_ns = check.invalid_ns + (int(recording.local[-1]) - check.lost_at if check.lost_at else 0)
    feed = (recording.local - recording.time) / 1e6
    found = BookSummary(
        symbol=recording.symbol,
        synthetic_seed=recording.synthetic_seed,
        start_ns=int(recording.time.min()),
        end_ns=int(recording.time.max()),
        counts=dict(recording.counts),
        tick=str(recording.tick or ""),
        lot=str(recording.lot or ""),
        clock_shift_ns=recording.clock_shift_ns,
        feed_ms=(float(feed.min()), float(np.median(feed)), float(np.quantile(feed, 0.99))),
        trades=trade_sums(recording),
        snapshots=book.snapshots,
        gaps=book.gaps,
        old=book.old,
        crossed=book.crossed,
        invalid_ns=lost_ns if valid else int(np.ptp(recording.local)),
        compared=check.compared,
        equal=check.equal,
        same_number=check.same_number,
        spread_mean=check.spread_sum / check.spread_count if check.spread_count else None,
        spread_max=check.spread_max if check.spread_count else None,
        valid=valid,
        findings=(),
    )
    return BookSummary(**{**vars(found), "findings": tuple(_findings(found, recording, check.first_differs))})


def trade_sums(recording: Recording) -> TradeSums:
    """Sums over all trades, exact to the last bit of a float."""
    time, side, price, size = recording.trades()
    bought, sold = side > 0, side < 0
    changes = (np.diff(time) != 0) | (np.diff(side) != 0) | (np.diff(price) != 0)

    def average(which: NDArray[np.bool_]) -> float | None:
        whole = math.fsum(size[which])
        return math.fsum(price[which] * size[which]) / whole if whole > 0 else None

    every = np.ones(len(side), np.bool_)
    return TradeSums(
        count=len(side),
        buys=int(bought.sum()),
        sells=int(sold.sum()),
        aggregated=int(changes.sum()) + 1 if len(side) else 0,
        size=math.fsum(size),
        buy_size=math.fsum(size[bought]),
        sell_size=math.fsum(size[sold]),
        vwap=average(every),
        buy_vwap=average(bought),
        sell_vwap=average(sold),
    )


def _findings(found: BookSummary, recording: Recording, first_differs: int) -> list[str]:
    said = []
    if not found.valid:
        said.append("the book was never valid: no snapshot is followed by changes that begin where it ends")
    elif found.gaps:
        said.append(f"{found.gaps:,} gaps in the numbers made the book invalid for {found.invalid_ns / 1e9:,.3f} s")
    if found.valid and not found.compared:
        said.append("the book could not be compared with anything: there are no quotes that it has come to")
    if found.equal < found.compared:
        moment = instant_text(int(recording.time[first_differs]))
        said.append(
            f"{found.compared - found.equal:,} of {found.compared:,} tops are not the venue's quote, first at {moment}"
        )
    if found.crossed:
        said.append(f"the book was crossed or locked after {found.crossed:,} events")
    said += [text for text in (_crossed_quotes(recording), _silence(recording), _spikes(recording)) if text]
    if found.old:
        said.append(f"{found.old:,} changes held nothing new")
    return [*said, *recording.said]


def _crossed_quotes(recording: Recording) -> str:
    rows = recording.begin[recording.of(EventKind.QUOTE)]
    count = int((recording.price[rows] >= recording.price[rows + 1]).sum()) if len(rows) else 0
    return f"{count:,} quotes bid what they ask or more" if count else ""


def _silence(recording: Recording) -> str:
    time = np.sort(recording.time[recording.kind != EventKind.SNAPSHOT])
    gaps = np.diff(time)
    count = int((gaps > SILENCE_NS).sum()) if len(gaps) else 0
    if not count:
        return ""
    worst = int(np.argmax(gaps))
    return (
        f"{count:,} silences of over 5 s, the longest {gaps[worst] / 1e9:,.1f} s from {instant_text(int(time[worst]))}"
    )


def _spikes(recording: Recording) -> str:
    """Trades far from their neighbours on both sides, which a market that moves is not."""
    time, _, price, _ = recording.trades()
    if len(price) < 3:
        return ""
    middle, before, after = price[1:-1], price[:-2], price[2:]
    low, high = np.minimum(before, after), np.maximum(before, after)
    which = np.flatnonzero((middle > high * (1 + SPIKE)) | (middle < low * (1 - SPIKE)))
    if not len(which):
        return ""
    first = int(which[0]) + 1
    return f"{len(which):,} trades are over 1 % off, first {price[first]:g} at {instant_text(int(time[first]))}"

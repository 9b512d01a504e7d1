"""Bring an exchange's history into the catalogue, window by window, so that a stop costs one window at most.

A window is stored in one step and always touches what is stored already. What is missing is therefore on the outside
only, and a second call goes on where the first one stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tradewind.core.domain.data_sets import AnySeries, DataKey, DataSetInfo, Provenance
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.market_data import Kind, series_of
from tradewind.core.domain.timeframes import UNITS_NS, bucket_start_ns, timeframe_ns
from tradewind.operations.progress import Progress, Silence
from tradewind.ports.market_data import MarketData
from tradewind.ports.venue_history import VenueHistory

PAGE_ROWS = 1_000
PAGES_A_WINDOW = 20
ATTEMPTS_MAX = 6
WAIT_S, WAIT_S_MAX = 1.0, 30.0
USUAL_STEP_NS = {Kind.FUNDING: 8 * UNITS_NS["h"], Kind.MARK: UNITS_NS["h"]}
MILLISECOND_NS = 1_000_000


@dataclass(frozen=True)
class Downloaded:
    """What a download added. `stored` is None where the exchange has nothing in the time asked for."""

    exchange: str
    key: DataKey
    rows_new: int
    pages: int
    retries: int
    stored: DataSetInfo | None


@dataclass
class Count:
    """What was asked so far."""

    pages: int = 0
    retries: int = 0


def download(
    key: DataKey,
    start_ns: int,
    end_ns: int | None = None,
    *,
    catalogue: MarketData,
    history: VenueHistory,
    now_ns: Callable[[], int],
    sleep: Callable[[float], None],
    progress: Progress | None = None,
) -> Downloaded:
    """Store the rows with `start_ns <= time < end_ns` that are not stored yet; bars that are not closed are left out.

    Raises BadInput for what the exchange does not have, Unavailable when it stays silent after ATTEMPTS_MAX attempts;
    whole windows that came before stay stored.
    """
    progress = progress or Silence()
    step_ns = timeframe_ns(key.timeframe) if key.kind is Kind.CANDLES else USUAL_STEP_NS[key.kind]
    closed_ns = bucket_start_ns(now_ns(), step_ns) if key.kind is Kind.CANDLES else now_ns()
    end_ns = closed_ns if end_ns is None else min(end_ns, closed_ns)
    if start_ns >= end_ns:
        raise BadInput(
            f"nothing is closed between {instant_text(start_ns)} and {instant_text(end_ns)}",
            where=str(key),
            fix="Choose a --start that is earlier, or wait for the bar to close",
        )
    stored = next((info for info in catalogue.data_sets() if info.key == key), None)
    if stored is not None and stored.synthetic:
        raise BadInput(
            "a synthetic set is stored under this name", where=str(key), fix="Remove it: tradewind data remove"
        )
    progress.stage(f"asking {history.name} for {key}")
    history.check(key)
    count, rows_before = Count(), stored.rows if stored else 0
    windows = list(_windows(start_ns, end_ns, step_ns, stored))
    progress.stage(f"downloading {key}", total=sum(last - first for first, last in windows) / UNITS_NS["h"])
    for first, last in windows:
        rows = _fetch(key, first, last, step_ns, history, count, sleep)
        if rows is not None:
            source = Provenance(f"downloaded from {history.name}")
            stored = catalogue.write(rows, source, now_ns=now_ns())
        progress.advance((last - first) / UNITS_NS["h"])
    rows_new = (stored.rows if stored else 0) - rows_before
    return Downloaded(history.name, key, rows_new, count.pages, count.retries, stored)


def _windows(start_ns: int, end_ns: int, step_ns: int, stored: DataSetInfo | None) -> Iterator[tuple[int, int]]:
    """Spans still missing: forwards from the last stored row, then backwards from the first one."""
    width = PAGE_ROWS * PAGES_A_WINDOW * step_ns
    front = stored.last_ns + 1 if stored else start_ns
    while front < end_ns:
        yield front, min(front + width, end_ns)
        front += width
    back = stored.first_ns if stored else start_ns
    while back > start_ns:
        yield max(back - width, start_ns), back
        back -= width


def _fetch(
    key: DataKey,
    first_ns: int,
    last_ns: int,
    step_ns: int,
    history: VenueHistory,
    count: Count,
    sleep: Callable[[float], None],
) -> AnySeries | None:
    """Every row of a window, page by page; each page begins after the last row of the one before."""
    pages: list[AnySeries] = []
    since = -(-first_ns // MILLISECOND_NS) * MILLISECOND_NS
    while since < last_ns:
        page = _page(key, since, history, count, sleep).slice(since, last_ns)
        if len(page):
            pages.append(page)
            since = int(page.time[-1]) + (step_ns if key.kind is Kind.CANDLES else MILLISECOND_NS)
        else:
            since += PAGE_ROWS * step_ns  # before the listing, or a long halt
    if not pages:
        return None
    columns = [page.columns() for page in pages]
    joined = {name: np.concatenate([each[name] for each in columns]) for name in columns[0]}
    return series_of(key.kind, key.symbol, key.timeframe, joined)


def _page(
    key: DataKey, since_ns: int, history: VenueHistory, count: Count, sleep: Callable[[float], None]
) -> AnySeries:
    wait = WAIT_S
    for attempt in range(1, ATTEMPTS_MAX + 1):
        count.pages += 1
        try:
            return history.page(key, since_ns, PAGE_ROWS)
        except Unavailable as problem:
            if attempt == ATTEMPTS_MAX:
                raise Unavailable(
                    f"no answer after {ATTEMPTS_MAX} attempts: {problem.message}",
                    where=history.name,
                    fix="What came before is stored; the same command goes on where this one stopped",
                ) from None
        count.retries += 1
        sleep(wait)
        wait = min(2 * wait, WAIT_S_MAX)
    raise AssertionError("the last attempt returns or raises")

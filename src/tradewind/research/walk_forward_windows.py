"""Where a walk-forward trains and where it tests: windows over the bars, each test after its training.

rolling    |--train--|gap|-test-|               anchored   |--train--|gap|-test-|
                  |--train--|gap|-test-|                   |------train------|gap|-test-|
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.market_data import Bars, Funding, MarkPrices
from tradewind.core.domain.quantities import so_many, too_few
from tradewind.core.domain.timeframes import UNITS_NS, timeframe_ns
from tradewind.core.performance.calendar import read_calendar
from tradewind.research.backtest import Market

Times = NDArray[np.int64]
Gap = int | str
"""A number of bars, or a length of time as a timeframe is written: 24, "36h", "2d"."""
GAP_FIX = "Write a number of bars, or a length of time: 24, 36h, 2d"
WINDOWS_USUAL, WINDOWS_MAX = 6, 1_000
PERIODS_MIN = 2
"""A slice with fewer days (or longer bars) than this has no Sharpe ratio."""


@dataclass(frozen=True)
class WindowPlan:
    """How to cut the bars.

    windows      how many; None: six, or as many as fit where lengths are given
    train        the share of a window that trains, where its length is not given (of the first one, if anchored)
    train_bars   bars to train on; None: from the share
    test_bars    bars to test on; None: from the share
    anchored     every training begins at the first bar and grows; else it keeps its length and moves
    purge        what is taken off the end of the training: outcomes that would be known in the test only
    embargo      what is left out at the beginning of the test, where the training still echoes
    """

    windows: int | None = None
    train: float = 0.7
    train_bars: int | None = None
    test_bars: int | None = None
    anchored: bool = False
    purge: Gap = 0
    embargo: Gap = 0

    def __post_init__(self) -> None:
        for option, value in (
            ("windows", self.windows), ("train-bars", self.train_bars), ("test-bars", self.test_bars),
        ):  # fmt: skip
            if value is not None and not _is_whole(value):
                raise BadInput(f"{value!r} is no whole number", where=f"--{option}", fix="Write one, such as 6")
        for option, gap in (("purge", self.purge), ("embargo", self.embargo)):
            _check_gap(gap, f"--{option}")
        if self.windows is not None and not 1 <= self.windows <= WINDOWS_MAX:
            raise BadInput(
                f"there can be from 1 to {WINDOWS_MAX:,} windows, not {self.windows}",
                where="--windows",
                fix="Choose a number inside: --windows 6",
            )
        if not 0.0 < self.train < 1.0:
            raise BadInput(
                f"the share that trains lies between 0 and 1, not at {self.train}",
                where="--train",
                fix="0.7 trains on seven tenths; for a number of bars there is --train-bars",
            )
        for name, bars in (("--train-bars", self.train_bars), ("--test-bars", self.test_bars)):
            if bars is not None and bars < 1:
                raise BadInput(f"a slice has at least one bar, not {bars}", where=name, fix="Use one bar or more")


@dataclass(frozen=True)
class Slice:
    """Bars `first` to `after` (not included) of the timeline: those that open at `start_ns <= time < end_ns`.

    `end_ns` is when the last of them closes, or when the next bar opens where that is earlier.
    """

    first: int
    after: int
    start_ns: int
    end_ns: int

    def __len__(self) -> int:
        return self.after - self.first

    def __str__(self) -> str:
        return f"{instant_text(self.start_ns)[:10]} to {instant_text(self.end_ns)[:10]}"


@dataclass(frozen=True)
class Window:
    """One training and the test that follows it."""

    number: int
    train: Slice
    test: Slice


def timeline(markets: Sequence[Market]) -> Times:
    """The times at which a bar of any market opens, rising."""
    return markets[0].bars.time if len(markets) == 1 else np.unique(np.concatenate([m.bars.time for m in markets]))


def windows_of(time: Times, step_ns: int, plan: WindowPlan) -> list[Window]:
    """The windows of bars that open at `time`, oldest first; the last test ends with the last bar.

    Tests follow each other without overlap, each begins after its training has ended, and only later windows train on
    what an earlier one tested on. Raises BadInput where the data are too few, with the numbers.
    """
    train, test, count = _lengths(len(time), plan)
    starts = [len(time) - (count - i) * test for i in range(count)]
    if test < 1 or starts[0] < max(1, train):
        _too_few(time, step_ns, plan, train, test, count)
    windows = []
    for number, start in enumerate(starts, 1):
        first = 0 if plan.anchored else start - train
        until = _before(time, start, plan.purge, step_ns, "--purge")
        since = _after(time, start, plan.embargo, "--embargo")
        if until <= first or since >= start + test:
            _too_few(time, step_ns, plan, train, test, count)
        windows.append(Window(number, _slice(time, first, until, step_ns), _slice(time, since, start + test, step_ns)))
    for window in windows:
        for part in (window.train, window.test):
            if len(read_calendar(time[part.first : part.after], step_ns).period_ends) < PERIODS_MIN:
                _too_few(time, step_ns, plan, train, test, count)
    return windows


def cut(market: Market, start_ns: int, end_ns: int) -> Market:
    """A market that holds nothing of what is outside `start_ns <= time < end_ns`: columns are copied, not viewed.

    Funding and mark prices from before are kept, since a price is known until the next one comes.
    """
    seen = until(market, start_ns, end_ns)
    return Market(_copied(seen.bars), seen.instrument, _copied(seen.funding), _copied(seen.marks))


def until(market: Market, start_ns: int, end_ns: int) -> Market:
    """The same as views, which take no room: for runs that are kept."""
    return Market(
        market.bars.slice(start_ns, end_ns),
        market.instrument,
        None if market.funding is None else market.funding.slice(None, end_ns),
        None if market.marks is None else market.marks.slice(None, end_ns),
    )


AnySeries = TypeVar("AnySeries", Bars, Funding | None, MarkPrices | None)


def _copied(series: AnySeries) -> AnySeries:
    return series if series is None else series.rows(np.arange(len(series)))


def _lengths(bars: int, plan: WindowPlan) -> tuple[int, int, int]:
    """Bars to train on (the first window's, if anchored), bars to test on, and the number of windows."""
    ratio = plan.train / (1.0 - plan.train)
    if plan.train_bars is None and plan.test_bars is None:
        count = plan.windows or WINDOWS_USUAL
        test = math.floor(bars / (count + ratio))
        return bars - count * test if plan.anchored else max(1, round(ratio * test)), test, count
    test = plan.test_bars or max(1, round((plan.train_bars or 0) / ratio))
    train = plan.train_bars or max(1, round(test * ratio))
    fitting = max(0, (bars - train) // test)
    if plan.windows is None and fitting > WINDOWS_MAX:
        raise BadInput(
            f"{bars:,} bars make {fitting:,} windows of {test:,} test bars, above {WINDOWS_MAX:,}",
            where="--test-bars",
            fix="Test on more bars at a time, or say how many of the newest windows to take: --windows",
        )
    return train, test, plan.windows or max(1, fitting)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _check_gap(gap: object, option: str) -> None:
    if not (_is_whole(gap) or isinstance(gap, str)):
        raise BadInput(f"{gap!r} is no gap", where=option, fix=GAP_FIX)


def gap_ns(gap: Gap, step_ns: int, option: str) -> int:
    """A gap's length; bars count as if none were missing. Raises BadInput that names the option."""
    _check_gap(gap, option)
    bars = _bars(gap)
    return _length(str(gap), option) if bars is None else _whole(bars, option) * step_ns


def _before(time: Times, row: int, gap: Gap, step_ns: int, option: str) -> int:
    """The row after the last bar that has closed `gap` before the bar of `row` opens.

    Where symbols open at different times, bars before that row may still be open then: no training holds them.
    """
    bars = _bars(gap)
    length = _length(str(gap), option) if bars is None else 0
    closed = int(np.searchsorted(time, int(time[row]) - length - step_ns, side="right"))
    return closed if bars is None else min(closed, row - _whole(bars, option))


def _after(time: Times, row: int, gap: Gap, option: str) -> int:
    """The first row that opens `gap` after the bar of `row` does."""
    bars = _bars(gap)
    if bars is not None:
        return row + _whole(bars, option)
    return int(np.searchsorted(time, int(time[row]) + _length(str(gap), option)))


def _bars(gap: Gap) -> int | None:
    """A gap that is a number of bars; None for a length of time."""
    try:
        return int(gap)
    except ValueError:
        return None


def _whole(bars: int, option: str) -> int:
    if bars < 0:
        raise BadInput(f"a gap is zero bars or more, not {bars}", where=option, fix="Use 0 for none")
    return bars


def _length(text: str, option: str) -> int:
    try:
        return timeframe_ns(text.strip())
    except BadInput:
        raise BadInput(f"{text!r} is no gap", where=option, fix=GAP_FIX) from None


def _slice(time: Times, first: int, after: int, step_ns: int) -> Slice:
    closes = int(time[after - 1]) + step_ns
    return Slice(first, after, int(time[first]), min(closes, int(time[after])) if after < len(time) else closes)


def _too_few(time: Times, step_ns: int, plan: WindowPlan, train: int, test: int, count: int) -> None:
    bars, given = len(time), plan.train_bars is not None or plan.test_bars is not None
    least = PERIODS_MIN * max(1, UNITS_NS["d"] // step_ns)
    gaps = " with their gaps" if plan.purge or plan.embargo else ""
    windows = f"{so_many(count, 'window')} of {so_many(train, 'bar')} to train and {test:,} to test on{gaps}"
    what = f"{too_few(bars, 'bar')} for {windows}"
    if given and train + count * test > bars:
        what += f": that takes {train + count * test:,}"
        fix = "Shorten --train-bars or --test-bars, ask for fewer --windows, or bring more data"
    else:
        needed = math.ceil(max(least, least * (1 - plan.train) / plan.train) * (count + plan.train / (1 - plan.train)))
        what += f": a slice needs {PERIODS_MIN} days, {least:,} bars, to be judged"
        fix = (
            "Lengthen --train-bars and --test-bars, or shorten the gaps"
            if given
            else f"Ask for fewer --windows, or bring more data: {needed:,} bars or more{gaps and ' and the gaps'}"
        )
    raise BadInput(what, where="--windows" if not given else "--test-bars", fix=fix)

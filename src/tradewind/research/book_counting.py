"""A replay counts as a trial on its stretch of market, like every other look at it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tradewind.core.domain.recording import PER_EVENT, PER_ROW, Recording
from tradewind.core.domain.trials import Ground, Look
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.deflation import with_trials, without_trials
from tradewind.core.performance.returns import equity_returns
from tradewind.core.performance.undefined import Undefined
from tradewind.research.code_hash import code_hash
from tradewind.research.counting import NOT_COUNTED, now_counting, sharpe_ratios

if TYPE_CHECKING:
    from tradewind.research.book_backtest import BookBacktest

PERIODS_JUDGED = 10
TIMEFRAME = "book"
"""What stands in the ledger where a candle's length would."""


def count_book_backtest(found: BookBacktest) -> BookBacktest:
    """Tell the ledger of a finished replay; the replay with its `dsr` and `n_trials`."""
    counter = now_counting()
    if counter is None:
        return replace(found, performance=without_trials(found.performance, NOT_COUNTED))
    ends = read_calendar(found.time, found.step_ns).period_ends
    returns = equity_returns(found.equity[ends], found.rules.cash)
    rules = [asdict(found.rules), asdict(found.book_rules), asdict(found.instrument)]
    look = Look(
        ground=Ground(
            (found.recording.symbol,),
            int(found.time[0]),
            int(found.time[-1]) + found.step_ns,
            counter.origin,
            counter.tenant,
        ),
        timeframe=TIMEFRAME,
        data_hash=recording_hash(found.recording),
        strategy=found.strategy.__name__,
        code_hash=code_hash(found.strategy),
        rules_hash=hashlib.sha256(_ENCODER.encode(rules)).hexdigest(),
        kind=counter.kind,
        made_ns=counter.now_ns,
    )
    # A ratio over two or three days is no measure of the trials' spread.
    ratio = np.full(1, np.nan)
    if not isinstance(returns, Undefined) and len(ends) >= PERIODS_JUDGED:
        ratio = sharpe_ratios(returns[np.newaxis])
    counter.tell(look, [_ENCODER.encode(found.parameters).decode()], ratio, len(ends))
    tally = counter.tally(look.ground)
    if isinstance(tally, Undefined):
        return replace(found, performance=without_trials(found.performance, tally.reason))
    return replace(found, performance=with_trials(found.performance, returns, tally))


def recording_hash(recording: Recording) -> str:
    """SHA-256 over everything that a replay of the recording can see."""
    digest = hashlib.sha256(recording.symbol.encode())
    for name in (*PER_EVENT, *PER_ROW):
        digest.update(np.ascontiguousarray(getattr(recording, name)).tobytes())
    return digest.hexdigest()


_ENCODER = msgspec.json.Encoder(order="sorted")

"""Would any other moments have done as well? The run's trades, entered at random bars of the same market.

Every path has as many trades, of the same sides, lengths in bars and sizes, in another order and at other bars, one
after another; the engine runs them with the run's fees, slippage, latency, funding and margin. What the strategy knew,
it no longer knows: a run that is not better than most of these paths owes its profit to the market and to how long it
was in it, not to its timing. Stops and targets are not kept: a trade leaves at an open, after as many bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.path_chance import Stream, path_uniforms
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Backtest
from tradewind.research.rerun_paths import Progress, rerun
from tradewind.research.simulated_paths import Simulated

Rows = NDArray[np.int64]
WHOLE_STAKE = 0.98
"""A trade that used this share of what the account could carry counts as one that used all of it."""


@dataclass(frozen=True)
class Schedule:
    """Trades one after another: bars of the decisions to enter and leave, side, share of the account (0: the stake)."""

    enter: list[int]
    leave: list[int]
    side: list[int]
    share: list[float]


class ScheduledTrades(Strategy):
    """Enters and leaves at given bars."""

    schedule: ClassVar[Schedule]

    def setup(self) -> None:
        """Take the schedule over as lists, which compile; once for each power of two and not for each length."""
        schedule = type(self).schedule
        self.count = len(schedule.enter)
        spare = (1 << (self.count - 1).bit_length()) - self.count
        self.enter, self.leave = schedule.enter + [0] * spare, schedule.leave + [0] * spare
        self.side, self.share = schedule.side + [0] * spare, schedule.share + [0.0] * spare
        self.at = 0
        self.holding = 0
        self.seen = 0

    def on_bar(self, bar: Any) -> None:
        """Leave first, so that one trade may follow another at the same open."""
        if self.holding == 1 and self.seen == self.leave[self.at]:
            self.close()
            self.holding = 0
            self.at += 1
        if self.at < self.count and self.holding == 0 and self.seen == self.enter[self.at]:
            self.holding = 1
            size = self.share[self.at] * self.equity / bar.close
            if self.share[self.at] == 0.0:
                if self.side[self.at] > 0:
                    self.buy()
                else:
                    self.sell()
            elif self.side[self.at] > 0:
                self.buy(size)
            else:
                self.sell(size)
        self.seen += 1


def enter_at_random(
    result: Backtest, paths: int, seed: int, cache: Path | None = None, progress: Progress | None = None
) -> Simulated | Undefined:
    """Run the trades of `result` at random bars, `paths` times. Undefined where that cannot be said of its trades."""
    found = _pieces(result)
    if isinstance(found, Undefined):
        return found
    lengths, sides, shares = found
    # A class of its own for this call: nothing that runs beside it shares the schedule.
    scheduled = type("ScheduledTrades", (ScheduledTrades,), {"__module__": __name__})
    last = len(result.time) - 1
    # Bars before the run was let trade only warmed it up: nothing is entered there either.
    before = len(result.markets[0].bars) - len(result.time)

    def run_of(path: int) -> tuple[type[Strategy], dict[str, Any]]:
        scheduled.schedule = random_schedule(lengths, sides, shares, last, seed, path, before)  # type: ignore[attr-defined]
        return scheduled, {}

    return rerun(result, paths, run_of, {"trades": len(lengths)}, cache, progress)


def random_schedule(
    lengths: Rows, sides: Rows, shares: NDArray[np.float64], last: int, seed: int, path: int, before: int = 0
) -> Schedule:
    """The trades in an order of the path's own, with the bars that are left spread over the gaps at random.

    Decisions fall on bars 0 to `last` behind the `before` bars that only warm up, and no trade begins before the one
    before it has ended.
    """
    n = len(lengths)
    drawn = path_uniforms(seed, Stream.ENTRY, path, 2 * n)
    order = np.argsort(drawn[:n], kind="stable")
    spare = last - int(lengths.sum())
    gaps = np.sort(np.floor(drawn[n:] * (spare + 1)).astype(np.int64))
    held = lengths[order]
    enter = before + gaps + np.concatenate(([0], np.cumsum(held)[:-1]))
    return Schedule(enter.tolist(), (enter + held).tolist(), sides[order].tolist(), shares[order].tolist())


def _pieces(result: Backtest) -> tuple[Rows, Rows, NDArray[np.float64]] | Undefined:
    """Lengths in bars, sides and shares of the account of the run's trades, in the order of entry."""
    trades = result.trades[np.argsort(result.trades["entry_bar"], kind="stable")]
    if len(trades) < 2:
        return Undefined("no trades" if len(trades) == 0 else "only one trade")
    if len(result.markets) > 1 or result.rules.hedging:
        return Undefined("random entry is known for one symbol and one position at a time")
    if (trades["entry_bar"][1:] < trades["exit_bar"][:-1]).any():
        return Undefined("the trades overlap, and random entry is known for one position at a time")
    lengths = np.maximum(1, trades["exit_bar"] - trades["entry_bar"]).astype(np.int64)
    if int(lengths.sum()) > len(result.time) - 1:
        return Undefined("the trades fill the whole market: there is no other bar to enter at")
    before = result.rules.cash + np.concatenate(([0.0], np.cumsum(trades["pnl"])[:-1]))
    if (before <= 0.0).any():
        return Undefined("the account had nothing left before the last trade")
    shares = trades["entry_price"] * trades["size"] / before
    whole = WHOLE_STAKE * result.rules.stake * result.rules.leverage
    return lengths, trades["side"].astype(np.int64), np.where(shares >= whole, 0.0, shares)

"""Decisions and fills of a session paired with those of a backtest: by what was asked for, and after which bar.

Nothing here knows how a session is recorded: both sides are rows of `core.domain.records`.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isnan
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
NEAR_BARS = 1
"""How many bars apart two decisions may be and still be the same one."""
NEAR_BARS_OF_EXITS = 3
"""The same for stops and targets, which a session meets at a tick and a backtest inside a bar."""
HAIR = 1e-9
ASKED = ("size", "limit", "stop", "stop_loss", "take_profit", "trail", "flags", "expires")
"""The fields of a decision that say what is asked for; numbers and times may differ."""


class Cause(StrEnum):
    """Why what was traded for a decision differs; of several the first that holds, in this order."""

    REFUSED = "refused"
    UNFILLED = "unfilled"
    FILLED_HERE = "filled only here"
    PARTIAL = "partial"
    LATE = "late"
    SIZE = "size"
    PRICE = "price"


CAUSE_WORDS = {
    Cause.REFUSED: "turned down by the venue, and filled in the backtest",
    Cause.UNFILLED: "not filled in the session, and filled in the backtest",
    Cause.FILLED_HERE: "filled in the session, and not in the backtest",
    Cause.PARTIAL: "filled only in part",
    Cause.LATE: "filled a bar or more later",
    Cause.SIZE: "of another size, as the account was another or a part of the stake was kept back",
    Cause.PRICE: "filled at another price",
}


@dataclass(frozen=True)
class Side:
    """One of the two. `ends` says of orders that were not filled whole what became of them, by their numbers.

    `time` are the closes of the bars (ns UTC), `equity` what the account was worth then. `wait_ns` is how long after
    its end a bar counted as closed.
    """

    decisions: Array
    fills: Array
    ends: Mapping[int, str]
    time: Array
    equity: Array
    wait_ns: int = 0
    fill_bars: Array | None = None
    """When the bar opened inside which each fill was done; None: by the fill's own time."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A decision of the session and the backtest's: rows of the two tables, None where a side has none.

    `differs` names the fields that are not equal. `between`: the session took it between two bars, on a fill, a tick or
    a timer, which a backtest hears of at the next close.
    """

    here: int | None
    there: int | None
    differs: tuple[str, ...] = ()
    between: bool = False

    @property
    def same(self) -> bool:
        """Whether both took it, alike."""
        return self.here is not None and self.there is not None and not self.differs


@dataclass(frozen=True, slots=True)
class Executed:
    """What one order traded in all: its volume-weighted price, and its fees in quote currency.

    `time` is when it first traded, `bar` the one inside which it last did.
    """

    order: int
    symbol: int
    side: int
    reason: int
    time: int
    bar: int
    size: float
    price: float
    fee: float


@dataclass(frozen=True, slots=True)
class Trade:
    """What was traded for one pair. `cost` is what the session paid more for the size that both traded, in quote
    currency, `fee` what it paid more in fees; None where only one side traded. `words` is what the venue said.
    """

    here: Executed | None
    there: Executed | None
    cause: Cause | None
    cost: float | None
    fee: float | None
    words: str = ""

    @property
    def time(self) -> int:
        """When the earlier of them was done."""
        return min(each.time for each in (self.here, self.there) if each is not None)


def pair_decisions(here: Side, there: Side, step_ns: int) -> list[Pair]:
    """Every decision of both sides once, in the order of their times."""
    mine, theirs = here.decisions, there.decisions
    bars_here = (mine["time"] - here.wait_ns) // step_ns
    bars_there = theirs["time"] // step_ns
    waiting: dict[tuple[int, ...], deque[int]] = defaultdict(deque)
    for row in range(len(theirs)):
        waiting[_kind(theirs[row])].append(row)
    pairs: list[Pair] = []
    for row in range(len(mine)):
        line, bar = waiting[_kind(mine[row])], int(bars_here[row])
        while line and bars_there[line[0]] < bar - NEAR_BARS:
            pairs.append(Pair(None, line.popleft()))
        between = int(mine["time"][row] - here.wait_ns) % step_ns != 0
        if line and abs(int(bars_there[line[0]]) - bar) <= NEAR_BARS:
            other = line.popleft()
            pairs.append(Pair(row, other, _differing(mine[row], theirs[other], bar, int(bars_there[other])), between))
        else:
            pairs.append(Pair(row, None, between=between))
    pairs += [Pair(None, row) for line in waiting.values() for row in line]
    return sorted(pairs, key=lambda pair: _when(pair, mine, theirs, here.wait_ns))


def _kind(decision: Any) -> tuple[int, ...]:
    return int(decision["symbol"]), int(decision["action"]), int(decision["side"]), int(decision["kind"])


def _when(pair: Pair, mine: Array, theirs: Array, wait_ns: int) -> tuple[int, int]:
    if pair.here is not None:
        return int(mine["time"][pair.here]) - wait_ns, pair.here
    assert pair.there is not None
    return int(theirs["time"][pair.there]), pair.there


def _differing(mine: Any, theirs: Any, bar: int, other: int) -> tuple[str, ...]:
    fields = [name for name in ASKED if not _equal(float(mine[name]), float(theirs[name]))]
    return tuple(["time"] * (bar != other) + fields)


def _equal(a: float, b: float) -> bool:
    return a == b or (isnan(a) and isnan(b))


def pair_trades(here: Side, there: Side, pairs: Sequence[Pair], step_ns: int) -> list[Trade]:
    """What was traded for each pair of orders, and by stops and targets; only what differs or was traded by both."""
    mine, theirs = executed(here, step_ns), executed(there, step_ns)
    trades: list[Trade] = []
    for pair in pairs:
        orders = [_order(side.decisions, row) for side, row in ((here, pair.here), (there, pair.there))]
        a, b = (found.pop(order, None) for found, order in zip((mine, theirs), orders, strict=True))
        if a is not None or b is not None:
            trades.append(_trade(a, b, here.ends.get(orders[0], "")))
    for a, b in _near(list(mine.values()), list(theirs.values()), step_ns):
        trades.append(_trade(a, b, "" if a is None else here.ends.get(a.order, "")))
    return sorted(trades, key=lambda trade: trade.time)


def _order(decisions: Array, row: int | None) -> int:
    if row is None or int(decisions["action"][row]) != 1:
        return -1
    return int(decisions["order"][row])


def executed(side: Side, step_ns: int) -> dict[int, Executed]:
    """What each order traded in all, by its number."""
    fills = side.fills
    bars = (fills["time"] if side.fill_bars is None else side.fill_bars) // step_ns
    parts: dict[int, list[int]] = {}
    for row, order in enumerate(fills["order"].tolist()):
        parts.setdefault(order, []).append(row)
    found = {}
    for order, rows in parts.items():
        of = fills[rows]
        size = float(of["size"].sum())
        found[order] = Executed(
            order, int(of["symbol"][0]), int(of["side"][0]), int(of["reason"][0]), int(of["time"][0]),
            int(bars[rows[-1]]), size,
            float((of["size"] * of["price"]).sum()) / size, float(of["fee"].sum()),
        )  # fmt: skip
    return found


def _near(mine: list[Executed], theirs: list[Executed], step_ns: int) -> list[tuple[Executed | None, Executed | None]]:
    """Exits of both sides that belong together: of one symbol, side and reason, a few bars apart at most."""
    waiting: dict[tuple[int, ...], deque[Executed]] = defaultdict(deque)
    for each in sorted(theirs, key=lambda e: e.time):
        waiting[each.symbol, each.side, each.reason].append(each)
    found: list[tuple[Executed | None, Executed | None]] = []
    near = NEAR_BARS_OF_EXITS * step_ns
    for a in sorted(mine, key=lambda e: e.time):
        line = waiting[a.symbol, a.side, a.reason]
        while line and line[0].time < a.time - near:
            found.append((None, line.popleft()))
        found.append((a, line.popleft() if line and line[0].time <= a.time + near else None))
    return [*found, *((None, b) for line in waiting.values() for b in line)]


def _trade(a: Executed | None, b: Executed | None, words: str) -> Trade:
    if a is None or b is None:
        if a is not None:
            return Trade(a, b, Cause.FILLED_HERE, None, None, words)
        refused = words.startswith("turned down")
        return Trade(a, b, Cause.REFUSED if refused else Cause.UNFILLED, None, None, words)
    cost = a.side * (a.price - b.price) * min(a.size, b.size)
    cause: Cause | None = None
    if a.size < b.size * (1.0 - HAIR) and words:
        cause = Cause.PARTIAL
    elif a.bar > b.bar:
        cause = Cause.LATE
    elif not _near_numbers(a.size, b.size):
        cause = Cause.SIZE
    elif not _near_numbers(a.price, b.price):
        cause = Cause.PRICE
    return Trade(a, b, cause, cost, a.fee - b.fee, words)


def _near_numbers(a: float, b: float) -> bool:
    return abs(a - b) <= HAIR * max(abs(a), abs(b))

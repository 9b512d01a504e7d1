"""What was recorded of one symbol's order book: changes, snapshots, trades and quotes, each with two times.

`time` is when it happened at the venue, `local` when the recorder received it, both int64 ns UTC on the venue's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import check_symbol

PER_EVENT = {
    "kind": np.int8, "time": np.int64, "local": np.int64, "previous": np.int64, "last": np.int64, "begin": np.int64,
    "end": np.int64,
}  # fmt: skip
PER_ROW = {"side": np.int8, "price": np.float64, "size": np.float64}
FEED_LEAST_NS = 1_000_000
"""What the fastest message is taken to have needed where the recorder's clock was behind the venue's."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Events (n) in the order in which they were received, and their price rows (m).

    `kind` is an EventKind. `previous` and `last` are update numbers (of a trade, `last` is its own number). An event's
    rows are `begin` to `end`: one for each level of a book, one for a trade, bid and ask for a quote. `side` is 1 for
    bids and buying aggressors, -1 for asks and selling ones. `tick` and `lot` are the steps that all prices and sizes
    are multiples of. `clock_shift_ns` is what was added to the recorder's times; `synthetic_seed` is of
    an invented book, None of a real one.
    """

    symbol: str
    kind: NDArray[np.int8]
    time: NDArray[np.int64]
    local: NDArray[np.int64]
    previous: NDArray[np.int64]
    last: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    side: NDArray[np.int8]
    price: NDArray[np.float64]
    size: NDArray[np.float64]
    tick: Decimal | None = None
    lot: Decimal | None = None
    clock_shift_ns: int = 0
    synthetic_seed: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_symbol(self.symbol)
        for columns, length in ((PER_EVENT, len(self.kind)), (PER_ROW, len(self.price))):
            for name, dtype in columns.items():
                column = np.require(getattr(self, name), dtype, ["C", "W"])
                if column.shape != (length,):
                    raise BadInput(
                        f"column {name!r} has {column.shape}, expected ({length},)",
                        where=self.symbol,
                        fix="Give every column one value an event",
                    )
                object.__setattr__(self, name, column)

    def __repr__(self) -> str:
        made = "" if self.synthetic_seed is None else f", synthetic with seed {self.synthetic_seed}"
        return f"Recording({self.symbol}, {len(self):,} events{made})"

    def __len__(self) -> int:
        return len(self.kind)

    def of(self, kind: EventKind) -> NDArray[np.int64]:
        """The numbers of all events of a kind."""
        return np.flatnonzero(self.kind == kind)

    def events(self, which: NDArray[Any]) -> Self:
        """Only these events (a mask, or numbers in order). The rows are shared."""
        return replace(self, **{name: getattr(self, name)[which] for name in PER_EVENT})

    def until(self, time_ns: int) -> Self:
        """What had happened at the venue by `time_ns`, this moment included."""
        return self.events(self.time <= time_ns)

    def trades(self) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
        """Time, aggressor's side, price and size of every trade."""
        which = self.of(EventKind.TRADE)
        rows = self.begin[which]
        return self.time[which], self.side[rows], self.price[rows], self.size[rows]


def on_one_clock(time: NDArray[np.int64], local: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Local times on the venue's clock, never falling, and what was added to them.

    A recorder whose clock is behind receives messages before they were sent. Then its times are shifted by as much as
    makes the fastest message take FEED_LEAST_NS; clocks that allow every message its way are left alone.
    """
    if not len(local):
        return local, 0
    least = int((local - time).min())
    shift = FEED_LEAST_NS - least if least < 0 else 0
    rising: NDArray[np.int64] = np.maximum.accumulate(local + shift)
    return rising, shift


def step_of(values: NDArray[np.float64]) -> Decimal | None:
    """The largest decimal step that all values are multiples of, down to 1e-8; None without values."""
    whole = np.unique(np.round(values[np.isfinite(values)] * 1e8).astype(np.int64))
    step = int(np.gcd.reduce(whole)) if len(whole) else 0
    return Decimal(step).scaleb(-8).normalize() if step > 0 else None

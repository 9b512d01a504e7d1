"""An order book that was never there, for trying things out: seeded, and equal to the last bit on every machine.

Orders come, go and trade by chance alone around a price that nobody knows better than anybody else. The messages follow
each other as a venue's do: changes in batches, quotes and trades at once, a snapshot among them. Nothing here is fitted
to a real market, and no result on it means anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.exact_chance import Chance
from tradewind.core.domain.market_data import check_symbol
from tradewind.core.domain.recording import PER_EVENT, PER_ROW, Recording

TICK, LOT = Decimal("0.1"), Decimal("0.001")
FIRST_TICK = 400_000
DEPTH = 40
"""Ticks on each side that orders come to."""
SECONDS_MAX = 100_000.0
ACTIONS_A_SECOND = 100
BATCH_NS = 50_000_000
SNAPSHOT_AFTER = 4
"""Batches of changes before the first snapshot: a recorder asks for one after it has begun to listen."""
SNAPSHOT_EVERY = 200
"""Batches from one snapshot to the next."""
MS = 1_000_000


@dataclass(frozen=True)
class SyntheticBook:
    """What to make up. The same values give the same recording. `gaps` batches of changes are left out of it."""

    symbol: str = "DEMO/USDT:USDT"
    seconds: float = 60.0
    seed: int = 1
    gaps: int = 0
    start_ns: int = 1_704_067_200_000_000_000  # 2024-01-01


def synthetic_book(made: SyntheticBook) -> Recording:
    """A recording of the invented book. Raises BadInput for a length, a seed or a number of gaps out of range."""
    check_symbol(made.symbol)
    if not 0.5 <= made.seconds <= SECONDS_MAX:
        raise BadInput(
            f"seconds must be from 0.5 to {SECONDS_MAX:g}, found {made.seconds}", fix="Choose a value inside"
        )
    if not 0 <= made.seed < 2**63:
        raise BadInput(f"the seed must be from 0 to 2^63 - 1, found {made.seed}", fix="Choose a number inside")
    if not 0 <= made.gaps <= 1000:
        raise BadInput(f"gaps must be from 0 to 1000, found {made.gaps}", fix="Choose a number inside")
    count = round(made.seconds * ACTIONS_A_SECOND)
    chance = Chance(made.seed, f"order book of {made.symbol}")
    draws = chance.uniform(5 * count).reshape(count, 5)
    venue = _Venue(made.start_ns)
    wait = np.cumsum(2.0 * draws[:, 0] / ACTIONS_A_SECOND * 1e9).astype(np.int64)
    for after, draw in zip(wait.tolist(), draws.tolist(), strict=True):
        venue.move_to(made.start_ns + after // MS * MS)
        venue.act(*draw[1:])
    venue.move_to(venue.time + BATCH_NS)
    return _recording(made, venue, chance)


class _Venue:
    """A book in whole ticks and lots, and what it tells of itself."""

    def __init__(self, start_ns: int) -> None:
        self.time = start_ns
        self.batch_ends = start_ns + BATCH_NS
        self.batches = 0
        self.number = 1_000
        self.told = self.number
        self.trade_number = 0
        self.sides: dict[int, dict[int, int]] = {1: {}, -1: {}}
        for distance in range(1, DEPTH):
            for side in (1, -1):
                self.sides[side][FIRST_TICK - side * distance] = 200 + 50 * distance
        self.changed: dict[tuple[int, int], None] = {}
        self.top = self._top()
        self.events: list[tuple[int, int, int, int, list[tuple[int, int, int]]]] = []

    def _top(self) -> tuple[int, int, int, int]:
        bid, ask = max(self.sides[1]), min(self.sides[-1])
        return bid, self.sides[1][bid], ask, self.sides[-1][ask]

    def tell(self, kind: EventKind, previous: int, last: int, rows: list[tuple[int, int, int]]) -> None:
        """Write an event down; rows are (side, price in ticks, size in lots)."""
        self.events.append((int(kind), self.time, previous, last, rows))

    def move_to(self, time: int) -> None:
        """Time goes on: batches that end before then are told."""
        while self.batch_ends <= time:
            self.time = self.batch_ends
            if self.changed:
                rows = [
                    (side, price, self.sides[side].get(price, 0))
                    for side, price in sorted(self.changed, key=_bids_first)
                ]
                self.tell(EventKind.DEPTH, self.told, self.number, rows)
                self.told = self.number
                self.changed = {}
                self.batches += 1
                if self.batches % SNAPSHOT_EVERY == SNAPSHOT_AFTER:
                    self.show_all()
            self.batch_ends += BATCH_NS
        self.time = time

    def show_all(self) -> None:
        """A snapshot."""
        rows = [(side, price, size) for side in (1, -1) for price, size in sorted(self.sides[side].items())]
        self.tell(EventKind.SNAPSHOT, 0, self.number, rows)

    def act(self, what: float, where: float, how_much: float, which: float) -> None:
        """Somebody places, cancels or trades."""
        side = 1 if which < 0.5 else -1
        if what < 0.12:
            self.trade(-side, 1 + int(how_much * how_much * 1_500))
        elif what < 0.42:
            own = sorted(self.sides[side], key=lambda price: -side * price)
            price = own[int(where * where * len(own))]
            self.put(side, price, -1 - int(how_much * self.sides[side][price]))
        else:
            other = min(self.sides[-1]) if side > 0 else max(self.sides[1])
            self.put(side, other - side - side * int(where * where * DEPTH), 1 + int(how_much * 1_000))
        self.quote()

    def put(self, side: int, price: int, size: int) -> None:
        """Change what stands at a price. A side's last level is never emptied."""
        own = self.sides[side]
        left = own.get(price, 0) + size
        if left <= 0 and len(own) < 3:
            return
        self.number += 1
        self.changed[side, price] = None
        if left > 0:
            own[price] = left
        else:
            own.pop(price, None)

    def trade(self, side: int, size: int) -> None:
        """A market order takes what stands on the other side (-side), a trade at each price."""
        other = self.sides[-side]
        while size > 0 and len(other) > 2:
            price = min(other) if side > 0 else max(other)
            part = min(size, other[price])
            self.trade_number += 1
            self.tell(EventKind.TRADE, 0, self.trade_number, [(side, price, part)])
            self.put(-side, price, -part)
            size -= part

    def quote(self) -> None:
        """Tell the best prices where they have changed."""
        top = self._top()
        if top != self.top:
            self.top = top
            self.tell(EventKind.QUOTE, 0, self.number, [(1, top[0], top[1]), (-1, top[2], top[3])])


def _bids_first(changed: tuple[int, int]) -> tuple[int, int]:
    return -changed[0], changed[1]


def _recording(made: SyntheticBook, venue: _Venue, chance: Chance) -> Recording:
    events = venue.events
    shown = next((event[3] for event in events if event[0] == EventKind.SNAPSHOT), 2**62)
    depth = [i for i, event in enumerate(events) if event[0] == EventKind.DEPTH and event[3] > shown]
    # Spread over the recording, none in the batches before the snapshot.
    lost = {depth[(j + 1) * len(depth) // (made.gaps + 1)] for j in range(made.gaps)} if depth else set()
    events = [event for i, event in enumerate(events) if i not in lost]
    time = np.array([event[1] for event in events], np.int64)
    way = 2_000_000 + (chance.uniform(len(events)) * 8e6).astype(np.int64)
    rows = [row for event in events for row in event[4]]
    side, tick, lots = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    end = np.cumsum([len(event[4]) for event in events]).astype(np.int64)
    columns = {
        "kind": [event[0] for event in events],
        "time": time,
        "local": np.maximum.accumulate(time + way),
        "previous": [event[2] for event in events],
        "last": [event[3] for event in events],
        "begin": np.concatenate([[0], end[:-1]]),
        "end": end,
        "side": side,
        # A tick is 1/10 and a lot 1/1000: a quotient is the float nearest to the decimal.
        "price": tick / 10.0,
        "size": lots / 1000.0,
    }
    typed = {name: np.asarray(columns[name], dtype) for name, dtype in {**PER_EVENT, **PER_ROW}.items()}
    return Recording(made.symbol, **typed, tick=TICK, lot=LOT, synthetic_seed=made.seed)  # type: ignore[arg-type]

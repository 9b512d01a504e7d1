"""The liquidity pools of one side: swings that lie close together, until the price runs through them."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, ring

POOLS_MAX = 256
"""Pools, and single swings that may become one, remembered on each side; beyond it the oldest is forgotten."""

NEVER = float("inf")


class Pools:
    """Groups of swing highs, oldest first; swing lows are kept in mirrored (negated) prices.

    The first swing of a group sets its band, `floor` to `ceiling`; later swings in the band join the oldest group that
    holds them. Two or more make a pool, whose level is their mean. The first bar to reach the ceiling sweeps the group.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.swept = 0
        self.swept_level = NAN
        self.swept_row = -1
        self.forgotten = 0
        self.nearest = NAN
        self.lowest_ceiling = NEVER
        self.undo_row = -1
        self.undo_end = -1
        self.undo_total = 0.0
        self.rows = [0] * POOLS_MAX
        self.ends = [0] * POOLS_MAX
        self.members = [0] * POOLS_MAX
        self.totals = ring(POOLS_MAX)
        self.floors = ring(POOLS_MAX)
        self.ceilings = ring(POOLS_MAX)

    def take(self, row: int, level: float, width: float) -> int:
        """Let a swing join the oldest group around it, or begin one; returns the slot."""
        at = 0
        while at < self.depth and not self.floors[at] <= level <= self.ceilings[at]:
            at += 1
        if at < self.depth:
            self.undo_row = self.rows[at]
            self.undo_end = self.ends[at]
            self.undo_total = self.totals[at]
            self.ends[at] = row
            self.members[at] += 1
            self.totals[at] += level
        else:
            at = self.begin(row, level, width)
        self.mark()
        return at

    def begin(self, row: int, level: float, width: float) -> int:
        """A group of one swing; returns its slot."""
        if self.depth == POOLS_MAX:
            self.drop(0)
            self.forgotten += 1
        at = self.depth
        self.depth += 1
        self.rows[at] = row
        self.ends[at] = row
        self.members[at] = 1
        self.totals[at] = level
        self.floors[at] = level - width
        self.ceilings[at] = level + width
        self.undo_row = row
        return at

    def take_back(self) -> None:
        """Undo the last `take`: its swing has been replaced by a further one. A group swept since stays as it was."""
        for at in range(self.depth):
            if self.rows[at] == self.undo_row:
                if self.members[at] == 1:
                    self.drop(at)
                else:
                    self.members[at] -= 1
                    self.ends[at] = self.undo_end
                    self.totals[at] = self.undo_total
                break
        self.undo_row = -1
        self.mark()

    def sweep(self, high: float) -> None:
        """Take off the groups whose ceiling a bar reaches; of the pools among them the furthest is remembered."""
        self.swept = 0
        self.swept_level = NAN
        if high < self.lowest_ceiling:
            return
        at = 0
        while at < self.depth:
            if high < self.ceilings[at]:
                at += 1
                continue
            level = self.totals[at] / self.members[at]
            if self.members[at] > 1:
                if self.swept == 0 or level > self.swept_level:
                    self.swept_level = level
                    self.swept_row = self.rows[at]
                self.swept += 1
            self.drop(at)
        self.mark()

    def drop(self, at: int) -> None:
        """Close the gap that a group leaves."""
        for i in range(at + 1, self.depth):
            self.rows[i - 1] = self.rows[i]
            self.ends[i - 1] = self.ends[i]
            self.members[i - 1] = self.members[i]
            self.totals[i - 1] = self.totals[i]
            self.floors[i - 1] = self.floors[i]
            self.ceilings[i - 1] = self.ceilings[i]
        self.depth -= 1

    def mark(self) -> None:
        """Find the lowest ceiling, and the nearest pool."""
        self.lowest_ceiling = NEVER
        self.nearest = NAN
        for i in range(self.depth):
            self.lowest_ceiling = min(self.lowest_ceiling, self.ceilings[i])
            if self.members[i] > 1:
                level = self.totals[i] / self.members[i]
                if not self.nearest <= level:
                    self.nearest = level

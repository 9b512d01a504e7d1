"""The order blocks of one side that still count."""

from __future__ import annotations

from tradewind.core.indicators.indicator import ring

BLOCKS_MAX = 256
"""Blocks remembered on each side; beyond it the oldest is forgotten."""

NEVER = float("inf")


class Blocks:
    """Bullish order blocks, oldest first; bearish ones are kept in mirrored (negated) prices.

    A block is open until a bar goes below its bottom, then it is mitigated, and gone once a later bar is above its top.
    `mitigated` holds the row of the mitigating bar, -1 while open; `nearest` is the slot of the highest open block, -1
    if there is none. Blocks are looked through only when a bar reaches the nearest price at which any of them changes.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.mitigations = 0
        self.forgotten = 0
        self.nearest = -1
        self.highest_open = -NEVER
        self.lowest_mitigated = NEVER
        self.rows = [0] * BLOCKS_MAX
        self.mitigated = [-1] * BLOCKS_MAX
        self.tops = ring(BLOCKS_MAX)
        self.bottoms = ring(BLOCKS_MAX)

    def age(self, low: float, high: float, row: int) -> None:
        """Take a bar: `low` decides on mitigation, `high` on the end of mitigated blocks."""
        self.mitigations = 0
        if low >= self.highest_open and high <= self.lowest_mitigated:
            return
        kept = 0
        for i in range(self.depth):
            if self.mitigated[i] >= 0:
                if high > self.tops[i]:
                    continue
            elif low < self.bottoms[i]:
                self.mitigated[i] = row
                self.mitigations += 1
            if kept != i:
                self.move(i, kept)
            kept += 1
        self.depth = kept
        self.mark()

    def add(self, row: int, top: float, bottom: float) -> None:
        """A new block, unless that bar is one already."""
        for i in range(self.depth):
            if self.rows[i] == row:
                return
        if self.depth == BLOCKS_MAX:
            for i in range(1, BLOCKS_MAX):
                self.move(i, i - 1)
            self.depth -= 1
            self.forgotten += 1
        self.rows[self.depth] = row
        self.mitigated[self.depth] = -1
        self.tops[self.depth] = top
        self.bottoms[self.depth] = bottom
        self.depth += 1
        self.mark()

    def move(self, old: int, new: int) -> None:
        """Put a block in another slot."""
        self.rows[new] = self.rows[old]
        self.mitigated[new] = self.mitigated[old]
        self.tops[new] = self.tops[old]
        self.bottoms[new] = self.bottoms[old]

    def mark(self) -> None:
        """Find the nearest open block, and the nearest prices at which a block changes."""
        self.nearest = -1
        self.highest_open = -NEVER
        self.lowest_mitigated = NEVER
        for i in range(self.depth):
            if self.mitigated[i] >= 0:
                self.lowest_mitigated = min(self.lowest_mitigated, self.tops[i])
            elif self.bottoms[i] >= self.highest_open:
                self.highest_open = self.bottoms[i]
                self.nearest = i

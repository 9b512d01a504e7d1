"""Streaming labels put back on the rows they are about, and detectors told of swings before they can be known."""

import numpy as np

NAN = float("nan")


class Foreseen:
    """Stands in for Swings and tells each swing `back` bars after it, whether or not that could be known by then."""

    def __init__(self, sides, levels, back):
        self.sides, self.levels, self.back = sides, levels, back
        self.value = self.level = self.bars_back = self.high = self.low = NAN
        self.replaces = 0.0
        self.side, self.row, self.count, self.warmup = 0, -1, 0, 1
        self.highs, self.lows = [], []

    def update(self, high, low):
        self.highs.append(high)
        self.lows.append(low)
        self.count += 1
        self.value, self.level = 0.0, NAN
        row = self.count - 1 - self.back
        if row < 0 or not self.sides[row]:
            return
        self.row, self.side, self.level = row, int(self.sides[row]), float(self.levels[row])
        self.value, self.bars_back = float(self.side), float(self.back)
        if self.side > 0:
            self.high = self.level
        else:
            self.low = self.level

    def high_ago(self, bars):
        return self.highs[-1 - bars]

    def low_ago(self, bars):
        return self.lows[-1 - bars]


def with_foresight(detector, sides, levels, back=1):
    """The same detector, fed with swings that are known `back` bars after they happen."""
    detector.swings = Foreseen(sides, levels, back)
    detector.warmup = 1
    return detector


def updates(indicator, bars):
    """Feed every bar, giving its row after each."""
    names = [name for name in type(indicator).update.__annotations__ if name != "return"]
    for row, values in enumerate(zip(*(bars[name].tolist() for name in names), strict=True)):
        indicator.update(*values)
        yield row


def swings(indicator, bars):
    """Side (1, -1, 0) and level of every row at the end, swings that were replaced taken away."""
    rows = len(bars["high"])
    sides, levels, last = np.zeros(rows), np.full(rows, NAN), -1
    for row in updates(indicator, bars):
        if indicator.value in (1.0, -1.0):
            if indicator.replaces:
                sides[last], levels[last] = 0, NAN
            last = row - int(indicator.bars_back)
            sides[last], levels[last] = indicator.value, indicator.level
    return sides, levels


def structure(indicator, bars):
    """Labels that stand at the end, and all that were told: {row: (kind, level, broken row, told row)} and a list."""
    standing, told = {}, []
    for row in updates(indicator, bars):
        if indicator.value in (1.0, 2.0, -1.0, -2.0):
            at, broken = row - int(indicator.bars_back), row - int(indicator.broken_back)
            for earlier in [e for e, label in standing.items() if e < at and label[2] >= broken]:
                del standing[earlier]
            standing[at] = (int(indicator.value), indicator.level, broken, row)
            told.append((at, *standing[at]))
    return standing, told


def gaps(indicator, bars):
    """{row of the middle bar: [side, top, bottom, row that filled it or None, row it was told]}, from outputs alone."""
    found, still_open = {}, {1: [], -1: []}
    for row in updates(indicator, bars):
        if indicator.joins == 1.0:
            del found[still_open[int(indicator.value)].pop()]
        for side, filled in ((1, indicator.filled_bullish), (-1, indicator.filled_bearish)):
            for _ in range(int(filled) if filled == filled else 0):
                found[still_open[side].pop()][3] = row
        if indicator.value in (1.0, -1.0):
            found[row - 1] = [int(indicator.value), indicator.top, indicator.bottom, None, row]
            still_open[int(indicator.value)].append(row - 1)
    return found


def blocks(indicator, bars):
    """Blocks that stand at the end, {(side, row): (top, bottom, mitigated row)}, and (side, row, row told) of all."""
    told = []
    for row in updates(indicator, bars):
        if indicator.value in (1.0, -1.0):
            told.append((int(indicator.value), row - int(indicator.bars_back), row))
            for book in (indicator.bullish, indicator.bearish):
                assert len(set(book.rows[: book.depth])) == book.depth, "a bar is listed twice"
    standing = {}
    for side, book in ((1, indicator.bullish), (-1, indicator.bearish)):
        for at in range(book.depth):
            edges = (book.tops[at], book.bottoms[at]) if side > 0 else (-book.bottoms[at], -book.tops[at])
            mitigated = book.mitigated[at]
            standing[side, book.rows[at]] = (*edges, None if mitigated < 0 else mitigated)
    return standing, told


def pools(indicator, bars):
    """{(side, row of the first swing): [level, row of the last swing, row that swept it or None, row first told]}."""
    found, resting = {}, set()
    for row in updates(indicator, bars):
        if indicator.value in (1.0, -1.0):
            key = (int(indicator.value), row - int(indicator.bars_back))
            found.setdefault(key, [NAN, -1, None, row])[:2] = [indicator.level, indicator.swings.row]
            resting.add(key)
        if not (indicator.swings.value or indicator.swept_highs or indicator.swept_lows):
            continue
        present = {}
        for side, book in ((1, indicator.highs), (-1, indicator.lows)):
            for at in range(book.depth):
                level = side * book.totals[at] / book.members[at]
                present[side, book.rows[at]] = (level, book.ends[at], book.members[at])
        for key in list(resting):
            if key not in present:
                found[key][2] = row
                resting.discard(key)
            elif present[key][2] == 1:  # its second swing was taken back
                del found[key]
                resting.discard(key)
            else:
                found[key][:2] = present[key][:2]
    return found

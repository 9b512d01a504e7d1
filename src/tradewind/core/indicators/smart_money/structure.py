"""Market structure: breaks of structure and changes of character."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.smart_money.parameters import checked_choice, checked_swing_length
from tradewind.core.indicators.smart_money.swings import Swings

CHAIN = 4
"""Swings that make a pattern: low, high, low, high, or the reverse."""
WAITING_MAX = 64
"""Patterns that wait for their break. Any break drops all older ones, so there are seldom more than a few."""

BREAK = 1
CHANGE = 2


class MarketStructure(Indicator):
    """Break of structure (BOS) and change of character (CHoCH) over the last four swings.

    Upwards, with swings low a, high b, low c, high d: a BOS where a < c < b < d (the rise goes on), a CHoCH where c < a
    < b < d (a fall has turned). Downwards everything is reversed. The level is b. It is told once, on the bar when both
    are known: the pattern, which the confirmation of d completes, and its break, the first close beyond b
    (`break_on="wick"`: the first high or low). A later swing whose level broke no later drops the ones that still wait.

    `value` is 1 (BOS) or 2 (CHoCH) upwards, -1 or -2 downwards, 0 on other bars; `level` is b; `bars_back` is how long
    ago b was, `broken_back` how long ago it broke. `trend` is the direction of the last one told, 0 before the first.
    `crossing` is what needs no pattern: 1 or -1 on the first bar beyond the last swing high or low, else 0. `forgotten`
    counts patterns dropped because more than WAITING_MAX waited. Ready after 2 x length updates.
    """

    outputs = ("value", "level", "bars_back", "broken_back", "trend", "crossing", "forgotten")

    def __init__(self, length: int = 5, break_on: str = "close") -> None:
        self.swings = Swings(checked_swing_length(length, "MarketStructure"))
        super().__init__(warmup=self.swings.warmup)
        self.by_close = checked_choice(break_on, ("close", "wick"), "MarketStructure", "break_on") == "close"
        self.level = NAN
        self.bars_back = NAN
        self.broken_back = NAN
        self.trend = NAN
        self.crossing = NAN
        self.forgotten = NAN
        self.judged = False
        self.known = 0
        self.levels = [0.0] * CHAIN
        self.rows = [0] * CHAIN
        self.sides = [0] * CHAIN
        self.broken = [-1] * CHAIN
        self.waiting = 0
        self.waiting_kinds = [0] * WAITING_MAX
        self.waiting_rows = [0] * WAITING_MAX
        self.waiting_levels = ring(WAITING_MAX)

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.swings.update(high, low)
        if self.count < self.warmup:
            return
        if self.count == self.warmup:
            self.trend = 0.0
            self.forgotten = 0.0
        self.value = 0.0
        self.level = NAN
        self.bars_back = NAN
        self.broken_back = NAN
        self.crossing = 0.0
        up = close if self.by_close else high
        down = close if self.by_close else low
        self.note_breaks(up, down)
        if self.swings.value != 0.0:
            self.extend_chain()
            self.judge_pattern()
        self.check_waiting(up, down)

    def note_breaks(self, up: float, down: float) -> None:
        """Remember the first bar beyond each of the last three swings."""
        for i in range(1, CHAIN):
            if self.broken[i] < 0 and (
                (self.sides[i] > 0 and up > self.levels[i]) or (self.sides[i] < 0 and down < self.levels[i])
            ):
                self.broken[i] = self.count - 1
                if i >= CHAIN - 2:
                    self.crossing = float(self.sides[i])

    def extend_chain(self) -> None:
        """Add the swing just confirmed, or put it in the place of the last one."""
        last = CHAIN - 1
        if self.swings.replaces == 0.0:
            for i in range(last):
                self.levels[i] = self.levels[i + 1]
                self.rows[i] = self.rows[i + 1]
                self.sides[i] = self.sides[i + 1]
                self.broken[i] = self.broken[i + 1]
            self.known = min(self.known + 1, CHAIN)
            self.judged = False
        self.levels[last] = self.swings.level
        self.rows[last] = self.swings.row
        self.sides[last] = self.swings.side
        self.broken[last] = -1

    def judge_pattern(self) -> None:
        """Look whether the four swings make a pattern; once true it stays so, wherever the last swing moves."""
        if self.known < CHAIN or self.judged:
            return
        side = self.sides[3]
        sign = float(side)
        a = sign * self.levels[0]
        b = sign * self.levels[1]
        c = sign * self.levels[2]
        d = sign * self.levels[3]
        kind = 0
        if a < c < b < d:
            kind = BREAK
        elif c < a < b < d:
            kind = CHANGE
        if kind == 0:
            return
        self.judged = True
        if self.broken[1] >= 0:
            self.waiting = 0
            self.tell(side * kind, self.levels[1], self.rows[1], self.broken[1])
        else:
            self.wait(side * kind, self.levels[1], self.rows[1])

    def wait(self, kind: int, level: float, row: int) -> None:
        """A pattern whose level has not broken yet."""
        if self.waiting == WAITING_MAX:
            self.keep_waiting_from(1)
            self.forgotten += 1.0
        self.waiting_kinds[self.waiting] = kind
        self.waiting_levels[self.waiting] = level
        self.waiting_rows[self.waiting] = row
        self.waiting += 1

    def check_waiting(self, up: float, down: float) -> None:
        """Tell the latest pattern that this bar breaks; older ones are overtaken."""
        for i in range(self.waiting - 1, -1, -1):
            kind = self.waiting_kinds[i]
            level = self.waiting_levels[i]
            if (kind > 0 and up > level) or (kind < 0 and down < level):
                self.tell(kind, level, self.waiting_rows[i], self.count - 1)
                self.keep_waiting_from(i + 1)
                return

    def keep_waiting_from(self, first: int) -> None:
        """Drop the patterns before `first`."""
        for i in range(first, self.waiting):
            self.waiting_kinds[i - first] = self.waiting_kinds[i]
            self.waiting_levels[i - first] = self.waiting_levels[i]
            self.waiting_rows[i - first] = self.waiting_rows[i]
        self.waiting -= first

    def tell(self, kind: int, level: float, row: int, broken: int) -> None:
        """Report one label on this bar."""
        self.value = float(kind)
        self.level = level
        self.bars_back = float(self.count - 1 - row)
        self.broken_back = float(self.count - 1 - broken)
        self.trend = 1.0 if kind > 0 else -1.0

"""An indicator of your own: a class with an `update`, and it compiles like the others."""

from tradewind import Indicator, Strategy, param, ring


class Efficiency(Indicator):
    """Kaufman's efficiency ratio: the way made over the way gone, from 0 (noise) to 1 (straight)."""

    def __init__(self, length):
        super().__init__(warmup=length + 1)
        self.length = length
        self.past = ring(length + 1)
        self.steps = 0.0

    def update(self, price):
        size = len(self.past)
        if self.count > 0:
            self.steps += abs(price - self.past[(self.count - 1) % size])
        if self.count > self.length:
            left = self.past[(self.count - self.length) % size]
            self.steps -= abs(left - self.past[(self.count - self.length - 1) % size])
        self.past[self.count % size] = price
        self.count += 1
        self.prev = self.value
        if self.ready and self.steps > 0.0:
            made = price - self.past[(self.count - 1 - self.length) % size]
            self.value = abs(made) / self.steps


class StraightMoves(Strategy):
    """Goes with a move that is straight, and leaves when it is not any more."""

    length = param(24, low=4, high=200, help="bars over which a move is looked at")
    straight = param(0.4, low=0.05, high=0.95, help="efficiency from which a move is straight")

    def setup(self):
        self.efficiency = Efficiency(self.length)

    def on_bar(self, bar):
        if self.direction == 0:
            if self.efficiency.crossed_above(self.straight) and bar.close > bar.open:
                self.buy(sl=bar.close * 0.97)
        elif self.efficiency.crossed_below(self.straight / 2.0):
            self.close()

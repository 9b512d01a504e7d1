"""The look-ahead check over made-up columns and strategies: what reads k bars ahead is told so, the rest is clean."""

import numpy as np
from engine_examples import CHANCES, MINUTE, PairWanderer, Wanderer, random_symbol
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradewind.core.domain.market_data import Bars
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.lookahead import AHEAD, CLEAN, UNSEEN, lookahead

LAW = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.integers(0, 2**32 - 1)


def market(seed: int, bars: int, name: str = "S0/USDT:USDT") -> Bars:
    """A walk with jumps, flat stretches and gaps in time."""
    made = random_symbol(seed, bars, 0.005, name, False)
    return Bars(name, "1m", made.time, made.open, made.high, made.low, made.close, made.volume)


def shifted(values, bars):
    """Values of `bars` ago, or for a negative number of so many bars ahead."""
    moved = np.full(len(values), np.nan)
    if bars > 0:
        moved[bars:] = values[:-bars]
    elif bars < 0:
        moved[:bars] = values[-bars:]
    else:
        moved = values.copy()
    return moved


def trailing(values, length):
    """The mean of the last `length` values, each sum on its own."""
    made = np.full(len(values), np.nan)
    for i in range(length - 1, len(values)):
        made[i] = values[i - length + 1 : i + 1].mean()
    return made


def of_parts(parts):
    """A strategy whose column is a sum of shifted means of fields."""

    class Made(Strategy):
        def prepare(self, bars):
            total = np.zeros(len(bars))
            for field, length, shift, weight in parts:
                total += weight * shifted(trailing(getattr(bars, field), length), shift)
            return {"made": total}

        def on_bar(self, bar):
            if self.made.value > self.made.prev and self.direction == 0:
                self.buy()
            elif self.made.value < self.made.prev and self.direction > 0:
                self.close()

    return Made


PART = st.tuples(
    st.sampled_from(["open", "high", "low", "close", "volume"]), st.integers(1, 12), st.integers(0, 15),
    st.sampled_from([-1.0, 0.5, 2.0]),
)  # fmt: skip


@given(st.lists(PART, min_size=1, max_size=4), SEEDS)
@LAW
def test_what_reads_the_past_alone_is_never_accused(parts, seed):
    result = lookahead(of_parts(parts), market(seed, 250), engine="interpreted", cuts=6, seed=seed)
    assert result.verdict in (CLEAN, UNSEEN)
    assert result.findings == ()


@given(st.lists(PART, max_size=3), PART, st.integers(1, 20), SEEDS)
@LAW
def test_what_reads_ahead_is_found_and_told_how_far(parts, ahead, bars, seed):
    field, length, _, weight = ahead
    strategy = of_parts([*parts, (field, length, -bars, weight)])
    result = lookahead(strategy, market(seed, 250), engine="interpreted", cuts=6, seed=seed)
    assert result.verdict == AHEAD
    assert next(f for f in result.findings if f.name == "made").bars_ahead == bars


def wandering(cls, seed, size):
    """The strategy that orders by a list of chances, with its list."""
    chances = [float(c) for c in np.random.default_rng(seed).random(CHANCES)]

    def setup(self):
        self.chances, self.size = list(chances), size
        cls.setup(self)

    return type(cls.__name__, (cls,), {"setup": setup, "__module__": cls.__module__})


@given(SEEDS, st.sampled_from([0.5, 5.0, 40.0]))
@LAW
def test_a_strategy_of_every_order_is_never_accused(seed, size):
    result = lookahead(wandering(Wanderer, seed, size), market(seed, 300), engine="interpreted", cuts=6, seed=seed)
    assert (result.verdict, result.findings) == (CLEAN, ())


@given(SEEDS, st.integers(0, 80))
@settings(LAW, max_examples=12)
def test_nor_on_two_symbols_of_which_one_begins_later(seed, later):
    pair = [market(seed, 300), market(seed + 1, 300, "S1/USDT:USDT")]
    pair[1] = pair[1].slice(int(pair[0].time[0]) + later * MINUTE)
    result = lookahead(wandering(PairWanderer, seed, 5.0), pair, engine="interpreted", cuts=5, seed=seed)
    assert (result.verdict, result.findings) == (CLEAN, ())

"""Look-aheads from corners in which nobody looks for data: defaults, first arguments, rows, texts; and honest twins."""

from __future__ import annotations

import functools
import json
import pickle
import random
import time
from array import array
from collections import deque
from datetime import datetime
from types import SimpleNamespace

import numpy as np
from bias_corpus.market import ONE
from bias_corpus.planted_elsewhere import KeepsItsBars, Trader, at

CLOSES = ONE.close.tolist()
ROWS = list(zip(ONE.time.tolist(), CLOSES, strict=True))
RECORDS = [{"time": t, "close": c} for t, c in ROWS]
RAW = ONE.close.tobytes()
TEXT = json.dumps(CLOSES)
PICKLED = pickle.dumps(CLOSES)


class Box:
    def __init__(self, rows):
        self.rows = rows


NESTED = {"markets": {"here": Box(ROWS)}}
QUEUE = deque(CLOSES)
PLAIN = array("d", CLOSES)


def _next_of(closes, i):
    return at(closes, i + 1)


NEXT = functools.partial(_next_of, CLOSES)


def _told(closes):
    def next_of(i):
        return at(closes, i + 1)

    class ByInnerFunction(Trader):
        def wants(self, bar):
            return next_of(self.bars_seen) - bar.close

    return ByInnerFunction


class Default(Trader):
    def wants(self, bar, closes=CLOSES):
        return at(closes, self.bars_seen + 1) - bar.close


class NamedDefault(Trader):
    def wants(self, bar, *, closes=ONE.close):
        return at(closes, self.bars_seen + 1) - bar.close


class Lambda(Trader):
    ahead = staticmethod(lambda i, closes=CLOSES: at(closes, i + 1))

    def wants(self, bar):
        return self.ahead(self.bars_seen) - bar.close


class FirstArgument(Trader):
    def wants(self, bar):
        return NEXT(self.bars_seen) - bar.close


class FitsOnceInADefault(KeepsItsBars):
    """What is fitted on the first run stays in a default, and the next run, on less data, finds it there."""

    def wants(self, bar, kept={}):  # noqa: B006 - that is the fault
        if "mean" not in kept:
            kept["mean"] = float(np.mean(self.closes))
        return bar.close - kept["mean"]


def _ahead_in(numbers):
    class Holds(Trader):
        """Asks once, on the first bar."""

        told = None

        def wants(self, bar):
            self.told = numbers() if self.bars_seen == 0 else self.told
            return at(self.told, self.bars_seen + 1) - bar.close

    return Holds


PLANTED = {
    "a default": Default,
    "a named default": NamedDefault,
    "a default of a lambda": Lambda,
    "a function's first argument": FirstArgument,
    "a function inside a function": _told(CLOSES),
    "a fit in a default": FitsOnceInADefault,
    "rows": _ahead_in(lambda: [close for _, close in ROWS]),
    "records": _ahead_in(lambda: [row["close"] for row in RECORDS]),
    "rows in an object in two dicts": _ahead_in(lambda: [row[1] for row in NESTED["markets"]["here"].rows]),
    "a deque": _ahead_in(lambda: QUEUE),
    "a plain array": _ahead_in(lambda: PLAIN),
    "bytes": _ahead_in(lambda: np.frombuffer(RAW)),
    "a text of JSON": _ahead_in(lambda: json.loads(TEXT)),
    "a pickle": _ahead_in(lambda: pickle.loads(PICKLED)),
}

UNSET = object()


class PastInADefault(Trader):
    def wants(self, bar, closes=CLOSES, unset=UNSET):
        assert unset is UNSET, "what is told by its identity stays what it is"
        return bar.close - closes[max(0, self.bars_seen - 6)]


class PastInRows(Trader):
    def wants(self, bar):
        return bar.close - ROWS[max(0, self.bars_seen - 9)][1]


class PastInAText(Trader):
    told = None

    def wants(self, bar):
        self.told = json.loads(TEXT) if self.bars_seen == 0 else self.told
        return bar.close - self.told[max(0, self.bars_seen - 5)]


class Seeded(Trader):
    def setup(self):
        super().setup()
        self.dice = SimpleNamespace(roll=random.Random(4).random)

    def wants(self, bar):
        return self.dice.roll() - 0.5


class SeedsTheOneOfAll(Trader):
    def setup(self):
        super().setup()
        random.seed(4)
        np.random.seed(5)

    def wants(self, bar):
        return random.random() + 0.1 * np.random.rand() - 0.55


class TellsTheTime(Trader):
    """Asks clocks for its notes alone."""

    def wants(self, bar):
        self.noted = (time.perf_counter(), time.time(), datetime.now())  # noqa: DTZ005
        return bar.close - CLOSES[max(0, self.bars_seen - 12)]


class Hashes(Trader):
    """A hash of whole numbers is the same everywhere."""

    def wants(self, bar):
        return hash(bar.time // ONE.step_ns) % 7 - 3.5


CLEAN = {
    "the past in a default": PastInADefault,
    "the past in rows": PastInRows,
    "the past in a text of JSON": PastInAText,
    "chance with a seed": Seeded,
    "chance with the seed of all": SeedsTheOneOfAll,
    "a clock for its notes": TellsTheTime,
    "hashes of whole numbers": Hashes,
}

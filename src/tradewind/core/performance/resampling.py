"""Which trade comes when: tables of trade numbers, a column for each path.

A number equal to the count of trades means that no trade is made at that place.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.kernel import kernel
from tradewind.core.performance.path_chance import LANES, Stream, path_words

Order = Literal["bootstrap", "block", "permutation", "skip"]
ORDERS: tuple[Order, ...] = ("bootstrap", "block", "permutation", "skip")
WORDS = 2.0**32


def trade_order(
    order: Order, seed: int, first_path: int, trades: int, steps: int, *, block: float = 1.0, skip: float = 0.0
) -> NDArray[np.uint32]:
    """Numbers of trades, shape (steps, LANES), for the paths from `first_path` on.

    bootstrap    each place draws any of the `trades` with equal chance, again and again. Source: Efron, "Bootstrap
                 methods: another look at the jackknife", Annals of Statistics 7(1), 1979.
    block        runs of successive trades of geometric length with mean `block`, which go on at the first trade after
                 the last. Source: Politis and Romano, "The stationary bootstrap", JASA 89(428), 1994.
    permutation  the same trades in another order, each order with equal chance (`steps` is `trades`).
    skip         the same trades in their order, each left out with the chance `skip` (`steps` is `trades`).

    A number is drawn from 32 bits, so its chance is off by less than trades / 2^32 of itself.
    """
    words = path_words(seed, Stream.ORDER, first_path, steps)
    if order == "bootstrap":
        pick(words, np.uint64(trades))
    elif order == "block":
        restarts = path_words(seed, Stream.RESTART, first_path, steps)
        pick_blocks(words, restarts, np.uint64(trades), np.uint64(WORDS / block))
    elif order == "permutation":
        assert steps == trades
        shuffle(words)
    else:
        assert steps == trades
        leave_out(words, np.uint64(WORDS * skip))
    return words


@kernel
def pick(words: Any, trades: Any) -> None:
    """Words become numbers below `trades` (the high half of their product), in place."""
    for i in range(words.shape[0]):
        row = words[i]
        for lane in range(LANES):
            row[lane] = np.uint32((np.uint64(row[lane]) * trades) >> np.uint64(32))


@kernel
def pick_blocks(words: Any, restarts: Any, trades: Any, chance: Any) -> None:
    """The number after the last one, or a fresh one where the word of `restarts` is below `chance`; in place."""
    last = np.full(LANES, trades - np.uint64(1))
    for i in range(words.shape[0]):
        row, again = words[i], restarts[i]
        for lane in range(LANES):
            after = last[lane] + np.uint64(1)
            after = np.uint64(0) if after == trades else after
            fresh = (np.uint64(row[lane]) * trades) >> np.uint64(32)
            number = fresh if i == 0 or np.uint64(again[lane]) < chance else after
            last[lane] = number
            row[lane] = np.uint32(number)


@kernel
def shuffle(words: Any) -> None:
    """Each column becomes an order of 0 ... rows - 1 (Fisher and Yates, from the inside out), in place."""
    for i in range(words.shape[0]):
        for lane in range(LANES):
            j = (np.uint64(words[i, lane]) * np.uint64(i + 1)) >> np.uint64(32)
            words[i, lane] = words[j, lane]
            words[j, lane] = np.uint32(i)


@kernel
def leave_out(words: Any, chance: Any) -> None:
    """Row i holds i, or the count of rows where its word is below `chance`; in place."""
    rows = words.shape[0]
    for i in range(rows):
        row = words[i]
        for lane in range(LANES):
            row[lane] = np.uint32(rows) if np.uint64(row[lane]) < chance else np.uint32(i)

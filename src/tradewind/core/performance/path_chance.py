"""Random words for many paths at once. A path's words depend on the seed, the stream and the path's number only.

However the paths are split over threads, processes or machines, each one sees the same bytes. Philox4x32-10 (Salmon et
al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) turns seed, stream and path into the 128 bits with which
that path's xoshiro128++ begins (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM
Transactions on Mathematical Software 47(4), 2021). Whole numbers only, so every machine gives the same.
"""

from __future__ import annotations

from enum import IntEnum
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance.kernel import kernel

LANES = 128
"""Paths side by side in one table: the processor does many of them in one step."""

ROUNDS = 10
PRODUCT_0, PRODUCT_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


class Stream(IntEnum):
    """What the words are for. Streams do not disturb each other."""

    ORDER = 0
    RESTART = 1
    COSTS = 2
    ENTRY = 3
    JITTER = 4


def path_words(seed: int, stream: Stream, first_path: int, rows: int) -> NDArray[np.uint32]:
    """Uniform 32-bit words, shape (rows, LANES): a column for each of the paths from `first_path` on.

    Raises BadInput for a seed outside 0 to 2^63 - 1.
    """
    check_seed(seed)
    table = np.empty((rows, LANES), np.uint32)
    fill_words(np.uint64(seed), np.uint64(stream), np.uint64(first_path), table)
    return table


def is_whole(value: object) -> bool:
    """Whether it is a whole number, of Python or NumPy; what comes out of a notebook may be anything."""
    return isinstance(value, Integral)


def check_seed(seed: int) -> None:
    """Raise BadInput unless the seed is a whole number that fits."""
    if not is_whole(seed) or not 0 <= seed < 2**63:
        raise BadInput(
            f"a seed is a whole number from 0 to 2^63 - 1, not {seed!r}", fix="Choose one inside: 1 is usual"
        )


def path_uniforms(seed: int, stream: Stream, path: int, count: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) for one path, from 53 bits each, shape (count,)."""
    words = path_words(seed, stream, path, 2 * count)[:, 0].astype(np.uint64)
    bits = (words[0::2] >> np.uint64(5) << np.uint64(26)) | (words[1::2] >> np.uint64(6))
    return bits.astype(np.float64) * 2.0**-53


@kernel
def fill_words(seed: Any, stream: Any, first_path: Any, table: Any) -> None:
    """Fill every row of `table` (rows, LANES)."""
    state = np.empty(4 * LANES, np.uint32)
    for lane in range(LANES):
        path = first_path + np.uint64(lane)
        k0, k1 = seed & LOW, seed >> HALF
        c0, c1, c2, c3 = np.uint64(0), stream & LOW, path & LOW, path >> HALF
        for _ in range(ROUNDS):
            p0, p1 = PRODUCT_0 * c0, PRODUCT_1 * c2
            c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1 & LOW, (p0 >> HALF) ^ c3 ^ k1, p0 & LOW
            k0, k1 = (k0 + WEYL_0) & LOW, (k1 + WEYL_1) & LOW
        state[lane] = c0
        state[LANES + lane] = c1
        state[2 * LANES + lane] = c2
        state[3 * LANES + lane] = c3
    for i in range(table.shape[0]):
        row = table[i]
        for lane in range(LANES):
            s0, s1 = state[lane], state[LANES + lane]
            s2, s3 = state[2 * LANES + lane], state[3 * LANES + lane]
            total = np.uint32(s0 + s3)
            row[lane] = np.uint32(np.uint32((total << np.uint32(7)) | (total >> np.uint32(25))) + s0)
            shifted = np.uint32(s1 << np.uint32(9))
            s2 ^= s0
            s3 ^= s1
            s1 ^= s2
            s0 ^= s3
            s2 ^= shifted
            s3 = np.uint32((s3 << np.uint32(11)) | (s3 >> np.uint32(21)))
            state[lane], state[LANES + lane] = s0, s1
            state[2 * LANES + lane], state[3 * LANES + lane] = s2, s3

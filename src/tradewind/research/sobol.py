"""Points that fill the unit cube evenly: Sobol's sequence, shifted by a seed.

Source: Sobol, "On the distribution of points in a cube and the approximate evaluation of integrals", USSR Computational
Mathematics and Mathematical Physics 7(4), 1967; the initial direction numbers are those of Joe and Kuo, "Constructing
Sobol sequences with better two-dimensional projections", SIAM Journal on Scientific Computing 30(5), 2008. The shift
(one exclusive or for each dimension) keeps the evenness and makes another set of points of every seed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.exact_chance import Chance

BITS = 30
DIRECTIONS: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
    (5, 2, (1, 1, 5, 5, 17)),
    (5, 4, (1, 1, 5, 5, 5)),
    (5, 7, (1, 1, 7, 11, 19)),
    (5, 11, (1, 1, 5, 1, 1)),
    (5, 13, (1, 1, 1, 3, 11)),
    (5, 14, (1, 3, 5, 5, 31)),
    (6, 1, (1, 3, 3, 9, 7, 49)),
    (6, 13, (1, 1, 1, 15, 21, 21)),
    (6, 16, (1, 3, 1, 13, 27, 49)),
    (6, 19, (1, 1, 1, 15, 7, 5)),
    (6, 22, (1, 3, 1, 15, 13, 25)),
    (6, 25, (1, 1, 5, 5, 19, 61)),
    (7, 1, (1, 3, 7, 11, 23, 15, 103)),
    (7, 4, (1, 3, 7, 13, 13, 15, 69)),
)
"""For the second dimension on: degree and inner coefficients of a primitive polynomial, and the first numbers m."""
DIMENSIONS_MAX = len(DIRECTIONS) + 1
POINTS_MAX = 2**BITS


def sobol(first: int, count: int, dimensions: int, seed: int | None = None) -> NDArray[np.float64]:
    """Points `first` to `first + count` of the sequence, in [0, 1), shape (count, dimensions).

    Without a seed they are Sobol's own, beginning at the origin. Raises BadInput beyond 21 dimensions.
    """
    if not 1 <= dimensions <= DIMENSIONS_MAX:
        raise BadInput(
            f"Sobol points have from 1 to {DIMENSIONS_MAX} dimensions, not {dimensions}", fix="Use --method random"
        )
    assert 0 <= first <= first + count <= POINTS_MAX
    at = np.arange(first, first + count, dtype=np.uint64)
    gray = at ^ (at >> np.uint64(1))
    bits = (gray[:, None] >> np.arange(BITS, dtype=np.uint64)) & np.uint64(1)
    table = _directions(dimensions)
    points = np.zeros((count, dimensions), np.uint64)
    for bit in range(BITS):
        points ^= bits[:, bit, None] * table[:, bit]
    if seed is not None:
        shift = Chance(seed, "sobol shift").uniform(dimensions) * POINTS_MAX
        points ^= shift.astype(np.uint64)
    return np.asarray(points / POINTS_MAX, np.float64)


def _directions(dimensions: int) -> NDArray[np.uint64]:
    """Direction numbers v, shape (dimensions, BITS): the binary fractions that a point's bits switch on."""
    table = np.zeros((dimensions, BITS), np.uint64)
    for row in range(dimensions):
        degree, inner, first = (0, 0, (1,) * BITS) if row == 0 else DIRECTIONS[row - 1]
        m = list(first[:BITS])
        while len(m) < BITS:
            k = len(m)
            value = m[k - degree] ^ (m[k - degree] << degree)
            for i in range(1, degree):
                if inner >> (degree - 1 - i) & 1:
                    value ^= m[k - i] << i
            m.append(value)
        table[row] = [number << (BITS - 1 - k) for k, number in enumerate(m)]
    return table

"""Memory for columns of one length, used again and again.

A fresh array of a hundred thousand numbers takes as long to get from the system, page by page, as an average takes to
fill it. Many at once come in large pages.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SLAB_BYTES = 16 * 1024 * 1024
SLAB_COLUMNS_MAX = 64


class ColumnPool:
    """Columns (rows,) of 8 bytes a row, at most `bytes_max` of them all."""

    def __init__(self, rows: int, bytes_max: int) -> None:
        self.rows = rows
        self.columns_left = bytes_max // (8 * rows)
        self._free: list[Array] = []

    def take(self, count: int) -> list[Array]:
        """So many columns, holding anything; none where there are not enough."""
        while len(self._free) < count and self.columns_left > 0:
            made = max(1, min(SLAB_BYTES // (8 * self.rows), SLAB_COLUMNS_MAX, self.columns_left))
            self.columns_left -= made
            self._free.extend(np.empty((made, self.rows)))
        if len(self._free) < count:
            return []
        return [self._free.pop() for _ in range(count)]

    def lend(self, columns: list[Array], owner: object) -> None:
        """The columns come back when nobody has `owner` any more."""
        weakref.finalize(owner, self._free.extend, columns).atexit = False

"""Many events in one block of bytes: as they were written, one a line, behind a line of their positions, compressed.

Events of one token and type are alike, so a general compressor finds what columns would. What goes in comes out byte
for byte, whatever version or type it is; xz's checksum tells a block that was damaged.
"""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from itertools import accumulate, pairwise

from tradewind.core.domain.errors import Corrupt

BLOCK_ROWS = 500
"""Events in a block: twice as many are hardly smaller, and one that is wanted opens all of them."""
PRESET = 4
"""Of xz: the next ones are a tenth smaller and take three times as long."""

Row = tuple[int, bytes]
"""A position, and the event as it was written."""


def pack(rows: Sequence[Row]) -> bytes:
    """A block of rows by rising position. An event as it is written has no line break in it."""
    positions = [position for position, _ in rows]
    steps = [positions[0], *(after - before for before, after in pairwise(positions))]
    head = ",".join(map(str, steps)).encode()
    return lzma.compress(b"\n".join((head, *(body for _, body in rows))), preset=PRESET)


def unpack(block: bytes, where: str) -> list[Row]:
    """The rows of a block, by rising position. Raises Corrupt."""
    try:
        head, *bodies = lzma.decompress(block).split(b"\n")
        return list(zip(accumulate(map(int, head.split(b","))), bodies, strict=True))
    except (lzma.LZMAError, ValueError) as problem:
        raise Corrupt(f"a block of packed events is damaged: {problem}", where=where, fix="Restore a backup") from None

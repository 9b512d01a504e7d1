"""Many events in one block of bytes: as they were written, behind a line of their positions, compressed.

Events of one token and type are alike, part by part between their commas. So first all first parts are written, then
all second ones, a line each: a compressor then finds what columns would, and a block is a fifth smaller than line by
line. Events that have not all the same number of parts are written one a line. What goes in comes out byte for byte,
whatever version or type it is; xz's checksum tells a block that was damaged.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise

from tradewind.core.domain.errors import Corrupt

BLOCK_ROWS = 500
"""Events in a block: twice as many are hardly smaller, and one that is wanted opens all of them."""
BY_PARTS = b"parts:"
"""Before the positions of a block that is written part by part."""
PRESET = 4
"""Of xz: the next ones are a tenth smaller and take three times as long."""

Row = tuple[int, bytes]
"""A position, and the event as it was written."""


def pack(rows: Sequence[Row]) -> bytes:
    """A block of rows by rising position. An event as it is written has no line break in it."""
    positions = [position for position, _ in rows]
    steps = [positions[0], *(after - before for before, after in pairwise(positions))]
    head = ",".join(map(str, steps)).encode()
    lines: Iterable[bytes] = (body for _, body in rows)
    parts = [body.split(b",") for _, body in rows]
    if all(len(some) == len(parts[0]) for some in parts):
        head, lines = BY_PARTS + head, chain.from_iterable(zip(*parts, strict=True))
    return lzma.compress(b"\n".join((head, *lines)), preset=PRESET)


def unpack(block: bytes, where: str) -> list[Row]:
    """The rows of a block, by rising position. Raises Corrupt."""
    try:
        head, *lines = lzma.decompress(block).split(b"\n")
        positions = list(accumulate(map(int, head.removeprefix(BY_PARTS).split(b","))))
        return list(zip(positions, _whole(lines, len(positions)) if head.startswith(BY_PARTS) else lines, strict=True))
    except (lzma.LZMAError, ValueError) as problem:
        raise Corrupt(f"a block of packed events is damaged: {problem}", where=where, fix="Restore a backup") from None


def _whole(parts: list[bytes], number: int) -> list[bytes]:
    """Events from their parts. Raises ValueError."""
    if not parts or len(parts) % number:
        raise ValueError("a part of an event is missing")
    return [b",".join(parts[start::number]) for start in range(number)]

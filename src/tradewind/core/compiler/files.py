"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in one step; several processes, and threads of each, may write the same one."""
    mine = object()  # no other that lives now has its id
    partial = path.with_name(f".{path.name}.{os.getpid()}.{id(mine)}.partial")
    partial.write_bytes(data)
    partial.replace(path)

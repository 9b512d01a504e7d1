"""The lines of a recording: a file, packed with gzip or not, read as a stream."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from tradewind.core.domain.errors import BadInput

GZIP = b"\x1f\x8b"
LINE_BYTES_MAX = 16 * 1024 * 1024
"""A snapshot of a thousand levels has 50 KB: a line longer than this is no message."""


class Lines:
    """Numbered lines, from 1. `cut` says why reading ended before the file did, or is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut = ""

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        number = 0
        try:
            with _opened(self.path) as file:
                while line := file.readline(LINE_BYTES_MAX):
                    number += 1
                    yield number, line
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            # A recorder that was killed leaves a packed file without its end.
            self.cut = f"the packed file is cut off after line {number:,} ({error})"


def _opened(path: Path) -> IO[bytes]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP
        return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")
    except IsADirectoryError as error:
        raise BadInput("it is a folder, not a file", where=str(path), fix="Name one file of the recording") from error
    except FileNotFoundError as error:
        raise BadInput("there is no such file", where=str(path), fix="Check the path") from error
    except OSError as error:
        raise BadInput(
            f"it cannot be read: {error.strerror}", where=str(path), fix="Name a file that is there"
        ) from error

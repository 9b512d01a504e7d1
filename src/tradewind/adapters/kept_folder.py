"""A folder in which something of the user's is kept."""

from __future__ import annotations

import errno
from pathlib import Path

from tradewind.core.domain.errors import BadInput


def make(folder: Path, root: Path, what: str) -> None:
    """Make `folder`, in or at `root`, where it is not there yet. `what` ("runs") is the folder's name in the settings.

    Raises BadInput where no folder can be there; a full disk is told as it is.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # the place is right, and full
        is_file = isinstance(problem, FileExistsError | NotADirectoryError)
        why = "it is a file, or below one" if is_file else problem.strerror
        raise BadInput(
            f"{what} cannot be kept here: {why}",
            where=str(root),
            fix=f"Choose another folder: [folders] {what} in tradewind.toml, or TRADEWIND_{what.upper()}",
        ) from None

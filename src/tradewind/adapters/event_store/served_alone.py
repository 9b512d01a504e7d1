"""Roles that one process at a time may serve over one events folder: inside a process the bus is not shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tradewind.core.domain.errors import BadInput

fcntl: Any = import_module("fcntl") if find_spec("fcntl") else None


@contextmanager
def served_alone(folder: Path, roles: Sequence[str]) -> Iterator[None]:
    """Roles that are this process's while the block runs; the system takes them back from one that was killed.

    Raises BadInput for one that another process has. On a system without file locks nothing is held.
    """
    with ExitStack() as held:
        if fcntl is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for role in roles:
                file = held.enter_context((folder / f"{role}.lock").open("a"))
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise taken(role, str(folder)) from None
        yield


def taken(role: str, where: str) -> BadInput:
    """What is said of a role that another process has."""
    return BadInput(
        f"another process serves as {role} already",
        where=where,
        fix="Stop it first, or let several share the work: set TRADEWIND_KAFKA",
    )

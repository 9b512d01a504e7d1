"""What a piece of work leaves open, as the garbage collector tells it."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Coroutine
from typing import Any


def left_open(work: Callable[[], Coroutine[Any, Any, object]]) -> list[str]:
    """Runs work in a loop of its own; the sockets, transports and files that nobody closed."""
    gc.collect()  # what others left is not ours
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        asyncio.run(work())
        gc.collect()
    return [str(one.message) for one in told if issubclass(one.category, ResourceWarning)]

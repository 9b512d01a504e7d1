"""Tells who watches the market that time has passed: silence makes no events."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from tradewind.core.domain.errors import Unavailable

log = logging.getLogger(__name__)


async def pass_time(
    *watchers: Callable[[int], Awaitable[None]],
    stopping: asyncio.Event,
    every_s: float = 1.0,
    clock_ns: Callable[[], int] = time.time_ns,
) -> None:
    """Call each watcher's `advance` with the time (ns UTC) every so often, until `stopping` is set."""
    while not stopping.is_set():
        for advance in watchers:
            try:
                await advance(clock_ns())
            except Unavailable as problem:
                log.warning("time passes unnoticed: %s", problem)
        try:
            async with asyncio.timeout(every_s):
                await stopping.wait()
        except TimeoutError:
            continue

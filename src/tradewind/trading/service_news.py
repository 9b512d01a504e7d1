"""How services are, told to people at once and to everybody else as `service.changed` events."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from tradewind.core.domain.errors import TradewindError
from tradewind.core.domain.events.envelope import Event
from tradewind.messaging.producer import EventProducer

log = logging.getLogger(__name__)
NEWS_MAX = 1_000
REASON_LENGTH_MAX = 2_000
AGAIN_S = 5.0
"""Between two attempts to tell."""
AT_END_S = 5.0
"""How long what is still to be told at the end may take."""


class ServiceNews:
    """Tells how services are: a line in the log at once, and an event as soon as the bus takes it."""

    def __init__(self, producer: EventProducer, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._producer, self._sleep = producer, sleep
        self._waiting: deque[Event[Any]] = deque()
        self._more = asyncio.Event()

    def __call__(self, name: str, state: str, reason: str) -> None:
        """Take news in; see `supervision.Tell`."""
        log.info("%s: %s%s", name, state, f": {reason}" if reason else "")
        if len(self._waiting) >= NEWS_MAX:
            log.warning("it was not told: %s", self._waiting.popleft().data)
        # Made here, so that one whose publishing was cut off and is tried again is still the same event.
        data = {"service": name, "state": state, "reason": reason[:REASON_LENGTH_MAX]}
        self._waiting.append(self._producer.event("service.changed", data))
        self._more.set()

    async def run(self) -> None:
        """Publish what there is, until it is cancelled; what the bus does not take is tried again."""
        while True:
            await self._more.wait()
            await self._publish()
            if self._waiting:
                await self._sleep(AGAIN_S)
            else:
                self._more.clear()

    async def rest(self) -> None:
        """Publish what is left, as far as that is quickly done."""
        with suppress(TimeoutError):
            async with asyncio.timeout(AT_END_S):
                await self._publish()
        for event in self._waiting:
            log.warning("it was not told: %s", event.data)

    async def _publish(self) -> None:
        while self._waiting:
            try:
                await self._producer.send_batch([self._waiting[0]])
            except TradewindError as problem:
                log.warning("it cannot be told yet: %s", problem)
                return
            self._waiting.popleft()

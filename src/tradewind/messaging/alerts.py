"""What is wrong with a service, told on the bus as `service.changed`: once when it begins, once when all is over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from tradewind.core.domain.errors import BadInput, TradewindError
from tradewind.core.domain.events.envelope import Event
from tradewind.messaging.producer import EventProducer

log = logging.getLogger(__name__)
NEWS_MAX = 64
"""News that wait for a bus that is away; of more the oldest are forgotten here, they are in the log."""
REASON_LENGTH_MAX = 500
AGAIN_S = 60.0
"""Between two alerts that something which cannot end by itself has happened again."""


class Alerts:
    """The alerts of one process. Telling never holds its caller up: it is done beside it, and again until it is heard.

    A bus that is away cannot be told of; when it is back it is told what was, with the time when it was.
    """

    def __init__(
        self,
        producer: EventProducer,
        *,
        clock: Callable[[], float] = time.monotonic,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.producer, self._clock, self._clock_ns = producer, clock, clock_ns
        self._wrong: dict[tuple[str, str], str] = {}
        self._last: dict[str, float] = {}
        self._held: dict[str, tuple[str, int]] = {}
        self._news: deque[Event[Any]] = deque(maxlen=NEWS_MAX)
        self._telling: asyncio.Task[None] | None = None

    def wrong(self, service: str, cause: str, reason: str) -> None:
        """Something is wrong with a service from now on."""
        if (service, cause) not in self._wrong:
            self._add(service, "impaired", f"{cause}: {reason}")
        self._wrong[service, cause] = reason

    def right(self, service: str, cause: str) -> None:
        """It is right again."""
        if self._wrong.pop((service, cause), None) is not None and not any(s == service for s, _ in self._wrong):
            self._add(service, "recovered", f"{cause} is over")

    def happened(self, service: str, reason: str) -> None:
        """Something happened that a person must look at. Of more within a minute the number is told."""
        number = self._held.get(service, ("", 0))[1] + 1
        self._held[service] = reason, number

    def _let_go(self, at_once: bool) -> None:
        now = self._clock()
        for service, (reason, number) in list(self._held.items()):
            if at_once or now - self._last.get(service, -AGAIN_S) >= AGAIN_S:
                self._last[service] = now
                del self._held[service]
                self._add(service, "impaired", reason if number == 1 else f"{number} times, the last: {reason}")

    def tell(self, *, at_once: bool = False) -> None:
        """See to it that what is new is being told."""
        if self._held:
            self._let_go(at_once)
        if self._news and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell())

    async def close(self, patience_s: float) -> None:
        """Tell what is left, as long as there is patience for."""
        self.tell(at_once=True)
        if self._telling is not None:
            try:
                await asyncio.wait((self._telling,), timeout=patience_s)
            finally:
                self._telling.cancel()
            await asyncio.wait((self._telling,))

    def _add(self, service: str, state: str, reason: str) -> None:
        text = reason.encode("utf-8", "backslashreplace").decode()[:REASON_LENGTH_MAX]
        data = {"service": service, "state": state, "reason": text}
        # Made here: one that is told again, because it was not known whether it was heard, is the same event.
        try:
            self._news.append(self.producer.event("service.changed", data, time_event=self._clock_ns()))
        except BadInput as problem:
            log.warning("it cannot be told that %r is %s: %s", service, state, problem)

    async def _tell(self) -> None:
        while self._news:
            news = self._news[0]
            try:
                await self.producer.send_batch([news])
            except TradewindError as problem:
                log.warning("it cannot be told yet that %s is %s: %s", news.data.service, news.data.state, problem)
                return
            if self._news and self._news[0] is news:
                self._news.popleft()

"""Whether the cache can be relied on: a table of states that trading asks before it takes new risk.

    AWAY ──found──> REBUILDING ──rebuilt──> READY
     ^                  │                     │
     └───────lost───────┴─────────lost────────┘

What it holds is believed in READY only. It begins AWAY: what another process left behind has to be made again first.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from enum import Enum

from tradewind.core.domain.errors import TradewindError
from tradewind.messaging.producer import EventProducer
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)
NEWS_MAX = 64
"""Changes that wait to be told; of what is beyond it only the number is told."""


class Health(Enum):
    """How the cache is."""

    AWAY = "away"
    REBUILDING = "rebuilding"
    READY = "ready"


NEXT = {
    (Health.AWAY, "found"): Health.REBUILDING,
    (Health.REBUILDING, "found"): Health.REBUILDING,
    (Health.READY, "found"): Health.REBUILDING,  # whoever asks for a rebuild gets one
    (Health.REBUILDING, "rebuilt"): Health.READY,
    (Health.READY, "rebuilt"): Health.READY,  # two made it again at once
    (Health.READY, "lost"): Health.AWAY,
    (Health.REBUILDING, "lost"): Health.AWAY,
    (Health.AWAY, "lost"): Health.AWAY,
}
Tell = Callable[[str, str], Awaitable[None]]
"""Takes the state of a service (`service_payloads.ServiceChange`) and the reason."""


class CacheHealth:
    """The state, why it is so, and what is still to be told about it."""

    def __init__(self, metrics: Metrics, tell: Tell | None = None) -> None:
        self.state, self.reason = Health.AWAY, "it was not looked at yet"
        self._tell = tell
        self._news: deque[tuple[str, str]] = deque()
        self._untold = 0
        self._latest_news = ""
        self.losses = 0
        """Times that it was found away: whoever made everything again sees whether it went away meanwhile."""
        self._ready = metrics.gauge("cache_ready")
        self._ready(0)

    @property
    def ready(self) -> bool:
        """Whether what the cache holds can be believed; `new_risk.cache_condition` makes new risk wait for it."""
        return self.state is Health.READY

    def found(self) -> None:
        """It answers again; what it holds is still to be made again."""
        self._go("found", "its portfolios are made again from the events")

    def rebuilt(self) -> None:
        """Every portfolio in it was made again."""
        self._go("rebuilt", "")
        self._ready(1)
        if self._latest_news not in {"started", "recovered"}:
            self._add_news("recovered" if self._latest_news else "started", "every portfolio was made again")

    def lost(self, reason: str) -> None:
        """It did not answer. That is told once, also where it was away from the start."""
        self._go("lost", reason)
        self._ready(0)
        self.losses += 1
        if self._latest_news != "impaired":
            log.warning("the cache is away: %s", reason)
            self._add_news("impaired", reason)

    def unwatched(self, reason: str) -> None:
        """Nobody looks at it from now on, so it is not believed; whoever ended the watch tells why, if anybody need."""
        self._go("lost", reason)
        self._ready(0)

    async def tell_news(self) -> None:
        """Publish what has changed. What cannot be published now is kept for the next time."""
        while self._news and self._tell is not None:
            state, reason = self._news[0]
            if self._untold:
                reason += f" ({self._untold:,} changes before this could not be told)"
            try:
                await self._tell(state, reason)
            except TradewindError as problem:
                log.warning("it cannot be told that the cache is %s: %s", state, problem)
                return
            self._untold = 0
            self._news.popleft()

    def _add_news(self, state: str, reason: str) -> None:
        self._latest_news = state
        self._news.append((state, reason))
        if len(self._news) > NEWS_MAX:
            self._news.popleft()
            self._untold += 1

    def _go(self, happened: str, reason: str) -> None:
        self.state, self.reason = NEXT[self.state, happened], reason


def telling(producer: EventProducer, service: str = "cache") -> Tell:
    """Tells by `service.changed` events."""

    async def tell(state: str, reason: str) -> None:
        await producer.publish("service.changed", {"service": service, "state": state, "reason": reason})

    return tell

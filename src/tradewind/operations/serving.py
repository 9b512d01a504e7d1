"""The services that run day and night: which there are, what each is made of, and all that are chosen side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tradewind.core.domain.errors import BadInput
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.operations.feed_reports import DailyFeedReports
from tradewind.operations.tenant import TENANT
from tradewind.ports.bus import Bus
from tradewind.ports.cache import Cache
from tradewind.ports.event_store import EventStore
from tradewind.ports.metrics import Metrics
from tradewind.trading.cache_health import CacheHealth, telling
from tradewind.trading.cache_repairs import telling_repairs
from tradewind.trading.cached_portfolios import CachedPortfolios
from tradewind.trading.candles import CandleMaker
from tradewind.trading.data_quality import DataQuality
from tradewind.trading.event_recorder import EventRecorder
from tradewind.trading.feed_alerts import FeedAlerts
from tradewind.trading.portfolio_keeper import PortfolioKeeper
from tradewind.trading.portfolio_service import PortfolioService
from tradewind.trading.service_news import ServiceNews
from tradewind.trading.snapshots import PortfolioSnapshots
from tradewind.trading.supervision import Job, Service, Supervised, run_all

ALL = "all"


@dataclass(frozen=True)
class Surroundings:
    """What services are made of. `cache` is None where there is none that others could read."""

    bus: Bus
    store: EventStore
    cache: Cache | None
    metrics: Metrics
    producer: EventProducer
    member: str
    reports: Path
    """The folder of the daily reports."""
    made_by: str
    nodes: Callable[[], Service] | None = None
    """What looks at the nodes of Redis, where there are any."""


@dataclass(frozen=True)
class Role:
    """What a process may serve as. `needs` is a setting without which it has nothing to do."""

    meaning: str
    group: str
    make: Callable[[Surroundings], Job]
    needs: str = ""
    why: str = ""


def _recorder(a: Surroundings) -> Job:
    return Job(EventRecorder(a.bus, a.producer, a.metrics, a.store, member=a.member))


def _candles(a: Surroundings) -> Job:
    maker = CandleMaker(a.bus, a.producer, a.metrics, a.store, member=a.member)
    return Job(maker, maker.advance)


def _quality(a: Surroundings) -> Job:
    quality = DataQuality(a.bus, a.producer, a.metrics, member=a.member, store=a.store)
    return Job(quality, quality.advance, quality.finish)


def _reports(a: Surroundings) -> Job:
    alerts = FeedAlerts(a.bus, a.producer, a.metrics, a.store, member=a.member)
    daily = DailyFeedReports(a.store, alerts, a.reports, tenant=TENANT, made_by=a.made_by)
    return Job(alerts, daily.advance)


def _portfolios(a: Surroundings) -> Job:
    assert a.cache is not None, "it is chosen only where there is one"
    health = CacheHealth(a.metrics, telling(a.producer))
    portfolios = CachedPortfolios(a.cache, a.store, a.metrics, health, repaired=telling_repairs(a.producer))
    return Job(PortfolioService(PortfolioKeeper(portfolios, a.bus, a.producer, a.metrics, member=a.member)))


def _nodes(a: Surroundings) -> Job:
    assert a.nodes is not None, "it is chosen only where there are some"
    return Job(a.nodes())


def _snapshots(a: Surroundings) -> Job:
    return Job(PortfolioSnapshots(a.bus, a.producer, a.metrics, a.store, member=a.member))


ROLES = {
    "recorder": Role(
        "stores what travels through Kafka", "recorder", _recorder, "kafka",
        "without Kafka everything is stored by whoever publishes it",
    ),
    "candles": Role("makes candles of ticks", "candles", _candles),
    "quality": Role("watches ticks and quotes, and tells what cannot be right", "data-quality", _quality),
    "reports": Role("alerts when a day's live data is too bad, and reports on each day", "feed-alerts", _reports),
    "portfolios": Role(
        "keeps portfolios in Redis, and compares them with the events", "portfolios", _portfolios, "redis_state",
        "without Redis nobody else could read them",
    ),
    "nodes": Role(
        "looks at the nodes of Redis, and says as metrics which live", "nodes", _nodes, "redis_state",
        "without Redis there are none",
    ),
    "snapshots": Role("writes down accounts from time to time", "snapshots", _snapshots),
}  # fmt: skip
"""By name, in the order in which they begin. A new one is one line here."""
LAST = ("reports", "recorder")
"""These end after the others, so that what they say at their end is weighed and stored too."""


def roles_named(names: Sequence[str], there: Mapping[str, str]) -> tuple[str, ...]:
    """The roles of these names, or all that the settings that are `there` have something to do for. Raises BadInput."""
    able = [name for name, role in ROLES.items() if not role.needs or there[role.needs]]
    if not names or ALL in names:
        return tuple(able)
    for name in names:
        if name not in ROLES:
            raise BadInput(f"there is no role {name!r}", where="serve", fix=f"There are: {', '.join((*ROLES, ALL))}")
        if name not in able:
            needs = ROLES[name].needs
            raise BadInput(
                f"the role {name} has nothing to do: {ROLES[name].why}",
                where="serve",
                fix=f"Leave it out, or set TRADEWIND_{needs.upper()}",
            )
    return tuple(name for name in ROLES if name in names)


@dataclass(frozen=True)
class ServedRole:
    """How it went for one role."""

    name: str
    failures: int
    given_up: bool


class Serving:
    """Roles of one process, side by side. `run` them once."""

    def __init__(self, names: Sequence[str], surroundings: Surroundings) -> None:
        self._news = ServiceNews(surroundings.producer)
        self._services = [Supervised(name, partial(ROLES[name].make, surroundings), self._news) for name in names]

    def ill(self) -> Mapping[str, str]:
        """What was given up, and why: a new process would do better."""
        return {one.name: one.problem for one in self._services if one.given_up}

    async def run(self, stopping: asyncio.Event, idle_s: float | None = None) -> tuple[ServedRole, ...]:
        """Run until `stopping`, or with `idle_s` until there was nothing to do for so long; see `run_all`."""
        telling = asyncio.create_task(self._news.run(), name="news")
        try:
            await run_all(self._services, stopping, last=LAST, idle_s=idle_s)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            await self._news.rest()
        return tuple(ServedRole(one.name, one.failures, one.given_up) for one in self._services)


def origin_of(member: str) -> Origin:
    """Whose the events are that services publish about themselves."""
    return Origin(TENANT, f"serve {member}", "paper")

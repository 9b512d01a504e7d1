"""The one place that reads settings and picks adapters."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.core.domain.errors import BadInput
from tradewind.settings import Settings, load_settings

if TYPE_CHECKING:
    from tradewind.adapters.bus.kafka_topics import TopicsMade
    from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
    from tradewind.core.domain.recording import Recording
    from tradewind.operations.progress import Progress
    from tradewind.operations.workplace import Workplace
    from tradewind.ports.book_recordings import BookRecordings
    from tradewind.ports.bus import Bus
    from tradewind.ports.cache import Cache, Role
    from tradewind.ports.data_files import DataFiles
    from tradewind.ports.event_store import EventStore
    from tradewind.ports.lockbox import Lockbox
    from tradewind.ports.market_data import MarketData
    from tradewind.ports.metrics import Metrics
    from tradewind.ports.runs import Runs
    from tradewind.ports.sweeps import Sweeps
    from tradewind.ports.trials import Trials
    from tradewind.ports.venue_history import VenueHistory
    from tradewind.research.counting import Counting
    from tradewind.trading.supervision import Service


def open_catalogue(settings: Settings | None = None, *, sealed: bool = True) -> MarketData:
    """The catalogue of market data that the settings name. Nothing is created until something is written.

    What the lockbox has sealed is withheld from its reads. Only what opens a lockbox, and what moves rows from store to
    store without showing them, asks for it without its seals.
    """
    from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue  # noqa: PLC0415 - Polars is heavy
    from tradewind.adapters.market_data.sealed_catalogue import SealedCatalogue  # noqa: PLC0415

    settings = settings or load_settings()
    whole = ParquetCatalogue(settings.data)
    return SealedCatalogue(whole, open_lockbox(settings)) if sealed else whole


def open_lockbox(settings: Settings | None = None) -> Lockbox:
    """The lockbox: in the ledger's folder, with its witness beside the data."""
    from tradewind.adapters.lockbox.sqlite_lockbox import SqliteLockbox  # noqa: PLC0415

    settings = settings or load_settings()
    return SqliteLockbox(settings.ledger, settings.data)


def open_data_files() -> DataFiles:
    """The reader of other programs' files."""
    from tradewind.adapters.market_data.data_files import LocalDataFiles  # noqa: PLC0415 - Polars is heavy

    return LocalDataFiles()


def open_runs(settings: Settings | None = None) -> Runs:
    """The finished runs that the settings name a folder for."""
    from tradewind.adapters.runs.run_folders import RunFolders  # noqa: PLC0415

    return RunFolders((settings or load_settings()).runs)


def open_trials(settings: Settings | None = None) -> Trials:
    """The ledger of trials that the settings name a folder for. It is made when the first trial is recorded."""
    from tradewind.adapters.trials.sqlite_trials import SqliteTrials  # noqa: PLC0415

    return SqliteTrials((settings or load_settings()).ledger)


def open_workplace(settings: Settings | None = None, *, now_ns: int, progress: Progress | None = None) -> Workplace:
    """Where studies are made, as the settings say: its catalogue, sealed; its runs, its ledger, its compiled code."""
    from tradewind import __version__  # noqa: PLC0415
    from tradewind.operations.progress import Silence  # noqa: PLC0415
    from tradewind.operations.workplace import Workplace  # noqa: PLC0415

    settings = settings or load_settings()
    return Workplace(
        catalogue=open_catalogue(settings),
        runs=open_runs(settings),
        trials=open_trials(settings),
        kernels=settings.cache / "kernels",
        now_ns=now_ns,
        made_by=f"Tradewind {__version__}",
        progress=progress or Silence(),
    )


@contextmanager
def counted(*, seed: int | None = None, settings: Settings | None = None) -> Iterator[Counting]:
    """Count what Python runs as trials: `with counted(): backtest(SmaCross, bars)`; each run then has its `dsr`.

    `seed` is that of an invented market, whose trials stand apart from those of the real one of the same name. A ledger
    that cannot be written is warned of, and the runs have no `dsr`; a damaged one raises Corrupt.
    """
    from tradewind.core.domain.trials import REAL, TrialKind  # noqa: PLC0415
    from tradewind.research.counting import counting  # noqa: PLC0415 - the engine is heavy

    origin = REAL if seed is None else f"seed {seed}"
    with counting(open_trials(settings), TrialKind.PYTHON, now_ns=time.time_ns(), origin=origin) as count:
        yield count
    if count.problem is not None:
        warnings.warn(f"{count.seen:,} trials were not counted: {count.problem}", stacklevel=3)


@contextmanager
def resumable(*, fresh: bool = False, settings: Settings | None = None) -> Iterator[None]:
    """Keep what a search in Python has done: `with resumable(): optimise(SmaCross, bars)`. After an interrupt or a kill
    the same call goes on where it was; `fresh` begins it anew.
    """
    from tradewind.research.resuming import resuming  # noqa: PLC0415

    with resuming(open_sweeps(settings), now_ns=time.time_ns(), fresh=fresh):
        yield


def open_sweeps(settings: Settings | None = None) -> Sweeps:
    """The sweeps at work that the settings name a folder for."""
    from tradewind.adapters.sweeps.sweep_folders import SweepFolders  # noqa: PLC0415 - brings NumPy

    return SweepFolders((settings or load_settings()).sweeps)


def open_history(exchange: str, url: str | None = None) -> VenueHistory:
    """The past of an exchange. Raises BadInput where the package for it is not installed, or it is not known."""
    from tradewind.adapters.market_data.ccxt_history import CcxtHistory  # noqa: PLC0415 - ccxt is heavy and optional

    return CcxtHistory(exchange, url)


def read_order_book(path: str | Path) -> Recording:
    """A recorded order book from its file; see `ports.book_recordings`."""
    return open_book_recordings().read(Path(path))


def open_book_recordings() -> BookRecordings:
    """The reader of recorded order books."""
    from tradewind.adapters.book_recordings.binance_raw import BinanceRaw  # noqa: PLC0415

    return BinanceRaw()


def open_event_store(settings: Settings | None = None, metrics: Metrics | None = None) -> EventStore:
    """The store of events that the settings name: a PostgreSQL database, else a file in the events folder; measured."""
    from tradewind.adapters.event_store.measured_events import MeasuredEventStore  # noqa: PLC0415
    from tradewind.adapters.event_store.postgres_events import PostgresEventStore  # noqa: PLC0415
    from tradewind.adapters.event_store.sqlite_events import SqliteEventStore  # noqa: PLC0415

    settings = settings or load_settings()
    file = settings.events / "events.db"
    store: EventStore = PostgresEventStore(settings.postgres) if settings.postgres else SqliteEventStore(file)
    return MeasuredEventStore(store, metrics or open_metrics())


def services(settings: Settings) -> dict[str, Callable[[], str]]:
    """The servers that the settings name, and for each how to ask it who it is; it raises where it is not to be had."""
    from tradewind.adapters.bus import kafka_topics  # noqa: PLC0415
    from tradewind.adapters.cache import redis_nodes  # noqa: PLC0415
    from tradewind.adapters.event_store import postgres_events  # noqa: PLC0415
    from tradewind.ports.cache import Role  # noqa: PLC0415

    known: dict[str, tuple[str, Callable[[], str]]] = {
        "events": (settings.postgres, lambda: postgres_events.describe(settings.postgres)),
        "state": (settings.redis_state, lambda: redis_nodes.describe(settings.redis_state, Role.STATE)),
        "bus": (settings.kafka, lambda: kafka_topics.describe(settings.kafka)),
        "cache": (settings.redis_cache, lambda: redis_nodes.describe(settings.redis_cache, Role.CACHE)),
    }
    return {name: ask for name, (place, ask) in known.items() if place}


def open_bus(store: EventStore, settings: Settings | None = None) -> Bus:
    """The bus that the settings name: Kafka, else the one inside this process, which is durable through the store."""
    from tradewind.adapters.bus.kafka_bus import KafkaBus  # noqa: PLC0415
    from tradewind.adapters.bus.kafka_place import kafka_place  # noqa: PLC0415
    from tradewind.adapters.bus.memory_bus import MemoryBus  # noqa: PLC0415

    settings = settings or load_settings()
    return KafkaBus(kafka_place(settings.kafka)) if settings.kafka else MemoryBus(store)


async def make_bus_topics(replicas: int, in_sync_min: int, settings: Settings | None = None) -> TopicsMade:
    """Make Kafka's topics as the catalogue says; see `adapters.bus.kafka_topics.make_topics`. Raises BadInput where the
    settings name no Kafka.
    """
    from tradewind.adapters.bus.kafka_place import kafka_place  # noqa: PLC0415
    from tradewind.adapters.bus.kafka_topics import make_topics  # noqa: PLC0415

    settings = settings or load_settings()
    if not settings.kafka:
        raise BadInput(
            "the settings name no Kafka cluster, and without one no topics need be made",
            fix="Set TRADEWIND_KAFKA, or kafka in [servers] of tradewind.toml",
        )
    return await make_topics(kafka_place(settings.kafka), replicas=replicas, in_sync_min=in_sync_min)


def open_cache(role: Role, settings: Settings | None = None, metrics: Metrics | None = None) -> Cache:
    """The cache that the settings name for a role: a Redis server or cluster, else in this process; measured."""
    from tradewind.adapters.cache.measured_cache import MeasuredCache  # noqa: PLC0415
    from tradewind.adapters.cache.memory_cache import MemoryCache  # noqa: PLC0415
    from tradewind.adapters.cache.redis_cache import RedisCache  # noqa: PLC0415
    from tradewind.ports.cache import Role  # noqa: PLC0415

    settings = settings or load_settings()
    url = settings.redis_state if role is Role.STATE else settings.redis_cache
    cache = RedisCache(url, role) if url else MemoryCache(role)
    return MeasuredCache(cache, metrics or open_metrics(), role)


def open_redis_nodes(settings: Settings, metrics: Metrics) -> Service:
    """What looks at the nodes of the Redis servers and clusters that the settings name."""
    from tradewind.adapters.cache.redis_nodes import RedisNodes  # noqa: PLC0415

    return RedisNodes([place for place in (settings.redis_state, settings.redis_cache) if place], metrics)


def served_alone(roles: Sequence[str], settings: Settings | None = None) -> AbstractContextManager[None]:
    """Roles that are this process's in the block, where the bus is not shared; over Kafka members share them."""
    from tradewind.adapters.event_store.served_alone import served_alone as alone  # noqa: PLC0415

    settings = settings or load_settings()
    return nullcontext() if settings.kafka else alone(settings.events, roles)


def served_alone_anywhere(
    roles: Sequence[str], settings: Settings, member: str, lost: Callable[[], None]
) -> AbstractAsyncContextManager[None]:
    """The same among the machines that share one database; see `adapters.event_store.postgres_alone`."""
    from tradewind.adapters.event_store.postgres_alone import served_alone_at  # noqa: PLC0415

    if settings.kafka or not settings.postgres:
        return nullcontext()
    return served_alone_at(settings.postgres, roles, member, lost)


def session_alone(session: str, settings: Settings | None = None) -> AbstractContextManager[None]:
    """A session that is this process's alone in the block, on this machine."""
    from tradewind.adapters.event_store.session_alone import session_alone as alone  # noqa: PLC0415

    return alone((settings or load_settings()).events / "sessions", session)


def open_metrics() -> CountedMetrics:
    """What this process counts and measures; `adapters.telemetry.metrics_server.serving_metrics` shows it."""
    from tradewind.adapters.telemetry.counted_metrics import CountedMetrics  # noqa: PLC0415

    return CountedMetrics()

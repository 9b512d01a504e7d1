"""Sessions: list them, play one again, and say where an order came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tradewind.core.domain.errors import TradewindError
from tradewind.operations.strategies import strategy_named
from tradewind.operations.tenant import TENANT
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.research.code_hash import code_hash
from tradewind.trading.sessions.consequences import Consequences, consequences
from tradewind.trading.sessions.desk import Watcher
from tradewind.trading.sessions.lineage import Lineage, lineage
from tradewind.trading.sessions.replaying import Difference, Replayed, replay
from tradewind.trading.sessions.terms import SessionTerms

SESSIONS_SHOWN_MAX = 1_000


@dataclass(frozen=True)
class KnownSession:
    """A session in the store. `ended_ns` and its hash are None where it was cut off, or is still at work."""

    session: str
    strategy: str
    symbol: str
    timeframe: str
    mode: str
    begun_ns: int
    ended_ns: int | None = None
    decision_hash: str | None = None
    failed: str = ""


@dataclass(frozen=True)
class KnownSessions:
    """The last sessions in the store, the newest last, and how many older ones there are."""

    shown: tuple[KnownSession, ...]
    older: int


async def replay_session(
    store: EventStore, session: str, watcher: Watcher | None = None, *, seal: str = ""
) -> Replayed:
    """Play a recorded session again with the strategy's code of today. Raises BadInput where there is none.

    `seal` is what its record came to when it ended, as it was told then; a record that comes to another one differs.
    """

    def made_of(terms: SessionTerms) -> tuple[type, str]:
        strategy = strategy_named(terms.strategy)
        return strategy, code_hash(strategy)

    found = await replay(store, session, made_of, tenant=TENANT, watcher=watcher)
    if found.difference is None and seal and seal != found.seal:
        other = Difference("record", 0, "", "its seal", 0, {"seal": seal}, {"seal": found.seal})
        return replace(found, difference=other)
    return found


async def sessions(store: EventStore) -> KnownSessions:
    """The last thousand sessions in the store."""
    found: dict[str, KnownSession] = {}
    older = 0
    async for batch in store.read(EventQuery(types=("session.changed",), tenant=TENANT)):
        for stored in batch:
            event, change = stored.event, stored.event.data
            name = event.session or change.service
            if change.state == "begun":
                given = change.terms.get("instruments") or [change.terms.get("instrument", {})]
                found[name] = KnownSession(
                    name, change.strategy, ", ".join(each.get("symbol", "") for each in given),
                    change.terms.get("timeframe", ""), event.mode, event.time_event,
                )  # fmt: skip
            elif name in found and change.state in ("ended", "failed"):
                found[name] = replace(
                    found[name], ended_ns=event.time_event, decision_hash=change.decision_hash, failed=change.reason
                )
        while len(found) > SESSIONS_SHOWN_MAX:
            del found[next(iter(found))]
            older += 1
    return KnownSessions(tuple(found.values()), older)


async def lineage_of(store: EventStore, what: str) -> Lineage:
    """Where an order or a fill came from. Raises BadInput where there is none of this name."""
    return await lineage(store, what, tenant=TENANT)


async def consequences_of(store: EventStore, session: str, position: int) -> Consequences:
    """What came of the event at a position of the store. Raises BadInput where the session has none there."""
    return await consequences(store, session, position, tenant=TENANT)


def code_today(terms: SessionTerms) -> str | None:
    """The hash of the strategy's source as it is now; None where it cannot be found any more."""
    try:
        return code_hash(strategy_named(terms.strategy))
    except TradewindError:
        return None

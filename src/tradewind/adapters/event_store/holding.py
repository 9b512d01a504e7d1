"""Holds as they are stored, and whether one covers an event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tradewind.core.domain.errors import Corrupt
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.event_store import EventQuery, Hold

KEPT_FOR_EVER = frozenset(name for name, kind in EVENT_TYPES.items() if kind.topic.retention_ns is None)
"""The types that are never forgotten."""


def written(hold: Hold) -> tuple[str, str, str]:
    """A hold's name, its query as JSON, and its reason."""
    return hold.name, msgspec.json.encode(hold.query).decode(), hold.reason


def read(rows: Iterable[Sequence[Any]], where: str) -> list[Hold]:
    """Holds from rows as `written` made them. Raises Corrupt: what is held is not known then, so nothing may go."""
    try:
        return [Hold(name, msgspec.json.decode(query, type=EventQuery), reason) for name, query, reason in rows]
    except msgspec.MsgspecError as problem:
        raise Corrupt(f"a hold cannot be read: {problem}", where=where, fix="Release it, and place it again") from None


def covers(query: EventQuery, tenant: str, token: str, type_: str, session: str | None, time_event: int) -> bool:
    """Whether an event is among those that a query is about."""
    return (
        (query.tenant is None or tenant == query.tenant)
        and (query.session is None or session == query.session)
        and not (query.outside_sessions and session is not None)
        and (not query.tokens or token in query.tokens)
        and (not query.types or type_ in query.types)
        and (query.start_ns is None or time_event >= query.start_ns)
        and (query.end_ns is None or time_event < query.end_ns)
    )

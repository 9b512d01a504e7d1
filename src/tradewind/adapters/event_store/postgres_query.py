"""Queries of events as PostgreSQL's words: which table, which condition, which values."""

from __future__ import annotations

from typing import Any

from tradewind.core.domain.events.envelope import TIME_MAX_NS
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.event_store import EventQuery

KEPT_FOR_EVER = frozenset(name for name, kind in EVENT_TYPES.items() if kind.topic.retention_ns is None)
"""The types that are kept apart from history, and never forgotten."""
US = 1_000


def condition(query: EventQuery, after: int) -> tuple[str, str, list[Any]]:
    """The table to ask, the condition with $1, $2, ..., and the values.

    Times are asked for twice: by the column that days are told apart by, and exactly.
    """
    parts, values = ["position > $1"], [after]

    def also(text: str, *given: Any) -> None:
        numbers = [f"${len(values) + i}" for i in range(1, len(given) + 1)]
        parts.append(text.format(*numbers))
        values.extend(given)

    if query.start_ns is not None:
        start = min(max(query.start_ns, 0), TIME_MAX_NS)
        also('time_event >= {} AND "timestamp" >= {}', start, start // US)
    if query.end_ns is not None:
        end = min(max(query.end_ns, 0), TIME_MAX_NS)
        also('time_event < {} AND "timestamp" <= {}', end, end // US)
    for column, value in (("tenant", query.tenant), ("session", query.session)):
        if value is not None:
            also(f"{column} = {{}}", value)
    for column, wanted in (("token", query.tokens), ("event_type", query.types)):
        if wanted:
            also(f"{column} = ANY({{}}::text[])", list(wanted))
    return _table(query.types), " AND ".join(parts), values


def _table(types: tuple[str, ...]) -> str:
    kept = KEPT_FOR_EVER.intersection(types)
    if types and not kept:
        return "tradewind.events"
    return "tradewind.audit_events" if types and kept.issuperset(types) else "tradewind.everything"

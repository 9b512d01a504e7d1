"""Queries of events as PostgreSQL's words: which table, which condition, which values."""

from __future__ import annotations

from typing import Any

from tradewind.adapters.event_store.holding import KEPT_FOR_EVER
from tradewind.ports.event_store import EventQuery

US = 1_000
BIGINT_MAX = 2**63 - 1


def condition(query: EventQuery, after: int) -> tuple[str, str, list[Any]]:
    """The table to ask, the condition with $1, $2, ..., and the values."""
    values: list[Any] = []
    return _table(query.types), fits(query, after, values), values


def fits(query: EventQuery, after: int, values: list[Any]) -> str:
    """The condition on rows; its values are added to those that are there already.

    Times are asked for twice: by the column that days are told apart by, and exactly.
    """
    parts = [_with(values, "position > {}", after)]
    if query.start_ns is not None:
        start = _time(query.start_ns)
        parts.append(_with(values, 'time_event >= {} AND "timestamp" >= {}', start, start // US))
    if query.end_ns is not None:
        end = _time(query.end_ns)
        parts.append(_with(values, 'time_event < {} AND "timestamp" <= {}', end, end // US))
    return " AND ".join((*parts, *_kinds(query, values)))


def block_fits(query: EventQuery, after: int, values: list[Any]) -> str:
    """The condition on blocks of packed events that may hold what fits."""
    parts = [_with(values, "last_position > {}", after)]
    if query.start_ns is not None:
        parts.append(_with(values, "last_time >= {}", _time(query.start_ns)))
    if query.end_ns is not None:
        parts.append(_with(values, "first_time < {}", _time(query.end_ns)))
    return " AND ".join((*parts, *_kinds(query, values)))


def _kinds(query: EventQuery, values: list[Any]) -> list[str]:
    parts = ["session IS NULL"] if query.outside_sessions else []
    for column, value in (("tenant", query.tenant), ("session", query.session)):
        if value is not None:
            parts.append(_with(values, f"{column} = {{}}", value))
    for column, wanted in (("token", query.tokens), ("event_type", query.types)):
        if wanted:
            parts.append(_with(values, f"{column} = ANY({{}}::text[])", list(wanted)))
    return parts


def _with(values: list[Any], text: str, *given: Any) -> str:
    values.extend(given)
    return text.format(*(f"${len(values) - len(given) + i}" for i in range(1, len(given) + 1)))


def _time(given: int) -> int:
    return min(max(given, 0), BIGINT_MAX)


def _table(types: tuple[str, ...]) -> str:
    kept = KEPT_FOR_EVER.intersection(types)
    if types and not kept:
        return "tradewind.events"
    return "tradewind.audit_events" if types and kept.issuperset(types) else "tradewind.everything"

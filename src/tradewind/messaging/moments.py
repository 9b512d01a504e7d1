"""Moments as people give them: nanoseconds since 1970 UTC, or a datetime with its zone."""

from __future__ import annotations

from datetime import UTC, datetime

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import SECOND_NS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Moment = int | datetime


def nanoseconds(when: Moment, name: str, where: str) -> int:
    """The moment in nanoseconds since 1970 UTC. Raises BadInput for what names none: a datetime without a zone."""
    if isinstance(when, int) and not isinstance(when, bool):
        return when
    if not isinstance(when, datetime) or when.tzinfo is None:
        raise BadInput(
            f"{name} is {when!r}, which names no instant",
            where=where,
            fix="Give nanoseconds since 1970 UTC, or a datetime with its zone",
        )
    since = when - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_NS + since.microseconds * 1_000

"""Calendar periods as indicators count them: UTC, by length, weeks from Monday."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import SECOND_NS, bucket_start_ns, timeframe_ns

WARMUP_UNKNOWN = 2**62
"""The warm-up of an indicator that waits for a time and not for a count; replaced when that time comes."""


def checked_period_ns(period: Any, who: str) -> int:
    """Length of a period given as a timeframe (`"1d"`) in nanoseconds. Raises BadInput."""
    if not isinstance(period, str):
        raise BadInput(f"period must be a timeframe, found {period!r}", where=who, fix=f'Write {who}("1d")')
    try:
        return timeframe_ns(period)
    except BadInput as error:
        raise BadInput(f"period is an {error.message}", where=who, fix=error.fix) from None


def period_origin_ns(length_ns: int) -> int:
    """Where periods of this length are counted from: a start of one of them, from 0 up to the length."""
    return bucket_start_ns(length_ns, length_ns) % length_ns


def checked_instant_ns(instant: Any, who: str, name: str) -> int:
    """An instant in nanoseconds since 1970 UTC from an int of those or ISO 8601 text (UTC unless it has an offset)."""
    if isinstance(instant, int) and not isinstance(instant, bool):
        return instant
    try:
        moment = datetime.fromisoformat(instant)
    except (TypeError, ValueError):
        raise BadInput(
            f"{name} must be a time, found {instant!r}",
            where=who,
            fix=f'Write {who}("2024-01-31T08:00") in UTC, or nanoseconds since 1970',
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND_NS + since.microseconds * 1_000

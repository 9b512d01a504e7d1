"""Instants as people write them: ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import SECOND_NS


def instant_text(time_ns: int) -> str:
    """`2024-05-04T15:33:00Z`, with a fraction only where there is one."""
    seconds, rest = divmod(time_ns, SECOND_NS)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else f"{text}Z"


def instant_ns(text: str) -> int:
    """Nanoseconds of an ISO 8601 date or time: `2024-05-04` or `2024-05-04T15:33Z`. Without an offset it is UTC.

    Raises BadInput for what is not one.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a date", fix="Write 2024-05-04 or 2024-05-04T15:30Z") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    nanoseconds = (since.days * 86_400 + since.seconds) * SECOND_NS + since.microseconds * 1_000
    if not -(2**63) <= nanoseconds < 2**63:
        raise BadInput(
            f"{text!r} is outside the years 1678 to 2261",
            fix="Use a time between them: nanoseconds in 64 bits reach no further",
        )
    return nanoseconds

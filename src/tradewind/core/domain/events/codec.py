"""Events as bytes, and back: JSON, checked on the way out as on the way in."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES, EventType, event_type
from tradewind.core.domain.events.payloads import Payload
from tradewind.core.domain.timeframes import UNITS_NS

EVENT_BYTES_MAX = 262_144
"""Larger payloads belong into files, with an event that names them."""
TIME_MIN_NS = 946_684_800_000_000_000
"""2000-01-01: before it there is nothing that Tradewind could have seen."""
TIME_MAX_NS = 2**63 - 1
AHEAD_NS_MAX = UNITS_NS["d"]
"""How far an event's own time may lie after the time it was written down: clocks differ, but not by days."""
TOKEN_LENGTH_MAX = 200
TYPE = b'"type":"'
LOOKED_AT = 400
"""Bytes within which an event names its type, as it is written here: after its id."""

_encoder = msgspec.json.Encoder()


_sealed = msgspec.json.Decoder(Event[msgspec.Raw])
"""Reads an event without looking at its payload."""


def payload_of(kind: EventType, data: Any) -> Payload:
    """The payload of a type from fields by name, or as it is. Raises BadInput that names the field."""
    if type(data) is kind.payload:
        return data
    try:
        return msgspec.convert(data, kind.payload)
    except msgspec.ValidationError as problem:
        raise BadInput(str(problem), where=f"data of {kind.name}", fix=_fields(kind)) from None


def encode(event: Event[Any]) -> bytes:
    """The event as JSON. Raises BadInput for what could not be read again: NaN, absurd times, too much of it."""
    check(event)
    try:
        data = _encoder.encode(event)
    except (TypeError, ValueError, OverflowError) as problem:
        raise BadInput(f"it cannot be written as JSON: {problem}", where=event.type) from None
    if len(data) > EVENT_BYTES_MAX:
        raise BadInput(
            f"it takes {len(data):,} bytes, and {EVENT_BYTES_MAX:,} are allowed",
            where=event.type,
            fix="Put the bulk into a file and name that",
        )
    if b"null" in data:
        decode(data)  # NaN and infinity are written as null, which no float is read from
    return data


def decode(data: bytes) -> Event[Any]:
    """The event of these bytes, its payload in today's version. Raises BadInput for what is none."""
    if len(data) > EVENT_BYTES_MAX:
        raise BadInput(f"an event of {len(data):,} bytes is not read: {EVENT_BYTES_MAX:,} are allowed")
    event = _today(data)
    if event is None:
        try:
            sealed = _sealed.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise BadInput(f"these bytes are no event: {problem}") from None
        event = _opened(sealed)
    check(event)
    return event


def _today(data: bytes) -> Event[Any] | None:
    """The event read in one go, where it begins as `encode` writes it and is in today's version; None where not."""
    start = data.find(TYPE, 0, LOOKED_AT) + len(TYPE)
    kind = EVENT_TYPES.get(data[start : data.find(b'"', start)].decode("ascii", "replace"))
    if kind is None:
        return None
    try:
        event = _decoder(kind.payload).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return event if event.type == kind.name and event.version == kind.version else None


def _opened(sealed: Event[msgspec.Raw]) -> Event[Any]:
    """The event with its payload, brought to today's version."""
    kind = event_type(sealed.type)
    if not 1 <= sealed.version <= kind.version:
        raise BadInput(
            f"its version {sealed.version} is not known: this program reads 1 to {kind.version}",
            where=kind.name,
            fix="Update Tradewind where it is read",
        )
    try:
        fields = msgspec.json.decode(sealed.data)
        for upgrade in kind.upgrades[sealed.version - 1 :]:
            fields = upgrade(fields)
        payload = msgspec.convert(fields, kind.payload)
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, AttributeError) as problem:
        # An upgrade takes apart what an older program wrote, which may be anything.
        raise BadInput(str(problem), where=f"data of {sealed.type}", fix=_fields(kind)) from None
    return msgspec.structs.replace(sealed, data=payload, version=kind.version)


def check(event: Event[Any]) -> None:
    """Raise BadInput for an envelope that cannot be right."""
    kind = EVENT_TYPES.get(event.type) or event_type(event.type)
    if event.version != kind.version or type(event.data) is not kind.payload:
        raise BadInput(
            f"version {event.version} with a {type(event.data).__name__} is not what is written now: "
            f"version {kind.version} with a {kind.payload.__name__}",
            where=event.type,
        )
    if not (event.event_id and event.token and event.tenant and event.source and event.correlation_id):
        raise BadInput("event_id, token, tenant, source and correlation_id must not be empty", where=event.type)
    if len(event.token) > TOKEN_LENGTH_MAX:
        raise BadInput(f"its token has {len(event.token)} characters, at most {TOKEN_LENGTH_MAX}", where=event.type)
    if not (event.token + event.tenant + event.source + (event.session or "")).isprintable():
        raise BadInput("token, tenant, source and session are one line of text each", where=event.type)
    happened, recorded = event.time_event, event.time_recorded
    if not TIME_MIN_NS <= happened <= recorded + AHEAD_NS_MAX <= TIME_MAX_NS:
        _refuse_times(event)


def _refuse_times(event: Event[Any]) -> None:
    for name in ("time_event", "time_recorded"):
        time = getattr(event, name)
        if not TIME_MIN_NS <= time < TIME_MAX_NS - AHEAD_NS_MAX:
            raise BadInput(
                f"{name} is {time}, which is no time in nanoseconds since 1970 UTC between 2000 and 2261",
                where=event.type,
                fix="Multiply seconds by 1,000,000,000, milliseconds by 1,000,000",
            )
    raise BadInput("it happened more than a day after it was written down", where=event.type, fix="Set the clock")


@cache
def _decoder(payload: type[Payload]) -> msgspec.json.Decoder[Event[Any]]:
    return msgspec.json.Decoder(Event[payload])  # type: ignore[valid-type]


def _fields(kind: EventType) -> str:
    return f"A {kind.name} has: {', '.join(kind.payload.__struct_fields__)}"

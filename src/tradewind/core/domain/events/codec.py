"""Events as bytes, and back: JSON, checked on the way out as on the way in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgspec

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES, EventType, event_type
from tradewind.core.domain.events.payload_check import NOT_CONVERTED, check_payload, check_texts, fields_of, plainly
from tradewind.core.domain.events.payloads import DeadLetter, Payload, Revival

EVENT_BYTES_MAX = 262_144
"""Larger payloads belong into files, with an event that names them."""
CARRYING_BYTES_MAX = 900_000
"""An event that carries another one whole is longer: each quote in it takes two bytes. Kafka takes 1 MB by default."""
CARRYING: tuple[type[Payload], ...] = (DeadLetter, Revival)
TYPE = b'"type":"'
TIME = b',"time_event"'
LOOKED_AT = 500
"""Bytes within which an event names its type, as it is written here: after its id."""
USUAL_AT = 51
"""Where that is after an id of 36 characters, as a UUID has."""

_encoder = msgspec.json.Encoder()
_sealed = msgspec.json.Decoder(Event[msgspec.Raw])
"""Reads an event without looking at its payload."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def payload_of(kind: EventType, data: Any) -> Payload:
    """The payload of a type from fields by name, or as it is. Raises BadInput that names the field."""
    if type(data) is kind.payload:
        made: Payload = data
    else:
        try:
            made = msgspec.convert(data, kind.payload)
        except NOT_CONVERTED as problem:
            raise BadInput(str(problem), where=f"data of {kind.name}", fix=fields_of(kind)) from None
    check_payload(kind, made)
    check_texts(kind, made)
    return made


def encode(event: Event[Any]) -> bytes:
    """The event as JSON. Raises BadInput for what could not be read again, and for too much of it."""
    check(event)
    try:
        data = _encoder.encode(event)
    except (TypeError, ValueError, OverflowError, RecursionError) as problem:
        raise BadInput(f"it cannot be written as JSON: {problem}", where=event.type) from None
    if len(data) > EVENT_BYTES_MAX:
        _check_length(len(data), type(event.data) in CARRYING, event.type)
    return data


def decode(data: bytes) -> Event[Any]:
    """The event of these bytes, its payload in today's version. Raises BadInput for what is none, and nothing else."""
    today = _decoders().get(data[USUAL_AT : data.find(TIME, USUAL_AT, LOOKED_AT)]) or _today(data)
    if today is not None and len(data) <= EVENT_BYTES_MAX:
        try:
            return today.decode(data)
        except (*UNREADABLE, BadInput):
            pass  # said below, with the reason
    if len(data) > CARRYING_BYTES_MAX:
        _check_length(len(data), True, None)
    try:
        sealed = _sealed.decode(data)
    except UNREADABLE as problem:
        raise BadInput(f"these bytes are no event: {problem}") from None
    event = _opened(sealed)
    if len(data) > EVENT_BYTES_MAX:
        _check_length(len(data), type(event.data) in CARRYING, event.type)
    return event


def decode_all(rows: Iterable[bytes]) -> list[Event[Any]]:
    """The events of many rows of bytes, each as `decode` reads it. Of a run of one type it is looked for once."""
    found: list[Event[Any]] = []
    head = b""
    read: Callable[[bytes], Event[Any]] = decode
    for data in rows:
        if not (head and data.startswith(head, USUAL_AT)):
            head = data[USUAL_AT : data.find(TIME, USUAL_AT, LOOKED_AT)]
            today = _decoders().get(head)
            head, read = (b"", decode) if today is None else (head + TIME, today.decode)
        try:
            found.append(read(data) if len(data) <= EVENT_BYTES_MAX else decode(data))
        except (*UNREADABLE, BadInput):
            found.append(decode(data))  # it says what is wrong
    return found


def check(event: Event[Any]) -> None:
    """Raise BadInput for an event whose payload could not be read again; its envelope was looked at as it was made."""
    data = event.data
    kind_of_data: Any = type(data)
    if not plainly(kind_of_data)(data):
        kind = EVENT_TYPES.get(event.type)
        if kind is None or type(data) is not kind.payload:
            raise BadInput("its payload was not opened", where=event.type)
        check_payload(kind, data)


def _check_length(length: int, carrying: bool, where: str | None) -> None:
    allowed = CARRYING_BYTES_MAX if carrying else EVENT_BYTES_MAX
    if length > allowed:
        raise BadInput(
            f"an event of {length:,} bytes is too long: {allowed:,} are allowed",
            where=where,
            fix="Put the bulk into a file and name that",
        )


def _today(data: bytes) -> msgspec.json.Decoder[Event[Any]] | None:
    """What reads an event in one go, where it begins as `encode` writes it, in today's version; None where not."""
    start = data.find(TYPE, 0, LOOKED_AT)
    return _decoders().get(data[start : data.find(TIME, start, LOOKED_AT)])


@cache
def _decoders() -> dict[bytes, msgspec.json.Decoder[Event[Any]]]:
    """By type and version as `encode` writes them."""
    return {
        f'"type":"{kind.name}","version":{kind.version}'.encode(): msgspec.json.Decoder(Event[kind.payload])  # type: ignore[name-defined]
        for kind in EVENT_TYPES.values()
    }


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
    except BadInput:
        raise
    except Exception as problem:  # noqa: BLE001
        # An upgrade takes apart what an older program wrote, which may be anything.
        raise BadInput(str(problem), where=f"data of {sealed.type}", fix=fields_of(kind)) from None
    return msgspec.structs.replace(sealed, data=payload, version=kind.version)

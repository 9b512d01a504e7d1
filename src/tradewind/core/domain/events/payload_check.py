"""Whether a payload says what its type promises: what could not be read again is refused where it is made.

A struct made in Python takes whatever it is given. Written down, a price of "abc" would be bytes that nobody can read:
an event store that holds one such event cannot be replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from math import inf, isfinite
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec.structs import asdict, astuple

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.event_types import EventType
from tradewind.core.domain.events.payloads import Payload

DEPTH_MAX = 32
"""Levels of tables and lists within a payload's field."""
NOTHING = type(None)
NOT_CONVERTED = (msgspec.ValidationError, ValueError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A payload's fields by how they are looked at; numbers are places in the struct.

    `twin` has the same fields in the same order, as an array: converting to it looks at all types in one call.
    """

    twin: type[msgspec.Struct]
    floats: tuple[int, ...]
    amounts: tuple[int, ...]
    texts: tuple[int, ...]
    loose: tuple[int, ...]
    """Fields that hold whatever JSON can: tables."""


def check_payload(kind: EventType, data: Payload) -> None:
    """Raise BadInput, naming the field, for a payload that is not what its type says."""
    if plainly(kind.payload)(data):
        return
    shape, values = _shape(kind.payload), astuple(data)
    try:
        msgspec.convert(values, shape.twin)
    except NOT_CONVERTED:
        _name_it(kind, data)
    for i in shape.floats:
        value = values[i]
        if value is not None and (type(value) is Decimal or not isfinite(value) or float(value) != value):
            _refuse(kind, i, value, "a number that a float can be is expected")
    for i in shape.amounts:
        value = values[i]
        if value is not None and type(value) is not Decimal:
            _refuse(kind, i, value, "an exact amount (Decimal) is expected")
    for i in shape.loose:
        _check_plain(kind, i, values[i], DEPTH_MAX)


def check_texts(kind: EventType, data: Payload) -> None:
    """Raise BadInput for text that has no bytes: half of a surrogate pair."""
    values = astuple(data)
    for i in _shape(kind.payload).texts:
        value = values[i]
        if value is not None and not value.isascii() and not value.isprintable():
            try:
                value.encode()
            except UnicodeEncodeError:
                _refuse(kind, i, value, "text is expected, and this holds half a character")


def fields_of(kind: EventType) -> str:
    """The fields that a type has: for a message."""
    return f"A {kind.name} has: {', '.join(kind.payload.__struct_fields__)}"


def _check_plain(kind: EventType, i: int, value: Any, levels: int) -> None:
    """Whether a value is one of JSON's own; amounts are written as text."""
    if type(value) in (str, bool, NOTHING, Decimal) or (type(value) in (int, float) and isfinite(value)):
        return
    inner = value.values() if isinstance(value, dict) else value
    if levels == 0 or not isinstance(value, dict | list | tuple):
        _refuse(kind, i, value, f"only text, numbers, lists and tables of them are expected, {DEPTH_MAX} levels deep")
    if isinstance(value, dict) and not all(type(name) is str for name in value):
        _refuse(kind, i, value, "the names of a table are text")
    for one in inner:
        _check_plain(kind, i, one, levels - 1)


def _refuse(kind: EventType, i: int, value: Any, expected: str) -> None:
    name = kind.payload.__struct_fields__[i]
    raise BadInput(f"{name} is {_shown(value)}: {expected}", where=f"data of {kind.name}", fix=fields_of(kind))


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.60}"
    except RecursionError:
        return f"a {type(value).__name__} without end"


def _name_it(kind: EventType, data: Payload) -> None:
    """The same again, slower, with the field's name."""
    try:
        msgspec.convert(asdict(data), kind.payload)
    except NOT_CONVERTED as problem:
        raise BadInput(str(problem), where=f"data of {kind.name}", fix=fields_of(kind)) from None


@cache
def _shape(payload: type[Payload]) -> _Shape:
    fields = msgspec.structs.fields(payload)
    kinds = [set(get_args(field.type)) - {NOTHING} or {field.type} for field in fields]
    plain = ({float}, {Decimal}, {str})
    floats, amounts, texts = (tuple(i for i, kind in enumerate(kinds) if kind == one) for one in plain)
    loose = tuple(i for i, field in enumerate(fields) if field.type is Any or dict in _origins(field.type))
    twin = msgspec.defstruct(
        payload.__name__, [(field.name, field.type) for field in fields], array_like=True, frozen=True
    )
    return _Shape(twin, floats, amounts, texts, loose)


PLAINLY = {
    str: "type({v}) is str",
    bool: "type({v}) is bool",
    int: f"type({{v}}) is int and {-(2**63)} <= {{v}} < {2**63}",
    float: "type({v}) is float and -inf < {v} < inf",
    Decimal: "type({v}) is Decimal",
}
"""When a value is plainly of its type, as Python text over a field {v}."""


@cache
def plainly(payload: type) -> Callable[[Payload], bool]:
    """Whether a payload is plainly right, in one expression that is made of its fields' types: most are, and quickly.

    Where it says no the full look decides.
    """
    if not issubclass(payload, Payload):
        return _never
    tests, names = [], {"Decimal": Decimal, "inf": inf}
    for number, field in enumerate(msgspec.structs.fields(payload)):
        kinds = set(get_args(field.type)) if NOTHING in get_args(field.type) else {field.type}
        optional = NOTHING in kinds
        kind = (kinds - {NOTHING}).pop()
        if get_origin(kind) is Literal:
            names[f"allowed_{number}"] = frozenset(get_args(kind))
            test = f"type({{v}}) is str and {{v}} in allowed_{number}"
        elif kind in PLAINLY:
            test = PLAINLY[kind]
        else:
            return _never
        test = test.format(v=f"d.{field.name}")
        tests.append(f"(d.{field.name} is None or {test})" if optional else test)
    found: Callable[[Payload], bool] = eval(f"lambda d: {' and '.join(tests)}", names)  # noqa: S307 - our own words
    return found


def _never(_data: Payload) -> bool:
    return False


def _origins(hint: Any) -> set[Any]:
    return {getattr(hint, "__origin__", hint), *(o for inner in get_args(hint) for o in _origins(inner))}

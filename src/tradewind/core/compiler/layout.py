"""From a live Python object to a NumPy record, and back.

After set-up a strategy is a tree of plain objects: numbers, fixed lists of numbers, nested objects. `layout_of` derives
from it a record type in which every class has a numba type of its own, so methods dispatch by class and never by name.
`pack` copies an object's values into such a record and `unpack` copies them back.
"""

from __future__ import annotations

import hashlib
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types
from numba.core import errors
from numba.core.datamodel import models, register_default

from tradewind.core.compiler.fingerprint import fingerprint
from tradewind.core.compiler.members import constants_of, fields_of, members_of

Promotions = frozenset[tuple[str, str]]
"""(class, attribute) of whole-number attributes that must be stored as fractions, because a method assigns one."""


class CannotCompile(Exception):
    """The object or code needs the interpreter; `reason` says why, `place` says where (`file:line`) when known."""

    def __init__(self, reason: str, place: str | None = None) -> None:
        super().__init__(reason if place is None else f"{place}: {reason}")
        self.reason = reason
        self.place = place


@dataclass(frozen=True)
class Layout:
    """A class's record: its NumPy dtype and the numba type whose methods are the class's methods."""

    cls: type
    dtype: np.dtype[Any]
    record: ObjectRecord


class ObjectRecord(types.Record):
    """The numba type of one class with one layout. Its name is short: numba repeats it in every mangled symbol."""

    python_class: type

    def __init__(self, fields: list[tuple[str, dict[str, Any]]], size: int) -> None:
        self.fields = dict(self._normalize_fields(fields))
        self.size = size
        self.aligned = True
        description = repr([(n, str(f["type"]), f["offset"]) for n, f in fields])
        digest = hashlib.sha256(description.encode()).hexdigest()[:10]
        types.Type.__init__(self, f"{self.python_class.__name__}_{digest}")
        self.bitwidth = size * 8

    def __repr__(self) -> str:
        return str(self.name)

    def typeof(self, key: str) -> Any:
        """The type of an attribute. numba would let a name that was never set out as a KeyError."""
        if key not in self.fields:
            # A number or an object it must be: text, None and lists that only the class has are in no record.
            held = (
                "what the class has is no number" if hasattr(self.python_class, key) else "or it is None or text there"
            )
            cls = self.python_class.__name__
            raise errors.TypingError(f"Unknown attribute {key!r}: {cls} has no such number after setup, {held}")
        return super().typeof(key)

    def can_convert_to(self, typingctx: Any, other: Any) -> None:
        """Never: two classes of one layout have different methods, and numba would take either's for the other."""


_record_classes: weakref.WeakKeyDictionary[type, tuple[str, type[ObjectRecord]]] = weakref.WeakKeyDictionary()


def record_class(cls: type) -> type[ObjectRecord]:
    """The numba record class that stands for Python class `cls` and the code it has now.

    A notebook may change what a class calls without making the class anew: then a new record class stands for it.
    """
    generation = ""
    if not cls.__module__.startswith("tradewind."):
        generation = fingerprint(function for _, function, _ in members_of(cls))
    known = _record_classes.get(cls)
    if known is not None and known[0] == generation:
        return known[1]
    made = type(f"{cls.__name__}Record", (ObjectRecord,), {"python_class": cls})
    register_default(made)(models.RecordModel)
    _record_classes[cls] = (generation, made)
    return made


def layout_of(obj: object, promote: Promotions = frozenset()) -> Layout:
    """Derive the record for `obj` by looking at what it holds now.

    Raises CannotCompile for an attribute that has no fixed size (a dict, an empty list, a mixed list), and for one
    object that is held in two places: a record would hold two copies of it.
    """
    return _layout(obj, promote, "self", {})


def _layout(obj: object, promote: Promotions, path: str, seen: dict[int, str]) -> Layout:
    cls = type(obj)
    if id(obj) in seen:
        raise CannotCompile(f"{path} and {seen[id(obj)]} are one object: keep it in one place")
    seen[id(obj)] = path
    if not hasattr(cls, "__layout_key__"):
        return _derived(obj, promote, path, seen)
    key = (cls, promote, obj.__layout_key__())  # type: ignore[attr-defined]
    known = _layouts_by_key.get(key)
    if known is not None:
        _meet(obj, path, seen)
        return known
    while len(_layouts_by_key) >= LAYOUTS_MAX:
        del _layouts_by_key[next(iter(_layouts_by_key))]
    _layouts_by_key[key] = _derived(obj, promote, path, seen)
    return _layouts_by_key[key]


_layouts_by_key: dict[tuple[type, Promotions, Any], Layout] = {}
"""Layouts of classes that say by `__layout_key__` what their layout depends on: they are derived once."""
LAYOUTS_MAX = 64


def _meet(obj: object, path: str, seen: dict[int, str]) -> None:
    """Note what `obj` holds, so that an object also held elsewhere is found. Items of lists hold numbers only."""
    for value in vars(obj).values():
        if isinstance(value, list):
            seen.update(dict.fromkeys(map(id, value), path))
        elif hasattr(value, "__dict__"):
            seen[id(value)] = path
            _meet(value, path, seen)


def _derived(obj: object, promote: Promotions, path: str, seen: dict[int, str]) -> Layout:
    cls = type(obj)
    fields: list[tuple[str, np.dtype[Any], types.Type]] = []
    for name, value in fields_of(obj):
        dtype, numba_type = _field(value, (cls.__qualname__, name) in promote, promote, f"{path}.{name}", seen)
        fields.append((name, dtype, numba_type))
    # Large fields last: what is touched on every bar then shares a few cache lines.
    fields.sort(key=lambda f: f[1].itemsize > 256)
    if not fields:
        fields.append(("_empty", np.dtype(np.int64), types.int64))
    dtype = np.dtype([(name, dt) for name, dt, _ in fields], align=True)
    assert dtype.fields is not None
    entries = [(name, {"type": nt, "offset": int(dtype.fields[name][1])}) for name, _, nt in fields]
    return Layout(cls, dtype, record_class(cls)(entries, dtype.itemsize))


def _field(
    value: Any, promoted: bool, promote: Promotions, path: str, seen: dict[int, str]
) -> tuple[np.dtype[Any], types.Type]:
    if isinstance(value, bool | np.bool_):
        return np.dtype(np.bool_), types.boolean
    if isinstance(value, int | np.integer):
        if promoted:
            return np.dtype(np.float64), types.float64
        if not -(2**63) <= value < 2**63:
            raise CannotCompile(f"{path} is {value}, beyond 64 bits")
        return np.dtype(np.int64), types.int64
    if isinstance(value, float | np.floating):
        return np.dtype(np.float64), types.float64
    if isinstance(value, list | tuple):
        return _sequence(value, promoted, promote, path, seen)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "bif" or value.size == 0:
            raise CannotCompile(f"{path} is an array of {value.dtype} with {value.size} values")
        raise CannotCompile(f"{path} is a NumPy array: keep a list of floats, which means the same to both engines")
    if isinstance(value, dict | set | frozenset):
        raise CannotCompile(f"{path} is a {type(value).__name__}, which has no fixed size")
    if type(value).__module__ in {"builtins", "datetime", "decimal"} or callable(value):
        raise CannotCompile(f"{path} is a {type(value).__name__}, which compiled code cannot hold")
    layout = _layout(value, promote, path, seen)
    return layout.dtype, layout.record


def _sequence(
    value: list[Any] | tuple[Any, ...], promoted: bool, promote: Promotions, path: str, seen: dict[int, str]
) -> tuple[np.dtype[Any], types.Type]:
    if not value:
        raise CannotCompile(f"{path} is an empty list: give it its full length at set-up")
    if isinstance(value, list):  # of a tuple, which nothing changes, there may be two copies
        if id(value) in seen:
            raise CannotCompile(f"{path} and {seen[id(value)]} are one list: keep it in one place")
        seen[id(value)] = path
    numbers = [isinstance(v, bool | int | float) for v in value]
    if all(numbers):
        dtype: np.dtype[Any] = np.dtype(np.float64)
        numba_type: types.Type = types.float64
        if all(isinstance(v, bool) for v in value):
            raise CannotCompile(f"{path} is a list of True and False: keep a list of 0 and 1")
        if all(isinstance(v, int) for v in value) and not promoted:
            dtype, numba_type = np.dtype(np.int64), types.int64
        return np.dtype((dtype, (len(value),))), types.NestedArray(numba_type, (len(value),))
    first_dtype, first_type = _field(value[0], False, promote, f"{path}[0]", seen)
    cls, names, kinds = _shape(value[0])
    plain = all(kind in (bool, int, float) for kind in kinds)
    for i, item in enumerate(value[1:], 1):
        if plain and id(item) not in seen and _shape(item) == (cls, names, kinds):
            seen[id(item)] = path  # numbers of the same kinds under the same names: the same layout
        elif _field(item, False, promote, f"{path}[{i}]", seen)[1] != first_type:
            raise CannotCompile(f"{path} holds different kinds of things: compiled lists hold one kind")
    return np.dtype((first_dtype, (len(value),))), types.NestedArray(first_type, (len(value),))


def _shape(obj: object) -> tuple[type, list[str], list[type]]:
    """Class of an object, and names and types of what it holds."""
    held = getattr(obj, "__dict__", {})
    return type(obj), list(held), list(map(type, held.values()))


def pack(obj: object, record: Any) -> None:
    """Copy the values of `obj` into `record` (a `numpy.void` of its layout's dtype)."""
    for name, value in fields_of(obj):
        if isinstance(value, bool | int | float | np.generic):
            record[name] = value
        elif isinstance(value, list | tuple):
            if isinstance(value[0], bool | int | float):
                record[name] = value
            else:
                _pack_objects(value, record[name])
        else:
            pack(value, record[name])


def _pack_objects(items: list[Any] | tuple[Any, ...], rows: Any) -> None:
    """Pack a list of objects; those that are like the first are copied from it as bytes."""
    pack(items[0], rows[0])
    rows[1:] = rows[0]
    first = vars(items[0])
    for item, row in zip(items[1:], rows[1:], strict=True):
        if vars(item) != first:
            pack(item, row)


NUMBERS = frozenset({bool, int, float})


def unpack(record: Any, obj: object, skip: frozenset[str] = frozenset()) -> None:
    """Copy the values of `record` back into `obj`, as plain Python numbers; attributes named in `skip` stay."""
    held = vars(obj)
    of_class = {name for name, _ in constants_of(type(obj)) if name not in held}
    if held and not of_class and NUMBERS.issuperset(map(type, held.values())):
        held.update(zip(record.dtype.names, record.item(), strict=True))
        return
    for name, value in list(fields_of(obj)):
        if name in skip:
            continue
        if isinstance(value, bool | int | float | np.generic):
            now = record[name].item()
            if name not in of_class or now != value:  # a constant that no method changed stays the class's
                setattr(obj, name, now)
        elif isinstance(value, list):
            if isinstance(value[0], bool | int | float):
                value[:] = record[name].tolist()
            else:
                for row, item in zip(record[name], value, strict=True):
                    unpack(row, item, skip)
        elif not isinstance(value, tuple):
            unpack(record[name], value, skip)

"""Pack an object by what it has other than one that is packed already: a sweep's strategies differ in a few numbers."""

from __future__ import annotations

from typing import Any

from tradewind.core.compiler.members import LINKS

NUMBERS = (bool, int, float)


class Unlike(Exception):
    """The two objects do not have one layout: other attributes, other kinds of numbers, lists of other lengths."""


Met = dict[int, Any]
"""What has been met on the way, by its id."""


def meet(thing: object, met: Met) -> None:
    """Note what is held. Raises Unlike for what is held in two places: a record would hold two copies of it."""
    if id(thing) in met:
        raise Unlike
    met[id(thing)] = thing


def pack_difference(obj: object, like: object, record: Any, skip: frozenset[str], met: Met) -> None:
    """Write what `obj` has other than `like` into `record`, which holds `like` packed, but for attributes in `skip`.

    Raises Unlike where the objects would not have one layout; the record is then of no use.
    """
    meet(obj, met)
    mine, others = vars(obj), vars(like)
    if type(obj) is not type(like) or mine.keys() != others.keys():
        raise Unlike
    for name, value in mine.items():
        if name in LINKS or name in skip:
            continue
        other = others[name]
        kind = type(value)
        if kind is not type(other):
            raise Unlike
        if kind in NUMBERS:
            if value != other:
                record[name] = value
        elif value is None or kind is str:
            continue  # no part of the record: compiled code cannot read it
        elif kind in (list, tuple):
            _pack_list(value, other, record[name], skip, met)
        else:
            pack_difference(value, other, record[name], skip, met)


def _pack_list(values: Any, others: Any, field: Any, skip: frozenset[str], met: Met) -> None:
    if type(values) is list:  # an equal tuple may be one object; nothing changes it
        meet(values, met)
    if len(values) != len(others):
        raise Unlike
    if type(values[0]) not in NUMBERS:
        for value, other, row in zip(values, others, field, strict=True):
            pack_difference(value, other, row, skip, met)
    elif values != others:
        if set(map(type, values)) != set(map(type, others)):
            raise Unlike
        field[:] = values

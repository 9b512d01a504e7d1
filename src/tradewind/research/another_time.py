"""The same code at another time: while it lasts every clock that a strategy asks by its usual name says another moment.

Who runs twice within a second reads the same hour and the same day twice; only another day shows that it matters.
Salted hashes (`hash` of a text) and places in memory (`id`) are other ones too, as they are in another process.
"""

from __future__ import annotations

import datetime as real
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from tradewind.research.outside_state import is_foreign, names_in

LATER = (
    real.timedelta(days=401, hours=12, minutes=31, seconds=31, microseconds=531_313),
    real.timedelta(days=3, hours=7, minutes=17, seconds=13, microseconds=317_173),
    real.timedelta(days=186, hours=17, minutes=43, seconds=47, microseconds=111_557),
    real.timedelta(days=40, hours=3, minutes=53, seconds=29, microseconds=777_777),
    real.timedelta(days=92, hours=21, minutes=11, seconds=53, microseconds=919_191),
)
"""By how much later the clock is: whatever now is, one of them is in the other half of the day, or the weekend."""
COUNTED = {"time": 1, "time_ns": 10**9}
BROKEN_DOWN = ("localtime", "gmtime", "ctime", "strftime")
"""Clocks that count from 1970, in seconds times so many; and those that use now where no time is given."""


NOW = frozenset({"now", "utcnow", "today", "time_ns", *BROKEN_DOWN, "hash", "id"})


def may_ask(functions: Iterable[FunctionType]) -> bool:
    """Whether any of the functions names something that is another one at another time."""
    for function in functions:
        names = names_in(function.__code__)
        of_time = any(
            _is_clock(function.__globals__.get(name)) or function.__globals__.get(name) is time for name in names
        )
        if names & NOW or of_time:
            return True
    return False


CHANCE = frozenset({"random", "default_rng", "RandomState", "Random", "SystemRandom", "urandom", "secrets", "uuid4"})


def may_draw(functions: Iterable[FunctionType]) -> bool:
    """Whether any of the functions names something that draws by chance; it may have a seed."""
    return any(
        names_in(function.__code__) & CHANCE
        or any(getattr(function.__globals__.get(n), "__module__", "") == "random" for n in names_in(function.__code__))
        for function in functions
    )


@contextmanager
def at_another_time(
    functions: Iterable[FunctionType], later: real.timedelta, *, salted: bool = True
) -> Iterator[list[str]]:
    """While it lasts clocks are `later`; the list fills with the names of what `functions` or their like have asked.

    `salted`: hashes and places in memory are other ones too; machine code knows them only as they are.
    """
    asked: list[str] = []
    put_back: list[tuple[Any, str, Any]] = []
    written: list[tuple[dict[str, Any], str]] = []
    shifted = _shifted(later, asked)
    owners = [(real, "datetime"), (real, "date"), *((time, name) for name in (*COUNTED, *BROKEN_DOWN))]
    try:
        for function in functions:
            space = function.__globals__
            for name, value in list(space.items()):
                if isinstance(name, str) and _is_clock(value) and value in shifted:
                    put_back.append((space, name, value))
                    space[name] = shifted[value]
            for name in (names_in(function.__code__) & {"hash", "id"} - set(space)) if salted else ():
                written.append((space, name))
                space[name] = shifted[name]
        for module, name in owners:
            put_back.append((vars(module), name, getattr(module, name)))
            vars(module)[name] = shifted[getattr(module, name)]
        stamp = getattr(sys.modules.get("pandas"), "Timestamp", None)
        if stamp is not None:
            for name, told in _stamps(stamp, later, asked).items():
                put_back.append((stamp, name, vars(stamp)[name]))
                setattr(stamp, name, told)
        yield asked
    finally:
        for owner, name, value in reversed(put_back):
            if isinstance(owner, dict):
                owner[name] = value
            else:
                setattr(owner, name, value)
        for space, name in written:
            space.pop(name, None)


def _is_clock(value: Any) -> bool:
    return value is real.datetime or value is real.date or getattr(value, "__module__", None) == "time"


def _asked_by_own_code() -> bool:
    """Whether the code that asks is the person's own, and no library that times itself."""
    return not is_foreign(sys._getframe(2).f_globals.get("__name__", ""))


def _shifted(later: real.timedelta, asked: list[str]) -> dict[Any, Any]:
    """What stands for each clock."""
    clocks: dict[Any, Any] = {real.datetime: _days(real.datetime, ("now", "utcnow", "today"), later, asked)}
    clocks[real.date] = _days(real.date, ("today",), later, asked)
    for name, per_second in COUNTED.items():
        clocks[getattr(time, name)] = _counting(getattr(time, name), name, per_second, later, asked)
    for name in BROKEN_DOWN:
        clocks[getattr(time, name)] = _broken_down(getattr(time, name), name, later, asked)
    clocks["hash"] = _salted(asked, later)
    clocks["id"] = _moved(asked, later)
    return clocks


def _counting(clock: Callable[[], Any], name: str, per: int, later: real.timedelta, asked: list[str]) -> Any:
    def count() -> Any:
        if not _asked_by_own_code():
            return clock()
        asked.append(f"time.{name}()")
        return clock() + type(clock())(later.total_seconds() * per)

    return count


def _broken_down(clock: Callable[..., Any], name: str, later: real.timedelta, asked: list[str]) -> Any:
    needed = 1 if name == "strftime" else 0
    now = time.time

    def tell(*arguments: Any) -> Any:
        if len(arguments) > needed or not _asked_by_own_code():
            return clock(*arguments)
        asked.append(f"time.{name}()")
        moment = now() + later.total_seconds()
        return clock(*arguments, time.localtime(moment) if needed else moment)

    return tell


def _days(kind: Any, names: tuple[str, ...], later: real.timedelta, asked: list[str]) -> Any:
    """A class that is `kind` in everything but what it says of now."""

    class AsBefore(type):
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, kind)

        def __subclasscheck__(cls, other: type) -> bool:
            return issubclass(other, kind)

    def telling(name: str) -> Any:
        def tell(_: type, *arguments: Any, **options: Any) -> Any:
            if not _asked_by_own_code():
                return getattr(kind, name)(*arguments, **options)
            asked.append(f"{kind.__name__}.{name}()")
            if kind is real.date:
                return (plain.now() + later).date()
            return getattr(plain, name)(*arguments, **options) + later

        return classmethod(tell)

    plain = real.datetime

    def new(_: type, *arguments: Any, **options: Any) -> Any:
        return kind(*arguments, **options)

    space = {"__new__": new, "__module__": kind.__module__, **{name: telling(name) for name in names}}
    return AsBefore(kind.__name__, (kind,), space)


def _stamps(stamp: Any, later: real.timedelta, asked: list[str]) -> dict[str, Any]:
    """What stands for pandas' ways to ask for now."""

    def telling(name: str, clock: Any) -> Any:
        def tell(_: type, *arguments: Any, **options: Any) -> Any:
            if not _asked_by_own_code():
                return clock(*arguments, **options)
            asked.append(f"Timestamp.{name}()")
            return clock(*arguments, **options) + later

        return classmethod(tell)

    names = [name for name in ("now", "utcnow", "today") if name in vars(stamp)]
    return {name: telling(name, getattr(stamp, name)) for name in names}


def _salted(asked: list[str], later: real.timedelta) -> Callable[[Any], int]:
    def other_hash(value: Any) -> int:
        if isinstance(value, int | float):
            return hash(value)
        asked.append("hash()")
        return hash((value, later))

    return other_hash


def _moved(asked: list[str], later: real.timedelta) -> Callable[[Any], int]:
    def other_place(value: Any) -> int:
        asked.append("id()")
        return id(value) + 16 * later.days

    return other_place

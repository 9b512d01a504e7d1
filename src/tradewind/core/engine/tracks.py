"""What an indicator does over all bars, worked out once and read by every run of a sweep that has one like it.

In a grid of fast and slow averages a thousand sets hold some sixty averages. A track is made by the indicator's own
`update`, one bar after the other; it holds its results, and a run reads them at the bar in hand. In the place of the
indicator stands an object that knows where the track is and how far the run has come. A strategy that looks at more of
an indicator than its results and what it never changes, that changes it, or that updates it by hand, does not compile
so: its runs have indicators of their own.
"""

from __future__ import annotations

import dis
import marshal
import math
import re
import types as python_types
import weakref
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.compiler.columns import float_at, whole_at
from tradewind.core.compiler.kernel import Kernel, build_kernel
from tradewind.core.compiler.likeness import NUMBERS, Met, Unlike, meet, pack_difference
from tradewind.core.compiler.members import LINKS, constants_of
from tradewind.core.engine.column_pool import ColumnPool
from tradewind.core.engine.driver import call_of, every_row_is_there, read_bar
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.plan import FIELDS, Plan, Update
from tradewind.core.engine.state import Bar
from tradewind.core.indicators.indicator import Indicator
from tradewind.core.strategy.strategy import Strategy

Array = np.ndarray[Any, Any]
KINDS = {float: np.float64, int: np.int64}
READERS = {float: "float_at", int: "whole_at"}
ALWAYS = ("value", "prev", "count")
DERIVED = frozenset({"prev", "count"})
"""Results that follow from the row and from `value`."""
BAR_COLUMNS = ("time", "open", "high", "low", "close", "volume")
FOLLOW = "follow_track"
BYTES_MAX = 128 * 1024 * 1024
"""What all tracks of a sweep may hold; the oldest make room."""
SHARE_MAX = 16
"""Of an indicator whose track takes more than the 16th part of that, no tracks are kept."""


class Walk:
    """An indicator and the bar that it is told of."""

    def __init__(self, indicator: Indicator, step: int) -> None:
        self.indicator = indicator
        self.bar = Bar(0, step)


@dataclass(frozen=True)
class Followed:
    """An indicator of a strategy whose runs read tracks: its attribute, its class with the kinds of its results, what
    stands in for it, and the first one like it with the kernel that makes its track.
    """

    path: str
    kinds: dict[str, type]
    stand_in: type
    kernel: Kernel
    first: Walk
    packed: Array
    constants: tuple[tuple[str, Any], ...]
    """What its class has for all of its objects."""


@dataclass(frozen=True)
class Track:
    """What stands in for every indicator like the one whose track this is; it reads `columns`, by the names of results.

    Their row 1 is before the first update, row n + 1 after the n-th; row 0 of `value` is what `prev` was at first.
    """

    columns: dict[str, Array]
    stand_in: Any
    lent: bool
    """Whether its columns are the pool's."""


class Tracks:
    """The tracks of one market's runs. Threads that share it do so by a lock of theirs."""

    def __init__(self, data: MarketData, lock: AbstractContextManager[Any]) -> None:
        self.data = data
        self._lock = lock
        self._bars = tuple(getattr(data, name) for name in BAR_COLUMNS)
        self._kept: dict[Any, Track] = {}
        self._pool = ColumnPool(len(data) + 2, BYTES_MAX)
        self._otherwise: set[tuple[str, type]] = set()

    def learn(self, strategy: Strategy, plan: Plan, cache: Path | None) -> tuple[Followed, ...]:
        """What of a strategy can be followed, with the kernels that do.

        Raises CannotCompile for an indicator that cannot be, and whatever an update raises.
        """
        found = []
        for update in plan.updates:
            indicator: Any = vars(strategy).get(update.path)
            kinds = kinds_of_track(indicator, plan, update)
            size = 8 * (len(self.data) + 2) * (len(kinds) - 2)
            if not kinds or (update.path, type(indicator)) in self._otherwise or size * SHARE_MAX > BYTES_MAX:
                continue
            walk = Walk(indicator, self.data.step)
            written = {name: np.empty(len(self.data), KINDS[k]) for name, k in kinds.items() if name not in DERIVED}
            text, nothing = walk_text(update, written), (*self._bars, *written.values(), 0)
            kernel = build_kernel(walk, text, {"is_same": is_same}, nothing, cache)
            stand_in = stand_in_of(type(indicator), kinds)
            one = Followed(
                update.path, kinds, stand_in, kernel, walk, kernel.state_of(walk), tuple(constants_of(type(indicator)))
            )
            try:
                self._track_of(one, indicator, {})
            except Unlike:
                continue
            found.append(one)
        return tuple(found)

    def follow(self, strategy: Strategy, followed: tuple[Followed, ...], met: Met) -> list[Track]:
        """Put a stand-in in the place of each followed indicator; the tracks must live as long as the run.

        What the indicators hold is noted in `met`. Raises whatever an update raises, and Unlike for an indicator that
        is held twice, has another layout than the one that was learned, or cannot be followed after all.
        """
        tracks = []
        for one in followed:
            indicator = vars(strategy)[one.path]
            track = self._track_of(one, indicator, met)
            tracks.append(track)
            vars(strategy)[one.path] = track.stand_in
        return tracks

    def _track_of(self, one: Followed, indicator: Indicator, met: Met) -> Track:
        key = (one.path, type(indicator), likeness_of(indicator, met), one.constants)
        with self._lock:
            track = self._kept.pop(key, None)
            if track is not None:
                self._kept[key] = track  # the newest now
                return track
        track = self._made(one, indicator)
        if track.lent:
            with self._lock:
                self._kept[key] = track
        return track

    def _made(self, one: Followed, indicator: Indicator) -> Track:
        state = one.packed.copy()
        record = state.view(one.kernel.layout.dtype)[0]
        pack_difference(Walk(indicator, self.data.step), one.first, record, frozenset(), {})
        rows = len(self.data)
        wanted = {name: kind for name, kind in one.kinds.items() if name not in DERIVED}
        lent = self._borrowed(len(wanted))
        given = lent or [np.empty(rows + 2) for _ in wanted]
        columns = {n: c.view(KINDS[kind]) for (n, kind), c in zip(wanted.items(), given, strict=True)}
        if one.kernel.entry(state, *self._bars, *(column[2:] for column in columns.values()), rows) != rows:
            self._otherwise.add((one.path, type(indicator)))
            raise Unlike
        for name, column in columns.items():
            column[1] = getattr(indicator, name)
        columns["value"][0] = indicator.prev
        track = Track(columns, stood_in(indicator, one, columns), bool(lent))
        self._pool.lend(lent, track)
        return track

    def _borrowed(self, count: int) -> list[Array]:
        """So many columns of the pool, for which the oldest tracks make room; none where runs have need of all."""
        with self._lock:
            while not (columns := self._pool.take(count)) and self._kept:
                del self._kept[next(iter(self._kept))]
        return columns


def with_tracks(plan: Plan, followed: tuple[Followed, ...]) -> Plan:
    """The plan of a run that reads tracks: in the place of an update it goes on by a row."""
    paths = {one.path for one in followed}
    updates = (Update(u.path, ("row + 1",), None, FOLLOW) if u.path in paths else u for u in plan.updates)
    return replace(plan, updates=tuple(updates))


def kinds_of_track(indicator: Any, plan: Plan, update: Update) -> dict[str, type]:
    """The results of an indicator that a track would hold, and their types; none where it cannot be followed.

    It can where it is an attribute of its own that is fed by the bars of the only symbol.
    """
    fed = {f"{{bar}}.{name}" for name in FIELDS}
    if plan.symbols > 1 or not isinstance(indicator, Indicator) or update.after or not fed.issuperset(update.arguments):
        return {}
    found = {name: type(vars(indicator).get(name)) for name in (*ALWAYS, *type(indicator).outputs)}
    wanted = {"value": float, "prev": float, "count": int}
    if not set(found.values()) <= KINDS.keys() or any(found[name] is not kind for name, kind in wanted.items()):
        return {}
    return found


def walk_text(update: Update, results: Iterable[str]) -> str:
    """Source of the `drive` that makes a track: the indicator's update, bar by bar.

    It returns the row at which the indicator does not count bars, or does not keep the value before as `prev`.
    """
    columns = ("open_", "high", "low", "close", "volume", *(f"to_{name}" for name in results))
    call = call_of(update, "update", "bar")
    for name in BAR_COLUMNS:
        call = re.sub(rf"\bbar\.{name}\b", "open_[row]" if name == "open" else f"{name}[row]", call)
    lines = [
        f"def drive(s, time, {', '.join(columns)}, stop):",
        *every_row_is_there(columns, "stop > len(time)"),
        "    bar = s.bar",
        "    indicator = s.indicator",
        "    update = indicator.update",
        "    if indicator.count != 0:",
        "        return -1",
        "    row = 0",
        "    while row < stop:",
        *([f"        {line}" for line in read_bar()] if "bar." in call else []),
        "        before = indicator.value",
        f"        {call}",
        *(f"        to_{name}[row] = indicator.{name}" for name in results),
        "        if indicator.count != row + 1 or not is_same(indicator.prev, before):",
        "            return row",
        "        row += 1",
        "    return row",
    ]
    return "\n".join(lines) + "\n"


def is_same(a: float, b: float) -> bool:
    """Whether two floats are the same, as NaN and NaN are, and 0 and -0 are not."""
    return (a == b and (a != 0.0 or math.copysign(1.0, a) == math.copysign(1.0, b))) or (a != a and b != b)


def stood_in(indicator: Indicator, one: Followed, columns: dict[str, Array]) -> Any:
    """The stand-in of an indicator: the numbers that it never changes, and where its track is."""
    made: Any = object.__new__(one.stand_in)
    held, shown = vars(made), one.stand_in.shown  # type: ignore[attr-defined]
    held.update((name, value) for name, value in vars(indicator).items() if name in shown and type(value) in NUMBERS)
    held.update((f"{name}_at", column.ctypes.data) for name, column in columns.items())
    held["row"] = 0
    return made


def stand_in_of(cls: type, kinds: dict[str, type]) -> type:
    """A class with the methods of `cls` that reads its results from a track, at the row that it is told."""
    known = _stand_ins.get(cls)
    if known is None:
        names: dict[str, Any] = {"__name__": __name__, "float_at": float_at, "whole_at": whole_at}
        lines = [f"def {FOLLOW}(self, row):", "    self.row = row"]
        lines += ["def count(self):", "    return self.row"]
        lines += ["def prev(self):", "    return float_at(self.value_at, self.row)"]
        for name in kinds.keys() - DERIVED:
            lines += [f"def {name}(self):", f"    return {READERS[kinds[name]]}(self.{name}_at, self.row + 1)"]
        exec("\n".join(lines) + "\n", names)
        known = _stand_ins[cls] = type(
            cls.__name__,
            (cls,),
            {
                "__module__": cls.__module__,
                "__qualname__": f"{cls.__qualname__}.followed",
                "told_by": FOLLOW,
                "shown": never_assigned(cls) - kinds.keys(),
                # What the class gives at first and its methods change is, as the rest of its state, not there.
                **dict.fromkeys({name for name, _ in constants_of(cls)} & assigned(cls)),
                "update": None,
                FOLLOW: names[FOLLOW],
                **{name: property(names[name]) for name in kinds},
            },
        )
    return known


_stand_ins: weakref.WeakKeyDictionary[type, type] = weakref.WeakKeyDictionary()


def never_assigned(cls: type) -> frozenset[str]:
    """The attributes that a class's `__init__` gives and no other method of it sets."""
    at_first = {name for one in cls.__mro__ if "__init__" in vars(one) for name in _stored_by(vars(one)["__init__"])}
    return frozenset(at_first - assigned(cls) - LINKS)


def assigned(cls: type) -> set[str]:
    """The attributes that methods of a class set, other than its `__init__`."""
    return {
        stored
        for one in cls.__mro__
        for name, member in vars(one).items()
        if name != "__init__"
        for stored in _stored_by(member)
    }


def _stored_by(member: Any) -> Iterator[str]:
    function = member.fget if isinstance(member, property) else member
    if isinstance(function, python_types.FunctionType):
        yield from _stored(function.__code__)


def _stored(code: python_types.CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_ATTR", "DELETE_ATTR"):
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, python_types.CodeType):
            yield from _stored(constant)


def likeness_of(thing: object, met: Met) -> Any:
    """A value that two indicators share if and only if they hold the same bits; what they hold is noted in `met`.

    Raises Unlike for what has been met before: it is held in two places.
    """
    plain: dict[str, Any] = {}
    inner: list[Any] = []
    meet(thing, met)
    for name, value in vars(thing).items():
        if name in LINKS:
            continue
        if isinstance(value, list):
            meet(value, met)
        if isinstance(value, list) and value and hasattr(value[0], "__dict__"):
            inner.append((name, tuple((type(item), likeness_of(item, met)) for item in value)))
        elif hasattr(value, "__dict__"):
            inner.append((name, type(value), likeness_of(value, met)))
        else:
            plain[name] = value
    return marshal.dumps(plain, 2), tuple(inner)

"""What every event carries, whatever it says: who, when, about what, and because of what."""

from __future__ import annotations

from functools import lru_cache
from typing import Generic, Literal, TypeVar, get_args

import msgspec

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.event_types import EVENT_TYPES, event_type
from tradewind.core.domain.timeframes import UNITS_NS

Mode = Literal["backtest", "paper", "live"]
Data = TypeVar("Data")
MODES = get_args(Mode)
TIME_MIN_NS = 946_684_800_000_000_000
"""2000-01-01: before it there is nothing that Tradewind could have seen."""
TIME_MAX_NS = 2**63 - 1
AHEAD_NS_MAX = UNITS_NS["d"]
"""How far an event's own time may lie after the time it was written down: clocks differ, but not by days."""
TOKEN_LENGTH_MAX = 200
"""Characters of a token, an id, a tenant, a source, a session: each is one line of text."""
NAMES_REMEMBERED_MAX = 65_536


class Event(msgspec.Struct, Generic[Data], frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One fact. `type` and `version` say which payload `data` is (`event_types.EVENT_TYPES`).

    Times are ns since 1970 UTC: `time_event` when it happened, `time_recorded` when Tradewind wrote it down. `token` is
    what it is about and is kept in order by: a symbol, an account, a task. `correlation_id` is shared by all that
    followed from one cause, `causation_id` names the event that brought this one about.

    An event that cannot be right is never made: BadInput says what is wrong with it. What a payload says is looked at
    where it comes in and where it is written (`codec`).
    """

    event_id: str
    type: str
    version: int
    time_event: int
    time_recorded: int
    tenant: str
    token: str
    source: str
    correlation_id: str
    mode: Mode
    data: Data
    causation_id: str | None = None
    session: str | None = None

    def __post_init__(self) -> None:
        if type(self.data) is msgspec.Raw:
            return  # it is looked at again with its payload
        try:
            kind, version = EVENT_TYPES.get(self.type), self.version
            if (
                kind is None
                or type(version) is not int
                or version != kind.version
                or type(self.data) is not kind.payload
            ):
                _refuse_type(self)
            _check_names(self.token, self.tenant, self.source, self.session, self.mode, self.type)
        except TypeError:
            _refuse_names(self)  # a list or a table cannot be looked up
            raise
        event_id, correlation_id, causation_id = self.event_id, self.correlation_id, self.causation_id
        if type(event_id) is not str or not 0 < len(event_id) <= TOKEN_LENGTH_MAX or not event_id.isprintable():
            _check_id(event_id, self.type)
        if correlation_id != event_id:
            _check_id(correlation_id, self.type)
        if causation_id is not None and causation_id != correlation_id:
            _check_id(causation_id, self.type)
        happened, recorded = self.time_event, self.time_recorded
        if (
            type(happened) is not int
            or type(recorded) is not int
            or not TIME_MIN_NS <= happened <= recorded + AHEAD_NS_MAX <= TIME_MAX_NS
        ):
            _refuse_times(self)


def _check_id(name: str, where: str) -> None:
    if type(name) is not str or not 0 < len(name) <= TOKEN_LENGTH_MAX or not name.isprintable():
        raise BadInput(f"{name!r:.60} is no id: one line of text, of 1 to {TOKEN_LENGTH_MAX} characters", where=where)


@lru_cache(NAMES_REMEMBERED_MAX)
def _check_names(token: str, tenant: str, source: str, session: str | None, mode: str, where: str) -> None:
    """The same few names come again and again: they are looked at once."""
    for name, value in (("token", token), ("tenant", tenant), ("source", source), ("session", session)):
        if name == "session" and value is None:
            continue
        if type(value) is not str or not value:
            raise BadInput(f"its {name} is {value!r:.60}: a text that is not empty is expected", where=where)
        if len(value) > TOKEN_LENGTH_MAX:
            raise BadInput(f"its {name} has {len(value)} characters, at most {TOKEN_LENGTH_MAX}", where=where)
        if not value.isprintable():
            raise BadInput(f"its {name} {value!r:.60} is not one line of text", where=where)
    if mode not in MODES:
        raise BadInput(f"its mode is {mode!r:.60}", where=where, fix=f"One of: {', '.join(MODES)}")


def _refuse_type(event: Event[Data]) -> None:
    kind = event_type(event.type)
    raise BadInput(
        f"version {event.version!r:.60} with a {type(event.data).__name__} is not what is written now: "
        f"version {kind.version} with a {kind.payload.__name__}",
        where=event.type,
    )


def _refuse_names(event: Event[Data]) -> None:
    for name in ("type", "token", "tenant", "source", "session", "mode"):
        value = getattr(event, name)
        if not isinstance(value, str | None):
            raise BadInput(f"its {name} is {value!r:.60}: a text is expected", where=f"{event.type!s:.60}")


def _refuse_times(event: Event[Data]) -> None:
    for name in ("time_event", "time_recorded"):
        time = getattr(event, name)
        if type(time) is not int or not TIME_MIN_NS <= time < TIME_MAX_NS - AHEAD_NS_MAX:
            raise BadInput(
                f"{name} is {time!r:.60}, which is no time in nanoseconds since 1970 UTC between 2000 and 2261",
                where=event.type,
                fix="Multiply seconds by 1,000,000,000, milliseconds by 1,000,000",
            )
    raise BadInput("it happened more than a day after it was written down", where=event.type, fix="Set the clock")

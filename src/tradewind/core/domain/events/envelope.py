"""What every event carries, whatever it says: who, when, about what, and because of what."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

import msgspec

Mode = Literal["backtest", "paper", "live"]
Data = TypeVar("Data")


class Event(msgspec.Struct, Generic[Data], frozen=True, kw_only=True, omit_defaults=True):
    """One fact. `type` and `version` say which payload `data` is (`event_types.EVENT_TYPES`).

    Times are ns since 1970 UTC: `time_event` when it happened, `time_recorded` when Tradewind wrote it down. `token` is
    what it is about and is kept in order by: a symbol, an account, a task. `correlation_id` is shared by all that
    followed from one cause, `causation_id` names the event that brought this one about.
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

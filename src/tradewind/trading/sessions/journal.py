"""What a session writes down, and in which form: inputs, decisions, orders sent, and checkpoints over all of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Literal
from zlib import crc32

import msgspec
from msgspec.structs import replace

from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event, Mode
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.records import DECISION
from tradewind.core.engine import constants as k
from tradewind.core.engine.state import Order
from tradewind.trading.sessions.terms import SessionTerms

NAMES = {kind.payload: name for name, kind in EVENT_TYPES.items()}
FIELDS = DECISION.names or ()
SESSION, MARKET, CLOCK, VENUE = "session", "market", "clock", "venue"
"""Where an event of a session comes from. All but the session's own are inputs."""
NONE = Decimal(0)
TIFS: tuple[Literal["GTC"], Literal["IOC"], Literal["FOK"], Literal["GTD"]] = ("GTC", "IOC", "FOK", "GTD")
_encoder = msgspec.json.Encoder()
_encode, _lines = _encoder.encode, _encoder.encode_lines


class Seal:
    """A chain over events: what it comes to shows that one was changed, their marks show which."""

    def __init__(self, session: str) -> None:
        self.chain = hashlib.sha256(session.encode()).hexdigest()

    def over(self, events: Sequence[Event[Any]], checkpoint: Event[Any]) -> str:
        """What the chain comes to over these events and the checkpoint behind them, whatever chain that names."""
        digest = hashlib.sha256(self.chain.encode())
        digest.update(_lines([*events, with_chain(checkpoint, "")]))
        return digest.hexdigest()


def with_chain(checkpoint: Event[Any], chain: str) -> Event[Any]:
    """The checkpoint, with this chain in it."""
    return replace(checkpoint, data=replace(checkpoint.data, chain=chain))


def marks_of(events: Sequence[Event[Any]]) -> str:
    """Eight hexadecimal digits for each event."""
    return "".join([f"{crc32(_encode(event)):08x}" for event in events])


class Journal:
    """Makes a session's events. `unwritten` are those that no store has yet."""

    def __init__(
        self, session: str, tenant: str, mode: Mode, clock_ns: Callable[[], int], new_id: Callable[[], str]
    ) -> None:
        self.session, self.tenant, self.mode = session, tenant, mode
        self.clock_ns, self.new_id = clock_ns, new_id
        self.unwritten: list[Event[Any]] = []
        self._seal = Seal(session)
        self._whole = 0

    def write(
        self, source: str, data: p.Payload, time: int, cause: Event[Any] | None = None, event_id: str = ""
    ) -> Event[Any]:
        """The next event; the store refuses what is none."""
        name = NAMES[type(data)]
        kind = EVENT_TYPES[name]
        new_id = self.new_id()
        event: Event[Any] = Event(
            event_id=event_id or new_id,
            type=name,
            version=kind.version,
            time_event=time,
            time_recorded=self.clock_ns(),
            tenant=self.tenant,
            token=str(getattr(data, kind.token)),
            source=source,
            correlation_id=new_id if cause is None else cause.correlation_id,
            causation_id=None if cause is None else cause.event_id,
            mode=self.mode,
            session=self.session,
            data=data,
        )
        self.unwritten.append(event)
        return event

    @property
    def chain(self) -> str:
        """What the seals have come to."""
        return self._seal.chain

    def go_on(self, chain: str, unsealed: Event[Any] | None) -> None:
        """Go on behind a record whose seals have come to `chain`, and which may hold an event without a seal yet."""
        self._seal.chain = chain
        self.unwritten = [] if unsealed is None else [unsealed]

    def whole(self) -> None:
        """All that is unwritten are whole steps: inputs, each with all that was decided on it."""
        self._whole = len(self.unwritten)

    def sealed(self, seal_id: str = "") -> list[Event[Any]]:
        """The whole steps that are unwritten, with a checkpoint behind them; they count as written from now on.

        Half a step is there where the process is being stopped in the middle of it, and is let go.
        """
        events, self.unwritten, self._whole = self.unwritten[: self._whole], [], 0
        if events:
            blank = p.SessionCheckpoint(service=self.session, events=len(events), chain="", marks=marks_of(events))
            open_ = self.write(SESSION, blank, events[-1].time_event, event_id=seal_id)
            self._seal.chain = self._seal.over(events, open_)
            events.append(with_chain(open_, self._seal.chain))
            self.unwritten = []
        return events


def decision_of(row: tuple[Any, ...], session: str, terms: SessionTerms) -> p.DecisionTaken:
    """A row of `records.DECISION` as an event says it."""
    values: dict[str, Any] = {
        n: None if isinstance(v, float) and math.isnan(v) else v for n, v in zip(FIELDS, row, strict=True)
    }
    return p.DecisionTaken(
        account=session,
        order_id=order_id_of(session, row[1]),
        strategy=terms.strategy,
        code_hash=terms.code_hash,
        **values,
    )


def end_mark(tenant: str, session: str) -> str:
    """The name of the bookmark at the end of a session's record."""
    return f"session-end {tenant} {session}"


def order_id_of(session: str, number: int) -> str:
    """The name of a session's order: it follows from the intent, so the same intent is never two orders."""
    return f"{session}-{number}"


def told(o: Order, session: str, terms: SessionTerms, *, new: bool) -> p.OrderChange:
    """An order as the venue is told of it: sent, or asked to be cancelled."""
    return p.OrderChange(
        account=session,
        order_id=order_id_of(session, o.id),
        symbol=terms.symbols[o.symbol],
        side="buy" if o.side > 0 else "sell",
        state="SUBMITTED" if new else "PENDING_CANCEL",
        size=Decimal(repr(o.size)),
        filled=Decimal(repr(o.filled)) if o.filled else NONE,
        limit=None if o.kind == k.MARKET else Decimal(repr(o.limit)),
        reason=f"bracket of order {o.bracket}" if o.bracket else "",
        tif=TIFS[o.tif],
        expires=o.expires,
        post_only=o.post_only,
        reduce_only=o.reduce_only,
    )

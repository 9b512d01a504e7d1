"""A recorded session played again: the same inputs to the same code, and every decision held against the record.

It stops at the first thing that is not as it was: an event that was changed, left out or put in since; a decision that
the record has and the replay does not take, or the other way round, or another one.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from tradewind.core.domain.errors import BadInput, Corrupt, TradewindError
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent
from tradewind.trading.sessions.desk import NOTHING, Desk, Step, Watcher
from tradewind.trading.sessions.journal import SESSION, Seal, decision_of, end_mark, marks_of, told
from tradewind.trading.sessions.terms import SessionTerms, read_terms

BATCH = 5_000
MARK_LENGTH = 8
OBJECTS_BETWEEN_COLLECTIONS = 100_000
UNSEALED_MAX = 100_000
"""Events that may follow each other without a checkpoint; a session writes one at least every thousand."""

What = Literal["record", "decision", "failure", "hash"]


@dataclass(frozen=True)
class Difference:
    """The first difference, and both sides of it; None for a side that has nothing there.

    `what`: the record is not what was written; a decision is another one; the strategy broke in the replay; all
    decisions agree and their hash does not. An order that is sent counts as a decision.
    """

    what: What
    position: int
    event_id: str
    type: str
    time: int
    recorded: Any
    replayed: Any


@dataclass(frozen=True)
class Replayed:
    """What came of a replay. `ended` says whether the record has an end; without one only its decisions are held."""

    session: str
    terms: SessionTerms
    code_hash: str
    events: int
    inputs: int
    decisions: int
    decision_hash: str
    recorded_hash: str | None
    ended: bool
    failed: str | None
    """Why the session stopped, where it failed, and failed again in the replay."""
    difference: Difference | None
    resumed: int = 0
    """How often it was cut off and went on."""
    seal: str = ""
    """What the seals come to over all that was heard: that of the whole record, where it ends without a difference."""


class _Differs(Exception):
    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.what)
        self.difference = difference


MadeOf = Callable[[SessionTerms], tuple[type[Strategy], str]]
"""The class that a session's terms name, and the hash of its source today."""


async def replay(
    store: EventStore, session: str, made_of: MadeOf, *, tenant: str | None = None, watcher: Watcher | None = None
) -> Replayed:
    """Play a session again; `watcher` is told of it. Raises BadInput where there is none of this name."""
    again = Replay(session, made_of, watcher)
    difference = await again.play(store, tenant)
    assert again.desk is not None
    assert again.terms is not None
    return Replayed(
        session,
        again.terms,
        again.code_hash,
        again.events,
        again.inputs,
        again.desk.decisions,
        again.desk.decision_hash,
        again.recorded_hash,
        again.ended,
        again.failed,
        difference,
        again.resumed,
        again.chain,
    )


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Python looks for circles among its objects after every 700 new ones; events by the million have none."""
    usual = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


class Replay:
    """Events are held until the checkpoint that seals them, and acted on when they are known to be as written."""

    def __init__(self, session: str, made_of: MadeOf, watcher: Watcher | None) -> None:
        self.session, self.made_of, self.watcher = session, made_of, watcher
        self.desk: Desk | None = None
        self.terms: SessionTerms | None = None
        self.code_hash = ""
        self.recorded_hash: str | None = None
        self.ended = False
        self.resumed = 0
        self.failed: str | None = None
        self.begun_ns = self.begun_at = 0
        self.tenant: str | None = None
        self.unsealed: Event[Any] | None = None
        """The beginning, where nothing has sealed it yet."""
        self._broke: tuple[StoredEvent, str] | None = None
        self.events = self.inputs = 0
        self._seal = Seal(session)
        self._unsealed: list[StoredEvent] = []
        self._expected: deque[p.DecisionTaken | p.OrderChange] = deque()

    @property
    def chain(self) -> str:
        """What the seals have come to."""
        return self._seal.chain

    async def play(self, store: EventStore, tenant: str | None) -> Difference | None:
        """Play the whole record, up to the first difference. Raises BadInput where there is none."""
        difference = None
        try:
            with _seldom_collected():
                async for batch in self._batches(store, tenant):
                    self.hear(batch)
                self.rest()
                await self._not_cut(store)
        except _Differs as found:
            difference = found.difference
        if self.desk is None:
            if difference is not None:
                raise Corrupt("its first events are not what was written", where=f"session {self.session}")
            raise BadInput(
                f"there is no session {self.session!r}",
                fix="List them: tradewind replay; record one: tradewind rehearse",
            )
        return difference

    async def _batches(self, store: EventStore, tenant: str | None) -> AsyncIterator[list[StoredEvent]]:
        """The record as it is read. Of bytes that are no event any more it is said behind which event they lie."""
        last = 0
        for batch in (BATCH, 1):
            reader = store.read(EventQuery(session=self.session, tenant=tenant, after_position=last), batch)
            while True:
                try:
                    found = await anext(reader)
                except StopAsyncIteration:
                    return
                except (BadInput, Corrupt) as problem:
                    why = str(problem)
                    break
                last = found[-1].position
                yield found
        raise _Differs(Difference("record", last + 1, "", "what cannot be read", 0, "an event", why))

    async def _not_cut(self, store: EventStore) -> None:
        """A session that came to its end has left a mark of that beside its record."""
        if self.tenant is not None and not self.ended:
            end = await store.bookmark(end_mark(self.tenant, self.session))
            if end > self.begun_at:  # one before it is of an earlier session of this name, whose record is forgotten
                gone = "its end is gone, and what was before it"
                raise _Differs(Difference("record", end, "", "the end of the record", 0, "the session's end", gone))

    def hear(self, batch: list[StoredEvent]) -> None:
        """The next events of the record."""
        self.events += len(batch)
        start = 0
        for i in [i for i, stored in enumerate(batch) if type(stored.event.data) is p.SessionCheckpoint]:
            self._unsealed += batch[start:i]
            self._sealed(batch[i])
            start = i + 1
        self._unsealed += batch[start:]
        if len(self._unsealed) > UNSEALED_MAX:
            raise Corrupt("its checkpoints are gone", where=f"session {self.session}")

    def _sealed(self, at: StoredEvent) -> None:
        """A checkpoint: act on what it seals, up to where that is not what was sealed."""
        events, self._unsealed = self._unsealed, []
        if self.ended:
            raise _Differs(_difference("record", (events or [at])[0], _plain(at.event.data), "nothing behind its end"))
        damage = self._damage(at.event.data, events, at)
        self._act_on(events if damage is None else events[: damage[0]])
        if damage is not None:
            raise _Differs(damage[1])

    def rest(self) -> None:
        """The record is over. What no checkpoint seals was lost before it was sent anywhere; it is refused."""
        if self.desk is None and len(self._unsealed) == 1 and self._begins(self._unsealed[0]):
            self._changed(self._unsealed[0])  # it was cut off as soon as it had its name
            self.unsealed = self._unsealed[0].event
        elif self._unsealed:
            first = self._unsealed[0]
            raise _Differs(_difference("record", first, "a checkpoint behind it", "the end of the record"))
        self._must_go_on()
        self._nothing_expected(None)

    def _begins(self, stored: StoredEvent) -> bool:
        return type(stored.event.data) is p.SessionChange and stored.event.data.state == "begun"

    def _damage(
        self, seal: p.SessionCheckpoint, events: list[StoredEvent], at: StoredEvent
    ) -> tuple[int, Difference] | None:
        """Where the events are not those that were sealed, and how."""
        heard = [stored.event for stored in events]
        chain = self._seal.over(heard, at.event)
        if chain == seal.chain and len(events) == seal.events:
            self._seal.chain = chain
            return None
        marks = marks_of(heard)
        mended = replace(at.event, data=replace(seal, events=len(events), marks=marks))
        if self._seal.over(heard, mended) == seal.chain:  # the events are those that were sealed, the seal is not
            told = {"events": seal.events, "marks": seal.marks}
            return len(events), _difference("record", at, told, {"events": len(events), "marks": marks})
        for i, stored in enumerate(events):
            was, found = (m[i * MARK_LENGTH : (i + 1) * MARK_LENGTH] for m in (seal.marks, marks))
            if was != found:
                told = {"mark": found, "event": msgspec.to_builtins(stored.event)}
                return i, _difference("record", stored, {"mark": was} if was else None, told)
        missing = seal.marks[len(marks) :]
        told = {"chain": seal.chain, **({"mark": missing[:MARK_LENGTH]} if missing else {})}
        return len(events), _difference("record", at, told, None if missing else {"chain": chain})

    def _act_on(self, events: list[StoredEvent]) -> None:
        expected, take = self._expected, None if self.desk is None else self.desk.take
        for stored in events:
            event = stored.event
            if event.source == SESSION:
                self._own(stored)
                take = None if self.desk is None else self.desk.take
                continue
            if expected or self._broke is not None:
                self._must_go_on()
                self._nothing_expected(stored)
            if take is None:
                raise Corrupt("it does not begin with its beginning", where=f"session {self.session}")
            self.inputs += 1
            try:
                step = take(event)
            except TradewindError as problem:
                self._broke = stored, str(problem)  # it is no difference if the record says so next
                continue
            if step is not NOTHING:
                self._expect(step)

    def _expect(self, step: Step) -> None:
        """What was decided and sent now has to be what the record says next."""
        assert self.terms is not None
        self._expected.extend(decision_of(row, self.session, self.terms) for row in step.decisions)
        self._expected.extend(told(a.order, self.session, self.terms, new=a.new) for a in step.asked)

    def _own(self, stored: StoredEvent) -> None:
        """An event of the session itself: to be taken again, or its beginning or end."""
        kind = type(stored.event.data)
        if kind in (p.DecisionTaken, p.OrderChange):
            self._must_go_on()
            self._decided(stored)
        elif kind is p.SessionChange:
            if stored.event.data.state != "failed":  # then the failure is what differs, whatever else does
                self._nothing_expected(stored)
            self._changed(stored)

    def _must_go_on(self) -> None:
        if self._broke is not None:
            raise _Differs(_difference("failure", self._broke[0], None, self._broke[1]))

    def _decided(self, stored: StoredEvent) -> None:
        again = self._expected.popleft() if self._expected else None
        if again != stored.event.data:
            raise _Differs(_difference("decision", stored, _plain(stored.event.data), _plain(again)))
        if self.watcher is not None:
            self.watcher.own(stored.event)

    def _nothing_expected(self, stored: StoredEvent | None) -> None:
        if self._expected:
            taken = self._expected[0]
            raise _Differs(_difference("decision", stored, None, _plain(taken)))

    def _changed(self, stored: StoredEvent) -> None:
        change = stored.event.data
        if change.state == "begun":
            if self.desk is not None:
                raise _Differs(_difference("record", stored, _plain(change), "one beginning"))
            self.terms, self.begun_ns = read_terms(change.terms, self.session), stored.event.time_event
            self.begun_at, self.tenant = stored.position, stored.event.tenant
            strategy_type, self.code_hash = self.made_of(self.terms)
            self.desk = Desk(strategy_type, self.terms, self.session, self.watcher)
            return
        if change.state == "resumed":
            self.resumed += 1
            return
        self.ended = True
        self.recorded_hash = change.decision_hash
        assert self.desk is not None
        if change.state == "failed":
            broke = self._failing_stop() if self._broke is None else self._broke[1]
            if broke != change.reason:
                raise _Differs(_difference("failure", stored, change.reason, broke))
            self.failed, self._broke = broke, None
            reached = self.desk.decision_hash
        else:
            self._must_go_on()
            broke = self._failing_stop()
            if broke is not None:
                raise _Differs(_difference("failure", stored, None, broke))
            reached = self.desk.decision_hash
        if reached != self.recorded_hash:
            raise _Differs(_difference("hash", stored, self.recorded_hash, reached))

    def _failing_stop(self) -> str | None:
        """What stopping fails with; None where it does not."""
        assert self.desk is not None
        try:
            self.desk.stop()
        except TradewindError as problem:
            return str(problem)
        return None


def _difference(what: What, stored: StoredEvent | None, recorded: Any, replayed: Any) -> Difference:
    if stored is None:
        return Difference(what, 0, "", "the end of the record", 0, recorded, replayed)
    event = stored.event
    return Difference(what, stored.position, event.event_id, event.type, event.time_event, recorded, replayed)


def _plain(data: p.Payload | None) -> Any:
    return None if data is None else msgspec.to_builtins(data)

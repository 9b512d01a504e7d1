"""A session that was cut off goes on: its record is folded back to the state it had, and the next input follows.

The fold is a replay. It gives the strategy, its positions, its open orders; beside it go the timers, the place in the
market, and the venue of a rehearsal, which ended with its process and is told again what it had been told. Nothing is
taken on trust: a record that does not replay, another market or another venue is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tradewind.core.domain.errors import BadInput, Disputed, TradewindError
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.instants import instant_text
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.event_store import EventStore
from tradewind.trading.sessions.desk import Step, Watcher
from tradewind.trading.sessions.journal import CLOCK, MARKET
from tradewind.trading.sessions.recording import MarketData, Recorded, Recorder
from tradewind.trading.sessions.replaying import Replay
from tradewind.trading.sessions.so_far import SoFar
from tradewind.trading.sessions.terms import SessionTerms

OTHER_CODE = "the strategy's code is not the code that began it"
NEW_SESSION = "Put back what it was, or begin another session: tradewind rehearse"


@dataclass(frozen=True)
class Resumed:
    """A session that was cut off and has ended now; `inputs` were in its record already."""

    recorded: Recorded
    inputs: int
    decisions: int


async def resume(
    recorder: Recorder,
    strategy_type: type[Strategy],
    code_hash: str,
    market: Iterable[tuple[int, MarketData]],
    until_ns: int = 0,
) -> Resumed:
    """Fold the record of the recorder's session, and run it on to the end of the market, which is given from its start.

    `recorder` is a new one, with a new venue. Raises BadInput for a session that has ended, or whose code or market is
    another one now; Disputed for a record that does not replay.
    """
    session, store, terms = recorder.session, recorder.store, recorder.terms
    if code_hash != terms.code_hash:
        raise BadInput(OTHER_CODE, where=f"session {session}", fix=NEW_SESSION)
    rest = iter(market)
    following = Following(recorder.so_far, rest)
    again = await _folded(store, session, recorder.journal.tenant, lambda _terms: (strategy_type, code_hash), following)
    assert again.desk is not None
    inputs, decisions = again.inputs, again.desk.decisions
    await recorder.go_on(
        again.desk.unwatched(), again.chain, max(again.begun_ns, again.desk.x.time_now), again.unsealed
    )
    return Resumed(await recorder.run(rest, until_ns), inputs, decisions)


async def _folded(
    store: EventStore, session: str, tenant: str, made_of: Callable[[SessionTerms], tuple[type[Strategy], str]],
    following: Following,
) -> Replay:  # fmt: skip
    again = Replay(session, made_of, following)
    try:
        difference = await again.play(store, tenant)
    except _Elsewhere as found:
        raise found.problem from None
    if difference is not None:
        raise Disputed(
            f"its record does not replay: event {difference.position} ({difference.type}) differs",
            where=f"session {session}", fix=f"Look at both sides: tradewind replay {session}",
        )  # fmt: skip
    if again.ended:
        raise BadInput(
            "it has failed, and would fail again" if again.failed else "it has come to its end",
            where=f"session {session}", fix="Begin another one: tradewind rehearse",
        )  # fmt: skip
    return again


class _Elsewhere(Exception):
    """The fold comes to another place. (A replay takes a TradewindError for the strategy's.)"""

    def __init__(self, problem: TradewindError) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Following(Watcher):
    """Goes along with the fold: the market, the timers and the venue have to have done what the record says."""

    def __init__(self, so_far: SoFar, market: Iterator[tuple[int, MarketData]]) -> None:
        self.so_far = so_far
        self._market = market
        self._now = 0

    def took(self, event: Event[Any], step: Step) -> None:
        """See the port."""
        self.so_far.inputs += 1
        self._now = max(self._now, event.time_event)
        if event.source == MARKET:
            self._moved(event)
        elif event.source == CLOCK:
            self._fired(event)
        else:
            self._answered(event)
        self.so_far.hand_over(step, self._now)
        if event.source == MARKET:
            self.so_far.show(event.data, self._now)

    def own(self, event: Event[Any]) -> None:
        """See the port."""
        self.so_far.remember(event)

    def _moved(self, event: Event[Any]) -> None:
        time, data = next(self._market, (0, None))
        if (time, data) != (event.time_event, event.data):
            now = "nothing" if data is None else f"{data} at {instant_text(time)}"
            raise _Elsewhere(BadInput(
                f"the market is not the one that it saw: it saw {event.data} at {instant_text(event.time_event)}, and "
                f"there is {now}", where=f"session {self.so_far.session}", fix=NEW_SESSION,
            ))  # fmt: skip
        timers = self.so_far.timers or self.so_far.start_timers(time)
        while timers.fires_ns <= self._now:
            fired = timers.fire()
            if fired.told:
                raise self._other(event, f"the {fired.name} timer of {instant_text(fired.due)} before it")
        timers.traded()

    def _fired(self, event: Event[Any]) -> None:
        timers = self.so_far.timers
        if timers is None:
            raise self._other(event, "no timer before the market")
        fired = timers.fire()
        while not fired.told:
            fired = timers.fire()
        if (fired.time, fired.name, fired.due) != (event.time_event, event.data.timer, event.data.due):
            raise self._other(event, f"the {fired.name} timer of {instant_text(fired.due)}")

    def _answered(self, event: Event[Any]) -> None:
        """The venue of a rehearsal says again what it said."""
        venue = self.so_far.venue
        if venue.next_answer_ns() is None:
            raise self._other(event, "no answer of the venue")
        answer = venue.answer()
        if (answer.time, answer.data) != (event.time_event, event.data):
            raise self._other(event, f"{answer.data} at {instant_text(answer.time)}")
        self.so_far.fills += type(event.data) is p.Trade
        self.so_far.remember(event)

    def _other(self, event: Event[Any], now: str) -> _Elsewhere:
        return _Elsewhere(Disputed(
            f"it does not come to where it was: it heard {event.data} at {instant_text(event.time_event)}, and now "
            f"there is {now}", where=f"session {self.so_far.session}", fix=NEW_SESSION,
        ))  # fmt: skip

"""Events that were put aside: looked at by a person, then sent again to the group that failed, or dropped.

Letters are a fold over a topic's dead letters: one is open until an event says that it was closed. Nothing is removed,
so it can be seen later who did what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.codec import decode
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.payloads import DeadLetter, LetterClosed, Revival
from tradewind.core.domain.events.topics import DEAD_LETTERS, TOPICS
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus

LETTERS_MAX = 10_000
"""Open letters that are looked at, the oldest; the rest when these are closed."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An open letter: its id, when it was put aside (ns UTC), what it is about, and what it says."""

    id: str
    time: int
    token: str
    data: DeadLetter


def service_of(topic: str) -> str:
    """The service by whose name `service.changed` tells that letters were put aside, and that none is open any more."""
    return f"dead letters of {topic}"


async def open_letters(bus: Bus, topics: Sequence[str]) -> list[Letter]:
    """The open letters of these topics, oldest first; of very many the LETTERS_MAX oldest. Raises Unavailable."""
    found: dict[str, Letter] = {}
    closed: set[str] = set()
    async for some in bus.kept([name + DEAD_LETTERS for name in topics]):
        for delivery in some:
            event = delivery.event
            if event is None:
                continue  # a stranger wrote there: nothing of ours
            if isinstance(event.data, LetterClosed):
                closed.add(event.data.letter)
                found.pop(event.data.letter, None)
            elif isinstance(event.data, DeadLetter) and event.event_id not in closed:
                letter = Letter(event.event_id, event.time_event, event.token, event.data)
                found.setdefault(event.event_id, letter)
    return sorted(found.values(), key=lambda letter: (letter.time, letter.id))[:LETTERS_MAX]


class DeadLetters:
    """The dead letters of one topic."""

    def __init__(self, bus: Bus, producer: EventProducer, topic: str) -> None:
        """Raises BadInput for a topic that is not there."""
        if topic not in TOPICS:
            raise BadInput(f"there is no topic {topic!r}", fix=f"There are: {', '.join(TOPICS)}")
        self.bus, self.producer, self.topic = bus, producer, TOPICS[topic]

    async def read(self, most: int = LETTERS_MAX) -> list[Letter]:
        """The open letters, oldest first. Raises Unavailable."""
        return (await open_letters(self.bus, [self.topic.name]))[:most]

    async def send_again(self, letters: Sequence[Letter], actor: str) -> list[tuple[Letter, str]]:
        """Let the groups that failed handle these events once more; those that cannot be sent, and why.

        A group that has handled an event meanwhile does nothing. One that fails again puts it aside again, as a new
        letter. Raises Unavailable: then some may have been sent, and may be sent again without harm.
        """
        failed: list[tuple[Letter, str]] = []
        for letter in letters:
            data = letter.data
            text = data.original if not data.length else data.raw.decode("utf-8", "replace")
            try:
                decode(text.encode())
            except BadInput as problem:
                failed.append((letter, str(problem)))
                continue
            again = Revival(topic=data.topic, group=data.group, letter=letter.id, original=text, actor=actor)
            await self.producer.send_batch([
                self.producer.event("event.revived", again, letter.token),
                self._closing(letter, "sent_again", actor, ""),
            ])  # fmt: skip
        await self._tell()
        return failed

    async def drop(self, letters: Sequence[Letter], actor: str, remark: str) -> None:
        """Close letters without sending them again. Raises BadInput without a reason, Unavailable."""
        check_reason(remark)
        if letters:
            await self.producer.send_batch([self._closing(letter, "dropped", actor, remark) for letter in letters])
        await self._tell()

    def _closing(
        self, letter: Letter, outcome: Literal["sent_again", "dropped"], actor: str, remark: str
    ) -> Event[Any]:
        data = LetterClosed(topic=self.topic.name, letter=letter.id, outcome=outcome, actor=actor, remark=remark)
        return self.producer.event("letter.closed", data, letter.token)

    async def _tell(self) -> None:
        if not await self.read(1):
            service = service_of(self.topic.name)
            await self.producer.publish(
                "service.changed", {"service": service, "state": "recovered", "reason": "no letter is open"}
            )


def check_reason(remark: str) -> None:
    """Raise BadInput where nobody says why letters are dropped."""
    if not remark.strip():
        raise BadInput("a letter is not dropped without a reason", fix='Say why: --reason "..."')


def letter_named(letters: Sequence[Letter], name: str) -> Letter:
    """The letter whose id begins so. Raises BadInput where there is none, or several."""
    found = [letter for letter in letters if name and letter.id.startswith(name)]
    if len(found) != 1:
        said = f"{len(found)} open letters begin with" if found else "there is no open letter"
        raise BadInput(f"{said} {name!r}", fix="List them: tradewind dead-letters")
    return found[0]

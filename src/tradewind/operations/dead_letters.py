"""What a person may do with events that were put aside: look at them, send them again, drop them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.topics import TOPICS
from tradewind.messaging.dead_letters import DeadLetters, Letter, check_reason, letter_named, open_letters
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus

FIX = "List them: tradewind dead-letters"


@dataclass(frozen=True)
class SentAgain:
    """Letters that were sent again, and those that could not be, with the reason."""

    sent: tuple[Letter, ...]
    failed: tuple[tuple[Letter, str], ...]


async def list_letters(bus: Bus, producer: EventProducer, topic: str | None = None) -> list[Letter]:
    """The open letters of a topic, or of all, oldest first. Raises BadInput, Unavailable."""
    if topic:
        return await DeadLetters(bus, producer, topic).read()
    return await open_letters(bus, list(TOPICS))


async def find_letter(bus: Bus, producer: EventProducer, name: str) -> Letter:
    """The open letter whose id begins so. Raises BadInput where there is none, or several."""
    return letter_named(await list_letters(bus, producer), name)


async def send_letters_again(
    bus: Bus, producer: EventProducer, names: Sequence[str], *, topic: str | None, actor: str
) -> SentAgain:
    """Let the groups that failed handle these letters' events once more; without names, all letters of a topic."""
    letters = await _chosen(bus, producer, names, topic)
    failed: list[tuple[Letter, str]] = []
    for name, some in _by_topic(letters).items():
        failed += await DeadLetters(bus, producer, name).send_again(some, actor)
    kept = {letter.id for letter, _ in failed}
    return SentAgain(tuple(letter for letter in letters if letter.id not in kept), tuple(failed))


async def drop_letters(
    bus: Bus, producer: EventProducer, names: Sequence[str], *, topic: str | None, actor: str, remark: str
) -> list[Letter]:
    """Close letters without sending them again. Raises BadInput without a reason."""
    check_reason(remark)
    letters = await _chosen(bus, producer, names, topic)
    for name, some in _by_topic(letters).items():
        await DeadLetters(bus, producer, name).drop(some, actor, remark)
    return letters


async def _chosen(bus: Bus, producer: EventProducer, names: Sequence[str], topic: str | None) -> list[Letter]:
    if bool(names) == bool(topic):
        raise BadInput("name letters, or with --topic all of one topic", fix=FIX)
    letters = await list_letters(bus, producer, topic)
    chosen = [letter_named(letters, name) for name in names] if names else letters
    return list({letter.id: letter for letter in chosen}.values())


def _by_topic(letters: Sequence[Letter]) -> dict[str, list[Letter]]:
    found: dict[str, list[Letter]] = {}
    for letter in letters:
        found.setdefault(letter.data.topic, []).append(letter)
    return found

"""Mark the methods of a consumer that handle events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import event_type

Handler = Callable[[Event[Any]], Awaitable[None]]
M = TypeVar("M", bound=Callable[..., Awaitable[None]])
MARK = "__handles__"


def event_handler(*types: str) -> Callable[[M], M]:
    """Let a method of an EventConsumer handle events of these types: `@event_handler("trade.executed")`."""
    for name in types:
        event_type(name)

    def marked(method: M) -> M:
        setattr(method, MARK, types)
        return method

    return marked


def handlers_of(consumer: object) -> dict[str, Handler]:
    """The marked methods of an object by event type. Raises BadInput for a type that two of them handle."""
    found: dict[str, Handler] = {}
    for name in dir(type(consumer)):
        types = getattr(getattr(type(consumer), name), MARK, ())
        for type_ in types:
            if type_ in found:
                raise BadInput(f"{type_} is handled twice", where=type(consumer).__name__, fix="Keep one of them")
            found[type_] = getattr(consumer, name)
    return found

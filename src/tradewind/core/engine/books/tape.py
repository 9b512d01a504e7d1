"""A recording as the engine reads it: every event twice, as it happens at the venue and as the strategy hears of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tradewind.core.domain.recording import Recording
from tradewind.core.engine.books.rules import BookRules

AT_VENUE = 0
HEARD = 1


class Tape(NamedTuple):
    """Rows in the order of time: `when` (ns), `place` (AT_VENUE or HEARD), `event`. The rest is the recording's."""

    when: Any
    place: Any
    event: Any
    kind: Any
    time: Any
    previous: Any
    last: Any
    begin: Any
    end: Any
    side: Any
    price: Any
    size: Any


def tape_of(recording: Recording, rules: BookRules) -> Tape:
    """Put both lives of every event in order. At one instant the venue's come first, then what is heard of.

    With a fixed feed latency events are heard of in the order in which they happened, else in that of the recording.
    """
    count = len(recording)
    number = np.arange(count, dtype=np.int64)
    happened = np.lexsort((number, recording.time))
    if rules.feed_ns is None:
        heard, heard_at = number, np.maximum(recording.local, recording.time)
        heard_at = np.maximum.accumulate(heard_at)
    else:
        heard, heard_at = happened, recording.time[happened] + rules.feed_ns
    when = np.concatenate([recording.time[happened], heard_at])
    place = np.repeat(np.array([AT_VENUE, HEARD], np.int64), count)
    order = np.lexsort((place, when))  # stable: within a place and an instant the order stays
    return Tape(
        when=when[order],
        place=place[order],
        event=np.concatenate([happened, heard])[order],
        kind=recording.kind,
        time=recording.time,
        previous=recording.previous,
        last=recording.last,
        begin=recording.begin,
        end=recording.end,
        side=recording.side,
        price=recording.price,
        size=recording.size,
    )


def as_lists(tape: Tape) -> Tape:
    """The same with Python's own numbers, which the interpreter reads faster."""
    return Tape(*(column.tolist() for column in tape))

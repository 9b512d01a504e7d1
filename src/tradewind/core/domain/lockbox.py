"""The lockbox: the last stretch of a market, sealed until an idea is ready for its one look at it.

What is done to it is a chain of entries, each of which holds the hash of the one before: none can be changed, taken out
or put in without the later hashes telling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from tradewind.core.domain.errors import Corrupt
from tradewind.core.domain.trials import LOCAL

GENESIS = "0" * 64
"""What the first entry holds in the place of an earlier one's hash."""


class Deed(StrEnum):
    """What can be done to a lockbox."""

    SEALED = "sealed"
    OPENED = "opened"
    UNSEALED = "unsealed"


@dataclass(frozen=True)
class Done:
    """A deed: on which symbols, from which instant on (ns UTC), and what else is to be known of it, in words.

    Of an opening: `until_ns` is the end of what was seen, and `facts` name `strategy`, `code`, `behaviour`,
    `parameters`, `rules` and `timeframe`.
    """

    deed: Deed
    symbols: tuple[str, ...]
    from_ns: int
    until_ns: int
    made_ns: int
    who: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """A deed in its place in the chain. `body` is the text that was hashed, `hash` is SHA-256 in hexadecimal."""

    number: int
    done: Done
    previous: str
    body: str
    hash: str


@dataclass(frozen=True)
class Seal:
    """A symbol that is sealed now: its bars are withheld that close after `from_ns`."""

    symbol: str
    from_ns: int
    made_ns: int
    openings: tuple[Entry, ...]
    """Every look that was ever taken into the stretch, under this seal or an earlier one, oldest first."""


class _Body(msgspec.Struct, frozen=True):
    number: int
    done: Done
    previous: str


def entry_after(entries: Sequence[Entry], done: Done) -> Entry:
    """The entry that a deed makes behind the others."""
    previous = entries[-1].hash if entries else GENESIS
    body = msgspec.json.encode(_Body(len(entries) + 1, done, previous), order="sorted").decode()
    return Entry(len(entries) + 1, done, previous, body, _hash(body))


def chain_of(rows: Iterable[tuple[str, str]], where: str) -> list[Entry]:
    """The entries that stored bodies and hashes stand for. Raises Corrupt where they are not what was written."""
    entries: list[Entry] = []
    for number, (body, stored) in enumerate(rows, 1):
        try:
            read = msgspec.json.decode(body, type=_Body)
        except msgspec.MsgspecError as problem:
            raise broken(f"entry {number} cannot be read: {problem}", where) from None
        previous = entries[-1].hash if entries else GENESIS
        if read.number != number or read.previous != previous:
            raise broken(f"entry {number} does not follow the one before it: one was taken out or put in", where)
        if _hash(body) != stored:
            raise broken(f"entry {number} is not what was written", where)
        entries.append(Entry(number, read.done, read.previous, body, stored))
    return entries


def broken(what: str, where: str) -> Corrupt:
    """The error for a lockbox that somebody or something has changed."""
    return Corrupt(
        f"the lockbox has been tampered with or is damaged: {what}",
        where=where,
        fix="Put it back from a backup. What is sealed stays closed until then",
    )


def seals_of(entries: Sequence[Entry]) -> dict[str, Seal]:
    """What is sealed now, by symbol."""
    sealed: dict[str, tuple[int, int]] = {}
    for entry in entries:
        for symbol in entry.done.symbols:
            if entry.done.deed is Deed.SEALED:
                sealed[symbol] = entry.done.from_ns, entry.done.made_ns
            elif entry.done.deed is Deed.UNSEALED:
                sealed.pop(symbol, None)
    return {
        symbol: Seal(symbol, from_ns, made_ns, openings_into(entries, symbol, from_ns))
        for symbol, (from_ns, made_ns) in sorted(sealed.items())
    }


def openings_into(entries: Sequence[Entry], symbol: str, from_ns: int) -> tuple[Entry, ...]:
    """The looks that were taken at a symbol's bars after an instant."""
    return tuple(
        e for e in entries if e.done.deed is Deed.OPENED and symbol in e.done.symbols and e.done.until_ns > from_ns
    )


def same_strategy(opening: Entry, facts: Mapping[str, str]) -> str | None:
    """By what an earlier opening was the same strategy's, None where it was another's.

    A strategy is known by its code, by its name, and by its behaviour: the decisions that it takes on the bars before
    the seal. So neither an edited copy under the old name nor a renamed one that trades alike gets a second look.
    """
    seen = opening.done.facts
    by = {
        "code": "with the same code",
        "strategy": "under the same name",
        "behaviour": "taking the same decisions on the bars before the seal",
    }
    return next((words for name, words in by.items() if facts.get(name) and facts.get(name) == seen.get(name)), None)


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


__all__ = [
    "GENESIS", "LOCAL", "Deed", "Done", "Entry", "Seal", "broken", "chain_of", "entry_after", "openings_into",
    "same_strategy", "seals_of",
]  # fmt: skip

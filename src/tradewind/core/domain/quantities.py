"""How many of something, in words."""

from __future__ import annotations


def so_many(count: int, what: str) -> str:
    """`1 bar`, `2,400 bars`: a whole number of things whose name, said in the singular, takes an s."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def too_few(count: int, what: str) -> str:
    """`1 bar is too few`, `15 bars are too few`."""
    return f"{so_many(count, what)} {'is' if count == 1 else 'are'} too few"

"""The finished blocks of a search, as a sweep keeps them between two processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np

from tradewind.ports.sweeps import Block, Sweep
from tradewind.research.bench import Scores
from tradewind.research.searches import Sets


class KeptBlocks:
    """The blocks of a search in a sweep. `had` counts the sets done before this process, `kept` its own."""

    def __init__(self, sweep: Sweep, told: Callable[[int], None] = lambda _: None) -> None:
        self._sweep = sweep
        self._told = told
        self.had = 0
        self.kept = 0

    def done(self) -> Iterator[tuple[Sets, Scores]]:
        """The blocks that were kept, in their order."""
        for block in self._sweep.blocks():
            sets, scores = _read(block)
            self.had += len(sets)
            yield sets, scores
        if self.had:
            self._told(self.had)

    def keep(self, sets: Sets, scores: Scores) -> None:
        """Keep one more."""
        self._sweep.keep(_written(sets, scores))
        self.kept += len(sets)

    def interrupted(self, budget: int, fix: str) -> KeyboardInterrupt:
        """What an interrupt says: how much of `budget` sets is done, and how to go on."""
        done = f"{self.had + self.kept:,} of {budget:,}"
        return KeyboardInterrupt(f"interrupted; {done} sets are done and kept", fix)


NUMBERED = ("failed", "undefined")
"""What is known by a set's number: JSON turns numbers that are keys into text."""


def _written(sets: Sets, scores: Scores) -> Block:
    arrays, words = {}, dict[str, Any](sets=sets)
    for each in fields(Scores):
        value = getattr(scores, each.name)
        if isinstance(value, np.ndarray):
            arrays[each.name] = value
        else:
            words[each.name] = {str(key): one for key, one in value.items()} if each.name in NUMBERED else value
    return Block(arrays, words)


def _read(block: Block) -> tuple[Sets, Scores]:
    words: dict[str, Any] = {**block.arrays, **block.words}
    sets: Sets = words.pop("sets")
    for name in NUMBERED:
        if name in words:
            words[name] = {int(key): one for key, one in words[name].items()}
    return sets, Scores(**words)

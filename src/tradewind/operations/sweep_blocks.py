"""A search between two processes: what makes it the same search, and its finished blocks as a sweep keeps them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from importlib.metadata import version
from typing import Any

import numpy as np

from tradewind.core.domain.data_sets import DataSetInfo, content_hash
from tradewind.core.domain.market_data import Kind
from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.backtest_request import BacktestRequest
from tradewind.ports.sweeps import Block, Sweep
from tradewind.research.backtest import Market
from tradewind.research.bench import Scores
from tradewind.research.code_hash import code_hash
from tradewind.research.search_plan import SearchPlan
from tradewind.research.searches import Sets

HASH_SHOWN = 12


def sweep_words(
    plan: SearchPlan,
    strategy: type[Strategy],
    request: BacktestRequest,
    markets: Sequence[Market],
    infos: Sequence[DataSetInfo],
    fixed: Mapping[str, Any],
) -> dict[str, str]:
    """All that a set's figures, and the sets that are tried, hang on. Two searches with equal words are the same one.

    Objectives and limits are among it only where the search learns from them.
    """
    words = {
        "the strategy": strategy.__name__,
        "the strategy's code": code_hash(strategy)[:HASH_SHOWN],
        "the space": " ".join(str(axis) for axis in plan.space.axes),
        "the method": plan.method,
        "the number of sets": str(plan.budget),
        "the seed": str(plan.seed),
        **{f"the parameter {name}": str(value) for name, value in fixed.items()},
        **{f"the rule {name}": str(value) for name, value in asdict(request.rules).items()},
        "the instrument": " ".join(repr(market.instrument) for market in markets),
        "the engine": request.engine,
        "the program": _versions(plan),
    }
    for market in markets:
        words[f"the data {market.bars.symbol} {market.bars.timeframe}"] = content_hash(market.bars.columns())[
            :HASH_SHOWN
        ]
    for info in infos:
        if info.key.kind is not Kind.CANDLES:
            words[f"the data {info.key}"] = info.content_hash[:HASH_SHOWN]
    if plan.learns:
        words["the objectives"] = " ".join(map(str, plan.objectives))
        words["the limits"] = " ".join(map(str, plan.constraints))
    return words


def sweep_hash(words: Mapping[str, str]) -> str:
    """A short name of the words."""
    return hashlib.sha256(json.dumps(dict(words), sort_keys=True).encode()).hexdigest()[:10]


def _versions(plan: SearchPlan) -> str:
    return " ".join(f"{name} {version(name)}" for name in ("tradewind", *(("optuna", "cmaes") if plan.learns else ())))


class KeptBlocks:
    """The blocks of a search in a sweep. `had` counts the sets done before this process, `kept` its own."""

    def __init__(self, sweep: Sweep, told: Callable[[int], None]) -> None:
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

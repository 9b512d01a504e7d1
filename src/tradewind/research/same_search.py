"""What makes two searches the same one, so that what was done of the first need not be done again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from tradewind.core.domain.data_sets import content_hash
from tradewind.research.bench import Bench
from tradewind.research.code_hash import code_hash
from tradewind.research.search_plan import SearchPlan

HASH_SHOWN = 12


def sweep_words(plan: SearchPlan, bench: Bench, fixed: Mapping[str, Any]) -> dict[str, str]:
    """All that a set's figures, and the sets that are tried, hang on. Two searches with equal words are the same one.

    `bench` has not been run yet. Objectives and limits are among it only where the search learns from them.
    """
    strategy, markets = bench.strategy, bench.markets
    words = {
        "the strategy": strategy.__name__,
        "the strategy's code": code_hash(strategy)[:HASH_SHOWN],
        "the space": " ".join(str(axis) for axis in plan.space.axes),
        "the method": plan.method,
        "the number of sets": str(plan.budget),
        "the seed": str(plan.seed),
        **{f"the parameter {name}": str(value) for name, value in fixed.items()},
        **{f"the rule {name}": str(value) for name, value in asdict(bench.rules).items()},
        "the instrument": " ".join(repr(market.instrument) for market in markets),
        "the engine": bench.engine,
        "the program": _versions(plan),
    }
    for market in markets:
        for kind, series in (("", market.bars), (" funding", market.funding), (" marks", market.marks)):
            if series is not None:
                words[f"the data {market.bars.symbol} {market.bars.timeframe}{kind}"] = content_hash(series.columns())[
                    :HASH_SHOWN
                ]
    if plan.learns:
        words["the objectives"] = " ".join(map(str, plan.objectives))
        words["the limits"] = " ".join(map(str, plan.constraints))
    return words


def sweep_hash(words: Mapping[str, str]) -> str:
    """A short name of the words."""
    return hashlib.sha256(json.dumps(dict(words), sort_keys=True).encode()).hexdigest()[:10]


def _versions(plan: SearchPlan) -> str:
    return " ".join(f"{name} {version(name)}" for name in ("tradewind", *(("optuna", "cmaes") if plan.learns else ())))

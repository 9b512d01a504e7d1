"""Searches that look where good sets were found: TPE and CMA-ES of optuna, with every setting that matters pinned.

TPE: Bergstra, Bardenet, Bengio and Kegl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; for several
objectives Ozaki et al., "Multiobjective Tree-Structured Parzen Estimator", JAIR 73, 2022. CMA-ES: Hansen, "The CMA
Evolution Strategy: A Tutorial", arXiv:1604.00772; with margin for steps: Hamano et al., GECCO 2022.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.research.search_space import SearchSpace, Value
from tradewind.research.searches import Sets, moving

TPE_BATCH = 8
"""Sets asked for before any of them is told: few, so that the search learns; several, so that the cores have work."""
TPE_STARTUP = 24
"""Sets drawn by chance before anything is learnt."""
REPEATS_MAX = 32
"""Batches in a row without a new set, after which the search has come to rest."""
WORST = -1e300
UNDEFINED = 1e9
"""How far an undefined set counts as outside a limit: further than any limit is broken."""

Told = tuple[tuple[float, ...], tuple[float, ...]]


def guided(method: str, space: SearchSpace, budget: int, objectives: int, seed: int) -> Guided:
    """The search by TPE or CMA-ES. Raises BadInput where the method cannot do it, or its package is not installed."""
    needed = ("optuna",) if method == "tpe" else ("optuna", "cmaes")
    for package in needed:
        if find_spec(package) is None:
            raise BadInput(
                f"the method {method} needs the package {package}, which is not installed",
                where="--method",
                fix="Install it: pip install 'tradewind[optimize]', or use --method sobol",
            )
    width = len(moving(space))
    if method == "cma-es" and objectives > 1:
        raise BadInput("CMA-ES follows one objective", where="--method", fix="For several use --method tpe")
    if method == "cma-es" and width < 2:
        raise BadInput("CMA-ES turns at least two parameters", where="--method", fix="For one use --method grid or tpe")
    return Guided(space, budget, objectives, *SAMPLERS[method](width, seed % 2**32))


def _tpe(_: int, seed: int) -> tuple[Any, int]:
    # Pinned one by one: what optuna takes by itself has changed from one major release to the next.
    sampler = import_module("optuna.samplers").TPESampler(
        n_startup_trials=TPE_STARTUP,
        n_ei_candidates=24,
        seed=seed,
        multivariate=True,
        group=False,
        constant_liar=True,
    )
    return sampler, TPE_BATCH


def _cma_es(width: int, seed: int) -> tuple[Any, int]:
    population = 4 + int(3 * math.log(width))
    samplers = import_module("optuna.samplers")
    with warnings.catch_warnings():
        # The margin is called experimental for its interface, which the pinned major release holds still.
        warnings.simplefilter("ignore", import_module("optuna.exceptions").ExperimentalWarning)
        return _with_margin(samplers, population, seed), population


def _with_margin(samplers: Any, population: int, seed: int) -> Any:
    """CMA-ES that keeps moving along axes with steps."""
    return samplers.CmaEsSampler(
        n_startup_trials=population,
        independent_sampler=samplers.RandomSampler(seed=seed),
        warn_independent_sampling=False,
        seed=seed,
        popsize=population,
        with_margin=True,
        use_separable_cma=False,
        lr_adapt=False,
    )


SAMPLERS: dict[str, Callable[[int, int], tuple[Any, int]]] = {"tpe": _tpe, "cma-es": _cma_es}


class Guided:
    """A search that asks a sampler of optuna. A set that comes again is not run again; the sampler is told at once."""

    def __init__(self, space: SearchSpace, budget: int, objectives: int, sampler: Any, batch: int) -> None:
        self._optuna = import_module("optuna")
        self._space, self._budget, self._batch = space, budget, batch
        self._by_rank = objectives == 1  # then a rank says all that a limit could
        # optuna announces a study on stderr, which belongs to the command's own notes.
        logging, before = self._optuna.logging, self._optuna.logging.get_verbosity()
        logging.set_verbosity(logging.WARNING)
        self._study = self._optuna.create_study(sampler=sampler, directions=["maximize"] * objectives)
        logging.set_verbosity(before)
        self._choices = _distributions(space)
        self._told: dict[tuple[Value, ...], Told] = {}
        self._waiting: list[tuple[Any, tuple[Value, ...]]] = []

    def ask(self, count: int) -> Sets:  # noqa: ARG002 - its own batch: another one would be another search
        """The next sets that were not tried yet. None where the search is over or has come to rest."""
        left = self._budget - len(self._told)
        for _ in range(REPEATS_MAX if left > 0 else 0):
            fresh: dict[tuple[Value, ...], dict[str, Value]] = {}
            for _ in range(self._batch):
                trial = self._study.ask(self._choices)
                found = self._set_of(trial.params)
                key = self._space.key(found)
                if key not in self._told and (key in fresh or len(fresh) < left):
                    fresh[key] = found
                self._waiting.append((trial, key))
            if fresh:
                return list(fresh.values())
            self._report()
        return []

    def tell(self, sets: Sets, values: NDArray[np.float64], broken: NDArray[np.float64]) -> None:
        """Remember what the sets brought, and tell the sampler."""
        for found, value, over in zip(sets, values.tolist(), broken.tolist(), strict=True):
            self._told[self._space.key(found)] = (tuple(value), tuple(over))
        self._report()

    def _report(self) -> None:
        for trial, key in self._waiting:
            if key not in self._told:  # beyond the budget: nobody ran it
                self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
                continue
            value, broken = self._told[key]
            undefined = any(math.isnan(one) for one in value)
            excess = UNDEFINED if undefined else min(sum(broken), UNDEFINED / 2)
            if not self._by_rank:
                trial.set_constraint("limits", excess)
            self._study.tell(trial, self._shown(value, excess, undefined))
        self._waiting.clear()

    def _shown(self, value: tuple[float, ...], excess: float, undefined: bool) -> list[float]:
        """What the sampler sees. One objective matters by rank alone, so what may not win stands below all that may."""
        if self._by_rank and excess > 0:
            return [WORST * (1.0 + excess / UNDEFINED)]
        return [0.0 if undefined else one for one in value]

    def _set_of(self, chosen: dict[str, Any]) -> dict[str, Value]:
        return {
            axis.name: axis.values[chosen[axis.name]] if axis.values else float(chosen[axis.name])
            for axis in self._space.axes
        }


def _distributions(space: SearchSpace) -> dict[str, Any]:
    """An axis with steps is the number of its value, so that the sampler knows what lies beside what."""
    kinds = import_module("optuna.distributions")
    return {
        axis.name: kinds.IntDistribution(0, len(axis.values) - 1)
        if axis.values
        else kinds.FloatDistribution(axis.low, axis.high)
        for axis in space.axes
    }

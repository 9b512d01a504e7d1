"""Does the result hang on the exact parameters? The strategy itself, run with neighbours of its parameters.

Each number moves by up to a fraction of itself, inside the range its strategy declares: whole numbers by at least one,
numbers with a step along their steps, zero by the fraction of its range. Switches stay as they are. All moved values of
a parameter are equally likely, the run's own included; paths with the same values are run once and counted each time.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tradewind.core.performance.path_chance import Stream, path_uniforms
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.parameters import Parameter
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Backtest
from tradewind.research.rerun_paths import Progress, rerun
from tradewind.research.simulated_paths import Simulated


def jitter_parameters(
    result: Backtest, paths: int, seed: int, jitter: float, cache: Path | None = None, progress: Progress | None = None
) -> Simulated | Undefined:
    """Run the strategy of `result` with `paths` neighbours of its parameters.

    Undefined where nothing can move, and where no path trades.
    """
    declared = result.strategy.parameters
    movable = [n for n, p in declared.items() if neighbourhood(p, result.parameters[n], jitter) is not None]
    if not movable:
        return Undefined("the strategy has no parameter that can move")

    def run_of(path: int) -> tuple[type[Strategy], dict[str, Any]]:
        drawn = path_uniforms(seed, Stream.JITTER, path, len(movable))
        moved = {
            name: neighbour(declared[name], result.parameters[name], jitter, float(u))
            for name, u in zip(movable, drawn, strict=True)
        }
        return result.strategy, result.parameters | moved

    found = rerun(result, paths, run_of, {"jitter": jitter}, cache, progress)
    # Nothing was risked anywhere: a chance of profit of 0 % would look like a result.
    return Undefined("no trades, on any path") if (found.figures["trades"] == 0).all() else found


def neighbourhood(parameter: Parameter, value: float, jitter: float) -> tuple[float, float] | None:
    """The lowest and highest value that `value` may move to; None where it cannot move."""
    if isinstance(parameter.default, bool):
        return None
    reach = jitter * abs(value)
    if value == 0 and parameter.low is not None and parameter.high is not None:
        reach = jitter * float(parameter.high - parameter.low)
    whole = isinstance(parameter.default, int)
    if whole:
        reach = float(max(1, round(reach)))
    if parameter.step is not None:
        reach = max(1, math.floor(reach / parameter.step + 1e-9)) * float(parameter.step)
    low = value - reach if parameter.low is None else max(float(parameter.low), value - reach)
    high = value + reach if parameter.high is None else min(float(parameter.high), value + reach)
    return None if high <= low else (low, high)


def neighbour(parameter: Parameter, value: float, jitter: float, drawn: float) -> float:
    """The value that the number `drawn` from [0, 1) leads to."""
    bounds = neighbourhood(parameter, value, jitter)
    assert bounds is not None
    low, high = bounds
    whole = isinstance(parameter.default, int)
    step = float(parameter.step) if parameter.step is not None else 1.0 if whole else None
    if step is None:
        return low + drawn * (high - low)
    # Steps are counted from the value itself, so that it is one of its own neighbours.
    down, up = math.floor((value - low) / step + 1e-9), math.floor((high - value) / step + 1e-9)
    moved = value + step * (math.floor(drawn * (down + up + 1)) - down)
    return int(moved) if whole else moved

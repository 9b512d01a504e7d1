"""What one waits for before anything runs: help, imports, the first compilation, the next process.

Each is a whole process, from its start to its end, the interpreter's own start included.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from contenders import CONTENDERS, Contender
from environments import ENVS, HERE, python_of

FIRST_BARS = 2_000


@dataclass(frozen=True)
class Wait:
    """One line: what is waited for, and the wall seconds and processor seconds of each repetition."""

    what: str
    measured: tuple[list[float], list[float]]
    goal: float | None = None

    @property
    def seconds(self) -> list[float]:
        return self.measured[0]

    @property
    def processor(self) -> list[float]:
        return self.measured[1]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def waits(names: set[str], repeats: int) -> list[Wait]:
    """Every wait of the environments in `names`."""
    found = [Wait("Python itself: `python -c pass`", _process([_python("tradewind"), "-c", "pass"], repeats))]
    command = str(ENVS / "tradewind" / "bin" / "tradewind")
    found.append(Wait("`tradewind --help`", _process([command, "--help"], repeats), 0.3))
    code = "from tradewind import Strategy, SMA"
    found.append(Wait(f"`{code}`", _process([_python("tradewind"), "-c", code], repeats), 0.5))
    for c in CONTENDERS:
        if c.environment in names and c.environment != "tradewind":
            code = f"import {c.module}"
            found.append(Wait(f"`{code}`", _process([_python(c.environment), "-c", code], repeats)))
    return found


def first_runs(names: set[str], market: Path) -> list[Wait]:
    """A backtest over a few bars where nothing has been compiled before, and again in later processes."""
    found = []
    for c in CONTENDERS:
        if c.environment not in names or c.name == "Tradewind, interpreted":
            continue
        with tempfile.TemporaryDirectory() as cold:
            command = _command(c, market, Path(cold))
            environ = {"NUMBA_CACHE_DIR": cold}
            for times, when, compiling, goal in (
                (1, "first backtest ever", "compiling the strategy", 5.0),
                (3, "backtest in a later process", "loading the compiled strategy", 0.5),
            ):
                printed: list[str] = []
                found.append(Wait(f"{c.name}: {when}", _process(command, times, environ, printed)))
                if c.environment == "tradewind":
                    found.append(Wait(f"of it: {compiling}", _last_lines(printed), goal))
    return found


def _command(c: Contender, market: Path, cache: Path) -> list[str]:
    if c.environment == "tradewind":
        return [_python("tradewind"), "first_tradewind.py", str(market), str(FIRST_BARS), str(cache)]
    return [_python(c.environment), c.script, str(market), str(FIRST_BARS), "1", *c.options]


def _python(name: str) -> str:
    return str(python_of(name))


def _last_lines(printed: list[str]) -> tuple[list[float], list[float]]:
    """Wall and processor seconds that the processes said in their last lines."""
    pairs = [text.strip().splitlines()[-1].split() for text in printed]
    return [float(wall) for wall, _ in pairs], [float(processor) for _, processor in pairs]


def _process(
    command: list[str], repeats: int, environ: dict[str, str] | None = None, printed: list[str] | None = None
) -> tuple[list[float], list[float]]:
    seconds: list[float] = []
    processor: list[float] = []
    whole = {**os.environ, **(environ or {})}
    for _ in range(repeats):
        used, before = _used(), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE / "peers", env=whole)
        seconds.append(time.perf_counter() - before)
        processor.append(_used() - used)
        if printed is not None:
            printed.append(done.stdout)
        if done.returncode != 0:
            sys.stderr.write(done.stderr[-2000:])
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}")
    return seconds, processor


def _used() -> float:
    """Processor seconds of all processes that were started here and have ended."""
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return of_children.ru_utime + of_children.ru_stime

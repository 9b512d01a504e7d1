"""How a contender measures itself: the run alone, wall clock and processor time, and the memory the process came to."""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

CASH = 1_000_000.0
FEE = 0.0005
FAST, SLOW = 10, 30


def measure(repeats: int, run: Callable[[], Any]) -> tuple[list[float], list[float], Any]:
    """Wall seconds and processor seconds of each of `repeats` runs, and what the last one gave."""
    wall: list[float] = []
    processor: list[float] = []
    result = None
    for _ in range(repeats):
        result = None
        gc.collect()
        wall_before, processor_before = time.perf_counter(), time.process_time()
        result = run()
        wall.append(time.perf_counter() - wall_before)
        processor.append(time.process_time() - processor_before)
    return wall, processor, result


def memory_mb() -> float:
    """The most memory this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def answer(**figures: Any) -> None:
    """Hand the figures to the one who started this process: the last line on stdout."""
    figures["memory_mb"] = memory_mb()
    sys.stdout.write(json.dumps(figures) + "\n")

"""What the system says of this process: memory, processor time, open files, when it began."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

BEGAN_S = time.time()
"""When this module was read, which is when a process that is watched begins its work."""


def process_figures() -> dict[str, float]:
    """The names of `PROCESS_METRICS` with their values; what this system does not tell is left out."""
    times = os.times()
    figures = {"process_cpu_seconds_total": times.user + times.system, "process_start_time_seconds": BEGAN_S}
    memory = resident_memory_bytes()
    if memory is not None:
        figures["process_resident_memory_bytes"] = float(memory)
    if sys.platform == "linux":
        figures["process_open_fds"] = float(sum(1 for _ in Path("/proc/self/fd").iterdir()))
    return figures


def resident_memory_bytes() -> int | None:
    """Memory of this process that is not swapped out; None where the system has no /proc to ask."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")

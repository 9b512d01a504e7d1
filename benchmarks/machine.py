"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def processor() -> str:
    """The processor's name as Linux gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def load() -> float:
    """How many processes wanted a processor over the last minute, on average."""
    return os.getloadavg()[0]


def described() -> dict[str, object]:
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory_gb(), 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }

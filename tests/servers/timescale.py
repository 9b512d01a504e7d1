"""A real PostgreSQL with TimescaleDB, Apache edition, inside a folder that `timescale_root.sh` has made.

The folder's path stands in TRADEWIND_TIMESCALE_ROOT; without it, tests of TimescaleDB skip.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from tests.servers.postgres import PostgresServer

VARIABLE = "TRADEWIND_TIMESCALE_ROOT"
OPTIONS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "dynamic_shared_memory_type": "mmap",
}


def timescale_server() -> PostgresServer:
    """The server, made and started."""
    root = Path(os.environ.get(VARIABLE, ""))
    if not root.name or not (root / "usr/lib/postgresql").is_dir():
        pytest.skip(
            f"there is no TimescaleDB: make one with tests/servers/timescale_root.sh, and name it in {VARIABLE}"
        )
    if os.geteuid() != 0:
        pytest.skip("only root may run programs inside another system's folder")
    folder = Path(tempfile.mkdtemp(prefix="tradewind-timescale-", dir=root / "var/tmp"))
    options = tuple(word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}"))
    return PostgresServer(folder=folder, root=root, options=options).make()

"""The servers that Tradewind can use, on this machine, without containers: PostgreSQL, Redis in two roles, Kafka.

    make services        or: python3 deploy/services.py --only postgres --only redis

Each is started from what is installed, on loopback, with the settings that the tests use; what is missing is named and
left out. The settings for Tradewind are printed as lines for a shell. Ctrl-C ends them all. What
PostgreSQL and Redis keep stays in the folder; Kafka forgets.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from deploy.kafka.brokers import Brokers  # noqa: E402 - the project's folder is named above
from deploy.kafka.jars import MissingError  # noqa: E402

PATIENCE_S = 60.0
PORT = 15_432
AS_ROOT = Path("/var/lib/tradewind/services")
AS_USER = Path("~/.local/state/tradewind/services")


class NotHereError(Exception):
    """Something is not installed; the message says what, and how it is."""


def postgres(folder: Path, port: int) -> tuple[subprocess.Popen[bytes], list[str]]:
    """Start PostgreSQL, with a database cluster made where there is none; as user postgres where we are root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not programs and not shutil.which("postgres"):
        raise NotHereError("PostgreSQL: apt-get install postgresql")
    where = programs[-1] if programs else Path(str(shutil.which("postgres"))).parent
    folder.mkdir(parents=True, exist_ok=True)
    whom: dict[str, Any] = {}
    if os.geteuid() == 0:
        whom = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        words = ["-D", str(data), "-U", "tradewind", "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([where / "initdb", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, **whom)
    words = ["-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    process = _started([where / "postgres", *words], folder, **whom)
    asked = [where / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    _until(lambda: subprocess.run(asked, check=False).returncode == 0, process, folder)
    return process, [f"TRADEWIND_POSTGRES=postgresql://tradewind@127.0.0.1:{port}/postgres"]


def redis(role: str, folder: Path, port: int) -> tuple[subprocess.Popen[bytes], list[str]]:
    """Start Redis in a role, with its own file of settings."""
    program = shutil.which("redis-server")
    if program is None:
        raise NotHereError("Redis: apt-get install redis-server")
    folder.mkdir(parents=True, exist_ok=True)
    settings = HERE / "redis" / f"{role}.conf"
    process = _started([program, settings, "--port", str(port), "--dir", str(folder)], folder)
    _until(lambda: _pong(port), process, folder)
    return process, [f"TRADEWIND_REDIS_{role.upper()}=redis://127.0.0.1:{port}/0"]


def _started(command: list[Any], folder: Path, **how: Any) -> subprocess.Popen[bytes]:
    """A process with its words in `folder`/log; Ctrl-C is for us, who end it in order."""
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            list(map(str, command)), stdout=log, stderr=log, cwd=folder, start_new_session=True, **how
        )


def _until(ready: Callable[[], bool], process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"it did not come up; its words are in {folder / 'log'}")
        time.sleep(0.05)


def _pong(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


@contextmanager
def _process(
    start: Callable[..., tuple[subprocess.Popen[bytes], list[str]]], *given: Any
) -> Iterator[tuple[int, list[str]]]:
    process, lines = start(*given)
    try:
        yield process.pid, lines
    finally:
        process.send_signal(signal.SIGINT if start is postgres else signal.SIGTERM)  # PostgreSQL's fast shutdown
        process.wait(PATIENCE_S)


@contextmanager
def _kafka() -> Iterator[tuple[int, list[str]]]:
    brokers = Brokers(1)
    try:
        try:
            brokers.start()
        except MissingError as missing:
            raise NotHereError(f"Kafka: {missing}") from None
        yield 0, [f"TRADEWIND_KAFKA=kafka://{brokers.places}"]
    finally:
        brokers.remove()


def main() -> int:
    """Start them, say where they are, and wait for Ctrl-C."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--folder", type=Path, default=AS_ROOT if os.geteuid() == 0 else AS_USER)
    words.add_argument("--only", action="append", choices=("postgres", "redis", "kafka"))
    words.add_argument("--port", type=int, default=PORT, help="PostgreSQL's; Redis has the two that follow")
    options = words.parse_args()
    folder, port = options.folder.expanduser().resolve(), options.port
    known = {
        "postgres": [lambda: _process(postgres, folder / "postgres", port)],
        "redis": [
            lambda: _process(redis, "state", folder / "redis-state", port + 1),
            lambda: _process(redis, "cache", folder / "redis-cache", port + 2),
        ],
        "kafka": [_kafka],
    }
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running = 0
    try:
        with ExitStack() as stack:
            for service in (one for name in options.only or known for one in known[name]):
                try:
                    _, lines = stack.enter_context(service())
                except NotHereError as missing:
                    print(f"not here: {missing}", file=sys.stderr)
                    continue
                running += 1
                for line in lines:
                    print(f"export {line}", flush=True)
            if not running:
                return 5
            print("Ready: paste these lines, then `tradewind doctor`. Ctrl-C ends them.", file=sys.stderr, flush=True)
            signal.pause()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Everything at once: three brokers, a Redis cluster of six, PostgreSQL behind a bad network, Tradewind's processes."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.servers.kafka import kafka_brokers
from tests.servers.postgres import PostgresServer, free_port
from tests.servers.proxy import Proxy
from tests.servers.redis import RedisServers

from tradewind.adapters.bus.kafka_place import kafka_place
from tradewind.adapters.bus.kafka_topics import make_topics
from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.adapters.event_store.postgres_events import PostgresEventStore
from tradewind.ports.cache import Role

ROOT = Path(__file__).parents[2]
QUICK = {
    # A broker is taken for dead after 9 seconds otherwise.
    "broker.session.timeout.ms": "5000", "broker.heartbeat.interval.ms": "1000", "offsets.topic.num.partitions": "4",
}  # fmt: skip
SERVES = 2
ENDS_S = 60.0


class Process:
    """A process of Tradewind, which is started again where it ended, as Kubernetes would."""

    def __init__(self, words, environment, log):
        self.words, self.environment, self.log = words, environment, log
        self.process = None
        self.wanted = False
        self.starts = 0

    def start(self):
        self.wanted = True
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.words], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    def kill(self):
        self.wanted = False
        self.process.kill()
        self.process.wait()

    def end(self):
        """Ask it to end, and wait for that."""
        self.wanted = False
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(ENDS_S)
                return
            self.process.kill()
            self.process.wait()

    def look(self):
        """Start it again where it ended by itself."""
        if self.wanted and self.process.poll() is not None:
            self.start()


class Stand:
    """`async with Stand() as stand`: it is up, and events flow."""

    async def __aenter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tradewind-chaos-"))
        self.acknowledged_file = self.folder / "acknowledged"
        self.processes, self.brokers, self.redis, self.postgres = [], None, RedisServers(), PostgresServer()
        self.proxy = None
        try:
            await asyncio.to_thread(self._servers)
            self.proxy = await Proxy(self.postgres.port).__aenter__()
            self.place = f"kafka://{self.brokers.places}"
            await make_topics(kafka_place(self.place), patience_s=60)
            self._processes()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *problem):
        await asyncio.to_thread(lambda: [process.end() for process in self.processes])
        if self.proxy is not None:
            await self.proxy.__aexit__()
        await asyncio.to_thread(self._remove)

    def _servers(self):
        self.brokers = kafka_brokers(3, settings=QUICK, heap_mb=192)
        self.redis.start()
        self.postgres.make()

    def _remove(self):
        if self.brokers is not None:
            self.brokers.remove()
        self.redis.remove()
        self.postgres.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _processes(self):
        through_proxy = self.postgres.url().replace(f":{self.postgres.port}/", f":{self.proxy.port}/")
        settings = {
            "TRADEWIND_HOME": str(self.folder / "home"), "TRADEWIND_KAFKA": self.place,
            "TRADEWIND_POSTGRES": through_proxy, "TRADEWIND_REDIS_STATE": self.redis.url,
        }  # fmt: skip
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TRADEWIND_")} | settings
        environment["PYTHONPATH"] = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
        self.metrics_ports = [free_port() for _ in range(SERVES)]
        self.serves = [
            Process(
                ["-m", "tradewind.interfaces.cli.main", "serve", "--metrics-port", str(port)],
                environment, self.folder / f"serve{number}.log",
            )
            for number, port in enumerate(self.metrics_ports)
        ]  # fmt: skip
        words = ["-m", "tests.chaos.publisher", str(self.acknowledged_file)]
        self.publisher = Process(words, environment, self.folder / "publisher.log")
        self.processes = [*self.serves, self.publisher]
        for process in self.processes:
            process.start()

    def acknowledged(self):
        """Ids of events that were acknowledged to their publisher. A last line that was cut off was not yet written."""
        with suppress(FileNotFoundError):
            return self.acknowledged_file.read_text(encoding="ascii").rpartition("\n")[0].split("\n")
        return []

    def open(self):
        """The store and the cache, by the straight way."""
        return PostgresEventStore(self.postgres.url()), RedisCache(self.redis.url, Role.STATE)

    def pages(self):
        """The page of each process that serves, None for one that does not answer. Blocks."""
        return [page(port) for port in self.metrics_ports]

    def logs(self):
        """The last words of every process."""
        files = sorted(self.folder.glob("*.log"))
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-3_000:]}" for file in files)


def page(port):
    """The numbers of a process by series; None where it does not answer in time."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=3) as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def until(true, patience_s, turn_s=0.2):
    """Whether something came to be so within a time."""
    deadline = time.monotonic() + patience_s
    while not await true():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(turn_s)
    return True

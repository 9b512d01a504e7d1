"""Real Apache Kafka brokers (KRaft) on this machine, for development and tests.

    python3 deploy/kafka/brokers.py --nodes 3

Java 17 and Maven are needed. Brokers listen on loopback only, and end at Ctrl-C together with all they keep.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from deploy.kafka.jars import MissingError, jars  # noqa: E402 - the project's folder is named above

PATIENCE_S = 120.0
PORTS = range(15_000, 22_000)
"""Below those that the system hands out to clients, so that a port that is free stays free."""
CLUSTER = "dHJhZGV3aW5kLWthZmthIQ"
"""16 bytes in URL-safe base64; all brokers of a cluster have the same."""
JAVA = (
    "java", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)  # fmt: skip
SMALL = {
    # Enough for one machine; by default the first alone takes 128 MB of the heap.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
STARTED = b"Kafka Server started"


def free_port() -> int:
    """A loopback port that nobody listens on."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port was found")


@dataclass
class Broker:
    """One broker that is its own controller as well. `kill` and `start` as often as one likes."""

    number: int
    folder: Path
    port: int
    controller_port: int
    heap_mb: int = 256
    process: subprocess.Popen[bytes] | None = None

    @property
    def place(self) -> str:
        """Where clients reach it."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has said."""
        return (self.folder / "log").read_text(errors="replace")

    def format(self, settings: Mapping[str, str], scram: tuple[str, ...]) -> None:
        """Write its settings, and make its folder a broker's."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "broker.properties").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
        words = [word for user in scram for word in ("--add-scram", user)]
        done = self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER, *words, "--ignore-formatted", "-c")
        out, _ = done.communicate(timeout=PATIENCE_S)
        assert done.returncode == 0, out.decode(errors="replace")

    def start(self) -> Broker:
        """Start it; `wait` waits until it serves."""
        self.process = self._java("kafka.Kafka", log=self.folder / "log")
        return self

    def wait(self) -> Broker:
        """Wait until it serves since it was last started."""
        deadline = time.monotonic() + PATIENCE_S
        while STARTED not in (self.folder / "log").read_bytes():
            assert self.process is not None
            assert self.process.poll() is None, self.log[-4000:]
            assert time.monotonic() < deadline, f"broker {self.number} did not start: {self.log[-4000:]}"
            time.sleep(0.05)
        return self

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End it: SIGTERM hands its partitions over first, SIGKILL is a crash."""
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait(PATIENCE_S)
            self.process = None

    def kill(self) -> None:
        """End it as a crash does."""
        self.stop(signal.SIGKILL)

    def _java(self, main: str, *words: str, log: Path | None = None) -> subprocess.Popen[bytes]:
        command = [*JAVA, f"-Xmx{self.heap_mb}m", "-cp", f"{jars()}/*", main, *words, "broker.properties"]
        with (log or Path("/dev/null")).open("wb") as out:
            where = subprocess.PIPE if log is None else out
            return subprocess.Popen(command, stdout=where, stderr=subprocess.STDOUT, cwd=self.folder)


@dataclass
class Brokers:
    """One broker, or three that hold each other's events."""

    nodes: int = 1
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings besides those of the project's files, and over them."""
    security: str = "PLAINTEXT"
    scram: tuple[str, ...] = ()
    """People who may log in, as Kafka's format tool writes them."""
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="tradewind-kafka-")))
    heap_mb: int = 256
    members: list[Broker] = field(default_factory=list)

    @property
    def places(self) -> str:
        """Where clients reach them, with commas between."""
        return ",".join(member.place for member in self.members)

    def start(self) -> Brokers:
        """Make them, start them, and wait until all serve."""
        jars()
        for number in range(1, self.nodes + 1):
            folder = self.folder / str(number)
            self.members.append(Broker(number, folder, free_port(), free_port(), self.heap_mb))
        for member in self.members:
            member.format(self._told(member), self.scram)
            member.start()
        for member in self.members:
            member.wait()
        return self

    def remove(self) -> None:
        """End them, and remove their folder."""
        for member in self.members:
            member.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _told(self, broker: Broker) -> dict[str, str]:
        voters = ",".join(f"{m.number}@127.0.0.1:{m.controller_port}" for m in self.members)
        return {
            **read(HERE / "broker.properties"),
            **read(HERE / ("one.properties" if self.nodes == 1 else "three.properties")),
            **SMALL,
            "process.roles": "broker,controller",
            "node.id": str(broker.number),
            "controller.quorum.voters": voters,
            "listeners": f"CLIENTS://{broker.place},CONTROLLER://127.0.0.1:{broker.controller_port}",
            "advertised.listeners": f"CLIENTS://{broker.place}",
            "listener.security.protocol.map": f"CLIENTS:{self.security},CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENTS",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(broker.folder / "data"),
            **self.settings,
        }


def read(file: Path) -> dict[str, str]:
    """The settings of a properties file."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def main() -> int:
    """Run brokers until Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    wanted = options.parse_args()
    brokers = Brokers(wanted.nodes)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        brokers.start()
        print(f"kafka://{brokers.places}", flush=True)
        print(
            f"{wanted.nodes} running in {brokers.folder}; Ctrl-C ends them and removes what they keep", file=sys.stderr
        )
        signal.pause()
    except MissingError as problem:
        print(problem, file=sys.stderr)
        return 5
    except KeyboardInterrupt:
        pass
    finally:
        brokers.remove()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

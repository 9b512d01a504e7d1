"""The jars of Apache Kafka: fetched by Maven once, into a cache folder outside the project."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
VARIABLE = "TRADEWIND_KAFKA_JARS"
"""Names a folder of jars that are there already, and then nothing is fetched."""
FETCH_S_MAX = 480


class MissingError(Exception):
    """A broker cannot be run on this machine, and why."""


def version() -> str:
    """The version of Kafka that is run."""
    found = ElementTree.parse(HERE / "pom.xml").getroot().find(".//{*}kafka.version")
    assert found is not None
    assert found.text
    return found.text


def jars() -> Path:
    """The folder of jars. Raises MissingError where there is no Java, or they cannot be fetched."""
    if shutil.which("java") is None:
        raise MissingError("Java is not installed (Debian: apt-get install openjdk-17-jre-headless)")
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tradewind"
    folder = caches / f"kafka-{version()}"
    if folder.is_dir():
        return folder
    if shutil.which("mvn") is None:
        raise MissingError("Maven, which fetches Kafka, is not installed (Debian: apt-get install maven)")
    caches.mkdir(parents=True, exist_ok=True)
    # Several test processes may want it at once; one fetches, the others wait and find it.
    with (caches / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        new = Path(place) / "jars"
        command = ["mvn", "-q", "-B", "-f", HERE / "pom.xml", "dependency:copy-dependencies"]
        done = subprocess.run(
            [*command, "-DincludeScope=runtime", f"-DoutputDirectory={new}"],
            capture_output=True, text=True, check=False, timeout=FETCH_S_MAX,
        )  # fmt: skip
        if done.returncode != 0:
            raise MissingError(f"Maven could not fetch Kafka: {(done.stdout + done.stderr).strip()[-500:]}")
        new.rename(folder)

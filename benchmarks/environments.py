"""A virtual environment for each contender, made once for each list of pinned versions."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVS = HERE / "envs"
PROJECT = HERE.parent
TOOLS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel", "distutils-precedence.pth")
"""What a virtual environment brings along, and which is nobody's install size."""

PINNED = {
    "tradewind": PROJECT / "requirements" / "run.txt",
    "backtesting": HERE / "requirements" / "backtesting.txt",
    "vectorbt": HERE / "requirements" / "vectorbt.txt",
    "nautilus": HERE / "requirements" / "nautilus.txt",
}
PACKAGES = {
    "tradewind": "tradewind",
    "backtesting": "backtesting",
    "vectorbt": "vectorbt",
    "nautilus": "nautilus_trader",
}


class NotInstalled(Exception):
    """An environment could not be made; the message says why."""


def python_of(name: str) -> Path:
    """The interpreter of an environment."""
    return ENVS / name / "bin" / "python"


def make(name: str) -> None:
    """Make the environment unless it is there with these very versions. Raises NotInstalled."""
    wanted = hashlib.sha256(PINNED[name].read_bytes() + sys.version.encode()).hexdigest()
    stamp = ENVS / name / "pinned.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"installing {name} ...", file=sys.stderr, flush=True)
    venv.EnvBuilder(with_pip=True, clear=True).create(ENVS / name)
    _pip(name, "install", "-r", str(PINNED[name]))
    if name == "tradewind":
        _pip(name, "install", "--no-deps", "--no-build-isolation", "-e", str(PROJECT))
    stamp.write_text(wanted)


def _pip(name: str, *arguments: str) -> None:
    command = [str(python_of(name)), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise NotInstalled(f"{name} on Python {sys.version.split()[0]}: {reason}")


def version(name: str) -> str:
    """The installed version of a contender."""
    code = f"from importlib.metadata import version; print(version({PACKAGES[name]!r}))"
    return subprocess.run([str(python_of(name)), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def size_mb(name: str) -> float:
    """What the contender and everything it needs take on disk, in MiB, without byte code and installation tools."""
    library = next((ENVS / name / "lib").glob("python*/site-packages"))
    total = sum(_bytes(entry) for entry in library.iterdir() if not entry.name.startswith(TOOLS))
    if name == "tradewind":  # installed in place
        total += _bytes(PROJECT / "src" / "tradewind")
    return total / 2**20


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(
        (Path(folder) / file).stat().st_size
        for folder, _, files in os.walk(path)
        if not folder.endswith("__pycache__")
        for file in files
    )


def answer_of(command: list[str], environ: dict[str, str] | None = None) -> dict[str, object]:
    """Run a contender's process to its end; the figures it answers with. Raises RuntimeError with what it said."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **(environ or {})}, cwd=HERE / "peers"
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    figures: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures

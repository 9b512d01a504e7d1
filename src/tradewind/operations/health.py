"""Whether everything Tradewind needs is in order, and for each thing that is not, what to do."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from tradewind.core.domain.errors import TradewindError
from tradewind.core.domain.lockbox import Deed, seals_of
from tradewind.ports.lockbox import Lockbox
from tradewind.ports.market_data import MarketData
from tradewind.ports.runs import Runs
from tradewind.ports.trials import Trials
from tradewind.settings import SETTINGS, Settings

PYTHONS = ((3, 11), (3, 14))
PACKAGES = ("numpy", "numba", "polars", "msgspec", "typer", "rich", "jinja2")
EXTRAS = {
    "ccxt": "tradewind data download; install it with: pip install 'tradewind[live]'",
    "optuna": "tradewind optimize --method tpe; install it with: pip install 'tradewind[optimize]'",
    "cmaes": "tradewind optimize --method cma-es; install it with: pip install 'tradewind[optimize]'",
}
FOLDERS = tuple(setting.name for setting in SETTINGS if setting.is_folder)
DISK_FREE_MIN = 2 * 2**30


class State(StrEnum):
    """How a check went."""

    FINE = "fine"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Checkup:
    """One thing looked at: what was found and, where it is not fine, what to do."""

    name: str
    state: State
    found: str
    fix: str = ""


def checkups(
    settings: Settings,
    catalogue: MarketData,
    trials: Trials,
    lockbox: Lockbox,
    runs: Runs,
    services: Mapping[str, Callable[[], str]] | None = None,
) -> list[Checkup]:
    """Every check, in an order in which the first failure explains the later ones.

    `services` are asked who they are; one that cannot be had raises a TradewindError.
    """
    checks: list[Callable[[], Iterable[Checkup]]] = [
        lambda: [_python()],
        lambda: map(_package, PACKAGES),
        lambda: [_extra(name, use) for name, use in EXTRAS.items()],
        lambda: [_settings(settings)],
        lambda: [_folder(name, getattr(settings, name)) for name in FOLDERS],
        lambda: [_disk(settings.data)],
        lambda: _catalogue(catalogue),
        lambda: [_trials(trials)],
        lambda: _lockbox(lockbox, runs),
        lambda: [_service(name, ask) for name, ask in (services or {}).items()],
    ]
    return [result for check in checks for result in check()]


def _python() -> Checkup:
    found = (
        f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} {platform.machine()}"
    )
    low, high = PYTHONS
    if low <= sys.version_info[:2] <= high:
        return Checkup("python", State.FINE, found)
    return Checkup("python", State.FAILED, found, f"Use Python {low[0]}.{low[1]} to {high[0]}.{high[1]}")


def _package(name: str) -> Checkup:
    try:
        return Checkup(name, State.FINE, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Checkup(name, State.FAILED, "not installed", "Install Tradewind again: pip install tradewind")


def _extra(name: str, use: str) -> Checkup:
    if find_spec(name) is not None:
        return Checkup(name, State.FINE, f"{metadata.version(name)} (optional)")
    return Checkup(name, State.FINE, f"not installed (optional, for {use})")


def _settings(settings: Settings) -> Checkup:
    if settings.file is not None:
        return Checkup("settings", State.FINE, str(settings.file))
    return Checkup("settings", State.FINE, f"defaults, below {settings.home} (a file to change them: tradewind init)")


def _folder(name: str, folder: Path) -> Checkup:
    """A folder must be writable; one that is not there yet must be possible to make."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    fix = f"Give yourself the right to it, or name another: TRADEWIND_{name.upper()} or tradewind.toml"
    if not there.is_dir():
        return Checkup(f"{name} folder", State.FAILED, f"{there} is a file", fix)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as problem:
        return Checkup(f"{name} folder", State.FAILED, f"{there} cannot be written: {problem.strerror}", fix)
    return Checkup(f"{name} folder", State.FINE, str(folder) if there == folder else f"{folder} (made when first used)")


def _disk(folder: Path) -> Checkup:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    found = f"{free / 2**30:,.1f} GiB free"
    if free >= DISK_FREE_MIN:
        return Checkup("disk", State.FINE, found)
    return Checkup("disk", State.WARNING, found, f"Free some: less than {DISK_FREE_MIN >> 30} GiB are left at {there}")


def _catalogue(catalogue: MarketData) -> Iterable[Checkup]:
    rows = sets = 0
    for place, reason in catalogue.damaged().items():
        yield Checkup("catalogue", State.FAILED, f"{place}: {reason}", "Remove this file and import the data again")
    for info in catalogue.data_sets():
        try:
            catalogue.read(info.key)
        except TradewindError as problem:
            yield Checkup("catalogue", State.FAILED, f"{problem.where}: {problem.message}", problem.fix or "")
        else:
            sets, rows = sets + 1, rows + info.rows
    yield Checkup("catalogue", State.FINE, f"{sets} data sets, {rows:,} rows, every hash as stored")


def _trials(trials: Trials) -> Checkup:
    try:
        count = trials.verify()
    except TradewindError as problem:
        return Checkup("trials", State.FAILED, f"{problem.where}: {problem.message}", problem.fix or "")
    return Checkup("trials", State.FINE, f"{count:,} counted")


def _service(name: str, ask: Callable[[], str]) -> Checkup:
    try:
        return Checkup(name, State.FINE, ask())
    except TradewindError as problem:
        fix = problem.fix or "Start it, or name another in tradewind.toml"
        return Checkup(name, State.FAILED, f"{problem.where}: {problem.message}", fix)


def _lockbox(lockbox: Lockbox, runs: Runs) -> Iterable[Checkup]:
    """The chain and its witness, and the looks that kept reports speak of: a third witness."""
    try:
        entries = lockbox.entries()
    except TradewindError as problem:
        yield Checkup("lockbox", State.FAILED, f"{problem.where}: {problem.message}", problem.fix or "")
        return
    known = {f"{entry.number} {entry.hash}" for entry in entries}
    strange = [
        run.name
        for run in runs.kept()
        if (look := (run.summary.get("hashes") or {}).get("lockbox")) is not None and look not in known
    ]
    if strange:
        yield Checkup(
            "lockbox",
            State.FAILED,
            f"it knows nothing of the look that is reported in {', '.join(strange)}",
            "It was tampered with, or these runs were made with another one: put the lockbox back from a backup",
        )
    opened = sum(entry.done.deed is Deed.OPENED for entry in entries)
    if not strange:
        yield Checkup("lockbox", State.FINE, f"{len(seals_of(entries))} seals, {opened} looks, all as written")

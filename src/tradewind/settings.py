"""The settings a person can make: a readable TOML file, and TRADEWIND_* in the environment, which wins.

Folders are absolute here, whatever was written; a wrong setting is named together with the place it stands in.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradewind.core.domain.errors import BadInput

FILE_NAME = "tradewind.toml"


@dataclass(frozen=True)
class Settings:
    """Where things are kept and what is used when nothing is said."""

    home: Path
    data: Path
    runs: Path
    sweeps: Path
    cache: Path
    events: Path
    ledger: Path
    exchange: str
    postgres: str
    redis_state: str
    redis_cache: str
    kafka: str
    file: Path | None
    """The TOML file that was read, None where there is none."""


@dataclass(frozen=True)
class Setting:
    """One setting: its place in the file, its name in the environment and its default."""

    name: str
    table: str
    variable: str
    default: str
    meaning: str
    is_folder: bool = True
    is_server: bool = False
    """A server that does what a folder does otherwise: not used where nothing is said, and never asked for."""

    @property
    def shown(self) -> str:
        """The default as a person would write it into a file; folders are below the home folder."""
        return f"~/.tradewind/{self.default}" if self.is_folder else self.default


SETTINGS = (
    Setting("data", "folders", "TRADEWIND_DATA", "data", "candles, funding rates and mark prices"),
    Setting("runs", "folders", "TRADEWIND_RUNS", "runs", "results of backtests"),
    Setting("sweeps", "folders", "TRADEWIND_SWEEPS", "sweeps", "searches that were cut off, so that they can go on"),
    Setting("cache", "folders", "TRADEWIND_CACHE", "cache", "compiled code; safe to delete"),
    Setting("ledger", "folders", "TRADEWIND_LEDGER", "ledger", "the count of what was tried, and the seals; keep it"),
    Setting("events", "folders", "TRADEWIND_EVENTS", "events", "what sessions acted on"),
    Setting("exchange", "download", "TRADEWIND_EXCHANGE", "binance", "the exchange asked for candles", is_folder=False),
    Setting(
        "postgres", "servers", "TRADEWIND_POSTGRES", "",
        "events in PostgreSQL (postgresql://USER@HOST:5432/NAME) instead of the events folder",
        is_folder=False, is_server=True,
    ),
    Setting(
        "redis_state", "servers", "TRADEWIND_REDIS_STATE", "",
        "portfolios in Redis (redis://HOST:6379/0; it may forget nothing) instead of this process",
        is_folder=False, is_server=True,
    ),
    Setting(
        "redis_cache", "servers", "TRADEWIND_REDIS_CACHE", "",
        "what can be fetched again in Redis (another server, which may forget) instead of this process",
        is_folder=False, is_server=True,
    ),
    Setting(
        "kafka", "servers", "TRADEWIND_KAFKA", "",
        "events travel through Kafka (kafka://HOST:9092,HOST:9092; tradewind topics --make) instead of this process",
        is_folder=False, is_server=True,
    ),
)  # fmt: skip


def load_settings(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read `tradewind.toml` of `folder` (else of the home folder, else the one TRADEWIND_CONFIG names), then the
    environment. Raises BadInput naming the setting, its value and its place.
    """
    given = os.environ if environment is None else environment
    folder = Path.cwd() if folder is None else folder
    home = _folder(given["TRADEWIND_HOME"], folder) if given.get("TRADEWIND_HOME") else Path.home() / ".tradewind"
    file = _settings_file(given, folder, home)
    written = _read(file) if file else {}
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text, below = setting.default, home
        if setting.name in written.get(setting.table, {}):
            text, below = _text(written[setting.table][setting.name], setting, str(file)), file.parent if file else home
        if given.get(setting.variable):
            text, below = given[setting.variable], folder
        values[setting.name] = _folder(text, below) if setting.is_folder else text
    return Settings(home=home, file=file, **values)


def _settings_file(given: Mapping[str, str], folder: Path, home: Path) -> Path | None:
    if given.get("TRADEWIND_CONFIG"):
        file = _folder(given["TRADEWIND_CONFIG"], folder)
        if not file.is_file():
            raise BadInput(
                f"there is no settings file {file}", where="TRADEWIND_CONFIG", fix="Write one: tradewind init"
            )
        return file
    return next((path for path in (folder / FILE_NAME, home / FILE_NAME) if path.is_file()), None)


def _read(file: Path) -> dict[str, Any]:
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
        raise BadInput(
            f"the settings cannot be read: {problem}",
            where=str(file),
            fix="Correct the file, or take it away: tradewind init writes a new one",
        ) from None
    known = {(setting.table, setting.name) for setting in SETTINGS}
    for table, entries in written.items():
        if not isinstance(entries, dict):
            raise BadInput(f"unknown setting {table!r}", where=str(file), fix=_tables())
        for name in entries:
            if (table, name) not in known:
                raise BadInput(f"unknown setting {name!r} in [{table}]", where=str(file), fix=_tables())
    return written


def _text(value: object, setting: Setting, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(
            f"[{setting.table}] {setting.name} must be a text, not {value!r}",
            where=where,
            fix="Write it in quotation marks",
        )
    return value


def _tables() -> str:
    return "Settings are " + ", ".join(f"[{setting.table}] {setting.name}" for setting in SETTINGS)


def _folder(text: str, below: Path) -> Path:
    return (below / Path(text).expanduser()).resolve()


def settings_text(answers: Mapping[str, str]) -> str:
    """A settings file with a comment for every setting. What is not answered stands as a comment with its default."""
    lines = ["# Settings of Tradewind. A relative folder is below this file; TRADEWIND_* in the environment wins."]
    for table in dict.fromkeys(setting.table for setting in SETTINGS):
        lines += ["", f"[{table}]"]
        for setting in SETTINGS:
            if setting.table == table:
                answer = answers.get(setting.name)
                text = setting.shown if answer is None else answer
                lines.append(f"# {setting.meaning[0].upper()}{setting.meaning[1:]} (or {setting.variable})")
                lines.append(f"{'# ' if answer is None else ''}{setting.name} = {_quoted(text)}")
    return "\n".join(lines) + "\n"


def problem_with(setting: Setting, answer: str, folder: Path) -> str | None:
    """Why an answer will not do for a setting, None where it will."""
    if not answer.strip() or not answer.isprintable():
        return "an answer is one line of text that is not empty"
    if not setting.is_folder:
        return None if re.fullmatch(r"[a-z0-9_]{2,40}", answer) else "an exchange is written as ccxt does: binance, okx"
    path = _folder(answer, folder)
    return f"{path} is a file, not a folder" if path.is_file() else None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

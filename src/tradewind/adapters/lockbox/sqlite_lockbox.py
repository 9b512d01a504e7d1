"""The lockbox as a SQLite file, with a witness in another folder that knows how long the chain was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from tradewind.adapters.sqlite.database import Database
from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.lockbox import Done, Entry, broken, chain_of, entry_after

FILE_NAME = "lockbox.sqlite"
WITNESS_NAME = ".lockbox-witness.json"
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL);

CREATE TRIGGER IF NOT EXISTS nothing_is_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the lockbox is append-only'); END;

CREATE TRIGGER IF NOT EXISTS nothing_is_taken_out BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the lockbox is append-only'); END
"""
ALL = "SELECT body, hash FROM entries ORDER BY number"


class SqliteLockbox:
    """A lockbox below `folder`. A chain that was cut off at its end is sound in itself, and so is one that is gone:
    therefore the witness, which stands with the data, says how many entries there were and what the last one's hash is.
    """

    def __init__(self, folder: Path, witness_folder: Path) -> None:
        self.database = Database(folder / FILE_NAME, SCHEMA, "the lockbox")
        self.witness = witness_folder / WITNESS_NAME

    def entries(self) -> list[Entry]:
        """Every entry; see the port."""
        rows: list[tuple[str, str]] = []
        if self.database.exists():
            with self.database.reading() as connection:
                rows = connection.execute(ALL).fetchall()
        return self._verified(rows)

    def append(self, decide: Callable[[Sequence[Entry]], Done | None]) -> Entry | None:
        """Add an entry; see the port."""
        self.entries()  # a chain that is gone while its witness is there must not be begun anew
        there = _there(self.witness.parent)
        if not (there.is_dir() and os.access(there, os.W_OK)):
            raise self._unwritable(f"{there} is no folder that can be written")
        with self.database.writing() as connection:
            entries = self._verified(connection.execute(ALL).fetchall())
            done = decide(entries)
            if done is None:
                return None
            entry = entry_after(entries, done)
            connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (entry.number, entry.body, entry.hash))
            connection.commit()
            # The chain may be ahead of its witness for a moment, and never behind it: a kill right here makes the
            # witness know one entry less until the next one. The lock is taken again, so that witnesses do not race.
            connection.execute("BEGIN IMMEDIATE")
            self._bear_witness(chain_of(connection.execute(ALL).fetchall(), str(self.database.path)))
        return entry

    def _verified(self, rows: Sequence[tuple[str, str]]) -> list[Entry]:
        entries = chain_of(rows, str(self.database.path))
        seen = self._witnessed()
        if seen is None:
            return entries
        count, last = seen
        if count > len(entries):
            what = f"{count - len(entries)} of its {count} entries are missing at its end" if entries else "it is gone"
            raise broken(f"{what}, as {self.witness} knows", str(self.database.path))
        if entries[count - 1].hash != last:
            raise broken(f"entry {count} is not the one that {self.witness} has seen", str(self.database.path))
        return entries

    def _witnessed(self) -> tuple[int, str] | None:
        try:
            text = self.witness.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as problem:
            raise Unavailable(
                f"the lockbox's witness cannot be read: {problem.strerror}", where=str(self.witness)
            ) from None
        try:
            said = json.loads(text)
            count, last = int(said["entries"]), str(said["hash"])
        except (ValueError, KeyError, TypeError):
            raise broken("its witness cannot be read", str(self.witness)) from None
        if count < 1:
            raise broken("its witness speaks of no entry", str(self.witness))
        return count, last

    def _bear_witness(self, entries: Sequence[Entry]) -> None:
        text = json.dumps({"entries": len(entries), "hash": entries[-1].hash})
        temporary = self.witness.with_name(f"{WITNESS_NAME}.new")
        try:
            self.witness.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.witness)
        except OSError as problem:
            raise self._unwritable(str(problem.strerror)) from None

    def _unwritable(self, why: str) -> Unavailable:
        return Unavailable(
            f"the lockbox's witness cannot be written: {why}",
            where=str(self.witness),
            fix="Give yourself the right to the data folder",
        )


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())

"""A SQLite file of ours: how it is opened, and what its errors mean to a person.

It is kept with a rollback journal, not a write-ahead log: the SQLite that comes with Python is often older than 3.51.3,
and those can damage a write-ahead log that several processes share. We write seldom and in large batches, so little is
lost, and a file on a disk that cannot be written is still read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tradewind.core.domain.errors import Corrupt, TradewindError, Unavailable

WAIT_S = 30.0
"""How long to wait for another process to finish writing."""
DAMAGED = ("malformed", "not a database", "disk image", "corrupt")


class Database:
    """One file. It is made by the first that writes; connections are opened for each piece of work, so none is shared
    between threads or carried into a forked process.
    """

    def __init__(self, path: Path, schema: str, what: str) -> None:
        """`schema` makes the tables where they are not there yet; `what` names the file in messages."""
        self.path, self.schema, self.what = path, schema, what

    def exists(self) -> bool:
        """Whether somebody has written to it. (A writer that was killed at its very start leaves an empty file.)"""
        return self.path.is_file() and self.path.stat().st_size > 0

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file and changes nothing. The file must exist."""
        # "rw" falls back to reading alone where that is all we may do; "ro" could not tidy up after a killed writer.
        with self._explained(), closing(self._open("rw")) as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose work is kept as a whole when the block ends, and dropped when it fails or is killed."""
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open("rwc")) as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    for statement in self.schema.split(";\n\n"):
                        connection.execute(statement)
                    yield connection
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()

    def verify(self) -> None:
        """Read every page of the file. Raises Corrupt."""
        with self.reading() as connection:
            (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise self._corrupt(said)

    def _open(self, mode: str) -> sqlite3.Connection:
        # A path may hold what an address may not (a question mark, a hash): as_uri() quotes it.
        place = f"{self.path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(place, timeout=WAIT_S, isolation_level=None, uri=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except TradewindError:
            raise
        except (sqlite3.DatabaseError, OSError) as problem:
            said = str(problem)
            if isinstance(problem, sqlite3.DatabaseError) and any(word in said for word in DAMAGED):
                raise self._corrupt(said) from None
            raise Unavailable(
                f"{self.what} cannot be used: {said}",
                where=str(self.path),
                fix="Give yourself the right to it, or name another folder: [folders] ledger in tradewind.toml",
            ) from None

    def _corrupt(self, said: str) -> Corrupt:
        return Corrupt(
            f"{self.what} is damaged: {said}",
            where=str(self.path),
            fix="Put it back from a backup; without one, move it away: counting then begins anew, and no longer knows",
        )

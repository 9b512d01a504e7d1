"""What was done to a lockbox cannot be undone quietly."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tradewind.adapters.lockbox.sqlite_lockbox import FILE_NAME, WITNESS_NAME, SqliteLockbox
from tradewind.core.domain.errors import Corrupt, Unavailable
from tradewind.core.domain.lockbox import Deed, Done, Entry, entry_after


def done(deed: Deed, **facts: str) -> Done:
    return Done(deed, ("BTC/USDT",), 10, 20, 5, "local", facts)


class Desk:
    """A lockbox with a seal and two openings, and the hands of somebody who has the right to its files."""

    def __init__(self, folder: Path) -> None:
        self.file, self.witness = folder / "ledger" / FILE_NAME, folder / "data" / WITNESS_NAME
        self.lockbox = SqliteLockbox(folder / "ledger", folder / "data")
        self.lockbox.append(lambda _: done(Deed.SEALED))
        self.lockbox.append(lambda _: done(Deed.OPENED, strategy="A"))
        self.lockbox.append(lambda _: done(Deed.OPENED, strategy="B"))

    def sql(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            for statement in ("DROP TRIGGER nothing_is_changed", "DROP TRIGGER nothing_is_taken_out", *statements):
                connection.execute(statement)

    def rewrite(self, entries: list[Entry]) -> None:
        """A chain that is sound in itself, in the place of the true one."""
        self.sql("DELETE FROM entries")
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            connection.executemany(
                "INSERT INTO entries VALUES (?, ?, ?)", [(e.number, e.body, e.hash) for e in entries]
            )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def forged(desk: Desk) -> None:
    first = entry_after([], done(Deed.SEALED))
    second = entry_after([first], done(Deed.OPENED, strategy="somebody else"))
    desk.rewrite([first, second, entry_after([first, second], done(Deed.OPENED, strategy="B"))])


TAMPERING: dict[str, tuple[Callable[[Desk], None], str]] = {
    "a fact is changed": (
        lambda d: d.sql("UPDATE entries SET body = replace(body, '\"A\"', '\"Z\"') WHERE number = 2"),
        "entry 2 is not what was written",
    ),
    "an opening is taken out of the middle": (
        lambda d: d.sql("DELETE FROM entries WHERE number = 2"),
        "entry 2 does not follow the one before it",
    ),
    "the last opening is taken out": (
        lambda d: d.sql("DELETE FROM entries WHERE number = 3"),
        "1 of its 3 entries are missing at its end",
    ),
    "all of it is taken out": (lambda d: d.sql("DELETE FROM entries"), "it is gone"),
    "the file is deleted": (lambda d: d.file.unlink(), "it is gone"),
    "the file is emptied": (lambda d: d.file.write_bytes(b""), "it is gone"),
    "two entries change places": (
        lambda d: d.sql(
            "UPDATE entries SET number = -2 WHERE number = 2",
            "UPDATE entries SET number = 2 WHERE number = 3",
            "UPDATE entries SET number = 3 WHERE number = -2",
        ),
        "entry 2 does not follow",
    ),
    "a sound chain is forged": (forged, "entry 3 is not the one that"),
    "the witness is spoiled": (lambda d: d.witness.write_text("{}"), "its witness cannot be read"),
    "the witness is told nothing happened": (
        lambda d: d.witness.write_text(json.dumps({"entries": 0, "hash": ""})),
        "its witness speaks of no entry",
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_it_is_found(desk: Desk, how: str) -> None:
    tamper, message = TAMPERING[how]
    tamper(desk)
    with pytest.raises(Corrupt, match="tampered with or is damaged") as caught:
        desk.lockbox.entries()
    assert message in caught.value.message
    with pytest.raises(Corrupt):  # and nothing can be added that would cover it up
        desk.lockbox.append(lambda _: done(Deed.UNSEALED))


@pytest.mark.parametrize("statement", ["UPDATE entries SET hash = 'x'", "DELETE FROM entries WHERE number = 3"])
def test_the_file_itself_refuses_what_is_not_added(desk: Desk, statement: str) -> None:
    with (
        closing(sqlite3.connect(desk.file, isolation_level=None)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(statement)


def test_a_witness_that_is_behind_is_no_tampering_and_catches_up(desk: Desk) -> None:
    entries = desk.lockbox.entries()
    desk.witness.write_text(json.dumps({"entries": 1, "hash": entries[0].hash}))  # as a kill may leave it
    assert desk.lockbox.entries() == entries
    desk.lockbox.append(lambda _: done(Deed.OPENED, strategy="C"))
    assert json.loads(desk.witness.read_text())["entries"] == 4


def test_a_witness_that_is_gone_with_its_data_lets_the_chain_speak_and_is_made_again(desk: Desk) -> None:
    desk.witness.unlink()
    assert len(desk.lockbox.entries()) == 3
    desk.lockbox.append(lambda _: done(Deed.OPENED, strategy="C"))
    assert json.loads(desk.witness.read_text())["entries"] == 4


def test_where_the_witness_cannot_stand_nothing_is_sealed(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    lockbox = SqliteLockbox(tmp_path / "ledger", tmp_path / "data")
    with pytest.raises(Unavailable, match="witness cannot be"):
        lockbox.append(lambda _: done(Deed.SEALED))
    assert not (tmp_path / "ledger").exists()


def test_both_put_back_together_are_sound_again(desk: Desk) -> None:
    copy = desk.file.read_bytes()
    desk.file.unlink()
    with pytest.raises(Corrupt):
        desk.lockbox.entries()
    desk.file.write_bytes(copy)
    assert len(desk.lockbox.entries()) == 3

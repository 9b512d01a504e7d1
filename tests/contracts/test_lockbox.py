"""What every lockbox promises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tradewind.adapters.lockbox.sqlite_lockbox import SqliteLockbox
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.lockbox import GENESIS, Deed, Done, Entry, seals_of
from tradewind.ports.lockbox import Lockbox

YEAR = 365 * 86_400_000_000_000


def done(deed: Deed, from_ns: int = 10, *, symbol: str = "BTC/USDT", until_ns: int = 0, **facts: str) -> Done:
    return Done(deed, (symbol,), from_ns, until_ns, 5, "local", facts)


@pytest.fixture(params=[SqliteLockbox])
def lockbox(request: pytest.FixtureRequest, tmp_path: Path) -> Lockbox:
    return request.param(tmp_path / "ledger", tmp_path / "data")


def test_an_untouched_lockbox_is_empty_and_leaves_nothing_behind(lockbox: Lockbox, tmp_path: Path) -> None:
    assert lockbox.entries() == []
    assert list(tmp_path.iterdir()) == []


def test_entries_follow_each_other_and_each_holds_the_hash_of_the_one_before(lockbox: Lockbox) -> None:
    first = lockbox.append(lambda _: done(Deed.SEALED))
    second = lockbox.append(lambda _: done(Deed.OPENED, until_ns=20, strategy="SmaCross"))
    assert first is not None
    assert second is not None
    assert lockbox.entries() == [first, second]
    assert [e.number for e in lockbox.entries()] == [1, 2]
    assert (first.previous, second.previous) == (GENESIS, first.hash)
    assert second.done.facts == {"strategy": "SmaCross"}


def test_who_decides_sees_all_that_was_done_and_may_do_nothing(lockbox: Lockbox) -> None:
    first = lockbox.append(lambda _: done(Deed.SEALED))
    seen: list[Entry] = []

    def look(entries: Sequence[Entry]) -> None:
        seen.extend(entries)

    assert lockbox.append(look) is None
    assert seen == [first] == lockbox.entries()


def test_a_refusal_adds_nothing(lockbox: Lockbox) -> None:
    def refuse(_: Sequence[Entry]) -> Done:
        raise BadInput("no")

    with pytest.raises(BadInput, match="no"):
        lockbox.append(refuse)
    assert lockbox.entries() == []


def test_what_is_sealed_now_is_what_the_entries_come_to(lockbox: Lockbox) -> None:
    for deed in (
        done(Deed.SEALED, 10),
        done(Deed.OPENED, 10, until_ns=30),
        done(Deed.SEALED, 50, symbol="ETH/USDT"),
        done(Deed.SEALED, 8),
        done(Deed.UNSEALED, 50, symbol="ETH/USDT"),
    ):
        lockbox.append(lambda _, deed=deed: deed)
    found = seals_of(lockbox.entries())
    assert list(found) == ["BTC/USDT"]
    assert found["BTC/USDT"].from_ns == 8
    assert [e.number for e in found["BTC/USDT"].openings] == [2]


def test_a_look_that_ended_before_a_later_seal_begins_was_no_look_into_it(lockbox: Lockbox) -> None:
    lockbox.append(lambda _: done(Deed.SEALED, 10))
    lockbox.append(lambda _: done(Deed.OPENED, 10, until_ns=30))
    lockbox.append(lambda _: done(Deed.UNSEALED, 10))
    lockbox.append(lambda _: done(Deed.SEALED, 30))
    assert seals_of(lockbox.entries())["BTC/USDT"].openings == ()


def test_another_who_opens_the_same_lockbox_sees_the_same(lockbox: Lockbox, tmp_path: Path) -> None:
    lockbox.append(lambda _: done(Deed.SEALED))
    again = type(lockbox)(tmp_path / "ledger", tmp_path / "data")  # type: ignore[call-arg]
    assert again.entries() == lockbox.entries()

"""What every keeper of sweeps at work must do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tradewind.adapters.sweeps.sweep_folders import SweepFolders
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.ports.sweeps import Block, Sweeps

PLAN = {"strategy": "sma_cross", "seed": "1"}


@pytest.fixture(params=[SweepFolders])
def sweeps(request: pytest.FixtureRequest, tmp_path: Path) -> Sweeps:
    return request.param(tmp_path / "sweeps")


def block(value: float) -> Block:
    values = np.array([[value, np.nan, -0.0], [np.inf, 5e-324, 0.1 + 0.2]])
    return Block({"values": values, "time": np.array([2**62], np.int64)}, {"sets": [{"fast": 5, "x": 0.1 + 0.2}]})


def test_nothing_is_begun_at_first(sweeps: Sweeps) -> None:
    assert sweeps.begun() == []
    with pytest.raises(BadInput, match="no sweep is unfinished"):
        sweeps.find("last")


@pytest.mark.parametrize(("place", "why"), [("file/below", "it is a file, or below one"), ("x" * 300, "name too long")])
def test_a_place_where_nothing_can_be_kept_is_refused_with_the_way_out(tmp_path: Path, place: str, why: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=why) as caught, SweepFolders(tmp_path / place).work_on("one", PLAN, 5):
        pass
    assert "TRADEWIND_SWEEPS" in (caught.value.fix or "")


def test_blocks_come_back_in_order_and_bit_for_bit(sweeps: Sweeps) -> None:
    with sweeps.work_on("one", PLAN, 5) as sweep:
        sweep.keep(block(1.0))
        sweep.keep(block(2.0))
    with sweeps.work_on("one", PLAN, 9) as sweep:
        sweep.keep(block(3.0))
        found = list(sweep.blocks())
    assert [float(b.arrays["values"][0, 0]) for b in found] == [1.0, 2.0, 3.0]
    for had, kept in zip((1.0, 2.0, 3.0), found, strict=True):
        assert kept.words == block(had).words
        for name, array in block(had).arrays.items():
            assert kept.arrays[name].dtype == array.dtype
            assert kept.arrays[name].tobytes() == array.tobytes()


def test_a_begun_sweep_is_found_by_name_by_beginning_and_as_the_last(sweeps: Sweeps) -> None:
    for name, begun in (("older", 1), ("newer", 2)):
        with sweeps.work_on(name, PLAN, begun) as sweep:
            sweep.keep(block(1.0))
    assert [s.name for s in sweeps.begun()] == ["older", "newer"]
    assert sweeps.find("old").begun_ns == 1
    assert sweeps.find("last").name == "newer"
    assert sweeps.find("newer").plan == PLAN
    assert sweeps.find("newer").blocks == 1
    with pytest.raises(BadInput, match="there is no unfinished sweep 'x'"):
        sweeps.find("x")


def test_another_plan_is_refused_by_what_differs(sweeps: Sweeps) -> None:
    with sweeps.work_on("one", PLAN, 1) as sweep:
        sweep.keep(block(1.0))
    with (
        pytest.raises(BadInput, match="seed was 1 when it began, and is 2 now"),
        sweeps.work_on("one", {**PLAN, "seed": "2"}, 1),
    ):
        pass
    assert sweeps.find("one").blocks == 1


def test_two_cannot_work_on_one_sweep(sweeps: Sweeps) -> None:
    with (
        sweeps.work_on("one", PLAN, 1),
        pytest.raises(BadInput, match="another process is at work"),
        sweeps.work_on("one", PLAN, 1),
    ):
        pass


def test_a_forgotten_sweep_begins_anew(sweeps: Sweeps) -> None:
    with sweeps.work_on("one", PLAN, 1) as sweep:
        sweep.keep(block(1.0))
    sweeps.forget("one")
    sweeps.forget("one")
    assert sweeps.begun() == []
    with sweeps.work_on("one", {**PLAN, "seed": "2"}, 1) as sweep:
        assert list(sweep.blocks()) == []


def test_a_fresh_start_drops_what_was_kept_unless_somebody_works_on_it(sweeps: Sweeps) -> None:
    with sweeps.work_on("one", PLAN, 1) as sweep:
        sweep.keep(block(1.0))
        with pytest.raises(BadInput, match="another process"), sweeps.work_on("one", PLAN, 2, fresh=True):
            pass
        assert len(list(sweep.blocks())) == 1
    with sweeps.work_on("one", {**PLAN, "seed": "9"}, 2, fresh=True) as sweep:
        assert list(sweep.blocks()) == []
        assert sweeps.find("one").begun_ns == 2


def test_blocks_whose_plan_is_gone_belong_to_nothing(tmp_path: Path) -> None:
    sweeps = SweepFolders(tmp_path)
    with sweeps.work_on("one", PLAN, 1) as sweep:
        sweep.keep(block(1.0))
    (tmp_path / "one" / "plan.json").unlink()
    with sweeps.work_on("one", PLAN, 2) as sweep:
        assert list(sweep.blocks()) == []


def test_a_damaged_block_is_told_and_not_skipped(tmp_path: Path) -> None:
    sweeps = SweepFolders(tmp_path)
    with sweeps.work_on("one", PLAN, 1) as sweep:
        sweep.keep(block(1.0))
        sweep.keep(block(2.0))
        path = min((tmp_path / "one").glob("block-*"))
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(Corrupt, match="cannot be read"):
            list(sweep.blocks())
        path.unlink()
        with pytest.raises(Corrupt, match="it is missing"):
            list(sweep.blocks())


def test_what_a_killed_writer_left_is_no_block(tmp_path: Path) -> None:
    sweeps = SweepFolders(tmp_path)
    with sweeps.work_on("one", PLAN, 1) as sweep:
        sweep.keep(block(1.0))
        (tmp_path / "one" / ".block-000002.npz.part").write_bytes(b"half")
        assert len(list(sweep.blocks())) == 1
        sweep.keep(block(2.0))
        assert len(list(sweep.blocks())) == 2


def test_who_waits_at_the_door_of_a_sweep_that_is_just_finished_is_told_and_writes_nothing(
    sweeps: Sweeps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks = pytest.importorskip("fcntl")
    lock = locks.flock

    def late(handle: object, how: int) -> None:
        sweeps.forget("one")  # by the process that held it, between our opening of the lock and our taking it
        lock(handle, how)

    monkeypatch.setattr(locks, "flock", late)
    with pytest.raises(BadInput, match="another process is at work"), sweeps.work_on("one", PLAN, 5):
        raise AssertionError
    assert not (tmp_path / "sweeps" / "one").exists()

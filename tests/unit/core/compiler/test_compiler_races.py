"""The folder of compiled code while others work on it too: what they leave, and what they take away."""

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from compiler_snippets import kernel_of, snippet

from tradewind.core.compiler import files, kernel

SETUP, STEP = "self.times = 0", "self.times += 1\nself.out += x * y"


def result(thing, cache):
    made = kernel_of(thing, cache)
    state = made.state_of(thing)
    made.entry(state, np.array([1.0, 2.0]), np.array([3.0, 4.0]), 2)
    made.restore(state, thing)
    return thing.times, thing.out


def test_a_folder_that_is_deleted_while_it_is_filled_is_done_without(tmp_path, monkeypatch):
    cache, written = tmp_path / "cache", []

    def deleted_first(path: Path, data: bytes) -> None:
        written.append(path.name)
        shutil.rmtree(cache)
        files.write_whole(path, data)

    monkeypatch.setattr(kernel, "write_whole", deleted_first)
    assert result(snippet(SETUP, STEP, tmp_path)(), cache) == (2, 11.0)
    assert written == [kernel.ENTRY_FILE]


def test_a_note_that_cannot_be_left_is_found_out_again(tmp_path, monkeypatch):
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kernel, "write_whole", full)
    promoted = snippet("self.whole = 0", "self.whole = x\nself.out += self.whole", tmp_path)
    made = kernel_of(promoted(), tmp_path / "cache")
    assert made.layout.dtype["whole"] == np.float64


@pytest.mark.parametrize("note", [{"other": 1}, {"promote": 3}, {"promote": [1, 2, 3]}, [], 7, {"cannot": "x"}])
def test_a_note_of_another_form_is_no_note(tmp_path, note):
    (tmp_path / kernel.NOTE_FILE).write_text(json.dumps(note))
    assert kernel._recall(tmp_path) is None


def test_what_a_killed_writer_has_left_is_not_taken_for_a_kernel(tmp_path):
    thing, cache = snippet(SETUP, STEP, tmp_path), tmp_path / "cache"
    assert result(thing(), cache) == (2, 11.0)
    kernel._in_memory.clear()
    folder = next(path for path in cache.iterdir() if path.name != kernel.PARTS_FOLDER)
    for path in list(folder.rglob("*")):
        if path.is_file():
            path.rename(path.with_name(f".{path.name}.1.1.partial"))
    assert result(thing(), cache) == (2, 11.0)


def test_two_threads_that_write_one_file_write_it_apart(tmp_path, monkeypatch):
    both, partial = threading.Barrier(2), set()
    original = Path.write_bytes

    def at_once(path: Path, data: bytes) -> int:
        partial.add(path.name)
        both.wait(60)
        return original(path, data)

    monkeypatch.setattr(Path, "write_bytes", at_once)
    threads = [threading.Thread(target=files.write_whole, args=(tmp_path / "file", bytes([i]) * 9)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(partial) == 2
    assert (tmp_path / "file").read_bytes() in (b"\0" * 9, b"\1" * 9)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

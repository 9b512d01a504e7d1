"""Compile a driver for an object of one shape: once for each fingerprint, from disk afterwards.

A driver is a function `drive(s, *arguments)` whose first argument is the object. Its kernel takes the object as bytes
(`Layout`), so one compiled file serves every process. The folder that keeps it is named by the fingerprint: it may be
deleted at any time, and can never be stale.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import types as python_types
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import config, errors
from numba.core.typing import signature
from numba.extending import intrinsic

from tradewind.core.compiler.build import building
from tradewind.core.compiler.files import write_whole
from tradewind.core.compiler.fingerprint import fingerprint
from tradewind.core.compiler.layout import CannotCompile, Layout, Promotions, layout_of, pack, unpack
from tradewind.core.compiler.members import functions_in
from tradewind.core.compiler.methods import register_tree
from tradewind.core.compiler.semantics import Promote, WholeCompiler, jit

config.DISABLE_INTEL_SVML = True  # its exp and log are not the C library's

PROMOTIONS_MAX = 64
ENTRY_FILE = "entry.py"
NOTE_FILE = "note.json"


@dataclass(frozen=True)
class Kernel:
    """A compiled driver. `cached` says whether its code came from disk."""

    layout: Layout
    entry: Any
    cached: bool

    def state_of(self, obj: object) -> np.ndarray[Any, Any]:
        """The object's values as bytes that `entry` takes and changes; shape (itemsize,), uint8."""
        state = np.zeros(self.layout.dtype.itemsize, np.uint8)
        pack(obj, state.view(self.layout.dtype)[0])
        return state

    def restore(self, state: np.ndarray[Any, Any], obj: object, skip: frozenset[str] = frozenset()) -> None:
        """Write the bytes' values back into the object."""
        unpack(state.view(self.layout.dtype)[0], obj, skip)


PARTS_FOLDER = "parts"


def build_kernel(
    obj: object, source: str, names: dict[str, Any], arguments: tuple[Any, ...], cache: Path | None
) -> Kernel:
    """Compile `drive` in `source` for `obj`, or load it from `cache`.

    `names` are the globals of the source; `arguments` a call that does no work, from which the types are taken.
    Raises CannotCompile with the line that stopped it.
    """
    if config.DISABLE_JIT:
        raise CannotCompile("NUMBA_DISABLE_JIT is set in the environment, which turns the compiler off")
    namespace = dict(names)
    exec(compile(source, "<driver>", "exec"), namespace)
    drive = namespace["drive"]
    functions = [drive, *functions_in(obj)]
    promote: Promotions = frozenset()
    for _ in range(PROMOTIONS_MAX):
        layout = layout_of(obj, promote)
        key = fingerprint(functions, layout.record.name, source)
        if key in _in_memory:
            return _in_memory[key]
        folder = _usable(cache / key) if cache is not None else None
        parts = _usable(cache / PARTS_FOLDER) if cache is not None else None
        try:
            known = _recall(folder)
            if known is not None:
                raise known
            with building(parts):
                kernel = _kept_or_compiled(obj, layout, drive, arguments, folder)
        except Promote as request:
            _remember(folder, {"promote": [request.cls_name, request.attribute]})
            promote = promote | {(request.cls_name, request.attribute)}
        except CannotCompile as reason:
            _remember(folder, {"cannot": reason.reason, "place": reason.place})
            raise
        except (errors.NumbaError, errors.UnsupportedBytecodeError) as error:
            explained = _explain(error)
            _remember(folder, {"cannot": explained.reason, "place": explained.place})
            raise explained from error
        else:
            _keep(key, kernel)
            return kernel
    raise CannotCompile("its attributes do not settle on one type each")


_in_memory: dict[str, Kernel] = {}
KERNELS_IN_MEMORY_MAX = 64


def _keep(key: str, kernel: Kernel) -> None:
    """Remember a kernel for the next run in this process; the oldest one makes room."""
    while len(_in_memory) >= KERNELS_IN_MEMORY_MAX:
        del _in_memory[next(iter(_in_memory))]
    _in_memory[key] = replace(kernel, cached=True)


def _usable(folder: Path) -> Path | None:
    """The folder, made if need be, or None where that is not possible: then nothing is kept."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _recall(folder: Path | None) -> Exception | None:
    """What an earlier attempt under this fingerprint found out."""
    if folder is None:
        return None
    try:
        note = json.loads((folder / NOTE_FILE).read_text())
        if "promote" in note:
            return Promote(*note["promote"])
        return CannotCompile(note["cannot"], note["place"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is found out again


def _remember(folder: Path | None, note: dict[str, Any]) -> None:
    if folder is not None:
        with suppress(OSError):  # a folder that is gone again: it will be found out again too
            write_whole(folder / NOTE_FILE, json.dumps(note).encode())


def _kept_or_compiled(
    obj: object, layout: Layout, drive: Any, arguments: tuple[Any, ...], folder: Path | None
) -> Kernel:
    try:
        return _compile(obj, layout, drive, arguments, folder)
    except OSError:
        # Somebody deletes the folder while it is being filled, or the disk is full: do without it.
        if folder is None:
            raise
        return _compile(obj, layout, drive, arguments, None)


def _compile(obj: object, layout: Layout, drive: Any, arguments: tuple[Any, ...], folder: Path | None) -> Kernel:
    text = _entry_text(drive)
    if folder is None:
        module: Any = python_types.ModuleType("tradewind_kernel")
        exec(compile(text, "<entry>", "exec"), module.__dict__)
        module.entry = numba.njit(module.entry, nogil=True, pipeline_class=WholeCompiler)
        cached = False
    else:
        module = _entry_in(folder, text)
        cached = any(folder.glob("**/*.nbi"))
    state = np.zeros(layout.dtype.itemsize, np.uint8)
    if cached:
        # The code's own globals are needed only to compile; damaged files raise whatever they like.
        try:
            module.entry(state, *arguments)
            return Kernel(layout, module.entry, True)
        except Exception:  # noqa: BLE001  (whatever is in a damaged file)
            assert folder is not None
            for file in folder.rglob("*.nb[ic]"):
                file.unlink(missing_ok=True)
            module = _entry_in(folder, text)
    register_tree(obj)
    module.drive = jit(drive)
    module.view = _view_as(layout)
    module.entry(state, *arguments)
    return Kernel(layout, module.entry, False)


def _entry_in(folder: Path, text: str) -> Any:
    """The module that holds the entry, from its file in the folder; a file that is not as it should be is written."""
    path = folder / ENTRY_FILE
    if not path.exists() or path.read_bytes() != text.encode():
        write_whole(path, text.encode())
    module: Any = _load(path, f"tradewind_kernel_{folder.name}")
    module.entry = numba.njit(module.entry, nogil=True, cache=True, pipeline_class=WholeCompiler)
    return module


def _entry_text(drive: Any) -> str:
    arguments = drive.__code__.co_varnames[1 : drive.__code__.co_argcount]
    passed = ", ".join(arguments)
    return (
        '"""Made by Tradewind; may be deleted."""\n'
        "drive = view = None\n\n\n"
        f"def entry(state, {passed}):\n"
        f"    return drive(view(state), {passed})\n"
    )


def _load(path: Path, name: str) -> python_types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _view_as(layout: Layout) -> Any:
    """An intrinsic that reads a byte array as the layout's record."""
    record = layout.record

    @intrinsic
    def view(typingctx: Any, state: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            array = context.make_array(sig.args[0])(context, builder, args[0])
            return builder.bitcast(array.data, context.get_value_type(record))

        return signature(record, state), codegen

    return view


_NOISE = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r'File "([^"]+)", line (\d+)')


def _explain(error: Exception) -> CannotCompile:
    """The innermost complaint of a numba error, and the line of the user's code it is about."""
    text = _NOISE.sub("", str(error))
    lines = [line.strip(" ->") for line in text.splitlines()]
    wanted = (
        "Unknown attribute", "Untyped global", "No implementation", "Cannot unify", "No conversion",
        "Use of unsupported", "Cannot determine", "Type of variable", "Invalid use", "Unsupported",
        "The use of", "No match",
    )  # fmt: skip
    complaint = next((line for line in reversed(lines) if line.startswith(wanted)), lines[0] if lines else "unknown")
    places = [(path, number) for path, number in _PLACE.findall(text) if not path.startswith("<")]
    outside = [p for p in places if "tradewind/core/" not in p[0].replace(os.sep, "/")]
    at = outside or places
    where = f"{Path(at[-1][0]).name}:{at[-1][1]}" if at else None
    return CannotCompile(complaint.rstrip(":"), where)

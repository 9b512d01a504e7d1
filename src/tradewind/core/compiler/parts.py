"""Compile many small functions as parts of one program.

numba makes every function a program of its own: it links in everything the function calls, optimises, and emits
machine code, again at each level of a call tree. The engine is a tree of some hundred functions of which only the root
is ever called from Python, so here functions are kept as unoptimised parts, and linked, optimised and emitted once, at
the root. That took a first compilation from 17 s to 5 s.
"""

from __future__ import annotations

import itertools
import os
import pickle
import types as python_types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llvmlite.binding
from numba import types
from numba.core import cgutils, funcdesc
from numba.core.bytecode import FunctionIdentity
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompileResult, _LowerResult, compile_result
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.lowering import Lower
from numba.core.typing import signature

from tradewind.core.compiler.files import write_whole
from tradewind.core.compiler.layout import ObjectRecord

INLINED = frozenset({"on_bar", "update"})
"""Methods that run at every bar: each call of them is replaced by their code, which LLVM does to small ones only."""


class PartLibrary(JITCodeLibrary):
    """One function's code, neither optimised nor emitted. `key` names it where it is kept on disk."""

    key = ""
    inlined = False

    def add_ir_module(self, ir_module: Any) -> None:
        """Take the function's code; it is verified with the rest of the program."""
        code = llvmlite.binding.parse_assembly(cgutils.normalize_ir_text(str(ir_module)))
        code.name = ir_module.name
        if self.inlined:
            code.get_function(symbol_of(self.key)).add_function_attribute("alwaysinline")
        self.add_llvm_module(code)

    def add_llvm_module(self, ll_module: Any) -> None:
        """Take the function's code as it is."""
        ll_module.data_layout = self._codegen._data_layout
        self._final_module.link_in(ll_module)

    def finalize(self) -> None:
        """Nothing is left to do for a part."""
        self._finalize_dynamic_globals()
        self._finalized = True


class WholeLibrary(JITCodeLibrary):
    """The root's code: it links in every part below it, directly called or not, each once."""

    def finalize(self) -> None:
        """Link, optimise, emit."""
        found: dict[Any, Any] = {}
        waiting: list[Any] = list(self._linking_libraries)
        while waiting:
            library = waiting.pop()
            # Of a part that was compiled here and is kept too, the first copy counts, and only what that one needs: the
            # linker leaves out code that nothing linked so far refers to, and what it has left out does not come again.
            name = (isinstance(library, PartLibrary) and library.key) or library
            if name not in found:
                found[name] = library
                if isinstance(library, PartLibrary):
                    waiting.extend(library._linking_libraries)
        self._linking_libraries: list[Any] = list(found.values())
        super().finalize()


class PartLower(Lower):
    """numba's lowering without debug information, for which it would have LLVM measure every variable."""

    def alloca_lltype(self, name: str, lltype: Any, datamodel: Any = None) -> Any:  # noqa: ARG002  (numba's signature)
        """Space on the stack for a variable."""
        return cgutils.alloca_once(self.builder, lltype, name=name, zfill=False)

    def storevar(self, value: Any, name: str, argidx: int | None = None) -> None:
        """Store a variable; arguments too are just stored."""
        if argidx is None:
            super().storevar(value, name)
            return
        self._alloca_var(name, self.typeof(name))
        if name in self._singly_assigned_vars and not self._disable_sroa_like_opt:
            self._blk_local_varmap[name] = value
        else:
            self.builder.store(value, self.getvar(name))


@register_pass(mutates_CFG=True, analysis_only=False)
class LowerAsPart(LoweringPass):
    """Lower a function into a part; nothing that Python could call is made of it."""

    _name = "tradewind_lower_as_part"

    def __init__(self) -> None:
        LoweringPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """As numba's own lowering, less wrappers and machine code."""
        library = PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        library.key = state.part_key
        library.inlined = state.func_id.func_name in INLINED
        library.enable_object_caching()
        state.library = library
        library._reload_init.update(state.reload_init)
        descriptor = describe(state.func_id, state.part_key, state.args, state.return_type)
        descriptor.typemap, descriptor.calltypes = state.typemap, state.calltypes
        with state.targetctx.push_code_library(library):
            lower = PartLower(state.targetctx, library, descriptor, state.func_ir, metadata=state.metadata)
            lower.lower()
            environment, helper = lower.env, lower.call_helper
        handle = handle_for(descriptor)
        state.targetctx.insert_user_function(handle, descriptor, [library])
        state["cr"] = _LowerResult(descriptor, helper, cfunc=handle, env=environment)
        state.metadata["llvm_pass_timings"] = library.recorded_timings
        return True


def describe(identity: Any, key: str, arguments: tuple[Any, ...], returned: Any) -> Any:
    """numba's description of a function, with symbols that are the same in every process."""
    descriptor = funcdesc.PythonFunctionDescriptor(
        native=True,
        modname=identity.modname,
        qualname=identity.func_qualname,
        unique_name=f"{identity.func_qualname}${key}",
        doc="",
        typemap={},
        restype=returned,
        calltypes={},
        args=identity.arg_names,
        kws=(),
        argtypes=tuple(arguments),
    )
    descriptor.mangled_name = symbol_of(key)
    descriptor.env_name = f"tradewind_env_{key}"
    return descriptor


def symbol_of(key: str) -> str:
    """The name under which a part is linked."""
    return f"tradewind_{key}"


def handle_for(descriptor: Any) -> Any:
    """The object under which callers find a part. numba insists on a built-in function; a list's method is harmless."""
    return [descriptor.unique_name].append


# numba numbers the functions it compiles from 1 in every process, and the numbers end up in symbols. Code that is kept
# (`KeptPart.foreign`) meets code of other processes, so the numbers must not meet.
FunctionIdentity._unique_ids = itertools.count(int.from_bytes(os.urandom(6)))


@dataclass(frozen=True)
class KeptPart:
    """A part on disk: what it returns, the parts it calls by their keys, other code it needs, and its own."""

    returned: Any
    calls: tuple[str, ...]
    foreign: tuple[bytes, ...]
    code: bytes


def keep_part(folder: Path, key: str, result: CompileResult) -> None:
    """Write a finished part to `folder`; not one that hands out an object, whose type lives in this process only."""
    library, returned = result.library, result.signature.return_type
    if _holds_object(returned) or result.reload_init:
        return
    calls, foreign = [], []
    for other in dict.fromkeys(library._linking_libraries):
        if isinstance(other, PartLibrary) and other.key:
            calls.append(other.key)
        else:
            foreign.append(other._get_module_for_linking().as_bitcode())
    code = library._get_module_for_linking().as_bitcode()
    try:
        data = pickle.dumps(KeptPart(returned, tuple(calls), tuple(foreign), code))
        write_whole(folder / key, data)
    except (OSError, pickle.PicklingError, AttributeError, TypeError):
        return  # it will be compiled again


def _holds_object(kind: Any) -> bool:
    return isinstance(kind, ObjectRecord) or (isinstance(kind, types.Array) and _holds_object(kind.dtype))


class Shelf:
    """The kept parts of one folder, each read once. A part is there only if all that it calls is there too."""

    def __init__(self, folder: Path | None, codegen: Any) -> None:
        self.folder = folder
        self.codegen = codegen
        self.found: dict[str, tuple[PartLibrary, Any] | None] = {}
        self.foreign: dict[bytes, PartLibrary] = {}

    def take(self, key: str) -> tuple[PartLibrary, Any] | None:
        """The part's library and what it returns, or None where it must be compiled."""
        if self.folder is None:
            return None
        if key not in self.found:
            self.found[key] = None  # a part that calls itself is not kept
            self.found[key] = self._read(key)
        return self.found[key]

    def _read(self, key: str) -> tuple[PartLibrary, Any] | None:
        assert self.folder is not None
        try:
            kept = pickle.loads((self.folder / key).read_bytes())  # noqa: S301  (our own cache, like numba's)
        except Exception:  # noqa: BLE001  (a file that cannot be read is one that is not there)
            return None
        if not isinstance(kept, KeptPart):
            return None
        called = [self.take(other) for other in kept.calls]
        if any(other is None for other in called):
            return None
        library = self._library(key, kept.code)
        library.key = key
        library._linking_libraries = [other[0] for other in called if other is not None]
        for code in kept.foreign:
            if code not in self.foreign:
                self.foreign[code] = self._library("foreign", code)
            library._linking_libraries.append(self.foreign[code])
        return library, kept.returned

    def _library(self, name: str, code: bytes) -> PartLibrary:
        library = PartLibrary(self.codegen, name)
        library._final_module = library._shared_module = llvmlite.binding.parse_bitcode(code)
        library._finalized = True
        return library


def part_from(
    shelf: Shelf, key: str, function: python_types.FunctionType, identity: Any, state: Any
) -> CompileResult | None:
    """A kept part as numba would have it from compiling `function` for `state.args`; None where none is kept."""
    taken = shelf.take(key)
    if taken is None:
        return None
    library, returned = taken
    descriptor = describe(identity, key, state.args, returned)
    return compile_result(
        typing_context=state.typingctx,
        target_context=state.targetctx,
        entry_point=handle_for(descriptor),
        signature=signature(returned, *state.args),
        objectmode=False,
        lifted=(),
        fndesc=descriptor,
        library=library,
        metadata={"pipeline_times": {}},
        reload_init=[],
    )

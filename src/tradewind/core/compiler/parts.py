"""Compile many small functions as parts of one program.

numba makes every function a program of its own: it links in everything the function calls, optimises, and emits
machine code, again at each level of a call tree. The engine is a tree of some hundred functions of which only the root
is ever called from Python, so here functions are kept as unoptimised parts, and linked, optimised and emitted once, at
the root. That took a first compilation from 17 s to 5 s.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, funcdesc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import _LowerResult
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.lowering import Lower


class PartLibrary(JITCodeLibrary):
    """One function's code, neither optimised nor emitted."""

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
        found: dict[Any, None] = {}
        waiting: list[Any] = list(self._linking_libraries)
        while waiting:
            library = waiting.pop()
            if library not in found:
                found[library] = None
                if isinstance(library, PartLibrary):
                    waiting.extend(library._linking_libraries)
        self._linking_libraries: list[Any] = list(found)
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
        library.enable_object_caching()
        state.library = library
        library._reload_init.update(state.reload_init)
        descriptor = funcdesc.PythonFunctionDescriptor.from_specialized_function(
            state.func_ir,
            state.typemap,
            state.return_type,
            state.calltypes,
            mangler=state.targetctx.mangler,
            inline=state.flags.forceinline,
            noalias=state.flags.noalias,
            abi_tags=[state.flags.get_mangle_string()],
        )
        with state.targetctx.push_code_library(library):
            lower = PartLower(state.targetctx, library, descriptor, state.func_ir, metadata=state.metadata)
            lower.lower()
            environment, helper = lower.env, lower.call_helper
        # Callers find the code under this object. numba insists on a built-in function; a list's method is harmless.
        key = [descriptor.unique_name].append
        state.targetctx.insert_user_function(key, descriptor, [library])
        state["cr"] = _LowerResult(descriptor, helper, cfunc=key, env=environment)
        state.metadata["llvm_pass_timings"] = library.recorded_timings
        return True

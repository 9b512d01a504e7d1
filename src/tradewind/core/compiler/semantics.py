"""Passes that keep compiled code to what Python means.

Before type inference: every call must be to the strategy's own code or to something known to give the same bits;
`isinstance` on an argument is decided; a name has a value wherever it is used. After it: an attribute keeps the type it
began with. Where that fails, CannotCompile names the line and the interpreter runs the strategy.
"""

from __future__ import annotations

import operator
import types as python_types
import weakref
from pathlib import Path
from typing import Any

import numba
from numba import types
from numba.core import compiler, ir
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.bytecode import FunctionIdentity
from numba.core.compiler_machinery import FunctionPass, PassManager, register_pass
from numba.core.ir_utils import build_definitions
from numba.core.typed_passes import (
    IRLegalization,
    NoPythonBackend,
    NoPythonSupportedFeatureValidation,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import (
    DeadBranchPrune,
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    RewriteDynamicRaises,
    RewriteSemanticConstants,
    TranslateByteCode,
)

from tradewind.core.compiler.build import current
from tradewind.core.compiler.exact import ALLOWED, REPLACED, power
from tradewind.core.compiler.layout import CannotCompile
from tradewind.core.compiler.lists import check_use, fraction_in_whole_list
from tradewind.core.compiler.parts import LowerAsPart, WholeLibrary, keep_part, part_from
from tradewind.core.compiler.rounds import LoopsEnd
from tradewind.core.compiler.whole_numbers import CHECKED


class Promote(Exception):
    """A method assigns a fraction to an attribute that began as a whole number: store it as a fraction and go again."""

    def __init__(self, cls_name: str, attribute: str) -> None:
        super().__init__(cls_name, attribute)
        self.cls_name = cls_name
        self.attribute = attribute


def place_of(loc: Any) -> str:
    """`file:line` of a numba location."""
    return f"{Path(loc.filename).name}:{loc.line}"


_dispatchers: weakref.WeakKeyDictionary[Any, tuple[str, Any]] = weakref.WeakKeyDictionary()


def jit(function: python_types.FunctionType) -> Any:
    """The function, and the code it reaches now, compiled under these passes."""
    own = (function.__module__ or "").startswith("tradewind.")
    generation = "" if own else current().function_hash(function)
    known = _dispatchers.get(function)
    if known is not None and known[0] == generation:
        return known[1]
    dispatcher = numba.njit(function, **options_for(function))
    _forget_literals(dispatcher)
    _dispatchers[function] = (generation, dispatcher)
    return dispatcher


def _forget_literals(dispatcher: Any) -> None:
    """Compile for `int`, not for `the int 4`: numba would make a version of the function for every constant."""
    original = dispatcher.get_call_template

    def get_call_template(args: Any, kws: Any) -> Any:
        plain = {name: types.unliteral(kind) for name, kind in kws.items()}
        return original([types.unliteral(kind) for kind in args], plain)

    dispatcher.get_call_template = get_call_template


def options_for(function: python_types.FunctionType) -> dict[str, Any]:
    """How a function is compiled: a user's with its list indices checked, as Python checks them."""
    own = (function.__module__ or "").startswith("tradewind.")
    return {"pipeline_class": PartCompiler, "boundscheck": not own, "nogil": True}


@register_pass(mutates_CFG=True, analysis_only=False)
class CallsAreKnown(FunctionPass):
    """Replace builtins by their exact twins, plain functions by compiled ones, and refuse every other call."""

    _name = "tradewind_calls_are_known"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Rewrite the function's calls; see the class."""
        known: dict[str, Any] = {}
        for block in state.func_ir.blocks.values():
            body: list[Any] = []
            for statement in block.body:
                if isinstance(statement, ir.Assign):
                    self._rewrite(statement, known, state, block, body)
                body.append(statement)
            block.body = body
        _decide_branches(state, known)
        return True

    def _rewrite(self, statement: Any, known: dict[str, Any], state: Any, block: Any, body: list[Any]) -> None:
        value, loc = statement.value, statement.loc
        if isinstance(value, ir.Global | ir.FreeVar):
            thing = value.value
            if (replacement := _lookup(REPLACED, thing)) is not None:
                statement.value = ir.Global(value.name, replacement, loc)
            elif isinstance(thing, python_types.FunctionType):
                statement.value = ir.Global(value.name, jit(thing), loc)
            elif isinstance(thing, type) and not _contains(ALLOWED, thing) and not issubclass(thing, BaseException):
                statement.value = ir.Const(None, loc)  # only isinstance may name it, and that is decided here
            known[statement.target.name] = thing
        elif isinstance(value, ir.Var) and value.name in known:
            known[statement.target.name] = known[value.name]
        elif isinstance(value, ir.Expr):
            if value.op == "getattr" and isinstance(known.get(value.value.name), python_types.ModuleType):
                self._module_attribute(statement, known, loc)
            elif value.op == "getattr" and isinstance(known.get(value.value.name), type):
                self._class_attribute(statement, known, loc)
            elif value.op == "call" and value.func.name in known:
                self._call(value, known, state, statement, loc)
            elif value.op in ("binop", "inplace_binop"):
                exact: Any = power if _operator(value) is operator.pow else None
                if not (state.func_id.modname or "").startswith("tradewind."):
                    exact = exact or CHECKED.get(_operator(value))
                if exact is not None:
                    function = ir.Var(block.scope, block.scope.redefine(exact.__name__, loc).name, loc)
                    body.append(ir.Assign(ir.Global(exact.__name__, exact, loc), function, loc))
                    statement.value = ir.Expr.call(function, [value.lhs, value.rhs], (), loc)

    def _module_attribute(self, statement: Any, known: dict[str, Any], loc: Any) -> None:
        module, name = known[statement.value.value.name], statement.value.attr
        thing = getattr(module, name, None)
        known[statement.target.name] = thing
        if isinstance(thing, python_types.FunctionType) and not module.__name__.startswith("numpy"):
            statement.value = ir.Global(name, jit(thing), loc)
        elif isinstance(thing, bool | int | float):
            statement.value = ir.Const(thing, loc)
        else:
            replacement = _lookup(REPLACED, thing)
            if replacement is not None:
                statement.value = ir.Global(name, replacement, loc)

    def _class_attribute(self, statement: Any, known: dict[str, Any], loc: Any) -> None:
        """A constant of a class, such as `TimeInForce.IOC`."""
        cls, name = known[statement.value.value.name], statement.value.attr
        thing = getattr(cls, name, None)
        if not isinstance(thing, bool | int | float):
            raise CannotCompile(f"{cls.__name__}.{name} is not a number", place_of(loc))
        statement.value = ir.Const(float(thing) if isinstance(thing, float) else int(thing), loc)

    def _call(self, call: Any, known: dict[str, Any], state: Any, statement: Any, loc: Any) -> None:
        thing = known[call.func.name]
        name = getattr(thing, "__qualname__", repr(thing))
        if thing is isinstance:
            decided = _decide_isinstance(call, known, state)
            if decided is None:
                raise CannotCompile("isinstance of something other than an argument", place_of(loc))
            statement.value = ir.Const(decided, loc)
            known[statement.target.name] = decided
        elif thing is round and len(call.args) != 1:
            raise CannotCompile("round(x, digits) rounds otherwise when compiled", place_of(loc))
        elif thing is bool and len(call.args) == 1 and isinstance(known.get(call.args[0].name), bool):
            known[statement.target.name] = known[call.args[0].name]
        elif (isinstance(thing, python_types.FunctionType) and not (thing.__module__ or "").startswith("numpy")) or (
            isinstance(thing, type) and issubclass(thing, BaseException)
        ):
            return
        elif _lookup(REPLACED, thing) is None and not _contains(ALLOWED, thing):
            module = getattr(thing, "__module__", None)
            shown = f"{module}.{name}" if module and module != "builtins" else name
            raise CannotCompile(f"{shown}() does not compile to the same bits", place_of(loc))


def _operator(value: Any) -> Any:
    """The plain operator of a binary or in-place expression."""
    return value.immutable_fn if value.op == "inplace_binop" else value.fn


def _lookup(table: dict[Any, Any], thing: Any) -> Any:
    try:
        return table.get(thing)
    except TypeError:  # unhashable
        return None


def _contains(table: frozenset[Any], thing: Any) -> bool:
    try:
        return thing in table
    except TypeError:  # unhashable
        return False


def _decide_isinstance(call: Any, known: dict[str, Any], state: Any) -> bool | None:
    """True or False where the first operand is an argument whose class is known from its type, else None."""
    definition = state.func_ir.get_definition(call.args[0])
    if not isinstance(definition, ir.Arg):
        return None
    cls = known.get(call.args[1].name)
    if not isinstance(cls, type):
        return None
    argument = types.unliteral(state.args[definition.index])
    if isinstance(argument, types.Omitted):
        return isinstance(argument.value, cls)
    own = getattr(argument, "python_class", None)
    if own is not None:
        return issubclass(own, cls)
    simple = {types.Float: float, types.Integer: int, types.Boolean: bool}
    for numba_type, python_type in simple.items():
        if isinstance(argument, numba_type):
            return issubclass(python_type, cls)
    return None


def _decide_branches(state: Any, known: dict[str, Any]) -> None:
    """Turn branches on a decided condition into jumps, so that the other side is never typed."""
    changed = False
    for block in state.func_ir.blocks.values():
        last = block.body[-1]
        if isinstance(last, ir.Branch) and isinstance(known.get(last.cond.name), bool):
            block.body[-1] = ir.Jump(last.truebr if known[last.cond.name] else last.falsebr, last.loc)
            changed = True
    if changed:
        blocks = state.func_ir.blocks
        for dead in compute_cfg_from_blocks(blocks).dead_nodes():
            del blocks[dead]
        state.func_ir._definitions = build_definitions(blocks)


@register_pass(mutates_CFG=False, analysis_only=True)
class AttributesKeepTheirType(FunctionPass):
    """Refuse an assignment that would store something else than the attribute held at set-up."""

    _name = "tradewind_attributes_keep_their_type"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Look at every assignment to an attribute; nothing is changed."""
        for block in state.func_ir.blocks.values():
            for statement in block.body:
                if isinstance(statement, ir.SetAttr):
                    _check_assignment(statement, state.typemap, state.func_id.func_name)
                elif isinstance(statement, ir.SetItem | ir.StaticSetItem):
                    found = fraction_in_whole_list(statement, state, place_of(statement.loc))
                    if found is not None:
                        raise Promote(found[0].__qualname__, found[1])
                elif isinstance(statement, ir.Assign) and isinstance(statement.value, ir.Expr):
                    check_use(statement.value, state.typemap, place_of(statement.loc))
        return False


def _check_assignment(statement: Any, typemap: dict[str, Any], function: str) -> None:
    target = typemap[statement.target.name]
    cls = getattr(target, "python_class", None)
    if cls is None:
        return
    if function != getattr(cls, "told_by", function):
        raise CannotCompile(f"{cls.__name__}.{statement.attr} is read only here", place_of(statement.loc))
    held = target.typeof(statement.attr)
    given = types.unliteral(typemap[statement.value.name])
    rank = {types.Boolean: 0, types.Integer: 1, types.Float: 2}
    held_rank = next((r for t, r in rank.items() if isinstance(held, t)), None)
    given_rank = next((r for t, r in rank.items() if isinstance(given, t)), None)
    name = f"{cls.__name__}.{statement.attr}"
    if held_rank is None or given_rank is None:
        raise CannotCompile(f"{name} is replaced as a whole: change what it holds instead", place_of(statement.loc))
    if given_rank <= held_rank and not (held_rank == 1 and given_rank == 0):
        return
    if held_rank == 1 and given_rank == 2:
        raise Promote(cls.__qualname__, statement.attr)
    if held_rank == 1:
        return
    raise CannotCompile(f"{name} began as true or false and is given a number", place_of(statement.loc))


@register_pass(mutates_CFG=False, analysis_only=True)
class NamesAreBound(FunctionPass):
    """Refuse a local name that may be used before it has a value: Python would raise, machine code would read junk."""

    _name = "tradewind_names_are_bound"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Look at where the ways through the function join; nothing is changed."""
        for block in state.func_ir.blocks.values():
            for statement in block.body:
                value = statement.value if isinstance(statement, ir.Assign) else None
                joined = value.incoming_values if isinstance(value, ir.Expr) and value.op == "phi" else [value]
                if any(incoming is ir.UNDEFINED for incoming in joined):
                    name = statement.target.unversioned_name
                    raise CannotCompile(f"{name} may have no value yet: give it one before", place_of(statement.loc))
        return False


PART_PASSES = (
    (TranslateByteCode, "analyzing bytecode"),
    (FixupArgs, "fix up args"),
    (IRProcessing, "processing IR"),
    (CallsAreKnown, "calls are known"),
    (LoopsEnd, "loops end"),
    (RewriteSemanticConstants, "rewrite semantic constants"),
    (DeadBranchPrune, "dead branch pruning"),
    (GenericRewrites, "nopython rewrites"),
    (RewriteDynamicRaises, "rewrite dynamic raises"),
    (ReconstructSSA, "ssa"),
    (NamesAreBound, "names are bound"),
    (NopythonTypeInference, "nopython frontend"),
    (AttributesKeepTheirType, "attributes keep their type"),
    (PreLowerStripPhis, "remove phi nodes"),
    (NoPythonSupportedFeatureValidation, "ensure features that are in use are in a valid form"),
    (IRLegalization, "ensure IR is legal prior to lowering"),
    (LowerAsPart, "lower as a part"),
    (NoPythonBackend, "nopython mode backend"),
)
"""What a part goes through. numba's own list has as many again, for closures, comprehensions, array expressions and
parallel loops, which cost time at every function and which strategies that compile do not use."""


class PartCompiler(compiler.CompilerBase):
    """numba's pipeline with the two passes above, ending in a part of a program."""

    def compile_extra(self, func: Any) -> Any:
        """Compile a function for the argument types at hand, or take the part that is kept for them."""
        build = current()
        key = build.key_of(func, self.state.args, repr(self.state.flags.boundscheck))
        self.state.part_key = key
        identity = FunctionIdentity.from_function(func)
        kept = part_from(build.shelf(self.state.targetctx.codegen()), key, func, identity, self.state)
        if kept is not None:
            self.state.targetctx.insert_user_function(kept.entry_point, kept.fndesc, [kept.library])
            return kept
        result = super().compile_extra(func)
        if build.parts is not None:
            keep_part(build.parts, key, result)
        return result

    def define_pipelines(self) -> list[Any]:
        """The short nopython pipeline."""
        pipeline = PassManager("part")
        for step, text in PART_PASSES:
            pipeline.add_pass(step, text)
        pipeline.finalize()
        return [pipeline]


class WholeCompiler(compiler.CompilerBase):
    """numba's pipeline for the root of a program."""

    def define_pipelines(self) -> list[Any]:
        """The nopython pipeline over a library that gathers the parts."""
        library = WholeLibrary(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        library.enable_object_caching()
        self.state.library = library
        return [compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)]

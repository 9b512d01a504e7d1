"""Loops that end: a `while` in a user's function may go round only so often in one call.

Machine code hears no Ctrl-C. A `while` whose condition stays true would hold a run, and with it a search, for ever; so
each round of one is counted, and at the limit the function raises. Loops over `range` or a list end by themselves and
are not counted, and Tradewind's own are known to end.
"""

from __future__ import annotations

import operator
from typing import Any

from numba.core import ir
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions, rename_labels

ROUNDS_MAX = 10_000_000
"""Rounds of all `while` loops in one call of a function; the shortest take some hundredths of a second for them."""


class NeverEnds(Exception):
    """A `while` loop has gone round ROUNDS_MAX times in one call."""


@register_pass(mutates_CFG=True, analysis_only=False)
class LoopsEnd(FunctionPass):
    """Count the rounds of every `while` of a user's function."""

    _name = "tradewind_loops_end"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Begin a counter where the function begins; count, and raise beyond the limit, where a loop goes round."""
        if (state.func_id.modname or "").startswith("tradewind."):
            return False
        blocks = state.func_ir.blocks
        heads = {loop.header for loop in compute_cfg_from_blocks(blocks).loops().values()}
        counted = sorted(label for label in heads if not _takes_items(blocks[label]))
        if not counted:
            return False
        first = blocks[min(blocks)]
        counter, one, most = (_fresh(first, name) for name in ("rounds", "one_round", "rounds_max"))
        first.body[:0] = [
            ir.Assign(ir.Const(number, first.loc), variable, first.loc)
            for variable, number in ((counter, 0), (one, 1), (most, ROUNDS_MAX))
        ]
        text = f"a while loop in {state.func_id.func_qualname} has gone round {ROUNDS_MAX:,} times in one call"
        for label in counted:
            _count(blocks, label, counter, one, most, text)
        # numba takes a function's blocks in the order of their labels.
        state.func_ir.blocks = rename_labels(blocks)
        state.func_ir._definitions = build_definitions(state.func_ir.blocks)
        return True


def _takes_items(head: Any) -> bool:
    """Whether a loop's first block asks for the next item: it is a `for`."""
    values = [statement.value for statement in head.body if isinstance(statement, ir.Assign)]
    return any(isinstance(value, ir.Expr) and value.op == "iternext" for value in values)


def _count(blocks: dict[int, Any], label: int, counter: Any, one: Any, most: Any, text: str) -> None:
    """Put the counting before a loop's first block. A loop that has no end of its own is given one by it."""
    head = blocks[label]
    loc = head.loc
    going_on, giving_up = max(blocks) + 1, max(blocks) + 2
    blocks[going_on], blocks[giving_up] = ir.Block(head.scope, loc), ir.Block(head.scope, loc)
    blocks[going_on].body = head.body
    blocks[giving_up].body = [ir.StaticRaise(NeverEnds, (text,), loc)]
    beyond = _fresh(head, "beyond")
    head.body = [
        ir.Assign(ir.Expr.binop(operator.add, counter, one, loc), counter, loc),
        ir.Assign(ir.Expr.binop(operator.gt, counter, most, loc), beyond, loc),
        ir.Branch(beyond, giving_up, going_on, loc),
    ]


def _fresh(block: Any, name: str) -> Any:
    return ir.Var(block.scope, block.scope.redefine(f"${name}", block.loc).name, block.loc)

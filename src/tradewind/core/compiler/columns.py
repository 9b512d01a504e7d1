"""Numbers of a column, read in compiled code by the column's address.

An object that stands at a row of some columns holds their addresses and the row: going on by a bar is then one number
changed, whatever there is to read. Who makes such an object keeps the columns alive, and the row inside them.
"""

from __future__ import annotations

import ctypes
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing import signature
from numba.extending import intrinsic

from tradewind.core.compiler.exact import REPLACED


def float_at(address: int, row: int) -> float:
    """The float64 in row `row` of the column at `address`."""
    return ctypes.c_double.from_address(address + 8 * row).value


def whole_at(address: int, row: int) -> int:
    """The int64 in row `row` of the column at `address`."""
    return ctypes.c_int64.from_address(address + 8 * row).value


def _reader(kind: Any, held: Any) -> Any:
    @intrinsic
    def read(typingctx: Any, address: Any, row: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            column = builder.inttoptr(args[0], held.as_pointer())
            return builder.load(builder.gep(column, [args[1]]))

        return signature(kind, types.int64, types.int64), codegen

    return read


REPLACED[float_at] = _reader(types.float64, ir.DoubleType())
REPLACED[whole_at] = _reader(types.int64, ir.IntType(64))

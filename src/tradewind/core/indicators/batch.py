"""A whole history through an indicator: a loop over updates, so stream and batch cannot differ."""

from __future__ import annotations

import copy
import functools
import inspect
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numba import njit
from numba.extending import intrinsic

from tradewind.core.compiler.layout import CannotCompile, Promotions, layout_of, pack
from tradewind.core.compiler.methods import register_tree
from tradewind.core.compiler.semantics import Promote, jit
from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators.indicator import BAR_FIELDS, DERIVED_FIELDS, Indicator

Column = npt.NDArray[np.float64]
PROMOTIONS_MAX = 32

DERIVED: dict[str, tuple[str, ...]] = {
    "hl2": ("high", "low"),
    "hlc3": ("high", "low", "close"),
    "ohlc4": ("open", "high", "low", "close"),
}
"""Fields that are means of others, added in this order."""


def batch(
    indicator: Indicator, *, engine: Literal["compiled", "interpreted"] = "compiled", **columns: npt.ArrayLike
) -> dict[str, Column]:
    """Every output of `indicator` on every bar: `batch(SMA(20), close=closes)["value"]`.

    `columns` are a bar's fields (open, high, low, close, volume as floats, time as int64 nanoseconds UTC), all of one
    length, oldest first; only those the indicator reads are needed. Returns one float64 array an output, NaN before it
    is ready. An indicator composed with `of` is updated once the inner one is ready. The indicator itself is left as it
    was.

    Raises BadInput for a missing column, columns of different lengths, or code that does not compile.
    """
    if engine not in ("compiled", "interpreted"):
        raise BadInput(f"unknown engine {engine!r}", where="batch", fix="Choose compiled or interpreted")
    arrays = {name: _array(name, column) for name, column in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items()) or "none were given"
        raise BadInput(f"columns must have one length: {shown}", where="batch", fix="Give columns of the same bars")
    results, _ = _run(indicator, arrays, engine)
    return results


def _array(name: str, column: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        array = np.ascontiguousarray(column, dtype=np.int64 if name == "time" else np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"column {name} does not hold numbers: {error}", where="batch") from None
    if array.ndim != 1:
        raise BadInput(f"column {name} must have one dimension, found {array.ndim}", where="batch")
    return array


def _run(indicator: Indicator, columns: dict[str, npt.NDArray[Any]], engine: str) -> tuple[dict[str, Column], Any]:
    """The outputs of an indicator, and on which bars it was ready."""
    rows = len(next(iter(columns.values())))
    fed = np.ones(rows, np.bool_)
    inputs: list[npt.NDArray[Any]] = []
    names = tuple(inspect.signature(type(indicator).update).parameters)[1:]  # type: ignore[attr-defined]
    for name in names:
        source: Any = name
        output = "value"
        if name not in (*BAR_FIELDS, *DERIVED_FIELDS) and name not in columns:
            source, output = indicator.source or ("close", "value")
        if isinstance(source, str):
            inputs.append(_field(source, columns, indicator))
            continue
        if output not in source.outputs:
            raise BadInput(
                f"{type(source).__name__} has no output {output!r}",
                where=type(indicator).__name__,
                fix=f"Choose one of {', '.join(source.outputs)}",
            )
        inner, fed = _run(source, columns, engine)
        inputs.append(inner[output])
    outputs = tuple(type(indicator).outputs)
    results = [np.full(rows, np.nan) for _ in outputs]
    ready = np.zeros(rows, np.bool_)
    drive = _driver(names, outputs)
    # The copy starts where the indicator stands; what it is wired to need not be copied.
    wiring = {id(link): link for link in (indicator.source, indicator.feed) if link is not None}
    started = copy.deepcopy(indicator, wiring)
    if engine == "compiled":
        _drive_compiled(started, drive, fed, *inputs, *results, ready)
    else:
        drive(started, fed, *(column.tolist() for column in inputs), *results, ready)
    return dict(zip(outputs, results, strict=True)), ready


def _field(name: str, columns: dict[str, npt.NDArray[Any]], indicator: Indicator) -> npt.NDArray[Any]:
    if name in columns:
        return columns[name]
    if name in DERIVED:
        parts = [_field(part, columns, indicator) for part in DERIVED[name]]
        return functools.reduce(np.add, parts) / float(len(parts))
    who = type(indicator).__name__
    raise BadInput(f"{who} needs the column {name}", where="batch", fix=f"Write batch({who}(...), {name}=...)")


@functools.cache
def _driver(names: tuple[str, ...], outputs: tuple[str, ...]) -> Any:
    """The loop over updates for these parameters and outputs, as a function that Python runs and numba compiles."""
    columns = "".join(f", of_{name}" for name in names)
    results = "".join(f", to_{output}" for output in outputs)
    lines = [
        f"def drive(indicator, fed{columns}{results}, ready):",
        "    for row in range(len(fed)):",
        "        if fed[row]:",
        f"            indicator.update({', '.join(f'of_{name}[row]' for name in names)})",
        *(f"        to_{output}[row] = indicator.{output}" for output in outputs),
        "        ready[row] = indicator.ready",
    ]
    namespace: dict[str, Any] = {"__name__": __name__}
    exec("\n".join(lines), namespace)  # noqa: S102  (its text is made above, of attribute names)
    return namespace["drive"]


def _drive_compiled(indicator: Indicator, drive: Any, fed: Any, *arrays: Any) -> None:
    """Run the loop in compiled code on a record of the indicator."""
    promote: Promotions = frozenset()
    for _ in range(PROMOTIONS_MAX):
        try:
            layout = layout_of(indicator, promote)
            register_tree(indicator)
            state = np.zeros(layout.dtype.itemsize, np.uint8)
            pack(indicator, state.view(layout.dtype)[0])
            _kernel(layout.record, drive)(state, fed, *arrays)
        except Promote as request:
            promote |= {(request.cls, request.attribute)}
        except CannotCompile as error:
            raise BadInput(
                f"{type(indicator).__name__} does not compile: {error}",
                where="batch",
                fix='Write batch(..., engine="interpreted"), or change that line',
            ) from None
        else:
            return
    raise AssertionError("more promotions than attributes")


@functools.cache
def _kernel(record: Any, drive: Any) -> Any:
    """The loop compiled for one record type; `state` holds the record's bytes."""

    def view(typingctx: Any, state: Any) -> Any:  # noqa: ARG001  (numba passes it)
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            array = context.make_array(sig.args[0])(context, builder, args[0])
            return builder.bitcast(array.data, context.get_value_type(record))

        return record(state), codegen

    as_record: Any = intrinsic(view)
    loop = jit(drive)

    @njit(nogil=True)
    def kernel(state: Any, *arguments: Any) -> None:
        loop(as_record(state), *arguments)

    return kernel

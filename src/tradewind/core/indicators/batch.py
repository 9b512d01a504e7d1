"""A whole history through an indicator: a loop over updates, so stream and batch cannot differ."""

from __future__ import annotations

import copy
import functools
import inspect
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tradewind.core.compiler.kernel import Kernel, build_kernel
from tradewind.core.compiler.layout import CannotCompile, layout_of
from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators.indicator import BAR_FIELDS, BY_HAND, DERIVED_FIELDS, Indicator

Column = npt.NDArray[np.float64]
KERNELS_MAX = 256
"""Compiled loops kept by one process; at the limit they are forgotten, and compiled again when needed."""

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
        raise BadInput(
            f"column {name} does not hold numbers: {error}", where="batch", fix="Give numbers; NaN where there is none"
        ) from None
    if array.ndim != 1:
        raise BadInput(
            f"column {name} must have one dimension, found {array.ndim}",
            where="batch",
            fix="Give one column: numbers in a row",
        )
    return array


def _run(
    indicator: Indicator, columns: dict[str, npt.NDArray[Any]], engine: str, wanted: str = "value"
) -> tuple[dict[str, Column], npt.NDArray[np.bool_]]:
    """The outputs of an indicator and `wanted` besides, and on which bars it was ready."""
    names, inputs, fed = _fed(indicator, columns, engine)
    outputs = tuple(dict.fromkeys((*type(indicator).outputs, wanted)))
    results = [np.full(len(fed), np.nan) for _ in outputs]
    ready = np.zeros(len(fed), np.bool_)
    source, drive = _driver(names, outputs)
    # The copy starts where the indicator stands; what it is wired to need not be copied.
    wiring = {id(link): link for link in (indicator.source, indicator.feed) if link is not None}
    started = copy.deepcopy(indicator, wiring)
    if engine == "compiled":
        _drive_compiled(started, source, fed, *inputs, *results, ready)
    else:
        drive(started, fed, *(column.tolist() for column in inputs), *results, ready)
    return dict(zip(outputs, results, strict=True)), ready


def _fed(
    indicator: Indicator, columns: dict[str, npt.NDArray[Any]], engine: str
) -> tuple[tuple[str, ...], list[npt.NDArray[Any]], npt.NDArray[np.bool_]]:
    """The parameters of an indicator's `update`, a column for each, and on which bars it is updated at all."""
    who = type(indicator).__name__
    fed = np.ones(len(next(iter(columns.values()))), np.bool_)
    inputs: list[npt.NDArray[Any]] = []
    names = tuple(inspect.signature(type(indicator).update).parameters)[1:]  # type: ignore[attr-defined]
    free = [name for name in names if name not in (*BAR_FIELDS, *DERIVED_FIELDS) and name not in columns]
    if len(free) > 1:
        raise BadInput(
            f"{who} takes several values that are not fields of a bar: {', '.join(free)}",
            where="batch",
            fix=f"Give each as a column of its name: {free[0]}=...",
        )
    for name in names:
        source, output = (name, "") if name not in free else indicator.source or ("close", "value")
        if indicator.source == BY_HAND:
            source = name
        if isinstance(source, str):
            inputs.append(_field(source, columns, indicator))
            continue
        if not hasattr(source, output):
            raise BadInput(
                f"{type(source).__name__} has no output {output!r}",
                where=who,
                fix=f"Choose one of {', '.join(source.outputs)}",
            )
        inner, fed = _run(source, columns, engine, output)
        inputs.append(inner[output])
    return names, inputs, fed


def _field(name: str, columns: dict[str, npt.NDArray[Any]], indicator: Indicator) -> npt.NDArray[Any]:
    if name in columns:
        return columns[name]
    if name in DERIVED:
        parts = [_field(part, columns, indicator) for part in DERIVED[name]]
        return functools.reduce(np.add, parts) / float(len(parts))
    who = type(indicator).__name__
    raise BadInput(f"{who} needs the column {name}", where="batch", fix=f"Write batch({who}(...), {name}=...)")


@functools.cache
def _driver(names: tuple[str, ...], outputs: tuple[str, ...]) -> tuple[str, Any]:
    """The loop over updates for these parameters and outputs: text for the compiler, a function for Python."""
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
    source = "\n".join(lines) + "\n"
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102  (its text is made above, of attribute names)
    return source, namespace["drive"]


_kernels: dict[tuple[Any, str], Kernel] = {}


def _drive_compiled(indicator: Indicator, source: str, *arrays: npt.NDArray[Any]) -> None:
    """Run the loop in compiled code; indicators of one layout share what was compiled, whatever their lengths."""
    try:
        shape = (layout_of(indicator).record, source)
        kernel = _kernels.get(shape)
        if kernel is None:
            kernel = build_kernel(indicator, source, {}, tuple(array[:0] for array in arrays), cache=None)
            if len(_kernels) >= KERNELS_MAX:
                _kernels.clear()
            _kernels[shape] = kernel
    except CannotCompile as error:
        raise BadInput(
            f"{type(indicator).__name__} does not compile: {error}",
            where="batch",
            fix='Write batch(..., engine="interpreted"), or change that line',
        ) from None
    kernel.entry(kernel.state_of(indicator), *arrays)

"""How the loops over paths are compiled: kept beside their file, without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a loop over arrays. Division by zero gives infinity, as in NumPy, and not an exception.

    A kernel calls no kernel of another file: numba's cache would not notice when that one changes.
    """
    return kept(function, error_model="numpy")


def kept(function: F, **options: Any) -> F:
    """Compile a function and keep its code beside its file, or below the user's home.

    Where neither can be written nothing is kept, and it is compiled anew in each process.
    """
    try:
        return cast("F", njit(cache=True, nogil=True, **options)(function))
    except RuntimeError:  # numba found no folder to keep it in
        return cast("F", njit(nogil=True, **options)(function))


def frozen(values: NDArray[Any]) -> NDArray[Any]:
    """A read-only contiguous view: columns of a data frame come read-only, and one kind of array compiles once."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view

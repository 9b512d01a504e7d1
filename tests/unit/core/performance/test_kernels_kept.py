"""A compiled loop is kept where there is a folder for it, and works where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tradewind.core.performance import trade_kernels
from tradewind.core.performance.kernel import kept, kernel

CODE = "def ratio(a, b):\n    return a[0] / b[0]\n"


def without_a_place() -> Any:
    """A function of no file: numba finds no folder for its code, as where neither package nor home can be written."""
    names: dict[str, Any] = {}
    exec(compile(CODE, "<nowhere>", "exec"), names)
    return names["ratio"]


def test_where_no_folder_can_be_written_a_kernel_works_without_one() -> None:
    ratio = kernel(without_a_place())
    assert ratio(np.array([3.0]), np.array([2.0])) == 1.5
    assert ratio(np.array([3.0]), np.array([0.0])) == np.inf
    assert ratio.stats.cache_path is None


def test_without_options_a_division_by_zero_is_an_error_as_in_python() -> None:
    ratio = kept(without_a_place())
    with pytest.raises(ZeroDivisionError):
        ratio(np.array([3.0]), np.array([0.0]))


def test_where_there_is_a_folder_code_is_kept_in_it() -> None:
    compiled: Any = trade_kernels.enter
    assert compiled.stats.cache_path

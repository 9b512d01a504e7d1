"""Small classes, compiled by themselves: an object with a `step(x, y)` method, driven over pairs of numbers."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.compiler.kernel import Kernel, build_kernel

DRIVER = """
def drive(s, xs, ys, n):
    for i in range(n):
        s.step(xs[i], ys[i])
    return n
"""
_numbers = itertools.count()


def module_from(text: str, folder: Path, name: str | None = None) -> Any:
    """Write `text` to a file of its own and import it: code that is compiled has a file and lines."""
    name = name or f"snippet_{next(_numbers)}"
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(text))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def snippet(setup: str, step: str, folder: Path, before: str = "") -> Any:
    """A class `Thing` whose __init__ is `setup` and whose step(x, y) is `step`."""
    text = before + "\n\nclass Thing:\n    def __init__(self):\n        self.out = 0.0\n"
    text += textwrap.indent(textwrap.dedent(setup), " " * 8) + "\n"
    text += "    def step(self, x, y):\n" + textwrap.indent(textwrap.dedent(step), " " * 8) + "\n"
    return module_from(text, folder).Thing


def columns(pairs: Any) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(list(pairs), np.float64).reshape(-1, 2)
    return np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1])


def kernel_of(thing: Any, cache: Path | None = None) -> Kernel:
    xs, ys = columns([])
    return build_kernel(thing, DRIVER, {}, (xs, ys, 0), cache)


class Twin:
    """One object interpreted beside one compiled."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.kernel = kernel_of(cls())
        self.again()

    def again(self) -> Twin:
        """Both begin anew."""
        self.plain, self.packed = self.cls(), self.cls()
        self.state = self.kernel.state_of(self.packed)
        return self

    def step(self, x: float, y: float) -> tuple[Any, Any]:
        """What both say of x and y: the class of what was raised, or the object's values."""
        return self._interpreted(x, y), self._compiled(x, y)

    def _interpreted(self, x: float, y: float) -> Any:
        try:
            self.plain.step(x, y)
        except Exception as error:  # noqa: BLE001  (what it raises is the answer)
            return type(error).__name__
        return values_of(self.plain)

    def _compiled(self, x: float, y: float) -> Any:
        try:
            self.kernel.entry(self.state, *columns([(x, y)]), 1)
        except Exception as error:  # noqa: BLE001  (what it raises is the answer)
            return type(error).__name__
        self.kernel.restore(self.state, self.packed)
        return values_of(self.packed)


def values_of(thing: Any) -> list[bytes]:
    """Every number the object holds, as the bytes of a float; NaN in one form."""
    found: list[bytes] = []
    for value in vars(thing).values():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, bool | int | float):
                if isinstance(item, int) and abs(item) > 2**62:
                    found.append(str(item).encode())  # beyond a float, and beyond compiled code
                    continue
                number = float(item)
                found.append(np.float64(np.nan if number != number else number).tobytes())
            elif hasattr(item, "__dict__"):
                found.extend(values_of(item))
    return found

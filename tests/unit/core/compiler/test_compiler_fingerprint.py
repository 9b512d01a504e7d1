"""The name of compiled code: two sources that mean different things never have the same one."""

import types

import numpy as np
import pytest

from tradewind.core.compiler.fingerprint import fingerprint


def named(text, **names):
    """The fingerprint of the function `f` that `text` defines, with `names` as its module's other globals."""
    namespace = {"__name__": "mine", **names}
    exec(text, namespace)
    return fingerprint([namespace["f"]])


def package(constant):
    """A package with a module in it, which knows the package again, as real ones do."""
    outer, inner = types.ModuleType("mine_package"), types.ModuleType("mine_package.inner")
    outer.inner, inner.outer = inner, outer
    inner.LEVEL = constant
    return outer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(x): return x * 1.0 + 11.0", "def f(x): return x * 1.01 + 1.0"),
        ("def f(x): return x < 2 or x > 98", "def f(x): return x < 29 or x > 8"),
        ("def f(x): return (x * 1000, x * 20000)", "def f(x): return (x * 10002, x * 0000)"),
        ("def f(x, a=1, b=11): return x", "def f(x, a=11, b=1): return x"),
        ("def f(x, *, a=1): return x + a", "def f(x, *, a=2): return x + a"),
    ],
    ids=["two fractions", "two levels", "two whole numbers", "two defaults", "a default by name"],
)
def test_numbers_that_read_the_same_in_one_string_are_told_apart(one, other):
    assert named(one) == named(one)
    assert named(one) != named(other)


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("def f(x): return x > package.inner.LEVEL", {"package": package(1)}, {"package": package(2)}),
        ("def f(x): return x > LEVEL", {"LEVEL": np.int64(1)}, {"LEVEL": np.int64(2)}),
        ("def f(x): return x > LEVEL", {"LEVEL": np.float32(1)}, {"LEVEL": np.float32(2)}),
    ],
    ids=["of a module in a package", "a NumPy whole number", "a NumPy fraction"],
)
def test_a_changed_constant_changes_the_name(text, one, other):
    assert named(text, **one) == named(text, **one)
    assert named(text, **one) != named(text, **other)


def test_a_changed_function_of_a_module_in_a_package_changes_the_name():
    names = []
    for body in ("x > 1.0", "x > 2.0"):
        outer = package(1)
        exec(f"def above(x): return {body}", outer.inner.__dict__)
        names.append(named("def f(x): return package.inner.above(x)", package=outer))
    assert names[0] != names[1]

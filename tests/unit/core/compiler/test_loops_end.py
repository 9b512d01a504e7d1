"""A while loop that never ends stops compiled code with an error, and one that ends is as it was."""

import numpy as np
import pytest
from compiler_snippets import Twin, columns, kernel_of, snippet

from tradewind.core.compiler.rounds import ROUNDS_MAX, NeverEnds

OUTSIDE = """
def ended(x):
    while x > 0.0:
        x = x - 1.0
    return x


def endless(x):
    while x > 0.0:
        pass
    return x
"""
ENDS = """
while x > 0.0:
    x -= 1.0
    for k in range(3):
        n = 0
        while n < 4:
            n += 1
            if n == k:
                continue
            self.out += n
    if self.out > 500.0:
        break
self.out += ended(y)
while True:
    y += 1.0
    if y > 5.0:
        break
"""
ENDLESS = """
if x == 1.0:
    while True:
        pass
elif x == 2.0:
    for _ in range(3):
        while y == y:
            self.out += 1.0
elif x == 3.0:
    while True:
        if y > 0.0:
            continue
        break
elif x == 4.0:
    self.out = endless(y)
else:
    self.out = 5.0
"""


def test_a_while_loop_that_ends_means_what_it_meant(tmp_path):
    twin = Twin(snippet("", ENDS, tmp_path, OUTSIDE))
    for x, y in ((7.0, 3.0), (0.0, -2.0), (300.0, 0.5)):
        plain, compiled = twin.again().step(x, y)
        assert plain == compiled


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    folder = tmp_path_factory.mktemp("endless")
    return kernel_of(snippet("", ENDLESS, folder, OUTSIDE)(), folder / "kernels")


@pytest.mark.parametrize(("way", "function"), [(1.0, "Thing.step"), (2.0, "step"), (3.0, "step"), (4.0, "endless")])
def test_one_that_does_not_says_in_which_function_it_is(endless, way, function):
    with pytest.raises(NeverEnds, match=rf"loop in \S*{function} has gone round {ROUNDS_MAX:,} times in one call"):
        endless.entry(np.zeros(endless.layout.dtype.itemsize, np.uint8), *columns([(way, 1.0)]), 1)

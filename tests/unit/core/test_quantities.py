"""One of something is not said as many are."""

import pytest

from tradewind.core.domain.quantities import so_many, too_few


@pytest.mark.parametrize(("count", "words"), [(0, "0 bars"), (1, "1 bar"), (2, "2 bars"), (17_520, "17,520 bars")])
def test_one_is_said_without_an_s(count, words):
    assert so_many(count, "bar") == words


def test_one_is_and_many_are():
    assert too_few(1, "bar") == "1 bar is too few"
    assert too_few(15, "bar") == "15 bars are too few"

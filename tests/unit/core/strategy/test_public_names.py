"""`from tradewind import ...`: what a strategy's file needs, and no more than it needs."""

import subprocess
import sys

import pytest

import tradewind
from tradewind.core import indicators

HEAVY = ("numpy", "numba", "polars", "typer", "rich", "jinja2", "msgspec")


def loaded_after(statement: str) -> set[str]:
    """Names of the modules that a fresh process has loaded after `statement`."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_else_of_it():
    assert {m for m in loaded_after("import tradewind") if m.startswith("tradewind.")} == set()


def test_writing_a_strategy_loads_no_heavy_library():
    names = "Strategy, Indicator, param, ring, SMA, EMA, RSI, GTC, IOC, OrderState, FillReason, Bar, Fill, BadInput"
    assert loaded_after(f"from tradewind import {names}") & set(HEAVY) == set()


def test_the_bundled_strategies_load_no_heavy_library():
    assert loaded_after("from tradewind.core.strategy.bundled import STRATEGIES") & set(HEAVY) == set()


@pytest.mark.parametrize("name", tradewind.__all__)
def test_a_public_name_is_there_and_is_listed(name):
    assert getattr(tradewind, name) is not None
    assert name in dir(tradewind)


def test_every_indicator_is_a_public_name():
    assert set(indicators.__all__) <= set(tradewind.__all__)


def test_the_times_in_force_are_plain_numbers_that_compiled_code_can_read():
    assert [type(getattr(tradewind, name)) for name in ("GTC", "IOC", "FOK", "GTD")] == [int] * 4
    assert tradewind.IOC == tradewind.TimeInForce.IOC


def test_a_name_that_is_not_public_is_refused_by_its_name():
    with pytest.raises(AttributeError, match="no attribute 'SNA'"):
        tradewind.SNA  # noqa: B018


def test_the_version_is_the_one_the_package_was_built_with():
    assert tradewind.__version__.count(".") == 2

"""A backtest from Python: notebooks, classes defined on the way, helpers that change, bars that are no market."""

from __future__ import annotations

import itertools
import linecache
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tradewind import BadInput, Bars, MarketRules, StrategyFailed, SyntheticMarket, backtest, param, synthetic_market
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.code_hash import code_hash

BARS = next(s for s in synthetic_market(SyntheticMarket(("BTC/USDT",), "1h", bars=600, seed=3)) if isinstance(s, Bars))
SmaCross = STRATEGIES["sma_cross"]


def test_the_result_says_what_it_is_in_one_line() -> None:
    result = backtest(SmaCross, BARS, engine="interpreted", fast=5, slow=20)
    assert repr(result).startswith("Backtest(SmaCross, BTC/USDT: total_return=")
    assert result.parameters == {"fast": 5, "slow": 20, "shorts": False}
    assert result.metrics["trades"] == len(result.trades)


@pytest.mark.parametrize("given", [{"fast": 5, "cash": 500.0}, {"parameters": {"fast": 5}, "cash": 500.0}])
def test_parameters_and_rules_go_by_their_names(given: dict[str, Any]) -> None:
    result = backtest(SmaCross, BARS, engine="interpreted", **given)
    assert (result.parameters["fast"], result.rules.cash) == (5, 500.0)


def test_equity_ends_at_the_cash_and_what_the_trades_made() -> None:
    result = backtest(SmaCross, BARS, engine="interpreted", fast=5, slow=20)
    assert len(result.trades) > 5
    assert result.equity[-1] == pytest.approx(10_000.0 + result.trades["pnl"].sum(), rel=1e-9)
    assert result.run.equity == pytest.approx(result.equity[-1], rel=1e-9)


@pytest.mark.parametrize(
    ("column", "value"),
    [("close", np.nan), ("open", np.inf), ("low", -1.0), ("high", 0.0), ("volume", -1.0), ("volume", np.nan)],
)
def test_bars_that_are_no_market_are_refused_with_the_row(column: str, value: float) -> None:
    values = getattr(BARS, column).copy()
    values[17] = value
    with pytest.raises(BadInput, match="first row 17") as caught:
        backtest(SmaCross, replace(BARS, **{column: values}), engine="interpreted")
    assert caught.value.where == "bars of BTC/USDT"


def test_nothing_to_run_on_is_refused() -> None:
    with pytest.raises(BadInput, match="no market to run on"):
        backtest(SmaCross, [])
    with pytest.raises(BadInput, match="no bars to run on"):
        backtest(SmaCross, BARS.slice(0, 0), engine="interpreted")


def test_timeframes_cannot_be_mixed() -> None:
    other = Bars("ETH/USDT", "4h", *(column[::4] for column in BARS.columns().values()))
    with pytest.raises(BadInput, match="different timeframes: 1h, 4h"):
        backtest(STRATEGIES["pairs_zscore"], [BARS, other])


@pytest.mark.parametrize(
    ("hook", "found"),
    [("async def on_bar(self, bar): ...", "a coroutine"), ("def on_bar(self, bar):\n    yield", "a generator")],
)
def test_a_hook_that_would_never_run_is_refused(hook: str, found: str) -> None:
    names = cell(f"class Mine(Strategy):\n{textwrap.indent(hook, '    ')}\n")
    with pytest.raises(StrategyFailed, match=f"on_bar is {found}"):
        backtest(names["Mine"], BARS)


cells = itertools.count()


def cell(source: str, names: dict[str, Any] | None = None, known: bool = True) -> dict[str, Any]:
    """Run source as a notebook's cell: in `__main__`, its lines known to linecache (or, as in a console, to nobody)."""
    file = f"<cell-{next(cells)}>" if known else "<stdin>"
    names = {"__name__": "__main__"} if names is None else names
    text = "from tradewind import SMA, Strategy, param\n" + source
    if known:
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), names)
    return names


MINE = """
def wanted(price):
    return price > {level}

class Mine(Strategy):
    def setup(self):
        self.ma = SMA({length})

    def on_bar(self, bar):
        if self.ma.ready and wanted(bar.close / self.ma.value):
            self.buy()
        else:
            self.close()
"""


@pytest.mark.parametrize("known", [True, False])
def test_a_class_of_a_notebook_or_a_console_compiles_to_the_same_decisions(kernels: Path, known: bool) -> None:
    mine = cell(MINE.format(level=1.0, length=10), known=known)["Mine"]
    compiled = backtest(mine, BARS, cache=kernels)
    assert (compiled.run.engine, compiled.run.why_interpreted) == ("compiled", None)
    assert compiled.run.decision_hash == backtest(mine, BARS, engine="interpreted").run.decision_hash
    assert len(compiled.trades) > 5


@pytest.mark.parametrize("cached", [True, False])
def test_a_helper_or_class_that_is_written_again_is_never_the_old_one(kernels: Path, cached: bool) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    hashes = set()
    for level, length in ((1.0, 10), (1.001, 10), (1.001, 12), (1.0, 10)):
        mine = cell(MINE.format(level=level, length=length), names)["Mine"]
        result = backtest(mine, BARS, cache=kernels if cached else None)
        assert result.run.engine == "compiled"
        assert result.run.decision_hash == backtest(mine, BARS, engine="interpreted").run.decision_hash
        hashes.add(result.run.decision_hash)
        # The helper alone changes, as when only its cell runs again.
    assert len(hashes) == 3
    cell("def wanted(price):\n    return price < 1.0\n", names)
    changed = backtest(names["Mine"], BARS, cache=kernels if cached else None)
    assert changed.run.decision_hash not in hashes
    assert changed.run.decision_hash == backtest(names["Mine"], BARS, engine="interpreted").run.decision_hash


def test_a_notebooks_class_that_does_not_compile_is_interpreted_with_the_reason() -> None:
    names = cell(
        "class Mine(Strategy):\n    def setup(self):\n        self.seen = {}\n"
        "    def on_bar(self, bar):\n        self.seen[bar.time] = 1\n        self.buy(size=0.001)\n"
    )
    result = backtest(names["Mine"], BARS)
    assert result.run.engine == "interpreted"
    assert "seen" in (result.run.why_interpreted or "")


def test_the_code_hash_changes_with_a_constant_however_the_class_was_written() -> None:
    for known in (True, False):
        one, two, three = (cell(MINE.format(level=1.0, length=n), known=known)["Mine"] for n in (10, 11, 10))
        assert code_hash(one) != code_hash(two)
        assert code_hash(one) == code_hash(three)
    assert code_hash(SmaCross) == code_hash(SmaCross) != code_hash(STRATEGIES["dca"])


def test_a_name_of_both_a_parameter_and_a_rule_must_be_said_which() -> None:
    class Both(SmaCross):
        stake = param(50.0)

    with pytest.raises(BadInput, match="stake is a parameter of the strategy and a rule of the market"):
        backtest(Both, BARS, engine="interpreted", stake=0.5)
    result = backtest(Both, BARS, engine="interpreted", parameters={"stake": 60.0}, rules=MarketRules(stake=0.5))
    assert (result.parameters["stake"], result.rules.stake) == (60.0, 0.5)

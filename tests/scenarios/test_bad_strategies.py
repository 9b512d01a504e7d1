"""Strategies that break, lie or ask for the impossible: one clear message each, the same from both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

HEAD = "from tradewind import SMA, Strategy, param\n\n\n"
MARKET = ("--symbol", "BTC/USDT:USDT")


def strategy(body: str, setup: str = "pass") -> str:
    """A file with one strategy; `body` is its on_bar."""
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return f"{HEAD}class Mine(Strategy):\n    def setup(self):\n        {setup}\n\n    def on_bar(self, bar):\n{lines}"


FILES = {
    "an empty file": ("", 3, "no class in it is a Strategy", "mine.py", "class MyStrategy(Strategy)"),
    "no strategy": ("class Mine:\n    pass\n", 3, "no class in it is a Strategy", "mine.py", ""),
    "two strategies": (
        f"{HEAD}class A(Strategy):\n    pass\nclass B(Strategy):\n    pass\n",
        3,
        "2 strategies are in it",
        "mine.py",
        "mine.py:A",
    ),
    "broken syntax": ("x = 1\nclass Mine(:\n", 4, "it is not Python: invalid syntax", "mine.py:2", "Correct"),
    "a null byte": ("x = 1\0\n", 4, "it is not Python", "mine.py", "Correct"),
    "a missing package": ("import numpyy\n", 4, "No module named 'numpyy'", "mine.py:1", "Install"),
    "an error at import": ("x = 1\ny = 1 / 0\n", 4, "ZeroDivisionError: division by zero", "mine.py:2", "--debug"),
    "an exit at import": ("import sys\nsys.exit(0)\n", 4, "SystemExit: 0", "mine.py:2", "--debug"),
    "a question at import": ("name = input('name? ')\n", 4, "EOFError", "mine.py:1", "--debug"),
    "no hook": (
        f"{HEAD}class Mine(Strategy):\n    pass\n",
        4,
        "it has no on_bar hook",
        "Mine",
        "def on_bar(self, bar)",
    ),
    "a wrong timer": (
        f"{HEAD}class Mine(Strategy):\n    timer = '3x'\n    def on_bar(self, bar):\n        pass\n",
        3,
        "unknown timeframe '3x'",
        "",
        "",
    ),
    "a coroutine for a hook": (
        f"{HEAD}class Mine(Strategy):\n    async def on_bar(self, bar):\n        pass\n",
        4,
        "on_bar is a coroutine",
        "Mine",
        "def on_bar",
    ),
    "an __init__ that wants more": (
        f"{HEAD}class Mine(Strategy):\n    def __init__(self, a): ...\n    def on_bar(self, bar): ...\n",
        4,
        "Mine cannot be made: TypeError",
        "Mine",
        "",
    ),
    "a setup that raises": (
        strategy("pass", "1 / 0"),
        4,
        "setup raised ZeroDivisionError",
        "Mine, setup (mine.py:6)",
        "",
    ),
    "a setup that exits": (strategy("pass", "raise SystemExit(0)"), 4, "setup raised SystemExit", "mine.py:6", ""),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_will_not_do_is_one_message_with_its_place(ask, home: Path, what: str) -> None:
    text, code, message, where, fix = FILES[what]
    Path("mine.py").write_text(text)
    answer = ask("backtest", "mine.py", *MARKET, "--json")
    assert answer.code == code == answer.error["exit_code"]
    assert message in answer.error["message"]
    assert where in (answer.error["where"] or "")
    assert fix in (answer.error["fix"] or "")
    assert answer.out == ""
    assert not list((home / "runs").iterdir())


BREAKS = {
    "a division by zero": (
        strategy("self.i += 1\nif self.i == 300:\n    self.z = self.i / (self.i - 300)", "self.i = 0; self.z = 0.0"),
        "ZeroDivisionError",
        "mine.py:11",
        "at the bar of 2024-01-13T11:00:00",
    ),
    "a size of NaN": (
        strategy("self.buy(size=float('nan'))"),
        "above zero, found nan",
        "mine.py:9",
        "2024-01-01T00:00:00",
    ),
    "a size of zero": (strategy("self.buy(size=0)"), "above zero, found 0", "mine.py:9", "2024-01-01T00:00:00"),
    "a size below zero": (strategy("self.buy(size=-1.0)"), "above zero, found -1", "mine.py:9", "2024-01-01T00:00:00"),
    "a size of infinity": (strategy("self.buy(size=float('inf'))"), "found inf", "mine.py:9", "2024-01-01T00:00:00"),
    "a price below zero": (
        strategy("self.buy(limit=-5.0)"),
        "above zero, found -5",
        "mine.py:9",
        "2024-01-01T00:00:00",
    ),
    "a bar that is not there": (
        strategy("self.x = self.closes[self.i]\nself.i += 1", "self.x = 0.0; self.closes = [0.0] * 10; self.i = 0"),
        "IndexError",
        "mine.py:9",
        "2024-01-01T10:00:00",
    ),
    "an attribute that is not there": (
        strategy("self.x = self.bars[-5].close"),
        "no attribute 'bars'",
        "mine.py:9",
        "",
    ),
    "a method misspelt": (strategy("self.byu()"), "no attribute 'byu'", "mine.py:9", "2024-01-01T00:00:00"),
    "an option misspelt": (strategy("self.buy(sizee=1.0)"), "'sizee'", "mine.py:9", ""),
    "endless recursion": (
        strategy("self.f(1)") + "\n    def f(self, x):\n        return self.f(x + 1)\n",
        "RecursionError",
        "mine.py:12",
        "",
    ),
    "an exit in the middle": (
        strategy("import sys\nsys.exit(0)"),
        "SystemExit: 0",
        "mine.py:10",
        "2024-01-01T00:00:00",
    ),
    "too many orders in a bar": (
        strategy("for i in range(1000):\n    self.buy(size=0.001)"),
        "more requests in one bar than are allowed",
        "mine.py:10",
        "",
    ),
    "a question in the middle": (strategy("input('more? ')"), "EOFError", "mine.py:9", ""),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_strategy_that_breaks_says_where_and_at_which_bar_whichever_engine_runs_it(
    ask, home: Path, what: str
) -> None:
    text, message, where, moment = BREAKS[what]
    Path("mine.py").write_text(text)
    said = []
    for engine in ("auto", "interpreted"):
        answer = ask("backtest", "mine.py", *MARKET, "--engine", engine, "--json")
        assert answer.code == 4
        assert message in answer.error["message"]
        assert moment in answer.error["message"]
        assert where in answer.error["where"]
        assert answer.out == ""
        said.append(answer.error)
    assert said[0] == said[1]
    assert not list((home / "runs").iterdir())


def test_orders_no_account_can_carry_are_an_error_when_none_traded_and_a_warning_when_some_did(ask) -> None:
    Path("greedy.py").write_text(strategy("self.buy(size=1e9)"))
    answer = ask("backtest", "greedy.py", *MARKET, "--json")
    assert answer.code == 4
    assert (
        "every order was refused: the first, at 2024-01-01T01:00:00Z: the account cannot carry it"
        in answer.error["message"]
    )
    assert answer.out == ""
    waiting = (
        "self.i += 1\nif self.i == 5:\n    self.buy(size=0.001, limit=1.0)\nif self.i > 9:\n    self.buy(size=1e9)"
    )
    Path("waiting.py").write_text(strategy(waiting, "self.i = 0"))
    assert ask("backtest", "waiting.py", *MARKET, "--json").code == 0, "one of them was taken, and waited in vain"
    mixed = strategy(
        "self.i += 1\nif self.i == 5:\n    self.buy(size=0.001)\nif self.i > 9:\n    self.buy(size=1e9)", "self.i = 0"
    )
    Path("mixed.py").write_text(mixed)
    answer = ask("backtest", "mixed.py", *MARKET, "--json")
    assert answer.code == 0
    assert any("1,491 orders were refused" in warning for warning in answer.document["warnings"])
    assert answer.document["refusals"][0]["count"] == 1_491


@pytest.mark.parametrize("engine", ["auto", "interpreted"])
def test_what_a_strategy_prints_never_mixes_with_the_result(ask, engine: str) -> None:
    Path("loud.py").write_text("print('imported')\n" + strategy("if bar.time == 0:\n    pass\nprint('bar', bar.close)"))
    answer = ask("backtest", "loud.py", *MARKET, "--engine", engine, "--json")
    assert answer.code == 0
    assert answer.document["bars"] == 1_500
    assert answer.err.count("bar ") >= 1_500
    assert "imported" in answer.err


def test_the_traceback_is_there_for_the_asking(ask) -> None:
    Path("mine.py").write_text(strategy("self.byu()"))
    with pytest.raises(Exception, match="byu") as caught:
        ask("backtest", "mine.py", *MARKET, "--debug")
    assert isinstance(caught.value.__cause__, AttributeError)


@pytest.mark.parametrize("name", ["sp ace.py", "ünï.py", "$(x).py", "a'b\".py", "-dash.py", "a;b.py", "__.py", "1.py"])
def test_any_name_of_a_file_will_do_and_the_printed_command_runs_again(ask, name: str) -> None:
    import shlex

    Path(name).write_text(strategy("if bar.close > bar.open:\n    self.buy()\nelse:\n    self.close()"))
    first = ask("backtest", "--engine", "interpreted", "--json", "--symbol", "BTC/USDT:USDT", f"./{name}")
    assert first.code == 0
    again = shlex.split(ask("report", "--json").document["command"])
    assert again[0] == "tradewind"
    assert ask(*again[1:], "--json").document["decision_hash"] == first.document["decision_hash"]

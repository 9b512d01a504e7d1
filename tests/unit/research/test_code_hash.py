"""A trial is the same one as long as nothing has changed that its run is made of."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tradewind
from tradewind import SMA, Strategy
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.code_hash import code_hash
from tradewind.research.reached_core import CORE, core_files

PACKAGE = Path(tradewind.__file__).parent
ASK = """
import sys
from tradewind.operations.strategies import strategy_named
from tradewind.research.code_hash import code_hash
print(code_hash(strategy_named(sys.argv[1])))
"""
MINE = "from tradewind import {names}\nclass Mine(Strategy):\n    def on_bar(self, bar):\n        pass\n"


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A Tradewind whose files may be edited."""
    folder = tmp_path_factory.mktemp("tradewind")
    shutil.copytree(PACKAGE, folder / "tradewind", ignore=shutil.ignore_patterns("__pycache__", "*_cache"))
    return folder


def hash_after(copied, edited, strategy):
    """The code hash of a strategy by a Tradewind of which one file ends with one more comment."""
    path = copied / "tradewind" / edited
    before = path.read_bytes()
    path.write_bytes(before + b"# edited\n")
    try:
        run = subprocess.run(
            [sys.executable, "-c", ASK, strategy],
            env={"PYTHONPATH": str(copied), "PATH": "", "HOME": str(copied)},
            cwd=copied,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        path.write_bytes(before)
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("edited", "matters"),
    [
        ("core/engine/matching.py", True),
        ("core/domain/orders.py", True),
        ("core/indicators/averages.py", True),
        ("core/strategy/bundled/sma_cross.py", True),
        ("core/domain/account_view.py", False),
        ("core/domain/lockbox.py", False),
        ("core/indicators/ichimoku.py", False),
        ("core/strategy/bundled/grid.py", False),
        ("core/engine/books/queue.py", False),
        ("research/gate.py", False),
    ],
)
def test_only_an_edit_of_what_the_run_is_made_of_makes_another_trial(copied, edited, matters):
    assert (hash_after(copied, edited, "sma_cross") != code_hash(STRATEGIES["sma_cross"])) is matters


@pytest.mark.parametrize(
    ("names", "edited", "matters"),
    [
        ("Strategy, EMA", "core/indicators/averages.py", True),
        ("(\n    Strategy,\n    EMA as Average,  # one\n)", "core/indicators/averages.py", True),
        ("Strategy, EMA", "core/indicators/ichimoku.py", False),
        ("*", "core/indicators/ichimoku.py", True),
        ("Strategy\nimport tradewind as tw", "core/indicators/ichimoku.py", True),
    ],
)
def test_an_import_is_followed_to_where_the_name_is_defined_or_counts_as_all(copied, names, edited, matters):
    (copied / "mine.py").write_text(MINE.format(names=names))
    whole = hash_after(copied, "research/gate.py", "mine.py")
    assert (hash_after(copied, edited, "mine.py") != whole) is matters


class Booked(Strategy):
    def on_book(self, book):
        pass


def test_a_strategy_on_order_books_is_made_of_their_engine_too():
    queue = CORE / "engine" / "books" / "queue.py"
    assert queue in core_files(Booked, [])
    assert queue not in core_files(STRATEGIES["sma_cross"], [])


def test_a_class_without_a_file_counts_what_stands_beside_it():
    shown = {"Strategy": Strategy, "SMA": SMA, "__name__": "a_console"}
    sys.modules["a_console"] = type(sys)("a_console")
    vars(sys.modules["a_console"]).update(shown)
    try:
        exec("class Typed(Strategy):\n    def on_bar(self, bar):\n        self.buy()\n", vars(sys.modules["a_console"]))
        first = code_hash(sys.modules["a_console"].Typed)
        assert first == code_hash(sys.modules["a_console"].Typed)
        del sys.modules["a_console"].SMA
        assert first != code_hash(sys.modules["a_console"].Typed)
    finally:
        del sys.modules["a_console"]

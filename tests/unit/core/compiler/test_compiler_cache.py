"""The folder of compiled code: never stale, never needed, shared by processes."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

RUN = """
import json, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[1])
import mine
from tradewind.core.domain.instruments import Instrument
from tradewind.core.engine.market_data import SymbolData, merge
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import run

rng = np.random.default_rng(1)
close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, 300)))
time = 1_704_067_200 * 10**9 + np.arange(300, dtype=np.int64) * 60 * 10**9
data = merge([SymbolData("BTC/USDT:USDT", time, close, close * 1.001, close * 0.999, close, close)], 60 * 10**9)
for engine in sys.argv[3:]:
    r = run(mine.Mine, data, [Instrument("BTC/USDT:USDT")], MarketRules(), engine, Path(sys.argv[2]))
    print(json.dumps([r.engine, r.cached, r.decision_hash, r.equity, len(r.fills), r.why_interpreted]))
"""
MINE = """
from tradewind.core.indicators import SMA
from tradewind.core.strategy.strategy import Strategy
from other import Level, above
import other


class Mine(Strategy):
    def setup(self):
        self.mean = SMA(5)

    def on_bar(self, bar):
        if self.mean.ready and above(bar.close, self.mean.value * Level.HIGH):
            self.buy(0.1)
        elif self.position and bar.close < self.mean.value * other.LOW:
            self.close()
"""
OTHER = """
LOW = 1.0
FACTOR = 1.0


class Base:
    KEPT = 1.0


class Level(Base):
    HIGH = 1.0


def above(a, b):
    return a > b * FACTOR * Level.KEPT
"""


def laid_out(folder: Path) -> Path:
    """A folder with a strategy in one file and what it calls in another, and the run script."""
    (folder / "mine.py").write_text(MINE)
    (folder / "other.py").write_text(OTHER)
    (folder / "script.py").write_text(textwrap.dedent(RUN))
    return folder


@pytest.fixture
def user(tmp_path):
    return laid_out(tmp_path)


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory):
    """Such a folder whose strategy has been compiled, and what came of it in both engines."""
    folder = laid_out(tmp_path_factory.mktemp("user"))
    return folder, *results(folder, "compiled", "interpreted", seed="1")


@pytest.fixture
def warm(compiled_once, tmp_path):
    """A copy of it with its cache, and the compiled result."""
    shutil.copytree(compiled_once[0], tmp_path / "copy")
    return tmp_path / "copy", compiled_once[1]


def command(user: Path, *engines: str, cache: Path | None = None) -> list[str]:
    return [sys.executable, str(user / "script.py"), str(user), str(cache or user / "cache"), *engines]


def environment(seed: str) -> dict[str, str]:
    return os.environ | {"PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"}


def results(user: Path, *engines: str, seed: str = "0", cache: Path | None = None) -> list[list]:
    done = subprocess.run(
        command(user, *engines, cache=cache), env=environment(seed), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_second_process_loads_from_the_folder_and_decides_the_same(compiled_once):
    folder, first, plain = compiled_once
    (second,) = results(folder, "compiled", seed="2")
    assert (first[1], second[1]) == (False, True)
    assert first[2:5] == second[2:5] == plain[2:5]
    assert first[4] > 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a > b * FACTOR", "a < b * FACTOR"),
        ("FACTOR = 1.0", "FACTOR = 1.01"),
        ("LOW = 1.0", "LOW = 0.99"),
        ("HIGH = 1.0", "HIGH = 1.005"),
        ("KEPT = 1.0", "KEPT = 1.005"),
    ],
    ids=[
        "a function",
        "a constant it names",
        "a constant through its module",
        "a class's constant",
        "an inherited one",
    ],
)
def test_a_change_in_another_file_is_never_missed(warm, old, new):
    user, before = warm
    (user / "other.py").write_text(OTHER.replace(old, new))
    after, plain = results(user, "compiled", "interpreted")
    assert after[2:5] == plain[2:5]
    assert after[2] != before[2], "the change must matter, or this test shows nothing"


def damage(how: str, folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            if how == "emptied":
                path.write_bytes(b"")
            elif how == "cut":
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            elif how == "scrambled":
                path.write_bytes(bytes(b ^ 0x5A for b in path.read_bytes()))
            elif how == "half gone" and path.suffix == ".nbc":
                path.unlink()


@pytest.mark.parametrize("how", ["emptied", "cut", "scrambled", "half gone"])
def test_a_damaged_folder_is_survived(warm, how):
    user, before = warm
    damage(how, user / "cache")
    (after,) = results(user, "compiled")
    assert after[2:5] == before[2:5]


def test_a_folder_that_cannot_be_made_is_done_without(user):
    (user / "file").write_text("")
    (result,) = results(user, "compiled", cache=user / "file" / "cache")
    assert (result[0], result[1]) == ("compiled", False)


def test_two_processes_may_compile_at_once(user):
    both = [
        subprocess.Popen(
            command(user, "compiled"),
            env=environment(str(i)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(2)
    ]
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    first, second = (json.loads(out) for out, _ in ends)
    assert first[2:5] == second[2:5]
    assert results(user, "compiled")[0][1] is True


SHARED = """
def top(x, y):
    return max(x, y)


def through(x, y):
    return top(x, y) + 1.0


def beside(x, y):
    return max(x, y) + 2.0


class Thing:
    def __init__(self):
        self.out = 0.0


class Top(Thing):
    def step(self, x, y):
        self.out += top(x, y)


class Others(Thing):
    def step(self, x, y):
        self.out += beside(x, y) + through(x, y)


class All(Thing):
    def step(self, x, y):
        self.out += beside(x, y) + through(x, y) + top(x, y)
"""
STEPS = """
import sys
from pathlib import Path
import numpy as np
sys.path[:0] = sys.argv[1:3]
import shared
from compiler_snippets import kernel_of

for name, cache in zip(sys.argv[3::2], sys.argv[4::2]):
    thing = getattr(shared, name)()
    kernel = kernel_of(thing, Path(cache))
    state = kernel.state_of(thing)
    kernel.entry(state, np.array([1.0, 2.0]), np.array([3.0, 1.0]), 2)
    kernel.restore(state, thing)
    print(name, thing.out)
"""


@pytest.mark.parametrize("order", list(itertools.permutations(["beside(x, y)", "through(x, y)", "top(x, y)"])))
def test_a_part_compiled_here_meets_its_copy_from_another_process(tmp_path, order):
    text = SHARED.replace("beside(x, y) + through(x, y) + top(x, y)", " + ".join(order))
    (tmp_path / "shared.py").write_text(text)
    (tmp_path / "steps.py").write_text(STEPS)
    both, own = str(tmp_path / "both"), str(tmp_path / "own")

    def process(*steps: str) -> list[str]:
        script = [sys.executable, str(tmp_path / "steps.py"), str(tmp_path), str(Path(__file__).parent), *steps]
        return subprocess.run(script, check=True, capture_output=True, text=True).stdout.splitlines()

    assert process("Others", both) == ["Others 16.0"]
    assert process("Top", own, "All", both) == ["Top 5.0", "All 21.0"]


def test_what_does_not_compile_is_interpreted_with_the_line_and_remembered(user):
    text = MINE.replace("self.buy(0.1)", "self.buy(round(bar.close, 1) / 1000.0)")
    (user / "mine.py").write_text(text)
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "round" in row)
    for _ in range(2):
        (result,) = results(user, "auto")
        assert result[0] == "interpreted"
        assert result[5] == f"mine.py:{line}: round(x, digits) rounds otherwise when compiled"

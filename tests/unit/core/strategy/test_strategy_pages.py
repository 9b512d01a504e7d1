"""What the pages on strategies and on the simulated market say is so."""

import importlib.util
import re
from pathlib import Path

import pytest

from tradewind import SyntheticMarket, backtest, synthetic_market
from tradewind.core.strategy.bundled import STRATEGIES

ROOT = Path(__file__).parents[4]
WRITING, MARKET = (
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("writing-a-strategy.md", "simulated-market.md")
)
BLOCKS = re.findall(r"```python\n(.*?)```", WRITING, re.DOTALL)
FALLBACKS = re.findall(r"^\| `(self\..*?)` \| `(.*?)` \| (.*?) \|$", WRITING, re.MULTILINE)
NAMED = re.findall(r"`(test_\w+)`", MARKET)
MINE = """import random
import numpy as np
from tradewind import SMA, Strategy
class Mine(Strategy):
    def setup(self):
        self.x = 0.0
        {setup}
    def on_bar(self, bar):
        {on_bar}
"""


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_code_block_on_writing_a_strategy_runs(number):
    exec(compile(BLOCKS[number], f"writing-a-strategy.md block {number + 1}", "exec"), {"__name__": "page"})


@pytest.mark.parametrize(("setup", "on_bar", "sentence"), FALLBACKS, ids=[f[1] for f in FALLBACKS])
def test_what_does_not_compile_is_interpreted_with_the_sentence_on_the_page(setup, on_bar, sentence, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE.format(setup=setup, on_bar=on_bar), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("mine", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    bars = synthetic_market(SyntheticMarket(("BTC/USDT",), "1h", bars=50))[0]
    run = backtest(module.Mine, bars).run
    assert (run.engine, run.why_interpreted) == ("interpreted", sentence)


def test_the_page_lists_every_bundled_strategy():
    assert re.findall(r"^\| `(\w+)` \| [^`]*? \|$", WRITING.partition("## The bundled")[2], re.MULTILINE) == list(
        STRATEGIES
    )


def test_every_test_that_the_page_on_the_market_names_is_there():
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)", written, re.MULTILINE))
    assert len(NAMED) > 50
    assert set(NAMED) - there == set()

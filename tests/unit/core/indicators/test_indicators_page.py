"""The page on indicators says what is so: its table and its code."""

import re
from pathlib import Path

import pytest

from tradewind.core import indicators
from tradewind.core.indicators import smart_money

PAGE = (Path(__file__).parents[4] / "docs" / "indicators.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_names_the_warm_up_and_the_outputs_that_the_class_has(row):
    example, _, ready_after, outputs, _ = row
    made = eval(example.strip("`"), vars(indicators))
    if made.warmup < 1_000:
        assert int(ready_after) == made.warmup
    else:
        assert not ready_after.isdigit()
    assert ("value", *re.findall(r"`(\w+)`", outputs)) == type(made).outputs


def test_every_indicator_has_a_row():
    named = {re.match(r"`(\w+)", row[0])[1] for row in ROWS}
    classes = {name for name in indicators.__all__ if isinstance(getattr(indicators, name), type)}
    assert named == classes - {"Indicator", *smart_money.__all__}  # those have a page of their own


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_code_block_of_the_page_runs(number):
    exec(compile(BLOCKS[number], f"docs/indicators.md block {number + 1}", "exec"), {"__name__": "page"})

"""The page on smart money says what is so: its list here, its counts where the recorded rows are at hand."""

import re
from pathlib import Path

import pytest

from tradewind.core import indicators
from tradewind.core.indicators import smart_money

PAGE = (Path(__file__).parents[5] / "docs" / "smart-money.md").read_text(encoding="utf-8")
LIST = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("row", LIST, ids=[row[0] for row in LIST])
def test_a_row_names_the_warm_up_and_the_outputs_that_the_class_has(row):
    example, _, ready_after, outputs = row
    made = eval(example.strip("`"), vars(indicators))
    assert ready_after == (str(made.warmup) if made.warmup < 1_000 else "a whole day")
    assert ("value", *re.findall(r"`(\w+)`", outputs)) == type(made).outputs


def test_every_smart_money_indicator_has_a_row():
    named = {re.match(r"`(\w+)", row[0])[1] for row in LIST}
    classes = {name for name in smart_money.__all__ if isinstance(getattr(smart_money, name), type)}
    assert named == classes
    assert classes < set(indicators.__all__)


def test_the_page_names_the_limits_and_the_sessions():
    text = " ".join(PAGE.split())
    waiting = len(smart_money.MarketStructure().waiting_rows)
    blocks, pools = len(smart_money.OrderBlocks().bullish.rows), len(smart_money.Liquidity().highs.rows)
    gaps = len(smart_money.FairValueGaps().below.rows)
    assert f"{waiting} waiting patterns, {blocks} blocks and {pools} pools a side, {gaps} open gaps a side" in text
    for name in smart_money.SESSIONS:
        assert name.removesuffix(" kill zone") in text

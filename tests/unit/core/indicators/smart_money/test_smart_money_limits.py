"""At its limit a list drops its oldest entry and counts it; the rest stays as it was."""

from tradewind.core.indicators.smart_money.blocks import BLOCKS_MAX, Blocks
from tradewind.core.indicators.smart_money.fair_value_gaps import GAPS_MAX, OpenGaps
from tradewind.core.indicators.smart_money.pools import POOLS_MAX, Pools
from tradewind.core.indicators.smart_money.structure import WAITING_MAX, MarketStructure


def test_the_oldest_block_is_forgotten():
    blocks = Blocks()
    for row in range(BLOCKS_MAX + 3):
        blocks.add(row, top=row + 2.0, bottom=row + 1.0)
    assert (blocks.depth, blocks.forgotten) == (BLOCKS_MAX, 3)
    assert blocks.rows[0] == 3
    assert (blocks.nearest, blocks.highest_open) == (BLOCKS_MAX - 1, BLOCKS_MAX + 3.0)
    blocks.age(low=5.5, high=0.0, row=999)  # below the bottoms of all but the two lowest, 4 and 5
    assert blocks.mitigations == BLOCKS_MAX - 2
    assert blocks.mitigated[:3] == [-1, -1, 999]


def test_the_oldest_gap_is_forgotten():
    gaps = OpenGaps()
    for row in range(GAPS_MAX + 2):
        gaps.add(row, near=row + 0.5, far=float(row))
    assert (gaps.depth, gaps.forgotten, gaps.rows[0]) == (GAPS_MAX, 2, 2)
    gaps.fill(low=4.5)
    assert (gaps.depth, gaps.filled, gaps.nearest()) == (2, GAPS_MAX - 2, 3.5)


def test_the_oldest_pool_is_forgotten():
    pools = Pools()
    for row in range(POOLS_MAX + 2):
        pools.take(row, level=1_000.0 - 10.0 * row, width=1.0)
    assert (pools.depth, pools.forgotten, pools.rows[0]) == (POOLS_MAX, 2, 2)
    assert pools.take(999, level=980.5, width=1.0) == 0
    assert (pools.members[0], pools.ends[0], pools.nearest) == (2, 999, 980.25)
    pools.take_back()
    assert (pools.members[0], pools.ends[0], pools.totals[0]) == (1, 2, 980.0)


def test_the_pattern_that_waited_longest_is_forgotten():
    structure = MarketStructure()
    structure.count, structure.forgotten = 500, 0.0
    for row in range(WAITING_MAX + 1):
        structure.wait(1, 100.0 + row, row)
    assert (structure.waiting, structure.forgotten, structure.waiting_rows[0]) == (WAITING_MAX, 1.0, 1)
    structure.check_waiting(up=110.5, down=0.0)
    assert (structure.value, structure.level, structure.bars_back) == (1.0, 110.0, 489.0)
    assert structure.waiting == WAITING_MAX - 10  # those of later rows and higher levels still wait

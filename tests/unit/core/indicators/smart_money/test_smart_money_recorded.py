"""The labels on a year of real EURUSD bars beside those that smartmoneyconcepts printed with hindsight.

Every row that differs is counted, and its cause shown: where the cause is hindsight, the same detector fed with swings
that are known one bar after they happen (`with_foresight`) prints the original's row; where it is the original's 4-byte
prices, the comparison is repeated with those. docs/smart-money.md tells the same counts in words.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from smart_money.peer_rows import eurusd, needs_peer_rows, recorded, rows_where

from smart_money import replay
from tradewind.core.indicators import (
    FairValueGaps,
    Liquidity,
    MarketStructure,
    OrderBlocks,
    PreviousHighLow,
    Retracements,
    Session,
    Swings,
)
from tradewind.core.indicators.batch import batch

pytestmark = needs_peer_rows
ROWS = 24_424
LAST = ROWS - 1
LENGTH = 5


def same(mine, theirs):
    """Where two columns agree: in the four bytes that the original keeps of a price, NaN with NaN."""
    return (mine.astype(np.float32) == theirs.astype(np.float32)) | (np.isnan(mine) & np.isnan(theirs))


def no_zero(column, label):
    """The original writes row 0 for "none yet" beside a label."""
    return np.where((column == 0.0) & ~np.isnan(label), np.nan, column)


def column(found, place):
    """A column from {row: values}; None and rows without a label are NaN."""
    made = np.full(ROWS, np.nan)
    for row, values in found.items():
        made[row] = np.nan if values[place] is None else values[place]
    return made


@cache
def final_swings():
    table = recorded("swing_highs_lows_result_data")
    return np.nan_to_num(table["HighLow"]), table["Level"]


@cache
def causal_swings():
    return replay.swings(Swings(LENGTH), eurusd())


def test_all_swings_agree_but_the_ends_that_the_original_makes_up_and_one_in_its_longer_warm_up():
    sides, levels = causal_swings()
    their_sides, their_levels = final_swings()
    # Rows 0 and 23,423 get a made-up swing, opposite to the first and last true one; the first `length` bars are not
    # looked at, so the true swing on row 4 is missed.
    assert rows_where(sides != their_sides) == [0, 4, LAST]
    assert rows_where(~same(levels, their_levels)) == [0, 4, LAST]
    assert (sides[0], sides[4], sides[LAST]) == (0.0, 1.0, 0.0)
    assert np.count_nonzero(sides) == 2_707


def structure_columns(detector):
    standing, told = replay.structure(detector, eurusd())
    kinds, broken = np.nan_to_num(column(standing, 0)), column(standing, 2)
    return kinds, column(standing, 1), broken, told


def their_structure():
    table = recorded("bos_choch_result_data")
    kinds = np.nan_to_num(table["BOS"]) + 2.0 * np.nan_to_num(table["CHOCH"])
    return kinds, table["Level"], table["BrokenIndex"]


def test_structure_labels_agree_but_where_four_byte_prices_break_a_level_by_touching_it():
    kinds, levels, broken, told = structure_columns(MarketStructure(LENGTH))
    their_kinds, their_levels, their_broken = their_structure()
    labelled = their_kinds != 0
    assert np.count_nonzero(labelled) == 1_129
    assert rows_where(kinds != their_kinds) == [3515, 4520, 11151, 19054]
    agree = labelled & (kinds == their_kinds)
    assert np.count_nonzero(agree) == 1_126
    assert same(levels, their_levels)[agree].all()
    assert np.count_nonzero(agree & (broken != their_broken)) == 18
    # Labels that were dropped leave their break behind in the original.
    assert np.count_nonzero(~labelled & ~np.isnan(their_broken)) == 167
    # What the bars show is told when it is known; 30 labels were told and overtaken by later ones afterwards.
    assert len(told) == 1_157
    assert len(told) - np.count_nonzero(kinds) == 30


def test_structure_labels_all_agree_when_levels_lose_the_digits_that_the_original_drops():
    sides, levels = final_swings()
    rounded = levels.astype(np.float32).astype(float)
    kinds, _, broken, _ = structure_columns(replay.with_foresight(MarketStructure(LENGTH), sides, rounded))
    their_kinds, _, their_broken = their_structure()
    assert (kinds == their_kinds).all()
    assert (broken == their_broken)[their_kinds != 0].all()
    kinds_unrounded, _, _, _ = structure_columns(replay.with_foresight(MarketStructure(LENGTH), sides, levels))
    assert rows_where(kinds_unrounded != their_kinds) == [3515, 4520, 11151, 19054]  # so foresight is not the cause


@pytest.mark.parametrize(
    ("name", "join", "labels", "never_filled"),
    [("fvg_result_data", False, 5_020, 37), ("fvg_consecutive_result_data", True, 3_756, 14)],
)
def test_every_gap_agrees_with_the_row_that_fills_it(name, join, labels, never_filled):
    indicator = FairValueGaps(join=join)
    found = replay.gaps(indicator, eurusd())
    table = recorded(name)
    assert len(found) == labels
    assert indicator.forgotten == 0.0
    for place, theirs in enumerate(("FVG", "Top", "Bottom")):
        assert same(column(found, place), table[theirs]).all(), theirs
    filled = no_zero(table["MitigatedIndex"], table["FVG"])
    assert same(column(found, 3), filled).all()
    assert np.count_nonzero(table["MitigatedIndex"] == 0.0) == never_filled == sum(g[3] is None for g in found.values())
    assert all(told == row + 1 for row, (*_, told) in found.items())


def their_blocks():
    table = recorded("ob_result_data")
    mitigated = no_zero(table["MitigatedIndex"], table["OB"])
    found = {}
    for row in rows_where(~np.isnan(table["OB"])):
        side = int(table["OB"][row])
        # The original writes the row before the mitigating bar for bullish blocks, and the bar itself for bearish ones.
        at = None if np.isnan(mitigated[row]) else int(mitigated[row]) + (side > 0)
        found[side, row] = (np.float32(table["Top"][row]), np.float32(table["Bottom"][row]), at)
    return found


def in_four_bytes(blocks):
    return {key: (np.float32(top), np.float32(bottom), at) for key, (top, bottom, at) in blocks.items()}


def test_order_blocks_all_agree_when_swings_are_known_before_their_time():
    standing, told = replay.blocks(replay.with_foresight(OrderBlocks(LENGTH), *final_swings()), eurusd())
    assert len(standing) == 66
    assert in_four_bytes(standing) == their_blocks()
    assert len(told) == 1_085


def test_order_blocks_differ_only_where_the_swings_of_the_time_did():
    standing, told = replay.blocks(OrderBlocks(LENGTH), eurusd())
    mine, theirs = in_four_bytes(standing), their_blocks()
    more = [(1, 1788), (-1, 2305), (1, 2970), (1, 20907), (-1, 20913), (1, 22440), (-1, 23895), (1, 23951), (1, 24292)]
    assert sorted(set(mine) - set(theirs), key=lambda key: key[1]) == more
    assert sorted(set(theirs) - set(mine), key=lambda key: key[1]) == [(1, 2965), (1, 10934), (-1, 23890)]
    common = set(mine) & set(theirs)
    assert len(common) == 63
    assert all(mine[key] == theirs[key] for key in common)
    _, foreseen = replay.blocks(replay.with_foresight(OrderBlocks(LENGTH), *final_swings()), eurusd())
    assert len(told) == 1_211
    assert len(set(told) - set(foreseen)) == 160
    assert len(set(foreseen) - set(told)) == 34


def test_the_volume_of_these_bars_is_zero_and_so_blocks_have_no_strength():
    table = recorded("ob_result_data")
    assert set(table["Percentage"][~np.isnan(table["OB"])]) == {100.0}  # the original's word for 0 of 0
    results = batch(OrderBlocks(LENGTH), **eurusd())
    labels = results["value"] != 0.0
    assert (results["volume"][labels] == 0.0)[LENGTH * 2 :].all()
    assert np.isnan(results["strength"]).all()


def their_pools():
    table = recorded("liquidity_result_data")
    swept = no_zero(table["Swept"], table["Liquidity"])
    rows = rows_where(~np.isnan(table["Liquidity"]))
    return {
        (int(table["Liquidity"][row]), row): (
            np.float32(table["Level"][row]),
            int(table["End"][row]),
            None if np.isnan(swept[row]) else int(swept[row]),
        )
        for row in rows
    }


def pools_of(detector):
    found = replay.pools(detector, eurusd())
    assert detector.forgotten == 0.0
    return {key: (np.float32(level), end, swept) for key, (level, end, swept, _) in found.items()}


def whole_width():
    """One percent of the range of the whole year, which the original takes from the start."""
    bars = eurusd()
    return float(bars["high"].max() - bars["low"].min()) * 0.01


def test_pools_all_agree_when_swings_and_the_years_range_are_known_before_their_time():
    detector = replay.with_foresight(Liquidity(LENGTH, width=whole_width()), *final_swings())
    found = pools_of(detector)
    assert len(found) == 498
    assert found == their_pools()


@pytest.mark.parametrize(
    ("given", "pools", "in_both", "equal"),
    [(True, 505, 497, 475), (False, 539, 393, 177)],
    ids=["width", "range so far"],
)
def test_pools_of_swings_as_they_were_known(given, pools, in_both, equal):
    found = pools_of(Liquidity(LENGTH, width=whole_width()) if given else Liquidity(LENGTH))
    theirs = their_pools()
    common = set(found) & set(theirs)
    assert (len(found), len(common)) == (pools, in_both)
    assert sum(found[key] == theirs[key] for key in common) == equal


def retracement_rows(detector):
    """Value, deepest, direction and the swings known, on each row but the last."""
    values = [
        (
            detector.value,
            detector.deepest,
            detector.direction,
            detector.swings.high,
            detector.swings.low,
            detector.swings.row,
        )
        for _ in replay.updates(detector, eurusd())
    ]
    return np.array(values)[:-1].T


def one_digit(values):
    return np.array([round(value, 1) if value == value else np.nan for value in values.tolist()])


def their_retracements():
    table = recorded("retracements_result_data")
    columns = [table[name][1:] for name in ("CurrentRetracement%", "DeepestRetracement%", "Direction")]
    return (*columns, np.arange(ROWS - 1) >= rows_where(columns[2] != 0)[0])


def test_retracements_agree_with_foresight_but_for_the_swing_lows_own_bar():
    sides, levels = final_swings()
    value, deepest, direction, high, low, _ = retracement_rows(
        replay.with_foresight(Retracements(LENGTH), sides, levels, back=0)
    )
    their_value, their_deepest, their_direction, compared = their_retracements()
    assert np.count_nonzero(compared) == 24_403
    assert (direction == their_direction)[compared].all()
    undefined = compared & np.isnan(value)
    assert np.count_nonzero(undefined) == 21
    assert (low >= high)[undefined].all()  # a low above the high before it: a percentage of nothing
    on_low = compared & (sides[:-1] == -1)
    rest = compared & ~undefined & ~on_low
    assert np.array_equal(one_digit(value)[rest], their_value[rest])
    assert np.count_nonzero(compared & ~same(one_digit(value), their_value)) == 1_373
    # The original lets a swing low's own bar count, and a swing high's not; so its deepest is the larger of the two.
    own = np.zeros(ROWS - 1)
    for row in range(1, ROWS - 1):
        carried = own[row - 1] if their_direction[row - 1] == -1 and sides[row] != -1 else 0.0
        own[row] = 0.0 if direction[row] != -1 else max(carried, their_value[row]) if sides[row] == -1 else carried
    defined = compared & ~undefined
    assert np.array_equal(np.maximum(one_digit(deepest), own)[defined], their_deepest[defined])
    assert np.count_nonzero(compared & ~same(one_digit(deepest), their_deepest)) == 2_347


def test_retracements_of_swings_as_they_were_known_agree_wherever_the_same_swings_were_known():
    sides, levels = final_swings()
    mine = retracement_rows(Retracements(LENGTH))
    foreseen = retracement_rows(replay.with_foresight(Retracements(LENGTH), sides, levels, back=0))
    known = (mine[2:] == foreseen[2:]).all(axis=0)
    known &= foreseen[5] >= 10  # past the original's made-up first swing
    assert np.count_nonzero(known) == 11_052
    assert same(mine[0], foreseen[0])[known].all()
    assert same(mine[1], foreseen[1])[known].all()


def a_row_late(column, late):
    """A column whose marked rows still show the row before."""
    return np.where(late, np.concatenate((column[:1], column[:-1])), column)


def a_week_late(levels, numbers):
    """The reference of each week shown in the week after."""
    shown = np.full(ROWS, np.nan)
    starts = rows_where(np.diff(numbers, prepend=-1) != 0)
    for before, start, end in zip(starts[:-1], starts[1:], [*starts[2:], ROWS], strict=True):
        shown[start:end] = levels[before]
    return shown


@pytest.mark.parametrize(
    ("period", "name", "high_rows", "low_rows", "whole_rows"),
    [("4h", "4h", 1_523, 1_520, 21_793), ("1d", "1D", 251, 253, 23_643), ("1w", "W", 23_944, 23_944, 480)],
)
def test_the_previous_period_is_the_originals_which_comes_later(period, name, high_rows, low_rows, whole_rows):
    bars, table = eurusd(), recorded(f"previous_high_low_result_data_{name}")
    indicator = PreviousHighLow(period)
    results = batch(indicator, **bars)
    numbers = (bars["time"] - indicator.origin_ns) // indicator.period_ns
    high, low = table["PreviousHigh"], table["PreviousLow"]
    assert np.count_nonzero(~same(results["high"], high)) == high_rows
    assert np.count_nonzero(~same(results["low"], low)) == low_rows
    agree = same(results["high"], high) & same(results["low"], low)
    agree &= np.nan_to_num(results["broken_high"]) == table["BrokenHigh"]
    agree &= np.nan_to_num(results["broken_low"]) == table["BrokenLow"]
    assert np.count_nonzero(agree) == whole_rows
    # A period's own first bar still shows the reference of the period before, if it opens just when the period does.
    late = (bars["time"] - indicator.origin_ns) % indicator.period_ns == 0
    weekly = period == "1w"
    for mine, theirs in ((results["high"], high), (results["low"], low)):
        assert same(a_week_late(mine, numbers) if weekly else a_row_late(mine, late), theirs).all()
    # Its breaks follow from its late reference, kept in four bytes, over the bars for which that one is shown.
    shown_for = numbers if weekly else a_row_late(numbers, late)
    for number in np.unique(shown_for):
        rows = shown_for == number
        top, bottom = np.float64(np.float32(high[rows][-1])), np.float64(np.float32(low[rows][-1]))
        assert np.array_equal(np.maximum.accumulate(bars["high"][rows]) > top, table["BrokenHigh"][rows] == 1.0)
        assert np.array_equal(np.minimum.accumulate(bars["low"][rows]) < bottom, table["BrokenLow"][rows] == 1.0)


def test_the_london_session_agrees_but_for_the_bar_that_opens_when_it_ends():
    bars, table = eurusd(), recorded("sessions_result_data")
    results = batch(Session("London"), **bars)
    differ = results["value"] != table["Active"]
    assert np.count_nonzero(differ) == 255
    assert (bars["time"][differ] // 60_000_000_000 % 1440 == 16 * 60).all()
    inside = results["value"] == 1.0
    assert same(results["high"], table["High"])[inside].all()
    assert same(results["low"], table["Low"])[inside].all()
    assert np.isnan(results["high"][~inside]).all()  # the original says 0


def test_compiled_labels_on_these_bars_are_the_interpreters():
    bars = eurusd()
    part = {name: values[:6_000] for name, values in bars.items()}
    for make in (Swings, MarketStructure, OrderBlocks, FairValueGaps, Liquidity, Retracements):
        compiled = batch(make(), **part)
        for output, values in batch(make(), engine="interpreted", **part).items():
            assert np.array_equal(compiled[output], values, equal_nan=True), (make.__name__, output)


def agreeing_rows():
    """For each recorded table, on how many rows all columns agree."""
    sides, levels = causal_swings()
    their_sides, their_levels = final_swings()
    yield "swing highs and lows", np.count_nonzero((sides == their_sides) & same(levels, their_levels))
    kinds, levels, broken, _ = structure_columns(MarketStructure(LENGTH))
    their_kinds, their_levels, their_broken = their_structure()
    structure = (kinds == their_kinds) & same(levels, their_levels) & same(broken, their_broken)
    yield "BOS and CHoCH", np.count_nonzero(structure)
    for name, table, join in (("", "fvg", False), (", joined", "fvg_consecutive", True)):
        found, recorded_gaps = replay.gaps(FairValueGaps(join), eurusd()), recorded(f"{table}_result_data")
        agree = np.ones(ROWS, dtype=bool)
        for place, theirs in enumerate(("FVG", "Top", "Bottom", "MitigatedIndex")):
            agree &= same(column(found, place), no_zero(recorded_gaps[theirs], recorded_gaps["FVG"]))
        yield f"fair value gaps{name}", np.count_nonzero(agree)
    standing, _ = replay.blocks(OrderBlocks(LENGTH), eurusd())
    yield "order blocks", rows_without(set(in_four_bytes(standing).items()) ^ set(their_blocks().items()))
    for name, width in (("with its width given", whole_width()), ("range so far", None)):
        found = pools_of(Liquidity(LENGTH, width=width))
        yield f"liquidity, {name}", rows_without(set(found.items()) ^ set(their_pools().items()))
    mine, (value, deepest, direction, compared) = retracement_rows(Retracements(LENGTH)), their_retracements()
    agree = compared & (mine[2] == direction) & same(one_digit(mine[0]), value) & same(one_digit(mine[1]), deepest)
    yield "retracements", np.count_nonzero(agree)


def rows_without(labels):
    return ROWS - len({row for (_, row), _ in labels})


def test_the_page_tells_on_how_many_rows_each_result_agrees():
    page = (Path(__file__).parents[5] / "docs" / "smart-money.md").read_text(encoding="utf-8")
    cells = [
        re.match(r"\| ([^|]+) \| ([\d,]+) \| ([\d,]+) \|", line) for line in page.partition("## Speed")[0].splitlines()
    ]
    told = {cell[1]: (int(cell[2].replace(",", "")), int(cell[3].replace(",", ""))) for cell in cells if cell}
    counted = dict(agreeing_rows())
    for name, count in counted.items():
        compared = 24_403 if name == "retracements" else ROWS  # those of its first bars are empty
        assert told[name] == (count, compared - count), name
    # The tests of those results count these.
    assert told.keys() - counted.keys() == {f"previous high and low, {p}" for p in ("4h", "1d", "1w")} | {
        "session London"
    }
    assert [told[f"previous high and low, {p}"][0] for p in ("4h", "1d", "1w")] == [21_793, 23_643, 480]
    assert told["session London"] == (ROWS - 255, 255)

"""Smart-money labels on markets drawn by hand, where everyone can count what must be told, and when."""

import numpy as np
import pytest
from smart_money.drawn_bars import bars_from, times, told, upside_down, zigzag

from tradewind.core.indicators import (
    DealingRange,
    FairValueGaps,
    Liquidity,
    MarketStructure,
    OrderBlocks,
    PreviousHighLow,
    Retracements,
    Session,
    SessionProfile,
    Swings,
    VolumeProfile,
)
from tradewind.core.indicators.batch import batch

HOUR_NS = 3_600_000_000_000


def outputs_of(indicator, bars):
    return batch(indicator, engine="interpreted", **bars)


RISE = (10, 20, 15, 25, 22)
"""Low on row 1 (9.75), high on row 10 (20.25), low on row 15 (14.75), high on row 25 (25.25)."""


def test_a_swing_is_told_when_its_bars_after_have_closed():
    results = outputs_of(Swings(2), zigzag(*RISE))
    assert told(results, "level", "bars_back", "replaces") == {
        3: (-1.0, 9.75, 2.0, 0.0),
        12: (1.0, 20.25, 2.0, 0.0),
        17: (-1.0, 14.75, 2.0, 0.0),
        27: (1.0, 25.25, 2.0, 0.0),
    }
    assert np.isnan(results["value"][:3]).all()
    assert results["value"][4] == 0.0
    assert results["high"][12:27].tolist() == [20.25] * 15
    assert np.isnan(results["high"][:12]).all()


def test_a_higher_high_takes_the_place_of_the_high_before_and_a_lower_one_is_passed_over():
    high = np.array([10.0, 15.0, 13.0, 13.5, 16.0, 14.0, 13.0, 13.2, 14.5, 12.0, 12.0])
    low = 9.0 - 0.1 * np.arange(11)  # falls all the way, so there is no swing low between them
    results = outputs_of(Swings(2), {"high": high, "low": low})
    assert told(results, "level", "replaces") == {3: (1.0, 15.0, 0.0), 6: (1.0, 16.0, 1.0)}


def test_a_bar_that_is_both_highest_and_lowest_counts_as_a_high():
    high = np.array([10.0, 10.0, 12.0, 10.0, 10.0, 10.0])
    low = np.array([9.0, 9.0, 7.0, 9.0, 9.0, 9.0])
    assert told(outputs_of(Swings(2), {"high": high, "low": low}))[4] == (1.0,)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_rise_that_goes_on_is_a_break_of_structure(mirrored):
    sign, level = (-1.0, 79.75) if mirrored else (1.0, 20.25)
    results = outputs_of(MarketStructure(2), zigzag(*RISE, mirrored=mirrored))
    # The close of row 21 is the first beyond the level; the pattern is complete with the swing of row 25, on row 27.
    assert told(results, "level", "bars_back", "broken_back", "trend") == {27: (sign, level, 17.0, 6.0, sign)}
    assert results["trend"][26] == 0.0
    assert told({"value": results["crossing"]}) == {21: (sign,)}


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_fall_that_turns_is_a_change_of_character(mirrored):
    sign, level = (-1.0, 79.75) if mirrored else (1.0, 20.25)
    results = outputs_of(MarketStructure(2), zigzag(10, 20, 5, 25, 22, mirrored=mirrored))
    assert told(results, "level", "bars_back", "broken_back") == {47: (2.0 * sign, level, 37.0, 6.0)}


def test_a_pattern_waits_for_a_close_beyond_its_level_or_takes_the_wick():
    bars = zigzag(10, 20, 15, 20, 17, 25)
    bars["high"][20] = 21.0  # above the level of 20.25, while closes stay at or below 20
    by_close = told(outputs_of(MarketStructure(2), bars), "level", "bars_back", "broken_back")
    assert by_close == {27: (1.0, 20.25, 17.0, 0.0)}
    by_wick = told(outputs_of(MarketStructure(2, break_on="wick"), bars), "level", "bars_back", "broken_back")
    assert by_wick[22] == (1.0, 20.25, 12.0, 2.0)


def test_an_equal_close_is_no_break():
    bars = zigzag(10, 20, 15, 20, 17, 20, 17)
    bars["high"][20] = 21.0
    bars["close"][26] = 20.25
    assert not told(outputs_of(MarketStructure(2), bars))


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_order_block_is_the_lowest_bar_before_the_close_beyond_the_swing(mirrored):
    bars = zigzag(*RISE, mirrored=mirrored)
    results = outputs_of(OrderBlocks(2), bars)
    # Rows 15 and 16 are as low as each other: the later one counts. Volumes are 1, 2, 3 ...: 20 + 21 + 22 on row 21.
    edges = (83.75, 85.25) if mirrored else (14.75, 16.25)
    sign = -1.0 if mirrored else 1.0
    found = told(results, "bottom", "top", "bars_back", "volume", "strength")
    assert found == {21: (sign, *edges, 5.0, 63.0, 20.0 / 43.0 * 100.0)}
    side = "bearish" if mirrored else "bullish"
    assert (results[f"{side}_bottom"][21], results[f"{side}_top"][21]) == edges
    assert np.isnan(results[f"{side}_top"][20])


def test_a_block_is_mitigated_below_its_bottom_and_gone_above_its_top():
    bars = zigzag(10, 20, 15, 25, 13, 18)
    blocks = OrderBlocks(2)
    depth, mitigated = [], []
    for row in range(len(bars["close"])):
        blocks.update(*(float(bars[name][row]) for name in ("open", "high", "low", "close", "volume")))
        depth.append(blocks.bullish.depth)
        mitigated.append(blocks.mitigated_bullish)
    assert [row for row, count in enumerate(mitigated) if count > 0] == [36]  # low 13.75; row 35 only touched 14.75
    assert depth[21:41] == [1] * 20
    assert depth[41] == 0  # high 17.25; row 40 only touched 16.25


def test_a_block_may_be_mitigated_by_bodies_alone():
    bars = zigzag(10, 20, 15, 25, 15, 18)
    bars["low"][35] = 14.0
    assert outputs_of(OrderBlocks(2), bars)["mitigated_bullish"][35] == 1.0
    assert outputs_of(OrderBlocks(2, mitigate_on="close"), bars)["mitigated_bullish"][35] == 0.0


def test_the_strength_of_a_block_without_volume_is_undefined():
    bars = zigzag(*RISE) | {"volume": np.zeros(29)}
    results = outputs_of(OrderBlocks(2), bars)
    assert results["volume"][21] == 0.0
    assert np.isnan(results["strength"][21])


GAP = ((10, 11, 9, 10.5), (10.5, 14, 10.5, 13.5), (13.5, 15, 12, 14.5))


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_gap_is_told_by_its_third_bar_and_filled_by_the_first_to_reach_it(mirrored):
    bars = bars_from(*GAP, (14.5, 15, 12.5, 13), (13, 13, 12.0, 12.5))
    results = outputs_of(FairValueGaps(), upside_down(bars) if mirrored else bars)
    edges, sign, side = ((88.0, 89.0), -1.0, "bearish") if mirrored else ((11.0, 12.0), 1.0, "bullish")
    assert told(results, "bottom", "top", "bars_back", "joins") == {2: (sign, *edges, 1.0, 0.0)}
    assert results[f"filled_{side}"][2:].tolist() == [0.0, 0.0, 1.0]
    assert results[f"{side}_top"][3] == edges[1]
    assert np.isnan(results[f"{side}_top"][4])


@pytest.mark.parametrize("mirrored", [False, True])
def test_gaps_in_a_row_join_into_one_and_the_joining_bar_fills_nothing_of_it(mirrored):
    bars = bars_from(*GAP, (14.5, 15.0, 11.5, 14.8), (14.8, 15.5, 11.2, 14.0))
    bars["high"][1] = 11.4  # below the low of row 3: rows 1 to 3 leave a second gap
    near, far, sign, filled = "top", "bottom", 1.0, "filled_bullish"
    edges = {"first": (12.0, 11.0), "second": (11.5, 11.4)}
    if mirrored:
        bars = upside_down(bars)
        near, far, sign, filled = "bottom", "top", -1.0, "filled_bearish"
        edges = {name: (100.0 - one, 100.0 - other) for name, (one, other) in edges.items()}
    apart = outputs_of(FairValueGaps(), bars)
    assert told(apart, near, far, "joins") == {2: (sign, *edges["first"], 0.0), 3: (sign, *edges["second"], 0.0)}
    assert apart[filled].tolist()[2:] == [0.0, 1.0, 1.0]
    joined = outputs_of(FairValueGaps(join=True), bars)
    assert told(joined, near, far, "joins") == {2: (sign, *edges["first"], 0.0), 3: (sign, *edges["first"], 1.0)}
    assert joined[filled].tolist()[2:] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("mirrored", [False, True])
def test_two_highs_at_a_level_are_a_pool_until_a_bar_runs_through_it(mirrored):
    bars = zigzag(10, 20, 15, 20, 17, 22, mirrored=mirrored)
    results = outputs_of(Liquidity(2, width=1.0), bars)
    sign, level, side, place = (-1.0, 79.75, "lows", "below") if mirrored else (1.0, 20.25, "highs", "above")
    assert told(results, "level", "bars_back", "members") == {22: (sign, level, 12.0, 2.0)}
    assert results[place][22:27].tolist() == [level] * 5
    # The close of 21 on row 27 has a high of 21.25, which is the pool's first swing and the width.
    assert np.flatnonzero(results[f"swept_{side}"] > 0.0).tolist() == [27]
    assert results[f"swept_{side[:-1]}_level"][27] == level
    assert np.isnan(results[place][27])


def test_a_bar_may_sweep_two_pools_and_the_furthest_is_named():
    bars = zigzag(10, 20, 15, 20, 14, 17, 12, 17, 11, 15)
    bars["high"][46] = 30.0
    results = outputs_of(Liquidity(2, width=1.0), bars)
    assert [row for row, (side, *_) in told(results).items() if side > 0.0] == [22, 41]
    assert results["above"][40:46].tolist() == [20.25, 17.25, 17.25, 17.25, 17.25, 17.25]
    assert (results["swept_highs"][46], results["swept_high_level"][46]) == (2.0, 20.25)


def test_highs_further_apart_than_the_width_are_no_pool():
    bars = zigzag(10, 20, 15, 18, 13, 17)
    assert not told(outputs_of(Liquidity(2, width=1.0), bars))
    assert told(outputs_of(Liquidity(2, width=2.0), bars), "level")[20] == (1.0, 19.25)


def test_a_pool_without_a_width_is_as_wide_as_a_share_of_the_range_so_far():
    bars = zigzag(10, 20, 15, 19, 13, 17)  # the range is 10.5 when the second high is confirmed
    assert not told(outputs_of(Liquidity(2, range_percent=9.0), bars))
    assert told(outputs_of(Liquidity(2, range_percent=10.0), bars), "members")[21] == (1.0, 2.0)


def test_a_swing_that_is_replaced_leaves_the_pool_it_joined():
    high = np.array([10.0, 15.0, 13.0, 12.0, 12.0, 12.0, 13.0, 15.1, 14.0, 13.8, 15.3, 14.0, 13.0, 12.0])
    low = np.array([9.0, 8.9, 8.8, 8.0, 8.5, 8.6, 8.7, 8.6, 8.5, 8.4, 8.3, 8.2, 8.1, 8.0])
    results = outputs_of(Liquidity(2, width=0.5), {"high": high, "low": low})
    assert told(results, "level", "members") == {9: (1.0, 15.05, 2.0), 12: (1.0, 15.15, 2.0)}


def test_a_retracement_is_measured_from_the_last_two_swings():
    results = outputs_of(Retracements(2), zigzag(10, 20, 15, 18))
    assert np.isnan(results["value"][:12]).all()
    assert results["direction"][12:17].tolist() == [1.0] * 5
    assert results["value"][12] == 100.0 * (20.25 - 17.75) / 10.5
    assert results["value"][15] == results["deepest"][15] == 100.0 * (20.25 - 14.75) / 10.5
    assert results["direction"][17] == -1.0
    assert results["deepest"][17] == 100.0 * (17.25 - 14.75) / 5.5  # against the swing low of row 15


def test_the_deepest_retracement_may_lie_before_the_swing_was_confirmed():
    bars = zigzag(10, 20, 15)
    bars["low"][11] = 12.0
    results = outputs_of(Retracements(2), bars)
    assert results["deepest"][12] == 100.0 * (20.25 - 12.0) / 10.5
    assert results["value"][12] == 100.0 * (20.25 - 17.75) / 10.5


def test_premium_and_discount_are_sides_of_the_middle_of_the_range():
    results = outputs_of(DealingRange(2, band=5.0), zigzag(10, 20, 13))
    assert (results["high"][12], results["low"][12], results["equilibrium"][12]) == (20.25, 9.75, 15.0)
    assert results["value"][12:18].tolist() == [100.0 * (close - 9.75) / 10.5 for close in (18, 17, 16, 15, 14, 13)]
    assert results["zone"][12:18].tolist() == [1.0, 1.0, 1.0, 0.0, -1.0, -1.0]


def test_the_previous_period_is_known_on_the_next_ones_first_bar():
    highs = np.array([5.0, 7.0, 6.0, 5.0, 7.0, 7.5, 6.0, 5.0, 4.0])  # rows 4 and 7 only touch the levels
    bars = {"high": highs, "low": highs - 2.0, "time": times(9)}
    results = outputs_of(PreviousHighLow("4h"), bars)
    assert np.isnan(results["high"][:4]).all()
    assert results["high"][4:].tolist() == [7.0, 7.0, 7.0, 7.0, 7.5]
    assert results["low"][4:].tolist() == [3.0, 3.0, 3.0, 3.0, 3.0]
    assert results["value"][4] == 5.0
    assert results["broken_high"][4:].tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]
    assert results["broken_low"][4:].tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_a_period_that_was_joined_midway_does_not_count():
    bars = {"high": np.full(12, 2.0), "low": np.full(12, 1.0), "time": times(12) + HOUR_NS}
    assert np.flatnonzero(~np.isnan(outputs_of(PreviousHighLow("4h"), bars)["high"]))[0] == 7


def test_a_period_whose_first_bar_is_missing_counts_after_one_that_was_seen():
    keep = np.array([0, 1, 2, 3, 5, 6, 7, 8])
    highs = np.array([5.0, 7.0, 6.0, 5.0, 8.0, 9.0, 8.0, 3.0])
    results = outputs_of(PreviousHighLow("4h"), {"high": highs, "low": highs - 2.0, "time": times(9)[keep]})
    assert results["high"][4:].tolist() == [7.0, 7.0, 7.0, 9.0]


def test_a_session_holds_the_bars_that_open_in_it():
    highs = 10.0 + np.arange(48.0) % 24
    bars = {"high": highs, "low": highs - 1.0, "time": times(48)}
    results = outputs_of(Session("London"), bars)
    inside = np.flatnonzero(results["value"] == 1.0)
    assert inside.tolist() == [*range(7, 16), *range(31, 40)]
    assert results["high"][7:16].tolist() == list(highs[7:16])
    assert results["low"][7:16].tolist() == [16.0] * 9
    assert np.isnan(results["high"][16])
    assert np.isnan(results["last_high"][15])
    assert (results["last_high"][16], results["last_low"][39]) == (25.0, 16.0)


def test_a_session_may_run_over_midnight():
    bars = {"high": np.full(60, 2.0), "low": np.full(60, 1.0), "time": times(60)}
    hours = np.flatnonzero(outputs_of(Session("Sydney"), bars)["value"] == 1.0) % 24
    assert set(hours.tolist()) == {21, 22, 23, 0, 1, 2, 3, 4, 5}
    own = np.flatnonzero(outputs_of(Session(start="08:00", end="10:00"), bars)["value"] == 1.0)
    assert own.tolist() == [8, 9, 32, 33, 56, 57]


def test_a_session_after_one_whose_end_was_missing_begins_anew():
    keep = np.array([7, 8, 9, 24 + 8, 24 + 9])
    highs = np.array([30.0, 31.0, 29.0, 20.0, 21.0])
    results = outputs_of(Session("London"), {"high": highs, "low": highs - 1.0, "time": times(48)[keep]})
    assert results["high"].tolist() == [30.0, 31.0, 31.0, 20.0, 21.0]
    assert results["last_high"][3] == 31.0


PROFILE = {"high": np.array([10.0, 5.0]), "low": np.array([0.0, 4.0]), "volume": np.array([100.0, 50.0])}
"""Ten a price from 0 to 10, and fifty more between 4 and 5."""


def test_the_point_of_control_is_where_most_volume_lies():
    results = outputs_of(VolumeProfile(2, rows=10), PROFILE)
    assert np.isnan(results["value"][0])
    assert results["value"][1] == 4.5
    # 60 of 150 in the fullest slice; 105 are asked for, and equal neighbours are taken upwards.
    assert (results["value_area_low"][1], results["value_area_high"][1]) == (4.0, 10.0)


def test_the_value_area_grows_to_the_larger_side():
    bars = {
        name: np.append(column, extra) for (name, column), extra in zip(PROFILE.items(), (4.0, 0.0, 40.0), strict=True)
    }
    results = outputs_of(VolumeProfile(3, rows=10), bars)
    # 20 a slice below 4, 60 in the fifth, 10 above: 133 of 190 are asked for.
    assert (results["value"][2], results["value_area_low"][2], results["value_area_high"][2]) == (4.5, 0.0, 5.0)


def test_a_profile_without_volume_is_undefined_and_of_one_price_is_that_price():
    still = {"high": np.full(3, 7.0), "low": np.full(3, 7.0), "volume": np.array([0.0, 0.0, 2.0])}
    results = outputs_of(VolumeProfile(2), still)
    assert np.isnan(results["value"][1])
    assert results["value"][2] == results["value_area_low"][2] == results["value_area_high"][2] == 7.0


def test_a_session_profile_begins_anew_and_keeps_the_one_before():
    bars = {name: np.concatenate((column, column + 1.0)) for name, column in PROFILE.items()}
    bars["time"] = np.array([22, 23, 24, 25], dtype=np.int64) * HOUR_NS
    results = outputs_of(SessionProfile("1d", rows=10), bars)
    assert results["value"][1] == 4.5
    assert np.isnan(results["last_value"][1])
    assert results["last_value"][2:].tolist() == [4.5, 4.5]
    assert results["last_area_high"][3] == 10.0
    assert results["value"][3] == 5.5

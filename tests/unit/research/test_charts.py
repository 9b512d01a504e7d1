"""Charts say what their numbers say, hold whatever a name holds, and draw nothing where nothing is known."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from tradewind.research.reports import charts
from tradewind.research.reports.axes import time_axis
from tradewind.research.reports.heat_maps import CELLS_MAX
from tradewind.research.reports.line_charts import LINES_MAX
from tradewind.research.reports.plot import CANVASES, Canvas, plain, plot
from tradewind.research.reports.point_charts import POINTS_MAX
from tradewind.research.reports.svg import LETTER
from tradewind.research.reports.wording import percent

NAUGHTY = "<script>alert(1)</script>&\"'"
DAY = 86_400 * 10**9
NAN = float("nan")


def every_chart(name: str, values: np.ndarray) -> dict[str, Markup]:
    """Each kind of chart of the same values (n), with `name` wherever a caller's word can stand."""
    x, words = np.arange(len(values)), [name] * len(values)
    around = {"across": name, "up": name}
    return {
        "lines": charts.lines(name, x, {name: values, "b": values}, levels={name: 1.0}, at={name: 1.0}, **around),
        "bands": charts.bands(name, x, values - 1, values, values + 1, own=values, **around),
        "areas": charts.areas(name, x, {name: values, "b": values}, **around),
        "bars": charts.bars(name, words, {name: values, "b": values}, levels={name: 1.0}, **around),
        "histogram": charts.histogram(name, values, marks={name: 1.0}, **around),
        "scatter": charts.scatter(name, values, values, chosen=values > 1, names=(name, name), **around),
        "heatmap": charts.heatmap(name, words, words, np.outer(values, values), mark=(0, 0), mark_name=name, **around),
        "parallel": charts.parallel(name, {name: values, "b": values}, values, name=name),
    }


KINDS = list(every_chart("x", np.arange(3.0)))


def tree(chart: Markup) -> ET.Element:
    return ET.fromstring(str(chart))


def svgs(chart: Markup) -> dict[str, ET.Element]:
    """The two drawings of a chart by the size of their canvas."""
    return {e.get("class", "").split()[-1]: e for e in tree(chart).findall("svg")}


def texts(chart: Markup) -> list[str]:
    return [e.text or "" for e in svgs(chart)["wide"].iter("text")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_well_formed_and_holds_any_name_as_text(kind: str) -> None:
    chart = every_chart(NAUGHTY, np.array([0.0, 2.0, NAN, 1.5]))[kind]
    drawings = svgs(chart)
    assert set(drawings) == {"wide", "half", "narrow"}
    assert all(e.get("aria-label") == NAUGHTY and e.get("role") == "img" for e in drawings.values())
    assert "<script" not in chart
    assert not [e for e in tree(chart).iter() if e.tag == "script" or set(e.attrib) & {"onload", "onclick", "href"}]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", [[NAN, NAN], [], [np.inf, NAN]])
def test_what_has_no_value_is_said_and_not_drawn(kind: str, values: list[float]) -> None:
    chart = every_chart("Sharpe", np.array(values))[kind]
    assert "<svg" not in chart
    assert "nan" not in chart.lower().replace("inter", "")


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)
@given(values=st.lists(st.floats(-1e12, 1e12) | st.just(NAN), min_size=1, max_size=12))
def test_no_numbers_break_a_chart_and_every_mark_lies_on_the_canvas(kind: str, values: list[float]) -> None:
    chart = every_chart("a", np.array(values))[kind]
    for drawing in svgs(chart).values() if "<svg" in chart else ():
        width, height = (float(v) for v in drawing.get("viewBox", "").split()[2:])
        for element in drawing.iter():
            for key, limit in (("x", width), ("y", height)):
                assert -1 <= float(element.get(key, "0")) <= limit + 1
            for number in re.findall(r"-?\d[\d.]*(?:e-?\d+)?|nan|inf", element.get("d", "")):
                assert abs(float(number)) <= 1001


def test_a_line_keeps_its_highest_and_lowest_point_however_long_it_is() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(0, 1, 100_000).cumsum()
    values[70_123], values[20_001] = 5_000.0, -5_000.0
    for drawing in svgs(charts.lines("a", np.arange(len(values)), {"a": values})).values():
        (d,) = [e.get("d", "") for e in drawing.iter("path") if "line" in e.get("class", "")]
        points = [tuple(map(float, p.split())) for p in re.findall(r"[\d.]+ [\d.]+", d)]
        assert len(points) < 1_000
        heights = [y for _, y in points]
        assert points[heights.index(min(heights))][0] > points[heights.index(max(heights))][0]
        assert max(heights) - min(heights) > 0.8 * (280 - 38) * 10 / 12


def test_many_long_lines_make_no_large_page_and_still_lose_no_peak() -> None:
    rng = np.random.default_rng(5)
    named = {str(i): rng.normal(0, 1, 50_000) for i in range(LINES_MAX)}
    named["7"][31_000] = 99.0
    chart = charts.lines("a", np.arange(50_000), named)
    assert len(chart) < 150_000
    drawn = [str(e.get("d")) for e in svgs(chart)["wide"].iter("path") if "line" in e.get("class", "")]
    tops = [min(map(float, re.findall(r" ([\d.]+)", d))) for d in drawn]
    assert tops.index(min(tops)) == 7


def test_a_missing_value_breaks_a_line_and_a_lone_point_is_a_dot() -> None:
    chart = charts.lines("a", np.arange(6), {"a": [1.0, 2.0, NAN, 3.0, NAN, NAN]})
    (d,) = [e.get("d", "") for e in svgs(chart)["wide"].iter("path") if "line" in e.get("class", "")]
    assert d.count("M") == 2
    assert d.endswith("h0")


def test_names_of_levels_that_lie_close_together_stand_beside_each_other() -> None:
    chart = charts.lines("a", [0, 1], {"a": [0.0, 10.0]}, levels={"median": 5.0, "buy and hold": 5.1, "far": 0.0})
    said = {e.text: e for e in svgs(chart)["wide"].iter("text") if e.get("class") == "said"}
    right = {name: float(said[name].get("x", "")) for name in said}
    assert right["far"] == right["buy and hold"] > right["median"] + 60


def test_an_axis_without_a_name_leaves_its_room_to_the_plot() -> None:
    def height(**names: str) -> float:
        chart = charts.bars("a", ["x"], {"": [1.0]}, **names)
        return max(float(e.get("height", "0")) for e in svgs(chart)["wide"].iter("rect"))

    assert height() > height(up="Sharpe") > height(up="Sharpe", across="Set")


def test_bars_are_as_long_as_their_values_and_an_undefined_one_is_a_dash() -> None:
    chart = charts.bars("a", ["p", "q", "r"], {"": [2.0, -1.0, NAN]}, signed=True)
    rects = list(svgs(chart)["wide"].iter("rect"))
    heights = [float(e.get("height", "0")) for e in rects]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert [e.get("class") for e in rects] == ["bar gain", "bar loss"]
    assert "\N{EN DASH}" in texts(chart)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_a_histogram_counts_every_value_once(values: list[float]) -> None:
    for split in (None, 0.0):
        chart = charts.histogram("a", values, split=split)
        tips = [e.findtext("title") or "" for e in svgs(chart)["wide"].iter("rect")]
        assert sum(int(tip.rsplit(": ", 1)[1].replace(",", "")) for tip in tips) == len(values)


def test_a_histogram_says_how_many_values_it_leaves_out() -> None:
    assert "2 undefined, not drawn" in charts.histogram("a", [1.0, NAN, 2.0, np.inf])


def test_a_histogram_says_how_many_values_lie_beyond_what_it_draws() -> None:
    chart = charts.histogram("a", [1.0, 2.0, 3.0, 500.0, NAN], upto=4.0)
    assert "1 above 4, not drawn" in chart
    assert "1 undefined, not drawn" in chart
    tips = [e.findtext("title") or "" for e in svgs(chart)["wide"].iter("rect")]
    assert sum(int(tip.rsplit(": ", 1)[1]) for tip in tips) == 3


def test_a_map_writes_its_numbers_hatches_what_is_unknown_and_frames_the_chosen_cell() -> None:
    chart = charts.heatmap("a", [5, 10], ["slow", 30], [[1.0, -2.0], [NAN, 0.5]], mark=(1, 1), written=percent)
    drawing = svgs(chart)["wide"]
    assert {"slow", "30", "5", "10"} <= set(texts(chart))
    assert sorted(e.text or "" for e in drawing.iter("text") if e.get("class") == "in-cell") == [
        "100\u202f%", "50\u202f%", "\u2212200\u202f%",
    ]  # fmt: skip
    kinds = [e.get("class") for e in drawing.iter("path")]
    assert kinds.count("cell undefined") == 1
    assert kinds.count("cell marked") == 1
    assert {"cell gain", "cell loss"} <= set(kinds)


def test_a_map_of_very_many_cells_joins_neighbours_and_says_so() -> None:
    side = 2 * CELLS_MAX
    chart = charts.heatmap("a", range(side), range(side), np.ones((side, side)))
    assert "each cell is the mean of up to 2 by 2" in chart
    assert len(chart) < 300_000


def test_what_is_left_out_is_counted() -> None:
    many = np.arange(POINTS_MAX + 10.0)
    assert f"{POINTS_MAX:,} of {len(many):,} are drawn" in charts.scatter("a", many, many)
    named = {str(i): [1.0, 2.0] for i in range(LINES_MAX + 3)}
    assert "3 more are not drawn" in charts.lines("a", [0, 1], named)
    assert "1 have no Sharpe" in charts.parallel("a", {"fast": [1, 2, 3]}, [1.0, NAN, 2.0], name="Sharpe")


def test_the_best_sets_are_those_with_the_highest_score_or_the_lowest() -> None:
    score = np.arange(40.0)
    for high, wanted in ((True, 39.0), (False, 0.0)):
        chart = charts.parallel("a", {"p": score}, score, high_is_good=high)
        (d,) = [e.get("d", "") for e in svgs(chart)["wide"].iter("path") if "ink-1" in e.get("class", "")]
        ends = [float(y) for y in re.findall(r"L[\d.]+ ([\d.]+)", d)]
        top, floor = 36.0, 298.0
        assert len(ends) == 4
        assert (min if high else max)(ends) == pytest.approx(top if wanted else floor)


@pytest.mark.parametrize(
    ("days", "most", "texts"),
    [
        (0.01, 3, ("1 Jan 00:00", "1 Jan 00:05", "1 Jan 00:10")),
        (2, 4, ("1 Jan 00:00", "1 Jan 12:00", "2 Jan 00:00", "2 Jan 12:00", "3 Jan 00:00")),
        (400, 4, ("Jan 2024", "Jul 2024", "Jan 2025")),
        (3000, 5, ("2024", "2026", "2028", "2030", "2032")),
    ],
)
def test_time_is_marked_where_a_calendar_turns(days: float, most: int, texts: tuple[str, ...]) -> None:
    start = 1_704_067_200 * 10**9  # 2024-01-01
    found, written = time_axis(start, start + int(days * DAY), 0.0, 100.0, most)
    assert written == texts
    assert found.at(float(start)) == 0.0
    assert all(tick % (60 * 10**9) == 0 for tick in map(int, found.ticks))


def test_a_stack_ends_at_the_sum_of_its_parts() -> None:
    chart = charts.areas("a", [0, 1], {"p": [1.0, 1.0], "q": [3.0, 3.0]})
    filled = [str(e.get("d")) for e in svgs(chart)["wide"].iter("path") if "area" in e.get("class", "")]
    tops = [min(map(float, re.findall(r" ([\d.]+)", d))) for d in filled]
    zero = 330.0 - 28.0
    assert (zero - tops[1]) == pytest.approx(4 * (zero - tops[0]), abs=0.3)


def test_values_are_written_shortly() -> None:
    written: dict[float, Any] = {
        0.0: "0",
        1.0: "1",
        0.12345: "0.1235",
        1234.5: "1,234",
        2.5e9: "2.5e+09",
        -3.0: "\u22123",
    }
    assert {value: charts.plain(value) for value in written} == written
    assert charts.plain(NAN) == "\N{EN DASH}"


@settings(max_examples=60, deadline=None)
@example(first=20_176 * DAY, length=19 * DAY + DAY // 3, canvas=CANVASES["narrow"])
@given(
    first=st.integers(0, 20_000 * DAY),
    length=st.integers(10**9, 9_000 * DAY),
    canvas=st.sampled_from(list(CANVASES.values())),
)
def test_the_dates_of_an_axis_leave_room_between_them(first: int, length: int, canvas: Canvas) -> None:
    drawn = plot(canvas, (float(first), float(first + length)), (0.0, 1.0), written=plain, x_written=None, time=True)
    texts = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">([^<]+)</text>', drawn.frame())
    dates = [(float(x), anchor, text) for x, y, anchor, text in texts if float(y) > drawn.y.start]
    assert dates or not drawn.x.ticks
    ends = -1e9
    for x, anchor, text in dates:
        width = LETTER * len(text)
        begins = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width
        assert begins - ends > 7, "the words of two ticks touch"
        ends = begins + width

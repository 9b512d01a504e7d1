"""A study's page in a real browser: on every screen, in both themes, with scripts off, on paper, in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "research"))
from study_examples import gallery

from tradewind.research.reports.notebook import framed
from tradewind.research.reports.study import write_study

SCREENS = [(1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light"), (390, 844, "dark")]
SEEN = """() => [...document.querySelectorAll(".chart-box")].map(box =>
  [...box.querySelectorAll(":scope > svg")].filter(svg => svg.getBoundingClientRect().width > 0)
    .map(svg => [...svg.classList].at(-1)))"""
"""The sizes of each chart's drawings that can be seen."""

MEETING = """() => { const found = [];
  for (const svg of document.querySelectorAll(".chart-box > svg")) {
    const edge = svg.getBoundingClientRect();
    if (!edge.width) continue;
    const boxes = [...svg.querySelectorAll("text:not(.said)")].map(e => [e.textContent, e.getBoundingClientRect()]);
    for (const [text, b] of boxes)
      if (b.left < edge.left - 2 || b.right > edge.right + 2 || b.bottom > edge.bottom + 2) found.push(["out", text]);
    boxes.forEach(([text, a], i) => { for (const [other, b] of boxes.slice(i + 1))
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
        found.push([svg.getAttribute("aria-label"), text, other]); });
  } return found; }"""
"""Texts on axes and in cells that lie over each other, or beyond their drawing."""

FAINT = """() => {
  const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const solid = (colour, through, beneath) => { canvas.globalAlpha = 1; canvas.fillStyle = beneath;
    canvas.fillRect(0, 0, 1, 1); canvas.globalAlpha = through; canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const paper = getComputedStyle(document.body).backgroundColor;
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const found = [];
  for (const e of document.querySelectorAll("svg text")) {
    const text = solid(getComputedStyle(e).fill, 1, paper);
    const cells = e.classList.contains("in-cell") ? [...e.closest("svg").querySelectorAll("path.cell")] : [];
    const grounds = cells.map(c => solid(getComputedStyle(c).fill === "none" ? paper : getComputedStyle(c).fill,
      Number(c.getAttribute("fill-opacity") ?? 1), paper));
    for (const ground of [solid(paper, 1, paper), ...grounds])
      if (ratio(text, ground) < 4.5) found.push([e.textContent, ratio(text, ground).toFixed(2)]);
  }
  for (const e of document.querySelectorAll(".line, .level, .dot, .cross")) {
    if (e.classList.contains("faint")) continue;
    if (ratio(solid(getComputedStyle(e).stroke, 1, paper), solid(paper, 1, paper)) < 3)
      found.push([e.getAttribute("class")]);
  }
  return found; }"""
"""Texts of charts with too little contrast to what may lie behind them (4.5), and lines (3)."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_study(gallery(), {"kind": "gallery"}, tmp_path_factory.mktemp("study")).as_uri()


@pytest.fixture(scope="module")
def page_of(browser: Any, address: str) -> Iterator[Any]:
    """Opens the page; at the end it may not have complained or asked the network for anything."""
    complaints: list[str] = []
    contexts = []

    def open_page(width: int = 1280, height: int = 900, scheme: str = "light", **more: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **more)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", lambda request: request.url == address or complaints.append(f"request: {request.url}"))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_the_page_fits_the_screen_and_each_chart_is_seen_in_one_size(
    page_of: Any, width: int, height: int, scheme: str
) -> None:
    page = page_of(width, height, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wide = page.evaluate(
        """[...document.querySelectorAll("main *")].filter(e => !e.closest(".scroll, .hidden, svg"))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert wide == []
    seen = page.evaluate(SEEN)
    assert all(len(sizes) == 1 for sizes in seen)
    assert {size for sizes in seen for size in sizes} == ({"wide", "half"} if width > 1000 else {"narrow"})


@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_no_two_words_of_a_chart_lie_over_each_other(page_of: Any, width: int) -> None:
    assert page_of(width).evaluate(MEETING) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_can_be_read_against_what_lies_behind_them(page_of: Any, scheme: str) -> None:
    assert page_of(scheme=scheme).evaluate(FAINT) == []


def test_charts_need_no_script(page_of: Any) -> None:
    page = page_of(java_script_enabled=False)
    shown = page.locator(".chart-box > svg:visible")
    assert shown.count() == page.locator(".chart-box").count() > 10
    assert shown.first.bounding_box()["height"] > 200


def test_links_lead_to_their_sections(page_of: Any) -> None:
    page = page_of()
    links = page.locator("nav.contents a")
    for i in range(links.count()):
        links.nth(i).click()
        target = page.evaluate("document.getElementById(location.hash.slice(1)).getBoundingClientRect().top")
        assert -5 < target < 900


def test_on_paper_every_chart_is_whole_and_light(page_of: Any, tmp_path: Path) -> None:
    page = page_of(scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert all(len(sizes) == 1 for sizes in page.evaluate(SEEN))
    page.pdf(path=tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").stat().st_size > 20_000


def test_in_a_notebook_the_page_stands_in_a_frame_and_changes_nothing_around_it(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 800})
    page.set_content(f"<h1 style='color: rgb(1, 2, 3)'>Notebook</h1>{framed(gallery())}")
    frame = page.frame_locator("iframe")
    frame.locator("h1").wait_for()
    assert frame.locator("h1").inner_text().startswith("A gallery of charts")
    assert frame.locator(".chart-box > svg:visible").count() > 10
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"
    assert page.evaluate("document.documentElement.scrollWidth") == 900
    page.close()

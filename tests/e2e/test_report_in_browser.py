"""The report in a real browser: it opens from disk alone, works with mouse and keyboard, and fits every screen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "research"))
from report_examples import example

from tradewind.research.reports.files import write_report

SCREENS = [(1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light"), (390, 844, "dark")]


@pytest.fixture(scope="module")
def page_of(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Opens a report's page on a screen; at the end no page may have complained or asked the network for anything."""
    report = example(n=4000, symbols=("BTC/USDT:USDT", "ETH/USDT:USDT"))
    report = replace(report, strategy="<script>document.title='broken'</script>")
    address = write_report(report, tmp_path_factory.mktemp("report")).html.as_uri()
    complaints: list[str] = []
    contexts = []

    def open_page(width: int = 1280, height: int = 900, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", lambda request: request.url == address or complaints.append(f"request: {request.url}"))
        page.goto(address)
        page.wait_for_selector("#equity-chart canvas")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize(("width", "height", "scheme"), SCREENS)
def test_the_page_fits_the_screen_and_draws_its_charts(page_of: Any, width: int, height: int, scheme: str) -> None:
    page = page_of(width, height, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wide = page.evaluate(
        """[...document.querySelectorAll("main *")].filter(e => !e.closest(".scroll, .canvas, .hidden"))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert wide == []
    for chart in ("price-chart", "equity-chart"):
        colours = page.evaluate(
            """id => { const seen = new Set();
              for (const canvas of document.querySelectorAll(`#${id} canvas`)) {
                const at = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                for (let i = 0; i < at.length; i += 4)
                  if (at[i + 3] > 200) seen.add(`${at[i]},${at[i + 1]},${at[i + 2]}`);
              } return seen.size; }""",
            chart,
        )
        assert colours > 3, chart
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 22, 29)"
    assert dark == (scheme == "dark")
    assert page.title() != "broken"


def column(page: Any, name: str) -> list[float]:
    heads = page.locator("#trade-table thead button").all_inner_texts()
    cells = page.locator(f"#trade-table tbody td:nth-child({heads.index(name) + 1})").all_inner_texts()
    return [float(cell.replace("\u2212", "-").replace(",", "").rstrip(" %")) for cell in cells]


def test_pressing_a_heading_sorts_the_trades_and_says_so(page_of: Any) -> None:
    page = page_of()
    page.get_by_role("button", name="Profit", exact=True).click()
    falling = column(page, "Profit")
    assert falling == sorted(falling, reverse=True)
    assert len(set(falling)) > 5
    heading = page.locator("#trade-table th", has_text="Profit")
    assert heading.get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="Profit", exact=True).click()
    rising = column(page, "Profit")
    assert rising == sorted(rising)
    assert rising[0] < falling[-1]
    assert heading.get_attribute("aria-sort") == "ascending"


def test_the_trade_list_works_with_the_keyboard_alone(page_of: Any) -> None:
    page = page_of()
    page.locator("#trade-table thead button", has_text="Return").focus()
    page.keyboard.press("Enter")
    returns = column(page, "Return")
    assert returns == sorted(returns, reverse=True)
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Space")
    assert page.locator("#page-where").inner_text().startswith("Page 2 of ")
    assert column(page, "Return")[0] <= returns[-1]
    page.get_by_role("button", name="Back").click()
    assert column(page, "Return") == returns


def test_the_button_switches_the_theme_and_the_page_remembers_it(page_of: Any) -> None:
    page = page_of(scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    page.locator("#theme").click()
    assert page.evaluate(background) == "rgb(16, 22, 29)"
    page.reload()
    assert page.evaluate(background) == "rgb(16, 22, 29)"
    page.locator("#theme").click()
    assert page.evaluate(background) == "rgb(255, 255, 255)"


def test_another_symbol_can_be_shown_and_the_chart_moves_with_keys(page_of: Any) -> None:
    page = page_of()
    assert page.locator("#price-chart-legend").inner_text().startswith("BTC/USDT:USDT")
    page.get_by_role("button", name="ETH/USDT:USDT").click()
    assert page.locator("#price-chart-legend").inner_text().startswith("ETH/USDT:USDT")
    assert page.get_by_role("button", name="ETH/USDT:USDT").get_attribute("aria-pressed") == "true"
    for _ in range(12):
        page.locator("#price-chart").press("+")
    page.wait_for_function("document.getElementById('price-chart-caption').textContent.includes('bought to open')")


FILLED = """() => { let filled = 0;
  for (const canvas of document.querySelectorAll("#equity-chart canvas")) {
    const at = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    for (let i = 0; i < at.length; i += 4)
      if (at[i + 3] > 15 && at[i + 3] < 60 && at[i] > 130 && at[i + 2] < 40) filled += 1;
  } return filled; }"""
"""How many pixels have the see-through colour of the drawdown's area."""


def test_an_account_that_never_fell_has_no_area_of_drawdown(page_of: Any, browser: Any, tmp_path: Path) -> None:
    assert page_of().evaluate(FILLED) > 2_000
    report = example(n=200)
    flat = replace(report, equity=np.full(len(report.time), report.initial))
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page.goto(write_report(flat, tmp_path).html.as_uri())
    page.wait_for_selector("#equity-chart canvas")
    page.wait_for_timeout(300)
    filled = page.evaluate(FILLED)
    page.close()
    assert filled < 100


def test_text_is_readable_against_its_background_in_both_themes(page_of: Any) -> None:
    for scheme in ("light", "dark"):
        page = page_of(scheme=scheme)
        faint = page.evaluate(
            """() => {
              const rgb = text => text.match(/[\\d.]+/g).map(Number);
              const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
              const light = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
              const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
              const solid = colour => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data]; };
              const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
                if (c !== "rgba(0, 0, 0, 0)" && c !== "transparent") return solid(c); } return [255, 255, 255]; };
              const faint = [];
              for (const e of document.querySelectorAll("main *, header *, footer *")) {
                if (e.closest(".canvas, svg, .hidden, :disabled")) continue;
                if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
                const a = light(solid(getComputedStyle(e).color)), b = light(behind(e));
                const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (contrast < 4.5) faint.push([e.className, e.textContent.trim().slice(0, 30), contrast.toFixed(2)]);
              }
              return faint;
            }"""
        )
        assert faint == [], scheme

"""Make the picture in the README: the report of the demo's first run, in headless Chromium.

`python docs/picture.py` runs `tradewind demo` in a temporary folder and writes docs/images/report.png.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parent / "images" / "report.png"
WIDTH, HEIGHT = 1200, 1704
CLICKS_IN = 6
"""Steps by which the price chart is zoomed in, so that single entries and exits can be seen."""
FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-sync --no-first-run"


def main() -> None:
    """Run the demo, open its report, write the picture."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "tradewind.interfaces.cli.main", "demo", "--json", folder]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  (our own demo)
        report = Path(json.loads(said)["runs"][0]["report"])
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(report.as_uri())
        page.wait_for_timeout(1_000)
        for _ in range(CLICKS_IN):
            page.click('button[data-chart="price-chart"][data-key="+"]')
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()

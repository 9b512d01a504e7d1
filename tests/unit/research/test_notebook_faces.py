"""In a notebook a run is two lines: make it, look at it."""

import json
import re
from pathlib import Path

import pytest

from tradewind import SyntheticMarket, backtest, synthetic_market
from tradewind.core.domain.errors import BadInput
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.lookahead import lookahead
from tradewind.research.recursive import recursive

BARS = synthetic_market(SyntheticMarket(bars=1_200, seed=3))[0]


def run(**given: object):
    return backtest(STRATEGIES["sma_cross"], BARS, fast=5, slow=20, engine="interpreted", **given)


def test_the_last_line_of_a_cell_shows_the_run_in_a_frame_that_holds_everything() -> None:
    shown = run()._repr_html_()
    assert shown.startswith("<iframe ")
    inside = re.search(r'srcdoc="([^"]*)"', shown)[1]
    assert "SmaCross on BTC/USDT" in inside
    assert "<" not in inside
    assert "http" not in inside.replace("http-equiv", "")
    assert "1970" not in inside
    assert len(shown) < 200_000


@pytest.mark.parametrize("check", [lookahead, recursive])
def test_a_check_for_bias_shows_its_page(check) -> None:
    shown = check(STRATEGIES["sma_cross"], BARS.rows(slice(0, 400)))._repr_html_()
    assert shown.startswith("<iframe ")
    assert "SmaCross: " in shown


def test_a_run_of_which_nothing_came_is_shown_too() -> None:
    idle = backtest(STRATEGIES["sma_cross"], BARS.rows(slice(0, 30)), fast=20, slow=200, engine="interpreted")
    assert "never traded" in idle._repr_html_()


def test_the_whole_report_is_written_and_made_again_byte_for_byte(tmp_path: Path) -> None:
    page = run().report(tmp_path / "a", created_ns=10**18)
    again = run().report(tmp_path / "b", created_ns=10**18)
    assert page == tmp_path / "a" / "report.html"
    for name in ("report.html", "report.json", "trades.csv", "equity.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (again.parent / name).read_bytes()
    kept = json.loads((tmp_path / "a" / "report.json").read_text())
    result = run()
    assert kept["metrics"] == result.metrics
    assert kept["hashes"]["decisions"] == result.run.decision_hash
    assert kept["command"] == "backtest(SmaCross, bars, fast=5, slow=20, shorts=False)"


def test_made_up_prices_are_marked_where_one_says_so(tmp_path: Path) -> None:
    assert "Synthetic data." in run().report(tmp_path / "a", synthetic=True).read_text()
    assert "Synthetic data." not in run().report(tmp_path / "b").read_text()


def test_the_hash_of_the_data_is_that_of_what_was_run_on(tmp_path: Path) -> None:
    def data_hash(bars: object) -> str:
        result = backtest(STRATEGIES["sma_cross"], bars, engine="interpreted")
        return json.loads((result.report(tmp_path).parent / "report.json").read_text())["hashes"]["data"]

    assert data_hash(BARS) == data_hash(BARS)
    assert data_hash(BARS) != data_hash(BARS.rows(slice(0, 1_199)))


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="the report cannot be written"):
        run().report(tmp_path / "file" / "here")

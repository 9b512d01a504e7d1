"""`tradewind portfolio`: from a file or from options to a kept page."""

import csv
import json
from pathlib import Path

import pytest
from cli_page import keys_of

from tradewind.operations.portfolio_request import EXAMPLE

BTC, ETH, SPOT = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USDT"
TREND = f"sma_cross@{BTC},fast=5,slow=20"
FILE = f"""
[account]
cash = 5000
fee = 0.0004

[allocation]
method = "risk_parity"
lookback_days = 20
history_min_days = 5

[rebalance]
every = "1w"

[data]
timeframe = "1h"

[[sleeve]]
name = "trend"
strategy = "sma_cross"
symbol = "{BTC}"
params = {{ fast = 5, slow = 20 }}

[[sleeve]]
name = "other"
strategy = "donchian_breakout"
symbol = "{ETH}"
share = 2
rules = {{ leverage = 2.0 }}
"""


def test_the_example_runs_as_it_is_printed(ask, tmp_path):
    printed = ask("portfolio", "--example")
    assert printed.code == 0
    file = tmp_path / "mine.toml"
    file.write_text(printed.out)
    answer = ask("portfolio", file)
    assert answer.code == 0, answer.err
    assert "trend" in answer.out
    assert "reversion" in answer.out
    assert EXAMPLE.rstrip() == printed.out.rstrip()


def test_a_file_is_run_kept_and_told(ask, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(FILE)
    answer = ask("portfolio", file, "--json")
    assert answer.code == 0, answer.err
    told = answer.document
    assert set(told) == keys_of("portfolio")
    assert told["kind"] == "portfolio"
    assert told["cash"] == 5000
    assert told["allocation"]["method"] == "risk_parity"
    assert [s["name"] for s in told["sleeves"]] == ["trend", "other"]
    assert sum(s["of_return"] for s in told["sleeves"]) == pytest.approx(told["metrics"]["total_return"])
    assert sum(s["of_risk"] for s in told["sleeves"]) == pytest.approx(told["volatility"])
    assert told["rebalances"][0]["wanted"] == pytest.approx([1 / 3, 2 / 3])
    assert len(told["rebalances"]) > 4
    kept = json.loads((Path(told["folder"]) / "report.json").read_text(encoding="utf-8"))
    assert kept["sleeves"] == told["sleeves"]
    page = Path(told["report"]).read_text(encoding="utf-8")
    for words in ("Portfolio of 2 sleeves", "What each added", "How alike they are", "Rebalances", "Synthetic data"):
        assert words in page
    assert ask("runs").out.count("portfolio") >= 1
    with (Path(told["folder"]) / "trades.csv").open(encoding="utf-8", newline="") as file:
        trades = list(csv.DictReader(file))
    assert len(trades) == told["metrics"]["trades"]
    assert {t["sleeve"]: t["symbol"] for t in trades} == {"trend": BTC, "other": ETH}
    with (Path(told["folder"]) / "equity.csv").open(encoding="utf-8", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert float(last["equity"]) == told["metrics"]["final_equity"]
    parts = [float(last[name]) for name in ("reserve", "sleeve trend", "sleeve other")]
    assert sum(parts) == pytest.approx(float(last["equity"]))


def test_what_is_written_on_the_command_line_stands_above_the_file(ask, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(FILE)
    told = ask("portfolio", file, "--cash", 9000, "--every", "never", "-a", "equal", "--no-resize", "--json").document
    assert told["cash"] == 9000
    assert told["allocation"]["method"] == "equal"
    assert told["rebalance"] == {"every": "never", "drift": None, "resize": False}
    assert len(told["rebalances"]) == 1


def test_sleeves_on_the_command_line_are_those_of_a_file(ask):
    answer = ask("portfolio", "--sleeve", TREND, "--sleeve", f"pairs_zscore@{BTC}+{ETH}", "-t", "1h", "--json")
    assert answer.code == 0, answer.err
    first, second = answer.document["sleeves"]
    assert (first["parameters"]["fast"], first["symbols"]) == (5, [BTC])
    assert second["symbols"] == [BTC, ETH]


def test_the_same_strategy_twice_is_told_apart_by_its_parameters(ask):
    more = ("--sleeve", TREND, "--sleeve", f"sma_cross@{BTC},fast=9,slow=40")
    names = [s["name"] for s in ask("portfolio", *more, "--json").document["sleeves"]]
    assert names == [f"SmaCross on {BTC} (fast=5, slow=20)", f"SmaCross on {BTC} (fast=9, slow=40)"]


@pytest.mark.parametrize(
    ("change", "message", "where", "fix"),
    [
        (("[account]", "[acount]"), "unknown table 'acount'", "mine.toml", "Did you mean account?"),
        (("cash = 5000", "csh = 5000"), "unknown setting 'csh'", "[account]", "Did you mean cash?"),
        (("cash = 5000", 'cash = "much"'), "cash must be a number", "[account]", "without quotes"),
        (("risk_parity", "markowitz"), "no allocation 'markowitz'", "[allocation]", "kelly"),
        (('"1w"', '"1y"'), "cannot rebalance every '1y'", "[rebalance]", "7d, 2w, 1M"),
        (("sma_cross", "sma_crss"), "no strategy 'sma_crss'", "sleeve 1 (trend)", "Did you mean sma_cross?"),
        (("fast = 5", "fst = 5"), "no parameter 'fst'", None, "Did you mean fast?"),
        (("share = 2", "share = 0"), "share must be a number above 0", "sleeve 2 (other)", "Leave it out"),
        (("leverage = 2.0", "cash = 2.0"), "unknown rule 'cash'", "sleeve 2", "There are"),
        (('symbol = "BTC', 'symbols = "BTC'), "no list of texts", "sleeve 1", "symbols = ["),
        (("BTC/USDT:USDT", "BTC/USD"), "no candles are stored for 'BTC/USD'", "sleeve 1", "Did you mean BTC/USDT"),
        (("[[sleeve]]", "[sleeve]"), "it is not TOML", "mine.toml", "--example"),
        (("[data]", 'start = "soon"\n[data]'), "unknown setting 'start'", "[rebalance]", "There are"),
        (('timeframe = "1h"', 'timeframe = "1h"\nstart = "soon"'), "'soon' is not a date", None, "2024-05-04"),
        (('name = "other"', 'name = "trend"'), "2 sleeves are called 'trend'", "portfolio", "its own name"),
    ],
)
def test_a_wrong_word_is_named_with_its_place_and_nothing_is_kept(ask, tmp_path, change, message, where, fix):
    file = tmp_path / "mine.toml"
    assert change[0] in FILE
    file.write_text(FILE.replace(*change))
    answer = ask("portfolio", file, "--json")
    assert answer.code == 3
    assert message in answer.error["message"]
    assert where is None or where in answer.error["where"]
    assert fix in answer.error["fix"]
    assert ask("runs", "--json").document["runs"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "not said what to run"),
        (("missing.toml",), "cannot be read"),
        (("--sleeve", "sma_cross"), "names no strategy and symbol"),
        (("--sleeve", f"sma_cross@{BTC},fast"), "'fast' is not a parameter"),
        (("--sleeve", f"sma_cross@{BTC}", "--drift", 3), "drift must be between 0 and 1"),
        (("--sleeve", f"sma_cross@{BTC}", "--sleeve", f"sma_cross@{SPOT}", "--leverage", 2), "without leverage"),
    ],
)
def test_wrong_words_are_refused(ask, words, message):
    answer = ask("portfolio", *words, "--json")
    assert answer.code == 3
    assert message in answer.error["message"]


def test_each_sleeve_is_counted_as_a_trial_once(ask):
    words = ("portfolio", "--sleeve", TREND, "--sleeve", f"donchian_breakout@{ETH}", "--every", "never")
    for _ in range(2):
        assert ask(*words).code == 0
        tried = ask("trials", "--json").document["tried"]
        assert {(t["strategy"], t["symbols"][0], t["kind"], t["trials"]) for t in tried} == {
            ("SmaCross", BTC, "portfolio", 1),
            ("DonchianBreakout", ETH, "portfolio", 1),
        }

"""`tradewind recursive`: what it says, keeps, and refuses."""

from __future__ import annotations

import shlex
from pathlib import Path

ON = ("-s", "BTC/USDT:USDT", "-t", "1h")


def test_each_value_is_told_with_the_history_it_needs(ask) -> None:
    found = ask("recursive", "macd_trend", *ON)
    assert found.code == 0
    assert "trend_ma" in found.out
    assert "settled after" in found.out
    assert "trend_ma" in found.out[found.out.index("It depends on where the data begins") :]


def test_the_document_and_the_page_are_kept_and_made_again_by_the_command(ask, home: Path) -> None:
    first = ask(
        "recursive", "sma_cross", *ON, "-p", "slow=40", "--starts", "3", "--tolerance", "0.01", "--json"
    ).document
    assert (first["kind"], first["outcome"]) == ("recursive", "steady")
    slow = next(v for v in first["values"] if v["name"] == "slow_ma")
    assert (slow["declared"], slow["settled_after"]) == (40, 39)
    report = Path(first["report"])
    assert report.is_relative_to(home)
    assert "how much history does it need?" in report.read_text(encoding="utf-8")
    kept = ask("report", first["run"], "--json").document
    again = ask(*shlex.split(kept["command"])[1:], "--json").document
    for name in ("starts", "values", "history_needed", "tolerance"):
        assert again[name] == first[name]


def test_wrong_input_is_told_in_one_message(ask) -> None:
    assert "tolerance must be between" in ask("recursive", "sma_cross", *ON, "--tolerance", "7").err
    assert ask("recursive", "sma_cross", *ON, "--starts", "0").code == 3

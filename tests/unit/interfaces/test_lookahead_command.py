"""`tradewind lookahead`: what it says, keeps, and ends with."""

from __future__ import annotations

import shlex
from pathlib import Path

PEEKS = """
import numpy as np
from tradewind import Strategy


class Peeks(Strategy):
    def prepare(self, bars):
        return {"later": np.append(bars.close[1:], np.nan)}

    def on_bar(self, bar):
        if self.later.value > bar.close:
            self.buy()
        else:
            self.close()
"""
ON = ("-s", "BTC/USDT:USDT", "-t", "1h")


def test_a_clean_strategy_ends_well_and_is_kept_with_its_page(ask, home: Path) -> None:
    found = ask("lookahead", "sma_cross", *ON, "-p", "fast=5", "--cuts", "6", "--seed", "3", "--json")
    assert found.code == 0
    document = found.document
    assert (document["kind"], document["outcome"], document["clean"]) == ("lookahead", "clean", True)
    assert (document["parameters"]["fast"], document["seed"], document["findings"]) == (5, 3, [])
    assert len(document["cuts"]) >= 6
    report = Path(document["report"])
    assert report.is_relative_to(home)
    page = report.read_text(encoding="utf-8")
    assert "does it look ahead?" in page
    assert "Synthetic data" in page
    assert "Nothing was found" in page


def test_a_strategy_that_peeks_ends_with_code_4_and_says_how_far(ask) -> None:
    Path("peeks.py").write_text(PEEKS, encoding="utf-8")
    found = ask("lookahead", "peeks.py", *ON, "--engine", "interpreted")
    assert found.code == 4
    assert "later: it reads 1 bar ahead, as shift(-1) does" in found.out
    assert "with those alone  nothing (NaN)" in found.out
    assert "It looks ahead" in found.out
    document = ask("lookahead", "peeks.py", *ON, "--engine", "interpreted", "--json")
    assert document.code == 4
    assert document.document["findings"][0]["bars_ahead"] == 1


def test_the_command_of_the_page_makes_the_same_check_again(ask) -> None:
    first = ask("lookahead", "rsi_mean_reversion", *ON, "--cuts", "5", "--stake", "0.5", "--json").document
    kept = ask("report", first["run"], "--json").document
    again = ask(*shlex.split(kept["command"])[1:], "--json").document
    for name in ("cuts", "findings", "decisions", "parameters", "outcome"):
        assert again[name] == first[name]


def test_wrong_input_is_told_in_one_message(ask) -> None:
    assert "cuts must be from 3" in ask("lookahead", "sma_cross", *ON, "--cuts", "1").err
    assert "Did you mean sma_cross?" in ask("lookahead", "sma_corss", *ON).err
    short = ask("lookahead", "sma_cross", *ON, "--end", "2024-01-02", "--json")
    assert short.code == 3
    assert short.error["message"].startswith("24 bars are too few")

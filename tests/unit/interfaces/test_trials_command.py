"""`tradewind trials`, and what a backtest says of them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from tradewind import backtest, counted
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.strategy.bundled.sma_cross import SmaCross

SYMBOL = "BTC/USDT:USDT"
RUN = ("backtest", "sma_cross", "--symbol", SYMBOL, "--engine", "interpreted")


def test_a_run_says_how_many_trials_there_were_and_a_repeated_one_is_none(ask) -> None:
    counts = [ask(*RUN, "--param", f"fast={fast}", "--json").document["metrics"]["n_trials"] for fast in (8, 9, 8, 10)]
    assert counts == [1, 2, 2, 3]
    report = ask("report", "last", "--json").document
    assert report["metrics"]["n_trials"] == 3
    assert 0 < report["metrics"]["dsr"] < report["metrics"]["psr"]
    page = Path(ask("report", "last", "--json").document["report"]).read_text()
    assert "Deflated Sharpe ratio" in page
    assert "Trials counted" in page


def test_the_trials_are_listed_by_strategy_and_market(ask) -> None:
    ask(*RUN)
    ask("backtest", "rsi_mean_reversion", "--symbol", "BTC/USDT", "--engine", "interpreted")
    document = ask("trials", "--json").document
    assert {(m["symbol"], m["origin"], m["trials"], m["luck"]) for m in document["markets"]} == {
        (SYMBOL, "seed 5", 1, None),
        ("BTC/USDT", "seed 5", 1, None),
    }
    assert [line["strategy"] for line in document["tried"]] == ["SmaCross", "RsiMeanReversion"]
    ask(*RUN, "--param", "fast=20")
    one = ask("trials", "--symbol", SYMBOL, "--json").document
    assert [m["trials"] for m in one["markets"]] == [2]
    assert one["markets"][0]["luck"] > 0
    shown = ask("trials")
    assert "SYNTHETIC seed 5" in shown.out
    assert "RsiMeanReversion" in shown.out


def test_without_trials_it_says_so(ask) -> None:
    assert "No trial is counted yet" in ask("trials").err
    assert "No trial is counted on NONE/USDT" in ask("trials", "-s", "NONE/USDT").err
    assert ask("trials", "--json").document == {"markets": [], "tried": []}


def test_a_ledger_that_cannot_be_written_costs_the_dsr_and_says_so_and_not_the_run(ask, home: Path) -> None:
    (home / "ledger").write_text("a file where the folder should be")
    answer = ask(*RUN, "--json")
    assert answer.code == 0
    document = answer.document
    assert (document["metrics"]["dsr"], document["metrics"]["n_trials"]) == (None, None)
    assert "trials were not counted" in document["undefined"]["dsr"]
    assert any("1 trial was not counted: the trial ledger cannot be used" in said for said in document["warnings"])
    kept = json.loads((Path(document["folder"]) / "report.json").read_text())
    assert kept["warnings"] == document["warnings"]


def test_a_damaged_ledger_stops_the_run_with_a_way_out(ask, home: Path) -> None:
    (home / "ledger").mkdir()
    (home / "ledger" / "trials.sqlite").write_text("no ledger at all " * 100)
    answer = ask(*RUN, "--json")
    assert (answer.code, answer.error["kind"]) == (7, "Corrupt")
    assert "backup" in answer.error["fix"]
    assert not list((home / "runs").glob("2*"))


def test_python_counts_inside_counted_and_an_invented_market_apart(home: Path, ask) -> None:
    bars = synthetic_market(SyntheticMarket((SYMBOL,), "1h", bars=600, seed=9))[0]
    with counted(seed=9) as count:
        result = backtest(SmaCross, bars, engine="interpreted")
    assert (count.new, result.metrics["n_trials"]) == (1, 1)
    with counted():
        assert backtest(SmaCross, bars, engine="interpreted").metrics["n_trials"] == 1
    found = ask("trials", "--json").document["tried"]
    assert [(line["origin"], line["kind"]) for line in found] == [("seed 9", "python"), ("real", "python")]


def test_python_is_warned_where_the_ledger_cannot_be_written(home: Path) -> None:
    (home / "ledger").write_text("")
    bars = synthetic_market(SyntheticMarket((SYMBOL,), "1h", bars=600, seed=9))[0]
    with pytest.warns(UserWarning, match="1 trials were not counted: the trial ledger cannot be used"), counted():
        result = backtest(SmaCross, bars, engine="interpreted")
    assert result.metrics["dsr"] is None
    (home / "ledger").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with counted():
            assert backtest(SmaCross, bars, engine="interpreted").metrics["n_trials"] == 1

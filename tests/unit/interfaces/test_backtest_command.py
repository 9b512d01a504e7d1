"""`tradewind backtest`: what it says, what it refuses, and that a refusal leaves nothing behind."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tradewind.interfaces.cli.backtest import figure
from tradewind.interfaces.cli.run_options import parameters_from

BTC = ("--symbol", "BTC/USDT:USDT")
INTERPRETED = ("--engine", "interpreted")

REFUSED = {
    ("sma_cros", *BTC): ("there is no strategy 'sma_cros'", "", "Did you mean sma_cross?"),
    ("SMA-Cross", *BTC): ("there is no strategy 'SMA-Cross'", "", "Did you mean sma_cross?"),
    ("missing.py", *BTC): ("there is no such file", "missing.py", "tradewind new strategy"),
    ("folder.py", *BTC): ("it is a folder, not a file", "folder.py", "Name a file in it"),
    ("sma_cross",): ("it is not said which symbol to run on", "--symbol", "BTC/USDT, BTC/USDT:USDT, ETH/USDT:USDT"),
    ("pairs_zscore",): ("it is not said which 2 symbols to run on", "--symbol", "Name each: --symbol"),
    ("pairs_zscore", *BTC): ("it trades 2 symbols, and the run has 1", "PairsZScore", "Name 2 with --symbol"),
    ("sma_cross", "-s", "btc/usdt:usdt"): ("no candles are stored for 'btc/usdt:usdt'", "--symbol", "Did you mean BTC"),
    ("sma_cross", "-s", "DOGE/EUR"): ("no candles are stored for 'DOGE/EUR'", "--symbol", "Stored are BTC/USDT,"),
    ("pairs_zscore", *BTC, *BTC): ("a symbol is named twice", "--symbol", "once"),
    ("sma_cross", *BTC, "-t", "1hour"): ("unknown timeframe '1hour'", "", "5m, 1h or 1d"),
    ("sma_cross", *BTC, "-t", "1H"): ("no 1H candles are stored for BTC/USDT:USDT", "--timeframe", "Did you mean 1h?"),
    ("sma_cross", *BTC, "-t", "4h"): (
        "no 4h candles are stored", "--timeframe", "tradewind data resample --symbol BTC/USDT:USDT --from 1h --to 4h",
    ),
    ("sma_cross", *BTC, "-t", "5m"): ("no 5m candles are stored", "--timeframe", "Stored for it: 1h"),
    ("sma_cross", *BTC, "--start", "soon"): ("'soon' is not a date", "", "2024-05-04"),
    ("sma_cross", *BTC, "--end", "2024-13-45"): ("'2024-13-45' is not a date", "", "2024-05-04"),
    ("sma_cross", *BTC, "--start", "2024-02-01", "--end", "2024-01-01"): (
        "the start 2024-02-01T00:00:00Z is not before the end 2024-01-01T00:00:00Z", "--start", "later end",
    ),
    ("sma_cross", *BTC, "--start", "2030-01-01"): ("no bars in this stretch", "BTC/USDT:USDT", "stored from 2024"),
    ("sma_cross", *BTC, "-p", "fast=1"): ("1 is outside 2 to 100", "SmaCross.fast", "inside"),
    ("sma_cross", *BTC, "-p", "fas=10"): ("SmaCross has no parameter 'fas'", "", "Did you mean fast?"),
    ("sma_cross", *BTC, "-p", "fast=ten"): ("expected a number, found 'ten'", "SmaCross.fast", ""),
    ("sma_cross", *BTC, "-p", "fast=nan"): ("expected a finite number, found 'nan'", "SmaCross.fast", ""),
    ("sma_cross", *BTC, "-p", "fast=10.5"): ("expected a whole number, found '10.5'", "SmaCross.fast", ""),
    ("sma_cross", *BTC, "-p", "fast=" + "9" * 400): ("expected a finite number", "SmaCross.fast", ""),
    ("sma_cross", *BTC, "-p", "fast"): ("'fast' is not a parameter", "--param", "fast=12"),
    ("sma_cross", *BTC, "-p", "fast=5", "-p", "fast=6"): ("'fast' is given twice", "--param", "once"),
    ("sma_cross", *BTC, "--cash", "0"): ("cash must be above 0, found 0", "", ""),
    ("sma_cross", *BTC, "--cash", "-5"): ("cash must be above 0, found -5", "", ""),
    ("sma_cross", *BTC, "--cash", "nan"): ("cash must be above 0, found nan", "", ""),
    ("sma_cross", *BTC, "--cash", "inf"): ("cash must be above 0, found inf", "", ""),
    ("sma_cross", *BTC, "--stake", "2"): ("stake must be above 0 and at most 1", "", ""),
    ("sma_cross", *BTC, "--leverage", "0"): ("leverage must be above 0", "", ""),
    ("sma_cross", *BTC, "--leverage", "500"): ("leverage 500 is above the instrument's 125", "BTC/USDT:USDT", ""),
    ("sma_cross", "-s", "BTC/USDT", "--leverage", "2"): ("spot is traded without leverage", "BTC/USDT", "leverage 1"),
    ("sma_cross", "-s", "BTC/USDT", "--hedging"): ("no short side to hedge with", "BTC/USDT", "hedging off"),
    ("sma_cross", *BTC, "--margin", "crossed"): ("unknown margin 'crossed'", "", "cross or isolated"),
    ("sma_cross", *BTC, "--fee", "2"): ("_fee must be a fraction", "BTC/USDT:USDT", ""),
    ("sma_cross", *BTC, "--fee", "abc"): ("_fee must be a number, found 'abc'", "BTC/USDT:USDT", "0.0005"),
    ("sma_cross", *BTC, "--taker-fee", "nan"): ("taker_fee must be a fraction", "BTC/USDT:USDT", ""),
    ("sma_cross", *BTC, "--tick", "0"): ("tick must be above zero, found 0", "BTC/USDT:USDT", "Leave it out"),
    ("sma_cross", *BTC, "--lot", "inf"): ("lot must be above zero", "BTC/USDT:USDT", ""),
    ("sma_cross", *BTC, "--size-min", "-1"): ("size_min must be zero or more", "BTC/USDT:USDT", ""),
    ("sma_cross", *BTC, "--maintenance-margin", "2"): ("maintenance_margin must be between", "BTC/USDT:USDT", ""),
    ("sma_cross", *BTC, "--slippage", "fixd"): ("unknown slippage 'fixd'", "", "none, fixed, volatility, volume"),
    ("sma_cross", *BTC, "--slippage-amount", "-1"): ("slippage_amount must be zero or more", "", ""),
    ("sma_cross", *BTC, "--participation", "2"): ("participation is a share of the volume", "", ""),
    ("sma_cross", *BTC, "--latency-bars", "-1"): ("latency_bars must be zero or more", "", ""),
    ("sma_cross", *BTC, "--latency-ms", "-1"): ("latency_ms must be zero or more", "", ""),
    ("sma_cross", *BTC, "--orders-max", "0"): ("orders_max must be from 1 to 4096", "", ""),
    ("sma_cross", *BTC, "--engine", "fast"): ("unknown engine 'fast'", "", "auto, compiled or interpreted"),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED, ids=lambda words: " ".join(words)[:60])
def test_what_cannot_be_run_is_refused_in_one_message_and_nothing_is_kept(ask, home: Path, words) -> None:
    message, where, fix = REFUSED[words]
    Path("folder.py").mkdir()
    answer = ask("backtest", *words, "--json")
    assert (answer.code, answer.error["kind"], answer.out) == (3, "BadInput", "")
    assert message in answer.error["message"]
    assert where in (answer.error["where"] or "")
    assert fix in (answer.error["fix"] or "")
    assert not list((home / "runs").iterdir()) if (home / "runs").exists() else True


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["backtest"], "strategy"),
        (["backtest", "sma_cross", "--cash", "abc"], "--cash"),
        (["backtest", "sma_cross", "--symbl", "x"], "Did you mean --symbol?"),
        (["backtest", "sma_cross", "--orders-max", "1.5"], "--orders-max"),
        (["backtets", "sma_cross"], "Did you mean backtest?"),
    ],
)
def test_wrong_words_are_wrong_usage(ask, words: list[str], message: str) -> None:
    answer = ask(*words)
    assert answer.code == 2
    assert message in answer.err
    assert "--help" in answer.err


def test_an_empty_catalogue_says_how_to_fill_it(ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRADEWIND_DATA", str(tmp_path / "none"))
    error = ask("backtest", "sma_cross", "--json").error
    assert error["message"] == "no candles are stored yet"
    assert "tradewind data import FILE" in error["fix"]


@pytest.mark.parametrize("kind", ["candles", "funding", "mark"])
def test_a_damaged_data_set_stops_the_run(ask, home: Path, kind: str) -> None:
    (path,) = (home / "data" / "BTC-USDT_USDT" / kind).glob("*.parquet")
    path.write_bytes(path.read_bytes()[:500])
    answer = ask("backtest", "sma_cross", *BTC, "--json")
    assert (answer.code, answer.error["kind"]) == (7, "Corrupt")
    assert not list((home / "runs").iterdir())


def test_runs_that_have_no_place_are_refused_before_the_work(ask, home: Path, monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRADEWIND_RUNS", str(tmp_path / "file"))
    answer = ask("backtest", "sma_cross", *BTC, "--json")
    assert answer.code == 3
    assert "runs cannot be kept here" in answer.error["message"]


@pytest.mark.parametrize("state", ["a file", "damaged"])
def test_a_cache_that_cannot_be_used_costs_time_and_nothing_else(ask, monkeypatch, tmp_path: Path, state: str) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("TRADEWIND_CACHE", str(cache))
    if state == "a file":
        cache.write_text("")
    first = ask("backtest", "sma_cross", *BTC, "--json")
    if state == "damaged":
        for path in cache.rglob("*"):
            if path.is_file():
                path.write_bytes(b"\x80garbage(")
        from tradewind.core.compiler import kernel

        monkeypatch.setattr(kernel, "_in_memory", {})
    again = ask("backtest", "sma_cross", *BTC, "--json")
    assert (first.code, again.code) == (0, 0), again.err
    assert again.document["engine"] == "compiled"
    assert again.document["decision_hash"] == first.document["decision_hash"]


def test_the_figures_stand_one_below_the_other_with_hash_and_report(ask) -> None:
    answer = ask("backtest", "sma_cross", *BTC, *INTERPRETED)
    lines = answer.out.splitlines()
    assert lines[0] == "SmaCross on BTC/USDT:USDT 1h  [SYNTHETIC DATA]"
    assert lines[1] == "2024-01-01T00:00:00Z to 2024-03-03T12:00:00Z, 1,500 bars, interpreted"
    assert {len(line) for line in lines[2:15]} == {36}
    assert lines[2].split()[0] == "return"
    assert lines[-2].startswith("decision hash ")
    assert Path(lines[-1].removeprefix("report ")).is_file()
    assert answer.err.splitlines()[0] == "running on 1h candles, the only ones stored for BTC/USDT:USDT"
    assert ask("backtest", "sma_cross", *BTC, *INTERPRETED, "-q").err == ""


def test_with_json_one_document_stands_on_stdout(ask) -> None:
    document = ask("backtest", "sma_cross", *BTC, *INTERPRETED, "--json", "-p", "fast=5", "--fee", "0.001").document
    assert document["parameters"]["fast"] == 5
    assert document["symbols"] == ["BTC/USDT:USDT"]
    assert document["synthetic"] is True
    assert document["engine"] == "interpreted"
    assert set(document["hashes"]) == {
        "data BTC/USDT:USDT candles 1h", "data BTC/USDT:USDT funding", "data BTC/USDT:USDT mark", "code", "decisions",
    }  # fmt: skip
    assert document["metrics"]["trades"] > 0
    assert Path(document["report"]).is_file()


def test_every_option_that_differs_from_its_default_is_in_the_printed_command(ask) -> None:
    words = [
        "sma_cross", *BTC, "--timeframe", "1h", "--start", "2024-01-02T00:00:00Z", "--end", "2024-02-01T00:00:00Z",
        "--param", "fast=7", "--cash", "5000", "--leverage", "2", "--margin", "isolated", "--stake", "0.5",
        "--slippage", "volatility", "--slippage-amount", "0.05", "--participation", "0.1", "--latency-bars", "1",
        "--latency-ms", "250", "--no-funding", "--no-liquidation", "--no-close-at-end", "--orders-max", "10",
        "--fee", "0.001", "--tick", "0.1", "--lot", "0.001", "--size-min", "0.001", "--notional-min", "5",
        "--maintenance-margin", "0.01", "--liquidation-fee", "0.01", *INTERPRETED,
    ]  # fmt: skip
    first = ask("backtest", *words, "--json").document
    command = shlex.split(ask("report", "--json").document["command"])
    assert sorted(command[2:]) == sorted(words)
    again = ask(*command[1:], "--json").document
    assert again["decision_hash"] == first["decision_hash"]
    assert again["metrics"] == first["metrics"]


def test_funding_that_is_not_stored_is_said(ask) -> None:
    ask("data", "remove", "BTC/USDT:USDT", "--kind", "funding")
    warnings = ask("backtest", "sma_cross", *BTC, *INTERPRETED, "--json").document["warnings"]
    assert warnings == [
        "No funding is stored for BTC/USDT:USDT, so none was paid: tradewind data import --kind funding"
    ]
    assert ask("backtest", "sma_cross", *BTC, *INTERPRETED, "--no-funding", "--json").document["warnings"] == []


def test_symbols_that_never_trade_at_the_same_time_are_refused(ask) -> None:
    made = ("data", "generate", "--symbol", "OLD/USDT:USDT", "--start", "2020-01-01", "--bars", "500")
    assert ask(*made).code == 0
    error = ask("backtest", "pairs_zscore", "-s", "OLD/USDT:USDT", *BTC, "-t", "1h", "--json").error
    assert "OLD/USDT:USDT ends at 2020-01-21T19:00:00Z, before BTC/USDT:USDT begins at 2024-01-01" in error["message"]


def test_figures_are_written_by_their_unit() -> None:
    assert figure("total_return", 0.1234) == "12.34%"
    assert figure("trades", 1234) == "1,234"
    assert figure("sharpe", 1.234) == "1.23"
    assert figure("sharpe", None) == "-"


def test_parameters_are_names_and_values() -> None:
    assert parameters_from(["fast = 12", "b=a=b"]) == {"fast": "12", "b": "a=b"}


def test_help_groups_the_options(ask) -> None:
    said = ask("backtest", "--help").out
    for group in ("The account", "The market", "Orders and fills"):
        assert group in said
    assert "--json" in said

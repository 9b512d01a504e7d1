"""A lockbox as a trader meets it: sealed, looked into once, never undone quietly."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.core.domain.instants import instant_ns
from tradewind.core.domain.synthetic import SyntheticMarket
from tradewind.core.strategy.bundled import sma_cross
from tradewind.operations.data_making import generate_data, resample_data

SYMBOL = "BTC/USDT"
DAY = instant_ns("2024-02-15")
SEAL = ("lockbox", "seal", SYMBOL, "--from", "2024-02-15")
OPEN = ("lockbox", "open", "mine.py", "--symbol", SYMBOL, "--engine", "interpreted", "--json")
VERDICTS = (8, 9)
"""Exit codes by which `validate` and the bias checks say what they found."""
SOURCE = Path(sma_cross.__file__).read_text()


@pytest.fixture
def mine(home: Path) -> Path:
    """A strategy of the trader's own, in the working folder."""
    Path("mine.py").write_text(SOURCE)
    return Path("mine.py")


def whole(home: Path) -> ParquetCatalogue:
    return ParquetCatalogue(home / "data")


@pytest.mark.parametrize(
    "command",
    [
        ("backtest", "sma_cross", "--engine", "interpreted"),
        ("optimize", "sma_cross", "--space", "fast=5,10", "--engine", "interpreted"),
        ("walk-forward", "sma_cross", "--space", "fast=5,10", "--windows", "2", "--engine", "interpreted"),
        ("validate", "sma_cross", "--space", "fast=5,10", "--windows", "2", "--engine", "interpreted"),
        ("lookahead", "sma_cross"),
        ("recursive", "sma_cross"),
        ("portfolio", "--sleeve", f"sma_cross@{SYMBOL}", "--timeframe", "1h", "--engine", "interpreted"),
    ],
    ids=lambda command: command[0],
)
def test_no_command_that_runs_a_strategy_reads_a_bar_behind_the_seal(ask, home: Path, monkeypatch, command) -> None:
    assert ask(*SEAL).code == 0
    latest: list[int] = []
    from tradewind.adapters.market_data.sealed_catalogue import SealedCatalogue

    true_bars = SealedCatalogue.bars

    def bars(self, *args):
        found = true_bars(self, *args)
        latest.append(int(found.time[-1]) + found.step_ns)
        return found

    monkeypatch.setattr(SealedCatalogue, "bars", bars)
    where = () if command[0] == "portfolio" else ("--symbol", SYMBOL)
    answer = ask(*command, *where)
    assert answer.code in (0, *VERDICTS), answer.err
    assert latest
    assert max(latest) <= DAY
    assert f"{SYMBOL} is sealed from 2024-02-15T00:00:00Z on" in answer.err


def test_only_the_lockbox_and_what_shows_nothing_may_ask_for_the_whole_catalogue() -> None:
    package = Path(sma_cross.__file__).parents[3]
    asking = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"sealed=False|ParquetCatalogue\(", path.read_text(encoding="utf-8"))
    }
    assert asking == {"bootstrap.py", "interfaces/cli/lockbox.py", "interfaces/cli/data_making.py"}


def test_a_run_that_would_begin_in_there_is_refused_and_one_that_ends_before_is_as_ever(ask) -> None:
    run = ("backtest", "sma_cross", "-s", SYMBOL, "--engine", "interpreted", "--json")
    before = ask(*run, "--end", "2024-02-10").document["decision_hash"]
    ask(*SEAL)
    assert ask(*run, "--end", "2024-02-10").document["decision_hash"] == before
    refused = ask(*run, "--start", "2024-02-20")
    assert (refused.code, refused.error["where"]) == (3, "--start")
    assert "lockbox open" in refused.error["fix"]


def test_looking_at_data_ends_at_the_seal_too(ask) -> None:
    ask(*SEAL)
    shown = ask("data", "show", "-s", SYMBOL, "-t", "1h", "--page", "1", "--rows", "5000", "--json").document
    assert max(candle["time_ns"] for candle in shown["candles"]) < DAY
    for command in (("data", "list"), ("data", "check", "-s", SYMBOL), ("data", "show", "-s", SYMBOL, "-t", "1h")):
        assert f"{SYMBOL} is sealed from 2024-02-15" in ask(*command).err
    listed = ask("data", "list", "--symbol", SYMBOL, "--json").document["data_sets"]
    assert listed[0]["rows"] == 1_500, "that there is more is no secret"


def test_a_percentage_seals_whole_days_at_the_end(ask, home: Path) -> None:
    document = ask("lockbox", "seal", SYMBOL, "--last", "20%", "--json").document
    bars = whole(home).bars(SYMBOL, "1h")
    assert document["from_ns"] % (24 * 3_600_000_000_000) == 0
    assert document["withheld"] == int((bars.time >= document["from_ns"]).sum())
    assert 0.2 <= document["withheld"] / len(bars) < 0.2 + 24 / len(bars)
    assert document["left"] + document["withheld"] == len(bars)


def test_the_one_look_is_the_run_that_an_unsealed_market_would_have_given(ask, mine, home: Path) -> None:
    ask(*SEAL)
    answer = ask(*OPEN)
    assert answer.code == 0, answer.err
    document = answer.document
    report = json.loads((Path(document["folder"]) / "report.json").read_text())
    assert document["bars"] == int((whole(home).bars(SYMBOL, "1h").time >= DAY).sum())
    assert document["metrics"]["n_trials"] == 1, "nobody had looked there"
    assert document["lockbox"]["before"]["metrics"]["trades"] > 0
    assert "look number 1 into it, and the only one" in report["warnings"][0]
    assert report["command"].startswith("tradewind lockbox open mine.py")
    assert f"{document['bars']} bars" in Path(document["report"]).read_text(), "those before the seal only warm up"
    from tradewind import MarketRules, backtest
    from tradewind.core.strategy.bundled.sma_cross import SmaCross

    bars = whole(home).bars(SYMBOL, "1h")
    same = backtest(SmaCross, bars, rules=MarketRules(trade_from_ns=DAY), engine="interpreted")
    assert same.run.decision_hash == document["decision_hash"]


def test_a_second_look_is_refused_and_the_same_one_again_shows_the_same(ask, mine) -> None:
    ask(*SEAL)
    first = ask(*OPEN).document
    again = ask(*OPEN).document
    assert again["decision_hash"] == first["decision_hash"]
    assert (again["lockbox"]["repeated"], again["lockbox"]["looks"]) == (True, first["lockbox"]["looks"])
    refused = ask(*OPEN, "--param", "fast=7")
    assert (refused.code, refused.error["kind"]) == (3, "Refused")
    assert "with the same code" in refused.error["message"]
    assert len(ask("lockbox", "list", "--json").document["entries"]) == 2


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("copy.py", SOURCE, "with the same code"),
        ("mine.py", SOURCE.replace("self.fast)", "self.fast + 1)", 1), "under the same name"),
        ("other.py", SOURCE.replace("SmaCross", "MyOwnIdea"), "taking the same decisions on the bars before the seal"),
    ],
)
def test_neither_a_copy_nor_an_edit_nor_a_new_name_gets_a_second_look(ask, mine, name, source, reason) -> None:
    ask(*SEAL)
    assert ask(*OPEN).code == 0
    Path(name).write_text(source)
    refused = ask("lockbox", "open", name, "--symbol", SYMBOL, "--engine", "interpreted", "--param", "fast=9", "--json")
    assert refused.code == 3, refused.out
    assert reason in refused.error["message"]


def test_another_idea_has_its_own_look_and_is_told_that_it_is_not_the_first(ask, mine) -> None:
    ask(*SEAL)
    ask(*OPEN)
    other = ask("lockbox", "open", "rsi_mean_reversion", "-s", SYMBOL, "--engine", "interpreted", "--json").document
    assert other["lockbox"]["looks"] == [2, 3]
    assert other["metrics"]["n_trials"] == 2
    assert "look number 2 into it; the others were of SmaCross" in other["warnings"][0]
    assert "may be the best of several" in other["warnings"][1]


def test_new_data_is_sealed_as_well_and_the_old_look_does_not_grow(ask, mine, home: Path) -> None:
    ask(*SEAL)
    first = ask(*OPEN).document
    longer = SyntheticMarket(("BTC/USDT:USDT", "ETH/USDT:USDT", SYMBOL), "1h", bars=2_000, seed=5)
    generate_data(longer, catalogue=whole(home), now_ns=1)
    assert len(whole(home).bars(SYMBOL, "1h")) == 2_000
    run = ask("backtest", "sma_cross", "-s", SYMBOL, "--engine", "interpreted", "--json").document
    assert run["bars"] == 45 * 24
    again = ask(*OPEN).document
    assert (again["bars"], again["lockbox"]["repeated"]) == (first["bars"], True)
    assert ask(*OPEN, "--param", "fast=6").code == 3
    ask("data", "remove", SYMBOL)
    generate_data(longer, catalogue=whole(home), now_ns=2)
    assert ask("backtest", "sma_cross", "-s", SYMBOL, "--engine", "interpreted", "--json").document["bars"] == 45 * 24


def test_a_timeframe_made_of_sealed_bars_is_sealed(ask, mine, home: Path) -> None:
    ask(*SEAL)
    assert ask("data", "resample", "-s", SYMBOL, "--from", "1h", "--to", "4h").code == 0
    expected = resample_data(SYMBOL, "1h", "4h", catalogue=whole(home), now_ns=0).stored.rows
    assert len(whole(home).bars(SYMBOL, "4h")) == expected
    shown = ask("data", "show", "-s", SYMBOL, "-t", "4h", "--rows", "5000", "--json").document
    assert shown["rows"] == 45 * 6
    looked = ask(*OPEN, "--timeframe", "4h").document
    assert looked["bars"] == expected - 45 * 6


def test_a_look_whose_run_is_killed_has_been_a_look_and_can_be_finished(ask, mine, home: Path) -> None:
    ask(*SEAL)
    code = (
        "import os, signal\n"
        "from tradewind.operations import lockbox_opening\n"
        "lockbox_opening.run_backtest = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from tradewind.interfaces.cli.main import main\n"
        f"main({list(OPEN)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert done.returncode == -9, done.stderr
    assert [e["deed"] for e in ask("lockbox", "list", "--json").document["entries"]] == ["sealed", "opened"]
    assert ask(*OPEN, "--param", "fast=6").code == 3
    assert ask(*OPEN).document["lockbox"]["repeated"]


def test_an_interrupted_look_says_that_it_is_on_record_and_how_to_finish_it(ask, mine, monkeypatch) -> None:
    ask(*SEAL)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tradewind.operations.lockbox_opening.run_backtest", interrupted)
        stopped = ask(*OPEN)
    assert (stopped.code, stopped.error["message"]) == (130, "interrupted; the look is on record")
    command = stopped.error["fix"].partition(": ")[2]
    assert ask(*shlex.split(command)[1:], "--json").document["lockbox"]["repeated"]


def test_two_who_open_at_once_with_other_parameters_are_one_look_and_one_refusal(ask, mine) -> None:
    ask(*SEAL)
    command = (sys.executable, "-m", "tradewind.interfaces.cli.main", *OPEN)
    both = [
        subprocess.Popen([*command, "--param", f"fast={fast}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for fast in (6, 7)
    ]
    said = [process.communicate(timeout=120) for process in both]
    assert sorted(process.returncode for process in both) == [0, 3], said
    assert [e["deed"] for e in ask("lockbox", "list", "--json").document["entries"]] == ["sealed", "opened"]


def test_a_seal_is_taken_off_only_with_a_reason_that_stays(ask) -> None:
    ask(*SEAL)
    assert ask("lockbox", "unseal", SYMBOL).code == 3
    assert ask("lockbox", "seal", SYMBOL, "--from", "2024-02-20", "--json").code == 3, "that would loosen it"
    assert ask("lockbox", "unseal", SYMBOL, "--reason", "a mistake in the date").code == 0
    run = ask("backtest", "sma_cross", "-s", SYMBOL, "--engine", "interpreted", "--json")
    assert run.document["bars"] == 1_500
    shown = ask("lockbox", "list")
    assert "a mistake in the date" in shown.out
    assert ask("lockbox", "list", "--json").document["seals"] == []


def test_what_runs_a_kept_run_again_does_not_reach_behind_the_seal(ask, mine) -> None:
    ask("backtest", "mine.py", "-s", SYMBOL, "--engine", "interpreted")
    ask(*SEAL)
    again = ("monte-carlo", "last", "--method", "jitter", "--paths", "5", "--json")
    refused = ask(*again)
    assert (refused.code, refused.error["message"]) == (3, "it saw bars that are sealed now")
    ask(*OPEN)
    refused = ask(*again)
    assert refused.code == 3
    assert "a look into a lockbox is one" in refused.error["message"]
    assert ask("monte-carlo", "last", "--paths", "50", "--json").code == 0, "its trades are known"


def test_looks_before_the_seal_are_told_when_it_is_put_on(ask) -> None:
    ask("backtest", "sma_cross", "-s", SYMBOL, "--engine", "interpreted")
    sealed = ask(*SEAL, "--json").document
    assert sealed["trials_before"] == 1
    assert sealed["entry"]["facts"] == {"trials_before": "1"}


def test_a_market_of_the_same_asset_that_is_left_open_is_named_with_the_command_that_seals_it(ask, home: Path) -> None:
    assert (
        ask("data", "generate", "-s", "BTC/USDT:USDT", "-s", "ETH/USDT", "--timeframe", "1h", "--bars", 2_000).code == 0
    )
    told = ask(*SEAL)
    note = "note: BTC/USDT:USDT moves with it and is open: tradewind lockbox seal BTC/USDT:USDT --from 2024-02-15"
    assert note in told.err
    assert "ETH" not in told.err
    other = ask("lockbox", "seal", "BTC/USDT:USDT", "--from", "2024-02-15", "--json").document
    assert other["beside"] == []


@pytest.mark.parametrize("how", ["deleted", "cut"])
def test_a_lockbox_that_was_tampered_with_stops_every_reader_and_the_doctor_says_so(ask, home: Path, mine, how) -> None:
    ask(*SEAL)
    ask(*OPEN)
    file = home / "ledger" / "lockbox.sqlite"
    if how == "deleted":
        file.unlink()
    else:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("DROP TRIGGER nothing_is_taken_out")
            connection.execute("DELETE FROM entries WHERE number = 2")
    for command in (("backtest", "sma_cross", "-s", SYMBOL), ("lockbox", "list"), SEAL, OPEN[:-1]):
        refused = ask(*command, "--json")
        assert (refused.code, refused.error["kind"]) == (7, "Corrupt"), command
    doctor = ask("doctor", "--json")
    assert doctor.code == 3
    checks = {check["name"]: check for check in doctor.document["checks"]}
    assert (checks["lockbox"]["state"], checks["trials"]["state"]) == ("failed", "fine")
    assert "tampered" in checks["lockbox"]["found"]


def test_a_look_that_lockbox_and_witness_have_both_forgotten_is_in_its_report(ask, home: Path, mine) -> None:
    ask(*SEAL)
    run = ask(*OPEN).document["run"]
    (home / "ledger" / "lockbox.sqlite").unlink()
    (home / "data" / ".lockbox-witness.json").unlink()
    doctor = ask("doctor", "--json")
    assert doctor.code == 3
    (found,) = [check for check in doctor.document["checks"] if check["name"] == "lockbox"]
    assert run in found["found"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("seal", "NONE/USDT", "--last", "20%"), "no candles are stored for 'NONE/USDT'"),
        (("seal", SYMBOL), "it is not said what to seal"),
        (("seal", SYMBOL, "--last", "20%", "--from", "2024-02-01"), "it is not said what to seal"),
        (("seal", SYMBOL, "--last", "a fifth"), "'a fifth' is no length"),
        (("seal", SYMBOL, "--last", "0%"), "0% is no part of the data"),
        (("seal", SYMBOL, "--last", "9999d"), "nothing would be left"),
        (("seal", SYMBOL, "--from", "2020-01-01"), "nothing would be left"),
        (("unseal", SYMBOL, "--reason", "x"), f"{SYMBOL} is not sealed"),
        (("open", "sma_cross", "-s", SYMBOL), f"{SYMBOL} is not sealed"),
        (("open", "sma_cross", "-s", SYMBOL, "--end", "2024-03-01"), "seen whole or not at all"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_trace(ask, home: Path, words, message) -> None:
    refused = ask("lockbox", *words, "--json")
    assert refused.code == 3, refused.out
    assert message in refused.error["message"]
    assert (
        not (home / "ledger" / "lockbox.sqlite").exists() or ask("lockbox", "list", "--json").document["entries"] == []
    )


def test_a_strategy_that_breaks_before_the_seal_has_not_looked(ask, mine) -> None:
    ask(*SEAL)
    mine.write_text(re.sub(r"(def on_bar\(.*\n)", r"\1        raise ValueError('oh')\n", SOURCE))
    assert ask(*OPEN).code == 4
    assert [e["deed"] for e in ask("lockbox", "list", "--json").document["entries"]] == ["sealed"]


def test_the_future_can_be_sealed_before_it_is_there(ask, home: Path) -> None:
    last = int(whole(home).bars(SYMBOL, "1h").time[-1])
    assert ask("lockbox", "seal", SYMBOL, "--from", "2024-03-10", "--json").document["withheld"] == 0
    assert instant_ns("2024-03-10") > last
    longer = SyntheticMarket(("BTC/USDT:USDT", "ETH/USDT:USDT", SYMBOL), "1h", bars=2_000, seed=5)
    generate_data(longer, catalogue=whole(home), now_ns=1)
    run = ask("backtest", "sma_cross", "-s", SYMBOL, "--engine", "interpreted", "--json").document
    assert run["bars"] == 69 * 24
    assert np.all(whole(home).bars(SYMBOL, "1h").time[69 * 24 :] >= instant_ns("2024-03-10"))

"""`tradewind optimize` from the outside."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest

from tradewind.core.domain.errors import BadInput
from tradewind.interfaces.cli.search_options import gap_from, space_from

BROKEN = """
from tradewind import Strategy, param

class Broken(Strategy):
    n = param(1, low=1, high=3)

    def setup(self):
        raise ValueError("not today")

    def on_bar(self, bar):
        self.buy()
"""
SEARCH = ("optimize", "sma_cross", "-s", "BTC/USDT", "--space", "fast=5:20:5 slow=30,60")


def test_a_search_is_kept_with_its_page_and_every_set(ask):
    answer = ask(*SEARCH, "--json")
    assert answer.code == 0
    found = answer.document
    folder = Path(found["folder"])
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.json", "sets.csv"}
    kept = json.loads((folder / "report.json").read_text())
    assert kept["kind"] == "optimize"
    assert {name: kept[name] for name in ("best", "ranked", "luck", "plateau")} == {
        name: found[name] for name in ("best", "ranked", "luck", "plateau")
    }
    rows = list(csv.DictReader((folder / "sets.csv").read_text().splitlines()))
    assert [(row["fast"], row["slow"]) for row in rows] == [
        (str(fast), str(slow)) for fast in (5, 10, 15, 20) for slow in (30, 60)
    ]
    best = found["best"]
    assert float(rows[best["number"]]["sharpe"]) == best["metrics"]["sharpe"]
    assert best["metrics"]["sharpe"] == max(float(row["sharpe"]) for row in rows if row["sharpe"])


def test_the_best_set_is_what_its_backtest_says(ask):
    found = ask(*SEARCH, "--json").document
    alone = ask(*shlex.split(found["backtest"])[1:], "--json").document
    assert {name: alone["parameters"][name] for name in ("fast", "slow")} == found["best"]["parameters"]
    for name, value in found["best"]["metrics"].items():
        assert value == pytest.approx(alone["metrics"][name], rel=1e-9), name


def test_the_document_has_the_keys_that_the_page_names(ask):
    page = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")
    row = re.search(r"^\| `optimize` \| (`run`.*) \|$", page, re.MULTILINE)
    assert set(ask(*SEARCH, "--json").document) == set(re.findall(r"`([a-z_]+)`", row[1]))


def test_the_sets_are_counted_as_trials_once(ask):
    first = ask(*SEARCH, "--json").document["luck"]
    assert first["counted"] is True
    assert first["n_trials"] == 8
    assert ask(*SEARCH, "--json").document["luck"]["n_trials"] == 8
    wider = ask(*SEARCH[:-1], "fast=5:20:5 slow=30,60,90", "--json").document["luck"]
    assert wider["n_trials"] == 12


def test_people_read_the_best_sets_and_what_luck_leaves_of_them(ask):
    answer = ask(*SEARCH)
    assert answer.code == 0
    assert "Of 8 sets the best is fast" in answer.out
    assert "after 8 trials" in answer.out
    assert "[SYNTHETIC DATA]" in answer.out
    assert "report " in answer.out


def test_the_page_says_how_to_search_again_and_that_command_does(ask):
    page = Path(ask(*SEARCH, "-c", "trades>=2", "--param", "shorts=false", "--json").document["folder"])
    command = json.loads((page / "report.json").read_text())["command"]
    assert command.startswith("tradewind optimize sma_cross --space fast=5:20:5 --space slow=30,60")
    again = ask(*shlex.split(command)[1:], "--json").document
    assert again["best"] == json.loads((page / "report.json").read_text())["best"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--space", "fast"), "names no values"),
        (("--space", "fast=1:5", "--space", "fast=2"), "given twice"),
        (("--space", "fast=abc"), "expected a number"),
        (("--method", "tpee"), "there is no method"),
        (("--method", "grid", "--budget", "100"), "the grid has 78,408 sets"),
        (("--objective", "sharp"), "no figure 'sharp'"),
        (("--constraint", "trades"), "not a limit"),
        (("--resume", "nothing"), "no sweep is unfinished"),
        (("--resume", "last", "--fresh"), "exclude each other"),
        (("--space", "fast=5", "--param", "fast=5"), "turned and has a fixed value"),
        (("--space", "fast=5:6", "--workers", "0"), "at least one worker"),
    ],
)
def test_wrong_input_is_told_once_and_nothing_is_kept(ask, home, words, said):
    answer = ask("optimize", "sma_cross", "-s", "BTC/USDT", *words)
    assert answer.code == 3
    assert said in answer.err
    assert answer.out == ""
    assert not list((home / "runs").glob("*"))
    assert not list((home / "sweeps").glob("*"))


def test_a_strategy_that_fails_with_every_set_ends_with_its_own_code(ask):
    Path("broken.py").write_text(BROKEN)
    answer = ask("optimize", "broken.py", "-s", "BTC/USDT")
    assert answer.code == 4
    assert "failed with every set" in answer.err
    assert "not today" in answer.err


def test_a_space_is_read_from_words():
    assert space_from(["fast=5:50:5 slow=1,2", "x=3"]) == {"fast": "5:50:5", "slow": "1,2", "x": "3"}
    with pytest.raises(BadInput, match="names no values"):
        space_from(["=5"])


def test_a_gap_is_bars_or_words_and_odd_digits_are_words():
    assert [gap_from(text) for text in ("12", " -3 ", "36h", "--5", "²", "9" * 5_000)] == [
        12, -3, "36h", "--5", "²", "9" * 5_000,
    ]  # fmt: skip


def test_a_search_ends_where_the_market_is_sealed(ask):
    whole = ask(*SEARCH, "--json").document
    assert ask("lockbox", "seal", "BTC/USDT", "--last", "20%").code == 0
    answer = ask(*SEARCH, "--json")
    assert "is sealed from" in answer.err
    length = whole["end_ns"] - whole["start_ns"]
    assert answer.document["end_ns"] <= whole["end_ns"] - 0.19 * length

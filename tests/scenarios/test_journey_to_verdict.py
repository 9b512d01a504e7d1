"""From a sweep to a verdict: `optimize`, `walk-forward` and `validate` on one market, as docs/journey.md tells it."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tradewind.interfaces.cli.validate import EXIT_CODES

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "binance_spot_1h" / "BTC_USDT-1h_2017-2024.feather"
PAGE = (ROOT / "docs" / "journey.md").read_text(encoding="utf-8")
LINES = re.findall(r"^tradewind .*$", PAGE.replace("\\\n", " "), re.MULTILINE)
COMMANDS = [shlex.split(line)[1:] for line in LINES]
MADE_UP = ("--symbol", "BTC/USDT", "--timeframe", "1h", "--space", "fast=5,10", "--space", "slow=20,40", "-w", "3")


def test_the_page_leads_from_data_to_a_verdict() -> None:
    assert [command[0] for command in COMMANDS] == ["data", "data", "optimize", "walk-forward", "validate"]


def test_each_step_counts_what_the_one_before_did_not(ask, home: Path) -> None:
    """On a made-up market: the trials of a sweep are those of the validation that follows it."""
    words = ("sma_cross", *MADE_UP)
    searched = ask("optimize", *words[:-2], "--json").document
    assert (searched["tried"], searched["luck"]["n_trials"]) == (4, 4)
    walked = ask("walk-forward", *words, "--json").document
    answer = ask("validate", *words, "--json")
    found = answer.document
    assert answer.code == EXIT_CODES[found["outcome"]]
    assert found["candidate"]["fast"] in (5, 10)
    assert found["luck"]["trials"] == 4 + 3 * 4 + 3, "all of them were counted before"
    for name in ("robustness", "consistency", "efficiency", "tried"):
        assert found["walk_forward"][name] == walked[name], "it is the same walk"
    assert [run["kind"] for run in ask("runs", "--json").document["runs"]] == ["optimize", "walk-forward", "validate"]


@pytest.mark.skipif(not REAL.is_file(), reason="the real candles are not beside this checkout")
def test_the_page_is_so_on_real_candles(ask, home: Path) -> None:
    """The whole way on BTC/USDT, 2020 to 2024, and every figure that the page tells."""
    imported, checked, *steps = COMMANDS
    shutil.rmtree(home / "data")  # real and made-up candles of one symbol are not mixed
    assert ask(*imported[:-1], REAL).code == 0
    assert ask(*checked).code == 0
    searched, walked = (ask(*step, "--json").document for step in steps[:2])
    answer = ask(*steps[2], "--json")
    found = answer.document
    assert found["outcome"] in PAGE
    assert answer.code == EXIT_CODES[found["outcome"]]
    assert found["synthetic"] is False
    told = re.findall(r"\*\*([^*]+)\*\*", PAGE)
    best, figures = searched["best"], {check["name"]: check["value"] for check in found["checks"]}
    assert told == [
        ", ".join(f"{name}={best['parameters'][name]}" for name in ("fast", "slow")),
        f"{best['metrics']['sharpe']:.2f}",
        f"{walked['metrics']['sharpe']:.2f}",
        f"{walked['robustness']:.0f} of 100",
        found["outcome"],
        f"{found['luck']['trials']:,}",
        f"{figures['dsr']:.0%}".replace("%", " %"),
    ]

"""What docs/cli.md says of commands, options and documents is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_page import PAGE, keys_of
from typer.main import get_command

from tradewind.interfaces.cli import backtest
from tradewind.interfaces.cli.app import VERBS

RUN = ("backtest", "sma_cross", "-s", "BTC/USDT:USDT", "--engine", "interpreted", "--json")


def test_every_command_is_on_the_page() -> None:
    table = PAGE[: PAGE.index("Anywhere on the line")]
    assert re.findall(r"^\| `([a-z-]+)", table, re.MULTILINE) == list(VERBS)


def test_every_option_of_a_backtest_is_on_the_page() -> None:
    command = get_command(backtest.app)
    options = {name for p in command.params for name in (*p.opts, *p.secondary_opts) if name.startswith("--")}
    said = set(re.findall(r"`(--[a-z-]+)", PAGE))
    for option in options - {"--help"}:
        bare = option.removeprefix("--no-")
        assert {option, f"--{bare}", f"--no-{bare.removeprefix('--')}"} & said, option


def test_documents_have_the_keys_that_the_page_names(ask) -> None:
    run = ask(*RUN).document
    assert set(run) == keys_of("backtest")
    listed = ask("runs", "--json").document
    assert set(listed) | set(listed["runs"][0]) == keys_of("runs")
    assert {"run", "report"} <= set(ask("report", "--json").document)
    assert set(ask("new", "strategy", "idea", "--json").document) == keys_of("new strategy")


@pytest.mark.parametrize("name", ["report.html", "report.json", "trades.csv", "equity.csv"])
def test_a_runs_folder_holds_what_the_page_names(ask, name: str) -> None:
    assert f"`{name}`" in PAGE
    assert (Path(ask(*RUN).document["folder"]) / name).is_file()

"""Progress on a terminal: the stage, its number, the time that is left; elsewhere nothing."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console as RichConsole

from tradewind.interfaces.cli.console import Console
from tradewind.interfaces.cli.progress_bar import ProgressBar
from tradewind.operations.progress import Silence


def on_a_terminal() -> tuple[RichConsole, io.StringIO]:
    out = io.StringIO()
    return RichConsole(file=out, force_terminal=True, width=120), out


def test_a_stage_is_named_and_counted_with_the_time_left() -> None:
    console, out = on_a_terminal()
    with ProgressBar(console, ("compiling", "running")) as bar:
        bar.stage("compiling")
        bar.stage("running", total=10)
        for _ in range(10):
            bar.advance()
        bar._progress.refresh()
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    assert "[2/2] running" in text
    assert "100%" in text
    assert "left 0:00:00" in text


def test_without_a_terminal_or_when_quiet_nothing_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Console().progress("compiling") as progress:
        assert isinstance(progress, Silence)
        progress.stage("compiling", 3)
        progress.advance()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Console(quiet=True).progress("compiling") as progress:
        assert isinstance(progress, Silence)
    with Console().progress("compiling") as progress:
        assert isinstance(progress, ProgressBar)
    assert capsys.readouterr().out == ""

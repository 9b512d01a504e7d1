"""The edge of the command line: messages, exit codes, JSON, and what it does not import."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from tradewind.core.domain.errors import BadInput, Corrupt, Disputed, StrategyFailed, Unavailable
from tradewind.interfaces.cli import app as cli_app
from tradewind.interfaces.cli import main as cli_main
from tradewind.interfaces.cli.app import Verb, console_of
from tradewind.interfaces.cli.main import main


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[typer.Context], object]], None]:
    """Registers a function as `tradewind probe`."""

    def register(function: Callable[[typer.Context], object]) -> None:
        app = typer.Typer()

        @app.command()
        def probe(ctx: typer.Context, number: int = 1) -> object:
            return function(ctx)

        monkeypatch.setitem(sys.modules, "probe_module", SimpleNamespace(app=app))  # type: ignore[arg-type]
        monkeypatch.setitem(cli_app.VERBS, "probe", Verb("probe_module", "A probe."))

    return register


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from tradewind.interfaces.cli.main import main; main(['--help']);"
        "heavy = {'numpy', 'polars', 'numba', 'jinja2', 'msgspec', 'ccxt'} & set(sys.modules);"
        "heavy |= {name for name in sys.modules if name.startswith('tradewind.interfaces.cli.data')};"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for verb in cli_app.VERBS:
        assert verb in done.stdout


def test_help_shows_every_command_under_one_heading_and_no_heading_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    headings = [heading for heading, _ in groupby(verb.heading for verb in cli_app.VERBS.values())]
    assert len(headings) == len(set(headings)) > 1
    for heading in headings:
        assert heading
        assert shown.count(f"\u256d\u2500 {heading} ") == 1
    assert "Commands" not in shown


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_an_interrupt_while_the_command_line_is_loaded_is_one_sentence(flags: list[str]) -> None:
    code = (
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from tradewind.interfaces.cli.entry import main\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, "-c", code, "backtest", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    said = json.loads(done.stderr)["error"]["message"] if flags else done.stderr.strip().removeprefix("error: ")
    assert said == "interrupted before it began"


@pytest.mark.skipif(sys.platform == "win32", reason="needs the processor time of child processes")
def test_help_takes_under_three_tenths_of_a_second() -> None:
    def seconds() -> float:
        # Processor time, for other work on the machine must not fail this; help waits for nothing.
        before = os.times()
        subprocess.run(
            [sys.executable, "-m", "tradewind.interfaces.cli.main", "--help"], capture_output=True, check=True
        )
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert 0 < min(seconds() for _ in range(5)) < 0.3


def test_without_words_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Usage: tradewind" in capsys.readouterr().out


def test_the_help_of_a_command_names_the_options_that_work_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list", "--help"]) == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("no such thing", where="prices.csv", fix="Look again"), 3),
        (StrategyFailed("it broke"), 4),
        (Unavailable("no answer"), 5),
        (Disputed("two truths"), 6),
        (Corrupt("other bytes"), 7),
    ],
)
def test_each_error_has_its_exit_code_and_one_message_without_traceback(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    def fail(ctx: typer.Context) -> None:
        raise error

    command(fail)
    assert main(["probe"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert err.startswith(f"error: {error.message}\n")  # type: ignore[attr-defined]
    assert ("  where: prices.csv\n  do:    Look again\n" in err) == (code == 3)
    assert err.count("\n  do:    ") == 1, "whoever is told of an error is told what to do"


@pytest.mark.parametrize("words", [["--debug", "probe"], ["probe", "--debug"]])
def test_debug_lets_the_traceback_through_wherever_it_stands(command: Callable[..., None], words: list[str]) -> None:
    def fail(ctx: typer.Context) -> None:
        raise BadInput("no")

    command(fail)
    with pytest.raises(BadInput):
        main(words)


def test_a_bug_says_that_it_is_one(command: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    def fail(ctx: typer.Context) -> None:
        raise KeyError("close")

    command(fail)
    assert main(["probe"]) == 1
    err = capsys.readouterr().err
    assert "this is a bug in Tradewind: KeyError: 'close'" in err
    assert "--debug" in err
    assert "Traceback" not in err


def test_a_full_disk_is_no_bug(command: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    def fail(ctx: typer.Context) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/data/1h.parquet")

    command(fail)
    assert main(["probe"]) == 5
    assert capsys.readouterr().err.splitlines() == [
        "error: No space left on device",
        "  where: /data/1h.parquet",
        "  do:    Free some disk space",
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt, typer.Abort])
def test_an_interrupt_is_one_line(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str], error: type[BaseException]
) -> None:
    def fail(ctx: typer.Context) -> None:
        raise error

    command(fail)
    assert main(["probe"]) == 130
    assert capsys.readouterr().err == "error: interrupted; nothing is left half-written\n"


def test_errors_are_json_on_stderr_when_json_is_asked_for(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(ctx: typer.Context) -> None:
        raise BadInput("no such thing", where="prices.csv")

    command(fail)
    assert main(["probe", "--json"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["error"] == {
        "kind": "BadInput", "message": "no such thing", "where": "prices.csv", "fix": "See tradewind probe --help",
        "exit_code": 3,
    }  # fmt: skip


@pytest.mark.parametrize("verb", ["data", "new", "lockbox", "order-book"])
def test_a_group_without_a_command_is_one_document_too_with_json(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert main([verb, "--json"]) == cli_main.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["error"]["fix"] == f"See tradewind {verb} --help"


def test_a_name_that_is_too_long_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "strategy", "x" * 5_000]) == Unavailable.exit_code
    err = capsys.readouterr().err
    assert err.endswith("\n  do:    Choose a shorter name\n")


def test_json_replaces_what_is_said_by_one_document(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def speak(ctx: typer.Context) -> None:
        console = console_of(ctx)
        console.say("hello")
        console.table(["a"], [[1]])
        console.note("a remark")
        console.result({"a": float("nan"), "b": [1, Path("x")]})

    command(speak)
    assert main(["--json", "probe"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"a": None, "b": [1, "x"]}
    assert err == "a remark\n"
    assert main(["probe", "-q"]) == 0
    out, err = capsys.readouterr()
    assert "hello" in out
    assert err == ""


def test_escape_sequences_in_names_do_not_reach_the_terminal(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def speak(ctx: typer.Context) -> None:
        console_of(ctx).say("\x1b[31mred")
        console_of(ctx).table(["a"], [["[bold]x\x1b]0;title\x07"]])
        raise BadInput("\x1b[2J gone", where="a\rb")

    command(speak)
    assert main(["probe"]) == 3
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\r" not in err
    assert "[bold]x\\x1b]0;title\\x07" in out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["dta", "list"], "Did you mean data?"),
        (["data", "chek"], "Did you mean 'check'?"),
        (["data", "check", "--symbl", "x"], "Did you mean --symbol?"),
        (["probe", "--number", "many"], "--number"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(
    command: Callable[..., None], capsys: pytest.CaptureFixture[str], words: list[str], hint: str
) -> None:
    command(lambda ctx: None)
    assert main(words) == 2
    err = capsys.readouterr().err
    assert hint in err
    assert "--help" in err


@pytest.mark.parametrize(
    "words",
    [
        "m._run = lambda words, console: [console.say('x' * 100000) for _ in range(100)] and 0; given = ['data']",
        "m._run = lambda words, console: console.table(('n',), [(n,) for n in range(9000)]) or 0; given = ['data']",
        "given = ['--help']",
        "given = ['data', '--help']",
    ],
)
def test_a_reader_that_goes_away_is_no_error(words: str) -> None:
    code = f"import sys; from tradewind.interfaces.cli import main as m; {words}; sys.exit(m.main(given))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        writer.stdout.close()
        assert writer.wait(timeout=30) == cli_main.BROKEN_PIPE
        assert writer.stderr.read() == b""


def test_what_is_unavailable_always_says_what_to_do(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(ctx: typer.Context) -> object:
        raise Unavailable("it does not answer", where="PostgreSQL at 127.0.0.1:1/x")

    command(refuse)
    assert main(["probe", "--json"]) == Unavailable.exit_code
    error = json.loads(capsys.readouterr().err)["error"]
    assert "tradewind doctor" in error["fix"]

"""What docs/data.md and docs/cli.md say is so."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from tradewind.core.domain.errors import BadInput, Corrupt, Disputed, Refused, StrategyFailed, Unavailable
from tradewind.core.domain.quality_rules import PRICE_RULES, RATE_RULES, RULES
from tradewind.core.domain.repairs import REPAIRS
from tradewind.interfaces.cli import main as cli_main
from tradewind.interfaces.cli.app import GLOBAL_FLAGS
from tradewind.interfaces.cli.main import main
from tradewind.settings import SETTINGS

DOCS = Path(__file__).parents[3] / "docs"
DATA, CLI = ((DOCS / name).read_text(encoding="utf-8") for name in ("data.md", "cli.md"))
ROWS = "".join(
    f"2024-01-{day:02} {hour:02}:00:00+00:00,1{day},1{day + 2},1{day - 1},1{day + 1},5\n"
    for day in range(1, 5)
    for hour in range(24)
)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "home"))
    head = "time,open,high,low,close,volume\n"
    (tmp_path / "BTC_USDT-1h.csv").write_text(head + ROWS)
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "LTCUSDT-1h-2024-01.csv").write_text(head + ROWS)
    (tmp_path / "prices.csv").write_text(head + ROWS.replace("+00:00", ""))
    (tmp_path / "odd.csv").write_text("Opened,First,Top,Bottom,Last,Amount\n" + ROWS)
    rates = "date,open,high,low,close,volume\n2024-01-01T00:00Z,0.0001,0,0,0,0\n2024-01-01T08:00Z,0.0002,0,0,0,0\n"
    (tmp_path / "BTC_USDT_USDT-8h-funding_rate.csv").write_text(rates)


@pytest.mark.usefixtures("files")
def test_every_command_on_the_pages_runs(capsys: pytest.CaptureFixture[str]) -> None:
    commands = [line for page in (DATA, CLI) for block in blocks(page, "sh") for line in block.splitlines()]
    assert len(commands) > 10
    for command in commands:
        words = shlex.split(command)
        assert words[0] == "tradewind"
        assert main(words[1:]) == 0, (command, capsys.readouterr().err)
    for code in blocks(DATA, "python"):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(code, "docs/data.md", "exec"), {})
        assert said.getvalue().startswith("2000 ")


def test_every_finding_and_every_repair_is_explained() -> None:
    for rule in (*RULES, *RATE_RULES, *PRICE_RULES):
        assert f"`{rule.name}`" in DATA
        assert rule.repair == "" or f"| `{rule.repair}` |" in DATA
    table = DATA[DATA.index("| `--repair` | does |") : DATA.index("## The catalogue")]
    assert re.findall(r"^\| `([a-z-]+)` \| [a-z]", table.partition("\n")[2], re.MULTILINE) == list(REPAIRS)


def test_every_exit_code_flag_and_setting_is_explained() -> None:
    for error in (BadInput, Refused, StrategyFailed, Unavailable, Disputed, Corrupt):
        assert re.search(rf"^\| {error.exit_code} \|.*`{error.__name__}`", CLI, re.MULTILINE), error
    for code in (cli_main.BUG, cli_main.USAGE, cli_main.INTERRUPTED, cli_main.BROKEN_PIPE):
        assert f"| {code} |" in CLI
    for flag in GLOBAL_FLAGS:
        assert f"`{flag}`" in CLI
    for setting in SETTINGS:
        shown = f"`{setting.shown}` |" if setting.shown else "|"
        assert f"`[{setting.table}] {setting.name}` | `{setting.variable}` | {shown}" in CLI

"""`tradewind init`: a settings file to start from. It asks on a terminal only, and never waits for anyone elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tradewind.core.domain.errors import BadInput
from tradewind.interfaces.cli.app import console_of
from tradewind.settings import FILE_NAME, SETTINGS, Setting, load_settings, problem_with, settings_text

app = typer.Typer(add_completion=False)


@app.command()
def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to write tradewind.toml.")] = Path(),
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take every default, ask nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a settings file that is there.")] = False,
) -> None:
    """Write tradewind.toml with every setting explained. On a terminal it asks first; --yes takes the defaults."""
    from tradewind.adapters.market_data.whole_files import write_whole

    console = console_of(ctx)
    file = (folder / FILE_NAME).resolve()
    if file.exists() and not force:
        raise BadInput(
            "there is a settings file already", where=str(file), fix="Write over it with --force, or edit it"
        )
    asking = not yes and not console.json and sys.stdin.isatty() and sys.stdout.isatty()
    asked = [setting for setting in SETTINGS if asking and not setting.is_server]
    answers = {setting.name: _asked(setting, folder) for setting in asked}
    text = settings_text({name: answer for name, answer in answers.items() if answer is not None})
    write_whole(file, lambda out: out.write(text.encode()))
    settings = load_settings({}, folder=file.parent)
    console.result({"file": file, "settings": settings})
    console.say(f"Wrote {file}")
    console.say("Next: tradewind data generate, or tradewind data import FILE; tradewind doctor checks the rest.")


def _asked(setting: Setting, folder: Path) -> str | None:
    while True:
        question = f"{setting.meaning[0].upper()}{setting.meaning[1:]}: {setting.name}"
        answer = str(typer.prompt(question, default=setting.shown)).strip()
        problem = problem_with(setting, answer, folder)
        if problem is None:
            return None if answer == setting.shown else answer
        typer.echo(f"That will not do: {problem}")

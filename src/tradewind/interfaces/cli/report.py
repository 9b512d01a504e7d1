"""`tradewind report`: a finished run's report."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(add_completion=False)


@app.command()
def report(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="A run's name or its beginning; the newest when left out.")] = "last",
    *,
    to: Annotated[Path | None, typer.Option(help="Copy the report's files into this folder.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Say where a run's report is, what it says, and how to make the run again."""
    from tradewind import bootstrap

    console = console_of(ctx)
    found = bootstrap.open_runs().find(run)
    folder = found.folder
    if to is not None:
        to.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.iterdir()):
            shutil.copy2(path, to / path.name)
        folder = to
    page = folder / "report.html"
    console.result({"run": found.name, "report": str(page), **found.summary})
    console.say(f"{found.name}: {found.summary.get('verdict', '')}")
    for warning in found.summary.get("warnings", ()):
        console.say(f"note: {warning}")
    console.say(f"report {page}")
    console.say(f"again  {found.summary.get('command', '')}")
    if show:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())

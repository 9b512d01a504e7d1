"""`tradewind report`: a finished run's report."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.ports.runs import BACKTEST

app = typer.Typer(add_completion=False)

PAGE = "report.html"


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
    from tradewind.core.domain.errors import BadInput, Corrupt

    console = console_of(ctx)
    found = bootstrap.open_runs().find(run)
    folder = found.folder
    if not (folder / PAGE).is_file():
        again = found.summary.get("command", "tradewind backtest")
        raise Corrupt("its page is gone", where=str(folder / PAGE), fix=f"Make the run again: {again}")
    if to is not None:
        if to.exists() and not to.is_dir():
            raise BadInput("it is a file, not a folder", where=str(to), fix="Name a folder: --to reports")
        to.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.iterdir()):
            shutil.copy2(path, to / path.name)
        folder = to
    page = folder / PAGE
    console.result({"kind": found.kind, **found.summary, "run": found.name, "report": str(page)})
    verdict = str(found.summary.get("verdict", "")).replace("\u202f", " ")  # a page's narrow space is no terminal's
    good = found.summary.get("good")
    mark = "" if good is None else "passed: " if good else "not passed: "
    kind = "" if found.kind == BACKTEST else f", {found.kind}"
    console.say(f"{found.name}{kind}: {mark}{verdict}")
    for warning in found.summary.get("warnings", ()):
        console.say(f"note: {warning}")
    console.say(f"report {page}")
    console.say(f"again  {found.summary.get('command', '')}")
    if show:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())

"""`tradewind doctor`: is everything in order?"""

from __future__ import annotations

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(add_completion=False)


@app.command()
def doctor(ctx: typer.Context) -> None:
    """Look at Python, packages, folders, disk, every stored data set and every server; say for each what to do."""
    from tradewind import bootstrap
    from tradewind.core.domain.errors import Refused
    from tradewind.operations.health import State, checkups
    from tradewind.settings import load_settings

    console, settings = console_of(ctx), load_settings()
    found = checkups(
        settings,
        bootstrap.open_catalogue(settings),
        bootstrap.open_trials(settings),
        bootstrap.open_lockbox(settings),
        bootstrap.open_runs(settings),
        bootstrap.services(settings),
    )
    console.result({"checks": found})
    console.table(("", "check", "found", "what to do"), [(c.state, c.name, c.found, c.fix) for c in found])
    failed = [check for check in found if check.state is State.FAILED]
    if failed:
        names = ", ".join(dict.fromkeys(check.name for check in failed))
        raise Refused(f"{len(failed)} checks failed: {names}", fix=failed[0].fix)
    console.say("Everything is in order.")

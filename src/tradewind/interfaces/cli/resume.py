"""`tradewind resume`: a session that was cut off goes on, with its positions and its open orders."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.rehearse import tell

app = typer.Typer(add_completion=False)


@app.command()
def resume(
    ctx: typer.Context,
    session: Annotated[str, typer.Argument(help="Its name; tradewind replay lists those that have not ended.")],
) -> None:
    """Go on with a rehearsal that was killed or interrupted, to what it would have come to."""
    from tradewind.interfaces.cli.at_session import run_session
    from tradewind.operations.rehearsal import resume_rehearsal

    console = console_of(ctx)
    done = run_session(console, partial(resume_rehearsal, session))
    tell(console, done, int(done.terms.rehearsal["chances"]["seed"]))

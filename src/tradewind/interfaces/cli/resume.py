"""`tradewind resume`: a session that was cut off goes on, with its positions and its open orders."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.rehearse import tell

if TYPE_CHECKING:
    from tradewind.operations.rehearsal import Rehearsed

app = typer.Typer(add_completion=False)


@app.command()
def resume(
    ctx: typer.Context,
    session: Annotated[str, typer.Argument(help="Its name; tradewind replay lists those that have not ended.")],
) -> None:
    """Go on with a rehearsal that was killed or interrupted, to what it would have come to."""
    import asyncio
    from contextlib import redirect_stdout

    from uuid_utils import uuid7

    from tradewind import bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.rehearsal import resume_rehearsal

    console = console_of(ctx)

    async def work() -> Rehearsed:
        store = bootstrap.open_event_store()
        try:
            with console.progress("loading", "running") as progress, redirect_stdout(sys.stderr):
                return await resume_rehearsal(
                    session, catalogue=bootstrap.open_catalogue(), store=store, clock_ns=now_ns,
                    new_id=lambda: str(uuid7()), held=bootstrap.session_alone, progress=progress,
                )  # fmt: skip
        finally:
            await store.close()

    done = asyncio.run(work())
    tell(console, done, int(done.terms.rehearsal["chances"]["seed"]))

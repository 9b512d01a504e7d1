"""`tradewind upkeep`: candles brought up to date, and old events forgotten."""

from __future__ import annotations

from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(add_completion=False)


@app.command()
def upkeep(
    ctx: typer.Context,
    keep: Annotated[str, typer.Option("--keep", help="How much history stays, as 365d.")] = "365d",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be forgotten.")] = False,
) -> None:
    """Look after stored events: make candles of new ticks, forget what is old. Audit records are never forgotten."""
    import asyncio

    from tradewind import bootstrap
    from tradewind.core.domain.instants import instant_text
    from tradewind.core.domain.timeframes import timeframe_ns
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.upkeep import Upkept
    from tradewind.operations.upkeep import upkeep as look_after

    async def work() -> Upkept:
        store = bootstrap.open_event_store()
        try:
            return await look_after(store, now_ns(), timeframe_ns(keep), dry_run=dry_run)
        finally:
            await store.close()

    console = console_of(ctx)
    done = asyncio.run(work())
    console.result({"before": done.before_ns, "forgotten": dict(done.forgotten), "dry_run": dry_run})
    if done.forgotten:
        console.table(("type", "events"), sorted(done.forgotten.items()))
    number = sum(done.forgotten.values())
    verb = "would be forgotten" if dry_run else "are forgotten"
    console.say(f"{number:,} events from before {instant_text(done.before_ns)[:16]}Z {verb}.")

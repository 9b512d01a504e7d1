"""`tradewind upkeep`: candles brought up to date, old days packed, and old events forgotten."""

from __future__ import annotations

from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(add_completion=False)


@app.command()
def upkeep(
    ctx: typer.Context,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="How long history stays, as 365d; of one topic or type, as price.ticks=30d."),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be forgotten.")] = False,
) -> None:
    """Look after stored events: candles of new ticks, old days packed, what is too old forgotten.

    Audit records are never forgotten, nor is what is held (`tradewind hold`).
    """
    import asyncio

    from tradewind import bootstrap
    from tradewind.core.domain.instants import instant_text
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.upkeep import KEEP, Upkept, keep_of
    from tradewind.operations.upkeep import upkeep as look_after

    stays = keep_of(keep or KEEP)

    async def work() -> Upkept:
        store = bootstrap.open_event_store()
        try:
            return await look_after(store, now_ns(), stays, dry_run=dry_run)
        finally:
            await store.close()

    console = console_of(ctx)
    done = asyncio.run(work())
    console.result(
        {
            "before": dict(done.before_ns), "forgotten": dict(done.forgotten), "held": dict(done.held),
            "packed": done.tidied.packed, "dry_run": dry_run,
        }
    )  # fmt: skip
    types = sorted({*done.forgotten, *done.held})
    if types:
        console.table(
            ("type", "events", "held"),
            [(type_, done.forgotten.get(type_, 0), done.held.get(type_, 0)) for type_ in types],
        )
    verb = "would be forgotten" if dry_run else "are forgotten"
    before = "; ".join(
        f"{instant_text(before)[:16]}Z{'' if type_ == '*' else f' ({type_})'}"
        for type_, before in done.before_ns.items()
    )
    console.say(f"{sum(done.forgotten.values()):,} events from before {before} {verb}.")
    if done.tidied.packed:
        console.say(f"{done.tidied.packed:,} events older than a week are packed.")
    if done.held:
        console.say(f"{sum(done.held.values()):,} that are as old are held, and stay: see tradewind hold.")

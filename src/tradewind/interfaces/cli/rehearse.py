"""`tradewind rehearse`: a recorded session on stored candles, at a venue that answers by chance."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.operations.backtest_request import BacktestRequest

app = typer.Typer(add_completion=False)
OF_THE_ENGINE = (
    "engine", "hedging", "funding", "liquidation", "slippage", "slippage_amount", "participation", "latency_bars",
    "latency_ms", "close_at_end",
)  # fmt: skip
"""Options of a backtest that mean nothing here: the venue has its own chances."""
VENUE = "The venue"


@app.command()
@partial(takes_request, without=OF_THE_ENGINE)
def rehearse(
    ctx: typer.Context,
    request: BacktestRequest,
    *,
    name: Annotated[
        str, typer.Option(help="What the session is called; without it by the time and the strategy.")
    ] = "",
    seed: Annotated[int, typer.Option(rich_help_panel=VENUE, help="Of the venue's chances.")] = 0,
    rejects: Annotated[float, typer.Option(rich_help_panel=VENUE, help="Share of orders turned down.")] = 0.03,
    in_parts: Annotated[float, typer.Option(rich_help_panel=VENUE, help="Share of fills that are partial.")] = 0.4,
) -> None:
    """Rehearse a strategy as if live: ticks one by one, orders answered late, in parts or not at all; all recorded."""
    import asyncio
    from contextlib import redirect_stdout

    from uuid_utils import uuid7

    from tradewind import bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.sessions import Rehearsed
    from tradewind.operations.sessions import rehearse as run
    from tradewind.trading.sessions.chance_venue import Chances

    console = console_of(ctx)
    chances = Chances(seed, rejects, in_parts)

    async def work() -> Rehearsed:
        store = bootstrap.open_event_store()
        try:
            with console.progress("loading", "running") as progress, redirect_stdout(sys.stderr):
                return await run(
                    request, chances, name=name, catalogue=bootstrap.open_catalogue(), store=store, now_ns=now_ns(),
                    clock_ns=now_ns, new_id=lambda: str(uuid7()), progress=progress,
                )  # fmt: skip
        finally:
            await store.close()

    done = asyncio.run(work())
    made, terms = done.recorded, done.terms
    console.result(
        {
            "session": made.session, "symbol": terms.instrument.symbol, "timeframe": terms.timeframe,
            "candles": done.candles, "inputs": made.inputs, "decisions": made.decisions, "fills": made.fills,
            "decision_hash": made.decision_hash, "code_hash": terms.code_hash, "synthetic": terms.synthetic,
            "seed": seed, "last_order": made.last_order,
        }
    )  # fmt: skip
    for said in done.said:
        console.note(said)
    mark = "  [SYNTHETIC DATA]" if terms.synthetic else ""
    console.say(f"session {made.session}: {terms.strategy} on {terms.instrument.symbol} {terms.timeframe}{mark}")
    console.say(f"  {made.inputs:,} inputs recorded, {made.decisions:,} decisions, {made.fills:,} fills")
    console.say(f"decision hash {made.decision_hash}")
    console.note(f"Play it again: tradewind replay {made.session}")
    if made.last_order:
        console.note(f"Where an order came from: tradewind lineage {made.last_order}")

"""`tradewind rehearse`: a recorded session on stored candles, at a venue that answers by chance."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.operations.rehearsal import Rehearsed

app = typer.Typer(add_completion=False)
OF_THE_ENGINE = (
    "engine", "liquidation", "slippage", "slippage_amount", "participation", "latency_bars",
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
    in_parts: Annotated[
        float, typer.Option(rich_help_panel=VENUE, help="Share of ticks that offer only a part of what is wanted.")
    ] = 0.4,
    slippage_max: Annotated[
        float, typer.Option(rich_help_panel=VENUE, help="How much worse market orders may trade: 0.0005.")
    ] = 0.0005,
    unknown: Annotated[
        float, typer.Option(rich_help_panel=VENUE, help="Share of orders whose outcome is not known at first.")
    ] = 0.01,
    twice: Annotated[float, typer.Option(rich_help_panel=VENUE, help="Share of answers that come twice.")] = 0.02,
    overtaken: Annotated[
        float, typer.Option(rich_help_panel=VENUE, help="Share of answers that overtake those before them.")
    ] = 0.02,
    perfect: Annotated[
        bool, typer.Option("--perfect", rich_help_panel=VENUE, help="No chances at all: a backtest's market.")
    ] = False,
) -> None:
    """Rehearse a strategy as if live: ticks one by one, orders answered late, in parts or not at all; all recorded."""
    from tradewind.core.domain.errors import BadInput
    from tradewind.interfaces.cli.at_session import run_session
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.rehearsal import rehearse as run
    from tradewind.trading.sessions.chance_venue import AT_ONCE, Chances

    console = console_of(ctx)
    chances = Chances(seed, rejects, in_parts, slippage_max, (5.0, 250.0), unknown, twice, overtaken)
    if perfect:
        if chances != Chances(seed):
            raise BadInput("a perfect venue has no chances", where="--perfect", fix="Leave out its other options")
        chances = AT_ONCE

    done = run_session(console, partial(run, request, chances, name=name, now_ns=now_ns()))
    tell(console, done, seed)


def tell(console: Console, done: Rehearsed, seed: int) -> None:
    """Say what a rehearsal came to."""
    made, terms = done.recorded, done.terms
    console.result(
        {
            "session": made.session, "symbols": list(terms.symbols), "timeframe": terms.timeframe,
            "candles": done.candles, "inputs": made.inputs, "inputs_before": done.inputs_before,
            "decisions": made.decisions, "fills": made.fills, "decision_hash": made.decision_hash,
            "code_hash": terms.code_hash, "synthetic": terms.synthetic, "seed": seed, "last_order": made.last_order,
            "seal": made.seal,
        }
    )  # fmt: skip
    for said in done.said:
        console.note(said)
    mark = "  [SYNTHETIC DATA]" if terms.synthetic else ""
    console.say(f"session {made.session}: {terms.strategy} on {terms.market}{mark}")
    before = f", {done.inputs_before:,} of them before it was cut off" if done.inputs_before else ""
    console.say(f"  {made.inputs:,} inputs recorded{before}, {made.decisions:,} decisions, {made.fills:,} fills")
    console.say(f"decision hash {made.decision_hash}")
    console.note(f"seal {made.seal}: kept elsewhere, it proves the record (tradewind replay --seal)")
    console.note(f"Play it again: tradewind replay {made.session}")
    console.note(f"Hold it against its backtest: tradewind divergence {made.session}")
    if made.last_order:
        console.note(f"Where an order came from: tradewind lineage {made.last_order}")

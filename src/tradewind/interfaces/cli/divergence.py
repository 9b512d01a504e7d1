"""`tradewind divergence`: a session beside its backtest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.divergence import FinishedDivergence

app = typer.Typer(add_completion=False)


@app.command()
def divergence(
    ctx: typer.Context,
    session: Annotated[str, typer.Argument(help="Its name, as tradewind replay lists it.")],
) -> None:
    """Hold a session against the backtest over the same candles: where they part, why, and what it cost."""
    import asyncio

    from tradewind import bootstrap
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.operations.divergence import STAGES, diverge

    console = console_of(ctx)

    async def work() -> FinishedDivergence:
        store = bootstrap.open_event_store()
        try:
            with at_work(console, *STAGES) as at:
                return await diverge(session, at, store=store)
        finally:
            await store.close()

    found = asyncio.run(work())
    console.result({name: value for name, value in found.as_document().items() if name != "equity"})
    _show(console, found)


def _show(console: Console, found: FinishedDivergence) -> None:
    r, terms = found.result, found.terms
    mark = "  [SYNTHETIC DATA]" if terms.synthetic else ""
    console.say(f"session {found.replayed.session}: {terms.strategy} on {terms.market}{mark}")
    console.say(found.verdict)
    rows = [
        ("decisions that are the same", r.same),
        ("that ask for something else", r.differing),
        ("only in the session", r.only_here),
        ("only in the backtest", r.only_there),
    ]
    console.table(("decisions", ""), [(name, f"{count:,}") for name, count in rows])
    from tradewind.research.pairing import CAUSE_WORDS
    from tradewind.research.reports.divergence_words import beside

    causes = r.causes()
    if causes:
        console.table(
            ("orders", "how many", "cost in prices and fees"),
            [(CAUSE_WORDS[cause], f"{n:,}", f"{cost:,.2f}" if cost else None) for cause, (n, cost) in causes.items()],
        )
    console.say(f"equity at the end: {r.equity_here:,.2f}, in the backtest {r.equity_there:,.2f}")
    if r.slippage is not None:
        prices = f"prices {abs(r.slippage) * 10_000:.2f} bp {beside(r.slippage, 'worse', 'better')}"
        console.say(f"{prices}, fees {abs(r.fee_cost):,.2f} {beside(r.fee_cost, 'more', 'less')}")
    if found.document["advice"]:
        console.note(str(found.document["advice"]))
    for warning in found.warnings:
        console.note(f"note: {warning}")
    console.say(f"report {found.report}")

"""`tradewind trials`: how often one has looked."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    from tradewind.core.performance.undefined import Figure

app = typer.Typer(add_completion=False)


@app.command()
def trials(
    ctx: typer.Context,
    symbol: Annotated[str | None, typer.Option("--symbol", "-s", help="Only trials on this symbol.")] = None,
) -> None:
    """Say how often each market has been looked at, by which strategy, and how good luck alone would look by now."""
    from tradewind import bootstrap
    from tradewind.core.domain.instants import instant_text
    from tradewind.operations.trials import looks_at

    console, ledger = console_of(ctx), bootstrap.open_trials()
    lines = ledger.summary(symbol)
    markets = [market for market in looks_at(ledger, lines) if symbol in (None, market.symbol)]
    console.result(
        {"markets": [{**asdict(m), "luck": _or_none(m.luck)} for m in markets], "tried": [asdict(ln) for ln in lines]}
    )
    if not lines:
        console.note(f"No trial is counted{f' on {symbol}' if symbol else ' yet'}. Runs on stored data are counted.")
        return
    rows = [
        (
            f"{', '.join(line.symbols)} {line.timeframe}",
            "" if line.origin == "real" else f"SYNTHETIC {line.origin}",
            *(line.strategy, str(line.kind), line.trials, line.codes),
            f"{instant_text(line.start_ns)[:10]} to {instant_text(line.end_ns)[:10]}",
            f"{instant_text(line.last_made_ns)[:16]}Z",
        )
        for line in lines
    ]
    console.table(("market", "", "strategy", "asked for by", "trials", "versions", "stretch", "last"), rows)
    console.say()
    console.table(
        ("symbol", "", "trials", "Sharpe a year by luck alone"),
        [
            (m.symbol, "" if m.origin == "real" else f"SYNTHETIC {m.origin}", m.trials, _or_none(m.luck))
            for m in markets
        ],
    )
    console.note("By luck alone: what the best of so many worthless trials shows on one year of data; half on four")


def _or_none(figure: Figure) -> float | None:
    return figure if isinstance(figure, float) else None

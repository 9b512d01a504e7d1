"""`tradewind lockbox`: data that is kept for the end."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.core.domain.lockbox import Entry
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest import BacktestRequest
    from tradewind.operations.lockbox_opening import Opening

app = typer.Typer(
    help="Seal the last stretch of a market, and open it once for each strategy.",
    no_args_is_help=True,
    add_completion=False,
)
COMPARED = ("total_return", "cagr", "sharpe", "sortino", "max_drawdown", "trades", "win_rate", "profit_factor")


@app.command()
def seal(
    ctx: typer.Context,
    symbol: Annotated[str, typer.Argument(help="The symbol whose last stretch is withheld: BTC/USDT.")],
    *,
    last: Annotated[str | None, typer.Option(help="How much of what is stored: 20%, or 90d.")] = None,
    start: Annotated[str, typer.Option("--from", help="From this date on, instead.")] = "",
) -> None:
    """Withhold the last stretch of a symbol's data from every command, until `lockbox open`."""
    from tradewind import bootstrap
    from tradewind.core.domain.instants import instant_ns, instant_text
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations import lockbox as operations

    console = console_of(ctx)
    done = operations.seal(
        symbol,
        from_ns=instant_ns(start) if start else None,
        last=last,
        catalogue=bootstrap.open_catalogue(sealed=False),
        lockbox=bootstrap.open_lockbox(),
        trials=bootstrap.open_trials(),
        now_ns=now_ns(),
    )
    console.result({**asdict(done), "entry": _row(done.entry)})
    console.say(f"{symbol} is sealed from {instant_text(done.from_ns)} on")
    console.say(f"  {done.withheld:,} bars of {done.timeframe} are withheld, {done.left:,} can be seen")
    if done.trials_before:
        plural = "s" if done.trials_before > 1 else ""
        console.note(
            f"note: {done.trials_before:,} trial{plural} saw some of it before it was sealed: it is not all new"
        )
    for other in done.beside:
        command = f"tradewind lockbox seal {other} --from {instant_text(done.from_ns)}"
        console.note(f"note: {other} moves with it and is open: {command}")
    console.note("Open it when the strategy is final, once: tradewind lockbox open STRATEGY")


@app.command("open")
@takes_request
def open_(ctx: typer.Context, request: BacktestRequest) -> None:
    """Run a strategy on the sealed stretch: its one look. It is recorded for good before the run begins."""
    from tradewind import bootstrap
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.interfaces.cli.backtest import STAGES
    from tradewind.operations.lockbox_opening import open_lockbox

    console = console_of(ctx)
    with at_work(console, *STAGES) as at:
        whole, lockbox = bootstrap.open_catalogue(sealed=False), bootstrap.open_lockbox()
        opening = open_lockbox(request, at, whole=whole, lockbox=lockbox)
    _show(console, opening)


@app.command()
def unseal(
    ctx: typer.Context,
    symbol: Annotated[str, typer.Argument(help="The symbol whose seal is taken off.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it stays on record with the unsealing.")] = "",
) -> None:
    """Take a seal off for everybody. That it was there, and that it was taken off, stays on record."""
    from tradewind import bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations import lockbox as operations

    console = console_of(ctx)
    entry = operations.unseal(symbol, reason=reason, lockbox=bootstrap.open_lockbox(), now_ns=now_ns())
    console.result({"entry": _row(entry)})
    console.say(f"{symbol} is no longer sealed; the record says so, with the reason")


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """What is sealed, and all that was ever sealed, opened or unsealed. Fails where the record was tampered with."""
    from tradewind import bootstrap
    from tradewind.core.domain.instants import instant_text
    from tradewind.core.domain.lockbox import seals_of

    console = console_of(ctx)
    entries = bootstrap.open_lockbox().entries()
    seals = seals_of(entries).values()
    console.result(
        {
            "seals": [{**asdict(s), "openings": [e.number for e in s.openings]} for s in seals],
            "entries": [_row(entry) for entry in entries],
        }
    )
    if not entries:
        console.note(
            "Nothing was ever sealed. Seal the last stretch of a market: tradewind lockbox seal BTC/USDT --last 20%"
        )
        return
    console.table(
        ("sealed", "from", "looks into it"), [(s.symbol, instant_text(s.from_ns), len(s.openings)) for s in seals]
    )
    console.say()
    console.table(
        ("", "on", "what", "of", "from", "by", "hash"),
        [
            (
                str(e.number),
                f"{instant_text(e.done.made_ns)[:16]}Z",
                str(e.done.deed),
                ", ".join(e.done.symbols),
                instant_text(e.done.from_ns),
                e.done.facts.get("strategy") or e.done.facts.get("reason", ""),
                e.hash[:12],
            )
            for e in entries
        ],
    )


def _show(console: Console, opening: Opening) -> None:
    from tradewind.core.domain.instants import instant_text
    from tradewind.core.performance import METRICS
    from tradewind.interfaces.cli.backtest import as_document, figure

    run, before = opening.run, opening.before
    after = run.result.performance
    console.result(
        {
            **as_document(run),
            "lockbox": {
                "from_ns": opening.from_ns,
                "until_ns": opening.until_ns,
                "entry": _row(opening.entry),
                "looks": [e.number for e in opening.looks],
                "repeated": opening.repeated,
                "before": {"metrics": before.metrics, "undefined": before.undefined},
            },
        }
    )
    mark = "  [SYNTHETIC DATA]" if run.synthetic else ""
    console.say(
        f"{run.result.strategy.__name__} on the sealed stretch of {', '.join(opening.entry.done.symbols)}{mark}"
    )
    console.say(f"{instant_text(opening.from_ns)} to {instant_text(opening.until_ns)}")
    console.table(
        ("", "before the seal", "on the sealed stretch"),
        [
            (METRICS[name].label, *(figure(name, found.metrics[name]) for found in (before, after)))
            for name in (*COMPARED, "n_trials", "dsr")
        ],
    )
    for warning in run.warnings:
        console.note(f"note: {warning}")
    console.say(f"report {run.report}")


def _row(entry: Entry) -> dict[str, Any]:
    return {"number": entry.number, **asdict(entry.done), "previous": entry.previous, "hash": entry.hash}

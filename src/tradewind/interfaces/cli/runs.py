"""`tradewind runs`: what has been run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(add_completion=False)


@app.command()
def runs(
    ctx: typer.Context,
    remove: Annotated[str, typer.Option(help="Forget this run.")] = "",
    last: Annotated[int, typer.Option("--last", "-n", help="Show the newest so many; 0: all.")] = 20,
) -> None:
    """List finished backtests, newest last."""
    from tradewind import bootstrap

    console, store = console_of(ctx), bootstrap.open_runs()
    if remove:
        gone = store.remove(remove)
        console.result({"removed": gone})
        console.say(f"removed {gone}")
        return
    kept, damaged = store.kept(), store.damaged()
    shown = kept[-last:] if last > 0 else kept
    console.result({"runs": [_row(run.name, run.folder, run.summary) for run in shown], "damaged": damaged})
    rows = []
    for run in shown:
        row = _row(run.name, run.folder, run.summary)
        metrics = row["metrics"] or {}
        rows.append(
            (
                run.name,
                f"{', '.join(row['symbols'] or ())} {row['timeframe']}{' *' if row['synthetic'] else ''}",
                *(_percent(metrics.get(name)) for name in ("total_return", "max_drawdown")),
                _ratio(metrics.get("sharpe")),
                metrics.get("trades"),
            )
        )
    if rows:
        console.table(("run", "market", "return", "drawdown", "Sharpe", "trades"), rows)
        if any(run.summary.get("synthetic") for run in shown):
            console.say("* on synthetic data")
        console.note("See one: tradewind report RUN")
    else:
        console.note("No run has been kept yet. Make one: tradewind backtest sma_cross")
    for folder, reason in damaged.items():
        console.note(f"damaged: {folder}: {reason}")


def _row(name: str, folder: Any, summary: Any) -> dict[str, Any]:
    wanted = ("strategy", "parameters", "symbols", "timeframe", "synthetic", "created_ns", "metrics", "hashes")
    return {"run": name, "folder": str(folder), **{key: summary.get(key) for key in wanted}}


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, 2)

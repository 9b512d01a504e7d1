"""`tradewind monte-carlo`: whether a finished run was luck."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(add_completion=False)

FRACTIONS = {"total_return", "max_drawdown", "win_rate"}


@app.command()
def monte_carlo(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="A run's name or its beginning; the newest when left out.")] = "last",
    *,
    method: Annotated[
        str, typer.Option("--method", "-m", help="bootstrap, block, permutation, skip or costs.")
    ] = "bootstrap",
    paths: Annotated[int, typer.Option("--paths", "-n", help="How many other courses to simulate.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 1,
    ruin: Annotated[float, typer.Option(help="Ruin: the account falls to this share of its start.")] = 0.5,
    drawdown: Annotated[float, typer.Option(help="A deep drawdown: a fall of more than this share.")] = 0.2,
    compounded: Annotated[bool, typer.Option(help="Stakes grow with the account.")] = True,
    costs: Annotated[float, typer.Option(help="Multiply fees and slippage beforehand.")] = 1.0,
    trades: Annotated[int | None, typer.Option(help="Trades of a path, where they are drawn.")] = None,
    block: Annotated[float | None, typer.Option(help="block: mean length; chosen from the data if left out.")] = None,
    skip: Annotated[float, typer.Option(help="skip: the chance to leave a trade out.")] = 0.1,
    costs_max: Annotated[float, typer.Option(help="costs: the highest multiple of fees and slippage.")] = 3.0,
) -> None:
    """Simulate other courses that a finished run could have taken: ranges, and chances of profit and of ruin."""
    from tradewind import bootstrap
    from tradewind.operations.monte_carlo import simulate_kept_run
    from tradewind.research.resampled_trades import Resampling

    console = console_of(ctx)
    found = bootstrap.open_runs().find(run)
    result = simulate_kept_run(
        found, Resampling(method, trades, block, skip, costs_max), paths=paths, seed=seed, compounded=compounded,
        ruin=ruin, drawdown=drawdown, costs=costs,
    )  # fmt: skip
    console.result({"run": found.name, "synthetic": found.summary.get("synthetic"), **_document(result)})
    note = " on synthetic data" if found.summary.get("synthetic") else ""
    settings = ", ".join(f"{name} {value:g}" for name, value in result.settings.items())
    console.say(f"{found.name}{note}: {method}, {paths:,} paths, seed {seed}{', ' + settings if settings else ''}")
    told = {"profit": "of a profit", "ruin": f"of falling to {ruin:.0%}", "drawdown": f"of losing over {drawdown:.0%}"}
    for name, words in told.items():
        chance = result.probabilities[name]
        if chance is not None:
            console.say(f"probability {words}: {chance}")
    rows = [
        (name, *(_shown(name, v) for v in (b.p5, b.p50, b.p95, result.actual[name])))
        for name, b in result.metrics.items()
        if b is not None
    ]
    if rows:
        console.table(("", "P5", "P50", "P95", "this run"), rows)
    reasons: dict[str, list[str]] = {}
    for name, reason in result.undefined.items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        console.say(f"undefined: {', '.join(names)}: {reason}")


def _document(result: Any) -> dict[str, Any]:
    wanted = (
        "method", "paths", "seed", "settings", "probabilities", "metrics", "actual", "undefined", "unit", "steps",
        "equity", "drawdown",
    )  # fmt: skip
    return {name: getattr(result, name) for name in wanted}


def _shown(name: str, value: float | None) -> str | float | None:
    return f"{value:.2%}" if name in FRACTIONS and value is not None else value

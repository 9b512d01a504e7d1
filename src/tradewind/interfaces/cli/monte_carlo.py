"""`tradewind monte-carlo`: whether a finished run was luck."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(add_completion=False)

FRACTIONS = {"total_return", "max_drawdown", "win_rate"}
STAGES = ("loading", "compiling", "running", "simulating", "reporting")


@app.command()
def monte_carlo(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="A run's name or its beginning; the newest when left out.")] = "last",
    *,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            "-m",
            help="bootstrap, block, permutation, skip, costs; random_entry and jitter run the engine.",
        ),
    ] = "bootstrap",
    paths: Annotated[
        int | None,
        typer.Option("--paths", "-n", help="How many other courses; usually 10,000, fewer with the engine."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 1,
    ruin: Annotated[float, typer.Option(help="Ruin: the account falls to this share of its start.")] = 0.5,
    drawdown: Annotated[float, typer.Option(help="A deep drawdown: a fall of more than this share.")] = 0.2,
    compounded: Annotated[bool, typer.Option(help="Stakes grow with the account.")] = True,
    costs: Annotated[float, typer.Option(help="Multiply fees and slippage beforehand.")] = 1.0,
    trades: Annotated[int | None, typer.Option(help="Trades of a path, where they are drawn.")] = None,
    block: Annotated[float | None, typer.Option(help="block: mean length; chosen from the data if left out.")] = None,
    skip: Annotated[float, typer.Option(help="skip: the chance to leave a trade out.")] = 0.1,
    costs_max: Annotated[float, typer.Option(help="costs: the highest multiple of fees and slippage.")] = 3.0,
    jitter: Annotated[float, typer.Option(help="jitter: the share by which a parameter moves at most.")] = 0.1,
) -> None:
    """Simulate other courses that a finished run could have taken: ranges, chances of profit and of ruin."""
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.operations.monte_carlo import MonteCarloRequest, run_monte_carlo

    console = console_of(ctx)
    request = MonteCarloRequest(
        run, method, paths, seed, compounded, ruin, drawdown, costs, trades, block, skip, costs_max, jitter
    )
    with at_work(console, *STAGES) as at:
        finished = run_monte_carlo(request, at)
    console.result(finished.as_document())
    _show(console, finished)


def _show(console: Any, finished: Any) -> None:
    result = finished.result
    note = " on synthetic data" if finished.synthetic else ""
    settings = ", ".join(f"{name} {value:g}" for name, value in result.settings.items())
    head = f"{finished.of.name}{note}: {result.method}, {result.paths:,} paths, seed {result.seed}"
    console.say(f"{head}{', ' + settings if settings else ''}")
    told = {
        "profit": "of a profit",
        "ruin": f"of falling to {result.terms.ruin:.0%}",
        "drawdown": f"of losing over {result.terms.drawdown:.0%}",
        "luck": "of doing as well by luck",
    }
    for name, words in told.items():
        chance = result.probabilities.get(name)
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
    for reason, count in result.failed.items():
        console.say(f"{count:,} paths could not be run: {reason}")
    for warning in finished.warnings:
        console.note(f"note: {warning}")
    console.say(f"report {finished.report}")


def _shown(name: str, value: float | None) -> str | float | None:
    if value is None:
        return None
    return f"{value:.2%}" if name in FRACTIONS else float(f"{value:.5g}")

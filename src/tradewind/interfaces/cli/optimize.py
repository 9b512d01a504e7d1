"""`tradewind optimize`: many parameter sets of a strategy, which is best, and how little that may mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request
from tradewind.interfaces.cli.search_options import SEARCH, Constraints, Method, Seed, Space, Workers, space_from

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.operations.optimise import FinishedSearch

app = typer.Typer(add_completion=False)

STAGES = ("loading", "compiling", "searching", "reporting")
ROWS = 10


@app.command()
@takes_request
def optimize(
    ctx: typer.Context,
    request: BacktestRequest,
    *,
    space: Space = None,
    method: Method = "auto",
    objective: Annotated[
        list[str] | None,
        typer.Option(
            "--objective",
            "-o",
            rich_help_panel=SEARCH,
            help="What to raise: sharpe, min:volatility, max:trades. Once for each; several give a front.",
        ),
    ] = None,
    constraint: Constraints = None,
    budget: Annotated[
        int | None, typer.Option("--budget", "-n", rich_help_panel=SEARCH, help="How many sets to try.")
    ] = None,
    seed: Seed = 1,
    workers: Workers = None,
    resume: Annotated[
        str,
        typer.Option(
            rich_help_panel=SEARCH,
            help="Go on with this unfinished search (a name, or last), and refuse if anything has changed.",
        ),
    ] = "",
    fresh: Annotated[
        bool, typer.Option("--fresh", rich_help_panel=SEARCH, help="Begin anew what was cut off before.")
    ] = False,
) -> None:
    """Try many parameter sets, and say which is best, whether that is more than luck, and whether it is a lone peak.

    A search that was cut off goes on where it was when the same command is given again.
    """
    from tradewind import bootstrap
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.operations.optimise import SearchRequest, run_search

    console = console_of(ctx)
    wanted = SearchRequest(
        space=space_from(space) if space else None,
        method=method,
        objectives=tuple(objective or ("sharpe",)),
        constraints=tuple(constraint or ()),
        budget=budget,
        seed=seed,
    )
    with at_work(console, *STAGES) as at:
        finished = run_search(
            request, wanted, at, sweeps=bootstrap.open_sweeps(), workers=workers, resume=resume, fresh=fresh,
            note=console.note,
        )  # fmt: skip
    show(console, finished)
    console.result(finished.as_document())


def show(console: Console, finished: FinishedSearch) -> None:
    """What was found, the best sets, and where the page is."""
    from tradewind.core.domain.quantities import so_many
    from tradewind.core.performance.undefined import Undefined
    from tradewind.interfaces.cli.backtest import figure
    from tradewind.research.reports.optimise_page import chosen_text

    found, on = finished.result, finished.result.stretch
    for said in finished.said:
        console.note(said)
    mark = "  [SYNTHETIC DATA]" if finished.synthetic else ""
    console.say(f"{found.strategy} on {', '.join(on.symbols)} {on.timeframe}, {found.plan.method} search{mark}")
    console.say(finished.verdict.replace("\u202f", " "))
    names = found.plan.space.names
    shown = list(dict.fromkeys([*(o.metric for o in found.plan.objectives), "sharpe", "total_return", "max_drawdown"]))
    rows = []
    for number in found.judged.ranked[:ROWS].tolist():
        of = found.scores.of(number)
        trades = None if of["trades"] is None else int(of["trades"])
        rows.append((*(found.sets[number][name] for name in names), *(figure(n, of[n]) for n in shown), trades))
    if rows:
        console.table((*names, *shown, "trades"), rows)
    if len(found.judged.ranked) > ROWS:
        console.say(f"... and {len(found.judged.ranked) - ROWS:,} more that may win")
    around = found.sensitivity
    if not isinstance(around, Undefined):
        if not isinstance(around.kept, Undefined):
            console.say(f"plateau: the {around.near:,} sets beside the best keep {around.kept:.0%} of its lead")
        if around.centre is not None and around.centre != found.best:
            console.say(f"middle of the best plateau: {chosen_text(found, around.centre)}")
    if found.judged.out:
        console.say(f"{so_many(len(found.judged.out), 'set')} may not win; the page says why")
    for warning in finished.warnings:
        console.note(warning if warning.startswith("data: ") else f"note: {warning}")
    console.say(f"report {finished.report}")
    if finished.backtest:
        console.note(f"Run the best set by itself: {finished.backtest}")

"""`tradewind optimize`: many parameter sets of a strategy, which is best, and how little that may mean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.operations.optimise import FinishedSearch

app = typer.Typer(add_completion=False)

SEARCH = "The search"
STAGES = ("loading", "compiling", "searching", "reporting")
ROWS = 10


@app.command()
@takes_request
def optimize(
    ctx: typer.Context,
    request: BacktestRequest,
    *,
    space: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=SEARCH,
            help="What to turn, once for each or several words: fast=5:50:5, slow=20,50,100. "
            "Without it: all parameters that declare their range.",
        ),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", "-m", rich_help_panel=SEARCH, help="auto, grid, random, sobol, tpe or cma-es.")
    ] = "auto",
    objective: Annotated[
        list[str] | None,
        typer.Option(
            "--objective",
            "-o",
            rich_help_panel=SEARCH,
            help="What to raise: sharpe, min:volatility, max:trades. Once for each; several give a front.",
        ),
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option("--constraint", "-c", rich_help_panel=SEARCH, help="A limit: trades>=30, max_drawdown>=-0.2."),
    ] = None,
    budget: Annotated[
        int | None, typer.Option("--budget", "-n", rich_help_panel=SEARCH, help="How many sets to try.")
    ] = None,
    seed: Annotated[int, typer.Option(rich_help_panel=SEARCH, help="The same seed tries the same sets.")] = 1,
    workers: Annotated[
        int | None, typer.Option(rich_help_panel=SEARCH, help="Threads; one a core if left out.")
    ] = None,
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
    from contextlib import redirect_stdout

    from tradewind import __version__, bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.optimise import SearchRequest, run_search
    from tradewind.settings import load_settings

    console, settings = console_of(ctx), load_settings()
    wanted = SearchRequest(
        space=space_from(space) if space else None,
        method=method,
        objectives=tuple(objective or ("sharpe",)),
        constraints=tuple(constraint or ()),
        budget=budget,
        seed=seed,
    )
    with console.progress(*STAGES) as progress, redirect_stdout(sys.stderr):
        finished = run_search(
            request,
            wanted,
            catalogue=bootstrap.open_catalogue(settings),
            runs=bootstrap.open_runs(settings),
            sweeps=bootstrap.open_sweeps(settings),
            trials=bootstrap.open_trials(settings),
            cache=settings.cache / "kernels",
            now_ns=now_ns(),
            made_by=f"Tradewind {__version__}",
            workers=workers,
            resume=resume,
            fresh=fresh,
            progress=progress,
            note=console.note,
        )
    show(console, finished)
    console.result(as_document(finished))


def space_from(texts: list[str]) -> dict[str, str]:
    """`fast=5:50:5` as {"fast": "5:50:5"}; one text may hold several. Raises BadInput for anything else."""
    from tradewind.core.domain.errors import BadInput

    found: dict[str, str] = {}
    for text in " ".join(texts).split():
        name, equals, values = text.partition("=")
        if not equals or not name or not values:
            raise BadInput(
                f"{text!r} names no values", where="--space", fix="Write a name, =, values: fast=5:50:5 or slow=20,50"
            )
        if name in found:
            raise BadInput(f"the values of {name!r} are given twice", where="--space", fix="Give them once")
        found[name] = values
    return found


def show(console: Console, finished: FinishedSearch) -> None:
    """What was found, the best sets, and where the page is."""
    from tradewind.core.domain.quantities import so_many
    from tradewind.core.performance.undefined import Undefined
    from tradewind.interfaces.cli.backtest import figure
    from tradewind.research.reports.optimise_page import cautions, chosen_text, verdict

    found, page, on = finished.result, finished.page, finished.result.stretch
    for said in finished.said:
        console.note(said)
    mark = "  [SYNTHETIC DATA]" if page.synthetic else ""
    console.say(f"{found.strategy} on {', '.join(on.symbols)} {on.timeframe}, {found.plan.method} search{mark}")
    console.say(verdict(found).replace("\u202f", " "))
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
    for sentence in cautions(found):
        console.note(f"note: {sentence}")
    for sentence in page.quality:
        console.note(f"data: {sentence}")
    for warning in page.warnings:
        console.note(f"note: {warning}")
    console.say(f"report {finished.report}")
    if finished.backtest:
        console.note(f"Run the best set by itself: {finished.backtest}")


def as_document(finished: FinishedSearch) -> dict[str, Any]:
    """A finished search as plain values, for --json."""
    from tradewind.research.reports.optimise_document import search_document
    from tradewind.research.reports.optimise_page import cautions

    page = finished.page
    return {
        "run": finished.name,
        "folder": str(finished.folder),
        "report": str(finished.report),
        "synthetic": page.synthetic,
        "resumed": finished.resumed,
        "backtest": finished.backtest,
        **search_document(finished.result),
        "hashes": dict(page.hashes),
        "warnings": [*cautions(finished.result), *page.warnings],
        "quality": list(page.quality),
    }

"""The options of commands that search and walk: each said once, and how its text is read.

def walk_forward(ctx, request, *, windows: Windows = None, space: Space = None) -> None: ...
"""

from __future__ import annotations

from typing import Annotated

import typer

WINDOWS, SEARCH = "The windows", "The search"

Windows = Annotated[int | None, typer.Option("--windows", "-w", rich_help_panel=WINDOWS, help="How many. Usually 6.")]
Train = Annotated[float, typer.Option(rich_help_panel=WINDOWS, help="Share of a window that trains.")]
TrainBars = Annotated[int | None, typer.Option(rich_help_panel=WINDOWS, help="Or the bars that train.")]
TestBars = Annotated[int | None, typer.Option(rich_help_panel=WINDOWS, help="Bars that test.")]
Anchored = Annotated[
    bool, typer.Option("--anchored", rich_help_panel=WINDOWS, help="Train from the first bar on, longer each time.")
]
Purge = Annotated[str, typer.Option(rich_help_panel=WINDOWS, help="Left out before a test: bars, or 36h.")]
Embargo = Annotated[str, typer.Option(rich_help_panel=WINDOWS, help="Left out at a test's beginning: bars, or 36h.")]

Space = Annotated[
    list[str] | None,
    typer.Option(
        rich_help_panel=SEARCH,
        help="What to turn, once for each or several words: fast=5:50:5, slow=20,50,100. "
        "Without it: all parameters that declare their range.",
    ),
]
Method = Annotated[
    str, typer.Option("--method", "-m", rich_help_panel=SEARCH, help="auto, grid, random, sobol, tpe or cma-es.")
]
Objective = Annotated[
    str, typer.Option("--objective", "-o", rich_help_panel=SEARCH, help="What to raise: sharpe, max:trades, min:...")
]
Constraints = Annotated[
    list[str] | None,
    typer.Option(
        "--constraint", "-c", rich_help_panel=SEARCH, help="A limit: trades>=30, max_drawdown>=-0.2. Once for each."
    ),
]
Seed = Annotated[int, typer.Option(rich_help_panel=SEARCH, help="The same seed tries the same sets.")]
Workers = Annotated[int | None, typer.Option(rich_help_panel=SEARCH, help="Threads; one a core if left out.")]


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


def gap_from(text: str) -> int | str:
    """Bars as a number, a length of time as text."""
    try:
        return int(text)
    except ValueError:
        return text

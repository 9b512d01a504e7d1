"""`tradewind runs`: what has been run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.ports.runs import BACKTEST

if TYPE_CHECKING:
    from tradewind.ports.runs import StoredRun

app = typer.Typer(add_completion=False)
WORDS_MAX = 110


@app.command()
def runs(
    ctx: typer.Context,
    remove: Annotated[str, typer.Option(help="Forget this run.")] = "",
    last: Annotated[int, typer.Option("--last", "-n", help="Show the newest so many; 0: all.")] = 20,
    kind: Annotated[str, typer.Option(help="Only these: backtest, optimize, walk-forward, monte-carlo, ...")] = "",
) -> None:
    """List what was run and kept, newest last."""
    from tradewind import bootstrap

    console, store = console_of(ctx), bootstrap.open_runs()
    if remove:
        gone = store.remove(remove)
        console.result({"removed": gone})
        console.say(f"removed {gone}")
        return
    kept, damaged = store.kept(), store.damaged()
    _known_kind(kind, kept)
    kept = [run for run in kept if kind in ("", run.kind)]
    shown = kept[-last:] if last > 0 else kept
    console.result({"runs": [_row(run) for run in shown], "damaged": damaged})
    rows = []
    studies = []
    for run in shown:
        row = _row(run)
        if run.kind != BACKTEST:
            mark = " *" if row["synthetic"] else ""
            studies.append((run.name, run.kind, _words(str(run.summary.get("verdict") or "")) + mark))
            continue
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
    if rows and studies:
        console.say()
    if studies:
        console.table(("run", "kind", "what it found"), studies)
    if shown:
        if any(run.summary.get("synthetic") for run in shown):
            console.say("* on synthetic data")
        console.note("See one: tradewind report RUN")
    else:
        console.note("No run has been kept yet. Make one: tradewind backtest sma_cross")
    for folder, reason in damaged.items():
        console.note(f"damaged: {folder}: {reason}")


def _known_kind(kind: str, kept: list[StoredRun]) -> None:
    """Raises BadInput where nothing of this kind has been kept: a slip of the pen would look like an empty list."""
    from tradewind.core.domain.errors import BadInput

    kinds = sorted({run.kind for run in kept})
    if kind and kinds and kind not in kinds:
        raise BadInput(f"no {kind!r} has been kept", where="--kind", fix=f"Kept are: {', '.join(kinds)}")


def _row(run: StoredRun) -> dict[str, Any]:
    wanted = ("strategy", "parameters", "symbols", "timeframe", "synthetic", "created_ns", "metrics", "hashes")
    said = {} if run.kind == BACKTEST else {"verdict": run.summary.get("verdict")}
    values = {key: run.summary.get(key) for key in wanted}
    return {"run": run.name, "kind": run.kind, "folder": str(run.folder), **values, **said}


def _words(verdict: str) -> str:
    """A verdict as a terminal has room for."""
    text = verdict.replace("\u202f", " ")  # a page's narrow space is no terminal's
    return text if len(text) <= WORDS_MAX else f"{text[: WORDS_MAX - 1].rsplit(' ', 1)[0]} ..."


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, 2)

"""What a walk-forward says on the terminal."""

from __future__ import annotations

import math

from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.interfaces.cli.console import Console
from tradewind.operations.walk_forward import FinishedWalk
from tradewind.research.cross_validated import CrossValidated
from tradewind.research.walk_forward_result import WalkForward


def show(console: Console, finished: FinishedWalk) -> None:
    """The windows or paths, the figures that judge them, and where the page is."""
    result = finished.result
    for said in finished.said:
        console.note(said)
    mark = "  [SYNTHETIC DATA]" if finished.synthetic else ""
    symbols = ", ".join(m.bars.symbol for m in result.markets)
    how = "walked forward" if isinstance(result, WalkForward) else "cross-validated"
    console.say(f"{result.strategy.__name__} on {symbols} {result.markets[0].bars.timeframe}, {how}{mark}")
    if isinstance(result, WalkForward):
        _windows(console, result)
    else:
        _paths(console, result)
    for warning in finished.warnings:
        console.note(f"note: {warning}")
    console.say(finished.verdict)
    console.say(f"report {finished.report}")


def _windows(console: Console, walked: WalkForward) -> None:
    turned = [name for name, (low, high) in walked.searched.items() if high > low]
    console.table(
        ("window", "test", *turned, "growth in", "growth out", "efficiency", "Sharpe in", "Sharpe out", "trades"),
        [
            (
                r.window.number,
                str(r.window.test),
                *((r.parameters or {}).get(name) for name in turned),
                _share(r.growth_in_sample),
                _share(r.growth_out_of_sample),
                _share(r.efficiency),
                _two(r.in_sample.get("sharpe")),
                _two(r.out_of_sample.get("sharpe")),
                r.out_of_sample.get("trades"),
            )
            for r in walked.windows
        ],
    )
    metrics = walked.joined.performance.metrics
    total = metrics["total_return"]
    _lines(
        console,
        ("return out of sample", "-" if total is None else f"{total:.2%}"),
        ("Sharpe out of sample", _two(metrics["sharpe"])),
        ("efficiency", _share(walked.efficiency)),
        ("degradation", _two(walked.degradation)),
        ("consistency", _share(walked.consistency)),
        ("stability", _share(walked.stability.overall)),
    )


def _paths(console: Console, found: CrossValidated) -> None:
    console.say(f"{len(found.sets):,} sets, {len(found.splits)} splits, {len(found.paths)} paths")
    console.table(
        ("path", "Sharpe ratio"),
        [(i, None if math.isnan(value) else round(value, 2)) for i, value in enumerate(found.sharpe.tolist(), 1)],
    )
    _lines(
        console,
        ("median path", _two(found.median)),
        ("buy and hold", _two(found.hold)),
        ("losing paths", _share(found.losing)),
        ("degradation", _two(found.degradation)),
        ("sets beaten", _share(found.beaten)),
    )


def _lines(console: Console, *lines: tuple[str, str]) -> None:
    for label, text in lines:
        console.say(f"  {label:<22}{text:>12}")


def _share(figure: Figure) -> str:
    return "-" if isinstance(figure, Undefined) else f"{figure:.1%}"


def _two(figure: Figure | None) -> str:
    return "-" if figure is None or isinstance(figure, Undefined) else f"{figure:.2f}"

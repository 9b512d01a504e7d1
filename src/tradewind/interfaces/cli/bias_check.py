"""What `tradewind lookahead` and `tradewind recursive` share: how they say what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.finished import Finished

STAGES = ("loading", "checking", "reporting")


def tell(console: Console, finished: Finished[Any], title: str, say_found: Callable[[], None]) -> None:
    """The document, or title, what was found (`say_found`), notes, verdict, and where the page is."""
    console.result(finished.as_document())
    for said in finished.said:
        console.note(said)
    mark = "  [SYNTHETIC DATA]" if finished.synthetic else ""
    result = finished.result
    console.say(f"{result.strategy} on {', '.join(result.symbols)} {result.timeframe}, {title}{mark}")
    say_found()
    for warning in finished.warnings:
        console.note(f"note: {warning}")
    console.say(finished.verdict)
    console.say(f"report {finished.report}")

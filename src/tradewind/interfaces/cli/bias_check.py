"""What `tradewind lookahead` and `tradewind recursive` share: the folders they use, and how they say what was found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.bias import Keeping
    from tradewind.operations.finished import Finished

STAGES = ("loading", "checking", "reporting")


@contextmanager
def keeping(console: Console) -> Iterator[Keeping]:
    """Data, runs and cache as the settings say, with progress; what the strategy prints goes to stderr."""
    from tradewind import __version__, bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.bias import Keeping
    from tradewind.settings import load_settings

    settings = load_settings()
    with console.progress(*STAGES) as progress, redirect_stdout(sys.stderr):
        yield Keeping(
            catalogue=bootstrap.open_catalogue(settings),
            runs=bootstrap.open_runs(settings),
            cache=settings.cache / "kernels",
            now_ns=now_ns(),
            made_by=f"Tradewind {__version__}",
            progress=progress,
        )


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

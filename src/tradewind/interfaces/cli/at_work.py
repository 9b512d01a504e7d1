"""How every command that runs a strategy works: at the settings' workplace, with progress, and with a clean stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.workplace import Workplace
    from tradewind.settings import Settings


@contextmanager
def at_work(console: Console, *stages: str, settings: Settings | None = None) -> Iterator[Workplace]:
    """The workplace, which tells its `stages` on stderr. What a strategy prints goes there too, out of the result."""
    from tradewind import bootstrap
    from tradewind.interfaces.cli.clock import now_ns

    with console.progress(*stages) as progress, redirect_stdout(sys.stderr):
        yield bootstrap.open_workplace(settings, now_ns=now_ns(), progress=progress)

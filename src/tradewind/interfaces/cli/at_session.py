"""A session run over the event store of this home, from its beginning or from where it was cut off."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractContextManager, redirect_stdout
from typing import TYPE_CHECKING

from uuid_utils import uuid7

from tradewind import bootstrap
from tradewind.interfaces.cli.clock import now_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.rehearsal import Rehearsed


def run_session(console: Console, run: Callable[..., Coroutine[Any, Any, Rehearsed]]) -> Rehearsed:
    """What `run` comes to with the parts that it needs. An interrupt names the command that goes on."""
    begun: list[str] = []

    def held(session: str) -> AbstractContextManager[None]:
        begun.append(session)
        return bootstrap.session_alone(session)

    async def work() -> Rehearsed:
        store = bootstrap.open_event_store()
        try:
            with console.progress("loading", "running") as progress, redirect_stdout(sys.stderr):
                return await run(
                    catalogue=bootstrap.open_catalogue(), store=store, clock_ns=now_ns, new_id=lambda: str(uuid7()),
                    held=held, progress=progress,
                )  # fmt: skip
        finally:
            await store.close()

    try:
        return asyncio.run(work())
    except KeyboardInterrupt:
        if not begun:
            raise
        raise KeyboardInterrupt(
            "interrupted; what the session did until now is recorded", f"Go on with it: tradewind resume {begun[-1]}"
        ) from None

"""Services that run side by side: one that fails begins anew after a pause, and the others go on meanwhile."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from tradewind.core.domain.errors import Refused, TradewindError
from tradewind.trading.passing_time import pass_time

log = logging.getLogger(__name__)
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)
"""Before a service that failed begins anew, the first time, the second, and so on; after these it is given up."""
WELL_S = 300.0
"""After so long without a failure the pauses begin anew too."""
PASS_S = 1.0
"""Between two calls that tell a service the time."""
LOOK_S = 0.1
"""Between two looks at whether everything is dealt with."""


class Service(Protocol):
    """What runs until it is stopped, in a member of its own for each beginning."""

    @property
    def subscribed(self) -> asyncio.Event:
        """Set from when what is published will come."""
        ...

    @property
    def caught_up(self) -> bool:
        """Whether all that has come is dealt with."""
        ...

    async def run(self) -> None:
        """Work until `stop`; what is at work is ended."""
        ...

    def stop(self) -> None:
        """Take nothing more in."""
        ...


async def no_time(_now_ns: int) -> None:
    """For what does nothing when time passes."""


async def no_end() -> None:
    """For what has nothing left to say."""


@dataclass(frozen=True)
class Job:
    """A service, what it is told when time passes, and what it still has to say when nothing more will come."""

    service: Service
    advance: Callable[[int], Awaitable[None]] = no_time
    finish: Callable[[], Awaitable[None]] = no_end


Tell = Callable[[str, str, str], None]
"""Takes the name of a service, its state (`service_payloads.ServiceChange`) and the reason. Never raises."""


class Supervised:
    """One service under its name. `make` makes it anew for each beginning."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Job],
        tell: Tell,
        *,
        pauses_s: Sequence[float] = PAUSES_S,
        well_s: float = WELL_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name, self.tell, self.pauses_s, self.well_s = name, tell, tuple(pauses_s), well_s
        self.problem = ""
        """Why it is not at work; empty while it is, or is to be."""
        self.failures = 0
        """How often it has failed so far."""
        self.given_up = False
        self._make, self._clock, self._sleep = make, clock, sleep
        self._job: Job | None = None
        self._was_at_work = False
        self._stopping = asyncio.Event()

    @property
    def caught_up(self) -> bool:
        """Whether it is at work and all that has come is dealt with; one that was given up will not do more."""
        job = self._job
        return self.given_up or (job is not None and job.service.subscribed.is_set() and job.service.caught_up)

    def stop(self) -> None:
        """Take nothing more in; `run` returns when what is at work has ended."""
        self._stopping.set()
        if self._job is not None:
            self._job.service.stop()

    async def run(self) -> None:
        """Run until `stop`, or until it was given up. Raises Refused where it cannot begin as it is asked to."""
        in_a_row = 0
        while not self._stopping.is_set():
            began = self._clock()
            try:
                await self._once()
            except Exception as problem:
                if isinstance(problem, Refused) and not self._was_at_work:
                    raise
                in_a_row = 1 if self._clock() - began >= self.well_s else in_a_row + 1
                self._failed(problem, in_a_row)
                if self.given_up:
                    return
                await self._pause(self.pauses_s[in_a_row - 1])

    async def _once(self) -> None:
        """From one beginning to its end."""
        ended = asyncio.Event()
        job = self._job = self._make()
        working = asyncio.create_task(job.service.run(), name=self.name)
        beginning = asyncio.create_task(job.service.subscribed.wait())
        timing = asyncio.create_task(pass_time(job.advance, stopping=ended, every_s=PASS_S))
        tasks: tuple[asyncio.Task[Any], ...] = (working, beginning, timing)
        try:
            await asyncio.wait((working, beginning), return_when=asyncio.FIRST_COMPLETED)
            if job.service.subscribed.is_set():
                self.tell(self.name, "recovered" if self.problem else "started", "")
                self._was_at_work, self.problem = True, ""
            if self._stopping.is_set():
                job.service.stop()
            done, _ = await asyncio.wait((working, timing), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
            await job.finish()
        finally:
            self._job = None
            ended.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.tell(self.name, "stopped", "")

    def _failed(self, problem: Exception, in_a_row: int) -> None:
        self.failures += 1
        self.problem = str(problem) or type(problem).__name__
        if isinstance(problem, TradewindError):
            log.warning("%s failed: %s", self.name, problem)
        else:
            log.error("%s failed, which is a bug in Tradewind", self.name, exc_info=problem)
        if in_a_row > len(self.pauses_s):
            self.given_up = True
            log.error("%s is given up after %d failures in a row", self.name, in_a_row)
            self.tell(self.name, "stopped", f"given up after {in_a_row} failures: {self.problem}")
        else:
            self.tell(self.name, "impaired", self.problem)

    async def _pause(self, pause_s: float) -> None:
        """Wait, but not beyond the end."""
        pause, stopping = (asyncio.ensure_future(one) for one in (self._sleep(pause_s), self._stopping.wait()))
        await asyncio.wait((pause, stopping), return_when=asyncio.FIRST_COMPLETED)
        pause.cancel()
        stopping.cancel()
        await asyncio.gather(pause, stopping, return_exceptions=True)


async def run_all(
    services: Sequence[Supervised], stopping: asyncio.Event, *, last: Sequence[str] = (), idle_s: float | None = None
) -> None:
    """Run services until `stopping`, until none is left, or, with `idle_s`, until all were idle for so many seconds.

    Those named in `last` end after the others, and hear what these say at their end. Raises Refused, all others having
    ended, where one cannot begin as it is asked to.
    """
    running = {one.name: asyncio.create_task(one.run(), name=f"supervised {one.name}") for one in services}
    over = asyncio.create_task(_until_over(services, stopping, idle_s))
    try:
        first = [task for name, task in running.items() if name not in last]
        waiting: set[asyncio.Task[None]] = {over, *running.values()}
        while not over.done() and len(waiting) > 1:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if any(task is not over and task.exception() is not None for task in done):
                break
        for one in services:
            if one.name not in last:
                one.stop()
        await asyncio.gather(*first, return_exceptions=True)
        if idle_s is not None and not stopping.is_set():
            await _until_over([one for one in services if one.name in last], stopping, idle_s)
        for one in services:
            one.stop()
        await asyncio.gather(*running.values())
    finally:
        for task in (over, *running.values()):
            task.cancel()
        await asyncio.gather(over, *running.values(), return_exceptions=True)


async def _until_over(services: Sequence[Supervised], stopping: asyncio.Event, idle_s: float | None) -> None:
    """Return when it is to stop, or when all have been idle for long enough."""
    idle_since: float | None = None
    while not stopping.is_set():
        now = time.monotonic()
        idle_since = (now if idle_since is None else idle_since) if all(one.caught_up for one in services) else None
        if idle_s is not None and idle_since is not None and now - idle_since >= idle_s:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await stopping.wait()

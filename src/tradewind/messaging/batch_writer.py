"""Rows that come one by one are written many at a time, and none is lost without somebody being told.

    async with BatchWriter(store.append) as writer:
        async for event in events:
            await writer.add(event)

A batch is written when it is full, when its first row has waited long enough, and at the end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Generic, TypeVar

from tradewind.core.domain.errors import Refused, TradewindError, Unavailable
from tradewind.messaging.retries import RETRIES_S

Row = TypeVar("Row")
Key = TypeVar("Key")
SIZE = 50
WAIT_S = 1.0
BATCHES_WAITING_MAX = 20
REFUSED_ROWS_MAX = 10_000
"""Rows that were refused and are kept to be told of; after these the writer stops."""


class BatchWriter(Generic[Row]):
    """Collects rows and hands them to `write`, up to `size` at a time and in their order.

    `write` writes all of its rows or none. Where it raises Refused, the batch is halved until the row that it does not
    take stands alone: that one goes to `refused`, or is raised at the end; the others are written. Where it raises
    Unavailable it is tried again after `retries_s`; when that does not help, the writer stops: `add`, `flush` and the
    end raise, and `unwritten` has the rows. `add` waits while `waiting_max` rows are waiting.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Row]], Awaitable[object]],
        *,
        size: int = SIZE,
        wait_s: float = WAIT_S,
        waiting_max: int | None = None,
        refused: Callable[[Row, Refused], None] | None = None,
        retries_s: Sequence[float] = RETRIES_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        assert size > 0, "a batch has rows"
        self.size, self.wait_s = size, wait_s
        self.waiting_max = max(size, waiting_max or size * BATCHES_WAITING_MAX)
        self.retries_s = tuple(retries_s)
        self.written = 0
        self.refused_rows: list[tuple[Row, Refused]] = []
        self._write_rows, self._refused, self._sleep = write, refused, sleep
        self._waiting: deque[Row] = deque()
        self._since: deque[float] = deque()
        self._taken: list[Row] = []
        self._added = self._dealt = 0
        self._urgent_until = 0
        self._changed = asyncio.Condition()
        self._ending = False
        self._failure: BaseException | None = None
        self._task: asyncio.Task[None] | None = None

    async def add(self, row: Row) -> None:
        """Take one row in; waits while too many are waiting. Raises what stopped the writer."""
        await self.add_all((row,))

    async def add_all(self, rows: Iterable[Row]) -> None:
        """Take rows in, in their order."""
        now = asyncio.get_running_loop().time
        async with self._changed:
            for row in rows:
                await self._changed.wait_for(lambda: len(self._waiting) < self.waiting_max or self._stopped())
                self._raise_if_stopped()
                self._waiting.append(row)
                self._since.append(now())
                self._added += 1
                if len(self._waiting) == 1 or len(self._waiting) >= self.size:
                    self._changed.notify_all()

    async def flush(self) -> None:
        """Return when every row that was added has been written or refused."""
        async with self._changed:
            wanted = self._urgent_until = self._added
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._dealt >= wanted or self._failure is not None)
            if self._dealt < wanted:
                self._raise_if_stopped()

    def unwritten(self) -> list[Row]:
        """Rows that were added and are neither written nor refused."""
        return [*self._taken, *self._waiting]

    async def __aenter__(self) -> BatchWriter[Row]:
        self._task = asyncio.create_task(self._run(), name="batch-writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left, whatever ended the block. Raises for rows that were refused and told to nobody."""
        assert self._task is not None, "it is entered once"
        try:
            await self.flush()
        except TradewindError as also:
            if problem is None:
                raise
            problem.add_note(f"Besides: {also}")
        finally:
            async with self._changed:
                self._ending = True
                self._changed.notify_all()
            await self._task
        if problem is None and self._refused is None and self.refused_rows:
            row, why = self.refused_rows[0]
            raise Refused(
                f"{len(self.refused_rows)} of {self._added} rows were refused; the first, {row!r}: {why}",
                fix="The others are written. `refused_rows` has these",
            )

    async def _run(self) -> None:
        try:
            while rows := await self._next():
                await self._write(rows)
        except BaseException as problem:  # noqa: BLE001 - whoever adds, flushes or leaves is told
            self._failure = problem
        finally:
            async with self._changed:
                self._changed.notify_all()

    async def _next(self) -> list[Row]:
        """The next batch: full, or waited for long enough; none at the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting or self._ending)
            try:
                async with asyncio.timeout_at(self._since[0] + self.wait_s if self._since else None):
                    await self._changed.wait_for(
                        lambda: len(self._waiting) >= self.size or self._ending or self._urgent_until > self._dealt
                    )
            except TimeoutError:
                pass
            self._taken = list(islice(self._waiting, self.size))
            for _ in self._taken:
                self._waiting.popleft()
                self._since.popleft()
            self._changed.notify_all()
            return list(self._taken)

    async def _write(self, rows: list[Row]) -> None:
        try:
            await self._tried(rows)
        except Refused as why:
            if len(rows) > 1:
                half = len(rows) // 2
                await self._write(rows[:half])
                await self._write(rows[half:])
                return
            self._tell(rows[0], why)
        else:
            self.written += len(rows)
        async with self._changed:
            del self._taken[: len(rows)]
            self._dealt += len(rows)
            self._changed.notify_all()

    async def _tried(self, rows: list[Row]) -> None:
        for wait_s in (*self.retries_s, None):
            try:
                await self._write_rows(rows)
            except Unavailable:
                if wait_s is None:
                    raise
                await self._sleep(wait_s)
            else:
                return

    def _tell(self, row: Row, why: Refused) -> None:
        if self._refused is not None:
            self._refused(row, why)
            return
        if len(self.refused_rows) >= REFUSED_ROWS_MAX:
            raise why
        self.refused_rows.append((row, why))

    def _stopped(self) -> bool:
        return self._failure is not None or self._ending or self._task is None

    def _raise_if_stopped(self) -> None:
        if self._failure is not None:
            raise Unavailable(
                f"{len(self.unwritten())} rows are not written: {self._failure}", fix="`unwritten` has them"
            ) from self._failure
        if self._ending or self._task is None:
            raise Unavailable("this batch writer is not open", fix="Use it inside `async with`")


class BatchUpdateWriter(Generic[Key]):
    """Collects changes of things by their key, and hands them to `update` as one mapping, the last word on each field.

    The outcome is that of one update after the other. Options are those of `BatchWriter`; a row is (key, changes).
    """

    def __init__(self, update: Callable[[Mapping[Key, Mapping[str, Any]]], Awaitable[object]], **options: Any) -> None:
        self.writer: BatchWriter[tuple[Key, Mapping[str, Any]]] = BatchWriter(
            lambda rows: update(merged(rows)), **options
        )

    async def add(self, key: Key, **changes: Any) -> None:
        """Change fields of one thing."""
        await self.writer.add((key, changes))

    async def flush(self) -> None:
        """Return when every change that was added has been made or refused."""
        await self.writer.flush()

    async def __aenter__(self) -> BatchUpdateWriter[Key]:
        await self.writer.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.writer.__aexit__(kind, problem, trace)


def merged(rows: Iterable[tuple[Key, Mapping[str, Any]]]) -> dict[Key, dict[str, Any]]:
    """One set of changes for each key: what came later counts."""
    found: dict[Key, dict[str, Any]] = {}
    for key, changes in rows:
        found.setdefault(key, {}).update(changes)
    return found

"""A stretch of bad network for tests: a TCP proxy in the test's own loop that delays, resets, or lets nothing pass."""

from __future__ import annotations

import asyncio
from contextlib import suppress

PIECE = 65_536


class Proxy:
    """Stands before a server on loopback. `port` is where to connect instead."""

    def __init__(self, to_port: int) -> None:
        self.to_port, self.port = to_port, 0
        self.delay_s = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *problem: object) -> None:
        self._server.close()
        await asyncio.sleep(0)  # who was let in just now has a task of its own, and is ended like all others
        while tasks := tuple(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.reset()

    def partition(self) -> None:
        """Nothing goes through, in either direction, and nobody is told."""
        self._open.clear()

    def heal(self) -> None:
        """What was held back goes through, and all that follows."""
        self._open.set()

    def reset(self) -> int:
        """Break every connection; how many there were."""
        writers, self._writers = self._writers, set()
        for writer in writers:
            writer.transport.abort()
        return len(writers) // 2

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._remember(task)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        except BaseException as problem:
            writer.transport.abort()  # also when the test ends in this moment: nobody else would close it
            if isinstance(problem, OSError):
                return
            raise
        self._writers |= {writer, far_writer}
        for source, target in ((reader, far_writer), (far_reader, writer)):
            self._remember(asyncio.create_task(self._carry(source, target)))

    def _remember(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(PIECE):
                await self._open.wait()
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                target.write(piece)
                await target.drain()
        target.transport.abort()
        self._writers.discard(target)

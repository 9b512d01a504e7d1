"""Connections of asyncpg that leave no socket behind when they are not let in.

asyncpg closes what it opened for a connection that fails. Over TLS that only begins a goodbye, which the server is to
answer: a loop that ends before it has leaves the socket open, and so does a server that never answers. Here it is gone
at once.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg


class Watching:
    """An event loop as asyncpg is handed it while it connects: what it opens is known, and can be broken off."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._opened: list[asyncio.Transport] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loop, name)

    async def create_connection(self, *where: Any, **how: Any) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """As the loop does it."""
        transport, protocol = await self.loop.create_connection(*where, **how)
        self._opened.append(transport)
        return transport, protocol

    def let_in(self) -> None:
        """What was opened is the connection's from now on."""
        self._opened.clear()

    def break_off(self) -> None:
        """End all that was opened, without a goodbye."""
        for transport in self._opened:
            transport.abort()


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg says nothing of its types
    """A connection that was let in: from then on it is one of the loop itself."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: Any, loop: Watching, *rest: Any) -> None:
        super().__init__(protocol, transport, loop.loop, *rest)


async def connect(*where: Any, loop: asyncio.AbstractEventLoop, **how: Any) -> Any:
    """What a pool calls for a new connection."""
    watching = Watching(loop)
    try:
        connection = await asyncpg.connect(*where, loop=watching, **how)
    except BaseException:
        watching.break_off()
        raise
    watching.let_in()
    return connection

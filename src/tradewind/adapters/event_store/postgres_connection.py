"""Connections to PostgreSQL: where to, how times and documents travel, and its errors as Tradewind's."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tradewind.core.domain.errors import BadInput, Corrupt, Unavailable

if TYPE_CHECKING:
    import asyncpg

CONNECT_S_MAX = 10.0
COMMAND_S_MAX = 60.0
CLOSE_S_MAX = 10.0
LONG_S_MAX = 6 * 3_600.0
"""What upkeep asks for may take long. (asyncpg takes None for the limit above, not for none.)"""
THINKING = "SET LOCAL idle_in_transaction_session_timeout = '10min'"
"""For a transaction that works on rows before it writes them, and keeps nobody from writing meanwhile."""
CONNECTIONS_MAX = 8
IDLE_MS_MAX = 15_000
"""How long a transaction may stand still: who takes places and then hangs must not stop all others for ever."""
EPOCH_2000_US = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000."""
URL = re.compile(
    r"postgres(?:ql)?://(?:[^@/?]*@)?(?P<hosts>[\w.-]+(?::\d+)?(?:,[\w.-]+(?::\d+)?)*)(?P<name>/[^?]*)?(?:\?.*)?"
)
INSTALL = "Install it: pip install 'tradewind[postgres]'"


def place_of(url: str) -> str:
    """A database's place (its hosts and its name) without user and password, for messages. Raises BadInput."""
    match = URL.fullmatch(url)
    if match is None:
        raise BadInput("this is no place of a database", where="the PostgreSQL URL", fix="postgresql://host:5432/name")
    return f"PostgreSQL at {match['hosts']}{match['name'] or ''}"


async def open_pool(url: str, where: str) -> asyncpg.Pool[Any]:
    """A pool of connections. Raises Unavailable or BadInput that names the place."""
    asyncpg, sockets = _driver(where)
    with explained(where):
        return await asyncpg.create_pool(
            url,
            connect=sockets.connect,
            connection_class=sockets.Connection,
            min_size=0,
            max_size=CONNECTIONS_MAX,
            init=_prepare,
            reset=_as_it_is,
            **_asked_for("tradewind"),
        )


async def open_connection(url: str, where: str, name: str) -> asyncpg.Connection[Any]:
    """One connection, for one who keeps it; the server knows it by `name`. Raises as `open_pool`."""
    _, sockets = _driver(where)
    with explained(where):
        loop = asyncio.get_running_loop()
        return await sockets.connect(url, loop=loop, connection_class=sockets.Connection, **_asked_for(name))


def _driver(where: str) -> tuple[Any, Any]:
    """What is here only where the extra is installed: asyncpg, and what we make of it."""
    try:
        import asyncpg  # noqa: PLC0415 - an extra

        from tradewind.adapters.event_store import postgres_sockets  # noqa: PLC0415 - needs it
    except ImportError:
        raise BadInput("asyncpg is not installed", where=where, fix=INSTALL) from None
    return asyncpg, postgres_sockets


def _asked_for(name: str) -> dict[str, Any]:
    return {
        "timeout": CONNECT_S_MAX,
        "command_timeout": COMMAND_S_MAX,
        "server_settings": {
            "application_name": name,
            "timezone": "UTC",
            "idle_in_transaction_session_timeout": str(IDLE_MS_MAX),
        },
    }


async def close_pool(pool: asyncpg.Pool[Any]) -> None:
    """Let the connections go: with a goodbye, and without where nobody answers it."""
    try:
        async with asyncio.timeout(CLOSE_S_MAX):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _as_it_is(connection: asyncpg.Connection[Any]) -> None:
    """What is set is set for one transaction only, so there is nothing to reset, and no round trip to spend on it."""


async def _prepare(connection: asyncpg.Connection[Any]) -> None:
    """Times as integers (µs since 1970) and JSON as the bytes it is: both ways, without anything in between."""
    await connection.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        format="tuple",
        encoder=lambda time_us: (time_us - EPOCH_2000_US,),
        decoder=lambda parts: parts[0] + EPOCH_2000_US,
    )
    await connection.set_type_codec("json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """PostgreSQL's errors as Tradewind's: what may be tried again, what is wrong with the settings, what is damaged."""
    import asyncpg  # noqa: PLC0415 - an extra

    wrong = (
        asyncpg.ClientConfigurationError,
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.InsufficientPrivilegeError,
    )
    gone = (
        asyncpg.PostgresConnectionError,  # lost on the way
        asyncpg.OperatorInterventionError,  # shut down, started, or a statement ended by somebody
        asyncpg.InsufficientResourcesError,  # no memory, no disk, no connection left
        asyncpg.ReadOnlySQLTransactionError,  # a replica that is not promoted yet
        asyncpg.LockNotAvailableError,
        asyncpg.TransactionRollbackError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    )
    try:
        yield
    except wrong as problem:
        raise BadInput(
            f"it does not let us: {problem}",
            where=where,
            fix="Look at the URL, and at the rights of its user: a schema, tables and temporary tables are made",
        ) from None
    except asyncpg.DiskFullError:
        raise Unavailable("the disk is full", where=where, fix="Make room, and try again") from None
    except (asyncpg.DataCorruptedError, asyncpg.IndexCorruptedError) as problem:
        raise Corrupt(f"it is damaged: {problem}", where=where, fix="Restore a backup") from None
    except ssl.SSLError as problem:
        raise BadInput(f"no TLS: {problem}", where=where, fix="Look at sslmode and sslrootcert in the URL") from None
    except FileNotFoundError:
        raise BadInput("a certificate that the URL names is not there", where=where, fix="Name its file") from None
    except asyncpg.SyntaxOrAccessError as problem:
        raise Corrupt(
            f"its tables are not as Tradewind made them: {problem}", where=where, fix="Restore a backup"
        ) from None
    except gone as problem:
        raise Unavailable(f"it cannot be used: {problem}", where=where) from None
    except (OSError, TimeoutError) as problem:
        raise Unavailable(f"it does not answer: {problem or 'in time'}", where=where) from None

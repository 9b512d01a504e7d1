"""A page for Prometheus and one for whoever looks whether this process lives: GET /metrics, GET /healthz.

It answers these two and nothing else, one request a connection, from the event loop that does the work: where the loop
does not come round, the page does not answer, and that is what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.adapters.telemetry.prometheus_page import CONTENT_TYPE, prometheus_page
from tradewind.core.domain.errors import BadInput

LOOPBACK = "127.0.0.1"
PATIENCE_S = 10.0
"""A request that is not there by then is not waited for, nor is a reader that does not read."""
HEAD_BYTES_MAX = 8_192
CONNECTIONS_MAX = 32
"""Who comes while so many are open is hung up on."""
PLAIN = "text/plain; charset=utf-8"
Ill = Callable[[], Mapping[str, str]]
"""What is wrong with this process by name, such that a new one would do better; nothing where it is well."""


def all_well() -> Mapping[str, str]:
    """Nothing is wrong while the loop comes round."""
    return {}


@asynccontextmanager
async def serving_metrics(
    metrics: CountedMetrics, port: int, host: str = LOOPBACK, ill: Ill = all_well
) -> AsyncIterator[int]:
    """Serve the pages while the block runs; gives the port, which is any free one where `port` is 0.

    /healthz answers 200, or 503 with a line for each thing in `ill()`. Nobody logs in: bind only where no stranger
    comes. Raises BadInput where the port cannot be had.
    """
    open_now: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(open_now) >= CONNECTIONS_MAX:
            writer.transport.abort()
            return
        open_now.add(task)
        try:
            # Nobody waits for this task, so that it was cancelled is told to nobody either.
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
                async with asyncio.timeout(PATIENCE_S):
                    writer.write(_answer(await _head(reader), metrics, ill))
                    await writer.drain()
        finally:
            open_now.discard(task)
            writer.close()

    try:
        server = await asyncio.start_server(answer, host, port, limit=HEAD_BYTES_MAX)
    except (OSError, OverflowError) as problem:
        raise BadInput(
            f"the metrics cannot be served: {problem}", where=f"{host}:{port}", fix="Choose another port, or 0 for any"
        ) from None
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


async def _head(reader: asyncio.StreamReader) -> bytes:
    """The request up to its empty line, b"" for one that is too long."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return b""


def _answer(head: bytes, metrics: CountedMetrics, ill: Ill) -> bytes:
    match head.partition(b"\r\n")[0].split(b" "):
        case [b"GET" | b"HEAD" as method, target, version] if version.startswith(b"HTTP/1."):
            response = _page(target.partition(b"?")[0], metrics, ill)
            return response.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == b"HEAD" else response
        case [_, _, version] if version.startswith(b"HTTP/1."):
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD\n", more="Allow: GET, HEAD\r\n")
    return _response(HTTPStatus.BAD_REQUEST, "this is no HTTP/1 request, or a head that is too long\n")


def _page(path: bytes, metrics: CountedMetrics, ill: Ill) -> bytes:
    match path:
        case b"/metrics":
            return _response(HTTPStatus.OK, prometheus_page(metrics), CONTENT_TYPE)
        case b"/healthz":
            wrong = ill()
            status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
            return _response(status, "".join(f"{name}: {what}\n" for name, what in wrong.items()) or "ok\n")
    return _response(HTTPStatus.NOT_FOUND, "here are /metrics and /healthz\n")


def _response(status: HTTPStatus, text: str, kind: str = PLAIN, more: str = "") -> bytes:
    body = text.encode()
    return (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\nConnection: close\r\n{more}\r\n"
    ).encode() + body

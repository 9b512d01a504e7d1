"""The page answers what it is asked, however badly it is asked, and takes nothing with it when it ends."""

import asyncio
from contextlib import suppress

import pytest

from tradewind.adapters.telemetry import metrics_server
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.adapters.telemetry.metrics_server import CONNECTIONS_MAX, HEAD_BYTES_MAX, serving_metrics
from tradewind.core.domain.errors import BadInput

PATIENCE_S = 60


def served(work, **given):
    """Run `work(port, metrics)` while the page is served."""

    async def run():
        metrics = CountedMetrics()
        async with asyncio.timeout(PATIENCE_S), serving_metrics(metrics, 0, **given) as port:
            return await work(port, metrics)

    return asyncio.run(run())


async def said(port, request):
    """Everything that is answered to these bytes, head and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with suppress(ConnectionResetError):
        writer.write(request)
        answer = await reader.read()
    await left(writer)
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), body.decode()


async def left(writer):
    """Hang up, whatever the other side does."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def get(path, method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def test_the_metrics_are_those_of_the_moment():
    async def work(port, metrics):
        first = await said(port, get("/metrics"))
        metrics.counter("events_persisted")(3)
        return first, await said(port, get("/metrics?x=1"))

    first, later = served(work)
    assert first[0].startswith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4")
    assert "events_persisted" not in first[1]
    assert "\nevents_persisted 3\n" in later[1]
    assert f"Content-Length: {len(later[1].encode())}\r\n" in later[0]


def test_health_is_ok_or_names_what_is_wrong():
    wrong = {}

    async def work(port, _):
        well = await said(port, get("/healthz"))
        wrong["candles"] = "its task has ended"
        return well, await said(port, get("/healthz"))

    well, ill = served(work, ill=lambda: wrong)
    assert (well[0].split("\r\n")[0], well[1]) == ("HTTP/1.1 200 OK", "ok\n")
    assert (ill[0].split("\r\n")[0], ill[1]) == ("HTTP/1.1 503 Service Unavailable", "candles: its task has ended\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/"), "404 Not Found"),
        (get("/metrics/../etc"), "404 Not Found"),
        (get("/metrics", "POST"), "405 Method Not Allowed"),
        (b"hello\r\n\r\n", "400 Bad Request"),
        (b"\r\n\r\n", "400 Bad Request"),
        (b"\x00\xff\xfe \x80\r\n\r\n", "400 Bad Request"),
        (b"GET /metrics SPDY/9\r\n\r\n", "400 Bad Request"),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES_MAX + b"\r\n\r\n", "400 Bad Request"),
    ],
)
def test_anything_else_is_refused_in_its_own_words_and_the_next_one_is_answered(request_, status):
    async def work(port, _):
        return await said(port, request_), await said(port, get("/healthz"))

    refused, next_ = served(work)
    assert refused[0].split("\r\n")[0] == f"HTTP/1.1 {status}"
    assert next_[1] == "ok\n"


def test_head_is_the_head_of_what_get_would_be():
    async def work(port, _):
        return await said(port, get("/healthz", "HEAD")), await said(port, get("/healthz"))

    head, whole = served(work)
    assert (head[0], head[1]) == (whole[0], "")


def test_who_comes_while_too_many_are_open_is_hung_up_on_and_later_there_is_room():
    async def work(port, _):
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS_MAX)]
        busy = await said(port, get("/healthz"))
        for _, writer in idle:
            await left(writer)
        while (later := await said(port, get("/healthz")))[1] != "ok\n":
            pass
        return busy, later

    busy, later = served(work)
    assert busy == ("", "")
    assert later[1] == "ok\n"


def test_who_asks_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(metrics_server, "PATIENCE_S", 0.01)

    async def work(port, _):
        return await said(port, b"GET /met"), await said(port, b"")

    assert served(work) == (("", ""), ("", ""))


def test_who_is_still_connected_does_not_hold_up_the_end():
    connected = []

    async def work(port, _):
        connected.append(await asyncio.open_connection("127.0.0.1", port))

    async def run():
        async with asyncio.timeout(PATIENCE_S):
            async with serving_metrics(CountedMetrics(), 0) as port:
                await work(port, None)
            ((reader, writer),) = connected
            ended = await reader.read()
            await left(writer)
            return ended

    assert asyncio.run(run()) == b""


def test_a_port_that_is_taken_or_none_is_said_so():
    async def work(port, metrics):
        for bad in (port, 70_000):
            with pytest.raises(BadInput, match="the metrics cannot be served"):
                async with serving_metrics(metrics, bad):
                    pytest.fail("it served")

    served(work)

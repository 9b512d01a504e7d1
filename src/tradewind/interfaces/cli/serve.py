"""`tradewind serve`: the services that run day and night."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    import asyncio

    from tradewind.operations.serving import ServedRole
    from tradewind.settings import Settings

app = typer.Typer(add_completion=False)
IDLE_S = 1.5
"""With --until-idle: for so long nothing may have come."""
INTERRUPTED = 130


@app.command()
def serve(
    ctx: typer.Context,
    roles: Annotated[
        list[str] | None,
        typer.Argument(help="recorder, candles, quality, reports, portfolios, nodes, snapshots; else all."),
    ] = None,
    *,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Stop when everything that is there has been dealt with.")
    ] = False,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Serve /metrics and /healthz on this port; 0 is any."),
    ] = None,
    metrics_host: Annotated[
        str, typer.Option(help="Where that port is: others than this machine ask at 0.0.0.0, and nobody logs in.")
    ] = "127.0.0.1",
) -> None:
    """Run services until Ctrl-C: what is at work is ended and written down first. A second Ctrl-C leaves at once.

    Killed at any moment they go on where they were: nothing is lost, and nothing counts twice.
    """
    import asyncio

    from tradewind import bootstrap
    from tradewind.core.domain.errors import Unavailable
    from tradewind.operations.serving import roles_named
    from tradewind.settings import load_settings

    console, settings = console_of(ctx), load_settings()
    names = roles_named(roles or (), {"kafka": settings.kafka, "redis_state": settings.redis_state})
    with _log_lines(logging.WARNING if console.quiet else logging.INFO), bootstrap.served_alone(names, settings):
        for name, ask in bootstrap.services(settings).items():
            try:
                ask()
            except Unavailable as problem:
                if until_idle:
                    raise  # who waits for an end is not kept waiting for a server
                # One node of many may be away, or all for a while: that keeps nobody from beginning again.
                logging.getLogger(__name__).warning("%s cannot be had yet, and is waited for: %s", name, problem)
        page = None if metrics_port is None else (metrics_host, metrics_port)
        served, numbers = asyncio.run(_served(names, settings, IDLE_S if until_idle else None, page))
    given_up = [role.name for role in served if role.given_up]
    handled = {role.name: numbers.get(role.name, 0) for role in served}
    console.result(
        {
            "roles": [
                {"name": r.name, "handled": handled[r.name], "failures": r.failures, "given_up": r.given_up}
                for r in served
            ]
        }
    )
    for name, number in handled.items():
        console.say(f"{name}: {number:,} events")
    if given_up:
        raise Unavailable(f"{', '.join(given_up)} failed too often and was given up", fix="The log says why")


async def _served(
    names: tuple[str, ...], settings: Settings, idle_s: float | None, page: tuple[str, int] | None
) -> tuple[tuple[ServedRole, ...], dict[str, int]]:
    """Open what the settings name, serve, and close it; how it went, and how many events each role has handled."""
    import asyncio
    import os
    import socket
    from contextlib import AsyncExitStack

    from tradewind import __version__, bootstrap
    from tradewind.adapters.telemetry.metrics_server import serving_metrics
    from tradewind.messaging.producer import EventProducer
    from tradewind.operations.serving import ROLES, Serving, Surroundings, origin_of
    from tradewind.ports.cache import Role

    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    metrics = bootstrap.open_metrics()
    member = f"{socket.gethostname()}-{os.getpid()}"
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(bootstrap.served_alone_anywhere(names, settings, member, stopping.set))
        store = bootstrap.open_event_store(settings, metrics)
        opened.push_async_callback(store.close)
        bus = bootstrap.open_bus(store, settings)
        opened.push_async_callback(bus.close)
        cache = bootstrap.open_cache(Role.STATE, settings, metrics) if settings.redis_state else None
        if cache is not None:
            opened.push_async_callback(cache.close)
        producer = EventProducer(bus, origin_of(member), metrics)
        made_by = f"Tradewind {__version__}"
        around = Surroundings(
            bus, store, cache, metrics, producer, member, settings.events / "feeds", made_by,
            nodes=lambda: bootstrap.open_redis_nodes(settings, metrics),
        )  # fmt: skip
        serving = Serving(names, around)
        if page is not None:
            host, wanted = page
            port = await opened.enter_async_context(serving_metrics(metrics, wanted, host, serving.ill))
            logging.getLogger(__name__).info("metrics: http://%s:%d/metrics", host, port)
        served = await serving.run(stopping, idle_s)
    handled = Counter[str]()
    for key, (number,) in metrics.values.items():
        if key[0] == "messages_consumed":
            handled[key[1]] += int(number)
    return served, {name: handled[ROLES[name].group] for name in names}


def _stop_on_signals(stopping: asyncio.Event) -> None:
    """Ctrl-C or SIGTERM asks for an end, and the second time takes it."""
    import asyncio
    import os
    import signal

    def asked() -> None:
        if stopping.is_set():
            print("left at once; what was at work comes again", file=sys.stderr, flush=True)  # noqa: T201
            os._exit(INTERRUPTED)
        logging.getLogger(__name__).info("stopping: what is at work is ended; once more to leave at once")
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, asked)
        except NotImplementedError:  # Windows: Ctrl-C ends at once there
            return


@contextmanager
def _log_lines(level: int) -> Iterator[None]:
    """What services log, as lines on stderr with the time in UTC."""
    lines = logging.StreamHandler(sys.stderr)
    form = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    lines.setFormatter(form)
    ours = logging.getLogger("tradewind")
    before = ours.level, ours.propagate
    ours.addHandler(lines)
    ours.setLevel(level)
    ours.propagate = False
    try:
        yield
    finally:
        ours.removeHandler(lines)
        ours.setLevel(before[0])
        ours.propagate = before[1]

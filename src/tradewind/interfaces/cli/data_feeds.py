"""`tradewind data feeds`: how good live market data was, day by day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of


def feeds(
    ctx: typer.Context,
    start: Annotated[
        str | None, typer.Option(help="First day, as 2026-11-01. Left out, the latest days on which something came.")
    ] = None,
    end: Annotated[str | None, typer.Option(help="The day after the last; else up to today.")] = None,
    page: Annotated[Path | None, typer.Option(help="A folder to write the report into, as a page and JSON.")] = None,
    allowed: Annotated[float, typer.Option(help="Share of ticks that may be wrong before a day is a breach.")] = 0.001,
) -> None:
    """Say what was wrong with live ticks and quotes, by day and symbol, and on which days it was too much."""
    import asyncio

    from tradewind import __version__, bootstrap
    from tradewind.core.domain.instants import instant_ns, instant_text
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.feed_quality import FeedQuality, days_with_ticks, feed_quality
    from tradewind.operations.feed_reports import write_feed_report
    from tradewind.operations.tenant import TENANT

    console, now = console_of(ctx), now_ns()
    first_ns, until_ns = None if start is None else instant_ns(start), now + 1 if end is None else instant_ns(end)

    async def work() -> tuple[FeedQuality, tuple[int, int] | None]:
        store = bootstrap.open_event_store()
        try:
            if first_ns is not None:
                return await feed_quality(store, first_ns, until_ns, allowed, tenant=TENANT), None
            days = await days_with_ticks(store, until_ns, tenant=TENANT) or (until_ns - 1, until_ns)
            found = await feed_quality(store, *days, allowed, tenant=TENANT)
            return found, await days_with_ticks(store, days[0], tenant=TENANT)
        finally:
            await store.close()

    found, earlier = asyncio.run(work())
    written = None
    if page is not None:
        first, after = (instant_text(when)[:10] for when in (found.start_ns, found.end_ns))
        command = f"tradewind data feeds --start {first} --end {after} --allowed {allowed:g}"
        written = write_feed_report(found, page, command=command, created_ns=now, made_by=f"Tradewind {__version__}")
    console.result(
        {
            "start": found.start_ns,
            "end": found.end_ns,
            "received": found.received,
            "days": found.days,
            "breaches": len(found.breaches),
            "page": written,
            "synthetic": found.synthetic,
        }
    )
    rows = [
        (
            instant_text(day.day_ns)[:10], day.symbol, day.received,
            day.told, None if day.share is None else f"{day.share:.3%}", "BREACH" if day.breach else "",
        )
        for day in found.days
    ]  # fmt: skip
    if rows:
        console.table(("day", "symbol", "ticks and quotes", "problems", "share", ""), rows)
    last = instant_text(found.end_ns - 1)[:10]
    breaches = len(found.breaches)
    word = "breach" if breaches == 1 else "breaches"
    came = f"{found.received:,} ticks and quotes, {found.problems:,} problems, {breaches:,} {word}"
    console.say(
        f"{instant_text(found.start_ns)[:10]} to {last}: {came if found.received or found.days else 'nothing came'}."
        f"{'  [SYNTHETIC DATA]' if found.synthetic else ''}"
    )
    if earlier is not None:
        first, after = (instant_text(when)[:10] for when in earlier)
        console.note(f"More came before that: tradewind data feeds --start {first} --end {after}")
    if not found.received:
        console.note("Recorded ticks to try it on: tradewind data publish; they count on the days on which they were")
    elif not found.problems:
        console.note(
            "Problems are told by the service quality; where it did not run: tradewind serve quality --until-idle"
        )
    if written is not None:
        console.say(f"page: {written}")

"""The report on live data as a page, and one for each day that is over."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.operations.feed_quality import FeedQuality, feed_quality
from tradewind.ports.event_store import EventStore
from tradewind.research.reports.study import Section, Study, Table, Text, write_study
from tradewind.trading.feed_alerts import FeedAlerts
from tradewind.trading.feed_days import DAY_NS, LEAST

log = logging.getLogger(__name__)
SETTLED_NS = UNITS_NS["h"]
"""After a day has ended, so long is waited for what came late."""
DAYS_BACK = 7
"""Days before today whose report is made where it is missing."""
WHAT = {
    "gap": "nothing happened for longer than is usual",
    "stale": "nothing has come for longer than is usual",
    "spike": "a price far off the one before it",
    "duplicate": "a trade that had come before",
    "out_of_order": "it happened before the one before it",
    "crossed": "the best bid above the best ask",
    "clock_skew": "clocks that differ, or a message that was long under way",
    "malformed": "no price or no size",
}


def feed_study(found: FeedQuality, *, command: str, created_ns: int, made_by: str) -> Study:
    """The page: the verdict, each day and symbol with problems, all problems by kind."""
    first, last = (instant_text(when)[:10] for when in (found.start_ns, found.end_ns - 1))
    kinds = Counter[str]()
    for day in found.days:
        kinds.update(day.problems)
    breaches = len(found.breaches)
    good = None if not found.received else not breaches
    nothing = "Nothing came" if not found.days else "Nothing came but problems"
    bad = "1 breach" if breaches == 1 else f"{breaches:,} breaches"
    verdict = nothing if not found.received else bad if breaches else "All feeds were good enough"
    rows = [
        (
            instant_text(day.day_ns)[:10], day.symbol, f"{day.received:,}", day.told,
            "-" if day.share is None else f"{day.share:.3%}", "failed" if day.breach else "passed",
        )
        for day in sorted(found.days, key=lambda day: (not day.breach, day.day_ns, day.symbol))
    ]  # fmt: skip
    days = Table("Days and symbols with problems", ("day", "symbol", "came", "problems", "share", ""), rows, (1, 3))
    by_kind = [(name, f"{number:,}", WHAT.get(name, "")) for name, number in kinds.most_common()]
    rule = (
        f"A day of a symbol is a breach where at least {LEAST} problems are more than {found.allowed:.2%} of its ticks "
        "and quotes, or where nothing came but problems. A symbol that is not listed had none. Problems are told by "
        "the service quality: while it does not run there are none."
    )
    sections = [Section("Days", [days] if rows else [Text("Nothing was told to be wrong.")], rule)]
    if by_kind:
        sections.append(Section("Kinds", [Table("Problems by kind", ("problem", "times", "what"), by_kind, (2,))]))
    return Study(
        title="Live data",
        subtitle=first if first == last else f"{first} to {last}",
        verdict=verdict,
        good=good,
        key_figures=(
            ("Ticks and quotes", f"{found.received:,}", "of all symbols", ""),
            ("Problems", f"{found.problems:,}", "told as data.quality events", ""),
            ("Breaches", f"{breaches:,}", "days of a symbol", "loss" if breaches else ""),
            ("Allowed", f"{found.allowed:.2%}", f"from {LEAST} problems on", ""),
        ),
        sections=sections,
        command=command,
        created_ns=created_ns,
        made_by=made_by,
        synthetic=found.synthetic,
        simulated=False,
    )


def write_feed_report(found: FeedQuality, folder: Path, *, command: str, created_ns: int, made_by: str) -> Path:
    """Write report.html and report.json; the page's path. Raises BadInput where the folder cannot be written."""
    study = feed_study(found, command=command, created_ns=created_ns, made_by=made_by)
    document = {
        "kind": "feeds", "start": found.start_ns, "end": found.end_ns, "allowed": found.allowed,
        "received": found.received, "days": [asdict(day) for day in found.days], "breaches": len(found.breaches),
    }  # fmt: skip
    return write_study(study, document, folder)


class DailyFeedReports:
    """A report of each day that is over, in a folder of its date, and an alert for each breach that is in it."""

    def __init__(self, store: EventStore, alerts: FeedAlerts, folder: Path, *, tenant: str, made_by: str) -> None:
        self.store, self.alerts, self.folder = store, alerts, folder
        self.tenant, self.made_by = tenant, made_by
        self._done: set[int] = set()

    async def advance(self, now_ns: int) -> None:
        """Write what is missing by now (ns UTC). Raises Unavailable; ask again then."""
        today_ns = (now_ns - SETTLED_NS) // DAY_NS * DAY_NS
        for day_ns in range(today_ns - DAYS_BACK * DAY_NS, today_ns, DAY_NS):
            if day_ns not in self._done:
                await self._report(day_ns, now_ns)
                self._done = {day for day in self._done if day >= today_ns - DAYS_BACK * DAY_NS} | {day_ns}

    async def _report(self, day_ns: int, now_ns: int) -> None:
        date = instant_text(day_ns)[:10]
        folder = self.folder / date
        if await asyncio.to_thread((folder / "report.json").exists):
            return
        found = await feed_quality(self.store, day_ns, day_ns + DAY_NS, self.alerts.allowed, tenant=self.tenant)
        if not found.received and not found.days:
            return
        for day in found.breaches:
            await self.alerts.tell(day, self.tenant)
        next_day = instant_text(day_ns + DAY_NS)[:10]
        command = f"tradewind data feeds --start {date} --end {next_day}"
        page = await asyncio.to_thread(
            lambda: write_feed_report(found, folder, command=command, created_ns=now_ns, made_by=self.made_by)
        )
        log.info("report of %s: %s", date, page)

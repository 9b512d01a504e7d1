"""A day on which too much was wrong is told of once, whoever finds it out; the day before is reported on."""

import asyncio
import json

import pytest
from market_stand import START, Stand, trade
from msgspec.structs import replace

from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.operations.feed_reports import DailyFeedReports
from tradewind.trading.feed_alerts import FeedAlerts
from tradewind.trading.feed_days import judged

DAY = UNITS_NS["d"]
HOUR = UNITS_NS["h"]


def problem(number, day=0, name="spike", ticks=1, **changed):
    """Something that was wrong at an hour of a day."""
    kind = EVENT_TYPES["data.quality"]
    data = kind.payload(symbol="BTC/USDT", problem=name, detail="seen", ticks=ticks)
    return replace(trade(100_000 + 100 * day + number, day * DAY + number), type=kind.name, data=data, **changed)


def ticks(number, day=0, **changed):
    return [trade(100 * day + i, day * DAY + i, **changed) for i in range(number)]


def alerts(stand):
    return FeedAlerts(stand.bus, stand.producer, stand.metrics, stand.store, member="one", retries_s=())


def told(tmp_path, events, weighed, restarts=False):
    """What is told after these problems were weighed, one after the other."""

    async def work():
        stand = Stand(tmp_path)
        one = alerts(stand)
        await stand.store.append(events)
        for event in weighed:
            await stand.store.append([event])
            one = alerts(stand) if restarts else one
            await one.weigh(event)
        found = await stand.events("service.changed")
        await stand.store.close()
        return [(e.data.service, e.data.state, e.data.reason) for e in found], found

    return asyncio.run(work())


@pytest.mark.parametrize("restarts", [False, True])
def test_a_breach_is_told_once_for_a_day_and_symbol(tmp_path, restarts):
    problems = [problem(i, day) for day in (0, 1) for i in range(9)]
    said, events = told(tmp_path, [*ticks(90), *ticks(90, 1)], problems, restarts)
    assert [(service, state) for service, state, _ in said] == [("feed BTC/USDT", "impaired")] * 2
    assert said[0][2] == "2026-09-21: spike 5; 5.56% of 90, where 0.10% are allowed"
    assert events[0].causation_id == problems[4].event_id


def test_few_problems_are_no_breach_and_what_a_session_recorded_does_not_make_a_feed_better(tmp_path):
    assert told(tmp_path, ticks(90), [problem(i) for i in range(4)])[0] == []
    (tmp_path / "b").mkdir()
    hidden = [*ticks(90), *(trade(1_000 + i, i, session="mine") for i in range(9_000))]
    assert len(told(tmp_path / "b", hidden, [problem(0, ticks=9)])[0]) == 1


@pytest.mark.parametrize(
    ("received", "problems", "breach"),
    [(0, {}, False), (0, {"stale": 1}, True), (10, {"gap": 4}, False), (10, {"gap": 5}, True),
     (5_000, {"gap": 3, "spike": 2}, False), (4_999, {"gap": 3, "spike": 2}, True)],
)  # fmt: skip
def test_what_a_breach_is(received, problems, breach):
    day = judged(START, "X/Y", received, problems, 0.001)
    assert day.breach is breach
    assert (day.share is None) == (received == 0)


def test_a_breach_that_could_not_be_told_is_told_later(tmp_path):
    async def work():
        stand = Stand(tmp_path)
        one, bad = alerts(stand), problem(0, ticks=9)
        await stand.store.append([*ticks(90), bad])
        stand.bus.fails = True
        with pytest.raises(Unavailable):
            await one.weigh(bad)
        stand.bus.fails = False
        await one.weigh(bad)
        found = await stand.events("service.changed")
        await stand.store.close()
        return len(found), stand.metrics.total("feed_breaches")

    assert asyncio.run(work()) == (1, 1)


def test_each_day_that_is_over_is_reported_on_once_with_its_breaches(tmp_path):
    folder = tmp_path / "feeds"

    async def work():
        stand = Stand(tmp_path)
        await stand.store.append([*ticks(90), problem(0, ticks=9), *ticks(90, 2)])
        for _ in range(2):  # as after a restart
            daily = DailyFeedReports(stand.store, alerts(stand), folder, tenant="home", made_by="a test")
            await daily.advance(START + DAY + HOUR - 1)
            early = sorted(path.name for path in folder.glob("*"))
            await daily.advance(START + 3 * DAY + HOUR)
            await daily.advance(START + 3 * DAY + 2 * HOUR)
        found = await stand.events("service.changed")
        await stand.store.close()
        return early, found

    early, found = asyncio.run(work())
    assert early in ([], ["2026-09-21", "2026-09-23"]), "a day is not over before what came late is there"
    assert sorted(path.name for path in folder.glob("*")) == ["2026-09-21", "2026-09-23"]
    report = json.loads((folder / "2026-09-21" / "report.json").read_text())
    assert (report["received"], report["breaches"], report["good"]) == (90, 1, False)
    assert json.loads((folder / "2026-09-23" / "report.json").read_text())["good"] is True
    page = (folder / "2026-09-21" / "report.html").read_text()
    assert "spike 9" in page
    assert "1 breaches" not in page
    assert len(found) == 1

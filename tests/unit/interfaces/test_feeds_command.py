"""`tradewind data feeds`: what was wrong with live data, beside how much of it came."""

import asyncio

import pytest
from event_examples import NOW, tick
from msgspec.structs import replace

from tradewind import bootstrap
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.timeframes import UNITS_NS

DAY_NS = UNITS_NS["d"]
DAY = NOW // DAY_NS * DAY_NS


def problem(number, name, day=0, symbol="BTC/USDT", ticks=1):
    kind = EVENT_TYPES["data.quality"]
    data = kind.payload(symbol=symbol, problem=name, detail="seen", ticks=ticks)
    return tick(1_000 + number, symbol, type=kind.name, data=data, time_event=DAY + day * DAY_NS + number)


@pytest.fixture
def stored(home):
    """A thousand ticks of one symbol on each of two days; one problem on the first, five on the second."""
    ticks = [tick(i, time_event=DAY + (i // 1_000) * DAY_NS + i) for i in range(2_000)]
    told = [problem(0, "spike"), problem(1, "gap", 1), problem(2, "crossed", 1, ticks=4)]
    told.append(problem(3, "stale", 1, symbol="ETH/USDT"))
    ticks = [event for number, event in enumerate(ticks) if not 1_000 <= number < 1_004] + told

    async def work():
        store = bootstrap.open_event_store()
        await store.append(ticks)
        await store.close()

    asyncio.run(work())


WHEN = ("--start", "2026-09-21", "--end", "2026-09-23")


def test_problems_are_counted_by_day_and_symbol_and_too_many_are_a_breach(ask, stored):
    said = ask("data", "feeds", *WHEN, "--json").document
    assert said["received"] == 1_996
    assert [(d["day_ns"], d["symbol"], d["received"], d["problems"], d["breach"]) for d in said["days"]] == [
        (DAY, "BTC/USDT", 1_000, {"spike": 1}, False),
        (DAY + DAY_NS, "BTC/USDT", 996, {"gap": 1, "crossed": 4}, True),
        (DAY + DAY_NS, "ETH/USDT", 0, {"stale": 1}, True),
    ]
    assert said["days"][1]["share"] == pytest.approx(5 / 996)
    assert said["days"][2]["share"] is None
    assert said["breaches"] == 2


def test_the_report_is_a_page_too(ask, stored, tmp_path):
    answer = ask("data", "feeds", *WHEN, "--page", tmp_path / "page", "--json")
    assert answer.document["page"] == str(tmp_path / "page" / "report.html")
    page = (tmp_path / "page" / "report.html").read_text()
    assert "2 breaches" in page
    assert "crossed 4, gap 1" in page
    assert "tradewind data feeds --start 2026-09-21 --end 2026-09-23 --allowed 0.001" in page
    (tmp_path / "file").write_text("")
    refused = ask("data", "feeds", *WHEN, "--page", tmp_path / "file")
    assert refused.code != 0
    assert str(tmp_path / "file") in refused.err


def test_how_much_is_allowed_can_be_said(ask, stored):
    assert ask("data", "feeds", *WHEN, "--allowed", "0.01", "--json").document["breaches"] == 1


def test_a_person_reads_it_too(ask, stored):
    answer = ask("data", "feeds", *WHEN)
    assert answer.code == 0
    assert "crossed 4, gap 1" in answer.out
    assert "1,996 ticks and quotes, 7 problems, 2 breaches" in answer.out


def test_a_day_without_any_events_says_so(ask, home):
    answer = ask("data", "feeds")
    assert answer.code == 0
    assert "nothing came" in answer.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--start", "2026-09-23", "--end", "2026-09-21"), "1 to 400 days"),
        (("--start", "2020-01-01"), "1 to 400 days"),
        (("--start", "yesterday"), "is not a date"),
        (("--allowed", "2"), "is no share"),
        (("--allowed", "nan"), "is no share"),
    ],
)
def test_what_makes_no_sense_is_refused(ask, home, words, why):
    answer = ask("data", "feeds", *words, "--json")
    assert answer.code == 3
    assert why in answer.error["message"]


def test_the_page_says_nothing_of_backtests_and_who_tells_problems(ask, stored, tmp_path):
    ask("data", "feeds", *WHEN, "--page", tmp_path / "page")
    page = (tmp_path / "page" / "report.html").read_text()
    assert "A backtest is a simulation" not in page
    assert "service quality" in page


def test_where_nothing_came_that_is_said_and_no_problems_are_no_praise(ask, home):
    answer = ask("data", "feeds", *WHEN)
    assert "nothing came" in answer.out
    assert "0 problems" not in answer.out
    assert "tradewind data publish" in answer.err


def test_ticks_without_problems_name_the_service_that_would_have_told_them(ask, home):
    async def work():
        store = bootstrap.open_event_store()
        await store.append([tick(i, time_event=DAY + i) for i in range(3)])
        await store.close()

    asyncio.run(work())
    answer = ask("data", "feeds", *WHEN)
    assert "3 ticks and quotes, 0 problems" in answer.out
    assert "tradewind serve quality" in answer.err


def test_without_days_the_latest_are_shown_on_which_something_came(ask, home):
    """Whoever has just published ticks of years ago is not told that nothing came today."""

    async def stored(days):
        store = bootstrap.open_event_store()
        await store.append([tick(9_000 + day, time_event=DAY + day * DAY_NS) for day in days])
        await store.close()

    def shown(*words):
        said = ask("data", "feeds", *words, "--json").document
        return (said["start"] - DAY) // DAY_NS, (said["end"] - DAY) // DAY_NS, said["received"]

    asyncio.run(stored([-2_000]))
    assert shown() == (-2_000, -1_999, 1)
    asyncio.run(stored([-60, -33, -30, -7]))
    assert shown() == (-33, -6, 3)
    assert shown("--end", "2026-08-01") == (-60, -59, 1)
    asyncio.run(stored([-2]))
    assert shown() == (-30, -1, 3), "31 days at most"
    answer = ask("data", "feeds")
    assert "2026-08-22 to 2026-09-19: 3 ticks and quotes" in answer.out
    assert "tradewind data feeds --start 2026-07-23 --end 2026-08-20" in answer.err, "and what came before it"
    assert "More came before" not in ask("data", "feeds", "--end", "2021-05-01").err


def test_of_another_tenant_not_even_a_count_is_shown(ask, stored):
    before = ask("data", "feeds", "--json").document, ask("data", "feeds", *WHEN, "--json").document

    async def work():
        store = bootstrap.open_event_store()
        theirs = [problem(500 + n, "spike", 1, ticks=9) for n in range(9)]
        later = DAY + 3 * DAY_NS
        theirs += [tick(5_000 + n, time_event=later, time_recorded=later) for n in range(9)]
        await store.append([replace(event, tenant="another") for event in theirs])
        await store.close()

    asyncio.run(work())
    assert (ask("data", "feeds", "--json").document, ask("data", "feeds", *WHEN, "--json").document) == before

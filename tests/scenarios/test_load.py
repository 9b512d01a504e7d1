"""Under load nothing acknowledged is lost, what is too much shows, it comes back, and the memory stays where it is."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import load  # noqa: E402 - the folder of benchmarks is named above
import load_parts  # noqa: E402
import load_stand  # noqa: E402

PATIENCE_S = 240
RESULTS, PAGE = ROOT / "benchmarks" / "results", ROOT / "docs" / "load.md"
BYTES_AN_EVENT_MAX = 100.0
"""Memory is handed out in pieces and some of it is kept for later: a tenth of what one event takes is no leak."""


def stood(folder, work):
    async def run():
        async with asyncio.timeout(PATIENCE_S), load_stand.Stand(folder / "events.db") as stand:
            return await work(stand)

    return asyncio.run(run())


def test_a_ramp_loses_nothing_and_tells_the_latency_at_every_rate(tmp_path):
    found = asyncio.run(asyncio.wait_for(load.ramp(tmp_path, 0.5, (100, 400)), PATIENCE_S))
    steps = [load_stand.Step(**step) for step in found["steps"]]
    assert [step.rate_asked for step in steps] == [100, 400, 4_000, 400]
    assert found["lost"] == 0
    assert found["events"] == 100 + 50 + 200 + 2_000 + 200
    for step in steps:
        assert 0 < step.published_late["p50"] <= step.published_late["max"]
        assert 0 < step.handled_late["p50"] <= step.handled_late["max"]
    assert (steps[0].published_late["p99"], steps[2].published_late["p999"] is None) == (None, False)


def test_ten_times_what_it_can_do_shows_and_is_worked_off_and_then_it_is_as_before(tmp_path):
    async def work(stand):
        # More than any machine can publish, so that what is due cannot be done in time.
        stress = await stand.drive(10_000_000, 0.002)
        await stand.drive(200, 0.5)
        return stress, await stand.lost(), stand.lag, dict(stand.metrics.values)

    stress, lost, lag, values = stood(tmp_path, work)
    assert stress.rate_handled <= stress.rate_published < stress.rate_asked, "it slows down, which shows"
    assert stress.published_late["max"] > 0.002, "the last was due before it was published"
    assert (lost, lag) == (0, 0)
    assert values["messages_published", "price.ticks"] == [20_100]
    assert values["messages_consumed", load_stand.GROUP, "price.ticks"] == [20_100]
    assert values["messages_failed", load_stand.GROUP, "price.ticks"] == [0]


@pytest.mark.parametrize("leak", [False, True])
def test_memory_does_not_grow_with_the_events_and_where_it_did_it_would_be_seen(tmp_path, leak):
    if not Path("/proc/self/statm").exists():
        pytest.skip("the system does not say how much memory a process uses (no /proc)")
    process = [sys.executable, ROOT / "tests" / "scenarios" / "soak_process.py", tmp_path, *(["leak"] if leak else [])]
    done = subprocess.run(process, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    samples = json.loads(done.stdout)
    grew = load.slope(samples[len(samples) // 2 :])
    assert (grew > BYTES_AN_EVENT_MAX) == leak, samples


def test_the_line_through_points_rises_as_they_do():
    assert load.slope([(0, 5), (1, 7), (2, 9)]) == pytest.approx(2)
    assert load.slope([(0, 5), (1, 5), (9, 5)]) == 0
    assert load.slope([(1, 5)]) == 0


def test_a_percentile_of_too_few_is_none():
    some = load_stand.percentiles([0.1] * 99 + [5.0])
    assert some == {"p50": 0.1, "p99": 5.0, "p999": None, "max": 5.0}
    assert load_stand.percentiles([]) == dict.fromkeys(("p50", "p99", "p999", "max"))


def test_every_part_of_the_way_can_be_measured_by_itself(tmp_path):
    async def run():
        async with asyncio.timeout(PATIENCE_S):
            return [await load_parts.processor_us(part, load_parts.TOGETHER, tmp_path) for part in load_parts.PARTS]

    assert all(us > 0 for us in asyncio.run(run()))


@pytest.mark.parametrize(
    ("name", "table"), [("ramp", load.ramp_table), ("soak", load.soak_table), ("parts", load_parts.table)]
)
def test_the_page_holds_what_was_measured(name, table):
    begin, end = (mark.format(name) for mark in load.MARKS)
    published = PAGE.read_text(encoding="utf-8").split(begin)[1].split(end)[0].strip()
    measured = json.loads((RESULTS / load.FILES[name]).read_text(encoding="utf-8"))
    assert published == table(measured).strip()

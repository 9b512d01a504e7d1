"""`tradewind serve` with no server at all: stopped, killed, watched, and fed by another process meanwhile."""

import asyncio
import signal
import urllib.error
import urllib.request

import pytest
from market_stand import quote
from serving_processes import Serve, by_time, in_one_go, stored

from tradewind import bootstrap
from tradewind.core.domain.timeframes import SECOND_NS

ROLES = ("candles", "quality")
BROKEN = 8_000


def published(ask, end="2024-01-15"):
    answer = ask("data", "publish", "BTC/USDT", "--end", end, "--json")
    assert answer.code == 0, answer.err
    return answer.document["events"]


@pytest.fixture
def serving(home):
    """Starts `serve`; whatever is left of it at the end is killed."""
    begun = []

    def start(*words):
        begun.append(Serve(*words))
        return begun[-1]

    yield start
    for one in begun:
        one.kill()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_works_on_what_another_process_publishes_and_ends_in_order(ask, serving, by):
    serve = serving(*ROLES).says("candles: started", "quality: started")
    published(ask, "2024-01-03")
    stored("candle.closed", count=len(in_one_go(stored("price.tick"))))
    serve.process.send_signal(by)
    assert serve.ended() == 0
    said = "".join(serve.lines)
    assert "stopping" in said
    assert "candles: stopped" in said
    made = by_time(event.data for event in stored("candle.closed"))
    assert made == in_one_go(stored("price.tick"))
    told = [(event.data.service, event.data.state) for event in stored("service.changed")]
    assert sorted(told) == sorted((role, state) for role in ROLES for state in ("started", "stopped"))


def test_asked_twice_it_leaves_at_once(serving):
    serve = serving("candles").says("candles: started")
    serve.process.send_signal(signal.SIGINT)
    serve.process.send_signal(signal.SIGTERM)  # another signal, since two of one may become one
    assert serve.ended() in {0, 130}
    assert serve.ended() == 130 or "candles: stopped" in "".join(serve.lines), "it was quicker than the second one"


def test_killed_again_and_again_it_makes_every_candle_once(ask, serving):
    published(ask)
    ticks = stored("price.tick")
    wanted, killed = in_one_go(ticks), 0
    for part in (5, 3, 2):
        serve = serving(*ROLES).says("candles: started")
        stored("candle.closed", count=len(wanted) // part)
        killed += serve.kill()
    assert killed == 3, "each was killed in the middle of its work"
    assert ask("serve", *ROLES, "--until-idle").code == 0
    made = stored("candle.closed")
    assert by_time(event.data for event in made) == wanted
    assert len({event.event_id for event in made}) == len(made)
    causes = {event.event_id: event for event in ticks}
    assert all(event.causation_id is None or event.causation_id in causes for event in made)


def test_killed_again_and_again_it_counts_every_problem_once(home, serving, ask):
    async def come():
        store = bootstrap.open_event_store()
        await store.append([quote(i, i * SECOND_NS, 101.0, 100.0) for i in range(BROKEN)])
        await store.close()

    asyncio.run(come())
    for told in (50, 150, 300):
        serve = serving("quality")
        stored("data.quality", count=told)
        assert serve.kill()
    assert ask("serve", "quality", "--until-idle").code == 0
    told = [event.data for event in stored("data.quality") if event.data.problem == "crossed"]
    assert len(told) > 300
    assert sum(data.ticks for data in told) == BROKEN


def test_it_can_be_watched(serving):
    serve = serving("candles", "--metrics-port", "0").says("metrics: http://127.0.0.1:", "candles: started")
    place = next(line.split("http://")[1].split("/")[0] for line in serve.lines if "http://" in line)
    with urllib.request.urlopen(f"http://{place}/metrics", timeout=30) as page:
        assert 'messages_consumed{group="candles"' in page.read().decode()
    with urllib.request.urlopen(f"http://{place}/healthz", timeout=30) as page:
        assert page.status == 200
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"http://{place}/orders", timeout=30)

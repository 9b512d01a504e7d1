"""Services side by side: who fails begins anew, the others go on, and the end is in order."""

import asyncio

import pytest

from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.trading.supervision import Job, Supervised, run_all


class Work:
    """A service that does as it is told: fail at its beginnings, or run."""

    def __init__(self, fails=None, log=None, name=""):
        self.subscribed, self.caught_up = asyncio.Event(), True
        self._stopping, self._fails, self._log, self._name = asyncio.Event(), fails, log, name

    async def run(self):
        if self._fails is not None and self._fails[0] == "before":
            raise self._fails[1]
        self.subscribed.set()
        await asyncio.sleep(0)
        if self._fails is not None:
            raise self._fails[1]
        await self._stopping.wait()
        if self._log is not None:
            self._log.append(self._name)

    def stop(self):
        self._stopping.set()


def supervised(fails=(), told=None, slept=None, name="work", **given):
    """One that fails so at its beginnings, one after the other, and then runs."""
    ways = iter(fails)

    async def sleep(seconds):
        if slept is not None:
            slept.append(seconds)

    def tell(service, state, reason):
        if told is not None:
            told.append((service, state, reason))

    return Supervised(name, lambda: Job(Work(next(ways, None))), tell, sleep=sleep, **given)


def bounded(work):
    return asyncio.run(asyncio.wait_for(work, 60))


def test_one_that_fails_begins_anew_after_growing_pauses_and_says_so():
    told, slept = [], []
    away = ("after", Unavailable("the store is away"))

    async def work():
        one = supervised([away, away, away], told, slept)
        await run_all([one], asyncio.Event(), idle_s=0.0)
        return one

    one = bounded(work())
    assert slept == [1.0, 2.0, 4.0]
    assert [state for _, state, _ in told] == [
        "started", "impaired", "recovered", "impaired", "recovered", "impaired", "recovered", "stopped",
    ]  # fmt: skip
    assert one.failures == 3
    assert not one.given_up


def test_one_that_fails_too_often_is_given_up_and_the_others_go_on():
    told, slept, stopping = [], [], asyncio.Event()

    async def work():
        bad = supervised([("after", ValueError("a bug"))] * 9, told, slept, "bad", pauses_s=(1.0, 2.0))
        good = supervised(name="good")
        running = asyncio.create_task(run_all([bad, good], stopping))
        while not bad.given_up:
            await asyncio.sleep(0)
        assert good.caught_up
        assert not running.done()
        stopping.set()
        await running

    bounded(work())
    assert slept == [1.0, 2.0]
    assert told[-1] == ("bad", "stopped", "given up after 3 failures: a bug")


def test_a_long_time_without_failure_lets_the_pauses_begin_anew():
    slept, now = [], [0.0]

    def clock():
        now[0] += 400.0
        return now[0]

    async def work():
        away = ("after", Unavailable("away"))
        await run_all([supervised([away] * 5, slept=slept, clock=clock, well_s=300.0)], asyncio.Event(), idle_s=0.0)

    bounded(work())
    assert slept == [1.0] * 5


def test_one_that_cannot_begin_as_it_is_asked_to_ends_all_with_its_reason():
    told = []

    async def work():
        bad = supervised([("before", BadInput("no such topic"))], name="bad")
        await run_all([bad, supervised(told=told, name="good")], asyncio.Event())

    with pytest.raises(BadInput, match="no such topic"):
        bounded(work())
    assert told[-1] == ("good", "stopped", "")


def test_it_stops_in_the_middle_of_a_pause():
    async def work():
        asleep, stopping = asyncio.Event(), asyncio.Event()

        async def for_ever(_seconds):
            asleep.set()
            await asyncio.Event().wait()

        one = Supervised("work", lambda: Job(Work(("before", Unavailable("away")))), lambda *_: None, sleep=for_ever)
        running = asyncio.create_task(run_all([one], stopping))
        await asleep.wait()
        stopping.set()
        await running

    bounded(work())


def test_the_last_ends_after_the_others_have_said_what_they_had_to_say():
    order = []

    async def work():
        def made(name):
            async def finish():
                order.append(f"{name} finishes")

            return Supervised(name, lambda: Job(Work(log=order, name=name), finish=finish), lambda *_: None)

        await run_all([made("recorder"), made("quality")], asyncio.Event(), last=("recorder",), idle_s=0.0)

    bounded(work())
    assert order == ["quality", "quality finishes", "recorder", "recorder finishes"]


def test_what_goes_wrong_when_time_passes_is_a_failure_of_its_service():
    slept = []

    async def work():
        made = iter([True, False])

        def job():
            broken = next(made)

            async def advance(_now_ns):
                if broken:
                    raise ValueError("a bug")

            return Job(Work(), advance=advance)

        async def sleep(seconds):
            slept.append(seconds)

        one = Supervised("work", job, lambda *_: None, sleep=sleep)
        await run_all([one], asyncio.Event(), idle_s=0.3)
        return one.failures

    assert bounded(work()) == 1
    assert slept == [1.0]

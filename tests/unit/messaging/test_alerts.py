"""Alerts: told once when something begins, once when it is over, later where the bus is away, and never too often."""

import asyncio

from event_examples import NOW

from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import Unavailable
from tradewind.messaging.alerts import AGAIN_S, NEWS_MAX, Alerts
from tradewind.messaging.producer import EventProducer, Origin


class Heard:
    """A bus that is away at first."""

    def __init__(self, away=0):
        self.away, self.events = away, []

    async def publish(self, events):
        if self.away:
            self.away -= 1
            raise Unavailable("away")
        self.events += events

    def told(self):
        return [(e.data.service, e.data.state, e.data.reason) for e in self.events]


def made(bus, now):
    producer = EventProducer(bus, Origin("home", "test", "paper"), CountedMetrics(), retries_s=())
    return Alerts(producer, clock=lambda: now[0], clock_ns=lambda: NOW + int(now[0]))


def on(bus, steps):
    """Takes steps and tells after each; the last one also closes."""

    async def run():
        now = [0.0]
        alerts = made(bus, now)
        for step in steps:
            step(alerts, now)
            alerts.tell()
            if alerts._telling is not None:
                await asyncio.wait((alerts._telling,))
        await alerts.close(5.0)

    asyncio.run(asyncio.wait_for(run(), 20))
    return bus.told()


def later(seconds):
    def pass_(_alerts, now):
        now[0] += seconds

    return pass_


def test_a_trouble_is_told_once_and_that_all_is_over_when_the_last_one_is():
    said = on(Heard(), [
        lambda a, _: a.wrong("s", "no commits", "away"), lambda a, _: a.wrong("s", "no commits", "still away"),
        lambda a, _: a.wrong("s", "no events", "away"), lambda a, _: a.wrong("t", "no events", "away"),
        lambda a, _: a.right("s", "no commits"), lambda a, _: a.right("s", "no events"),
        lambda a, _: a.right("s", "no events"),
    ])  # fmt: skip
    assert said == [
        ("s", "impaired", "no commits: away"), ("s", "impaired", "no events: away"),
        ("t", "impaired", "no events: away"), ("s", "recovered", "no events is over"),
    ]  # fmt: skip


def test_what_a_bus_that_is_away_cannot_hear_it_hears_later_with_the_time_when_it_was():
    bus = Heard(away=2)
    said = on(bus, [lambda a, _: a.wrong("s", "x", "y"), later(30), lambda a, _: a.right("s", "x")])
    assert [state for _, state, _ in said] == ["impaired", "recovered"]
    assert [e.time_event - NOW for e in bus.events] == [0, 30]


def test_what_is_told_again_because_nobody_knew_whether_it_was_heard_is_the_same_event():
    class Mumbling(Heard):
        """Hears, and says at first that it may not have heard."""

        async def publish(self, events):
            self.events += events
            if len(self.events) < 3:
                raise Unavailable("it is not known")

    bus = Mumbling()
    on(bus, [lambda a, _: a.wrong("s", "x", "y"), later(1), later(1), later(1)])
    assert len(bus.events) == 3
    assert len({e.event_id for e in bus.events}) == 1


def test_news_that_can_be_no_event_hold_nobody_up(caplog):
    bus = Heard()
    said = on(bus, [lambda a, _: a.wrong("two\nlines", "x", "y"), lambda a, _: a.wrong("s", "x", "y")])
    assert said == [("s", "impaired", "x: y")]
    assert "cannot be told" in caplog.text


def test_of_much_that_happens_the_first_is_told_and_then_how_much_it_was():
    again = lambda a, _: a.happened("s", "a letter")  # noqa: E731
    said = on(Heard(), [again, again, again, later(AGAIN_S), again])
    assert [reason for _, _, reason in said] == ["a letter", "2 times, the last: a letter", "a letter"]


def test_news_that_nobody_hears_take_no_more_room_than_they_may():
    bus = Heard(away=10**9)
    on(bus, [lambda a, _: [a._add("s", "impaired", f"{i} \ud800") for i in range(10 * NEWS_MAX)] and None])
    assert bus.events == []

"""Everything may break, also two things at once: what was acknowledged is there, once, and somebody was told.

The short form of `make chaos`; and the judge is judged: whatever is wrong, it sees.
"""

import asyncio
import random
from dataclasses import replace

import pytest
import yaml
from account_examples import trade, view_of
from event_examples import NOW, tick
from hypothesis import given
from hypothesis import strategies as st
from tests.chaos.faults import FAULTS
from tests.chaos.storm import Watched, storm
from tests.chaos.storm import _drawn as drawn
from tests.chaos.verdict import Found, problems, rebuilt

from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.trading.portfolio_keys import Account

SEED = 20_261
PATIENCE_S = 1_800
MINUTE_NS = 60 * 10**9
ALICE, BOB = (Account("home", "paper", name) for name in ("alice", "bob"))
TRADES = (trade(1, "alice"), trade(2, "bob"), trade(3, "alice"))
WELL = Found(TRADES, {ALICE: view_of([TRADES[0], TRADES[2]]), BOB: view_of([TRADES[1]])})
LETTER = EVENT_TYPES["event.dead"].payload("price.ticks", 0, 1, "g", "x", 6, "{}")
PUT_ASIDE = trade(9, type="event.dead", data=LETTER)
IDS = [event.event_id for event in TRADES]


@pytest.mark.slow
def test_a_storm_of_faults_loses_nothing_counts_nothing_twice_and_is_told_of():
    lines = []
    said = asyncio.run(asyncio.wait_for(storm(SEED, 0, lines.append), PATIENCE_S))
    assert not said, "\n".join([*lines, *said])
    struck = "\n".join(lines)
    assert all(name in struck for name in FAULTS), "each fault struck once at least"


@given(st.integers(0, 10_000))
def test_every_fault_strikes_before_others_strike_again_and_never_two_of_one_thing(seed):
    draw = random.Random(seed)
    rest = list(FAULTS)
    draw.shuffle(rest)
    struck = []
    while rest:
        names = drawn(draw, rest)
        assert len({FAULTS[name].of for name in names}) == len(names)
        struck += names
    assert set(struck) == set(FAULTS)
    assert len(struck) <= len(FAULTS) + 1, "only the last may have one beside it that was there before"
    assert 1 <= len(drawn(draw, rest)) <= 2


def test_where_all_is_well_nothing_is_said():
    assert problems(IDS, WELL, {"StoreAway"}, {"StoreAway", "ProcessGone"}) == []
    assert problems(IDS[:1], WELL) == [], "what was not acknowledged may be there"


@pytest.mark.parametrize(
    ("acknowledged", "found", "wanted", "words"),
    [
        ([*IDS, "gone"], WELL, (), "1 of 4 acknowledged events are lost, the first gone"),
        (IDS, Found((*TRADES, TRADES[0]), WELL.kept), (), f"1 events are stored twice, the first {IDS[0]}"),
        (IDS, Found((*TRADES, PUT_ASIDE), WELL.kept), (), "1 events were put aside"),
        (IDS, replace(WELL, kept={ALICE: WELL.kept[ALICE]}), (), "bob is not kept"),
        (IDS, replace(WELL, kept={**WELL.kept, BOB: None}), (), "bob is not kept"),
        (IDS, replace(WELL, kept={**WELL.kept, BOB: view_of([])}), (), "bob is kept as"),
        (IDS, replace(WELL, kept={**WELL.kept, ALICE: view_of([TRADES[0]])}), (), "alice is kept as"),
        ([], Found((), {BOB: WELL.kept[BOB]}), (), "bob is kept and has no events"),
        (IDS, WELL, ("StoreAway",), "nobody was told by StoreAway"),
    ],
)
def test_whatever_is_wrong_is_seen(acknowledged, found, wanted, words):
    (said,) = problems(acknowledged, found, wanted, ())
    assert said.startswith(words)


def candle(number, ticks):
    """A minute's candle of the ticks that `tick` makes, as it is stored."""
    kind = EVENT_TYPES["candle.closed"]
    minute = NOW // MINUTE_NS * MINUTE_NS
    data = kind.payload("BTC/USDT", "1m", minute, 100.0, 101.0, 99.0, 100.0, 3.0, ticks)
    return tick(number, type=kind.name, version=kind.version, data=data)


def test_a_candle_that_stands_there_twice_or_counts_a_tick_twice_is_seen_and_a_late_tick_is_no_fault():
    ticks = tuple(tick(number) for number in range(3))
    assert problems([], Found((*ticks, candle(8, 3)))) == []
    assert problems([], Found((*ticks, candle(8, 2)))) == []
    (said,) = problems([], Found((*ticks, candle(8, 4))))
    assert "counts 4 ticks of 3" in said
    (said,) = problems([], Found((*ticks, candle(8, 3), candle(9, 3))))
    assert "stands there 2 times" in said


def test_an_event_that_was_applied_twice_is_seen_as_a_state_that_is_not_the_events():
    twice = view_of([TRADES[1], replaced(TRADES[1], 9)])
    assert problems(IDS, replace(WELL, kept={**WELL.kept, BOB: twice}))
    assert rebuilt((*TRADES, *TRADES)) == WELL.kept, "the rebuild counts each event once"


def replaced(event, number):
    """The same trade under other names, so that a fold does not know it again."""
    return trade(number, event.token)


def test_an_alert_is_seen_when_its_rule_would_see_it_and_not_before():
    watched = Watched()
    up = {"insert_errors": 0.0, "cache_ready": 1.0}
    watched.look([None, up], 3)
    watched.look([{"insert_errors": 0.0, "cache_ready": 0.0}, up], 3)
    assert watched.alerts == set(), "what has not come up yet is not gone, and what was not ready is not degraded"
    watched.look([up, None], 3)
    assert watched.alerts == {"ProcessGone"}
    watched.look([up | {"cache_ready": 0.0}, up | {"insert_errors": 1.0}], 2)
    assert watched.alerts == {"ProcessGone", "CacheDegraded", "StoreAway", "KafkaBrokerDown"}


def test_the_alerts_that_are_waited_for_are_rules():
    from pathlib import Path

    rules = yaml.safe_load((Path(__file__).parents[2] / "deploy/prometheus/rules.yml").read_text(encoding="utf-8"))
    names = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert {fault.alert for fault in FAULTS.values()} - {""} <= names

"""New risk is taken only while everything holds; what closes or reduces always may."""

import asyncio
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.added_risk import adds_risk
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.holdings import Holding, moved
from tradewind.trading.cache_health import CacheHealth
from tradewind.trading.new_risk import NewRisk, cache_condition

LONG = {"BTC/USDT:USDT": Holding(D(2), D(200))}
SHORT = {"BTC/USDT:USDT": Holding(D(-2), D(-200))}
HEDGED = {"BTC/USDT:USDT long": Holding(D(2), D(200)), "BTC/USDT:USDT short": Holding(D(-1), D(-100))}


@pytest.mark.parametrize(
    ("positions", "side", "size", "more", "adds"),
    [
        ({}, "buy", 1, {}, True),
        ({}, "sell", 1, {}, True),
        (LONG, "buy", 1, {}, True),
        (LONG, "sell", 2, {}, False),
        (LONG, "sell", "2.001", {}, True),
        (LONG, "sell", 2, {"waiting": D(1)}, True),
        (LONG, "sell", 1, {"waiting": D(1)}, False),
        (SHORT, "buy", 2, {}, False),
        (SHORT, "sell", 1, {}, True),
        (HEDGED, "sell", 2, {"leg": "long"}, False),
        (HEDGED, "sell", 2, {"leg": "short"}, True),
        (HEDGED, "buy", 1, {"leg": "short"}, False),
        (HEDGED, "sell", 1, {}, True),
    ],
)
def test_an_order_adds_risk_unless_it_is_sure_to_only_close(positions, side, size, more, adds):
    assert adds_risk(positions, "BTC/USDT:USDT", side, D(size), **more) is adds


@given(
    held=st.decimals(-9, 9, places=2).filter(bool), side=st.sampled_from(["buy", "sell"]),
    sizes=st.lists(st.decimals(D("0.01"), 9, places=2), min_size=1, max_size=5),
)  # fmt: skip
def test_orders_that_pass_as_no_risk_leave_no_more_than_was_held_on_the_same_side(held, side, sizes):
    """Whatever of them is filled: here all of it."""
    positions, waiting, holding = {"X/Y": Holding(held, held)}, D(0), Holding(held, held)
    for size in sizes:
        if not adds_risk(positions, "X/Y", side, size, waiting=waiting):
            waiting += size
            holding, _ = moved(holding, size if side == "buy" else -size, D(1))
    assert abs(holding.size) <= abs(held)
    assert holding.size * held >= 0


@pytest.mark.parametrize(("size", "waiting"), [("0", "0"), ("-1", "0"), ("NaN", "0"), ("1", "-1"), ("1", "Infinity")])
def test_what_is_no_size_passes_no_gate(size, waiting):
    with pytest.raises(BadInput, match="is none"):
        adds_risk(LONG, "BTC/USDT:USDT", "sell", D(size), waiting=D(waiting))


def test_while_the_cache_is_away_only_orders_that_close_pass_and_the_reason_is_said():
    health = CacheHealth(CountedMetrics())
    gate = NewRisk({"the cache": cache_condition(health), "the venue": lambda: None})
    order = (LONG, "BTC/USDT:USDT")
    with pytest.raises(
        Unavailable, match=r"buy 1 BTC/USDT:USDT: no new risk.*the cache: it is away: it was not looked"
    ):
        gate.check(*order, "buy", D(1))
    gate.check(*order, "sell", D(2))
    with pytest.raises(Unavailable, match=r"no new risk"):
        gate.check(*order, "sell", D(3))
    health.found()
    with pytest.raises(Unavailable, match="rebuilding"):
        gate.check(*order, "buy", D(1))
    health.rebuilt()
    gate.check(*order, "buy", D(1))
    assert gate.problems() == {}
    health.lost("nobody answers")
    assert gate.problems() == {"the cache": "it is away: nobody answers"}


def test_a_condition_that_breaks_lets_no_risk_through_and_all_reasons_are_said():
    def broken():
        raise asyncio.QueueFull("bug")

    gate = NewRisk({"the limits": broken, "the venue": lambda: "its socket is silent"})
    with pytest.raises(Unavailable, match=r"the limits: it cannot be asked: QueueFull\('bug'\); the venue: its socket"):
        gate.check({}, "BTC/USDT", "buy", D(1))

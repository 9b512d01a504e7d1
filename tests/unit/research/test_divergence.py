"""A session beside its backtest: what is paired with what, what a difference costs, and what is its cause."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.domain.records import DECISION, FILL
from tradewind.research.divergence import compare
from tradewind.research.pairing import Cause, Side, pair_decisions
from tradewind.research.reports.divergence_words import beside

STEP = 60_000_000_000
NAN = float("nan")


def decision(bar, order, side=1, size=1.0, limit=NAN, late=0, action=1):
    kind = 1 if np.isnan(limit) else 2
    return (bar * STEP + late, order, 0, action, side, kind, 0, size, limit, NAN, NAN, NAN, NAN, 0)


def fill(bar, order, side=1, size=1.0, price=100.0, fee=0.05, reason=0):
    row = np.zeros((), FILL)
    row["time"], row["order"], row["side"], row["size"] = bar * STEP, order, side, size
    row["price"], row["fee"], row["reason"] = price, fee, reason
    return row


def side_of(decisions, fills, ends=None, equity=(1_000.0, 1_000.0), wait=0):
    return Side(
        np.array(decisions, DECISION), np.array([tuple(f.tolist()) for f in fills], FILL), ends or {},
        np.arange(1, len(equity) + 1) * STEP, np.array(equity), wait,
    )  # fmt: skip


rows = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from([1, -1]), st.sampled_from([1.0, 2.0]), st.sampled_from([1, 2])),
    max_size=25,
).map(sorted)


def decided(drawn):
    return side_of([decision(bar, n + 1, side, size, action=a) for n, (bar, side, size, a) in enumerate(drawn)], [])


@settings(max_examples=100, deadline=None)
@given(rows, rows)
def test_every_decision_of_either_side_is_told_of_once_and_in_order(mine, theirs):
    here, there = decided(mine), decided(theirs)
    pairs = pair_decisions(here, there, STEP)
    assert sorted(p.here for p in pairs if p.here is not None) == list(range(len(mine)))
    assert sorted(p.there for p in pairs if p.there is not None) == list(range(len(theirs)))
    for pair in pairs:
        if pair.here is not None and pair.there is not None:
            a, b = here.decisions[pair.here], there.decisions[pair.there]
            assert abs(int(a["time"]) - int(b["time"])) <= STEP
            assert (a["side"], a["action"], a["kind"]) == (b["side"], b["action"], b["kind"])
            assert pair.same == (a["time"] == b["time"] and a["size"] == b["size"])
    times = [int((here if p.here is not None else there).decisions["time"][p.here if p.here is not None else p.there])
             for p in pairs]  # fmt: skip
    assert times == sorted(times)


@settings(max_examples=50, deadline=None)
@given(rows)
def test_a_side_beside_itself_is_identical_and_costs_nothing(drawn):
    made = [decision(bar, n + 1, side, size, action=a) for n, (bar, side, size, a) in enumerate(drawn)]
    filled = [fill(d[0] // STEP, d[1], d[4], d[7]) for d in made if d[3] == 1]
    found = compare(side_of(made, filled), side_of(made, filled), STEP)
    assert found.identical
    assert found.same == len(made)
    assert found.causes() == {}
    assert (found.price_cost, found.fee_cost, found.unexplained) == (0.0, 0.0, 0.0)
    assert found.slippage == (0.0 if filled else None)


def test_a_dearer_purchase_and_a_cheaper_sale_both_cost():
    asked = [decision(1, 1), decision(3, 2, side=-1)]
    here = side_of(asked, [fill(1, 1, price=101.0, fee=0.06), fill(3, 2, -1, price=109.0)], equity=(1_000.0, 1_007.0))
    there = side_of(asked, [fill(1, 1, price=100.0), fill(3, 2, -1, price=110.0)], equity=(1_000.0, 1_010.0))
    found = compare(here, there, STEP)
    assert found.identical
    assert [trade.cause for trade in found.trades] == [Cause.PRICE, Cause.PRICE]
    assert found.price_cost == pytest.approx(2.0)
    assert found.fee_cost == pytest.approx(0.01)
    assert found.slippage == pytest.approx(2.0 / 210.0)
    assert found.equity_here - found.equity_there == pytest.approx(
        found.unexplained - found.price_cost - found.fee_cost
    )


ASKED = [decision(1, 1), decision(2, 2, side=-1), decision(6, 3)]
WHOLE = [fill(1, 1), fill(2, 2, -1), fill(6, 3)]


@pytest.mark.parametrize(
    ("fills", "ends", "cause"),
    [
        ([WHOLE[0], WHOLE[2]], {2: "turned down: the venue is busy"}, Cause.REFUSED),
        ([WHOLE[0], WHOLE[2]], {2: "cancelled: the strategy cancelled it"}, Cause.UNFILLED),
        ([WHOLE[0], WHOLE[2]], {}, Cause.UNFILLED),
        ([WHOLE[0], fill(2, 2, -1, size=0.4), WHOLE[2]], {2: "cancelled"}, Cause.PARTIAL),
        ([WHOLE[0], fill(3, 2, -1), WHOLE[2]], {}, Cause.LATE),
        ([WHOLE[0], fill(2, 2, -1, size=0.9), WHOLE[2]], {}, Cause.SIZE),
        ([WHOLE[0], fill(2, 2, -1, price=99.0), WHOLE[2]], {}, Cause.PRICE),
    ],
)
def test_each_way_in_which_an_order_can_trade_otherwise_is_told_apart(fills, ends, cause):
    found = compare(side_of(ASKED, fills, ends), side_of(ASKED, WHOLE), STEP)
    assert found.identical
    assert {c: n for c, (n, _) in found.causes().items()} == {cause: 1}


def test_of_what_went_otherwise_before_the_first_other_decision_the_gravest_is_its_cause():
    refused = {2: "turned down: the venue is busy"}
    here = side_of(ASKED[:2], [fill(1, 1, price=100.5)], refused)
    there = side_of(ASKED, WHOLE)
    found = compare(here, there, STEP)
    assert not found.identical
    assert (found.first.here, found.first.there) == (None, 2)
    assert found.why.cause is Cause.REFUSED
    assert found.why.words == "turned down: the venue is busy"
    assert (found.same, found.only_there) == (2, 1)


def test_what_happened_after_the_first_other_decision_is_not_its_cause():
    here = side_of([decision(1, 1, size=2.0), *ASKED[1:]], [fill(1, 1, size=2.0), WHOLE[1]], {3: "turned down"})
    found = compare(here, side_of(ASKED, WHOLE), STEP)
    assert found.first.differs == ("size",)
    assert found.why is None
    late = compare(side_of([decision(1, 1, size=2.0)], [fill(9, 1, size=2.0)]), side_of(ASKED, WHOLE), STEP)
    assert late.why is None


def test_a_decision_between_two_bars_is_marked_and_a_bars_wait_is_not_taken_for_one():
    here = side_of([decision(1, 1, late=5), decision(2, 2, side=-1)], [])
    marked = pair_decisions(here, side_of(ASKED, WHOLE), STEP)
    assert [pair.between for pair in marked if pair.here is not None] == [True, False]
    waited = side_of([decision(1, 1, late=5), decision(2, 2, side=-1, late=5)], [], wait=5)
    assert not any(pair.between for pair in pair_decisions(waited, side_of(ASKED, WHOLE), STEP))
    assert sum(pair.same for pair in pair_decisions(waited, side_of(ASKED, WHOLE), STEP)) == 2


def test_stops_of_both_sides_belong_together_when_they_are_near():
    stop = 1  # FillReason.STOP_LOSS
    here = side_of(ASKED[:1], [WHOLE[0], fill(4, 9, -1, price=98.0, reason=stop)])
    there = side_of(ASKED[:1], [WHOLE[0], fill(4, 5, -1, price=99.0, reason=stop), fill(20, 7, -1, reason=stop)])
    found = compare(here, there, STEP)
    paired = [t for t in found.trades if t.here is not None and t.there is not None]
    assert [(t.here.order, t.there.order, t.cost) for t in paired] == [(1, 1, 0.0), (9, 5, 1.0)]
    assert [(t.there.order, t.cause) for t in found.trades if t.here is None] == [(7, Cause.UNFILLED)]


def test_nothing_beside_nothing_has_no_figures():
    found = compare(side_of([], []), side_of([], []), STEP)
    assert found.identical
    assert found.slippage is None
    assert found.pairs == ()


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (0.5, "worse than in the backtest"),
        (-0.5, "better than in the backtest"),
        (0.0, "as in the backtest"),
        (None, "nothing was traded by both"),
    ],
)
def test_a_difference_is_told_in_words_and_not_by_a_sign(difference, words):
    assert beside(difference, "worse", "better") == words

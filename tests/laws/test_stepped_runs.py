"""A run in steps is the run; whatever its owner pays, takes and resizes, both engines and the exact ledger agree."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from engine_examples import CACHE, RUNS, SEEDS, assert_same, interpreted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradewind.core.domain.ledger import EXACT, TOLERANCE, Ledger, exact, fold
from tradewind.core.engine.stepwise import SteppedRun

LAW = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SHARES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5)


def stops(data, shares):
    first, end = int(data.time[0]), int(data.time[-1]) + data.step
    return sorted(first + int((end - first) * share) for share in shares)


def stepped(example, engine, moves=()):
    """The run, with `moves` of (moment, share of what may leave or of the cash, change of positions); and the flows."""
    make, data, instruments, rules = example
    one = SteppedRun(make, data, instruments, rules, rules.cash, engine, CACHE)
    paid = []
    for moment, share, change in moves:
        one.advance(moment)
        amount = share * (one.can_leave if share < 0.0 else rules.cash)
        worth = one.worth
        one.move(amount, change)
        assert one.worth == pytest.approx(worth + amount, rel=1e-9, abs=1e-6), "moving cash makes nobody richer"
        paid.append(amount)
    one.advance(one.ends_ns)
    return one.finish(), paid


@given(RUNS, SHARES)
@settings(LAW)
def test_a_run_in_steps_is_the_run(example, shares):
    moves = [(moment, 0.0, 0.0) for moment in stops(example[1], shares)]
    assert_same(stepped(example, "interpreted", moves)[0], interpreted(*example))


@given(RUNS, SHARES, SEEDS)
@settings(LAW)
def test_whatever_is_paid_and_resized_both_engines_and_the_ledger_agree(example, shares, seed):
    make, data, instruments, rules = example
    example = (make, data, instruments, replace(rules, close_at_end=False))
    rng = np.random.default_rng(seed)
    moves = [(t, float(rng.uniform(-1, 0.5)), float(rng.choice([0, -1, -0.4, 0.3]))) for t in stops(data, shares)]
    one, paid = stepped(example, "interpreted", moves)
    other, again = stepped(example, "compiled", moves)
    assert_same(one, other)
    assert paid == again
    spot = frozenset(i for i, instrument in enumerate(instruments) if instrument.kind == "spot")
    ledger = fold(Ledger(exact(rules.cash)), one.fills, spot)
    owed = ledger.cash
    for amount in paid:
        owed = EXACT.add(owed, exact(amount))
    for payment in one.fundings:
        owed = EXACT.subtract(owed, exact(payment["paid"]))
    moved = float(ledger.turnover) + rules.cash * (1 + len(paid))
    assert abs(float(owed) - one.cash) <= TOLERANCE * moved + float(Decimal("1e-9"))

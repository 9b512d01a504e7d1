"""The command of a kept run says all that was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.errors import Corrupt
from tradewind.core.engine.rules import MarketRules
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.kept_runs import request_of

WORDS = st.text("abc/_.:- '\"=\u00e4", min_size=1, max_size=9).filter(lambda w: not w.startswith("-") and w.strip())
SECONDS = st.integers(0, 2_000_000_000).map(lambda s: s * 10**9)
SHARES = st.floats(1e-6, 5.0)
RULES = st.builds(
    MarketRules,
    cash=st.floats(1.0, 1e9),
    leverage=st.floats(1.0, 20.0),
    margin=st.sampled_from(["cross", "isolated"]),
    hedging=st.booleans(),
    funding=st.booleans(),
    close_at_end=st.booleans(),
    liquidation=st.booleans(),
    slippage=st.sampled_from(["none", "fixed"]),
    slippage_amount=st.none() | st.floats(1e-6, 0.1),
    latency_bars=st.integers(0, 3),
    latency_ms=st.floats(0.0, 1e4),
    orders_max=st.integers(1, 500),
)


@given(
    request=st.builds(
        BacktestRequest,
        strategy=WORDS,
        symbols=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
        timeframe=st.sampled_from(["1m", "4h"]),
        start_ns=st.none() | SECONDS,
        end_ns=st.none() | SECONDS,
        parameters=st.dictionaries(st.sampled_from(["fast", "slow"]), st.integers(1, 99).map(str)),
        rules=RULES,
        instrument=st.dictionaries(st.sampled_from(["fee", "tick", "lot"]), st.sampled_from(["0.0005", "-0.1"]))
        | st.just({"fee_in_base": True}),
        engine=st.sampled_from(["auto", "compiled"]),
    )
)
def test_the_request_of_a_command_is_the_one_it_was_written_from(request: BacktestRequest) -> None:
    assert request_of(command_of(request)) == request


@pytest.mark.parametrize("command", ["", "tradewind", "tradewind optimize sma_cross", "rm -rf x", "tradewind backtest"])
def test_a_line_that_makes_no_backtest_is_refused(command: str) -> None:
    with pytest.raises(Corrupt, match="this makes no backtest again"):
        request_of(command)

"""What holds for every bundled strategy, on seeded markets and on real ones."""

import inspect
import math
from dataclasses import replace

import bundled_markets as markets
import numpy as np
import pytest

from tradewind import MarketRules, Strategy, instrument_for
from tradewind.core.engine.run import run
from tradewind.core.strategy.bundled import STRATEGIES

NAMES = tuple(STRATEGIES)
REALISMS = {
    "plain": MarketRules(),
    "leverage and isolated margin": MarketRules(leverage=3.0, margin="isolated"),
    "hedging": MarketRules(hedging=True, leverage=2.0),
    "latency": MarketRules(latency_bars=2, latency_ms=500.0),
    "slippage by volatility": MarketRules(slippage="volatility", slippage_amount=0.1),
}
THIN = MarketRules(participation=0.0005, slippage="volume", slippage_amount=0.01, cash=1e6)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Compiled code for all tests here: each strategy is compiled once."""
    return tmp_path_factory.mktemp("kernels")


def given_for_real(name):
    return {"enter_percent": -0.5} if name == "funding_carry" else {}


def same(one, other):
    assert one.decision_hash == other.decision_hash
    assert one.fills.tobytes() == other.fills.tobytes()
    assert (one.cash, one.equity, one.refusals) == (other.cash, other.equity, other.refusals)


@pytest.mark.parametrize("name", NAMES)
def test_it_compiles_and_compiled_it_is_the_interpreted_strategy_bit_for_bit(name, cache):
    data, instruments = markets.market(markets.seeded(markets.symbols_of(name)))
    interpreted = run(STRATEGIES[name], data, instruments, MarketRules(), "interpreted")
    compiled = run(STRATEGIES[name], data, instruments, MarketRules(), "auto", cache)
    assert (compiled.engine, compiled.why_interpreted) == ("compiled", None)
    assert len(interpreted.fills) > 0
    same(interpreted, compiled)


@pytest.mark.parametrize("name", NAMES)
def test_on_real_bars_both_engines_take_the_same_decisions_and_nothing_is_refused(name, cache):
    data, instruments = markets.market(markets.real(name))
    make = markets.maker(name, **given_for_real(name))
    interpreted = run(make, data, instruments, MarketRules(), "interpreted")
    compiled = run(make, data, instruments, MarketRules(), "compiled", cache)
    assert len(interpreted.fills) > 0
    assert interpreted.refusals == ()
    same(interpreted, compiled)


@pytest.mark.parametrize("realism", REALISMS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_refused_in_normal_use(name, realism):
    rules = REALISMS[realism]
    if name == "funding_carry" and (rules.leverage != 1.0 or rules.hedging):
        pytest.skip("spot has no leverage and nothing to hedge")
    data, instruments = markets.market(markets.seeded(markets.symbols_of(name)))
    result = run(STRATEGIES[name], data, instruments, rules, "interpreted")
    assert result.refusals == ()
    assert not result.bankrupt


@pytest.mark.parametrize("name", [n for n in NAMES if n != "pairs_zscore"])
def test_on_spot_with_ticks_lots_and_fees_in_base_nothing_is_refused_and_nothing_is_sold_short(name):
    columns = markets.seeded(markets.SYMBOLS.get(name, (markets.SPOT,)))
    instruments = [markets.spot_with_lots() if c.symbol == markets.SPOT else instrument_for(c.symbol) for c in columns]
    result = run(STRATEGIES[name], markets.merge(columns, markets.HOUR), instruments, MarketRules(), "interpreted")
    spot = result.fills[result.fills["symbol"] == 0]
    assert len(spot) > 0
    assert (spot["leg"] == 1).all()
    assert result.refusals == ()


@pytest.mark.parametrize("name", [n for n in NAMES if n not in markets.SYMBOLS])
def test_on_years_of_real_spot_with_its_gaps_nothing_is_refused(name):
    columns = [markets.real_spot()]
    result = run(
        STRATEGIES[name], markets.merge(columns, markets.HOUR), [markets.spot_with_lots()], MarketRules(), "interpreted"
    )
    assert len(result.fills) > 0
    assert result.refusals == ()


@pytest.mark.parametrize("name", NAMES)
def test_in_a_thin_market_orders_fill_in_parts_and_the_engines_still_agree(name, cache):
    data, instruments = markets.market(markets.seeded(markets.symbols_of(name), bars=1_500))
    interpreted = run(STRATEGIES[name], data, instruments, THIN, "interpreted")
    same(interpreted, run(STRATEGIES[name], data, instruments, THIN, "compiled", cache))


@pytest.mark.parametrize("share", [0.37, 0.62, 0.9])
@pytest.mark.parametrize("name", NAMES)
def test_without_the_future_the_past_is_the_same(name, share):
    columns = markets.seeded(markets.symbols_of(name), bars=2_000)
    cut = int(columns[0].time[int(share * 2_000)])
    rules = MarketRules(close_at_end=False)
    data, instruments = markets.market(columns)
    whole = run(STRATEGIES[name], data, instruments, rules, "interpreted")
    data, instruments = markets.market(markets.shortened(columns, cut))
    part = run(STRATEGIES[name], data, instruments, rules, "interpreted")
    assert len(whole.decisions) > 0
    before = whole.decisions[whole.decisions["time"] <= cut]
    assert part.decisions.tobytes() == before.tobytes()
    assert part.fills.tobytes() == whole.fills[: len(part.fills)].tobytes()


@pytest.mark.parametrize("end", ["low", "high"])
@pytest.mark.parametrize("name", NAMES)
def test_at_both_ends_of_every_parameter_it_runs(name, end):
    declared = STRATEGIES[name].parameters
    given = {
        parameter: (end == "high") if isinstance(p.default, bool) else getattr(p, end)
        for parameter, p in declared.items()
    }
    data, instruments = markets.market(markets.seeded(markets.symbols_of(name), bars=2_500))
    result = run(markets.maker(name, **given), data, instruments, MarketRules(), "interpreted")
    assert math.isfinite(result.equity)
    assert not result.bankrupt


def flat(symbol, bars=400, volume=0.0):
    time = np.arange(bars, dtype=np.int64) * markets.HOUR
    price = np.full(bars, 100.0)
    return markets.SymbolData(symbol, time, price, price, price, price, np.full(bars, volume))


@pytest.mark.parametrize("name", NAMES)
def test_a_market_that_never_moves_breaks_nothing(name):
    columns = [flat(symbol) for symbol in markets.symbols_of(name)]
    data, instruments = markets.market(columns)
    result = run(STRATEGIES[name], data, instruments, MarketRules(), "interpreted")
    assert math.isfinite(result.equity)
    assert result.refusals == ()


@pytest.mark.parametrize("name", sorted(markets.SYMBOLS))
def test_with_bars_missing_from_one_symbol_both_engines_go_on_alike(name, cache):
    columns = markets.seeded(markets.symbols_of(name), bars=1_500)
    kept = np.ones(1_500, bool)
    kept[::7] = False
    kept[600:640] = False
    cut = {field: getattr(columns[1], field)[kept] for field in ("time", "open", "high", "low", "close", "volume")}
    data, instruments = markets.market([columns[0], replace(columns[1], **cut)])
    interpreted = run(STRATEGIES[name], data, instruments, MarketRules(), "interpreted")
    assert interpreted.refusals == ()
    same(interpreted, run(STRATEGIES[name], data, instruments, MarketRules(), "compiled", cache))


@pytest.mark.parametrize("name", NAMES)
def test_it_says_in_words_what_it_does_and_every_parameter_has_a_range_and_an_explanation(name):
    strategy = STRATEGIES[name]
    assert len(inspect.getdoc(strategy).split()) >= 25
    assert inspect.getdoc(strategy) != inspect.getdoc(Strategy)
    for parameter in strategy.parameters.values():
        assert parameter.help, parameter.name
        if not isinstance(parameter.default, bool):
            assert parameter.low <= parameter.default <= parameter.high, parameter.name


def test_they_are_known_by_the_name_of_their_file():
    assert set(NAMES) == {
        "sma_cross", "ema_triple", "macd_trend", "supertrend_follower", "donchian_breakout", "bollinger_breakout",
        "bollinger_reversion", "rsi_mean_reversion", "stochastic_momentum", "order_block_retest", "liquidity_sweep",
        "grid", "dca", "pairs_zscore", "funding_carry",
    }  # fmt: skip
    assert [STRATEGIES[n].__module__.rpartition(".")[2] for n in NAMES] == list(NAMES)

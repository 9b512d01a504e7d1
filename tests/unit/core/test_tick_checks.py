"""Live data: a corpus of bad ticks that are all found, and clean markets in which nothing is."""

import gzip
import json
from collections import Counter
from itertools import islice
from math import exp, inf, nan
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tradewind.core.domain.candle_building import CandleBuilder
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import Quote, Tick
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.tick_checks import TickChecks, TickRules
from tradewind.core.domain.timeframes import SECOND_NS, UNITS_NS
from tradewind.operations.rehearsal import ticks_of
from tradewind.trading.feed_days import LEAST

START = 1_790_000_000_000_000_000
LATENCY = 30_000_000
DATA = Path(__file__).parents[3].parent / "shared" / "data"
RECORDING = DATA / "l2_raw_binance" / "usdm_btcusdt_20240808.gz"


def trade(price=100.0, size=1.0, trade_id=None):
    return Tick(symbol="BTC/USDT", price=price, size=size, trade_id=trade_id)


def quote(bid=99.9, ask=100.1, bid_size=1.0, ask_size=1.0):
    return Quote(symbol="BTC/USDT", bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)


def market(rows, seed, volatility=1e-4, every_s=1.0):
    """A plausible stretch: (happened, received, tick), times rising, prices a random walk with fat tails."""
    chance = np.random.default_rng(seed)
    times = START + np.cumsum(chance.exponential(every_s * SECOND_NS, rows).astype(np.int64))
    prices = 100.0 * np.exp(np.cumsum(volatility * chance.standard_t(4, rows)))
    for number, (time, price) in enumerate(zip(times.tolist(), prices.tolist(), strict=True)):
        received = time + int(chance.integers(0, LATENCY))
        yield time, received, trade(price, float(chance.exponential(1.0)) + 1e-6, f"t{number}")


def settled(rules=None):
    """Checks that have seen a minute of an ordinary market; and the last times."""
    checks = TickChecks(rules or TickRules())
    for time, received, tick in market(60, seed=1):
        assert checks.tick(time, received, tick) == []
    return checks, time, received, tick.price


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("volatility", [1e-5, 1e-4, 1e-3])
def test_a_clean_market_has_no_problems(seed, volatility):
    checks = TickChecks()
    found = [p for time, received, tick in market(1_000, seed, volatility) for p in checks.tick(time, received, tick)]
    assert found == []


def test_clean_quotes_locked_ones_too_have_no_problems():
    checks = TickChecks()
    for i in range(50):
        assert checks.quote(START + i * SECOND_NS, START + i * SECOND_NS + LATENCY, quote()) == []
    assert checks.quote(START + 50 * SECOND_NS, START + 50 * SECOND_NS, quote(bid=100.0, ask=100.0)) == []


BAD = {
    "a trade at no price": (lambda t, p: (t, t, trade(nan)), ["malformed"]),
    "a trade at zero": (lambda t, p: (t, t, trade(0.0)), ["malformed"]),
    "a trade below zero": (lambda t, p: (t, t, trade(-p)), ["malformed"]),
    "a trade at infinity": (lambda t, p: (t, t, trade(inf)), ["malformed"]),
    "a trade of nothing": (lambda t, p: (t, t, trade(p, 0.0)), ["malformed"]),
    "a trade of less than nothing": (lambda t, p: (t, t, trade(p, -1.0)), ["malformed"]),
    "a size that is no number": (lambda t, p: (t, t, trade(p, nan)), ["malformed"]),
    "a repeated trade": (lambda t, p: (t, t, trade(p, 1.0, "t59")), ["duplicate"]),
    "an older repeated trade": (lambda t, p: (t, t, trade(p, 1.0, "t3")), ["duplicate"]),
    "a fat finger upwards": (lambda t, p: (t, t, trade(p * 1.1)), ["spike"]),
    "a fat finger downwards": (lambda t, p: (t, t, trade(p * 0.9)), ["spike"]),
    "a decimal point moved": (lambda t, p: (t, t, trade(p * 10)), ["spike"]),
    "the price of another symbol": (lambda t, p: (t, t, trade(p / 500)), ["spike"]),
    "one that was overtaken": (lambda t, p: (t - 5 * SECOND_NS, t, trade(p)), ["out_of_order"]),
    "an hour of nothing before it": (lambda t, p: (t + 3_600 * SECOND_NS, t + 3_600 * SECOND_NS, trade(p)), ["gap"]),
    "from the future": (lambda t, p: (t + 5 * SECOND_NS, t, trade(p)), ["clock_skew"]),
    "a year ahead": (lambda t, p: (t + 10**16, t, trade(p)), ["clock_skew"]),
    "a minute under way": (lambda t, p: (t, t + 59 * SECOND_NS, trade(p)), ["clock_skew"]),
    "a crossed book": (lambda t, p: (t, t, quote(bid=p * 1.001, ask=p)), ["crossed"]),
    "no bid": (lambda t, p: (t, t, quote(bid=0.0, ask=p)), ["malformed"]),
    "an ask that is no number": (lambda t, p: (t, t, quote(bid=p, ask=nan)), ["malformed"]),
    "a bid of less than nothing": (lambda t, p: (t, t, quote(bid_size=-1.0)), ["malformed"]),
    "an old quote": (lambda t, p: (t - 20 * SECOND_NS, t, quote()), ["clock_skew"]),
    "an old trade": (lambda t, p: (t - 20 * SECOND_NS, t, trade(p)), ["clock_skew", "out_of_order"]),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_found_and_what_follows_is_clean_again(what):
    make, names = BAD[what]
    checks, last, _, price = settled()
    happened, received, data = make(last + SECOND_NS, price)
    check = checks.quote if isinstance(data, Quote) else checks.tick
    assert [problem.name for problem in check(happened, received, data)] == names
    after = max(last + SECOND_NS, received) + SECOND_NS
    assert checks.tick(after, after, trade(price, 1.0, "after")) == []


def test_quotes_and_trades_may_overtake_each_other_but_not_themselves():
    checks, last, _, price = settled()
    assert checks.quote(last + 2 * SECOND_NS, last + 2 * SECOND_NS, quote()) == []
    assert checks.tick(last + SECOND_NS, last + 2 * SECOND_NS, trade(price)) == []
    late = checks.quote(last + SECOND_NS, last + 2 * SECOND_NS, quote())
    assert [p.name for p in late] == ["out_of_order"]


def test_where_our_own_clock_is_behind_that_is_told_and_everything_else_is_still_found():
    checks, told = TickChecks(), []
    for time, received, tick in market(60, seed=1):
        told.append([p.name for p in checks.tick(time, received - 2 * SECOND_NS, tick)])
    assert told == [["clock_skew"]] * 60
    old = checks.tick(time - SECOND_NS, received - 2 * SECOND_NS - SECOND_NS, trade(tick.price))
    assert [p.name for p in old] == ["clock_skew", "out_of_order"]


def test_a_real_stretch_of_trades_and_quotes_has_nothing_wrong_but_the_recorders_clock():
    if not RECORDING.exists():
        pytest.skip("no recording of a real market beside this checkout")
    checks, found, builder, taken = TickChecks(), Counter(), CandleBuilder("BTC/USDT:USDT"), Counter()
    with gzip.open(RECORDING, "rt") as lines:
        for line in islice(lines, 30_000):
            received, _, text = line.partition(" ")
            said = json.loads(text).get("data", {})
            if said.get("e") == "trade":
                data = trade(float(said["p"]), float(said["q"]), str(said["t"]))
                problems = checks.tick(said["T"] * 10**6, int(received), data)
                taken[builder.take(said["T"] * 10**6, data.price, data.size, data.trade_id)] += 1
            elif said.get("e") == "bookTicker":
                values = (float(said[name]) for name in "bBaA")
                data = quote(**dict(zip(("bid", "bid_size", "ask", "ask_size"), values, strict=True)))
                problems = checks.quote(said["T"] * 10**6, int(received), data)
            else:
                continue
            found.update(problem.name for problem in problems)
    assert set(found) <= {"clock_skew"}
    assert set(taken) == {"taken"}
    assert taken["taken"] > 1_000


@pytest.mark.parametrize("every_s", [30.0, 900.0, 7_200.0])
def test_a_market_that_trades_seldom_has_no_gaps_but_where_it_trades_less_than_that(every_s):
    checks, found = TickChecks(), []
    for time, received, tick in market(300, 3, every_s=every_s):
        found += checks.tick(time, received, tick)
    assert [p.name for p in found].count("gap") <= 1, "of exponential times one in e^7 is ten times the median"
    late = received + int(30 * every_s * SECOND_NS)
    assert "stale" in [p.name for p in checks.silence(late)]
    assert "gap" in [p.name for p in checks.tick(late, late, trade(tick.price))]


def test_until_it_is_known_what_is_usual_nothing_is_a_gap_and_silence_is_told_all_the_same():
    checks = TickChecks()
    assert checks.tick(START, START, trade()) == []
    assert [p.name for p in checks.silence(START + 61 * SECOND_NS)] == ["stale"]
    assert checks.tick(START + 900 * SECOND_NS, START + 900 * SECOND_NS, trade()) == []


@pytest.mark.parametrize(
    ("file", "timeframe", "rows", "spikes", "bad_days"),
    [
        ("binance_usdm/BTC_USDT_USDT-1m-futures.feather", "1m", 43_199, 1, 0),
        ("binance_spot_1h/BTC_USDT-1h_2017-2024.feather", "1h", 58_419, 381, 7),
    ],
)
def test_false_alarms_on_real_candles_are_as_rare_as_the_page_says(file, timeframe, rows, spikes, bad_days):
    if not (DATA / file).exists():
        pytest.skip("no candles of a real market beside this checkout")
    stored = pl.read_ipc(DATA / file)
    columns = {name: stored[name].to_numpy().astype(np.float64) for name in Bars.COLUMNS}
    bars = Bars("BTC/USDT", timeframe, time=stored["date"].dt.epoch("ns").to_numpy().astype(np.int64), **columns)
    checks, found, days = TickChecks(), Counter(), Counter()
    for when, tick in ticks_of(bars):
        for problem in checks.tick(when, when, tick):
            found[problem.name] += 1
            days[when // UNITS_NS["d"]] += 1
    assert len(bars) == rows
    assert found["spike"] == spikes
    assert set(found) <= {"spike", "gap", "malformed"}
    assert sum(number >= LEAST for number in days.values()) == bad_days


def test_silence_is_told_once_and_again_after_something_has_come():
    checks, _, received, price = settled()
    assert checks.silence(received + 60 * SECOND_NS) == []
    late = received + 61 * SECOND_NS
    assert [p.name for p in checks.silence(late)] == ["stale"]
    assert checks.silence(late + SECOND_NS) == []
    checks.tick(late, late, trade(price))
    assert [p.name for p in checks.silence(late + 61 * SECOND_NS)] == ["stale"]


def test_a_symbol_that_never_spoke_is_not_silent():
    assert TickChecks().silence(START) == []


def test_a_market_that_has_moved_is_usual_after_three_trades_there():
    checks, last, _, price = settled()
    told = []
    for i in range(1, 8):
        time = last + i * SECOND_NS
        told.append([p.name for p in checks.tick(time, time, trade(price * 1.2))])
    assert told == [["spike"]] * 3 + [[]] * 4


def test_spikes_on_both_sides_are_no_new_price():
    checks, last, _, price = settled()
    for i in range(1, 9):
        time = last + i * SECOND_NS
        off = exp(0.2 if i % 2 else -0.2)
        assert [p.name for p in checks.tick(time, time, trade(price * off))] == ["spike"]


def test_spikes_from_before_a_gap_do_not_count_towards_a_market_that_has_moved():
    checks, last, _, price = settled()
    times = [last + i * SECOND_NS for i in (1, 2, 400, 401, 402, 403)]
    prices = [price * off for off in (1.2, 1.2, 1.0, 1.2, 1.0, 1.2)]
    told = [[p.name for p in checks.tick(t, t, trade(p))] for t, p in zip(times, prices, strict=True)]
    assert told == [["spike"], ["spike"], ["gap"], ["spike"], [], ["spike"]]


def test_ids_are_remembered_up_to_the_limit():
    checks = TickChecks(TickRules(ids_max=3))
    for number in range(5):
        assert checks.tick(START, START, trade(trade_id=str(number))) == []
    assert [p.name for p in checks.tick(START, START, trade(trade_id="4"))] == ["duplicate"]
    assert len(checks._ids) == 3


@pytest.mark.parametrize("given", [{"silence_ns": 0}, {"ids_max": 0}, {"spike_least": 0.0}, {"spike_deviations": nan}])
def test_rules_that_make_no_sense_are_refused(given):
    with pytest.raises(BadInput):
        TickRules(**given)

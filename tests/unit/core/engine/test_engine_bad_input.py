"""What breaks the rules of a run ends in one sentence: what, where, what to do; the same from both engines."""

import math
import re
from decimal import Decimal

import numpy as np
import pytest
from engine_scripts import CACHE, FREE, MINUTE, RULES, SPOT, flat, symbol_data

from tradewind.core.domain.errors import BadInput, Refused, StrategyFailed
from tradewind.core.domain.instruments import Instrument
from tradewind.core.engine.market_data import merge
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import run
from tradewind.core.indicators import SMA
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy

DATA = merge([symbol_data(flat(100, 5))], MINUTE)
NAN, INF = math.nan, math.inf
SIZE, PRICE, SYMBOL, TIF, EXPIRES, POSITION, CLOSE, PROTECT, DIVIDE, INDEX, RAISE, OWN, NET, SPOTTED = range(14)


class Odd(Exception):
    """A user's own."""


class Wrong(Strategy):
    """Does one wrong thing with one value on its second bar."""

    def setup(self):
        self.seen = 0
        self.ring = [0.0] * 4
        self.sum = 0.0

    def on_bar(self, bar):  # noqa: C901  (a ladder of wrongs)
        self.seen += 1
        if self.seen != 2:
            return
        if self.what == SIZE:
            self.buy(self.value)
        elif self.what == PRICE:
            self.buy(1.0, limit=self.value)
        elif self.what == SYMBOL:
            self.buy(1.0, symbol=int(self.value))
        elif self.what == TIF:
            self.buy(1.0, limit=90.0, tif=int(self.value))
        elif self.what == EXPIRES:
            self.buy(1.0, limit=90.0, tif=3, expires=int(self.value))
        elif self.what == POSITION:
            self.sum += self.position_of(int(self.value)).size
        elif self.what == NET:
            self.sum += self.net_size(int(self.value))
        elif self.what == SPOTTED:
            self.sum += self.is_spot(int(self.value))
        elif self.what == CLOSE:
            self.close(symbol=int(self.value))
        elif self.what == PROTECT:
            self.protect(sl=90.0, symbol=int(self.value))
        elif self.what == DIVIDE:
            self.sum = 1.0 / (self.value - self.value)
        elif self.what == INDEX:
            self.sum = self.ring[int(self.value)]
        elif self.what == RAISE:
            raise KeyError("nothing by that name")
        elif self.what == OWN:
            raise Odd("I did not expect this")


def wrong(what, value):
    def make():
        strategy = Wrong()
        strategy.what = what
        strategy.value = float(value)
        return strategy

    return make


def refusal(make, engine, data=DATA, instruments=None, rules=RULES):
    with pytest.raises(Refused) as caught:
        run(make, data, instruments or [FREE] * len(data.symbols), rules, engine, CACHE)
    return caught.value


@pytest.mark.parametrize(
    ("what", "value", "says"),
    [
        (SIZE, NAN, "size must be a number above zero, found nan"),
        (SIZE, 0, "size must be a number above zero, found 0"),
        (SIZE, -1, "size must be a number above zero, found -1"),
        (SIZE, INF, "size must be a number above zero, found inf"),
        (PRICE, 0, "prices must be numbers above zero, found 0"),
        (PRICE, -5, "prices must be numbers above zero, found -5"),
        (PRICE, INF, "prices must be numbers above zero, found inf"),
        (SYMBOL, 1, "no symbol of that number, found 1"),
        (SYMBOL, -1, "no symbol of that number, found -1"),
        (TIF, 4, "time in force must be 0 GTC, 1 IOC, 2 FOK or 3 GTD, found 4"),
        (EXPIRES, 0, "needs expires=, in nanoseconds, found 0"),
        (POSITION, 7, "no symbol of that number, found 7"),
        (POSITION, -1, "no symbol of that number, found -1"),
        (NET, 7, "no symbol of that number, found 7"),
        (NET, -1, "no symbol of that number, found -1"),
        (SPOTTED, 7, "no symbol of that number, found 7"),
        (SPOTTED, -1, "no symbol of that number, found -1"),
        (CLOSE, 7, "no symbol of that number, found 7"),
        (PROTECT, 7, "no symbol of that number, found 7"),
        (DIVIDE, 1, "ZeroDivisionError: float division by zero"),
        (INDEX, 4, "IndexError: list index out of range"),
        (INDEX, -5, "IndexError: list index out of range"),
        (RAISE, 0, "KeyError: 'nothing by that name'"),
        (OWN, 0, "Odd: I did not expect this"),
    ],
)
def test_a_wrong_request_stops_the_run_with_the_line_the_bar_and_the_value(what, value, says):
    interpreted = refusal(wrong(what, value), "interpreted")
    compiled = refusal(wrong(what, value), "compiled")
    assert str(interpreted) == str(compiled)
    assert isinstance(interpreted, StrategyFailed)
    assert says in interpreted.message
    assert "at the bar of 2024-01-01T00:01:00 UTC" in interpreted.message
    assert re.search(r"^Wrong, on_bar \(test_engine_bad_input\.py:\d+\)$", interpreted.where or "")
    assert interpreted.fix


def test_a_negative_index_counts_from_the_end_in_both_engines():
    for engine in ("interpreted", "compiled"):
        run(wrong(INDEX, -4), DATA, [FREE], RULES, engine, CACHE)


class Ordering(Strategy):
    """Orders where there is no market."""

    where = ""

    def setup(self):
        self.asked = 0
        if self.where == "setup":
            self.buy(1)

    def on_start(self):
        if self.where == "on_start":
            self.buy(1)

    def on_bar(self, bar):
        self.asked += 1

    def on_stop(self):
        if self.where == "on_stop":
            self.buy(1)


@pytest.mark.parametrize("where", ["setup", "on_start", "on_stop"])
@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
def test_an_order_before_the_first_bar_or_after_the_last_is_refused(where, engine):
    failed = refusal(type("Ordering", (Ordering,), {"where": where}), engine)
    assert "orders are taken from the first bar to the last" in str(failed)
    assert where in str(failed)


class NoHook(Strategy):
    def setup(self):
        self.mean = SMA(3)


class BrokenSetup(Strategy):
    def setup(self):
        self.mean = SMA(3)
        self.broken = 1 / 0

    def on_bar(self, bar):
        self.last = self.mean.value


class BadSource(Strategy):
    def setup(self):
        self.mean = SMA(3).of("middle")

    def on_bar(self, bar):
        self.last = self.mean.value


class BadFeed(Strategy):
    def setup(self):
        self.slow = self.feed(timeframe="90s")

    def on_bar(self, bar):
        self.last = self.slow.close


class FarFeed(Strategy):
    def setup(self):
        self.other = self.feed(symbol=1)

    def on_bar(self, bar):
        self.last = self.other.close


class LostFeed(Strategy):
    def setup(self):
        self.mean = SMA(3).on(self.feed(timeframe="5m"))

    def on_bar(self, bar):
        self.last = self.mean.value


class BadTimer(Strategy):
    timer = "soon"

    def on_bar(self, bar):
        pass


class TwoOfThem(Strategy):
    symbols = 2

    def on_bar(self, bar):
        pass


@pytest.mark.parametrize(
    ("cls", "says"),
    [
        (NoHook, "NoHook: it has no on_bar hook"),
        (BrokenSetup, "BrokenSetup, setup (test_engine_bad_input.py"),
        (BadSource, "a bar has no field 'middle'"),
        (BadFeed, "cannot be built from this run's bars"),
        (FarFeed, "feed(1) asks for symbol number 1, and this run has 1"),
        (LostFeed, "follows a feed that is not an attribute"),
        (BadTimer, "unknown timeframe 'soon'"),
        (TwoOfThem, "it trades 2 symbols, and the run has 1"),
    ],
)
def test_a_strategy_that_cannot_be_set_up_says_why(cls, says):
    for engine in ("interpreted", "compiled"):
        failed = refusal(cls, engine)
        assert says in str(failed)
        assert isinstance(failed, StrategyFailed | BadInput)


class Tuned(Strategy):
    length = param(10, low=2, high=50)
    share = param(0.5, low=0.0, high=1.0)
    fast = param(True)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"length": 1}, "Tuned.length: 1 is outside 2 to 50"),
        ({"length": 51}, "Tuned.length: 51 is outside 2 to 50"),
        ({"length": 2.5}, "Tuned.length: expected a whole number, found 2.5"),
        ({"length": "many"}, "Tuned.length: expected a number, found 'many'"),
        ({"share": NAN}, "Tuned.share: expected a finite number, found nan"),
        ({"fast": "perhaps"}, "Tuned.fast: expected true or false, found 'perhaps'"),
        ({"lenght": 5}, "Tuned has no parameter 'lenght'. Did you mean length?"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_by_name(given, says):
    with pytest.raises(BadInput) as caught:
        Tuned(**given)
    assert says in str(caught.value)


def test_parameters_out_of_text_become_their_kind():
    tuned = Tuned(length="12", share="0.25", fast="no")
    assert (tuned.length, tuned.share, tuned.fast) == (12, 0.25, False)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"cash": 0.0}, "cash must be above 0"),
        ({"cash": NAN}, "cash must be above 0"),
        ({"leverage": INF}, "leverage must be above 0 and at most 1000"),
        ({"stake": 1.5}, "stake must be above 0 and at most 1"),
        ({"slippage_amount": -1.0}, "slippage_amount must be zero or more"),
        ({"slippage": "much"}, "unknown slippage 'much'"),
        ({"margin": "none"}, "unknown margin 'none'"),
        ({"participation": 2.0}, "at most 1, found 2.0"),
        ({"latency_bars": -1}, "latency_bars must be zero or more"),
        ({"latency_ms": NAN}, "latency_ms must be zero or more"),
        ({"orders_max": 0}, "orders_max must be from 1 to 4096"),
    ],
)
def test_rules_that_make_no_market_are_refused(more, says):
    with pytest.raises(BadInput) as caught:
        MarketRules(**more)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("instrument", "rules", "says"),
    [
        (SPOT, MarketRules(leverage=2.0), "spot is traded without leverage"),
        (SPOT, MarketRules(hedging=True), "no short side to hedge with"),
        (FREE, MarketRules(leverage=126.0), "above the instrument's 125"),
        (
            type(FREE)(FREE.symbol, maintenance_margin=type(FREE.taker_fee)("0.1")),
            MarketRules(leverage=10.0),
            "not above the maintenance",
        ),
    ],
)
def test_rules_that_the_instrument_does_not_allow_are_refused(instrument, rules, says):
    assert says in str(refusal(wrong(SIZE, 1), "interpreted", instruments=[instrument], rules=rules))


def test_no_bars_and_an_unknown_engine_are_refused():
    empty = merge([symbol_data([])], MINUTE)
    assert "no bars" in str(refusal(wrong(SIZE, 1), "auto", data=empty))
    assert "unknown engine" in str(refusal(wrong(SIZE, 1), "fastest"))


class Greedy(Strategy):
    """Makes as many requests in one bar as it is told to."""

    def setup(self):
        self.asked = 0

    def on_bar(self, bar):
        if self.asked == 0:
            for _ in range(self.many):
                self.asked += 1
                self.buy(0.001, limit=50.0)


def greedy(many):
    def make():
        strategy = Greedy()
        strategy.many = many
        return strategy

    return make


def test_a_bar_has_room_for_so_many_requests_and_no_more():
    messages = [str(refusal(greedy(129), engine)) for engine in ("interpreted", "compiled")]
    assert messages[0] == messages[1]
    assert "more requests in one bar than are allowed, found 128" in messages[0]
    result = run(greedy(128), DATA, [FREE], RULES, "compiled", CACHE)
    assert [(r.reason, r.count) for r in result.refusals] == [("TOO_MANY", 64)]


class Flood(Strategy):
    """Lays a hundred limit orders a bar that one crash fills all at once."""

    def setup(self):
        self.asked = 0

    def on_bar(self, bar):
        if bar.close > 99.0:
            for _ in range(100):
                self.asked += 1
                self.buy(0.001, limit=50.0)


def test_more_fills_in_a_bar_than_there_is_room_for_stop_the_run_and_damage_nothing():
    data = merge([symbol_data([*flat(100, 5), (90, 90, 40, 45), *flat(45, 1)])], MINUTE)
    rules = MarketRules(orders_max=400)
    messages = [str(refusal(Flood, engine, data=data, rules=rules)) for engine in ("interpreted", "compiled")]
    assert messages[0] == messages[1]
    assert "more fills in one bar than the engine keeps" in messages[0]


def test_a_symbol_that_has_not_traded_yet_takes_no_orders():
    class Eager(Strategy):
        symbols = 2

        def on_bar(self, bar):
            if self.orders_open == 0 and not self.position_of(1):
                self.buy(1.0, symbol=1)

    data = merge([symbol_data(flat(100, 5), "A"), symbol_data([None, None, *flat(50, 3)], "B")], MINUTE)
    result = run(Eager, data, [FREE, FREE], RULES, "interpreted")
    assert [(r.reason, r.count) for r in result.refusals] == [("PRICE", 2)]
    assert [(int(f["bar"]), float(f["price"])) for f in result.fills] == [(5, 50.0)]


def test_bars_of_nan_reach_no_order():
    rows = np.array(flat(100, 5), float)
    rows[2] = NAN
    data = merge([symbol_data([tuple(row) for row in rows])], MINUTE)
    result = run(wrong(SIZE, 1), data, [FREE], RULES, "interpreted")
    assert not any(math.isnan(price) for price in result.fills["price"])


@pytest.mark.parametrize("kept", ["a dict", "a list in a list", "a feed in a dict"])
def test_an_indicator_where_nothing_feeds_it_is_refused(kept):
    class Hidden(Strategy):
        def setup(self):
            if kept == "a dict":
                self.means = {"fast": SMA(2)}
            elif kept == "a list in a list":
                self.means = [[SMA(2)], [SMA(3)]]
            else:
                self.means = {"slow": self.feed(timeframe="5m")}

        def on_bar(self, bar):
            pass

    for engine in ("interpreted", "auto"):
        found = refusal(Hidden, engine)
        assert re.match(r"self\.means keeps a (SMA|Feed) where nothing feeds it", found.message)
        assert (found.where, bool(found.fix)) == ("Hidden", True)


def test_an_indicator_in_a_dict_that_is_updated_by_hand_or_kept_elsewhere_too_is_fine():
    class Shown(Strategy):
        def setup(self):
            self.fast = SMA(2)
            self.means = {"fast": self.fast, "mine": SMA(2).by_hand()}

        def on_bar(self, bar):
            self.means["mine"].update(bar.close)

    strategy = run(Shown, DATA, [FREE], RULES, "auto", CACHE).strategy
    assert strategy.means["fast"].value == strategy.means["mine"].value == 100.0


@pytest.mark.parametrize(
    ("rule", "value", "says"),
    [
        ("cash", "10000", "cash must be a number, found '10000'"),
        ("leverage", None, "leverage must be a number, found None"),
        ("stake", True, "stake must be a number, found True"),
        ("latency_bars", 0.5, "latency_bars must be a whole number, found 0.5"),
        ("orders_max", 10.5, "orders_max must be a whole number, found 10.5"),
        ("hedging", "yes", "hedging must be True or False, found 'yes'"),
    ],
)
def test_a_rule_of_another_kind_is_refused_by_its_name(rule, value, says):
    with pytest.raises(BadInput, match=says):
        MarketRules(**{rule: value})
    assert MarketRules(cash=np.float32(5), latency_bars=np.int64(2)).cash == 5


def test_a_compiler_that_is_turned_off_is_a_reason_to_interpret(monkeypatch):
    monkeypatch.setattr("numba.core.config.DISABLE_JIT", 1)
    result = run(wrong(INDEX, 0), DATA, [FREE], RULES, "auto", CACHE)
    assert result.engine == "interpreted"
    assert "NUMBA_DISABLE_JIT is set in the environment" in str(result.why_interpreted)


@pytest.mark.parametrize("name", ["tick", "lot"])
@pytest.mark.parametrize(
    "step", ["1e-400", "1e-19", "1e19", "0.1234567890123456789", "1." + "0" * 400 + "1", "nan", "-0.1"]
)
def test_a_step_that_no_price_could_be_rounded_to_exactly_is_refused(name, step):
    with pytest.raises(BadInput, match=name):
        Instrument("BTC/USDT", **{name: Decimal(step)})


@pytest.mark.parametrize("step", ["1e-18", "0.00001000", "0.05", "2.5", "1e18", "0.000000123456789"])
def test_a_step_of_any_venue_is_kept_to_the_last_digit(step):
    assert Instrument("BTC/USDT", tick=Decimal(step), lot=Decimal(step)).tick == Decimal(step)


@pytest.mark.parametrize("name", ["maintenance_margin", "liquidation_fee", "maker_fee", "size_min", "notional_min"])
@pytest.mark.parametrize("value", ["nan", "inf", "-2"])
def test_a_rule_of_an_instrument_that_is_no_number_is_refused(name, value):
    with pytest.raises(BadInput, match=name):
        Instrument("BTC/USDT:USDT", **{name: Decimal(value)})


@pytest.mark.parametrize("rules", [MarketRules(latency_ms=1e308), MarketRules(latency_bars=10**15)])
def test_a_latency_that_no_order_outlives_is_refused(rules):
    with pytest.raises(BadInput, match="longer than a year"):
        run(wrong(SIZE, 1), DATA, [FREE], rules, "interpreted")

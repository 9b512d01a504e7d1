"""Whoever asks a clock is found, though two runs one after another read the same hour; and clocks are put back."""

# ruff: noqa: DTZ001, DTZ005, DTZ007, DTZ011 - what people ask carelessly is what is tested
import datetime as dt
import itertools
import random
import time
from datetime import date, datetime
from time import time as seconds_now

import pandas as pd
import pytest

from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.indicators import SMA
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.another_time import LATER, at_another_time, may_ask
from tradewind.research.lookahead import CLEAN, UNREPEATABLE, lookahead
from tradewind.research.outside_state import functions_of

BARS = next(s for s in synthetic_market(SyntheticMarket(("BTC/USDT",), "1h", bars=300, seed=2)) if isinstance(s, Bars))


class Asks(Strategy):
    """In the market by the bar and by what `number` is now."""

    def number(self, bar):
        return 0

    def on_bar(self, bar):
        wanted = (bar.time // BARS.step_ns + self.number(bar)) % 7 < 3
        if wanted and self.direction == 0:
            self.buy()
        elif not wanted and self.direction > 0:
            self.close()


CLOCKS = {
    "datetime.now()": lambda bar: datetime.now().day,
    "an hour of a zone": lambda bar: dt.datetime.now(dt.UTC).hour,
    "date.today()": lambda bar: date.today().toordinal(),
    "time.time()": lambda bar: int(time.time()) // 86_400,
    "time.time_ns()": lambda bar: time.time_ns() // (86_400 * 10**9),
    "seconds": lambda bar: int(seconds_now()) // 86_400,
    "time.gmtime()": lambda bar: time.gmtime().tm_yday,
    "time.strftime()": lambda bar: int(time.strftime("%d")),
    "Timestamp.now()": lambda bar: pd.Timestamp.now().day_of_year,
    "hash()": lambda bar: hash(str(bar.time)) % 7,
    "weekend or not": lambda bar: 3 * (datetime.now().weekday() >= 5),
    "morning or not": lambda bar: 3 * (datetime.now().hour < 12),
}


def test_who_fails_at_another_time_is_not_said_to_decide_the_same():
    today = date.today().year

    class ForThisYear(Asks):
        def number(self, bar):
            if datetime.now().year != today:
                raise ValueError("it is another year")
            return 0

    result = lookahead(ForThisYear, BARS, engine="interpreted")
    assert any("at another time it fails" in note and "another year" in note for note in result.notes)
    assert not any("decided the same" in note for note in result.notes)


@pytest.mark.parametrize("name", CLOCKS)
def test_decisions_by_the_clock_of_the_day_they_are_run_on_cannot_be_repeated(name):
    clock = CLOCKS[name]

    class AsksAClock(Asks):
        def number(self, bar):
            return clock(bar)

    result = lookahead(AsksAClock, BARS, engine="interpreted")
    assert result.verdict == UNREPEATABLE
    assert "it asks" in result.findings[0].diagnosis
    assert name in result.findings[0].diagnosis or "()" not in name


def test_a_column_made_by_the_date_cannot_be_repeated():
    class ByDate(Asks):
        def prepare(self, bars):
            return {"level": bars.close * (1.0 + 0.01 * datetime.now().day)}

        def number(self, bar):
            return 0

    result = lookahead(ByDate, BARS)
    assert (result.verdict, result.findings[0].kind) == (UNREPEATABLE, "column")
    assert "datetime.now()" in result.findings[0].diagnosis


class AsksNothing(Strategy):
    def on_bar(self, bar):
        if bar.close > bar.open:
            self.buy()


class Logs(Asks):
    def number(self, bar):
        self.asked = (datetime.now(), time.time())
        return 0


def test_who_asks_a_clock_and_decides_nothing_by_it_is_clean_and_it_is_noted():
    result = lookahead(Logs, BARS, engine="interpreted")
    assert result.verdict == CLEAN
    assert any("datetime.now(), time.time()" in note and "decided the same" in note for note in result.notes)


def test_clocks_are_later_while_it_lasts_whole_otherwise_and_put_back():
    space = globals()
    before = (dt.datetime, dt.date, time.time, time.strftime, pd.Timestamp.now(), space["datetime"], space["date"])
    functions = functions_of(Logs)
    with at_another_time(functions, LATER[0]) as asked:
        assert datetime.now() > before[4] + LATER[0]
        assert time.time() > before[4].timestamp() + 86_400 * 400
        assert isinstance(datetime(2024, 1, 2, tzinfo=dt.UTC), before[5])
        assert isinstance(before[5](2024, 1, 2), datetime)
        assert datetime.strptime("2024-01-02", "%Y-%m-%d") == datetime(2024, 1, 2)
        assert issubclass(datetime, dt.date)
        assert datetime.fromtimestamp(0, dt.UTC).year == 1970
        assert pd.Timestamp(datetime(2024, 1, 2)).day == 2
        assert date(2024, 1, 2).isoformat() == "2024-01-02"
        assert time.strftime("%Y", time.gmtime(0)) == "1970"
    assert set(asked) == {"datetime.now()", "time.time()"}
    now = pd.Timestamp.now()
    assert (dt.datetime, dt.date, time.time, time.strftime, space["datetime"], space["date"]) == (
        *before[:4],
        *before[5:],
    )
    assert now - before[4] < LATER[1]
    assert "hash" not in space


def test_who_names_no_clock_is_run_no_more_often_for_it():
    assert may_ask(functions_of(Logs))
    assert not may_ask(functions_of(AsksNothing))


class TossesACoin(Strategy):
    """Two runs in a row agree every other time."""

    def setup(self):
        self.average = SMA(random.choice((10, 20)))

    def on_bar(self, bar):
        if bar.close > self.average.value and self.direction == 0:
            self.buy()
        elif bar.close < self.average.value and self.direction > 0:
            self.close()


class SetUpByTheDate(TossesACoin):
    def setup(self):
        self.average = SMA(5 + date.today().toordinal() % 20)


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
def test_who_sets_up_by_chance_or_by_the_date_cannot_be_repeated_in_either_engine(engine, kernels, monkeypatch):
    tosses = itertools.chain([10] * 3, itertools.cycle([20, 10]))
    monkeypatch.setattr(random, "choice", lambda _: next(tosses))
    by_chance = lookahead(TossesACoin, BARS, engine=engine, cache=kernels)
    assert by_chance.verdict == UNREPEATABLE
    assert "draws by chance" in by_chance.findings[0].diagnosis
    by_date = lookahead(SetUpByTheDate, BARS, engine=engine, cache=kernels)
    assert (by_date.verdict, by_date.engine) == (UNREPEATABLE, engine)
    assert "date.today()" in by_date.findings[0].diagnosis

"""A made-up market is the same on every machine, and behaves like a market."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.domain.data_quality import Severity, check_series
from tradewind.core.domain.data_sets import content_hash
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.exact_chance import Chance
from tradewind.core.domain.market_data import Bars, Funding, Kind, MarkPrices
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market

KNOWN = {
    ("BTC/USDT", Kind.CANDLES): "19f680e1a2b5ce72f84b0941d70895a274bb062494abe33529f54c75d7f8befc",
    ("BTC/USDT:USDT", Kind.CANDLES): "95cb4321f7193e93ef5eaf8f87126ab7312a2c8666e1ac478bf6a76d839fd743",
    ("BTC/USDT:USDT", Kind.FUNDING): "18ed55b5541f0d949fd954153766557c16ae8614daf097dd96bfb1a32d22f4a0",
    ("BTC/USDT:USDT", Kind.MARK): "6e22e4ee6785a23b47ee656772e02256ff3e2d9a7f15fe2aa4f2333a8fef7e0f",
}
"""Hashes of the market below. They are the same on every machine; a change of the generator changes them knowingly."""


def test_a_seed_makes_the_same_bytes_everywhere() -> None:
    made = synthetic_market(SyntheticMarket(("BTC/USDT", "BTC/USDT:USDT"), bars=500, seed=42))
    assert {(s.symbol, s.KIND): content_hash(s.columns()) for s in made} == KNOWN


def test_another_seed_makes_another_market() -> None:
    first, second = (synthetic_market(SyntheticMarket(bars=50, seed=seed))[0] for seed in (1, 2))
    assert content_hash(first.columns()) != content_hash(second.columns())


def test_a_symbol_does_not_depend_on_its_company() -> None:
    alone = synthetic_market(SyntheticMarket(("ETH/USDT",), bars=300))[0]
    among = synthetic_market(SyntheticMarket(("BTC/USDT", "SOL/USDT:USDT", "ETH/USDT"), bars=300))[-1]
    assert content_hash(alone.columns()) == content_hash(among.columns())


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    timeframe=st.sampled_from(["1m", "15m", "1h", "4h", "1d", "1w", "26w"]),
    bars=st.integers(1, 400),
    correlation=st.floats(0, 1),
)
def test_every_market_is_sound(seed: int, timeframe: str, bars: int, correlation: float) -> None:
    market = SyntheticMarket(("BTC/USDT:USDT", "PEPE/USDT"), timeframe, 0, bars, seed, correlation)
    for series in synthetic_market(market):
        report = check_series(series)
        assert report.of(Severity.ERROR) == (), report
        assert report.finding("gaps") is None
        assert all(np.isfinite(column).all() for column in series.columns().values())


def test_a_bar_opens_where_the_last_one_closed() -> None:
    for series in synthetic_market(SyntheticMarket(("BTC/USDT", "BTC/USDT:USDT"), bars=300)):
        if isinstance(series, Bars):
            np.testing.assert_array_equal(series.open[1:], series.close[:-1])


def test_returns_have_fat_tails_and_volatility_that_clusters() -> None:
    bars = synthetic_market(SyntheticMarket(bars=20_000, seed=9))[0]
    assert isinstance(bars, Bars)
    returns = np.diff(np.log(bars.close))
    assert ((returns - returns.mean()) ** 4).mean() / returns.var() ** 2 > 4  # a normal law has 3
    size = np.minimum(np.abs(returns), 3 * returns.std())
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.1
    assert np.corrcoef(np.abs(bars.close / bars.open - 1), bars.volume)[0, 1] > 0.5


def test_symbols_move_together_as_asked() -> None:
    def correlation(asked: float) -> float:
        market = SyntheticMarket(("A/USDT", "B/USDT"), bars=5_000, correlation=asked, seed=3)
        one, other = (np.diff(np.log(series.columns()["close"])) for series in synthetic_market(market))
        return float(np.corrcoef(one, other)[0, 1])

    assert abs(correlation(0.0)) < 0.1
    assert correlation(0.9) > 0.5


def test_a_perpetual_hovers_over_its_spot_and_pays_every_eight_hours() -> None:
    spot, perpetual, funding, marks = synthetic_market(SyntheticMarket(("BTC/USDT", "BTC/USDT:USDT"), bars=2_000))
    assert isinstance(spot, Bars)
    assert isinstance(perpetual, Bars)
    assert isinstance(funding, Funding)
    assert isinstance(marks, MarkPrices)
    assert np.abs(perpetual.close / spot.close - 1).max() < 0.01
    assert (funding.time % (8 * 3_600_000_000_000) == 0).all()
    assert len(funding) == len(marks) == 250
    assert 0 < funding.rate.mean() < 0.0005
    assert (funding.rate < 0).any()
    opens = dict(zip(perpetual.time.tolist(), perpetual.open.tolist(), strict=True))
    assert marks.price.tolist() == [opens[time] for time in marks.time.tolist()]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"bars": 0}, "bars"),
        ({"bars": 10**9}, "bars"),
        ({"seed": -1}, "seed"),
        ({"correlation": 1.5}, "correlation"),
        ({"timeframe": "1x"}, "timeframe"),
        ({"symbols": ("",)}, "symbol"),
        ({"timeframe": "52w", "bars": 5_000}, "2262"),
    ],
)
def test_what_is_out_of_range_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        synthetic_market(SyntheticMarket(**wrong))  # type: ignore[arg-type]


def test_chance_has_the_moments_it_promises() -> None:
    chance = Chance(1, "moments")
    normal, uniform = chance.normal(400_000), chance.uniform(400_000)
    assert abs(normal.mean()) < 0.01
    assert abs(normal.var() - 1) < 0.01
    assert np.abs(normal).max() < 3.47
    assert abs(uniform.mean() - 0.5) < 0.005
    assert 0 <= uniform.min() < uniform.max() < 1

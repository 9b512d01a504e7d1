"""A market that was never there, for trying things out: seeded, and equal to the last bit on every machine.

Regimes follow each other by chance (a Markov chain over `REGIMES`), each with its own drift and volatility; prices jump
now and then; volume goes with the size of the move; symbols move together by `correlation`; a perpetual hovers over its
spot and pays funding for the distance. Nothing here is fitted to a real market, and no result on it means anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tradewind.core.domain.data_sets import AnySeries
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.exact_chance import Chance
from tradewind.core.domain.market_data import Bars, Funding, MarkPrices, Times, Values, check_symbol
from tradewind.core.domain.timeframes import UNITS_NS, bucket_start_ns, timeframe_ns

STEPS = 6
"""Steps of the path inside a bar, from which its high and low are taken."""
BARS_MAX = 5_000_000
JUMPS_A_DAY = 0.15
FUNDING_NS = 8 * UNITS_NS["h"]
FUNDING_LIMIT = 0.003
PRICES = {"BTC": 40_000.0, "ETH": 2_500.0, "BNB": 300.0, "SOL": 100.0, "XRP": 0.6, "DOGE": 0.1, "EUR": 1.1}
TURNOVER_A_DAY = 50_000_000.0


@dataclass(frozen=True)
class Regime:
    """A mood of the market: mean return and its deviation a day, and how many days it lasts on average."""

    name: str
    drift: float
    volatility: float
    days: float


REGIMES = (Regime("rise", 0.003, 0.018, 20), Regime("fall", -0.003, 0.022, 12), Regime("storm", -0.001, 0.05, 4))


@dataclass(frozen=True)
class SyntheticMarket:
    """What to make up. The same values give the same bytes."""

    symbols: tuple[str, ...] = ("BTC/USDT",)
    timeframe: str = "1h"
    start_ns: int = 1_704_067_200_000_000_000  # 2024-01-01
    bars: int = 8_760
    seed: int = 1
    correlation: float = 0.6


def synthetic_market(market: SyntheticMarket) -> list[AnySeries]:
    """Candles of every symbol; for perpetuals (a colon in the symbol) funding rates and mark prices too.

    Raises BadInput for a number of bars, a seed or a correlation out of range.
    """
    step_ns = _checked(market)
    start_ns = bucket_start_ns(market.start_ns, step_ns)
    time = start_ns + np.arange(market.bars, dtype=np.int64) * step_ns
    days = step_ns / UNITS_NS["d"]
    drift, volatility = _regimes(market, days)
    together = Chance(market.seed, "the market").normal(market.bars * STEPS)
    series: list[AnySeries] = []
    for symbol in market.symbols:
        spot, _, settled = symbol.partition(":")
        path = _path(market, spot, drift, volatility, together, days)
        if settled:
            series += _perpetual(market, symbol, time, path, _volume(market, symbol, path, days))
        else:
            series.append(_candles(market, symbol, time, path, path[:, 0], _volume(market, symbol, path, days)))
    return series


def _checked(market: SyntheticMarket) -> int:
    for symbol in market.symbols:
        check_symbol(symbol)
    if not 1 <= market.bars <= BARS_MAX:
        raise BadInput(
            f"a synthetic market has 1 to {BARS_MAX:,} bars, not {market.bars:,}",
            fix="Choose a number inside: --bars 10000",
        )
    if not 0 <= market.seed < 2**63:
        raise BadInput(
            f"a seed is a whole number from 0 to 2^63 - 1, not {market.seed}", fix="Choose one inside: --seed 7"
        )
    if not 0 <= market.correlation <= 1:
        raise BadInput(
            f"a correlation is between 0 and 1 here, not {market.correlation}",
            fix="Choose one inside: --correlation 0.7",
        )
    step_ns = timeframe_ns(market.timeframe)
    if abs(market.start_ns) + market.bars * step_ns >= 2**63:
        raise BadInput(
            f"{market.bars:,} bars of {market.timeframe} end after the year 2262",
            fix="Make fewer bars, or a shorter --timeframe",
        )
    return step_ns


def _regimes(market: SyntheticMarket, days: float) -> tuple[Values, Values]:
    """Drift and volatility of each bar's regime, per bar."""
    leave = [min(0.9, days / regime.days) for regime in REGIMES]
    chance = Chance(market.seed, "regimes")
    draws, choices = chance.uniform(market.bars), chance.uniform(market.bars)
    state, since = 0, 0
    mood = np.empty(market.bars, dtype=np.int64)
    for bar in np.flatnonzero(draws < max(leave)).tolist():
        if draws[bar] < leave[state]:
            mood[since:bar] = state
            others = [other for other in range(len(REGIMES)) if other != state]
            state, since = others[int(choices[bar] * len(others))], bar
    mood[since:] = state
    drift = np.array([regime.drift * days for regime in REGIMES])
    volatility = np.array([regime.volatility * math.sqrt(days) for regime in REGIMES])
    return drift[mood], volatility[mood]


def _path(
    market: SyntheticMarket, spot: str, drift: Values, volatility: Values, together: Values, days: float
) -> Values:
    """The price at the steps inside each bar: rows of STEPS + 1 prices, from the bar's open to its close."""
    alone = Chance(market.seed, f"{spot} alone").normal(market.bars * STEPS)
    shared, own = math.sqrt(market.correlation), math.sqrt(1 - market.correlation)
    moves = np.repeat(drift / STEPS, STEPS) + np.repeat(volatility / math.sqrt(STEPS), STEPS) * (
        shared * together + own * alone
    )
    chance = Chance(market.seed, f"{spot} jumps")
    when, how_far = chance.uniform(market.bars), chance.uniform(market.bars)
    size = (
        np.where(how_far < 0.55, -1.0, 1.0)
        * (0.015 + 0.045 * ((how_far * 1_000) % 1.0))
        * min(1.0, math.sqrt(days) * 5)
    )
    moves[np.arange(market.bars) * STEPS + STEPS // 2] += np.where(when < JUMPS_A_DAY * days, size, 0.0)
    prices = _first_price(market, spot) * np.cumprod(1.0 + np.maximum(moves, -0.5))
    opens = np.concatenate([[_first_price(market, spot)], prices[STEPS - 1 : -1 : STEPS]])
    return np.concatenate([opens[:, None], prices.reshape(market.bars, STEPS)], axis=1)


def _first_price(market: SyntheticMarket, spot: str) -> float:
    draw = float(Chance(market.seed, f"{spot} price").uniform(1)[0])
    return PRICES.get(spot.partition("/")[0], float(1 + int(draw * 999)))


def _volume(market: SyntheticMarket, symbol: str, path: Values, days: float) -> Values:
    """Volume in base currency: more when the bar moved more."""
    moved = np.abs(path[:, -1] / path[:, 0] - 1.0) / (REGIMES[0].volatility * math.sqrt(days))
    chance = Chance(market.seed, f"{symbol} volume").uniform(len(path))
    turnover = TURNOVER_A_DAY * days * (0.3 + 0.7 * chance) * (0.5 + moved)
    return np.maximum(np.round(turnover / path[:, 0], 3), 0.001)


def _perpetual(market: SyntheticMarket, symbol: str, time: Times, spot: Values, volume: Values) -> list[AnySeries]:
    noise = np.concatenate([np.zeros(8), np.cumsum(Chance(market.seed, f"{symbol} basis").normal(market.bars))])
    premium = 0.0002 + 0.00015 * (noise[8:] - noise[:-8])
    path = spot * (1.0 + premium)[:, None]
    opens = np.concatenate([path[:1, 0], path[:-1, -1]])
    bars = _candles(market, symbol, time, path, opens, volume)
    first = -(-int(time[0]) // FUNDING_NS) * FUNDING_NS
    moments = np.arange(first, int(time[-1]) + bars.step_ns, FUNDING_NS, dtype=np.int64)
    row = np.searchsorted(time, moments, side="right") - 1
    rates = np.round(np.clip(premium[row] * 0.5, -FUNDING_LIMIT, FUNDING_LIMIT), 8)
    return (
        [bars, Funding(symbol, moments, rates), MarkPrices(symbol, moments, bars.open[row])] if len(moments) else [bars]
    )


def _candles(market: SyntheticMarket, symbol: str, time: Times, path: Values, opens: Values, volume: Values) -> Bars:
    decimals = max(0, 6 - len(str(int(path[0, 0]))))
    tick = 10.0**-decimals
    o, c = (np.maximum(np.round(column, decimals), tick) for column in (opens, path[:, -1]))
    high = np.maximum(np.maximum(np.round(path.max(axis=1), decimals), o), c)
    low = np.minimum(np.minimum(np.maximum(np.round(path.min(axis=1), decimals), tick), o), c)
    return Bars(symbol, market.timeframe, time, o, high, low, c, volume)

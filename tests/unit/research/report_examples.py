"""Finished runs to make reports of: a seeded market and a moving-average cross booked as an exchange would book it."""

from __future__ import annotations

import numpy as np

from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.records import FILL, FUNDING
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.core.performance import summarise
from tradewind.core.performance.equity import equity_curve
from tradewind.core.performance.hold import hold_equity
from tradewind.core.performance.trades import match_trades
from tradewind.research.reports.report_input import Realism, ReportInput

START = 1_672_531_200_000_000_000  # 2023-01-01
CASH = 10_000.0
FEE, SLIP = 0.0004, 0.0001

REALISM = (
    Realism("Fees", True, "maker 0.02 %, taker 0.04 % of the value traded"),
    Realism("Slippage", True, "0.01 % of the price, against the order"),
    Realism("Latency", False, "orders reach the market at once"),
    Realism("Funding", True, "every 8 hours, at the recorded rates"),
    Realism("Partial fills", False, "every order is filled whole"),
    Realism("Margin and liquidation", True, "cross margin, leverage 3, maintenance 0.5 %"),
    Realism("Rounding", True, "tick 0.1 USDT, lot 0.001 BTC, least order 5 USDT"),
)


def market(symbol: str, n: int, timeframe: str, seed: int, price: float = 27_000.0) -> Bars:
    """A seeded random walk with changing volatility."""
    rng, step = np.random.default_rng(seed), timeframe_ns(timeframe)
    swing = 0.004 * (1.0 + 0.7 * np.sin(np.arange(n) / 300.0)) * np.sqrt(step / timeframe_ns("1h"))
    close = price * np.exp(np.cumsum(rng.standard_t(5, n) * swing * 0.6))
    opened = np.concatenate(([price], close[:-1]))
    reach = np.abs(rng.normal(0, 1, n)) * swing * 0.4
    high, low = np.maximum(opened, close) * (1 + reach), np.minimum(opened, close) * (1 - reach)
    time = START + np.arange(n, dtype=np.int64) * step
    return Bars(symbol, timeframe, time, opened, high, low, close, rng.uniform(1, 100, n))


def crosses(bars: Bars, fast: int, slow: int) -> list[tuple[int, int]]:
    """(bar, side) at which a fast and a slow average cross, filled at the next bar's open."""
    total = np.concatenate(([0.0], np.cumsum(bars.close)))
    mean = {k: (total[k:] - total[:-k]) / k for k in (fast, slow)}
    above = mean[fast][slow - fast :] > mean[slow]
    at = np.flatnonzero(above[1:] != above[:-1]) + 1
    return [(int(i) + slow, 1 if above[i] else -1) for i in at if i + slow < len(bars)]


def booked(bars: Bars, number: int, symbols: int, fast: int, slow: int, first_order: int) -> tuple[list, list]:
    """Fills and funding payments of always being long or short 0.9 of the cash, from one cross to the next."""
    fills, funding, position, order = [], [], 0.0, first_order
    eight_hours = 8 * timeframe_ns("1h")
    paid_until = 0
    for bar, side in crosses(bars, fast, slow):
        while position and paid_until < bars.time[bar]:
            at = int(np.searchsorted(bars.time, paid_until, side="right")) - 1
            price = float(bars.close[max(at, 0)])
            rate = 0.0001
            leg = 1 if position > 0 else -1
            funding.append((paid_until, number, leg, rate, price, position, position * price * rate, 0.0))
            paid_until += eight_hours
        paid_until = int(bars.time[bar]) // eight_hours * eight_hours + eight_hours
        price = float(bars.open[bar]) * (1 + SLIP * side)
        size = round(0.9 * CASH / symbols / price, 3)
        for closing in (True, False):
            if closing and position == 0.0:
                continue
            order += 1
            moved = abs(position) if closing else size
            leg = -side if closing else side
            position = 0.0 if closing else side * size
            cost = moved * price * FEE
            slipped = moved * float(bars.open[bar]) * SLIP
            row = (
                bar * symbols + number,
                order,
                number,
                side,
                0,
                0,
                leg,
                int(closing),
                moved,
                price,
                cost,
                0.0,
                slipped,
            )
            fills.append((int(bars.time[bar]), *row, 0.0, 0.0, position))
    return fills, funding


def example(
    n: int = 6000,
    timeframe: str = "1h",
    symbols: tuple[str, ...] = ("BTC/USDT:USDT",),
    fast: int = 20,
    slow: int = 80,
    **more: object,
) -> ReportInput:
    """A whole run; `more` replaces fields of its ReportInput."""
    markets = tuple(market(symbol, n, timeframe, seed) for seed, symbol in enumerate(symbols, start=11))
    k = len(markets)
    rows = [booked(bars, i, k, fast, slow, 100_000 * i) for i, bars in enumerate(markets)]
    fills = np.array(sorted(row for fills, _ in rows for row in fills), FILL)
    funding = np.array(sorted(row for _, funding in rows for row in funding), FUNDING)
    row_time = np.repeat(markets[0].time, k)
    row_symbol = np.tile(np.arange(k, dtype=np.int32), n)
    columns = {name: np.stack([getattr(b, name) for b in markets], axis=1).ravel() for name in ("high", "low", "close")}
    trades = match_trades(fills, funding, columns["high"], columns["low"], row_symbol)
    curve = equity_curve(row_time, columns["close"], fills, funding, CASH, row_symbol=row_symbol)
    hold = hold_equity(curve.time, markets, CASH)
    performance = summarise(
        time=curve.time,
        equity=curve.equity,
        initial=CASH,
        step_ns=timeframe_ns(timeframe),
        trades=trades,
        fills=fills,
        funding=funding,
        exposure=curve.is_open,
        buy_and_hold=float(hold[-1] / CASH - 1.0),
    )
    fields = {
        "strategy": "SMA cross",
        "description": "Long while the fast average is above the slow one, else short.\n\nFollows trends.",
        "parameters": {"fast": fast, "slow": slow, "stake": 0.9},
        "bars": markets,
        "timeframe": timeframe,
        "currency": "USDT",
        "initial": CASH,
        "time": curve.time,
        "equity": curve.equity,
        "hold": hold,
        "trades": trades,
        "fills": fills,
        "funding": funding,
        "performance": performance,
        "realism": REALISM,
        "command": f"tradewind backtest sma_cross --symbol {symbols[0]} --timeframe {timeframe} --param fast={fast}",
        "engine": "compiled",
        "created_ns": START + 700 * 86_400_000_000_000,
        "made_by": "Tradewind 0.1.0",
        "synthetic": True,
        "row_time": row_time,
        "hashes": {
            "Data": "sha256:" + "4f1c" * 16,
            "Code": "sha256:" + "9ab0" * 16,
            "Decisions": "sha256:" + "77de" * 16,
        },
        "quality": ("2 gaps, 5 bars missing, the longest from 2023-03-24 12:00 to 14:00: no order fills in a gap.",),
        "warnings": ("3 orders were refused: the account cannot carry them.",),
    }
    return ReportInput(**(fields | more))

"""One strategy over one stretch of market, judged.

result = backtest(SmaCross, bars, fast=10, slow=30)
result.performance.metrics["sharpe"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind import __version__
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.instruments import Instrument, instrument_for
from tradewind.core.domain.market_data import Bars, Funding, MarkPrices
from tradewind.core.engine.market_data import MarketData, SymbolData, merge
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName, Progress, RunResult, run
from tradewind.core.performance import Performance, summarise
from tradewind.core.performance.calendar import Calendar, read_calendar
from tradewind.core.performance.equity import equity_curve
from tradewind.core.performance.hold import hold_equity, hold_return
from tradewind.core.performance.trades import match_trades
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.counting import count_backtest
from tradewind.research.refused import made, plain_functions, share_time, sound_prices

if TYPE_CHECKING:
    from tradewind.research.reports.report_input import ReportInput

Array = np.ndarray[Any, Any]
AGREEMENT = 1e-9
"""How far the engine's account and the one worked out from its fills may differ, relative to the money that moved."""


@dataclass(frozen=True)
class Market:
    """One symbol of a run: its candles, its trading rules, and its funding with mark prices where there are any."""

    bars: Bars
    instrument: Instrument
    funding: Funding | None = None
    marks: MarkPrices | None = None


@dataclass(frozen=True)
class Backtest:
    """A finished run. `time` and `equity` are one value a bar; records are those of `core.domain.records`."""

    strategy: type[Strategy]
    parameters: dict[str, Any]
    markets: tuple[Market, ...]
    rules: MarketRules
    run: RunResult
    time: Array
    equity: Array
    trades: Array
    row_time: Array
    performance: Performance

    @cached_property
    def hold(self) -> Array:
        """What the account would be worth at each bar had it bought at the first open and held."""
        return hold_equity(self.time, _judged(self.markets, self.rules), self.rules.cash)

    @cached_property
    def calendar(self) -> Calendar:
        """The periods by which the run is judged."""
        return read_calendar(self.time, self.markets[0].bars.step_ns)

    @property
    def metrics(self) -> dict[str, float | int | None]:
        """The figures by name; None where one is undefined (`performance.undefined` says why)."""
        return self.performance.metrics

    def report(self, folder: str | Path, *, created_ns: int | None = None, synthetic: bool = False) -> Path:
        """Write the report's files into `folder`; the path of its page. `created_ns` None: now.

        `synthetic` says on the page that the prices were made up, which bars do not know. Raises BadInput when the
        folder cannot be written.
        """
        from tradewind.research.reports.files import write_report  # noqa: PLC0415 - pages are heavy

        made_ns = time_ns() if created_ns is None else created_ns
        return write_report(self._report(made_ns, synthetic), Path(folder)).html

    def _repr_html_(self) -> str:
        """The run at a glance, inside a notebook's frame."""
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415 - pages are heavy
        from tradewind.research.reports.of_backtest import backtest_study  # noqa: PLC0415

        return framed(backtest_study(self._report(0, synthetic=False)))

    def _report(self, created_ns: int, synthetic: bool) -> ReportInput:
        from tradewind.research.reports.of_backtest import python_line, report_of  # noqa: PLC0415 - pages are heavy

        made_by = f"Tradewind {__version__}"
        return report_of(self, command=python_line(self), created_ns=created_ns, made_by=made_by, synthetic=synthetic)

    def __repr__(self) -> str:
        m = self.metrics
        shown = ", ".join(
            f"{name}={m[name]:.4g}"
            for name in ("total_return", "sharpe", "max_drawdown", "trades", "win_rate")
            if m[name] is not None
        )
        return f"Backtest({self.strategy.__name__}, {', '.join(b.bars.symbol for b in self.markets)}: {shown})"


def backtest(
    strategy: type[Strategy],
    data: Bars | Market | Sequence[Bars | Market],
    *,
    rules: MarketRules | None = None,
    engine: EngineName = "auto",
    cache: Path | None = None,
    progress: Progress | None = None,
    parameters: Mapping[str, Any] | None = None,
    **given: Any,
) -> Backtest:
    """Run `strategy` over one or several symbols and judge the result.

    `given` are the strategy's parameters and, by the names of MarketRules, the run's realism: `fast=10, cash=50_000`.
    `cache` is the folder that keeps compiled code; None compiles anew in each process.

    Raises BadInput for data, rules or parameters that do not fit, StrategyFailed where the strategy breaks.
    """
    rule_names = {f.name for f in fields(MarketRules)}
    for name in sorted(rule_names & given.keys() & strategy.parameters.keys()):
        raise BadInput(
            f"{name} is a parameter of the strategy and a rule of the market",
            where=strategy.__name__,
            fix=f"Say which: parameters={{'{name}': ...}} or rules=MarketRules({name}=...)",
        )
    rules = replace(rules or MarketRules(), **{n: v for n, v in given.items() if n in rule_names})
    wanted = {**(parameters or {}), **{n: v for n, v in given.items() if n not in rule_names}}
    plain_functions(strategy)
    resolved = resolve(strategy.parameters, wanted, strategy.__name__)
    joined = join(data, rules)
    markets, merged = joined.markets, joined.merged
    result = run(
        lambda: made(strategy, wanted), merged, [m.instrument for m in markets], rules, engine, cache, progress
    )
    rows = merged.symbol.astype(np.int32) if len(markets) > 1 else None
    curve = equity_curve(merged.time, merged.close, result.fills, result.fundings, rules.cash, row_symbol=rows)
    must_agree(float(curve.equity[-1]), result.equity, result.fills, rules.cash)
    curve = curve.since(rules.trade_from_ns)
    trades = match_trades(result.fills, result.fundings, merged.high, merged.low, rows)
    performance = summarise(
        time=curve.time,
        equity=curve.equity,
        initial=rules.cash,
        step_ns=merged.step,
        trades=trades,
        fills=result.fills,
        funding=result.fundings,
        exposure=curve.is_open,
        buy_and_hold=hold_return(joined.judged),
    )
    return count_backtest(
        Backtest(strategy, resolved, markets, rules, result, curve.time, curve.equity, trades, merged.time, performance)
    )


@dataclass(frozen=True)
class Joined:
    """The markets of a run, checked: their bars merged into one order, and each one's from the run's beginning on."""

    markets: tuple[Market, ...]
    merged: MarketData
    judged: list[Bars]


def join(data: Bars | Market | Sequence[Bars | Market], rules: MarketRules) -> Joined:
    """Make markets ready to be run on. Raises BadInput for prices that are none, and markets that do not fit."""
    markets = tuple(_market(d) for d in ([data] if isinstance(data, Bars | Market) else data))
    if not markets:
        raise BadInput("there is no market to run on", fix="Give at least one symbol's bars")
    steps = {m.bars.step_ns for m in markets}
    if len(steps) > 1:
        raise BadInput(
            f"the symbols have different timeframes: {', '.join(m.bars.timeframe for m in markets)}",
            fix="Resample to one: tradewind data resample; a strategy builds higher ones itself with self.feed()",
        )
    for market in markets:
        sound_prices(market.bars)
    share_time([m.bars for m in markets])
    return Joined(markets, merge([symbol_data(m) for m in markets], steps.pop()), _judged(markets, rules))


def _judged(markets: Sequence[Market], rules: MarketRules) -> list[Bars]:
    """Each market's bars from the run's beginning on. Raises BadInput where there are none."""
    judged = [m.bars.slice(rules.trade_from_ns) if rules.trade_from_ns else m.bars for m in markets]
    for market, bars in zip(markets, judged, strict=True):
        if len(market.bars) == 0:
            raise BadInput("there are no bars to run on", fix="Widen --start and --end, or import more data")
        if len(bars) == 0:
            raise BadInput(
                f"no bar opens at {rules.trade_from_ns} ns or later, when the run is to begin",
                where=bars.symbol,
                fix="Choose an earlier trade_from_ns, or give more bars",
            )
    return judged


def _market(data: Bars | Market) -> Market:
    return data if isinstance(data, Market) else Market(data, instrument_for(data.symbol))


def symbol_data(market: Market) -> SymbolData:
    """A market as the engine takes it: its candles, and the funding that falls due while they run."""
    bars = market.bars
    columns = {name: getattr(bars, name) for name in ("time", "open", "high", "low", "close", "volume")}
    if market.funding is None or market.instrument.kind != "perpetual" or len(bars) == 0:
        return SymbolData(bars.symbol, **columns)
    # A payment belongs to the run when a position could be held at it: from the first bar's open to the last's close.
    funding = market.funding.slice(int(bars.time[0]), int(bars.time[-1]) + bars.step_ns)
    prices = None
    if market.marks is not None and len(market.marks):
        at = np.searchsorted(market.marks.time, funding.time, side="right") - 1
        prices = np.where(at >= 0, market.marks.price[np.maximum(at, 0)], np.nan)
    return SymbolData(
        bars.symbol, **columns, funding_time=funding.time, funding_rate=funding.rate, funding_price=prices
    )


def must_agree(folded: float, accounted: float, fills: Array, cash: float) -> None:
    """The engine's account and the one folded from its fills are two witnesses of the same money."""
    if abs(folded - accounted) <= AGREEMENT * cash:
        return  # whatever has moved besides
    moved = cash + float(np.abs(fills["size"] * fills["price"]).sum()) if len(fills) else cash
    if abs(folded - accounted) > AGREEMENT * moved:
        raise Corrupt(
            f"the engine's account says {accounted!r} and its fills come to {folded!r}",
            fix="This is a bug in Tradewind: please report the strategy and the data",
        )

"""Backtest a strategy on stored data, keep the run, and write its report."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from tradewind.core.domain.data_quality import Severity, check
from tradewind.core.domain.data_sets import DataKey, DataSetInfo
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.instruments import Instrument, instrument_for
from tradewind.core.domain.market_data import Kind
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName
from tradewind.operations.progress import Progress, Silence
from tradewind.operations.strategies import strategy_named
from tradewind.ports.market_data import MarketData
from tradewind.ports.runs import Runs
from tradewind.research.backtest import Backtest, Market, backtest, code_hash
from tradewind.research.realism import realism_of
from tradewind.research.reports.files import write_report
from tradewind.research.reports.report_input import ReportInput

INSTRUMENT_FIELDS = frozenset(f.name for f in fields(Instrument)) - {"symbol", "kind"}


@dataclass(frozen=True)
class BacktestRequest:
    """What to run. `instrument` holds rules that differ from the symbol's usual ones (fees, tick, lot, ...)."""

    strategy: str
    symbols: tuple[str, ...] = ()
    timeframe: str = ""
    start_ns: int | None = None
    end_ns: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rules: MarketRules = field(default_factory=MarketRules)
    instrument: Mapping[str, Any] = field(default_factory=dict)
    engine: EngineName = "auto"


@dataclass(frozen=True)
class FinishedRun:
    """A run that has been kept."""

    name: str
    folder: Path
    report: Path
    result: Backtest
    warnings: tuple[str, ...]
    quality: tuple[str, ...]
    hashes: Mapping[str, str]
    synthetic: bool
    engine: str
    said: tuple[str, ...]


def run_backtest(
    request: BacktestRequest,
    *,
    catalogue: MarketData,
    runs: Runs,
    cache: Path | None,
    now_ns: int,
    made_by: str,
    progress: Progress | None = None,
) -> FinishedRun:
    """Load the data, run, judge, keep. Raises BadInput or StrategyFailed; then nothing is kept."""
    progress = progress or Silence()
    progress.stage("loading")
    strategy = strategy_named(request.strategy)
    request, said = _completed(request, strategy.symbols, catalogue)
    markets, infos = _load(request, catalogue)
    quality = tuple(sentence for market in markets for sentence in _quality(market))
    told = _Stages(progress)
    result = backtest(
        strategy,
        markets,
        rules=request.rules,
        engine=request.engine,
        cache=cache,
        progress=told,
        parameters=request.parameters,
    )
    progress.stage("reporting")
    hashes = {
        **{f"data {info.key}": info.content_hash for info in infos},
        "code": code_hash(strategy),
        "decisions": result.run.decision_hash,
    }
    engine = engine_text(result)
    warnings = warnings_of(result)
    name = f"{instant_text(now_ns)[:19].replace('-', '').replace(':', '').replace('T', '-')}-{_slug(request.strategy)}"
    report = ReportInput(
        strategy=strategy.__name__,
        description=(strategy.__doc__ or "").strip(),
        parameters=result.parameters,
        bars=tuple(m.bars for m in markets),
        timeframe=markets[0].bars.timeframe,
        currency=currency_of(markets[0].bars.symbol),
        initial=request.rules.cash,
        time=result.time,
        equity=result.equity,
        hold=result.hold,
        trades=result.trades,
        fills=result.run.fills,
        funding=result.run.fundings,
        performance=result.performance,
        realism=realism_of(result),
        command=command_of(request),
        engine=engine,
        created_ns=now_ns,
        made_by=made_by,
        synthetic=any(info.synthetic for info in infos),
        row_time=result.row_time,
        hashes=hashes,
        quality=quality,
        warnings=warnings,
    )
    paths: dict[str, Path] = {}

    def write(folder: Path) -> None:
        paths["report"] = write_report(report, folder).html

    name = _free_name(name, runs)
    folder = runs.keep(name, write)
    return FinishedRun(
        name=name,
        folder=folder,
        report=folder / paths["report"].name,
        result=result,
        warnings=warnings,
        quality=quality,
        hashes=hashes,
        synthetic=report.synthetic,
        engine=engine,
        said=said,
    )


class _Stages:
    """The engine's progress, told as stages with a total."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.stage = ""
        self.done = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self.stage:
            self.stage, self.done = stage, 0
            self.progress.stage(stage, total if total > 1 else None)
        self.progress.advance(done - self.done)
        self.done = done


def _completed(request: BacktestRequest, wanted: int, catalogue: MarketData) -> tuple[BacktestRequest, tuple[str, ...]]:
    """The request with symbols and timeframe filled in where only one choice is stored; and what was filled in."""
    stored = [info.key for info in catalogue.data_sets() if info.key.kind is Kind.CANDLES]
    if not stored:
        raise BadInput(
            "no candles are stored yet",
            fix="Bring some: tradewind data import FILE, or make some: tradewind data generate",
        )
    said: list[str] = []
    symbols, timeframe = request.symbols, request.timeframe
    if not symbols:
        fitting = {key.symbol for key in stored if timeframe in ("", key.timeframe)}
        if len(fitting) != wanted:
            raise BadInput(
                f"it is not said which {'symbol' if wanted == 1 else f'{wanted} symbols'} to run on",
                where="--symbol",
                fix=f"Stored are {', '.join(sorted(fitting)) or 'none in this timeframe'}",
            )
        symbols = tuple(sorted(fitting))
        said.append(f"running on {', '.join(symbols)}, the only candles stored")
    _known(symbols, sorted({key.symbol for key in stored}))
    if not timeframe:
        shared = set.intersection(*({k.timeframe for k in stored if k.symbol == s} for s in symbols))
        if len(shared) != 1:
            raise BadInput(
                "it is not said which timeframe to run on",
                where="--timeframe",
                fix=f"Stored for {', '.join(symbols)}: {', '.join(sorted(shared)) or 'none in common'}",
            )
        timeframe = shared.pop()
        said.append(f"running on {timeframe} candles, the only ones stored for {', '.join(symbols)}")
    return replace(request, symbols=symbols, timeframe=timeframe), tuple(said)


def _known(symbols: Sequence[str], stored: list[str]) -> None:
    for symbol in symbols:
        if symbol not in stored:
            near = difflib.get_close_matches(symbol, stored, 1, 0.4)
            hint = f"Did you mean {near[0]}?" if near else f"Stored are {', '.join(stored)}"
            raise BadInput(f"no candles are stored for {symbol!r}", where="--symbol", fix=hint)
    if len(set(symbols)) != len(symbols):
        raise BadInput("a symbol is named twice", where="--symbol")


def _load(request: BacktestRequest, catalogue: MarketData) -> tuple[list[Market], list[DataSetInfo]]:
    markets, infos = [], []
    stored = {info.key: info for info in catalogue.data_sets()}
    for symbol in request.symbols:
        key = DataKey(symbol, Kind.CANDLES, request.timeframe)
        infos.append(catalogue.info(key))
        bars = catalogue.bars(symbol, request.timeframe, request.start_ns, request.end_ns)
        if len(bars) == 0:
            info = infos[-1]
            raise BadInput(
                "there are no bars in this stretch of time",
                where=str(key),
                fix=f"It is stored from {instant_text(info.first_ns)} to {instant_text(info.last_ns)}",
            )
        funding = marks = None
        if DataKey(symbol, Kind.FUNDING) in stored:
            infos.append(stored[DataKey(symbol, Kind.FUNDING)])
            funding = catalogue.funding(symbol)
        if DataKey(symbol, Kind.MARK) in stored:
            infos.append(stored[DataKey(symbol, Kind.MARK)])
            marks = catalogue.marks(symbol)
        markets.append(Market(bars, instrument_from(symbol, request.instrument), funding, marks))
    return markets, infos


def instrument_from(symbol: str, changes: Mapping[str, Any]) -> Instrument:
    """The symbol's usual rules with `changes`: numbers as text or Decimal. Raises BadInput that names the rule."""
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in INSTRUMENT_FIELDS:
            raise BadInput(f"an instrument has no rule {name!r}", fix=f"It has: {', '.join(sorted(INSTRUMENT_FIELDS))}")
        if isinstance(value, bool):
            values[name] = value
            continue
        try:
            values[name] = Decimal(str(value))
        except ArithmeticError:
            raise BadInput(f"{name} must be a number, found {value!r}", where=symbol) from None
    usual = instrument_for(symbol)
    if usual.kind == "perpetual" and values.get("fee_in_base"):
        values.pop("fee_in_base")
    return replace(usual, **values)


def _quality(market: Market) -> list[str]:
    """What is wrong with the bars of this run, a sentence each."""
    found = check(market.bars)
    return [
        f"{market.bars.symbol}: {finding.count:,} x {finding.name}: {finding.effect}"
        for finding in found.findings
        if finding.severity is not Severity.NOTE or finding.count
    ]


def warnings_of(result: Backtest) -> tuple[str, ...]:
    """What to know before believing the figures."""
    run = result.run
    warnings = [
        f"{refusal.count:,} order{'s were' if refusal.count > 1 else ' was'} refused: {refusal.text} "
        f"(first at {instant_text(refusal.first)})"
        for refusal in run.refusals
    ]
    if run.why_interpreted:
        warnings.append(f"Interpreted, because this does not compile: {run.why_interpreted}")
    if run.liquidations:
        warnings.append(f"{run.liquidations:,} position{'s were' if run.liquidations > 1 else ' was'} liquidated")
    if run.bankrupt:
        warnings.append("The account was used up; no order was taken after that")
    if len(run.decisions) == 0:
        warnings.append("The strategy never asked for an order")
    return tuple(warnings)


def engine_text(result: Backtest) -> str:
    """Which engine ran, in words."""
    run = result.run
    if run.engine == "compiled":
        return "compiled (from the cache)" if run.cached else "compiled (just now)"
    return "interpreted"


def currency_of(symbol: str) -> str:
    """The currency an account that trades `symbol` is kept in."""
    settle = symbol.partition(":")[2]
    return settle or symbol.partition("/")[2] or "quote currency"


def command_of(request: BacktestRequest) -> str:
    """The command line that makes the same run again."""
    words = ["tradewind", "backtest", request.strategy]
    for symbol in request.symbols:
        words += ["--symbol", symbol]
    words += ["--timeframe", request.timeframe]
    if request.start_ns is not None:
        words += ["--start", instant_text(request.start_ns)]
    if request.end_ns is not None:
        words += ["--end", instant_text(request.end_ns)]
    for name, value in request.parameters.items():
        words += ["--param", f"{name}={value}"]
    usual = MarketRules()
    for rule in fields(MarketRules):
        value = getattr(request.rules, rule.name)
        if value != getattr(usual, rule.name):
            words += _option(rule.name, value)
    for name, value in request.instrument.items():
        words += _option(name, value)
    if request.engine != "auto":
        words += ["--engine", request.engine]
    return shlex.join(words)


def _option(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    return [f"--{flag}", f"{value:g}" if isinstance(value, float) and f"{value:g}" == str(value) else str(value)]


def _slug(name: str) -> str:
    stem = Path(name.partition(":")[0]).stem if ".py" in name else name
    return "".join(c if c.isalnum() or c == "_" else "_" for c in stem)[:40] or "run"


def _free_name(name: str, runs: Runs) -> str:
    taken = {run.name for run in runs.kept()}
    number = 2
    free = name
    while free in taken:
        free = f"{name}-{number}"
        number += 1
    return free

"""The stored data that a backtest runs on: chosen, loaded, and what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import numpy as np

from tradewind.core.domain.data_quality import Severity, check
from tradewind.core.domain.data_sets import DataKey, DataSetInfo
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.instruments import Instrument, instrument_for
from tradewind.core.domain.market_data import Kind
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.core.engine.rules import MarketRules
from tradewind.operations.backtest_request import BacktestRequest
from tradewind.ports.market_data import MarketData
from tradewind.research.backtest import Market

INSTRUMENT_FIELDS = frozenset(f.name for f in fields(Instrument)) - {"symbol", "kind"}


def completed(request: BacktestRequest, wanted: int, catalogue: MarketData) -> tuple[BacktestRequest, tuple[str, ...]]:
    """The request with symbols and timeframe filled in where only one choice is stored; and what was filled in."""
    stored = [info.key for info in catalogue.data_sets() if info.key.kind is Kind.CANDLES]
    if not stored:
        _stop_at_damage(catalogue)
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
                fix=f"Name {'it' if wanted == 1 else 'each'}: --symbol, stored are "
                f"{', '.join(sorted(fitting)) or f'none in {timeframe}'}",
            )
        symbols = tuple(sorted(fitting))
        said.append(f"running on {', '.join(symbols)}, the only candles stored")
    if not set(symbols) <= {key.symbol for key in stored}:
        _stop_at_damage(catalogue)
    _known(symbols, sorted({key.symbol for key in stored}))
    if not timeframe:
        shared = set.intersection(*({k.timeframe for k in stored if k.symbol == s} for s in symbols))
        if len(shared) != 1:
            raise BadInput(
                "it is not said which timeframe to run on",
                where="--timeframe",
                fix=f"Name it: --timeframe, stored for {', '.join(symbols)}: "
                f"{', '.join(sorted(shared, key=timeframe_ns)) or 'none in common'}",
            )
        timeframe = shared.pop()
        said.append(f"running on {timeframe} candles, the only ones stored for {', '.join(symbols)}")
    for symbol in symbols:
        _known_timeframe(
            timeframe, symbol, sorted((k.timeframe for k in stored if k.symbol == symbol), key=timeframe_ns)
        )
    request, sealed = before_the_seal(replace(request, symbols=symbols), catalogue)
    said += sealed
    if request.start_ns is not None and request.end_ns is not None and request.start_ns >= request.end_ns:
        raise BadInput(
            f"the start {instant_text(request.start_ns)} is not before the end {instant_text(request.end_ns)}",
            where="--start",
            fix="Give an earlier start or a later end",
        )
    return replace(request, symbols=symbols, timeframe=timeframe), tuple(said)


def before_the_seal(request: BacktestRequest, catalogue: MarketData) -> tuple[BacktestRequest, list[str]]:
    """The request, ending where the first of its symbols is sealed; and that it does. Raises BadInput where it would
    begin in there.
    """
    seals = {s: from_ns for s in request.symbols if (from_ns := catalogue.sealed_from(s)) is not None}
    end_ns = min(seals.values(), default=None)
    if end_ns is None or (request.end_ns is not None and request.end_ns <= end_ns):
        return request, []
    if request.start_ns is not None and request.start_ns >= end_ns:
        raise BadInput(
            f"all of it is sealed: {', '.join(seals)} from {instant_text(end_ns)} on",
            where="--start",
            fix="Begin before the seal, or take the one look there is: tradewind lockbox open STRATEGY",
        )
    told = [f"{symbol} is sealed from {instant_text(from_ns)} on" for symbol, from_ns in seals.items()]
    return replace(request, end_ns=end_ns), [f"{', '.join(told)}: the run ends at {instant_text(end_ns)}"]


def _known_timeframe(timeframe: str, symbol: str, stored: list[str]) -> None:
    if timeframe in stored:
        return
    near = next((known for known in stored if known.lower() == timeframe.lower()), None)
    step = timeframe_ns(near or timeframe)
    whole = [known for known in stored if timeframe_ns(known) < step and step % timeframe_ns(known) == 0]
    if near:
        fix = f"Did you mean {near}?"
    elif whole:
        fix = f"Make them: tradewind data resample --symbol {symbol} --from {whole[-1]} --to {timeframe}"
    else:
        fix = f"Stored for it: {', '.join(stored)}"
    raise BadInput(f"no {timeframe} candles are stored for {symbol}", where="--timeframe", fix=fix)


def _stop_at_damage(catalogue: MarketData) -> None:
    """Where a data set is missing and another cannot be read, that one may be what is missing."""
    for place, reason in catalogue.damaged().items():
        raise Corrupt(reason, where=place, fix="Remove this file and import the data again")


def _is_stored(catalogue: MarketData, key: DataKey) -> bool:
    """Whether there is such a data set. Raises Corrupt where it is there and cannot be read."""
    try:
        catalogue.info(key)
    except BadInput:
        return False
    return True


def _known(symbols: Sequence[str], stored: list[str]) -> None:
    for symbol in symbols:
        if symbol not in stored:
            near = difflib.get_close_matches(symbol.upper(), stored, 1, 0.4)
            hint = f"Did you mean {near[0]}?" if near else f"Stored are {', '.join(stored)}"
            raise BadInput(f"no candles are stored for {symbol!r}", where="--symbol", fix=hint)
    if len(set(symbols)) != len(symbols):
        raise BadInput("a symbol is named twice", where="--symbol", fix="Name each symbol once")


def load_markets(request: BacktestRequest, catalogue: MarketData) -> tuple[list[Market], list[DataSetInfo]]:
    """The markets of a request that is complete, and the data sets they were made of."""
    markets, infos = [], []
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
        if _is_stored(catalogue, DataKey(symbol, Kind.FUNDING)):
            infos.append(catalogue.info(DataKey(symbol, Kind.FUNDING)))
            funding = catalogue.funding(symbol)
        if _is_stored(catalogue, DataKey(symbol, Kind.MARK)):
            infos.append(catalogue.info(DataKey(symbol, Kind.MARK)))
            marks = catalogue.marks(symbol)
        markets.append(Market(bars, instrument_from(symbol, request.instrument), funding, marks))
    return markets, infos


def instrument_from(symbol: str, changes: Mapping[str, Any]) -> Instrument:
    """The symbol's usual rules with `changes`: numbers as text or Decimal; `fee` stands for maker and taker fee.

    Raises BadInput that names the rule.
    """
    values: dict[str, Any] = {}
    both = {"maker_fee": changes["fee"], "taker_fee": changes["fee"]} if "fee" in changes else {}
    for name, value in {**both, **{n: v for n, v in changes.items() if n != "fee"}}.items():
        if name not in INSTRUMENT_FIELDS:
            raise BadInput(f"an instrument has no rule {name!r}", fix=f"It has: {', '.join(sorted(INSTRUMENT_FIELDS))}")
        if isinstance(value, bool):
            values[name] = value
            continue
        try:
            values[name] = Decimal(str(value))
        except ArithmeticError:
            raise BadInput(f"{name} must be a number, found {value!r}", where=symbol, fix="Such as 0.0005") from None
    usual = instrument_for(symbol)
    if usual.kind == "perpetual" and values.get("fee_in_base"):
        values.pop("fee_in_base")
    return replace(usual, **values)


def quality_of(market: Market) -> list[str]:
    """What is wrong with the bars of this run, a sentence each."""
    found = check(market.bars)
    return [
        f"{market.bars.symbol}: {finding.count:,} x {finding.name}: {finding.effect}"
        for finding in found.findings
        if finding.severity is not Severity.NOTE or finding.count
    ]


def funding_warnings(markets: Sequence[Market], rules: MarketRules) -> tuple[str, ...]:
    """Perpetuals of which no funding is stored, or not for all of the run: what is not stored is not paid."""
    warnings = []
    for market in markets if rules.funding else ():
        symbol, bars, funding = market.bars.symbol, market.bars, market.funding
        if market.instrument.kind != "perpetual":
            continue
        if funding is None or len(funding) == 0:
            warnings.append(
                f"No funding is stored for {symbol}, so none was paid: tradewind data import --kind funding"
            )
            continue
        first, last = int(funding.time[0]), int(funding.time[-1])
        interval = int(np.median(np.diff(funding.time))) if len(funding) > 1 else 0
        # A payment is missing where one more interval before or after what is stored is still inside the run.
        if int(bars.time[0]) <= first - interval or int(bars.time[-1]) + bars.step_ns > last + interval:
            warnings.append(
                f"Funding of {symbol} is stored from {instant_text(first)} to {instant_text(last)} only: "
                "none was paid in the rest of the run"
            )
    return tuple(warnings)

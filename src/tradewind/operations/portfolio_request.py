"""What is asked for when a portfolio is to be run: a file of tables, checked word by word."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instants import instant_ns
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName
from tradewind.core.performance.allocation import Allocation
from tradewind.operations.backtest_data import INSTRUMENT_FIELDS
from tradewind.operations.backtest_request import BacktestRequest
from tradewind.research.portfolio_plan import Rebalancing

RULES = frozenset(f.name for f in fields(MarketRules)) - {"trade_from_ns"}
INSTRUMENT = INSTRUMENT_FIELDS | {"fee"}
TABLES: dict[str, frozenset[str]] = {
    "account": RULES | INSTRUMENT,
    "allocation": frozenset(f.name for f in fields(Allocation)),
    "rebalance": frozenset(f.name for f in fields(Rebalancing)),
    "data": frozenset({"timeframe", "start", "end", "engine"}),
}
SLEEVE = frozenset({"name", "strategy", "symbol", "symbols", "timeframe", "start", "end", "share", "params", "rules"})

EXAMPLE = """\
# A portfolio: tradewind portfolio FILE.toml
# Everything but the sleeves may be left out. What stands here are the usual values, but for the method (usually equal)
# and the timeframe (usually the only one that is stored).

[account]
cash = 10000
leverage = 1
slippage = "fixed"
# fee = 0.0005              # and every other rule of `tradewind backtest --help`, with _ for -

[allocation]
method = "risk_parity"      # equal, volatility_target, risk_parity or kelly
lookback_days = 90          # of each sleeve's own past returns
history_min_days = 30       # until there are so many, a sleeve gets its plain share
invested_max = 1.0          # all sleeves together; the rest stays cash
weight_max = 1.0            # one sleeve
# target_volatility = 0.2   # a year, for volatility_target
# kelly_fraction = 0.5      # of the Kelly weight, for kelly

[rebalance]
every = "1M"                # never, or a number and d, w or M
# drift = 0.05              # also when a sleeve is this far from its part of the account
resize = true               # positions follow; false: only free cash moves

[data]
timeframe = "1h"
# start = 2024-01-01
# end = 2025-01-01

[[sleeve]]
name = "trend"
strategy = "sma_cross"      # a bundled one, or a file: mine.py or mine.py:MyClass
symbol = "BTC/USDT:USDT"    # a strategy of several: symbols = ["BTC/USDT:USDT", "ETH/USDT:USDT"]
params = { fast = 10, slow = 50 }

[[sleeve]]
name = "reversion"
strategy = "rsi_mean_reversion"
symbol = "ETH/USDT:USDT"
# share = 2                 # its plain share beside the others' 1
# timeframe = "4h"          # where it differs
# rules = { leverage = 2 }  # where they differ from the account's
"""


@dataclass(frozen=True)
class SleeveRequest:
    """One sleeve: what it runs, its name ("" for one made up) and its plain share."""

    run: BacktestRequest
    name: str
    share: float


@dataclass(frozen=True)
class PortfolioRequest:
    """What to run. `command` makes the same portfolio again."""

    sleeves: tuple[SleeveRequest, ...]
    allocation: Allocation
    rebalancing: Rebalancing
    rules: MarketRules
    engine: EngineName
    command: str


def read_tables(path: Path) -> dict[str, Any]:
    """The tables of a portfolio's file. Raises BadInput where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadInput(f"it is not TOML: {problem}", where=str(path), fix=SEE_EXAMPLE) from None
    except OSError as problem:
        raise BadInput(f"it cannot be read: {problem.strerror}", where=str(path), fix=SEE_EXAMPLE) from None


SEE_EXAMPLE = "A file to start from: tradewind portfolio --example"


def sleeve_of(text: str) -> dict[str, Any]:
    """`sma_cross@BTC/USDT,fast=10` as the table of a sleeve; several symbols are joined by +. Raises BadInput."""
    head, *rest = (part.strip() for part in text.split(","))
    strategy, at, symbols = head.rpartition("@")
    params = {}
    for part in rest:
        name, equals, value = (word.strip() for word in part.partition("="))
        if not equals or not name or not value:
            raise BadInput(f"{part!r} is not a parameter", where=f"--sleeve {text}", fix="Write fast=10")
        params[name] = value
    if not at or not strategy or not all(symbols.split("+")):
        raise BadInput(
            "it names no strategy and symbol", where=f"--sleeve {text}", fix="Write sma_cross@BTC/USDT:USDT,fast=10"
        )
    return {"strategy": strategy, "symbols": symbols.split("+"), "params": params}


def request_from(tables: Mapping[str, Any], where: str, command: str) -> PortfolioRequest:
    """The request that a file's tables make. `where` names the file. Raises BadInput with the table and the word."""
    _known(tables, {*TABLES, "sleeve"}, where, "table")
    for table, names in TABLES.items():
        _known(_table(tables, table, where), names, f"{where}, [{table}]", "setting")
    account = _table(tables, "account", where)
    data = _table(tables, "data", where)
    rules = _made(MarketRules, {n: v for n, v in account.items() if n in RULES}, f"{where}, [account]")
    instrument = {name: value for name, value in account.items() if name in INSTRUMENT}
    engine = data.get("engine", "auto")
    entries = tables.get("sleeve", [])
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise BadInput("it has no sleeve", where=where, fix=f"Write [[sleeve]] tables. {SEE_EXAMPLE}")
    sleeves = [
        _sleeve(entry, f"{where}, sleeve {number}", rules, instrument, data, engine)
        for number, entry in enumerate(entries, 1)
    ]
    return PortfolioRequest(
        tuple(sleeves),
        _made(Allocation, _table(tables, "allocation", where), f"{where}, [allocation]"),
        _made(Rebalancing, _table(tables, "rebalance", where), f"{where}, [rebalance]"),
        rules,
        engine,
        command,
    )


def _sleeve(
    entry: Mapping[str, Any], where: str, rules: MarketRules, instrument: Mapping[str, Any], data: Mapping[str, Any],
    engine: EngineName,
) -> SleeveRequest:  # fmt: skip
    _known(entry, SLEEVE, where, "setting")
    strategy = entry.get("strategy")
    if not isinstance(strategy, str) or not strategy:
        raise BadInput("it names no strategy", where=where, fix='Write strategy = "sma_cross"')
    if "symbol" in entry and "symbols" in entry:
        raise BadInput("it has symbol and symbols", where=where, fix="Keep one of them")
    symbols = [entry["symbol"]] if "symbol" in entry else entry.get("symbols", [])
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise BadInput("its symbols are no list of texts", where=where, fix='Write symbols = ["BTC/USDT:USDT"]')
    params, own = _table(entry, "params", where), _table(entry, "rules", where)
    _known(own, RULES - {"cash"} | INSTRUMENT, f"{where}, rules", "rule")
    name = entry.get("name", "")
    if not isinstance(name, str):
        raise BadInput(f"its name must be a text, found {name!r}", where=where, fix='Write name = "trend"')
    timeframe = entry.get("timeframe", data.get("timeframe", ""))
    if not isinstance(timeframe, str):
        raise BadInput(f"the timeframe must be a text, found {timeframe!r}", where=where, fix='Write timeframe = "1h"')
    run = BacktestRequest(
        strategy=strategy,
        symbols=tuple(symbols),
        timeframe=timeframe,
        start_ns=_instant(entry.get("start", data.get("start")), f"{where}, start"),
        end_ns=_instant(entry.get("end", data.get("end")), f"{where}, end"),
        parameters=params,
        rules=_made(lambda **given: replace(rules, **given), {n: own[n] for n in own if n in RULES}, where),
        instrument={**instrument, **{n: own[n] for n in own if n in INSTRUMENT}},
        engine=engine,
    )
    return SleeveRequest(run, name, entry.get("share", 1.0))


def _instant(value: object, where: str) -> int | None:
    """A date of TOML, or one as text."""
    if value is None:
        return None
    if isinstance(value, datetime | date):
        value = value.isoformat()
    if not isinstance(value, str):
        raise BadInput(f"{value!r} is not a date", where=where, fix="Write 2024-05-04")
    return instant_ns(value)


def _made(kind: Any, given: Mapping[str, Any], where: str) -> Any:
    """What its own checks let through, with the place in front of what they refuse."""
    try:
        return kind(**given)
    except BadInput as problem:
        raise BadInput(problem.message, where=where, fix=problem.fix) from None


def _table(tables: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    found = tables.get(name, {})
    if not isinstance(found, dict):
        raise BadInput(f"{name} must be a table, found {found!r}", where=where, fix=SEE_EXAMPLE)
    return found


def _known(given: Iterable[str], names: Iterable[str], where: str, what: str) -> None:
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            fix = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(names))}"
            raise BadInput(f"unknown {what} {name!r}", where=where, fix=fix)

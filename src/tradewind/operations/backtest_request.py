"""What is asked for when a strategy is to be backtested, and the command line that asks for it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from tradewind.core.domain.instants import instant_text
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName


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


def command_of(request: BacktestRequest, verb: str = "backtest", own: Sequence[str] = ()) -> str:
    """The command line that makes the same run again; `own` are the words of another verb's own options."""
    words = ["tradewind", *verb.split(), request.strategy, *own]
    for symbol in request.symbols:
        words += ["--symbol", symbol]
    if request.timeframe:
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
            words += option(rule.name, value)
    for name, value in request.instrument.items():
        words += option(name, value)
    if request.engine != "auto":
        words += ["--engine", request.engine]
    return shlex.join(words)


def option(name: str, value: Any) -> list[str]:
    """A setting as words of a command line; a number as a person would write it."""
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return [f"--{flag}", short if not isinstance(value, float) or float(short) == value else repr(value)]

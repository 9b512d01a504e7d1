"""A kept backtest made once more, when it is certain that it is the same one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.instants import instant_ns
from tradewind.core.engine.rules import MarketRules
from tradewind.operations.backtest_data import before_the_seal, load_markets
from tradewind.operations.backtest_request import BacktestRequest
from tradewind.operations.progress import Progress, Silence, Stages
from tradewind.operations.strategies import strategy_named
from tradewind.ports.market_data import MarketData
from tradewind.ports.runs import StoredRun
from tradewind.research.backtest import Backtest, backtest
from tradewind.research.code_hash import code_hash

RULES = {rule.name: getattr(MarketRules(), rule.name) for rule in fields(MarketRules)}


def run_again(run: StoredRun, catalogue: MarketData, cache: Path | None, progress: Progress | None = None) -> Backtest:
    """The backtest of a kept run, with everything that its files do not hold.

    Raises BadInput where the strategy's code, the data or the decisions are no longer those of the run: another run
    would be taken for this one.
    """
    progress = progress or Silence()
    request = request_of(str(run.summary.get("command", "")))
    again = str(run.summary["command"])
    kept = run.summary.get("hashes")
    if not isinstance(kept, Mapping):
        raise Corrupt("its summary holds no hashes", where=str(run.folder), fix=f"Make the run again: {again}")
    progress.stage("loading")
    strategy = strategy_named(request.strategy)
    whose = "the code of the strategy, or Tradewind's own, has changed since the run"
    _same(run, kept, "code", code_hash(strategy), whose)
    if before_the_seal(request, catalogue)[1]:
        raise BadInput("it saw bars that are sealed now", where=run.name, fix=f"Run what can be seen: {again}")
    markets, infos = load_markets(request, catalogue)
    for info in infos:
        _same(run, kept, f"data {info.key}", info.content_hash, f"the data has changed since the run: {info.key}")
    result = backtest(
        strategy, markets, rules=request.rules, engine=request.engine, cache=cache, progress=Stages(progress),
        parameters=request.parameters,
    )  # fmt: skip
    _same(run, kept, "decisions", result.run.decision_hash, "the run decides otherwise with this version of Tradewind")
    return result


def _same(run: StoredRun, kept: Mapping[str, Any], name: str, found: str, what: str) -> None:
    if kept.get(name) != found:
        raise BadInput(what, where=run.name, fix=f"Make the run again, then ask about that: {run.summary['command']}")


def request_of(command: str) -> BacktestRequest:
    """What a kept run's command line asks for: `command_of` turned round. Raises Corrupt for any other line."""
    words = shlex.split(command)
    if words[:3] == ["tradewind", "lockbox", "open"]:
        raise BadInput(
            "a look into a lockbox is one, and no other runs are made of it",
            fix="Use a method that needs its trades only, such as --method bootstrap",
        )
    if words[:2] != ["tradewind", "backtest"] or len(words) < 3:
        raise Corrupt(f"this makes no backtest again: {command!r}", fix="Make a new run: tradewind backtest")
    given: dict[str, list[str]] = {}
    rest = iter(words[3:])
    for word in rest:
        name = word.removeprefix("--").replace("-", "_")
        off = name.removeprefix("no_")
        if isinstance(RULES.get(off), bool) or name == "fee_in_base":
            given[off] = ["" if name == off else "no"]
        else:
            given.setdefault(name, []).append(next(rest, ""))
    rules = {name: _rule(name, given.pop(name)[0]) for name in RULES if name in given}
    one = {name: given.pop(name)[0] for name in ("timeframe", "start", "end", "engine") if name in given}
    parameters = dict(text.partition("=")[::2] for text in given.pop("param", []))
    symbols = tuple(given.pop("symbol", []))
    instrument = {name: values[0] or True for name, values in given.items()}
    return BacktestRequest(
        strategy=words[2],
        symbols=symbols,
        timeframe=one.get("timeframe", ""),
        start_ns=instant_ns(one["start"]) if "start" in one else None,
        end_ns=instant_ns(one["end"]) if "end" in one else None,
        parameters=parameters,
        rules=MarketRules(**rules),
        instrument=instrument,
        engine=one.get("engine", "auto"),  # type: ignore[arg-type]
    )


def strategy_of(run: StoredRun) -> str:
    """The strategy of a kept run as it was asked for, such as `sma_cross` or `mine.py`."""
    words = shlex.split(str(run.summary.get("command", "")))
    return words[2] if len(words) > 2 else str(run.summary.get("strategy", "run"))


def _rule(name: str, text: str) -> Any:
    """A rule's value in the type that it has."""
    usual = RULES[name]
    if isinstance(usual, bool):
        return text != "no"
    if usual is None:
        return float(text)
    return type(usual)(text)

"""The one look that a strategy has into a sealed stretch: recorded first, taken second."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec

from tradewind.core.domain.errors import BadInput, Refused, StrategyFailed
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.lockbox import LOCAL, Deed, Done, Entry, openings_into, same_strategy
from tradewind.core.domain.trials import TrialKind
from tradewind.core.performance import Performance
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.backtest import FinishedRun, Occasion, run_backtest
from tradewind.operations.backtest_data import completed, load_markets
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.lockbox import sealed_now
from tradewind.operations.strategies import strategy_named
from tradewind.operations.trials import counted
from tradewind.operations.workplace import Workplace
from tradewind.ports.lockbox import Lockbox
from tradewind.ports.market_data import MarketData
from tradewind.research.backtest import Market, backtest
from tradewind.research.code_hash import code_hash
from tradewind.research.counting import uncounted


@dataclass(frozen=True)
class Opening:
    """A look into a sealed stretch: the run on it, the same strategy's figures before the seal, and who looked ever."""

    run: FinishedRun
    before: Performance
    from_ns: int
    until_ns: int
    entry: Entry
    looks: tuple[Entry, ...]
    """All openings of this stretch, this one included, oldest first."""
    repeated: bool
    """Whether this very look had been taken before: it shows what it showed then."""


def open_lockbox(request: BacktestRequest, at: Workplace, *, whole: MarketData, lockbox: Lockbox) -> Opening:
    """Run a strategy on a sealed stretch, with the bars before it to warm up. `whole` is the workplace's catalogue
    without its seals.

    The opening is on record before the run begins, so a run that is killed has still been a look; the same request may
    be repeated, and sees the same bars. Raises Refused where the strategy (by code, name or behaviour) has looked.
    """
    at.begin()
    if request.start_ns is not None or request.end_ns is not None:
        raise BadInput("a sealed stretch is seen whole or not at all", where="--start, --end", fix="Leave them out")
    strategy = strategy_named(request.strategy)
    request, _ = completed(request, strategy.symbols, whole)
    entries = lockbox.entries()
    from_ns = min(sealed_now(entries, symbol).from_ns for symbol in request.symbols)
    markets, infos = load_markets(request, whole)
    until_ns = max(int(m.bars.time[-1]) + m.bars.step_ns for m in markets)
    if any(int(m.bars.time[-1]) < from_ns for m in markets):
        raise BadInput(
            f"no {request.timeframe} bars are stored after {instant_text(from_ns)}, where the seal begins",
            where=", ".join(request.symbols),
            fix="Bring newer data, or make this timeframe of it again: tradewind data resample",
        )
    visible, _ = load_markets(replace(request, end_ns=from_ns), at.catalogue)
    done = Done(
        Deed.OPENED, request.symbols, from_ns, until_ns, at.now_ns, LOCAL,
        {
            "strategy": strategy.__name__,
            "code": code_hash(strategy),
            "behaviour": _behaviour(strategy, visible, at.kernels),
            "parameters": _text(resolve(strategy.parameters, dict(request.parameters), strategy.__name__)),
            "rules": _hash(_text([asdict(request.rules), [asdict(m.instrument) for m in markets]])),
            "timeframe": request.timeframe,
        },
    )  # fmt: skip
    _allowed(entries, done)
    with counted(at.trials, TrialKind.LOCKBOX, infos, at.now_ns):
        before = backtest(
            strategy, visible, rules=request.rules, engine=request.engine, cache=at.kernels,
            parameters=request.parameters,
        )  # fmt: skip
    entry = lockbox.append(lambda known: _allowed(known, done))
    repeated = entry is None
    known = lockbox.entries()
    found = entry or next(e for e in known if _is_same_look(e, done))
    looks = tuple(e for e in known if any(e in openings_into(known, symbol, from_ns) for symbol in request.symbols))
    until_ns = found.done.until_ns
    command = command_of(request).replace("backtest", "lockbox open", 1)
    notes = _notes(from_ns, found, looks, repeated)
    try:
        run = run_backtest(
            replace(request, end_ns=until_ns, rules=replace(request.rules, trade_from_ns=from_ns)),
            replace(at, catalogue=whole),
            Occasion(TrialKind.LOCKBOX, command, notes, {"lockbox": f"{found.number} {found.hash}"}),
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; the look is on record", f"Take it to its end: {command}") from None
    return Opening(run, before.performance, from_ns, until_ns, found, looks, repeated)


def _allowed(entries: Sequence[Entry], done: Done) -> Done | None:
    """The deed, None where it was done before to the letter. Raises Refused for a second look."""
    for symbol in done.symbols:
        for earlier in openings_into(entries, symbol, done.from_ns):
            if _is_same_look(earlier, done):
                return None
            by = same_strategy(earlier, done.facts)
            if by is not None:
                raise Refused(
                    f"this strategy has had its look: {earlier.done.facts.get('strategy')} opened {symbol} on "
                    f"{instant_text(earlier.done.made_ns)[:10]}, {by}",
                    where=f"the lockbox, entry {earlier.number}",
                    fix="Judge by what that look showed (tradewind lockbox list), or wait for new data",
                )
    return done


def _is_same_look(earlier: Entry, done: Done) -> bool:
    """Whether an opening was of the same code, parameters, rules and market: then it showed what this one would."""
    same = all(
        earlier.done.facts.get(n) == done.facts[n] for n in ("strategy", "code", "parameters", "rules", "timeframe")
    )
    return same and earlier.done.deed is Deed.OPENED and (earlier.done.symbols, earlier.done.from_ns) == (
        done.symbols, done.from_ns,
    )  # fmt: skip


def _behaviour(strategy: type[Strategy], visible: Sequence[Market], cache: Path | None) -> str:
    """What it decides on the bars before the seal, by default parameters and the usual rules; empty for nothing."""
    try:
        with uncounted():
            run = backtest(strategy, visible, cache=cache).run
    except (BadInput, StrategyFailed):
        return ""
    return run.decision_hash if len(run.decisions) else ""


def _notes(from_ns: int, entry: Entry, looks: Sequence[Entry], repeated: bool) -> tuple[str, ...]:
    place = looks.index(entry) + 1
    told = f"This run is on the sealed stretch from {instant_text(from_ns)} on: look number {place} into it"
    others = [f"{e.done.facts.get('strategy')} ({instant_text(e.done.made_ns)[:10]})" for e in looks if e != entry]
    notes = [f"{told}; the others were of {', '.join(others)}" if others else f"{told}, and the only one"]
    if others:
        notes.append(
            "To who saw the other looks this stretch is no longer new: a good result here may be the best of several"
        )
    if repeated:
        notes.append(f"The same look was taken on {instant_text(entry.done.made_ns)[:10]}, and shows the same")
    return tuple(notes)


def _text(values: object) -> str:
    return msgspec.json.encode(values, order="sorted").decode()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

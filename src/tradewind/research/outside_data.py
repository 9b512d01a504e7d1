"""What a strategy knows of the market from elsewhere: a module, its class, a file. That does not go away with the bars.

Of all numbers it can reach it is asked: do its decisions before a cut change when their part about later bars is
another one? And do numbers that no bar changes, or decisions that no price changes, go with the next bars' returns as
nothing made of the past could?
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradewind.core.domain.errors import TradewindError
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.prepared import Columns
from tradewind.core.engine.run import RunResult, call_hook
from tradewind.core.engine.setup import exchange_for, set_up
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.brought_along import LENGTH_MIN, later_row, number_lists, turned_from, with_numbers
from tradewind.research.clockwork import by_the_clock, decisions_by_the_clock
from tradewind.research.differences import column_differs, decision_at, first_other_decision
from tradewind.research.files_read import files_read
from tradewind.research.foresight import Finding
from tradewind.research.predicts import foretelling, goes_with_next_returns
from tradewind.research.readers import GIVEN, answering
from tradewind.research.refused import made
from tradewind.research.rerun import Rerun
from tradewind.research.shown_less import Cut, cut_off, gone_otherwise, whole_moments

Array = np.ndarray[Any, Any]
CUTS_TRIED = 6
WAY = "its own numbers about later bars changed"
OWN = "it holds numbers about bars that were not there yet, and the strategy decides by them"
CLOCK = "{} by the clock alone: whether its hours were chosen with hindsight, no check can know"
FORETELLS = "whatever the prices are it is the same, and it goes with the {} ({:.1f} {})"


@dataclass
class _Outside:
    """What is asked of everything that the strategy brings along."""

    rerun: Rerun
    data: MarketData
    whole: RunResult
    cuts: list[Cut]
    notes: dict[str, None]
    found: list[Finding]


def outside_findings(
    rerun: Rerun, data: MarketData, whole: RunResult, columns: Columns, cuts: list[Cut], notes: dict[str, None]
) -> list[Finding]:
    """What the strategy knows from elsewhere of the bars after a cut. Adds to `notes` what could not be judged."""
    tried = [cuts[i] for i in np.unique(np.linspace(0, len(cuts) - 1, CUTS_TRIED).astype(int))]
    outside = _Outside(rerun, data, whole, tried, notes, [])
    middle = cut_off(data, cuts[len(cuts) // 2].row)
    with files_read() as files, answering(lambda value: value) as read, suppress(TradewindError):
        rerun.run(middle)
    for path in dict.fromkeys([*files, *(name for name in read if not name.startswith(GIVEN))]):
        notes[f"It reads the file {path}: what that was made of, no check can know"] = None
    rerun.outside.begin()
    for name, owner, key in list(rerun.outside.held()):
        value = rerun.outside.value(owner, key)
        if any(True for _ in number_lists(value)):
            _judge(outside, name, value, _globally(rerun, owner, key))
    for key, value in _attributes(rerun, middle).items():
        _judge(outside, f"self.{key}", value, _on_itself(rerun, key))
    if read and not outside.found:
        _judge_reading(outside, read)
    _blind(outside, columns)
    return outside.found


Change = Callable[[Any, MarketData], RunResult]
"""Runs the strategy on a market with a value of its own replaced."""


def _globally(rerun: Rerun, owner: Any, key: str) -> Change:
    def run(value: Any, data: MarketData) -> RunResult:
        rerun.outside.begin()
        rerun.outside.put(owner, key, value)
        return rerun.run_as_it_is(data)

    return run


def _on_itself(rerun: Rerun, key: str) -> Change:
    def run(value: Any, data: MarketData) -> RunResult:
        def setup(self: Strategy) -> None:
            rerun.strategy.setup(self)
            setattr(self, key, value)

        def on_start(self: Strategy) -> None:
            rerun.strategy.on_start(self)
            setattr(self, key, value)

        space = {"setup": setup, "on_start": on_start, "__module__": rerun.strategy.__module__}
        rerun.outside.begin()
        return rerun.run_as_it_is(data, type(rerun.strategy.__name__, (rerun.strategy,), space))

    return run


def _attributes(rerun: Rerun, data: MarketData) -> dict[str, Any]:
    """Lists of numbers that `setup` or `on_start` has put on the strategy, and that do not come from the bars."""
    kept: list[dict[str, Any]] = []
    for shown in (data, cut_off(data, max(LENGTH_MIN * len(data.symbols), int(whole_moments(data)[-2])))):
        rerun.outside.begin()
        strategy = made(rerun.strategy, rerun.parameters)
        try:
            set_up(strategy, exchange_for(shown, list(rerun.instruments), rerun.rules), shown)
            call_hook(strategy.on_start, strategy)
        except TradewindError:
            return {}
        kept.append({k: v for k, v in vars(strategy).items() if any(len(set(n)) > 2 for n in number_lists(v))})
    first, second = kept
    return {
        key: value
        for key, value in first.items()
        if key in second and [len(n) for n in number_lists(value)] == [len(n) for n in number_lists(second[key])]
    }


def _judge_reading(outside: _Outside, read: list[str]) -> None:
    """Change the later part of whatever is read from files while the strategy runs."""
    for cut in outside.cuts:

        def later_changed(value: Any, row: int = cut.row) -> Any:
            start = later_row(value, outside.data, row)
            return value if start is None else with_numbers(value, turned_from(start[0]))

        with answering(later_changed), suppress(TradewindError):
            part = outside.rerun.run(cut_off(outside.data, cut.row)).decisions
            if _differs(outside, ", ".join(read), cut, part):
                return


def _differs(outside: _Outside, name: str, cut: Cut, part: Array) -> bool:
    """Whether decisions before a cut are other ones, which is then found."""
    data, whole = outside.data, outside.whole.decisions
    until = int(data.time[cut.row - 1]) + data.step
    known, part = whole[whole["time"] <= until], part[part["time"] <= until]
    index = first_other_decision(known, part)
    if index is None:
        return False
    first = min(int(d["time"][index]) for d in (known, part) if index < len(d))
    with_all, with_part = (decision_at(d, index, data.symbols) for d in (known, part))
    outside.found.append(Finding("outside", name, first - data.step, until, with_all, with_part, WAY, 1, OWN))
    return True


def _judge(outside: _Outside, name: str, value: Any, run: Change) -> None:
    """Change the later part of one value, and see whether what was decided before is still decided."""
    prices = False
    for cut in outside.cuts:
        start = later_row(value, outside.data, cut.row)
        if start is None:
            return
        prices = prices or start[1]
        with suppress(TradewindError):
            part = run(with_numbers(value, turned_from(start[0])), cut_off(outside.data, cut.row)).decisions
            if _differs(outside, name, cut, part):
                return
    if _foretells(outside, name, value, run):
        return
    if prices:
        outside.notes[f"{name} holds this market's later prices; at the cuts it decided nothing by them"] = None


def _foretells(outside: _Outside, name: str, value: Any, run: Change) -> bool:
    """Whether numbers of its own, one a bar, go with what follows, and are used."""
    data = outside.data
    for symbol in range(len(data.symbols)):
        close = data.close[data.symbol == symbol]
        for numbers in number_lists(value):
            told = goes_with_next_returns(numbers, close) if abs(len(numbers) - len(close)) <= 1 else None
            if told is None:
                continue
            if _is_clockwork(outside, f"{name} goes", numbers, data.time[data.symbol == symbol]):
                continue
            try:
                used = run(with_numbers(value, turned_from(0)), data).decisions
            except TradewindError:
                used = outside.whole.decisions[:0]
            if first_other_decision(outside.whole.decisions, used) is None:
                continue
            words = FORETELLS.format(_returns(told[1]), told[0], "rank correlation")
            outside.found.append(_about_all(outside, "outside", name, words))
            return True
    return False


def _blind(outside: _Outside, columns: Columns) -> None:
    """Columns and decisions that stay the same when every later price is another one: do they know those prices?"""
    data = outside.data
    cut = outside.cuts[0]
    other = gone_otherwise(data, cut.row)
    try:
        made_again = outside.rerun.columns(other)
        again = outside.rerun.run(other).decisions
    except TradewindError:
        return
    for name, values in columns.items():
        same = not column_differs(values, made_again[name]).any()
        for symbol in range(len(data.symbols)):
            rows = data.symbol == symbol
            told = goes_with_next_returns(values[rows], data.close[rows]) if same else None
            if told is not None and not _is_clockwork(outside, f"{name} goes", values[rows], data.time[rows]):
                words = FORETELLS.format(_returns(told[1]), told[0], "rank correlation")
                outside.found.append(_about_all(outside, "column", name, words))
                break
    whole = outside.whole.decisions
    timing = ["time", "symbol", "action", "side"]
    if len(whole) and whole[timing].tolist() == again[timing].tolist():
        told = foretelling(whole, data)
        if told is not None and decisions_by_the_clock(whole, data):
            outside.notes[CLOCK.format("It decides")] = None
        elif told is not None:
            words = FORETELLS.format(_returns(told[1]), told[0], "standard errors")
            outside.found.append(_about_all(outside, "decision", "timing", words))


def _is_clockwork(outside: _Outside, words: str, numbers: Array, time: Array) -> bool:
    """Whether numbers are told by the clock, which is then said."""
    rows = min(len(numbers), len(time))
    if not by_the_clock(np.asarray(numbers[:rows], np.float64), time[:rows]):
        return False
    outside.notes[CLOCK.format(words)] = None
    return True


def _about_all(outside: _Outside, kind: str, name: str, words: str) -> Finding:
    data = outside.data
    until = int(data.time[outside.cuts[0].row - 1]) + data.step
    return Finding(kind, name, int(data.time[0]), until, "the same", "the same", "later bars changed", 1, words)


def _returns(ahead: int) -> str:
    return "next bar's return" if ahead == 1 else f"return of the next {ahead} bars"

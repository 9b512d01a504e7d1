"""The loop over a tape, written for one strategy: only the hooks that it has are called."""

from __future__ import annotations

from typing import Any

from tradewind.core.domain.errors import StrategyFailed
from tradewind.core.engine.books.answers import deliver
from tradewind.core.engine.books.hearing import QUOTE, TRADE
from tradewind.core.engine.books.market import at_venue, heard, in_danger, mark
from tradewind.core.engine.books.tape import AT_VENUE
from tradewind.core.engine.books.venue import act, register
from tradewind.core.engine.forced_closing import liquidate
from tradewind.core.engine.intake import sweep
from tradewind.core.engine.journal import drain
from tradewind.core.engine.plan import BOOK_HOOKS, attributes
from tradewind.core.indicators.indicator import BY_HAND, Indicator
from tradewind.core.strategy.strategy import Strategy

NAMES: dict[str, Any] = {
    f.__name__: f for f in (act, at_venue, deliver, drain, heard, in_danger, liquidate, mark, register, sweep)
}
"""What the driver's text may name."""
HOOKS = (*BOOK_HOOKS, "on_fill", "on_order_update", "on_timer")
BAR_HOOKS = ("on_bar", "on_funding")


def hooks_of(strategy: Strategy) -> frozenset[str]:
    """The hooks a strategy has. Raises StrategyFailed where it could not trade here, or waits for what never comes."""
    kind = type(strategy)
    found = frozenset(h for h in (*HOOKS, *BAR_HOOKS) if getattr(kind, h) is not getattr(Strategy, h))
    for hook in BAR_HOOKS:
        if hook in found:
            raise StrategyFailed(
                f"its {hook} would never be called: an order-book replay has no candles and no funding",
                where=kind.__name__,
                fix="Decide in on_book, on_quote or on_trade, or backtest it on candles: tradewind backtest",
            )
    if not found & {*BOOK_HOOKS, "on_timer"}:
        raise StrategyFailed(
            "it has no on_book, on_quote or on_trade hook, so it can never trade in an order book",
            where=kind.__name__,
            fix="Write def on_book(self, book)",
        )
    for path, thing in attributes(strategy):
        if isinstance(thing, Indicator) and thing.source != BY_HAND:
            raise StrategyFailed(
                f"self.{path} waits for bars, and an order-book replay has none",
                where=kind.__name__,
                fix=f"Make it {type(thing).__name__}(...).by_hand() and call its update yourself",
            )
    return found


def driver_text(hooks: frozenset[str], timer: bool) -> str:
    """Source of `drive`: it runs rows `row` to `stop`, or until the journal is full, and returns where it stopped.

    Between two rows whatever is due by then happens in the order of time: orders meet the venue, answers arrive.
    """
    timed = timer and "on_timer" in hooks
    lines = [
        "def drive(s, tape, high, low, close, fills, decisions, room, row, stop):",
        "    x = s.exchange",
        *(f"    {hook} = s.{hook}" for hook in sorted(hooks) if hook != "on_timer" or timed),
        "    while row < stop:",
        "        now = tape.when[row]",
        f"        at_venue_now = tape.place[row] == {AT_VENUE}",
        "        until = now - 1 if at_venue_now else now",
        "        while x.acts_next <= until or x.reports_next <= until:",
        "            if x.acts_next <= x.reports_next:",
        "                act(x)",
        "            else:",
        "                deliver(x)",
        *_told(4, hooks),
        "                if x.pending:",
        "                    register(x)",
        "                    if drain(x, row, fills, decisions, room):",
        "                        return row",
        "        if at_venue_now:",
        "            at_venue(x, tape, row)",
        "            mark(x, high, low, close)",
        "        else:",
        "            tell = heard(x, tape, row)",
        "            if in_danger(x):",
        "                liquidate(x, x.bars[0], x.bars[0].close, x.bars[0].close, True)",
        "                sweep(x)",
        *_told(4, hooks),
        *_hooks(hooks),
        *(_timer() if timed else []),
        "            if x.pending:",
        "                register(x)",
        "        row += 1",
        "        if x.pending and drain(x, row - 1, fills, decisions, room):",
        "            break",
        "    return row",
        "",
    ]
    return "\n".join(lines)


def _hooks(hooks: frozenset[str]) -> list[str]:
    kinds = {"on_trade": (f"== {TRADE}", "x.trade"), "on_quote": (f"== {QUOTE}", "x.quote")}
    lines = []
    for hook, (kind, thing) in kinds.items():
        if hook in hooks:
            lines += [f"            if tell and tape.kind[tape.event[row]] {kind}:", f"                {hook}({thing})"]
    if "on_book" in hooks:
        lines += [f"            if tell and tape.kind[tape.event[row]] < {TRADE}:", "                on_book(x.book)"]
    return lines


def _told(depth: int, hooks: frozenset[str]) -> list[str]:
    """The strategy hears of its fills and its orders' states."""
    lines: list[str] = []
    if "on_fill" in hooks:
        lines += ["for i in range(x.fill_count):", "    on_fill(x.fills[i])"]
    if "on_order_update" in hooks:
        lines += [
            "told = 0",
            "while told < x.update_count:",
            "    on_order_update(x.updates[told])",
            "    told += 1",
            "x.update_count = 0",
        ]
    return ["    " * depth + line for line in lines]


def _timer() -> list[str]:
    return [
        "            if now >= x.timer_next:",
        "                on_timer(now)",
        "                x.timer_next += ((now - x.timer_next) // x.timer_length + 1) * x.timer_length",
    ]

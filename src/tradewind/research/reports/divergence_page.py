"""The page of a divergence: a session beside its backtest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tradewind.research.pairing import CAUSE_WORDS, Executed, Side, Trade
from tradewind.research.reports import charts
from tradewind.research.reports.divergence_words import (
    Compared,
    advice,
    because,
    beside,
    decision_words,
    parting,
    time_of,
    verdict_of,
    what_traded,
)
from tradewind.research.reports.study import Part, Picture, Section, Study, Table, Text
from tradewind.research.reports.wording import ABSENT, moment, money, number, signed

ROWS_MAX = 40
BASIS_POINTS = 10_000.0
FIELD_WORDS = {"time": "a bar later or earlier", "stop_loss": "stop loss", "take_profit": "target"}
ONE_SIDE = "only one side"
HOW = (
    "The session was replayed from its record; its candles are those that its own ticks made.",
    "The backtest ran the same strategy, parameters and account over these candles, by the engine of every backtest.",
    "It paid the funding that the session paid, and did not close what was open at the end.",
    "Decisions belong together that ask for the same kind of order, on the same side, after the same bar or the next.",
    "Prices and fees are compared where both sides traded; what only one side traded is left unexplained.",
)


def divergence_study(c: Compared) -> Study:
    """Verdict, equity of both, causes, the first decisions that differ, the dearest trades."""
    r, currency = c.result, _currency(c.symbols)
    advised = advice(c)
    sections = [
        Section("Where they part", _parting(c)),
        Section("The account", _account(c, currency)),
        Section("What was traded otherwise", _causes(c, currency), note=advised),
        Section("Decisions that differ", _decisions(c)),
        Section("How this was done", [Text("", HOW)]),
    ]
    same = f"{r.same / len(r.pairs):.1%}" if r.pairs else ABSENT
    gap = r.equity_here - r.equity_there
    return Study(
        title=f"Session {c.session} beside its backtest",
        subtitle=f"{c.strategy} · {', '.join(c.symbols)} · {c.timeframe} · {len(c.here.time):,} bars",
        verdict=verdict_of(c) + ".",
        good=True if r.identical else None,
        key_figures=(
            ("Same decisions", same, f"{r.same:,} of {len(r.pairs):,}", ""),
            ("Session", money(r.equity_here, currency), "equity at the last close", ""),
            ("Backtest", money(r.equity_there, currency), "equity at the last close", ""),
            ("Difference", signed(money(gap, currency)), "session less backtest", "gain" if gap > 0 else "loss"),
            ("Prices", _size(r.slippage), beside(r.slippage, "worse", "better"), ""),
            ("Fees", money(abs(r.fee_cost), currency), beside(r.fee_cost, "more", "less"), ""),
        ),
        sections=sections,
        hashes={"code": c.code_hash, "decisions of the session": c.hash_here, "of the backtest": c.hash_there},
    )


def _parting(c: Compared) -> list[Part]:
    r = c.result
    if r.first is None:
        return [Text(f"{verdict_of(c)}.")]
    parts: list[Part] = [Text(f"{_sentence(parting(c, r.first))}."), Text(f"{because(c)}.")]
    said = [f"{count:,} {state.lower().replace('_', ' ')}" for state, count in sorted(c.answers.items())]
    if said:
        late = f"; the outcome of {c.unknown:,} of the orders was unknown for a while" if c.unknown else ""
        parts.append(Text(f"What the venue answered: {', '.join(said)}{late}.", quiet=True))
    return parts


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _account(c: Compared, currency: str) -> list[Part]:
    r = c.result
    time = np.union1d(c.here.time, c.there.time)
    series = {name: _on(time, side) for name, side in (("session", c.here), ("backtest", c.there))}
    parts: list[Part] = []
    if len(time) > 1:
        drawing = charts.lines(
            "Equity of the session and of its backtest", time, series, time=True, up=currency, written=_whole
        )
        parts.append(Picture(drawing, caption="What both accounts were worth at each close"))
    rows = [
        ("Session", money(r.equity_here, currency)),
        ("Backtest", money(r.equity_there, currency)),
        ("Difference", signed(money(r.equity_here - r.equity_there, currency))),
        ("of it worse or better prices", signed(money(-r.price_cost, currency))),
        ("of it fees", signed(money(-r.fee_cost, currency))),
        ("of it other sizes, and what only one side traded", signed(money(r.unexplained, currency))),
    ]
    return [*parts, Table("The difference between the accounts, and what it is made of", ("", "amount"), rows)]


def _whole(value: float) -> str:
    return number(value, 0)


def _on(time: np.ndarray[Any, Any], side: Side) -> np.ndarray[Any, Any]:
    values = np.full(len(time), np.nan)
    values[np.searchsorted(time, side.time)] = side.equity
    return values


def _causes(c: Compared, currency: str) -> list[Part]:
    found = c.result.causes()
    if not found:
        return [Text("Everything traded alike, in size and price.")]
    rows = [
        (CAUSE_WORDS[cause], f"{count:,}", money(cost, currency) if cost else ABSENT)
        for cause, (count, cost) in found.items()
    ]
    head = ("orders", "how many", "prices and fees, more than the backtest")
    parts: list[Part] = [Table("Orders that traded otherwise, by the first reason that holds", head, rows, words=(0,))]
    told = [t for t in c.result.trades if t.cause is not None]
    told.sort(key=lambda t: (t.cost is not None, -abs((t.cost or 0.0) + (t.fee or 0.0))))
    lines = [
        (moment(t.time), what_traded(c, t), _at(t.here), _at(t.there), _points(_share(t)), t.words or ABSENT)
        for t in told[:ROWS_MAX]
    ]
    note = f"The first {ROWS_MAX} of {len(told):,}." if len(told) > ROWS_MAX else ""
    heads = ("time", "what", "session", "backtest", "worse by", "the venue said")
    return [*parts, Table("What only one side traded, then the dearest", heads, lines, words=(1, 5), note=note)]


def _at(of: Executed | None) -> str:
    return ABSENT if of is None else f"{of.size:.6g} at {of.price:.8g}"


def _share(t: Trade) -> float | None:
    if t.here is None or t.there is None:
        return None
    return t.here.side * (t.here.price / t.there.price - 1.0)


def _points(share: float | None) -> str:
    return ABSENT if share is None else f"{signed(number(share * BASIS_POINTS, 2))} bp"


def _size(share: float | None) -> str:
    return ABSENT if share is None else f"{number(abs(share) * BASIS_POINTS, 2)} bp"


def _decisions(c: Compared) -> list[Part]:
    told = [pair for pair in c.result.pairs if not pair.same]
    if not told:
        return [Text("None.")]
    rows = []
    for pair in told[:ROWS_MAX]:
        sides = [
            ABSENT if row is None else decision_words(c, side.decisions[row])
            for side, row in ((c.here, pair.here), (c.there, pair.there))
        ]
        differs = ", ".join(FIELD_WORDS.get(name, name) for name in pair.differs)
        rows.append((moment(time_of(c, pair)), *sides, differs or ONE_SIDE))
    note = f"The first {ROWS_MAX} of {len(told):,}." if len(told) > ROWS_MAX else ""
    head = ("time", "session", "backtest", "differs in")
    return [Table("Decisions that are not the same", head, rows, words=(1, 2, 3), note=note)]


def _currency(symbols: Sequence[str]) -> str:
    return symbols[0].partition("/")[2].partition(":")[0] if symbols else ""

"""A replay of an order book as a page: the account, what was held, the fills, how the orders fared in the queues."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.core.domain.instants import instant_text
from tradewind.research.reports import charts
from tradewind.research.reports.study import Picture, Section, Study, Table, Text
from tradewind.research.reports.wording import ABSENT, metric, money, number, percent, price_decimals, signed

if TYPE_CHECKING:
    from tradewind.research.book_backtest import BookBacktest

SHOWN = (
    "initial_equity", "final_equity", "net_profit", "total_return", "buy_and_hold", "max_drawdown", "trades",
    "win_rate", "profit_factor", "expectancy", "exposure_time", "turnover", "fees_paid", "slippage_paid", "n_trials",
)  # fmt: skip
QUEUES = {
    "proportional": "cancellations come from ahead of an order and from behind it, in proportion to what stands there",
    "back": "all cancellations come from behind an order: only trades move it forward",
}


def book_study(
    found: BookBacktest,
    *,
    engine: str = "",
    currency: str = "",
) -> Study:
    """The page of one replay."""
    first, last = (instant_text(int(t)) for t in (found.recording.time.min(), found.recording.time.max()))
    return Study(
        title=f"{found.strategy.__name__} in the order book",
        subtitle=f"{found.recording.symbol} · {first} to {last} · {len(found.recording):,} events"
        f"{' · ' if engine else ''}{engine}",
        verdict=verdict(found, currency),
        key_figures=_key_figures(found, currency),
        sections=(_account(found, currency), _orders(found), _figures(found, currency), _how(found)),
    )


def verdict(found: BookBacktest, currency: str) -> str:
    """What came of it, in a few sentences."""
    profit, fills = found.metrics["net_profit"] or 0.0, len(found.run.fills)
    if not fills:
        return "No order was filled, so there is nothing to judge."
    fees = found.metrics["fees_paid"] or 0.0
    word = "made" if profit >= 0 else "lost"
    short = found.metrics["sharpe"] is None and "sharpe" in found.performance.undefined
    return (
        f"It {word} {money(abs(profit), currency)} on {number(fills, 0)} fills, after {money(fees, currency)} of fees. "
        f"Without the fees it would have {'made' if profit + fees >= 0 else 'lost'} "
        f"{money(abs(profit + fees), currency)}."
        + (" A recording this short says how orders fare, not what a year brings." if short else "")
    )


def _key_figures(found: BookBacktest, currency: str) -> list[tuple[str, str, str, str]]:
    profit = found.metrics["net_profit"] or 0.0
    queue = found.queue
    waited = queue["wait_sum"] / queue["first_fills"] / 1e9 if queue["first_fills"] else None
    most = float(np.abs(found.inventory).max(initial=0.0))
    return [
        ("Net profit", signed(money(profit, currency)), percent(found.metrics["total_return"]), _mood(profit)),
        ("Fills", number(len(found.run.fills), 0), f"{number(queue['maker_fills'], 0)} of them as maker", ""),
        ("Wait for a fill", ABSENT if waited is None else f"{waited:,.3f} s", "mean, from arrival to the first", ""),
        ("Held at most", f"{most:g}", "long or short, in base currency", ""),
    ]


def _mood(value: float) -> str:
    return "gain" if value > 0 else "loss" if value < 0 else ""


def _account(found: BookBacktest, currency: str) -> Section:
    decimals = price_decimals(float(found.mid[-1]))
    return Section(
        "The account",
        (
            Picture(
                charts.lines("Equity", found.time, {"equity": found.equity}, time=True, up=currency),
                "What the account was worth, at the middle of the venue's book",
                "Equity",
            ),
            Picture(
                charts.lines(
                    "Inventory", found.time, {"held": found.inventory}, time=True, up="base currency",
                    levels={"flat": 0.0},
                ),
                "What was held, long above zero and short below",
                "Inventory",
            ),
            Picture(
                charts.lines(
                    "Market and fills", found.time, _fills_along(found), time=True,
                    written=lambda v: number(v, decimals),
                ),
                f"The middle of the book; mean prices bought and sold at in each step of {found.step_ns / 1e9:g} s",
                "The market and the fills",
            ),
        ),
    )  # fmt: skip


def _fills_along(found: BookBacktest) -> dict[str, np.ndarray[Any, Any]]:
    """The middle of the book, and the mean price of what was bought and sold in each step."""
    fills, count = found.run.fills, len(found.time)
    along = {"middle": found.mid}
    for name, side in (("bought at", 1), ("sold at", -1)):
        own = fills[fills["side"] == side]
        size = np.bincount(own["bar"], own["size"], count)
        value = np.bincount(own["bar"], own["size"] * own["price"], count)
        along[name] = np.divide(value, size, out=np.full(count, np.nan), where=size > 0)
    return along


def _orders(found: BookBacktest) -> Section:
    q = found.queue
    rested = int(q["rested"])
    rows = [
        ("Orders that came to rest", number(rested, 0), ""),
        ("stood at the front at once", number(q["front"], 0), "nobody else was at their price"),
        (
            "stood behind, on average",
            f"{q['ahead_sum'] / rested:,.3f}" if rested else ABSENT,
            "base currency ahead of them as they arrived",
        ),
        ("Fills as maker", number(q["maker_fills"], 0), f"{q['maker_size']:g} in base currency"),
        ("because the price traded through theirs", number(q["through_fills"], 0), "a trade at a worse price"),
        ("because the other side came to their price", number(q["crossed_fills"], 0), "its orders would have met them"),
        (
            "at their turn in the queue",
            number(q["maker_fills"] - q["through_fills"] - q["crossed_fills"], 0),
            "trades at their price, after what stood ahead",
        ),
        ("Orders filled at least in part, as maker", number(q["first_fills"], 0), ""),
        ("longest wait for the first fill", f"{q['wait_max'] / 1e9:,.3f} s", "from arrival at the venue"),
        ("Cancelled", number(q["cancelled"], 0), "the cancellation arrived in time"),
        ("Filled while the cancellation was on its way", number(q["cancels_late"], 0), "fills, not orders"),
        ("Refused by the venue", number(q["refused_at_venue"], 0), "post-only that would have traded; no book"),
        ("Fills as taker", number(q["taker_fills"], 0), "one for each level of the book that was taken"),
    ]
    return Section(
        "How the orders fared", (Table("Orders at the venue", ("", "", "what it counts"), rows, words=(2,)),)
    )


def _figures(found: BookBacktest, currency: str) -> Section:
    from tradewind.core.performance.metrics import METRICS  # noqa: PLC0415

    rows = [
        (METRICS[name].label, metric(name, found.metrics.get(name), currency), METRICS[name].meaning)
        for name in SHOWN
        if name in found.metrics
    ]
    return Section("Figures", (Table("Figures of the run", ("", "", "meaning"), rows, words=(2,)),))


def _how(found: BookBacktest) -> Section:
    rules, book, instrument = found.rules, found.book_rules, found.instrument
    feed = "as long as recorded" if book.feed_ms is None else f"{book.feed_ms:g} ms"
    items = (
        f"An order or a cancellation takes {book.order_ms:g} ms to the venue, its answer {book.report_ms:g} ms back.",
        f"The venue's data take {feed} to the strategy, which sees nothing before.",
        f"Queues: {QUEUES[book.queue]}. After a gap every order stands at the back again.",
        "What is taken does not come back until its level has been empty; nobody else reacts to these orders.",
        f"Fees: maker {float(instrument.maker_fee):.4%}, taker {float(instrument.taker_fee):.4%}.",
        f"Prices are multiples of {instrument.tick or 'nothing'}, sizes of {instrument.lot or 'nothing'}.",
        f"Account: {rules.cash:,.0f} in cash, leverage {rules.leverage:g}, {rules.margin} margin. No funding.",
    )
    parameters = tuple(f"{name} = {value}" for name, value in found.parameters.items())
    return Section(
        "How it was simulated",
        (Text("What the recording cannot say is decided by these rules.", items), Text("Parameters", parameters)),
    )


def book_document(found: BookBacktest) -> dict[str, Any]:
    """The same in figures, as plain values. `fills` is a table: a list for each column."""
    fills = found.run.fills
    told = ("time", "order", "side", "maker", "size", "price", "fee", "slippage", "realized", "position")
    return {
        "kind": "order-book",
        "strategy": found.strategy.__name__,
        "parameters": found.parameters,
        "symbols": [found.recording.symbol],
        "timeframe": "book",
        "events": len(found.recording),
        "recording": dict(found.recording.counts),
        "engine": found.run.engine,
        "why_interpreted": found.run.why_interpreted,
        "decision_hash": found.run.decision_hash,
        "decisions": len(found.run.decisions),
        "metrics": found.metrics,
        "undefined": found.performance.undefined,
        "queue": found.queue,
        "rules": {**asdict(found.rules), **asdict(found.book_rules)},
        "gaps": found.gaps,
        "crossed": found.crossed,
        "left_open": found.left_open,
        "refusals": [asdict(refusal) for refusal in found.run.refusals],
        "step_ns": found.step_ns,
        "time": found.time,
        "equity": found.equity,
        "inventory": found.inventory,
        "mid": found.mid,
        "fills": {name: fills[name] for name in told},
    }

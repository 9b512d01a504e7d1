"""What in the pages is drawn from the code: layers, the call tree, a driver, the list of decisions, measured tables.

`python docs/drawn.py` writes every `<!-- drawn: name -->` block anew; a test fails where one is stale.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.instruments import Instrument
from tradewind.core.engine.driver import driver_text
from tradewind.core.engine.market_data import SymbolData, merge
from tradewind.core.engine.plan import plan_of
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.setup import exchange_for, set_up
from tradewind.core.strategy.bundled.sma_cross import SmaCross
from tradewind.observability.names import METRICS, PROCESS_METRICS
from tradewind.research.gate import QUESTIONS, usual_gate

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "tradewind"
BLOCK = re.compile(r"(<!-- drawn: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

ROOMS = {
    "interfaces": "the faces: command line",
    "bootstrap": "reads the settings, picks the adapters",
    "adapters": "files and formats behind the ports",
    "operations": "what may be asked of Tradewind, one function each",
    "research": "a run judged and reported",
    "trading": "what is live, kept from events",
    "messaging": "events published and handled: retries, order, dead letters",
    "observability": "names of metrics",
    "ports": "one small Protocol a file",
    "core": "dry: values in, values out",
    "engine": "the simulated market, interpreted and compiled",
    "performance": "figures, trades, drawdowns",
    "strategy": "the Strategy class, parameters, the bundled ones",
    "indicators": "streaming, one class each",
    "domain": "bars, orders, instruments, errors",
    "compiler": "plain objects to machine code",
}
"""What each room is for; a test compares the names with the folders."""

Tree = tuple[str, str, tuple[Any, ...]]

RUN: Tree = ("interfaces.cli.backtest", "arguments to a request, a result to words", (
    ("operations.backtest.run_backtest", "load, run, judge, keep", (
        ("operations.strategies.strategy_named", "a bundled name, or a class in a file", ()),
        ("research.backtest.backtest", "one strategy over one stretch of market", (
            ("core.engine.market_data.merge", "all symbols as one stream of rows", ()),
            ("core.engine.run.run", "choose the engine, run in chunks, hash the decisions", (
                ("core.engine.setup.exchange_for", "an account, instruments and rules", ()),
                ("core.engine.setup.set_up", "the strategy's own setup", ()),
                ("core.engine.plan.plan_of", "look at it: indicators, feeds, hooks", ()),
                ("core.engine.driver.driver_text", "the loop over the bars, written for it", ()),
                ("core.engine.compiled.CompiledRun", "that text as machine code", (
                    ("core.compiler.kernel.build_kernel", "compiled once for each fingerprint", (
                        ("core.compiler.layout.layout_of", "the object's values as a record", ()),
                        ("core.compiler.fingerprint.fingerprint", "names code by all that it reaches", ()),
                        ("core.compiler.methods.register_tree", "methods of the classes, on their records", ()),
                    )),
                )),
                ("core.engine.interpreted.InterpretedRun", "that text as Python runs it", ()),
            )),
            ("core.performance.equity.equity_curve", "the account folded out of the fills, a second witness", ()),
            ("core.performance.trades.match_trades", "round trips, first in, first out", ()),
            ("core.performance.summarise", "the figures", ()),
            ("research.counting.count_backtest", "told to the trial ledger, and judged by all that it knows", ()),
        )),
        ("research.reports.of_backtest.report_of", "what a report is made of", (
            ("research.realism.realism_of", "which sides of a real market were on", ()),
        )),
        ("research.reports.files.write_report", "report.html, JSON, CSV", ()),
    )),
))  # fmt: skip
"""Who calls whom in a backtest; a test finds each call in the caller's source."""


FLOW = (
    ("operations.backtest", "markets", ("backtest",), "bars, funding and mark prices of each symbol, as stored"),
    ("research.backtest", "merged", ("run",), "one stream of rows, in the order of their closing times"),
    ("core.engine.run", "decisions", ("decision_hash",), "what the strategy asked for"),
    ("research.backtest", "fills", ("equity_curve", "match_trades", "summarise"), "what the market gave"),
    ("research.backtest", "fundings", ("equity_curve", "match_trades", "summarise"), "what was paid for holding"),
    ("research.backtest", "equity", ("summarise",), "the account at each bar's close"),
    ("research.backtest", "trades", ("summarise",), "entries paired with exits"),
    ("operations.backtest", "report", ("write_report",), "all of it, with hashes, realism and warnings"),
)
"""What is handed to whom, and in which module; a test finds each hand-over in that module's source."""


def layers() -> str:
    """The rooms from top to bottom, as the import contracts have them; each may import those below it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    outer, inner = [c["layers"] for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    above = [_row(layer) for layer in outer if layer != "tradewind.core"]
    below = [("core", ROOMS["core"]), *((f"  {name}", words) for name, words in map(_row, inner))]
    names = max(len(name) for name, _ in above + below)
    width = max(len(words) for _, words in above + below)
    edge = "─" * (names + width + 4)
    lines = [f"│ {name:<{names}}  {words:<{width}} │" for name, words in above]
    deep = [f"│ {name:<{names}}  {words:<{width}} │" for name, words in below]
    waterline = f"├{' the waterline: everything below is dry '.center(len(edge), '~')}┤"
    between = f"\n├{edge}┤\n"
    return f"```text\n┌{edge}┐\n{between.join(lines)}\n{waterline}\n{between.join(deep)}\n└{edge}┘\n```\n"


def _row(layer: str) -> tuple[str, str]:
    """A layer's rooms and what they are for; rooms of one layer do not import each other."""
    rooms = [name.rpartition(".")[2] for name in layer.split(" | ")]
    return " | ".join(rooms), " | ".join(ROOMS[room] for room in rooms)


def run() -> str:
    """The call tree of a backtest."""
    lines = list(_branches(RUN, "", ""))
    width = max(len(name) for name, _ in lines) + 2
    return "```text\n" + "\n".join(f"{name:<{width}}{words}" for name, words in lines) + "\n```\n"


def _branches(tree: Tree, before: str, below: str) -> Iterator[tuple[str, str]]:
    name, words, children = tree
    yield before + name, words
    for i, child in enumerate(children):
        last = i == len(children) - 1
        yield from _branches(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))


def flow() -> str:
    """What is handed to whom in a backtest."""
    rows = [(module, product, ", ".join(takers), words) for module, product, takers, words in FLOW]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{m:<{widths[0]}}  {p:<{widths[1]}} ──> {c:<{widths[2]}}  {words}" for m, p, c, words in rows]
    return "```text\n" + "\n".join(lines) + "\n```\n"


def driver() -> str:
    """The driver's text for a strategy of two averages."""
    flat = np.ones(1)
    data = merge([SymbolData("DEMO/USDT:USDT", np.zeros(1, np.int64), flat, flat, flat, flat, flat)], 60)
    strategy = SmaCross()
    set_up(strategy, exchange_for(data, [Instrument("DEMO/USDT:USDT")], MarketRules()))
    text = driver_text(plan_of(strategy, 1, timer=False, funding=False, tracks_range=False))
    return f"```text\n{text.strip()}\n```\n"


def decisions() -> str:
    """The decision pages, by number."""
    rows = []
    for page in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        title = page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        rows.append(f"- [{title}]({page.name})")
    return "\n".join(rows) + "\n"


def measured() -> str:
    """Of the newest benchmark run: where it was measured, the rates, and the waits."""
    table = ROOT / "benchmarks" / "results" / "latest.md"
    if not table.exists():
        return "Not measured yet: `make benchmark`.\n"
    parts = table.read_text(encoding="utf-8").strip().split("\n\n")
    return "\n\n".join([*parts[:2], *(part for part in parts[2:] if part.startswith("| wait"))]) + "\n"


def gate() -> str:
    """The usual gate: each check with its bound and the reason for it."""
    rows = ["| check | in a file | role | wanted | why |", "|---|---|---|---|---|"]
    for name, bound in usual_gate().bounds.items():
        question = QUESTIONS[name]
        asked, wanted = f"{question.label}: {question.meaning}", f"{question.bound} {bound.value:g}"
        rows.append(f"| {asked} | `{name}` | {question.role} | {wanted} | {bound.reason} |")
    return "\n".join(rows) + "\n"


def metrics() -> str:
    """Every metric of a process."""
    rows = ["| metric | kind | what | labels |", "|---|---|---|---|"]
    for metric in (*METRICS.values(), *PROCESS_METRICS.values()):
        unit = f", in {metric.unit}" if metric.unit else ""
        rows.append(f"| `{metric.name}` | {metric.kind} | {metric.meaning}{unit} | {', '.join(metric.labels)} |")
    return "\n".join(rows) + "\n"


DRAWINGS: dict[str, Callable[[], str]] = {
    "layers": layers, "run": run, "flow": flow, "driver": driver, "decisions": decisions, "measured": measured,
    "gate": gate, "metrics": metrics,
}  # fmt: skip


def pages() -> list[Path]:
    """Every page of the project."""
    return [page for place in ("*.md", "docs/**/*.md", "examples/*.md") for page in sorted(ROOT.glob(place))]


def drawn(text: str) -> str:
    """A page's text with its drawings as they are now."""
    return BLOCK.sub(lambda m: m[1] + DRAWINGS[m[2]]() + m[3], text)


if __name__ == "__main__":
    for page in pages():
        page.write_text(drawn(page.read_text(encoding="utf-8")), encoding="utf-8")

"""How data sets and what was found in them are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradewind.core.domain.data_quality import Finding
    from tradewind.core.domain.data_sets import DataSetInfo
    from tradewind.core.domain.market_data import Kind
    from tradewind.interfaces.cli.console import Console
    from tradewind.ports.market_data import MarketData


def list_sets(console: Console, sets: Sequence[DataSetInfo], title: str = "") -> None:
    """A table of data sets; synthetic ones say so."""
    from tradewind.core.domain.instants import instant_text

    if not sets:
        return
    headers = ("symbol", "kind", "timeframe", "rows", "first", "last", "origin", "hash")
    rows = [
        (
            *(info.key.symbol, str(info.key.kind), info.key.timeframe, info.rows),
            *(instant_text(info.first_ns), instant_text(info.last_ns)),
            f"SYNTHETIC seed {info.seed}" if info.synthetic else "real",
            info.content_hash[:12],
        )
        for info in sets
    ]
    console.table(headers, rows, title=title)


def note_seals(console: Console, catalogue: MarketData, symbols: Iterable[str]) -> None:
    """Say from when on symbols are sealed: what is stored after that is neither shown nor used."""
    from tradewind.core.domain.instants import instant_text

    for symbol in dict.fromkeys(symbols):
        from_ns = catalogue.sealed_from(symbol)
        if from_ns is not None:
            console.note(f"{symbol} is sealed from {instant_text(from_ns)} on: what is later is neither shown nor used")


def list_findings(console: Console, reports: Iterable[tuple[str, Sequence[Finding]]]) -> None:
    """Findings with their places and what a backtest does about them, for each named data set."""
    from tradewind.core.domain.instants import instant_text

    for name, findings in reports:
        for finding in findings:
            console.say(_headline(name, finding))
            for place in finding.places:
                console.say(f"    {instant_text(place.time_ns)}  row {place.row + 1}: {place.what}")
            if finding.count > len(finding.places):
                console.say(f"    and {finding.count - len(finding.places):,} more")
            console.say(f"    in a backtest: {finding.effect}")


def _headline(name: str, finding: Finding) -> str:
    return f"{finding.severity}: {name}: {finding.name}: {finding.count:,} ({finding.meaning})"


def kind_named(name: str | None) -> Kind | None:
    """The kind of data that a word names. Raises BadInput with the nearest word."""
    from difflib import get_close_matches

    from tradewind.core.domain.errors import BadInput
    from tradewind.core.domain.market_data import Kind

    if name is None:
        return None
    try:
        return Kind(name)
    except ValueError:
        near = get_close_matches(name, list(Kind), n=1)
        fix = f"Did you mean {near[0]}?" if near else f"Kinds are {', '.join(Kind)}"
        raise BadInput(f"unknown kind of data {name!r}", fix=fix) from None

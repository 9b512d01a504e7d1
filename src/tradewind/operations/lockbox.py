"""The lockbox: seal the last stretch of a market, take the one look into it that a strategy has, undo a seal openly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tradewind.core.domain.data_sets import DataSetInfo
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.lockbox import LOCAL, Deed, Done, Entry, Seal, seals_of
from tradewind.core.domain.market_data import Kind
from tradewind.core.domain.timeframes import UNITS_NS, timeframe_ns
from tradewind.operations.trials import origin_of, trials_on
from tradewind.ports.lockbox import Lockbox
from tradewind.ports.market_data import MarketData
from tradewind.ports.trials import Trials


@dataclass(frozen=True)
class Sealed:
    """A seal that was put on: how much is withheld, and how much had been seen of it already."""

    symbol: str
    from_ns: int
    withheld: int
    left: int
    """Bars of the finest timeframe stored: those withheld, and those that can still be seen."""
    timeframe: str
    trials_before: int
    """Trials that ran over some of the stretch before it was sealed: to those it is no new data."""
    entry: Entry
    beside: tuple[str, ...]
    """Symbols of the same asset that are stored and not sealed: they move alike, and show what is withheld here."""


def seal(
    symbol: str,
    *,
    from_ns: int | None,
    last: str | None,
    catalogue: MarketData,
    lockbox: Lockbox,
    trials: Trials,
    now_ns: int,
) -> Sealed:
    """Withhold a symbol's bars from an instant on, or the `last` stretch of them ("20%", "90d"), which begins at a
    day's start. The catalogue is the whole one. Raises BadInput where nothing or everything would be withheld, or where
    an earlier seal would be loosened.
    """
    info = _finest(catalogue, symbol)
    bars = catalogue.bars(symbol, info.key.timeframe)
    if (from_ns is None) == (last is None):
        raise BadInput(
            "it is not said what to seal", fix="Say it in one way: --last 20%, --last 90d or --from 2024-06-01"
        )
    start = from_ns if from_ns is not None else _last(last or "", info, catalogue)
    withheld = int((bars.time + bars.step_ns > start).sum())
    if withheld == len(bars):
        raise BadInput(f"nothing would be left of {symbol}: it is stored from {instant_text(info.first_ns)}",
                       where=instant_text(start), fix="Seal less: --last 20%")  # fmt: skip
    if withheld == 0 and last is not None:
        raise BadInput(f"no whole day of {symbol} would be sealed", where=f"--last {last}", fix="Seal more: --last 20%")
    end = max(info.last_ns + bars.step_ns, start + 1)
    seen = trials_on(trials, [symbol], start, end, origin_of([info])).trials

    def decide(entries: Sequence[Entry]) -> Done:
        old = seals_of(entries).get(symbol)
        if old is not None and start >= old.from_ns:
            raise BadInput(
                f"{symbol} is sealed already, from {instant_text(old.from_ns)} on",
                fix="More of it can be sealed; to see more of it, say so openly: tradewind lockbox unseal",
            )
        return Done(Deed.SEALED, (symbol,), start, end, now_ns, LOCAL, {"trials_before": str(seen)})

    entry = lockbox.append(decide)
    assert entry is not None
    beside = _beside(symbol, catalogue, lockbox)
    return Sealed(symbol, start, withheld, len(bars) - withheld, info.key.timeframe, seen, entry, beside)


def _beside(symbol: str, catalogue: MarketData, lockbox: Lockbox) -> tuple[str, ...]:
    sealed = seals_of(lockbox.entries())
    stored = sorted({info.key.symbol for info in catalogue.data_sets() if info.key.kind is Kind.CANDLES})
    return tuple(s for s in stored if s not in sealed and s.partition("/")[0] == symbol.partition("/")[0])


def unseal(symbol: str, *, reason: str, lockbox: Lockbox, now_ns: int) -> Entry:
    """Take a seal off for everybody. It stays on record, with the reason. Raises BadInput where nothing is sealed."""
    if not reason.strip():
        raise BadInput("it is not said why", where="--reason", fix='Say it: --reason "a year has passed"')

    def decide(entries: Sequence[Entry]) -> Done:
        old = sealed_now(entries, symbol)
        return Done(Deed.UNSEALED, (symbol,), old.from_ns, old.from_ns, now_ns, LOCAL, {"reason": reason.strip()})

    entry = lockbox.append(decide)
    assert entry is not None
    return entry


def sealed_now(entries: Sequence[Entry], symbol: str) -> Seal:
    """The seal of a symbol. Raises BadInput where it has none."""
    seals = seals_of(entries)
    if symbol not in seals:
        raise BadInput(
            f"{symbol} is not sealed",
            where="--symbol",
            fix=f"Sealed are {', '.join(seals)}"
            if seals
            else f"Seal it first: tradewind lockbox seal {symbol} --last 20%",
        )
    return seals[symbol]


def _finest(catalogue: MarketData, symbol: str) -> DataSetInfo:
    """The candles of the shortest timeframe. Raises BadInput where there are none."""
    stored = [i for i in catalogue.data_sets() if i.key.symbol == symbol and i.key.kind is Kind.CANDLES]
    if not stored:
        known = sorted({i.key.symbol for i in catalogue.data_sets() if i.key.kind is Kind.CANDLES})
        raise BadInput(f"no candles are stored for {symbol!r}", fix=f"Stored are {', '.join(known) or 'none'}")
    return min(stored, key=lambda info: timeframe_ns(info.key.timeframe))


def _last(text: str, info: DataSetInfo, catalogue: MarketData) -> int:
    """The start of the day with which the last `text` of the stored bars begins."""
    step_ns, day = timeframe_ns(info.key.timeframe), UNITS_NS["d"]
    share = re.fullmatch(r"(\d+(?:\.\d+)?)%", text)
    if share:
        if not 0 < float(share[1]) < 100:
            raise BadInput(f"{text} is no part of the data", where="--last", fix="Give more than 0% and less than 100%")
        bars = catalogue.bars(info.key.symbol, info.key.timeframe)
        start = int(bars.time[min(len(bars) - 1, int(len(bars) * (1 - float(share[1]) / 100)))])
    else:
        try:
            start = info.last_ns + step_ns - timeframe_ns(text)
        except BadInput:
            raise BadInput(f"{text!r} is no length", where="--last", fix="Write 20%, or 90d") from None
    return start - start % day

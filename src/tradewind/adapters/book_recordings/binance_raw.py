"""A raw recording of Binance's streams: one line is the local time in nanoseconds, a blank, and the message.

Streams `depth`, `bookTicker`, `trade` (or `aggTrade`) of one symbol, and REST snapshots of its book among them.
"""

from __future__ import annotations

from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.adapters.book_recordings.binance_messages import AGGREGATE, IGNORED, INVENTED, Broken, Data, decoded
from tradewind.adapters.book_recordings.binance_writing import write_lines
from tradewind.adapters.book_recordings.lines import Lines
from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.recording import Recording, on_one_clock, step_of

QUOTED_IN = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY")
MS = 1_000_000
Array = np.ndarray[Any, Any]


class BinanceRaw:
    """Reads raw recordings of Binance."""

    def read(self, path: Path) -> Recording:
        """All of a recording; see `ports.book_recordings`."""
        tape = _Tape()
        lines = Lines(path)
        for number, line in lines:
            if line.strip():
                tape.add(number, line)
        return tape.recording(str(path), lines.cut)

    def write(self, recording: Recording, path: Path) -> None:
        """Write a recording as Binance would have sent it; see `ports.book_recordings`."""
        write_lines(recording, path)


class _Tape:
    """Columns that grow by a line at a time: some 30 bytes an event and 17 a level."""

    def __init__(self) -> None:
        self.kind, self.side = array("b"), array("b")
        self.time, self.local = array("q"), array("q")
        self.previous, self.last, self.end = array("q"), array("q"), array("q")
        self.price, self.size = array("d"), array("d")
        self.symbols: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.broken_first = ""
        self.perpetual = False
        self.seed: int | None = None

    def add(self, number: int, line: bytes) -> None:
        self.counts["lines"] += 1
        try:
            local, kind, data = decoded(line)
        except Broken as reason:
            self.counts["broken"] += 1
            self.broken_first = self.broken_first or f"line {number:,}: {reason}"
            return
        if kind == INVENTED:
            self.seed = data.seed  # of a real venue no message is of this kind
            return
        if kind == IGNORED:
            self.counts["other messages"] += 1
            return
        if kind in (EventKind.TRADE, AGGREGATE) and (data.X != "MARKET" or data.q == 0.0):
            self.counts["trades outside the book"] += 1  # liquidations by the insurance fund and their like
            return
        if data.s:
            self.symbols[data.s] += 1
        self._rows(kind, data)
        self.kind.append(kind)
        self.time.append((data.T or data.E) * MS)
        self.local.append(local)
        self.end.append(len(self.price))

    def _rows(self, kind: int, data: Data) -> None:
        previous, last = 0, data.u
        if kind == EventKind.SNAPSHOT:
            last = data.lastUpdateId
            self._levels(1, data.bids)
            self._levels(-1, data.asks)
        elif kind == EventKind.DEPTH:
            self.perpetual = self.perpetual or data.pu >= 0
            # Spot has no pu: there a change begins at the number after the last one.
            previous = data.pu if data.pu >= 0 else data.U - 1
            self._levels(1, data.b)
            self._levels(-1, data.a)
        elif kind == EventKind.QUOTE:
            self.perpetual = self.perpetual or data.T > 0  # spot's quotes carry no time
            self._levels(1, [(data.b, data.B)])
            self._levels(-1, [(data.a, data.A)])
        else:
            last = data.t
            # m: the buyer is the maker, so the aggressor sold.
            self._levels(-1 if data.m else 1, [(data.p, data.q)])
        self.previous.append(previous)
        self.last.append(last)

    def _levels(self, side: int, levels: object) -> None:
        assert isinstance(levels, list)
        for price, size in levels:
            self.side.append(side)
            self.price.append(price)
            self.size.append(size)

    def recording(self, where: str, cut: str) -> Recording:
        """What was read, put in order; raises BadInput where that is nothing."""
        if not self.kind:
            first = f"; {self.broken_first}" if self.broken_first else ""
            raise BadInput(
                f"none of its {self.counts['lines']:,} lines is a message of an order book{first}",
                where=where,
                fix="A line is: local time in ns, a blank, the message of Binance as JSON",
            )
        if len(self.symbols) > 1:
            raise BadInput(
                f"it holds several symbols: {', '.join(sorted(self.symbols))}",
                where=where,
                fix="Give a file with one symbol: a REST snapshot does not say whose it is",
            )
        end = np.frombuffer(self.end, np.int64)
        columns: dict[str, Array] = {
            "kind": np.frombuffer(self.kind, np.int8),
            "time": np.frombuffer(self.time, np.int64),
            "local": np.frombuffer(self.local, np.int64),
            "previous": np.frombuffer(self.previous, np.int64),
            "last": np.frombuffer(self.last, np.int64),
            "begin": np.concatenate([[0], end[:-1]]),
            "end": end,
        }
        kept = self._kept(columns["kind"], columns["last"])
        columns = {name: column[kept] for name, column in columns.items()}
        columns["kind"] = np.where(columns["kind"] == AGGREGATE, EventKind.TRADE, columns["kind"])
        columns["time"] = _venue_times(columns["kind"], columns["time"], columns["local"])
        back = int((np.diff(columns["local"]) < 0).sum())
        if back:
            self.counts["local times that go back"] = back
        columns["local"], shift = on_one_clock(columns["time"], columns["local"])
        price, size = np.frombuffer(self.price, np.float64), np.frombuffer(self.size, np.float64)
        self.counts["events"] = len(columns["kind"])
        for kind in EventKind:
            self.counts[kind.name.lower()] = int((columns["kind"] == kind).sum())
        return Recording(
            symbol=_ccxt_symbol(next(iter(self.symbols), ""), self.perpetual, where),
            side=np.frombuffer(self.side, np.int8),
            price=price,
            size=size,
            tick=step_of(price),
            lot=step_of(size),
            clock_shift_ns=shift,
            synthetic_seed=self.seed,
            counts=dict(self.counts),
            said=tuple(self._said(shift, cut)),
            **columns,
        )

    def _kept(self, kind: Array, last: Array) -> Array:
        """Events that count: each trade once, and aggregated trades only where there are no single ones."""
        kept = np.ones(len(kind), np.bool_)
        aggregated = kind == AGGREGATE
        if (kind == EventKind.TRADE).any() and aggregated.any():
            self.counts["aggregated trades left out"] = int(aggregated.sum())
            kept[aggregated] = False
        trades = np.flatnonzero(kept & ((kind == EventKind.TRADE) | aggregated))
        _, first = np.unique(last[trades], return_index=True)
        repeated = np.setdiff1d(trades, trades[first])
        kept[repeated] = False
        self.counts["repeated trades left out"] = len(repeated)
        numbers = last[trades[first]]
        if len(numbers) and not aggregated.any():
            self.counts["missing trades"] = int(numbers.max() - numbers.min()) + 1 - len(numbers)
        return kept

    def _said(self, shift: int, cut: str) -> list[str]:
        said = []
        if broken := self.counts["broken"]:
            plural = "s are" if broken > 1 else " is"
            said.append(f"{broken:,} line{plural} broken and left out, first {self.broken_first}")
        if cut:
            said.append(f"{cut}: what comes before is used")
        names = ("repeated trades left out", "missing trades", "trades outside the book")
        said.extend(f"{name}: {self.counts[name]:,}" for name in names if self.counts[name])
        if shift:
            said.append(
                f"the recorder's clock was behind the venue's: {shift / 1e9:.3f} s are added to its times, so that the "
                "fastest message took 1 ms"
            )
        return said


def _venue_times(kind: Array, time: Array, local: Array) -> Array:
    """Venue times that do not fall within a stream; a message without one (a spot snapshot) has its local time."""
    time = np.where(time == 0, local, time)
    for streams in ((EventKind.DEPTH,), (EventKind.QUOTE,), (EventKind.TRADE,)):
        which = np.isin(kind, streams)
        time[which] = np.maximum.accumulate(time[which])
    return time


def _ccxt_symbol(name: str, perpetual: bool, where: str) -> str:
    if not name:
        raise BadInput("no message in it names its symbol", where=where, fix="Record a stream beside the snapshots")
    quote = next((q for q in QUOTED_IN if name.endswith(q) and name != q), "")
    if not quote:
        return name
    pair = f"{name[: -len(quote)]}/{quote}"
    return f"{pair}:{quote}" if perpetual else pair

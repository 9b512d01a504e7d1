"""A recording as the messages that Binance would have sent, one a line."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.recording import Recording

MS = 1_000_000
STREAMS = {EventKind.DEPTH: "depth@0ms", EventKind.QUOTE: "bookTicker", EventKind.TRADE: "trade"}


def write_lines(recording: Recording, path: Path) -> None:
    """Write all of a recording, packed where the name ends in .gz. A file that is there already is left alone."""
    if path.exists():
        raise BadInput("there is such a file already", where=str(path), fix="Choose another name, or remove it")
    text = "\n".join(_lines(recording)).encode() + b"\n"
    # Without a name and a time in it, the same recording is the same bytes.
    packed = gzip.compress(text, mtime=0) if path.suffix == ".gz" else text
    try:
        path.write_bytes(packed)
    except OSError as error:
        raise BadInput(
            f"it cannot be written: {error.strerror}", where=str(path), fix="Name a folder that can be written"
        ) from error


def _lines(recording: Recording) -> Iterator[str]:
    name = recording.symbol.partition(":")[0].replace("/", "")
    if recording.synthetic_seed is not None:
        told = {"e": "synthetic", "s": name, "seed": recording.synthetic_seed}
        yield _line(int(recording.local[0]), {"stream": "synthetic", "data": told})
    price = [_text(value, recording.tick) for value in recording.price.tolist()]
    size = [_text(value, recording.lot) for value in recording.size.tolist()]
    side = recording.side.tolist()
    for i in range(len(recording)):
        kind = EventKind(int(recording.kind[i]))
        rows = range(int(recording.begin[i]), int(recording.end[i]))
        ms = int(recording.time[i]) // MS
        previous, last = int(recording.previous[i]), int(recording.last[i])
        bids, asks = ([[price[j], size[j]] for j in rows if side[j] == which] for which in (1, -1))
        if kind == EventKind.SNAPSHOT:
            yield _line(int(recording.local[i]), {"lastUpdateId": last, "E": ms, "T": ms, "bids": bids, "asks": asks})
            continue
        head = {"s": name, "T": ms, "E": ms}
        if kind == EventKind.DEPTH:
            data = {"e": "depthUpdate", **head, "U": previous + 1, "u": last, "pu": previous, "b": bids, "a": asks}
        elif kind == EventKind.QUOTE:
            (bid, bid_size), (ask, ask_size) = bids[0], asks[0]
            data = {"e": "bookTicker", **head, "u": last, "b": bid, "B": bid_size, "a": ask, "A": ask_size}
        else:
            at = rows[0]
            data = {"e": "trade", **head, "t": last, "p": price[at], "q": size[at], "X": "MARKET", "m": side[at] < 0}
        yield _line(int(recording.local[i]), {"stream": f"{name.lower()}@{STREAMS[kind]}", "data": data})


def _line(local: int, message: dict[str, Any]) -> str:
    return f"{local} {msgspec.json.encode(message).decode()}"


def _text(value: float, step: Decimal | None) -> str:
    """A number with as many digits as its step has."""
    exponent = step.as_tuple().exponent if step is not None else None
    return f"{value:.{max(0, -exponent)}f}" if isinstance(exponent, int) else repr(value)

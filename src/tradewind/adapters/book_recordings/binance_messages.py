"""Binance's websocket messages and REST snapshot, as they were received (USDS-margined futures and spot).

Numbers stand in them as text; `strict=False` makes floats of them while they are decoded.
"""

from __future__ import annotations

import msgspec

from tradewind.core.domain.book_sequence import EventKind

Level = tuple[float, float]


class Data(msgspec.Struct):
    """What a stream's message carries. Depth: U, u, pu, b, a. Quote: u, b, B, a, A. Trade: t, p, q, m, X."""

    e: str = ""
    s: str = ""
    T: int = 0
    E: int = 0
    U: int = 0
    u: int = 0
    pu: int = -1
    b: list[Level] | float = 0.0
    a: list[Level] | float = 0.0
    B: float = 0.0
    A: float = 0.0
    t: int = 0
    p: float = 0.0
    q: float = 0.0
    m: bool = False
    X: str = "MARKET"
    seed: int = 0  # of an invented book, which the venue has none of
    lastUpdateId: int = 0  # noqa: N815  (the venue's name)
    bids: list[Level] = []
    asks: list[Level] = []


class Message(Data):
    """A message alone, or wrapped as the combined streams do."""

    stream: str = ""
    data: Data | None = None


DECODER = msgspec.json.Decoder(Message, strict=False)
AGGREGATE = -1
"""A trade of the `aggTrade` stream: used where the recording has no single trades."""
IGNORED = -2
INVENTED = -3
"""Not a venue's message: it says that the whole file was made up, and with which seed."""
NUMBER_MAX = 2**62
TIME_MS_MAX = 4 * 10**12
KINDS = {
    "depthUpdate": EventKind.DEPTH,
    "bookTicker": EventKind.QUOTE,
    "trade": EventKind.TRADE,
    "aggTrade": AGGREGATE,
    "synthetic": INVENTED,
}


class Broken(Exception):
    """A line that is no message; the text says why."""


def decoded(line: bytes) -> tuple[int, int, Data]:
    """Local time (ns), kind (an EventKind, AGGREGATE or IGNORED) and content of a line. Raises Broken."""
    head, _, body = line.partition(b" ")
    try:
        local = int(head)
    except ValueError:
        raise Broken("it does not begin with a time") from None
    if not 10**17 < local < 4 * 10**18:
        raise Broken(f"its time {local} is not in nanoseconds")
    try:
        message = DECODER.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Broken(str(error)[:120]) from None
    data = message.data or message
    kind = int(EventKind.SNAPSHOT) if data.lastUpdateId else int(KINDS.get(data.e, IGNORED))
    if kind not in (IGNORED, INVENTED):
        check(kind, data)
    return local, kind, data


def check(kind: int, data: Data) -> None:
    """Raise Broken where a message lacks what its kind must carry, or carries what cannot be."""
    if not all(0 <= number < NUMBER_MAX for number in (data.U, data.u, data.t, data.lastUpdateId, data.pu + 1)):
        raise Broken("an update number that no venue has come to")
    if not 0 <= data.T < TIME_MS_MAX or not 0 <= data.E < TIME_MS_MAX:
        raise Broken("a time that is not in milliseconds")
    if kind == EventKind.SNAPSHOT:
        levels = [*data.bids, *data.asks]
    elif kind == EventKind.DEPTH:
        if isinstance(data.b, float) or isinstance(data.a, float) or data.u <= 0 or data.U <= 0:
            raise Broken("a change of the book without its numbers or levels")
        levels = [*data.b, *data.a]
    elif kind == EventKind.QUOTE:
        if not isinstance(data.b, float) or not isinstance(data.a, float):
            raise Broken("a quote without its prices")
        levels = [(data.b, data.B), (data.a, data.A)]
    else:
        levels = [(data.p, data.q)]
    for price, size in levels:
        if not (0.0 < price < 1e15 and 0.0 <= size < 1e15):
            raise Broken(f"a price of {price:g} with a size of {size:g}")

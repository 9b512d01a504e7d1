"""Events of every type, made up by hypothesis."""

from decimal import Decimal
from typing import Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES

NOW = 1_790_000_000_000_000_000
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
PLAIN = {
    float: st.floats(allow_nan=False, allow_infinity=False),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    str: TEXT,
    bytes: st.binary(max_size=20),
    Decimal: st.decimals(-(10**30), 10**30, allow_nan=False, allow_infinity=False, places=8),
}


def values(hint):
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        return st.lists(TEXT, max_size=3).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(TEXT, st.integers(-9, 9) | st.booleans(), max_size=3)
    kinds = [a for a in get_args(hint) if a is not type(None)]
    return st.none() | st.one_of([values(kind) for kind in kinds])


def payloads(kind):
    hints = get_type_hints(kind)
    return st.fixed_dictionaries({name: values(hint) for name, hint in hints.items()}).map(lambda f: kind(**f))


@st.composite
def events(draw, names=tuple(EVENT_TYPES)):
    """An event of one of these types."""
    kind = EVENT_TYPES[draw(st.sampled_from(names))]
    return Event(
        event_id=str(draw(st.uuids())),
        type=kind.name,
        version=kind.version,
        time_event=NOW - draw(st.integers(0, 10**15)),
        time_recorded=NOW,
        tenant="home",
        token=draw(st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=20)),
        source="test",
        correlation_id=str(draw(st.uuids())),
        causation_id=draw(st.none() | st.uuids().map(str)),
        mode=draw(st.sampled_from(["backtest", "paper", "live"])),
        data=draw(payloads(kind.payload)),
    )


def tick(number=0, symbol="BTC/USDT", **changed):
    """A plain tick; `number` tells it from others."""
    kind = EVENT_TYPES["price.tick"]
    fields = {
        "event_id": f"00000000-0000-7000-8000-{number:012d}",
        "type": kind.name,
        "version": kind.version,
        "time_event": NOW + number,
        "time_recorded": NOW + number,
        "tenant": "home",
        "token": symbol,
        "source": "test",
        "correlation_id": "c",
        "mode": "paper",
        "data": kind.payload(symbol=symbol, price=100.0 + number, size=1.0),
    }
    return Event(**fields | changed)


def unreadable(number=0):
    """A tick whose bytes nobody could read: its price is no number."""
    whole = tick(number)
    return tick(number, data=type(whole.data)(symbol=whole.token, price="none", size=1.0))

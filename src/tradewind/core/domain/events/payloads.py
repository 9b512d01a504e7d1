"""What events say. What is owed is exact (Decimal, written as text); what is observed is a float that is a number.

A field that was added later has a default, so that older events can still be read; anything else is a new version
(`event_types`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from tradewind.core.domain.errors import BadInput

AMOUNT_DIGITS_MAX = 60
Side = Literal["buy", "sell"]
Leg = Literal["long", "short"]
"""Which of the two positions of a symbol, where an account is hedged."""
OrderStateName = Literal[
    "INITIALIZED", "DENIED", "SUBMITTED", "ACCEPTED", "REJECTED", "PARTIALLY_FILLED", "FILLED", "PENDING_CANCEL",
    "CANCELED", "EXPIRED", "TRIGGERED", "UNKNOWN",
]  # fmt: skip


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """What all payloads share: fields by name, nothing unknown, defaults not written."""


class Owed(Payload, frozen=True):
    """What holds amounts. Each is a number, of at most AMOUNT_DIGITS_MAX digits on either side of the point.

    One NaN, or one 1E+999999, would leave an account without a balance for ever: the sums are exact.
    """

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal) and not is_amount(value):
                raise BadInput(
                    f"{name} is {value}, which is no amount",
                    where=type(self).__name__,
                    fix=f"Give a number of at most {AMOUNT_DIGITS_MAX} digits before and behind the point",
                )


def is_amount(value: Decimal) -> bool:
    """Whether exact sums can be made of it."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return False
    return exponent >= -AMOUNT_DIGITS_MAX and len(digits) + exponent <= AMOUNT_DIGITS_MAX


class Tick(Payload, frozen=True):
    """A trade of the market. `aggressor` is who took; sizes in base currency."""

    symbol: str
    price: float
    size: float
    aggressor: Side | None = None
    trade_id: str | None = None


class Quote(Payload, frozen=True):
    """The best bid and ask."""

    symbol: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float


class FundingDue(Payload, frozen=True):
    """Holders of a perpetual pay each other: longs pay shorts `rate` of a position's value at `price`, the mark."""

    symbol: str
    rate: float
    price: float


class Candle(Payload, frozen=True):
    """A closed candle, by its open time (ns UTC). `ticks` is how many made it."""

    symbol: str
    timeframe: str
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    ticks: int = 0


class Signal(Payload, frozen=True):
    """What one strategy or agent would do: `direction` from -1 (short) to 1 (long), `confidence` from 0 to 1."""

    symbol: str
    direction: float
    confidence: float
    strategy: str
    code_hash: str | None = None
    reason: str = ""


class Consensus(Payload, frozen=True):
    """What the signals come to. `signals` are the ids of the events it was made of."""

    symbol: str
    direction: float
    confidence: float
    signals: tuple[str, ...]
    vetoed_by: str | None = None


class OrderChange(Owed, frozen=True):
    """A step of an order's life. `expires` (ns UTC) is when one that is good till a date ends; 0: it has no date."""

    account: str
    order_id: str
    symbol: str
    side: Side
    state: OrderStateName
    size: Decimal
    filled: Decimal = Decimal(0)
    limit: Decimal | None = None
    stop: Decimal | None = None
    venue_order_id: str | None = None
    reason: str = ""
    tif: Literal["GTC", "IOC", "FOK", "GTD"] = "GTC"
    expires: int = 0
    post_only: bool = False
    reduce_only: bool = False


class Trade(Owed, frozen=True):
    """A fill of an order of ours. Where the account is hedged, `leg` is the position that it moves."""

    account: str
    order_id: str
    trade_id: str
    symbol: str
    side: Side
    size: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    maker: bool = False
    leg: Leg | None = None


class PositionChange(Owed, frozen=True):
    """A position after a change; negative sizes are short. Where the account is hedged, `leg` says which."""

    account: str
    symbol: str
    size: Decimal
    entry_price: Decimal | None = None
    realised: Decimal = Decimal(0)
    leg: Leg | None = None


class BalanceChange(Owed, frozen=True):
    """A balance after a change. `change` is what was added, if known; "transfer" is a deposit or withdrawal."""

    account: str
    currency: str
    total: Decimal
    locked: Decimal = Decimal(0)
    change: Decimal | None = None
    cause: Literal["trade", "funding", "transfer", "settlement", "other"] = "other"


class PortfolioSnapshot(Payload, frozen=True):
    """An account as it stood after the event at `position` of the store. `view` is an AccountView's fields.

    Whoever begins here need not fold what came before. `reason` is why it was taken just then, `fold` by which rules
    (`account_view.FOLD`).
    """

    account: str
    position: int
    reason: Literal["first", "time", "opened", "closed", "turned", "moved"]
    view: dict[str, Any]
    fold: int = 1


class PortfolioCarried(Payload, frozen=True):
    """What an account came to with the event at `position`, before its events are forgotten; `view` as in snapshots."""

    account: str
    position: int
    view: dict[str, Any]
    fold: int


class Liquidation(Payload, frozen=True):
    """A position of somebody else that a venue closed by force."""

    symbol: str
    side: Side
    price: float
    size: float


class Sentiment(Payload, frozen=True):
    """A mood from -1 to 1, and how many texts it was made of."""

    symbol: str
    score: float
    texts: int
    provider: str


class RiskAlert(Owed, frozen=True):
    """A limit that is near or passed. `action` is what must happen."""

    account: str
    limit: str
    found: Decimal
    allowed: Decimal
    action: Literal["note", "reduce", "halt", "force_close"]
    symbol: str | None = None


class Whale(Payload, frozen=True):
    """A large movement of somebody else, worth `value` in quote currency."""

    symbol: str
    kind: Literal["transfer", "order", "trade"]
    value: float
    detail: str = ""


class QualityProblem(Payload, frozen=True):
    """Market data that cannot be right, or did not come."""

    symbol: str
    problem: Literal["gap", "spike", "stale", "duplicate", "out_of_order", "crossed", "clock_skew", "malformed"]
    detail: str
    ticks: int = 1


class DeadLetter(Payload, frozen=True):
    """An event that a group could not handle: where it was, why, and itself as text.

    Bytes that are no event are kept in `raw` as they came; of very many `length` says how many there were.
    """

    topic: str
    partition: int
    offset: int
    group: str
    reason: str
    attempts: int
    original: str
    raw: bytes = b""
    length: int = 0


class Revival(Payload, frozen=True):
    """An event that was put aside, for the group that could not handle it, once more. It travels on `topic`.

    `letter` is the id of the event that put it aside.
    """

    topic: str
    group: str
    letter: str
    original: str
    actor: str = ""


class LetterClosed(Payload, frozen=True):
    """A dead letter that was dealt with, by whom and why. It travels with the dead letters of `topic`."""

    topic: str
    letter: str
    outcome: Literal["sent_again", "dropped"]
    actor: str
    remark: str = ""


class TimerFired(Payload, frozen=True):
    """A timer that a session acted on; `due` is when it was to fire (ns UTC)."""

    service: str
    timer: str
    due: int


class SessionChange(Payload, frozen=True):
    """A session that begins, goes on after it was cut off, or ends, with what fixes it; one that failed says why."""

    service: str
    state: Literal["begun", "resumed", "ended", "failed"]
    strategy: str
    code_hash: str
    parameters: dict[str, float | int | bool] = {}
    decision_hash: str | None = None
    reason: str = ""
    terms: dict[str, Any] = {}
    """Account, instrument and rules by name (`trading.sessions.terms`), where it begins."""


class SessionCheckpoint(Payload, frozen=True):
    """What a session had written down until here: `chain` is over all of it, `marks` tell where it was changed.

    `events` is how many events are sealed by this checkpoint, since the one before it; `marks` has eight hexadecimal
    digits for each.
    """

    service: str
    events: int
    chain: str
    marks: str


class DecisionTaken(Payload, frozen=True):
    """What a strategy asked for: a row of `records.DECISION`, by name. A size or price that was not given is None.

    `order_id` is the session and the order's number in it; for a cancel number 0 means all.
    """

    account: str
    order_id: str
    strategy: str
    code_hash: str
    time: int
    order: int
    symbol: int
    action: int
    side: int
    kind: int
    flags: int
    size: float | None = None
    limit: float | None = None
    stop: float | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    trail: float | None = None
    expires: int = 0

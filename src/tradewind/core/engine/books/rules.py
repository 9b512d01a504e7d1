"""How an order-book replay simulates what a recording cannot say: the ways to and from the venue, and the queue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tradewind.core.domain.errors import BadInput
from tradewind.core.engine.rules import MarketRules

QueueModel = Literal["proportional", "back"]
QUEUE_MODELS: dict[str, bool] = {"proportional": True, "back": False}
"""Whether what is cancelled at a level shortens the queue ahead of an order."""


@dataclass(frozen=True)
class BookRules:
    """The realism of an order-book replay, beside MarketRules.

    order_ms    how long an order or a cancellation takes to the venue
    report_ms   how long the venue's answer (a fill, a cancellation, a rejection) takes back
    feed_ms     how long the venue's data take to the strategy; None: as long as they did in the recording
    queue       "proportional": cancellations at a level come from ahead of an order and from behind it, in proportion
                to what stands there; "back": all of them come from behind, so only trades move an order forward
    """

    order_ms: float = 10.0
    report_ms: float = 10.0
    feed_ms: float | None = None
    queue: QueueModel = "proportional"

    def __post_init__(self) -> None:
        for name in ("order_ms", "report_ms", "feed_ms"):
            value = getattr(self, name)
            if value is None and name == "feed_ms":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3_600_000:
                raise BadInput(
                    f"{name} must be milliseconds from 0 to 3600000, found {value!r}", fix="Such as 10 or 0.5"
                )
        if self.queue not in QUEUE_MODELS:
            raise BadInput(f"unknown queue model {self.queue!r}", fix=f"Use {' or '.join(QUEUE_MODELS)}")

    @property
    def order_ns(self) -> int:
        """The way to the venue, at least a nanosecond: an order is never there when it is made."""
        return max(1, round(self.order_ms * 1e6))

    @property
    def report_ns(self) -> int:
        """The way back."""
        return round(self.report_ms * 1e6)

    @property
    def feed_ns(self) -> int | None:
        """The data's way, None as recorded."""
        return None if self.feed_ms is None else round(self.feed_ms * 1e6)


BOOK_MARKET = MarketRules(slippage="none", funding=False)
"""What MarketRules are for a replay: the book itself says what an order gets."""


def market_rules(rules: MarketRules | None) -> MarketRules:
    """Market rules as a replay takes them. Raises BadInput for rules that only bars need."""
    if rules is None:
        return BOOK_MARKET
    usual = MarketRules()
    for name, why in (
        ("participation", "an order takes what stands in the book"),
        ("latency_bars", "there are no bars"),
        ("latency_ms", "give BookRules(order_ms=...)"),
        ("slippage_amount", "a taker pays what the book asks"),
    ):
        if getattr(rules, name) != getattr(usual, name):
            raise BadInput(f"{name} means nothing in an order-book replay: {why}", fix="Leave it out")
    if rules.slippage not in ("none", usual.slippage):
        raise BadInput(
            "slippage means nothing in an order-book replay: a taker pays what the book asks",
            fix="Leave the slippage out",
        )
    if rules.hedging:
        raise BadInput("an order-book replay nets its positions", fix="Turn hedging off")
    return replace(rules, slippage="none", slippage_amount=None, funding=False)

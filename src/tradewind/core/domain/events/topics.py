"""The topics that events travel on: the one table from which the buses, Kafka's set-up and the documents are made."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.core.domain.timeframes import UNITS_NS

DAY_NS = UNITS_NS["d"]
WEEK_NS = 7 * DAY_NS
YEAR_NS = 365 * DAY_NS
DEAD_LETTERS = ".dlq"
"""What the name of a topic's dead letters ends with."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A stream of events, in `partitions` parts. Events of one key are in one part, in order.

    `retention_ns` is how long a bus keeps them (the event store keeps its own time); None: for ever.
    """

    name: str
    partitions: int
    key: str
    retention_ns: int | None
    meaning: str

    @property
    def dead_letters(self) -> str:
        """The topic that takes what could not be handled."""
        return self.name + DEAD_LETTERS


_TABLE = (
    ("price.ticks", 10, "symbol", DAY_NS, "trades, quotes and funding of the market, as they come"),
    ("market.candles", 10, "symbol", WEEK_NS, "candles that have closed"),
    ("signal.generated", 5, "symbol", WEEK_NS, "what one agent or strategy would do"),
    ("signal.consensus", 5, "symbol", WEEK_NS, "what all of them together would do"),
    ("order.events", 5, "account", WEEK_NS, "every step of an order's life"),
    ("trade.executed", 5, "account", WEEK_NS, "fills, as the venue reported them"),
    ("state.changes", 5, "account", WEEK_NS, "positions and balances after a change"),
    ("liquidation.events", 3, "symbol", WEEK_NS, "positions of others that a venue closed by force"),
    ("sentiment.updates", 3, "symbol", WEEK_NS, "how the market's mood has changed"),
    ("risk.alerts", 3, "account", WEEK_NS, "limits that are near or passed, and what must happen"),
    ("whale.events", 3, "symbol", WEEK_NS, "large transfers and orders of others"),
    ("data.quality", 3, "symbol", WEEK_NS, "market data that cannot be right"),
    ("task.events", 3, "task", WEEK_NS, "work that was queued, begun, finished or given up"),
    ("audit.log", 3, "actor", None, "who did what; never dropped"),
    ("review.events", 1, "proposal", YEAR_NS, "proposals and what people decided about them"),
    ("sandbox.alerts", 1, "proposal", YEAR_NS, "code that tried to leave its sandbox"),
    ("reconciliation.results", 1, "account", WEEK_NS, "whether our books agree with the venue's"),
    ("system.events", 1, "service", WEEK_NS, "services that start, stop or are impaired; timers; sessions"),
)

TOPICS: dict[str, Topic] = {row[0]: Topic(*row) for row in _TABLE}
"""Every topic by its name."""

"""Trading sessions and kill zones."""

from __future__ import annotations

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.indicators.indicator import NAN, Indicator
from tradewind.core.indicators.smart_money.parameters import MINUTES_A_DAY, checked_minute

SESSIONS: dict[str, tuple[str, str]] = {
    "Sydney": ("21:00", "06:00"),
    "Tokyo": ("00:00", "09:00"),
    "London": ("07:00", "16:00"),
    "New York": ("13:00", "22:00"),
    "Asian kill zone": ("00:00", "04:00"),
    "London open kill zone": ("06:00", "09:00"),
    "New York kill zone": ("11:00", "14:00"),
    "London close kill zone": ("14:00", "16:00"),
}
"""From and until, in UTC all the year: these do not move with daylight saving."""

MINUTE_NS = UNITS_NS["m"]


class Session(Indicator):
    """Whether a bar opens in a session, and the session's high and low so far.

    `Session("London")` is one of SESSIONS; `Session(start="08:00", end="12:30")` one of your own, in UTC, which runs
    over midnight where it ends before it starts. A bar belongs where its open time is: from `start` until before `end`.

    `value` is 1 in the session and 0 outside. `high` and `low` are of the session up to this bar, NaN outside. When it
    is over, `last_high` and `last_low` are its whole range until the next one is over; of a session whose start was not
    seen they are what was seen. Ready after 1 update.
    """

    outputs = ("value", "high", "low", "last_high", "last_low")

    def __init__(self, name: str = "", *, start: str = "", end: str = "") -> None:
        super().__init__(warmup=1)
        if name and (start or end):
            raise BadInput("give a name or start and end, not both", where="Session", fix='Write Session("London")')
        if not (start or end):
            if name not in SESSIONS:
                known = ", ".join(SESSIONS)
                raise BadInput(
                    f"unknown session {name!r}", where="Session", fix=f"Choose one of {known}, or give start="
                )
            start, end = SESSIONS[name]
        self.start = checked_minute(start, "Session", "start")
        self.length = (checked_minute(end, "Session", "end") - self.start) % MINUTES_A_DAY
        if self.length == 0:
            raise BadInput("start and end are the same time", where="Session", fix="Choose a later end")
        self.high = NAN
        self.low = NAN
        self.last_high = NAN
        self.last_low = NAN
        self.day = 0

    def update(self, high: float, low: float, time: int) -> None:
        """Take the next bar; `time` is its opening in nanoseconds since 1970 UTC."""
        self.count += 1
        self.prev = self.value
        since = time // MINUTE_NS - self.start
        day = since // MINUTES_A_DAY
        inside = since - day * MINUTES_A_DAY < self.length
        if self.prev > 0.0 and (not inside or day != self.day):
            self.last_high = self.high
            self.last_low = self.low
        if not inside:
            self.value = 0.0
            self.high = NAN
            self.low = NAN
        elif self.prev > 0.0 and day == self.day:
            self.high = max(self.high, high)
            self.low = min(self.low, low)
        else:
            self.value = 1.0
            self.high = high
            self.low = low
        self.day = day

"""What a candle was made of: its ticks, those left out and why, the one that closed it; and the candle made again."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.core.domain.candle_building import CandleBuilder, CandleRules, Verdict
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import Candle
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent
from tradewind.trading.closed_candles import closings_of, is_by_clock
from tradewind.trading.derived_events import stream_of
from tradewind.trading.earlier_ticks import NOWHERE, EarlierTicks, is_ahead

LEFT_OUT_MAX = 1_000
"""Ticks that were left out and are listed; the others are counted."""


@dataclass(frozen=True)
class CandleLineage:
    """A candle of one stream. `again` is what its ticks make today; None where none is left of them."""

    candle: StoredEvent
    closed_by: StoredEvent | None
    """The tick that closed it; None where that was the clock, or the tick is not stored any more."""
    number: int
    first: StoredEvent | None
    last: StoredEvent | None
    left_out: tuple[tuple[StoredEvent, str], ...]
    left_out_number: int
    again: Candle | None

    @property
    def agrees(self) -> bool:
        """Whether its ticks make the same candle again, bit for bit."""
        return bool(self.again == self.candle.event.data)


async def candle_lineages(
    store: EventStore, symbol: str, timeframe: str, time_ns: int, *, tenant: str
) -> list[CandleLineage]:
    """The candle that opened at a time (ns UTC), of each of a tenant's feeds. Raises BadInput where there is none."""
    length = timeframe_ns(timeframe)
    start_ns = bucket_start_ns(time_ns, length)
    query = EventQuery(
        start_ns=start_ns + length, end_ns=start_ns + length + 1, tokens=(symbol,), types=("candle.closed",),
        tenant=tenant, outside_sessions=True,
    )  # fmt: skip
    found = [s async for batch in store.read(query) for s in batch]
    candles = [s for s in found if (s.event.data.timeframe, s.event.data.time) == (timeframe, start_ns)]
    if not candles:
        raise BadInput(
            f"no candle {timeframe} of {symbol} that opened then is stored",
            fix="Candles are made of ticks that were published: tradewind serve candles --until-idle",
        )
    return [await _lineage(store, stored, length) for stored in candles]


async def _lineage(store: EventStore, candle: StoredEvent, length: int) -> CandleLineage:
    """Its ticks are fed in their order, as to the candle maker, up to the one that closed it, or the clock after it."""
    data: Candle = candle.event.data
    stream, rules = stream_of(candle.event), CandleRules((data.timeframe,))
    story, builder, ended = _Story(), CandleBuilder(data.symbol, rules), candle.position
    ticks = EarlierTicks(store, stream, NOWHERE)
    closings, read_ns = closings_of([one async for one in ticks.candles(data.time, data.time + length + 1)], data.time)
    closes = candle.event.causation_id
    async for stored in ticks.read(read_ns - rules.wait_ns):
        event = stored.event
        tick, happened = event.data, event.time_event
        verdict = "ahead" if is_ahead(event) else str(builder.take(happened, tick.price, tick.size, tick.trade_id))
        if data.time <= happened < data.time + length:
            story.add(stored, verdict)
        if (until_ns := closings.get(event.event_id)) is not None:
            builder.advance(until_ns + rules.wait_ns)
        if event.event_id == closes:
            story.closed_by, ended = None if is_by_clock(candle.event) else stored, stored.position
            break
        if builder.final_ns >= data.time + length and stored.position > candle.position:
            break  # the tick that closed it is not stored any more
    builder.advance(data.time + length + rules.wait_ns)
    again = next((made for made in builder.closed() if made.time == data.time), None)
    async for stored in EarlierTicks(store, stream, NOWHERE).read(data.time, data.time + length, ended):
        story.add(stored, str(Verdict.LATE))
    return CandleLineage(
        candle, story.closed_by, story.number, story.first, story.last, tuple(story.left_out),
        story.left_out_number, again,
    )  # fmt: skip


class _Story:
    """What is known so far of a candle's ticks."""

    def __init__(self) -> None:
        self.closed_by: StoredEvent | None = None
        self.number = self.left_out_number = 0
        self.first: StoredEvent | None = None
        self.last: StoredEvent | None = None
        self.left_out: list[tuple[StoredEvent, str]] = []

    def add(self, tick: StoredEvent, verdict: str) -> None:
        """A tick that happened while the candle was open; the first and last are those of the market's time."""
        if verdict != Verdict.TAKEN:
            self.left_out_number += 1
            if len(self.left_out) < LEFT_OUT_MAX:
                self.left_out.append((tick, verdict))
            return
        self.number += 1
        happened = tick.event.time_event
        self.first = tick if self.first is None or happened < self.first.event.time_event else self.first
        self.last = tick if self.last is None or happened >= self.last.event.time_event else self.last

"""The account of a portfolio: its sleeves run side by side, and its cash moves between them at the agreed moments.

Each sleeve is a run of the engine with cash of its own; what no sleeve has lies in the reserve. Cash leaves a sleeve
only as far as no position and no order holds it, and reaches another only after it has left the first: at every moment
reserve and sleeves together are the money of one account.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import RunResult
from tradewind.core.engine.stepwise import SteppedRun
from tradewind.core.performance.allocation import Allocation, Weights, weigh
from tradewind.research.portfolio_plan import Rebalancing
from tradewind.research.portfolio_records import Records

Array = NDArray[np.float64]
Start = Callable[[int, MarketRules, float], SteppedRun]
"""Makes the run of a sleeve, by its number, with so much cash."""
TRIFLE = 1e-9
"""A part of the account that is not worth moving."""
SETTLE = "settled"


@dataclass(frozen=True)
class Times:
    """When a sleeve's first bar opens and its last one closes, and how long its orders take to trade (all ns)."""

    begins: int
    ends: int
    trades_within: int


@dataclass(frozen=True)
class Moved:
    """One rebalance. `before`, `wanted` and `after` are parts of the account (sleeves), `cash` what each was paid.

    `plain` says of a sleeve why it got its plain share. `missed` is the money that should have left its sleeve and was
    held there.
    """

    time: int
    reason: str
    before: Array
    wanted: Array
    after: Array
    cash: Array
    equity: float
    missed: float
    plain: dict[int, str]


@dataclass
class Held:
    """A sleeve while the account runs: its run, then what came of it, and every payment (time, cash)."""

    times: Times
    share: float
    run: SteppedRun | None = None
    result: RunResult | None = None
    flows: list[tuple[int, float]] = field(default_factory=list)
    left: float = 0.0
    """What it is still worth when it has ended: at the account's own end, or where its positions are not closed."""
    paid: float = 0.0
    """What had been paid to it when it ended, less what it had given."""

    @property
    def worth(self) -> float:
        """Its equity now."""
        return self.left if self.run is None else self.run.worth

    def receives(self, now: int) -> bool:
        """Whether it is there to be paid: running, or beginning now."""
        return self.run is not None or (self.times.begins == now and self.result is None)


class Account:
    """Runs the sleeves from stop to stop. `reserve` is the cash that no sleeve has; `moves` tells what was done."""

    def __init__(
        self, held: Sequence[Held], start: Start, rules: Sequence[MarketRules], cash: float, allocation: Allocation,
        rebalancing: Rebalancing, records: Records | None,
    ) -> None:  # fmt: skip
        self.held = list(held)
        self.start = start
        self.rules = rules
        self.reserve = cash
        self.cash = cash
        self.allocation = allocation
        self.rebalancing = rebalancing
        self.records = records
        self.moves: list[Moved] = []
        self.wanted = np.zeros(len(held))
        self.begins = min(h.times.begins for h in held)
        self.ends = max(h.times.ends for h in held)
        stops = {t for h in held for t in (h.times.begins, h.times.ends)}
        stops.update(rebalancing.checked(self.begins, self.ends))
        self._stops = sorted(stops)
        self._settling: int | None = None

    def run_through(self, progress: Callable[[int, int], None]) -> None:
        """Run every sleeve to its end."""
        stops, total = self._stops, self.ends - self.begins
        heapq.heapify(stops)
        while stops:
            now = heapq.heappop(stops)
            while stops and stops[0] == now:
                heapq.heappop(stops)
            progress(now - self.begins, total)
            for number, held in enumerate(self.held):
                if held.run is not None:
                    held.run.advance(now)
                    if held.times.ends <= now:
                        self._end(number, now)
            reason = self._reason(now) if now < self.ends else None
            if reason is not None:
                self._rebalance(now, reason)

    @property
    def equity(self) -> float:
        """What the whole account is worth."""
        return self.reserve + sum(h.worth for h in self.held)

    def _reason(self, now: int) -> str | None:
        if any(h.times.begins == now for h in self.held):
            return "a sleeve begins"
        if any(h.times.ends == now for h in self.held):
            return "a sleeve has ended"
        if self.rebalancing.is_due(now, self.begins):
            return f"every {self.rebalancing.every}"
        if self._settling == now:
            return SETTLE
        return "drift" if self._has_drifted() else None

    def _has_drifted(self) -> bool:
        equity = self.equity
        if self.rebalancing.drift is None or not equity > 0.0:
            return False
        off = [abs(h.worth / equity - w) for h, w in zip(self.held, self.wanted, strict=True) if h.run is not None]
        return max(off, default=0.0) > self.rebalancing.drift

    def _weights(self, now: int) -> Weights:
        """What each sleeve is to have of the account, from what is known by now."""
        shares = np.zeros(len(self.held))
        for number, held in enumerate(self.held):
            begins = held.times.begins == now
            dead = held.run is not None and (held.run.bankrupt or held.worth < 0.0)
            ruined = self.records is not None and int(self.records.ruined[number]) <= now
            if (begins or held.run is not None) and not dead and not ruined:
                shares[number] = held.share
        past = np.empty((0, len(shares))) if self.records is None else self.records.before(now)
        return weigh(self.allocation, past, shares)

    def _rebalance(self, now: int, reason: str) -> None:
        """Take from who has too much, as far as it is free; give to who has too little, as far as there is some."""
        settling = reason == SETTLE
        found = Weights(self.wanted, {}) if settling else self._weights(now)
        self.wanted, self._settling = found.values, None
        equity = max(0.0, self.equity)
        before = self._parts(equity)
        targets = found.values * equity
        trifle = TRIFLE * equity
        paid = np.zeros(len(self.held))
        selling = 0
        for number, held in enumerate(self.held):
            excess = held.worth - targets[number]
            if held.run is None or excess <= trifle:
                continue
            change = 0.0
            if self.rebalancing.resize and not settling and held.run.holds:
                change = max(-1.0, -excess / held.worth)
                selling = max(selling, held.times.trades_within)
            paid[number] = -min(excess, held.run.can_leave)
            self._pay(number, now, paid[number], change)
        needs = {n: targets[n] - h.worth for n, h in enumerate(self.held) if targets[n] > 0.0 and h.receives(now)}
        needs = {n: need for n, need in needs.items() if need > trifle}
        there = max(0.0, self.reserve - max(0.0, equity - float(targets.sum())))
        part = min(1.0, there / sum(needs.values())) if needs else 0.0
        for number, need in needs.items():
            paid[number] = min(need * part, self.reserve)
            self._give(number, now, paid[number])
        for number, held in enumerate(self.held):
            if held.times.begins == now and held.run is None and held.result is None:
                self._begin(number, now, 0.0)
        if selling:
            self._settling = now + selling
            heapq.heappush(self._stops, self._settling)
        over = [h.worth - t for h, t in zip(self.held, targets, strict=True) if h.run is not None]
        missed = 0.0 if selling else float(np.maximum(over, 0.0).sum())
        if reason != "drift" or selling or np.abs(paid).sum() > trifle:
            after = self._parts(equity)
            self.moves.append(Moved(now, reason, before, found.values, after, paid, equity, missed, found.plain))

    def _parts(self, equity: float) -> Array:
        worth = np.array([h.worth for h in self.held])
        return worth / equity if equity > 0.0 else np.zeros(len(worth))

    def _give(self, number: int, now: int, amount: float) -> None:
        held = self.held[number]
        if held.run is None:
            self._begin(number, now, amount)
            return
        grow = self.rebalancing.resize and held.run.holds and held.worth > 0.0
        self._pay(number, now, amount, amount / held.worth if grow else 0.0)

    def _begin(self, number: int, now: int, amount: float) -> None:
        held = self.held[number]
        # A strategy's set-up sees what it will have; one that gets nothing yet sees the whole account.
        rules = replace(self.rules[number], cash=amount if amount > 0.0 else self.cash)
        held.run = self.start(number, rules, amount)
        self.reserve -= amount
        held.flows.append((now, amount))

    def _pay(self, number: int, now: int, amount: float, change: float) -> None:
        held = self.held[number]
        assert held.run is not None
        held.run.move(amount, change)
        if amount != 0.0:
            self.reserve -= amount
            held.flows.append((now, amount))

    def _end(self, number: int, now: int) -> None:
        """Its last bar is over: what is closed goes back into the reserve, for the others, if there are any left."""
        held = self.held[number]
        assert held.run is not None
        free = held.run.can_leave
        held.result = held.run.finish()
        held.run = None
        open_still = any(p.size != 0.0 for p in held.result.strategy.exchange.positions)
        held.paid = sum(amount for _, amount in held.flows)
        back = min(free, held.result.cash) if open_still else held.result.cash
        if now == self.ends:
            back = 0.0
        held.left = held.result.equity - back
        if back != 0.0:
            self.reserve += back
            held.flows.append((now, -back))

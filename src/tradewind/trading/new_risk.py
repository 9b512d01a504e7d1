"""The gate that an order passes before it may add risk: open while everything that it is judged by can be relied on.

It waits for whoever will execute orders of paper and live accounts. A rehearsal does not ask it: its account is folded
from its own record, which no cache can take away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from tradewind.core.domain.added_risk import adds_risk
from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.events.payloads import Leg, Side
from tradewind.core.domain.holdings import Holding
from tradewind.trading.cache_health import CacheHealth

Condition = Callable[[], str | None]
"""Says why no new risk may be taken now; None where it may."""


class NewRisk:
    """Conditions by name; all must hold. Whoever sends orders asks `check` for each, with the positions as they are.

    A condition that cannot be asked, since it raises, does not hold.
    """

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        self._conditions = dict(conditions)

    def problems(self) -> Mapping[str, str]:
        """Why no new risk may be taken now, by condition; empty where it may."""
        found = {name: _asked(condition) for name, condition in self._conditions.items()}
        return {name: problem for name, problem in found.items() if problem is not None}

    def check(
        self,
        positions: Mapping[str, Holding],
        symbol: str,
        side: Side,
        size: Decimal,
        *,
        leg: Leg | None = None,
        waiting: Decimal = Decimal(0),
    ) -> None:
        """Raises Unavailable with the reasons where the order may add risk and none may be taken; see `adds_risk`."""
        problems = self.problems()
        if problems and adds_risk(positions, symbol, side, size, leg=leg, waiting=waiting):
            raise Unavailable(
                f"no new risk is taken: {'; '.join(f'{name}: {why}' for name, why in problems.items())}",
                where=f"{side} {size} {symbol}",
                fix="Orders that only close or reduce a position are taken; the others again when this is over",
            )


def cache_condition(health: CacheHealth) -> Condition:
    """Holds while the portfolios in the cache are known to be those of the events."""
    return lambda: None if health.ready else f"it is {health.state.value}: {health.reason}"


def _asked(condition: Condition) -> str | None:
    try:
        return condition()
    except Exception as problem:  # noqa: BLE001 - whatever is wrong with it, no risk is taken on its word
        return f"it cannot be asked: {problem!r}"

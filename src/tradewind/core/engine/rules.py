"""How real the simulated market is: what a run's owner may set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

from tradewind.core.domain.errors import BadInput
from tradewind.core.engine import constants as k

SlippageKind = Literal["none", "fixed", "volatility", "volume"]
SLIPPAGE_KINDS: dict[str, int] = {
    "none": k.NO_SLIPPAGE,
    "fixed": k.FIXED_SLIPPAGE,
    "volatility": k.VOLATILITY_SLIPPAGE,
    "volume": k.VOLUME_SLIPPAGE,
}
SLIPPAGE_USUAL = {"none": 0.0, "fixed": 0.0001, "volatility": 0.1, "volume": 0.1}
"""What each kind of slippage takes where no amount is given."""
ORDERS_MAX_CEILING = 4096
INSIDE = "Choose a value inside, or leave it out"
KINDS: tuple[tuple[str, type, str], ...] = (
    *((name, Real, "a number") for name in ("cash", "leverage", "stake", "slippage_amount", "participation")),
    ("latency_ms", Real, "a number"),
    *((name, Integral, "a whole number") for name in ("latency_bars", "orders_max", "trade_from_ns")),
    *((name, bool, "True or False") for name in ("hedging", "funding", "liquidation", "close_at_end")),
)
"""What kind of value each rule takes."""


@dataclass(frozen=True)
class MarketRules:
    """The realism of a run. Every report lists these.

    cash            what the account starts with, in quote currency
    leverage        how many times the account's equity a position may be worth
    margin          "cross": the whole account stands behind every position; "isolated": each has its own margin
    hedging         whether long and short of one symbol are held side by side (else they net)
    stake           the share of free equity that an order without a size uses
    slippage        none; "fixed": `slippage_amount` is a fraction of the price; "volatility": a multiple of the average
                    true range (14 bars); "volume": a fraction of the price at an order as large as the bar's volume,
                    in proportion to the order's share of it. Without an amount it is 0.0001, 0.1 or 0.1
    participation   the share of a bar's volume one order may take (0: no limit); the rest waits for the next bar
    latency_bars, latency_ms   how long after the decision an order reaches the market
    funding         whether perpetuals pay and receive funding
    liquidation     whether positions are liquidated at the maintenance margin
    close_at_end    whether what is open after the last bar is closed at its close
    orders_max      how many orders may be open at once
    trade_from_ns   when the run begins (ns since 1970 UTC): bars before it only warm indicators up, orders decided
                    before it are turned down, and the account is judged from its first bar on
    """

    cash: float = 10_000.0
    leverage: float = 1.0
    margin: Literal["cross", "isolated"] = "cross"
    hedging: bool = False
    stake: float = 1.0
    slippage: SlippageKind = "fixed"
    slippage_amount: float | None = None
    participation: float = 0.0
    latency_bars: int = 0
    latency_ms: float = 0.0
    funding: bool = True
    liquidation: bool = True
    close_at_end: bool = True
    orders_max: int = 64
    trade_from_ns: int = 0

    def __post_init__(self) -> None:
        for name, kind, text in KINDS:
            value = getattr(self, name)
            if value is None and name == "slippage_amount":
                continue
            if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
                raise BadInput(f"{name} must be {text}, found {value!r}", fix="Give it without quotes, or leave it out")
        for name, low, high in (
            ("cash", 0.0, math.inf),
            ("leverage", 0.0, 1000.0),
            ("stake", 0.0, 1.0),
        ):
            value = getattr(self, name)
            if not (math.isfinite(value) and low < value <= high):
                limit = "" if math.isinf(high) else f" and at most {high:g}"
                raise BadInput(f"{name} must be above {low:g}{limit}, found {value}", fix=INSIDE)
        for name in ("slippage_amount", "participation", "latency_ms", "latency_bars", "trade_from_ns"):
            value = getattr(self, name)
            if value is None:
                continue
            if not (math.isfinite(value) and value >= 0):
                raise BadInput(f"{name} must be zero or more, found {value}", fix=INSIDE)
        if self.slippage not in SLIPPAGE_KINDS:
            raise BadInput(f"unknown slippage {self.slippage!r}", fix=f"Use one of {', '.join(SLIPPAGE_KINDS)}")
        if self.margin not in ("cross", "isolated"):
            raise BadInput(f"unknown margin {self.margin!r}", fix="Use cross or isolated")
        if self.participation > 1:
            raise BadInput(f"participation is a share of the volume, at most 1, found {self.participation}", fix=INSIDE)
        if not 1 <= self.orders_max <= ORDERS_MAX_CEILING:
            raise BadInput(f"orders_max must be from 1 to {ORDERS_MAX_CEILING}, found {self.orders_max}", fix=INSIDE)

    @property
    def slippage_used(self) -> float:
        """The amount given, or the usual one of the kind."""
        return SLIPPAGE_USUAL[self.slippage] if self.slippage_amount is None else float(self.slippage_amount)

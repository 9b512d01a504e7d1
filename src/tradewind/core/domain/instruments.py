"""What is traded, and by which rules: tick, lot, least value, fees, margin."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from tradewind.core.domain.errors import BadInput

Kind = Literal["spot", "perpetual"]
STEP_MIN, STEP_MAX = Decimal("1e-18"), Decimal("1e18")
FLOAT_BITS_MAX = 1_000
"""A whole number of more binary digits is not made a float: it may be beyond all of them."""
"""The finest and the coarsest tick or lot: the parts of the finest coin there is, and as far the other way."""


@dataclass(frozen=True)
class Instrument:
    """One symbol's trading rules. Fees and margins are fractions (0.0005 is five basis points); None: no such rule.

    `fee_in_base` is how spot venues charge buyers: part of what was bought is kept as the fee.
    """

    symbol: str
    kind: Kind = "perpetual"
    tick: Decimal | None = None
    lot: Decimal | None = None
    size_min: Decimal = Decimal(0)
    notional_min: Decimal = Decimal(0)
    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0005")
    fee_in_base: bool = False
    leverage_max: Decimal = Decimal(125)
    maintenance_margin: Decimal = Decimal("0.005")
    liquidation_fee: Decimal = Decimal("0.005")

    def __post_init__(self) -> None:
        for name in ("tick", "lot"):
            value = getattr(self, name)
            if value is not None and (not value.is_finite() or value <= 0):
                raise BadInput(
                    f"{name} must be above zero, found {value}", where=self.symbol, fix="Leave it out for none"
                )
            if value is not None and not _is_step(value):
                raise BadInput(
                    f"{name} must be from {STEP_MIN} to {STEP_MAX} and have 15 digits at most, found {value:.20g}",
                    where=self.symbol,
                    fix="Leave it out for none",
                )
        for name in ("maker_fee", "taker_fee"):
            value = getattr(self, name)
            if not value.is_finite() or not Decimal(-1) < value < Decimal(1):
                raise BadInput(
                    f"{name} must be a fraction such as 0.0005, found {value}",
                    where=self.symbol,
                    fix="0.05 % is 0.0005",
                )
        for name in ("size_min", "notional_min"):
            value = getattr(self, name)
            if not value.is_finite() or value < 0:
                raise BadInput(
                    f"{name} must be zero or more, found {value}", where=self.symbol, fix="Leave it out for none"
                )
        if not (self.maintenance_margin.is_finite() and 0 < self.maintenance_margin < 1):
            raise BadInput(
                f"maintenance_margin must be between 0 and 1, found {self.maintenance_margin}",
                where=self.symbol,
                fix="0.5 % is 0.005",
            )
        if not (self.liquidation_fee.is_finite() and 0 <= self.liquidation_fee < 1):
            raise BadInput(
                f"liquidation_fee must be zero or more and below 1, found {self.liquidation_fee}",
                where=self.symbol,
                fix="0.5 % is 0.005",
            )
        if self.kind == "perpetual" and self.fee_in_base:
            raise BadInput("a perpetual's fees are in quote currency", where=self.symbol, fix="Leave fee_in_base out")


def _is_step(value: Decimal) -> bool:
    """Whether prices and sizes can be rounded to it exactly: as a ratio of two whole numbers that a float holds."""
    if not STEP_MIN <= value <= STEP_MAX:
        return False
    return all(number.bit_length() <= FLOAT_BITS_MAX and float(number) == number for number in value.as_integer_ratio())


def instrument_for(symbol: str) -> Instrument:
    """The usual rules for a symbol as ccxt writes it: `BTC/USDT` is spot, `BTC/USDT:USDT` a perpetual.

    Fees are the published entry-level rates of Binance in 2026 (spot 0.10 %, USDT-margined futures 0.02 % and 0.05 %).
    """
    if ":" in symbol:
        return Instrument(symbol)
    return Instrument(symbol, kind="spot", maker_fee=Decimal("0.001"), taker_fee=Decimal("0.001"))

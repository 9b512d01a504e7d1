"""Smart-money indicators: streaming, each label told on the bar that confirms it."""

from tradewind.core.indicators.smart_money.fair_value_gaps import FairValueGaps
from tradewind.core.indicators.smart_money.liquidity import Liquidity
from tradewind.core.indicators.smart_money.order_blocks import OrderBlocks
from tradewind.core.indicators.smart_money.previous_high_low import PreviousHighLow
from tradewind.core.indicators.smart_money.retracements import DealingRange, Retracements
from tradewind.core.indicators.smart_money.sessions import SESSIONS, Session
from tradewind.core.indicators.smart_money.structure import MarketStructure
from tradewind.core.indicators.smart_money.swings import Swings
from tradewind.core.indicators.smart_money.volume_profile import SessionProfile, VolumeProfile

__all__ = [
    "SESSIONS",
    "DealingRange",
    "FairValueGaps",
    "Liquidity",
    "MarketStructure",
    "OrderBlocks",
    "PreviousHighLow",
    "Retracements",
    "Session",
    "SessionProfile",
    "Swings",
    "VolumeProfile",
]

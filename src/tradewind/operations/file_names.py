"""What the name of a file suggests about what is in it: `BTC_USDT_USDT-1h-futures.feather` and its cousins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tradewind.core.domain.market_data import Kind

FREQTRADE = re.compile(
    r"(?P<base>[A-Za-z0-9]+)_(?P<quote>[A-Z0-9]+?)(?:_(?P<settle>[A-Z0-9]+))?"
    r"-(?P<timeframe>[0-9]+[smhdw])(?:-(?P<market>futures|funding_rate|mark))?(?:[_.-].*)?"
)
JOINED = re.compile(r"(?P<pair>[A-Za-z0-9]{5,})[_-](?P<timeframe>[0-9]+[smhdwSMHDW])(?:[_.-].*)?")
QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "EUR", "GBP", "JPY", "CHF", "TRY", "BRL", "BTC", "ETH", "BNB")
KINDS = {"funding_rate": Kind.FUNDING, "mark": Kind.MARK}


@dataclass(frozen=True)
class Suggestion:
    """What a name says, None where it says nothing."""

    symbol: str | None = None
    timeframe: str | None = None
    kind: Kind | None = None


def suggestion(path: Path) -> Suggestion:
    """Symbol, timeframe and kind as far as the name of a file tells them."""
    name = re.sub(r"(\.(csv|txt|tsv|parquet|pq|feather|arrow|ipc))?(\.(gz|zip))?$", "", path.name, flags=re.IGNORECASE)
    match = FREQTRADE.fullmatch(name)
    if match:
        symbol = f"{match['base']}/{match['quote']}" + (f":{match['settle']}" if match["settle"] else "")
        return Suggestion(symbol, match["timeframe"], KINDS.get(match["market"] or "", Kind.CANDLES))
    match = JOINED.fullmatch(name)
    quote = match and next(
        (q for q in QUOTES if match["pair"].upper().endswith(q) and len(match["pair"]) > len(q)), None
    )
    if match and quote:
        base = match["pair"].upper()[: -len(quote)]
        return Suggestion(f"{base}/{quote}", match["timeframe"].lower(), None)
    return Suggestion()

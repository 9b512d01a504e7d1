"""Funding payments of perpetuals, at the times the venue set them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.core.engine.journal import write_funding

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange


def settle_funding(x: Exchange, symbol: int, until: int, f_time: Any, f_rate: Any, f_price: Any, rows: Any) -> bool:
    """Settle a symbol's next payment that is due by `until` (inclusive); False where there is none.

    `f_price` is the mark price of each payment, NaN where none is known: then the bar's open stands in. Afterwards
    `x.funding_rate` and `x.funding_last` say the rate and what was paid on all legs, 0 where nothing was held.
    """
    s = x.instruments[symbol]
    i = s.funding_next
    if i >= s.funding_end or f_time[i] > until:
        return False
    s.funding_next += 1
    price = f_price[i]
    if price != price:
        price = x.bars[symbol].open
    x.funding_rate = f_rate[i]
    x.funding_last = 0.0
    for leg in range(2 * symbol, 2 * symbol + 2):
        size = x.positions[leg].size
        if size != 0.0:
            paid = x.fund(f_rate[i], price, leg)
            x.funding_last += paid
            side = 1 if size > 0.0 else -1
            write_funding(rows, x.fundings_written, f_time[i], symbol, side, f_rate[i], price, size, paid, x.cash)
            x.fundings_written += 1
    return True

"""The rows the engine writes and everything after it reads: decisions, fills, trades.

They are NumPy record types, so that compiled and interpreted code fill the same bytes. Times are nanoseconds since 1970
in UTC; prices and amounts are in quote currency unless they say otherwise; a size is in base currency, or contracts.
"""

from __future__ import annotations

import numpy as np

DECISION = np.dtype(
    [
        ("time", np.int64),  # close of the bar on which it was decided
        ("order", np.int64),  # number of the order, from 1; for a cancel, the order it cancels (0 = all)
        ("symbol", np.int32),  # position of the symbol in the run's list
        ("action", np.int32),  # 1 submit, 2 cancel, 3 protect
        ("side", np.int32),  # +1 buy, -1 sell
        ("kind", np.int32),  # OrderKind
        ("flags", np.int64),  # bit 0 reduce-only, bit 1 post-only, bits 2-3 time in force
        ("size", np.float64),  # NaN: sized by the stake when it fills
        ("limit", np.float64),  # NaN where absent, as below
        ("stop", np.float64),
        ("stop_loss", np.float64),
        ("take_profit", np.float64),
        ("trail", np.float64),
        ("expires", np.int64),  # 0: never
    ],
    align=True,
)
"""What the strategy asked for, in order. The decision hash is taken over these bytes."""

FILL = np.dtype(
    [
        ("time", np.int64),  # open of the bar for fills at the open, else the bar's close time
        ("bar", np.int64),  # row of the bar in the run's merged data
        ("order", np.int64),
        ("symbol", np.int32),
        ("side", np.int32),  # +1 bought, -1 sold
        ("reason", np.int32),  # FillReason
        ("maker", np.int32),  # 1 maker, 0 taker
        ("leg", np.int32),  # +1 long leg, -1 short leg (the position's sign after an opening fill)
        ("closing", np.int32),  # 1 where the fill reduced a position
        ("size", np.float64),
        ("price", np.float64),
        ("fee", np.float64),  # in quote currency; negative is a rebate
        ("fee_base", np.float64),  # what was taken in base currency, when fees are
        ("slippage", np.float64),  # what slippage cost, in quote currency
        ("realized", np.float64),  # profit realised by a closing fill, before fees
        ("cash", np.float64),  # the account's cash afterwards
        ("position", np.float64),  # the leg's signed size afterwards
    ],
    align=True,
)

FUNDING = np.dtype(
    [
        ("time", np.int64),
        ("symbol", np.int32),
        ("leg", np.int32),
        ("rate", np.float64),
        ("price", np.float64),
        ("position", np.float64),
        ("paid", np.float64),  # positive: the account paid
        ("cash", np.float64),
    ],
    align=True,
)

TRADE = np.dtype(
    [
        ("symbol", np.int32),
        ("side", np.int32),  # +1 long, -1 short
        ("entry_order", np.int64),
        ("exit_order", np.int64),
        ("entry_time", np.int64),
        ("exit_time", np.int64),
        ("entry_bar", np.int64),
        ("exit_bar", np.int64),
        ("entry_price", np.float64),
        ("exit_price", np.float64),
        ("size", np.float64),
        ("pnl", np.float64),  # after fees and funding
        ("fees", np.float64),
        ("funding", np.float64),
        ("return", np.float64),  # pnl / (entry price x size)
        ("run_up", np.float64),  # best unrealised move while open, as a fraction of the entry price, >= 0
        ("drawdown", np.float64),  # worst unrealised move while open, as a fraction of the entry price, <= 0
        ("exit_reason", np.int32),  # FillReason
        ("_pad", np.int32),
    ],
    align=True,
)
"""A round trip: one entry order matched first-in-first-out with one exit order."""

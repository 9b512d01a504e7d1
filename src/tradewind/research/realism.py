"""Which sides of a real market a run had, in words for its report."""

from __future__ import annotations

from tradewind.core.engine.rules import MarketRules
from tradewind.research.backtest import Backtest
from tradewind.research.reports.report_input import Realism


def realism_of(result: Backtest) -> tuple[Realism, ...]:
    """One row for each side of the market, on or off, with its value."""
    rules = result.rules
    instruments = [m.instrument for m in result.markets]
    perpetual = any(i.kind == "perpetual" for i in instruments)
    fees = ", ".join(
        f"{i.symbol} maker {float(i.maker_fee):.4%}, taker {float(i.taker_fee):.4%}"
        f"{' in base currency on buys' if i.fee_in_base else ''}"
        for i in instruments
    )
    steps = [f"{i.symbol} tick {i.tick or 'none'}, lot {i.lot or 'none'}" for i in instruments]
    least = [
        f"{i.symbol} size {i.size_min}, value {i.notional_min}" for i in instruments if i.size_min or i.notional_min
    ]
    funded = perpetual and rules.funding and any(m.funding is not None for m in result.markets)
    return (
        Realism("Fills", True, "market orders at the next bar's open; stops before targets; gaps at the open"),
        Realism("Fees", any(i.maker_fee or i.taker_fee for i in instruments), fees),
        Realism("Slippage", rules.slippage != "none" and rules.slippage_used > 0, _slippage(rules)),
        Realism("Partial fills", rules.participation > 0, _participation(rules)),
        Realism("Latency", bool(rules.latency_bars or rules.latency_ms), _latency(rules)),
        Realism("Funding", funded, _funding(result, perpetual)),
        Realism(
            "Leverage", rules.leverage != 1, f"{rules.leverage:g}x, {rules.margin} margin" if perpetual else "spot"
        ),
        Realism("Liquidation", perpetual and rules.liquidation, _liquidation(result, perpetual)),
        Realism("Position mode", True, "hedging: long and short side by side" if rules.hedging else "netting"),
        Realism("Rounding", any(i.tick or i.lot for i in instruments), "; ".join(steps)),
        Realism("Least order", bool(least), "; ".join(least) or "none"),
        Realism("End of data", rules.close_at_end, "open positions are closed at the last close, with the taker fee"),
    )


def _slippage(rules: MarketRules) -> str:
    return {
        "none": "none",
        "fixed": f"{rules.slippage_used:.4%} of the price, against every market and stop order",
        "volatility": f"{rules.slippage_used:g} of the average true range (14 bars)",
        "volume": f"{rules.slippage_used:.4%} of the price at an order as large as the bar's volume",
    }[rules.slippage]


def _participation(rules: MarketRules) -> str:
    if rules.participation == 0:
        return "an order takes any size from a bar"
    return f"an order takes at most {rules.participation:.1%} of a bar's volume"


def _latency(rules: MarketRules) -> str:
    parts = []
    if rules.latency_bars:
        parts.append(f"{rules.latency_bars} bar{'s' * (rules.latency_bars > 1)}")
    if rules.latency_ms:
        parts.append(f"{rules.latency_ms:g} ms")
    return " and ".join(parts) or "orders reach the market at the next open"


def _funding(result: Backtest, perpetual: bool) -> str:
    if not perpetual:
        return "spot pays none"
    if not result.rules.funding:
        return "switched off"
    known = [m.bars.symbol for m in result.markets if m.funding is not None]
    if not known:
        return "no funding data is stored: import it with --kind funding"
    marked = all(m.marks is not None for m in result.markets if m.funding is not None)
    return f"{', '.join(known)}, on {'mark prices' if marked else 'the prices of the bars'}"


def _liquidation(result: Backtest, perpetual: bool) -> str:
    if not perpetual:
        return "spot cannot be liquidated"
    rates = {f"{float(m.instrument.maintenance_margin):.2%}" for m in result.markets}
    return f"at a maintenance margin of {', '.join(sorted(rates))}, by the bars' lows and highs"

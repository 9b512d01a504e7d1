"""Make an exchange ready for a run: its rules, its instruments, a strategy that has been set up on it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from tradewind.core.domain.errors import BadInput, StrategyFailed, TradewindError
from tradewind.core.domain.instruments import Instrument
from tradewind.core.engine.exchange import Exchange
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.places import place_in
from tradewind.core.engine.prepared import Columns, give_columns, prepared, prepares, still_given
from tradewind.core.engine.rules import SLIPPAGE_KINDS, MarketRules
from tradewind.core.engine.state import InstrumentState
from tradewind.core.strategy.strategy import Strategy

LATENCY_NS_MAX = 366 * 86_400 * 10**9


def exchange_for(data: MarketData, instruments: list[Instrument], rules: MarketRules) -> Exchange:
    """An exchange before its first bar. Raises BadInput where rules and instruments disagree."""
    x = Exchange(len(data.symbols), data.step, rules.orders_max)
    settle_rules(x, instruments, rules)
    for state, (first, end) in zip(x.instruments, data.funding_range, strict=True):
        state.funding_next, state.funding_end = first, end
    return x


def settle_rules(x: Exchange, instruments: list[Instrument], rules: MarketRules) -> None:
    """Write rules and instruments into an exchange. Raises BadInput where they disagree."""
    x.cash = float(rules.cash)
    x.leverage = float(rules.leverage)
    x.stake = float(rules.stake)
    x.isolated = rules.margin == "isolated"
    x.hedging = rules.hedging
    x.liquidates = rules.liquidation
    if rules.latency_bars * x.step + rules.latency_ms * 1_000_000 > LATENCY_NS_MAX:
        raise BadInput(
            "the latency is longer than a year: no order would arrive", where="latency", fix="Choose a shorter one"
        )
    x.latency = rules.latency_bars * x.step + round(rules.latency_ms * 1_000_000)
    x.trade_from = rules.trade_from_ns
    x.slippage_kind = SLIPPAGE_KINDS[rules.slippage]
    x.slippage_amount = rules.slippage_used
    x.participation = float(rules.participation)
    for i, (instrument, state) in enumerate(zip(instruments, x.instruments, strict=True)):
        describe(instrument, rules, state)
        # A hair less than a lot: one whole lot can be sold.
        dust = float(instrument.lot or 0) * (1.0 - 1e-9) if instrument.fee_in_base else 0.0
        x.positions[2 * i].dust = dust
        x.positions[2 * i + 1].dust = dust


def describe(instrument: Instrument, rules: MarketRules, state: InstrumentState) -> None:
    """Write an instrument's rules into its state."""
    if instrument.kind == "spot" and rules.hedging:
        raise BadInput(
            "a spot account has no short side to hedge with", where=instrument.symbol, fix="Turn hedging off"
        )
    if instrument.kind == "spot" and rules.leverage != 1.0:
        raise BadInput(
            f"spot is traded without leverage, found {rules.leverage:g}", where=instrument.symbol, fix="Use leverage 1"
        )
    if Decimal(str(rules.leverage)) > instrument.leverage_max:
        raise BadInput(
            f"leverage {rules.leverage:g} is above the instrument's {instrument.leverage_max}",
            where=instrument.symbol,
            fix="Use less --leverage",
        )
    if rules.leverage * float(instrument.maintenance_margin) >= 1.0:
        raise BadInput(
            f"at leverage {rules.leverage:g} the initial margin is not above the maintenance margin "
            f"{instrument.maintenance_margin}",
            where=instrument.symbol,
            fix="Use less leverage",
        )
    state.spot = instrument.kind == "spot"
    state.tick_num, state.tick_den = _ratio(instrument.tick)
    state.lot_num, state.lot_den = _ratio(instrument.lot)
    state.size_min = float(instrument.size_min)
    state.notional_min = float(instrument.notional_min)
    state.maker_fee = float(instrument.maker_fee)
    state.taker_fee = float(instrument.taker_fee)
    state.fee_in_base = instrument.fee_in_base
    state.maintenance = float(instrument.maintenance_margin)
    state.liquidation_fee = float(instrument.liquidation_fee)
    state.leverage = float(rules.leverage)


def _ratio(step: Decimal | None) -> tuple[float, float]:
    """A step as numerator and denominator: n steps are then n * num / den, the float nearest to the decimal."""
    if step is None:
        return 0.0, 1.0
    fraction = Fraction(step)
    return float(fraction.numerator), float(fraction.denominator)


def set_up(strategy: Strategy, x: Exchange, data: MarketData | None = None) -> Columns:
    """Run the strategy's `prepare` on the data and its `setup` on this exchange; the columns that it has prepared.

    Without data there can be no `prepare`. Raises StrategyFailed for whatever goes wrong in them.
    """
    owner = type(strategy)
    if owner.symbols != x.symbols:
        raise BadInput(
            f"it trades {owner.symbols} symbol{'s' * (owner.symbols > 1)}, and the run has {x.symbols}",
            where=owner.__name__,
            fix=f"Name {owner.symbols} with --symbol",
        )
    strategy.exchange = x
    if data is None and prepares(owner):
        raise StrategyFailed(
            "its prepare would never be called: an order book's recording has no bars",
            where=owner.__name__,
            fix="Backtest it on candles, or decide in on_book by indicators",
        )
    columns = {} if data is None else prepared(strategy, data)
    made = give_columns(strategy, list(columns), x.symbols)
    try:
        strategy.setup()
    except TradewindError:
        raise
    except (Exception, SystemExit) as error:
        raise StrategyFailed(
            f"setup raised {type(error).__name__}: {error}", where=place_in(error, owner.__name__)
        ) from error
    still_given(strategy, made)
    return columns

"""The options that say what to run, where and by which rules: one list for every command that runs a strategy.

A command takes them by `@takes_request`: it gets a BacktestRequest as its second argument, and adds its own options.

    @app.command()
    @takes_request
    def backtest(ctx: typer.Context, request: BacktestRequest) -> None: ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from tradewind.operations.backtest_request import BacktestRequest

MARKET, ACCOUNT, ORDERS = "The market", "The account", "Orders and fills"


def requested(
    strategy: Annotated[str, typer.Argument(help="A bundled one (sma_cross), or a file: mine.py or mine.py:MyClass.")],
    *,
    symbol: Annotated[list[str] | None, typer.Option("--symbol", "-s", help="Once for each symbol.")] = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="Such as 5m, 1h, 1d.")] = "",
    start: Annotated[str, typer.Option(help="First moment, UTC: 2024-01-01 or 2024-01-01T12:00Z.")] = "",
    end: Annotated[str, typer.Option(help="Moment before which it ends.")] = "",
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="A parameter: fast=12.")] = None,
    engine: Annotated[str, typer.Option(help="auto, compiled or interpreted.")] = "auto",
    cash: Annotated[float, typer.Option(rich_help_panel=ACCOUNT, help="What the account starts with.")] = 10_000.0,
    stake: Annotated[float, typer.Option(rich_help_panel=ACCOUNT, help="Share of free funds an order uses.")] = 1.0,
    leverage: Annotated[float, typer.Option(rich_help_panel=ACCOUNT, help="Position value over equity.")] = 1.0,
    margin: Annotated[str, typer.Option(rich_help_panel=ACCOUNT, help="cross or isolated.")] = "cross",
    hedging: Annotated[bool, typer.Option(rich_help_panel=ACCOUNT, help="Hold long and short side by side.")] = False,
    funding: Annotated[bool, typer.Option(rich_help_panel=ACCOUNT, help="Pay and receive funding.")] = True,
    liquidation: Annotated[bool, typer.Option(rich_help_panel=ACCOUNT, help="Liquidate at maintenance.")] = True,
    fee: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Maker and taker fee, a fraction: 0.0005.")] = "",
    maker_fee: Annotated[str, typer.Option(rich_help_panel=MARKET, help="A fraction; negative is a rebate.")] = "",
    taker_fee: Annotated[str, typer.Option(rich_help_panel=MARKET, help="A fraction.")] = "",
    fee_in_base: Annotated[bool, typer.Option(rich_help_panel=MARKET, help="Spot: buyers pay in base.")] = False,
    tick: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Price step.")] = "",
    lot: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Size step.")] = "",
    size_min: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Least size of an order.")] = "",
    notional_min: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Least value of an order.")] = "",
    maintenance_margin: Annotated[str, typer.Option(rich_help_panel=MARKET, help="A fraction: 0.005.")] = "",
    liquidation_fee: Annotated[str, typer.Option(rich_help_panel=MARKET, help="A fraction: 0.005.")] = "",
    slippage: Annotated[str, typer.Option(rich_help_panel=ORDERS, help="none, fixed, volatility or volume.")] = "fixed",
    slippage_amount: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=ORDERS, help="Fraction of the price (fixed: 0.0001), or multiple of the range (0.1)."
        ),
    ] = None,
    participation: Annotated[
        float, typer.Option(rich_help_panel=ORDERS, help="Share of a bar's volume an order may take; 0: all.")
    ] = 0.0,
    latency_bars: Annotated[int, typer.Option(rich_help_panel=ORDERS, help="Bars until an order arrives.")] = 0,
    latency_ms: Annotated[float, typer.Option(rich_help_panel=ORDERS, help="Milliseconds until it arrives.")] = 0.0,
    orders_max: Annotated[int, typer.Option(rich_help_panel=ORDERS, help="Open orders at once.")] = 64,
    close_at_end: Annotated[bool, typer.Option(rich_help_panel=ORDERS, help="Close what is open at the end.")] = True,
) -> BacktestRequest:
    """What the options ask for. Raises BadInput for a moment or a parameter that cannot be read."""
    from tradewind.core.domain.instants import instant_ns
    from tradewind.core.engine.rules import MarketRules
    from tradewind.operations.backtest_request import BacktestRequest

    written = {
        "fee": fee, "maker_fee": maker_fee, "taker_fee": taker_fee, "tick": tick, "lot": lot, "size_min": size_min,
        "notional_min": notional_min, "maintenance_margin": maintenance_margin, "liquidation_fee": liquidation_fee,
    }  # fmt: skip
    instrument: dict[str, Any] = {name: text for name, text in written.items() if text}
    if fee_in_base:
        instrument["fee_in_base"] = True
    return BacktestRequest(
        strategy=strategy,
        symbols=tuple(symbol or ()),
        timeframe=timeframe,
        start_ns=instant_ns(start) if start else None,
        end_ns=instant_ns(end) if end else None,
        parameters=parameters_from(param or []),
        rules=MarketRules(
            cash=cash,
            leverage=leverage,
            margin=margin,  # type: ignore[arg-type]
            hedging=hedging,
            stake=stake,
            slippage=slippage,  # type: ignore[arg-type]
            slippage_amount=slippage_amount,
            participation=participation,
            latency_bars=latency_bars,
            latency_ms=latency_ms,
            funding=funding,
            liquidation=liquidation,
            close_at_end=close_at_end,
            orders_max=orders_max,
        ),
        instrument=instrument,
        engine=engine,  # type: ignore[arg-type]
    )


def takes_request(command: Callable[..., None], without: Sequence[str] = ()) -> Callable[..., None]:
    """A command whose options are those of `requested`, in front of its own; it is called with what they ask for.

    `without` names those that mean nothing to it.
    """
    return _taking(command, "request", without, lambda _ctx, given: requested(**given))


NOT_OF_AN_ACCOUNT = ("strategy", "symbol", "param")


def takes_written(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the same options, but for those that name a strategy and its market.

    It is called with what was written on the command line (name to value), where something else has the usual values.
    """

    def written(ctx: typer.Context, given: dict[str, Any]) -> dict[str, Any]:
        sources = {name: ctx.get_parameter_source(name) for name in given}
        return {n: v for n, v in given.items() if (source := sources[n]) is not None and source.name != "DEFAULT"}

    return _taking(command, "written", NOT_OF_AN_ACCOUNT, written)


def _taking(
    command: Callable[..., None],
    takes: str,
    without: Sequence[str],
    made: Callable[[typer.Context, dict[str, Any]], Any],
) -> Callable[..., None]:
    shared = {name: p for name, p in inspect.signature(requested).parameters.items() if name not in without}
    own = inspect.signature(command).parameters
    assert list(own)[:2] == ["ctx", takes], f"a command takes ctx and {takes}, then its own options"
    hints = get_type_hints(requested, include_extras=True, localns={"BacktestRequest": Any})
    own_hints = get_type_hints(command, include_extras=True, localns={"BacktestRequest": Any})

    def run(ctx: typer.Context, **given: Any) -> None:
        asked = made(ctx, {name: given.pop(name) for name in shared})
        command(ctx, asked, **given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [p.replace(kind=keyword, annotation=own_hints[n]) for n, p in own.items() if n not in ("ctx", takes)]
    taken = [p.replace(annotation=hints[name]) for name, p in shared.items()]
    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    context = own["ctx"].replace(annotation=typer.Context)
    arguments = [p for p in taken if p.kind is not keyword]
    options = [p for p in taken if p.kind is keyword]
    run.__signature__ = inspect.Signature([context, *arguments, *added, *options])  # type: ignore[attr-defined]
    run.__annotations__ = {"ctx": typer.Context, **{p.name: p.annotation for p in (*arguments, *added, *options)}}
    return run


def parameters_from(texts: list[str]) -> dict[str, str]:
    """`fast=12` as {"fast": "12"}. Raises BadInput for anything else."""
    from tradewind.core.domain.errors import BadInput

    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise BadInput(f"{text!r} is not a parameter", where="--param", fix="Write a name, =, a value: fast=12")
        if name.strip() in found:
            raise BadInput(f"the parameter {name.strip()!r} is given twice", where="--param", fix="Give it once")
        found[name.strip()] = value.strip()
    return found

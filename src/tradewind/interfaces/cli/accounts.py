"""`tradewind accounts`: what accounts hold, have and have done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.accounts import AccountNow

app = typer.Typer(add_completion=False)


@app.command()
def accounts(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The account; without it, all are listed.")] = None,
    mode: Annotated[str | None, typer.Option(help="paper or live, where it is both.")] = None,
) -> None:
    """Say what an account holds, to the last unit: from Redis, or from the events while that cannot be believed."""
    import asyncio
    import logging

    from tradewind import bootstrap
    from tradewind.core.domain.errors import BadInput
    from tradewind.operations.accounts import account_fields, account_now, accounts_now
    from tradewind.ports.cache import Role
    from tradewind.settings import load_settings
    from tradewind.trading.portfolio_keys import MODES

    if mode is not None and mode not in MODES:
        raise BadInput(f"there is no mode {mode!r}", where="--mode", fix="Say paper or live")
    if mode is not None and name is None:
        raise BadInput("whose mode is not said", where="NAME", fix="tradewind accounts NAME --mode paper")
    settings = load_settings()
    logging.getLogger("tradewind").addHandler(logging.NullHandler())  # what is logged is told below, in the answer

    async def work() -> list[AccountNow]:
        metrics = bootstrap.open_metrics()
        store = bootstrap.open_event_store(settings, metrics)
        cache = bootstrap.open_cache(Role.STATE, settings, metrics) if settings.redis_state and name else None
        try:
            return [await account_now(store, cache, metrics, name, mode)] if name else await accounts_now(store)
        finally:
            if cache is not None:
                await cache.close()
            await store.close()

    console = console_of(ctx)
    found = asyncio.run(work())
    documents = [
        {
            "account": one.account.name, "mode": one.account.mode, "source": one.source, "why": one.why,
            "position": one.portfolio.position, **account_fields(one.portfolio.view),
        }
        for one in found
    ]  # fmt: skip
    if name is None:
        console.result(documents)
        _show_all(console, found)
    else:
        console.result(documents[0])
        _show(console, found[0])


def _show_all(console: Console, found: list[AccountNow]) -> None:
    if not found:
        console.say("There are no accounts.")
        console.note("Only paper and live accounts are listed; what a rehearsal did: tradewind divergence SESSION")
        return
    rows = [
        (
            one.account.name, one.account.mode, one.portfolio.view.totals.trades, len(one.portfolio.view.positions),
            len(one.portfolio.view.balances),
        )
        for one in found
    ]  # fmt: skip
    console.table(("account", "mode", "trades", "positions", "currencies"), rows)


def _show(console: Console, one: AccountNow) -> None:
    from tradewind.operations.accounts import entry_price, text

    view = one.portfolio.view
    if view.positions:
        console.table(
            ("position", "size", "entry price", "cost"),
            [
                (name, text(held.size), text(entry_price(held)), text(held.cost))
                for name, held in sorted(view.positions.items())
            ],
        )
        console.say()
    totals = view.totals
    sums = (totals.realised, totals.fees, totals.funding, totals.deposited, totals.turnover)
    currencies = sorted({*view.balances, *(currency for some in sums for currency in some)})
    console.table(
        ("currency", "total", "locked", "realised", "fees", "funding", "deposited", "turnover"),
        [
            (
                currency,
                *((text(view.balances[currency].total), text(view.balances[currency].locked))
                  if currency in view.balances else (None, None)),
                *(text(some.get(currency)) for some in sums),
            )
            for currency in currencies
        ],
    )  # fmt: skip
    where = "Redis" if one.source == "cache" else f"the events: {one.why}"
    console.say()
    trades = f"{totals.trades:,} trade{'' if totals.trades == 1 else 's'}"
    console.say(f"{one.account.name} ({one.account.mode}), {trades}; read from {where}.")

"""What accounts hold, have and have done: read from the cache where it can be believed, else from the events."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Literal

from tradewind.core.domain.account_view import AccountView
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.holdings import Holding
from tradewind.operations.tenant import TENANT
from tradewind.ports.cache import Cache
from tradewind.ports.event_store import EventStore
from tradewind.ports.metrics import Metrics
from tradewind.trading.account_books import AccountBooks
from tradewind.trading.cache_health import CacheHealth
from tradewind.trading.cache_watch import CacheWatch
from tradewind.trading.cached_portfolios import CachedPortfolios
from tradewind.trading.portfolio_keys import MODES, Account, Portfolio
from tradewind.trading.snapshots import restored

PRICE = Context(prec=12)
"""An entry price is a quotient: it is shown, never reckoned with."""
NO_CACHE = "the settings name no Redis"


@dataclass(frozen=True)
class AccountNow:
    """An account as it is, and where that was read. `why` is why it was not the cache."""

    account: Account
    portfolio: Portfolio
    source: Literal["cache", "events"]
    why: str = ""


async def account_now(
    store: EventStore, cache: Cache | None, metrics: Metrics, name: str, mode: str | None = None
) -> AccountNow:
    """The account of a name. Raises BadInput where there is none, or one in each mode and none is given."""
    found = {
        one: portfolio
        for one in MODES
        if mode in {None, one} and (portfolio := await restored(store, Account(TENANT, one, name))).position
    }
    if not found:
        what = "account" if mode is None else f"{mode} account"
        raise BadInput(f"there is no {what} {name!r}", where="accounts", fix="tradewind accounts lists those there are")
    if len(found) > 1:
        raise BadInput(
            f"{name!r} is a paper and a live account", where="accounts", fix="Say --mode paper or --mode live"
        )
    ((one, portfolio),) = found.items()
    account = Account(TENANT, one, name)
    if cache is None:
        return AccountNow(account, portfolio, "events", NO_CACHE)
    portfolios = CachedPortfolios(cache, store, metrics, CacheHealth(metrics))
    await CacheWatch(portfolios, keeps=False).look()
    portfolio, source = await portfolios.read(account)
    return AccountNow(account, portfolio, source, "" if source == "cache" else portfolios.health.reason)


async def accounts_now(store: EventStore) -> list[AccountNow]:
    """All accounts, by name, from the events."""
    books = AccountBooks(store)
    await books.advance()
    mine = sorted((a for a in books.accounts if a.tenant == TENANT), key=lambda a: (a.name, a.mode))
    return [AccountNow(account, await books.portfolio(account), "events") for account in mine]


def entry_price(held: Holding) -> Decimal | None:
    """What a position was entered at, on average; None where its cost is not known."""
    return None if held.cost is None else PRICE.divide(held.cost, held.size)


def account_fields(view: AccountView) -> dict[str, Any]:
    """An account as a document: amounts as text, to the last digit."""
    totals = view.totals
    return {
        "positions": [
            {"symbol": name, "size": text(held.size), "entry_price": text(entry_price(held)), "cost": text(held.cost)}
            for name, held in sorted(view.positions.items())
        ],
        "balances": {
            currency: {"total": text(balance.total), "locked": text(balance.locked)}
            for currency, balance in sorted(view.balances.items())
        },
        "trades": totals.trades,
        **{
            name: {currency: text(amount) for currency, amount in sorted(getattr(totals, name).items())}
            for name in ("realised", "fees", "funding", "deposited", "turnover")
        },
    }


def text(amount: Decimal | None) -> str | None:
    """An amount as people write it: no exponent, no zeros at the end; None where it is not known."""
    if amount is None:
        return None
    plain = f"{amount:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in {"", "-0", "-"} else plain

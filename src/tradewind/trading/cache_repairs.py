"""Tells of portfolios that were found wrong in the cache and were made again."""

from __future__ import annotations

import logging

from msgspec.structs import replace

from tradewind.core.domain.errors import TradewindError
from tradewind.messaging.producer import EventProducer
from tradewind.trading.cached_portfolios import Reason, Repaired
from tradewind.trading.portfolio_keys import Account

log = logging.getLogger(__name__)


def telling_repairs(producer: EventProducer, service: str = "cache") -> Repaired:
    """Tells by `cache.repaired` events, which belong to the account's tenant: nobody else is told its name.

    One that cannot be published is logged and counted; the portfolio is right again all the same.
    """

    async def tell(account: Account, reason: Reason) -> None:
        made = producer.event("cache.repaired", {"service": service, "account": account.name, "found": reason})
        try:
            await producer.send_batch([replace(made, tenant=account.tenant, mode=account.mode)])
        except TradewindError as problem:
            log.warning("it cannot be told that the portfolio of %s was %s: %s", account, reason, problem)

    return tell

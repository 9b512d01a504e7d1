"""Portfolios in the cache as one service: kept up to date, looked after, and compared with the events."""

from __future__ import annotations

import asyncio

from tradewind.trading.cache_watch import CacheWatch
from tradewind.trading.portfolio_keeper import PortfolioKeeper


class PortfolioService:
    """The keeper, and the watch over its cache; where one fails both end."""

    def __init__(self, keeper: PortfolioKeeper) -> None:
        self.keeper, self.watch = keeper, CacheWatch(keeper.portfolios)
        self.subscribed = keeper.subscribed

    @property
    def caught_up(self) -> bool:
        """Whether every portfolio is what its events come to."""
        return self.keeper.caught_up and self.keeper.portfolios.health.ready

    async def run(self) -> None:
        """Work until `stop`."""
        tasks = [asyncio.create_task(one.run()) for one in (self.keeper, self.watch)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self.stop()
            for task in (*done, *tasks):
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self) -> None:
        """Take nothing more in."""
        self.keeper.stop()
        self.watch.stop()

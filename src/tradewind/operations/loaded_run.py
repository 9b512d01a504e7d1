"""What a study runs on: the strategy that was named, and the stored data that goes with it."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.core.domain.data_sets import DataSetInfo
from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.backtest_data import completed, load_markets, quality_of
from tradewind.operations.backtest_request import BacktestRequest
from tradewind.operations.strategies import strategy_named
from tradewind.ports.market_data import MarketData
from tradewind.research.backtest import Market
from tradewind.research.code_hash import code_hash


@dataclass(frozen=True)
class LoadedRun:
    """A strategy on its markets. `request` has been completed, and `said` tells what was filled in."""

    strategy: type[Strategy]
    request: BacktestRequest
    said: tuple[str, ...]
    markets: list[Market]
    infos: list[DataSetInfo]

    @property
    def synthetic(self) -> bool:
        """Whether any of the data was made up."""
        return any(info.synthetic for info in self.infos)

    @property
    def quality(self) -> tuple[str, ...]:
        """What is wrong with the bars, in sentences."""
        return tuple(sentence for market in self.markets for sentence in quality_of(market))

    @property
    def hashes(self) -> dict[str, str]:
        """Of each data set and of the code: with the seed they say which run it was."""
        return {**{f"data {info.key}": info.content_hash for info in self.infos}, "code": code_hash(self.strategy)}


def load_run(request: BacktestRequest, catalogue: MarketData) -> LoadedRun:
    """Find the strategy, complete the request, load its markets. Raises BadInput or StrategyFailed."""
    strategy = strategy_named(request.strategy)
    run, said = completed(request, strategy.symbols, catalogue)
    markets, infos = load_markets(run, catalogue)
    return LoadedRun(strategy, run, said, markets, infos)

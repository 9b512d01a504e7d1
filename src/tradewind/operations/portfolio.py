"""Run a portfolio on stored data, keep the result, and write its page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tradewind.core.domain.data_sets import DataSetInfo
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.trials import TrialKind
from tradewind.operations.backtest_data import completed, funding_warnings, load_markets, quality_of
from tradewind.operations.finished import Finished, keep_study
from tradewind.operations.portfolio_request import PortfolioRequest, SleeveRequest
from tradewind.operations.progress import Stages
from tradewind.operations.strategies import strategy_named
from tradewind.operations.trials import counted, counting_warnings
from tradewind.operations.workplace import Workplace
from tradewind.ports.market_data import MarketData
from tradewind.research.backtest import Market
from tradewind.research.code_hash import code_hash
from tradewind.research.portfolio import Sleeve, portfolio
from tradewind.research.portfolio_result import Portfolio
from tradewind.research.reports.portfolio_document import portfolio_document
from tradewind.research.reports.portfolio_files import write_portfolio
from tradewind.research.reports.portfolio_page import portfolio_study
from tradewind.research.run_words import currency_of


@dataclass(frozen=True)
class Loaded:
    """A sleeve with its markets, and the data sets they were made of."""

    sleeve: Sleeve
    markets: list[Market]
    infos: list[DataSetInfo]
    said: tuple[str, ...]


def run_portfolio(request: PortfolioRequest, at: Workplace) -> Finished[Portfolio]:
    """Load the data, run, count each sleeve, judge, keep. Raises BadInput or StrategyFailed; then nothing is kept."""
    at.begin()
    loaded = [_loaded(each, at.catalogue, number) for number, each in enumerate(request.sleeves, 1)]
    _one_currency(loaded)
    infos = list({str(info.key): info for each in loaded for info in each.infos}.values())
    with counted(at.trials, TrialKind.PORTFOLIO, infos, at.now_ns) as count:
        found = portfolio(
            [each.sleeve for each in loaded],
            allocation=request.allocation,
            every=request.rebalancing.every,
            drift=request.rebalancing.drift,
            resize=request.rebalancing.resize,
            rules=request.rules,
            engine=request.engine,
            cache=at.kernels,
            progress=Stages(at.progress),
        )
    at.progress.stage("reporting")
    markets = list({m.bars.symbol: m for each in loaded for m in each.markets}.values())
    quality = dict.fromkeys(sentence for each in loaded for m in each.markets for sentence in quality_of(m))
    hashes = {
        **{f"data {info.key}": info.content_hash for info in infos},
        **{f"code {name}": code_hash(sleeve.strategy) for name, sleeve in zip(found.names, found.sleeves, strict=True)},
        **{f"decisions {name}": run.decision_hash for name, run in zip(found.names, found.runs, strict=True)},
    }
    return keep_study(
        Finished[Portfolio],
        at,
        ("portfolio", ""),
        portfolio_study(found, currency=currency_of(markets[0].bars.symbol)),
        portfolio_document(found),
        command=request.command,
        hashes=hashes,
        synthetic=any(info.synthetic for info in infos),
        warnings=(*funding_warnings(markets, request.rules), *counting_warnings(count), *quality),
        write=partial(write_portfolio, found),
        result=found,
        said=tuple(dict.fromkeys(word for each in loaded for word in each.said)),
    )


def _loaded(request: SleeveRequest, catalogue: MarketData, number: int) -> Loaded:
    """A sleeve's strategy and markets. Raises BadInput that names the sleeve."""
    place = f"sleeve {number}{f' ({request.name})' if request.name else ''}"
    try:
        strategy = strategy_named(request.run.strategy)
        run, said = completed(request.run, strategy.symbols, catalogue)
        markets, infos = load_markets(run, catalogue)
        sleeve = Sleeve(strategy, markets, dict(run.parameters), request.name, request.share, run.rules)
    except BadInput as problem:
        where = place if problem.where is None else f"{place}, {problem.where.removeprefix('--')}"
        raise BadInput(problem.message, where=where, fix=problem.fix) from None
    return Loaded(sleeve, markets, infos, said)


def _one_currency(loaded: list[Loaded]) -> None:
    """One account is kept in one currency; coins that are worth about a dollar are not the same money."""
    found = {currency_of(m.bars.symbol): m.bars.symbol for each in loaded for m in each.markets}
    if len(found) > 1:
        raise BadInput(
            f"its markets are in different currencies: {', '.join(f'{s} in {c}' for c, s in found.items())}",
            where="portfolio",
            fix="Keep those of one currency; an account is kept in one",
        )

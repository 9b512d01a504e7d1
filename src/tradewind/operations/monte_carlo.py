"""Monte Carlo of a run that was kept: from the trades in its folder, or with the strategy run again. Kept as a page."""

from __future__ import annotations

import csv
import shlex
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.records import TRADE
from tradewind.core.performance.trade_results import TradeResults, trade_results
from tradewind.core.performance.undefined import Undefined
from tradewind.operations.finished import Finished, keep_study
from tradewind.operations.kept_runs import run_again, strategy_of
from tradewind.operations.progress import Progress, Silence, Stages
from tradewind.operations.workplace import Workplace
from tradewind.ports.market_data import MarketData
from tradewind.ports.runs import StoredRun
from tradewind.research import monte_carlo as research
from tradewind.research.counting import uncounted
from tradewind.research.monte_carlo import PATHS, MonteCarlo, simulate_trades
from tradewind.research.reports.monte_carlo_page import monte_carlo_document, monte_carlo_study
from tradewind.research.reports.study import Study
from tradewind.research.resampled_trades import ORDER_OF, Resampling
from tradewind.research.run_words import currency_of

TRADES_FILE = "trades.csv"
NUMBERS = ("entry_price", "size", "pnl", "fees", "drawdown")
FEW_TRADES = 30
"""Below this the trades seen say little of the trades to come: the usual least size of a sample."""


@dataclass(frozen=True)
class MonteCarloRequest:
    """What to ask of which run; see `research.monte_carlo` for the settings. `paths` None: as many as is usual."""

    run: str = "last"
    method: str = "bootstrap"
    paths: int | None = None
    seed: int = 1
    compounded: bool = True
    ruin: float = 0.5
    drawdown: float = 0.2
    costs: float = 1.0
    trades: int | None = None
    block: float | None = None
    skip: float = 0.1
    costs_max: float = 3.0
    jitter: float = 0.1


@dataclass(frozen=True)
class FinishedMonteCarlo(Finished[MonteCarlo]):
    """A simulation that has been kept. `of` is the run that was simulated."""

    of: StoredRun


def run_monte_carlo(request: MonteCarloRequest, at: Workplace) -> FinishedMonteCarlo:
    """Simulate, judge, keep. Raises BadInput for a setting out of its range, or a run that cannot be made again."""
    at.runs.prepare()
    found = at.runs.find(request.run, "backtest")
    result = simulate_kept_run(found, request, at.catalogue, at.kernels, at.progress)
    at.progress.stage("reporting")
    summary = found.summary
    about = {name: summary.get(name) for name in ("strategy", "parameters", "symbols", "timeframe")}
    return keep_study(
        FinishedMonteCarlo,
        at,
        (strategy_of(found), "monte-carlo"),
        _study(found, result),
        {"of": found.name, **about, **monte_carlo_document(result)},
        command=monte_carlo_command(request, found.name),
        hashes={str(name): str(value) for name, value in (summary.get("hashes") or {}).items()},
        synthetic=bool(summary.get("synthetic")),
        warnings=_warnings(found),
        result=result,
        said=(),
        of=found,
    )


def simulate_kept_run(
    run: StoredRun,
    request: MonteCarloRequest,
    catalogue: MarketData,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> MonteCarlo:
    """See `research.monte_carlo`.

    A kept run knows what slippage cost in all and not by trade: it is shared by the trades' value. The methods that run
    the strategy again refuse where its code or its data have changed since. Their paths are no trials: none of them can
    be picked out. Raises Corrupt where the run's files do not hold what was written.
    """
    method = request.method
    if method not in PATHS:
        raise BadInput(f"there is no method {method!r}", fix=f"Use one of {', '.join(PATHS)}")
    paths = PATHS[method] if request.paths is None else request.paths
    ruin, drawdown, costs = request.ruin, request.drawdown, request.costs
    if method in ORDER_OF:
        wanted = Resampling(method, request.trades, request.block, request.skip, request.costs_max)
        made = kept_results(run, request.compounded)
        return simulate_trades(made, wanted, paths, request.seed, ruin=ruin, drawdown=drawdown, costs=costs)
    progress = progress or Silence()
    with uncounted():
        return research.monte_carlo(
            run_again(run, catalogue, cache, progress), paths=paths, seed=request.seed, method=method, ruin=ruin,
            drawdown=drawdown, jitter=request.jitter, cache=cache, progress=Stages(progress),
        )  # fmt: skip


def _warnings(run: StoredRun) -> list[str]:
    """Those of the run, and of its few trades."""
    warnings = [str(text) for text in run.summary.get("warnings") or ()]
    trades = int((run.summary.get("metrics") or {}).get("trades") or 0)
    if 0 < trades < FEW_TRADES:
        warnings.append(f"The run has {trades} trades: what luck can do with so few is wider than these bands show")
    return warnings


def _study(run: StoredRun, result: MonteCarlo) -> Study:
    summary = run.summary
    symbols = [str(symbol) for symbol in summary.get("symbols") or ()]
    return monte_carlo_study(
        result,
        subject=str(summary.get("strategy", run.name)),
        subtitle=f"{', '.join(symbols)} · {summary.get('timeframe', '')} · run {run.name}",
        currency=currency_of(symbols[0]) if symbols else "",
    )


def monte_carlo_command(request: MonteCarloRequest, run: str) -> str:
    """The command line that makes the same simulation again."""
    usual = asdict(MonteCarloRequest())
    words = ["tradewind", "monte-carlo", run]
    for setting in fields(request):
        value = getattr(request, setting.name)
        if setting.name == "run" or value == usual[setting.name]:
            continue
        flag = setting.name.replace("_", "-")
        words += [f"--{flag}" if value else f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", f"{value}"]
    return shlex.join(words)


def kept_results(run: StoredRun, compounded: bool) -> TradeResults | Undefined:
    """What each trade of a kept run did to its account."""
    metrics = run.summary.get("metrics")
    if not isinstance(metrics, dict) or not isinstance(initial := metrics.get("initial_equity"), int | float):
        raise Corrupt("its summary names no initial equity", where=str(run.folder), fix="Make the run again")
    trades = _trades(run.folder / TRADES_FILE)
    value = trades["entry_price"] * trades["size"]
    whole = float(value.sum())
    slippage = float(metrics.get("slippage_paid") or 0.0)
    return trade_results(
        trades, value * (slippage / whole) if whole > 0.0 else value, float(initial), compounded=compounded
    )


def _trades(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.void]]:
    """The trades of a report's file, as far as they are needed here."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        trades = np.zeros(len(rows), TRADE)
        for name in NUMBERS:
            trades[name] = [float(row[name]) for row in rows]
        # The file's times end in Z for UTC, which NumPy does not read.
        trades["exit_time"] = np.array([row["exit_time"].rstrip("Z") for row in rows], "datetime64[ns]").astype(
            np.int64
        )
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise Corrupt(f"its trades cannot be read: {problem}", where=str(path), fix="Make the run again") from None
    return trades

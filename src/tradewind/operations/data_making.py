"""Data sets that are made, not brought: synthetic markets, and higher timeframes of stored candles."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.core.domain.data_sets import DataKey, DataSetInfo, Provenance, key_of
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Kind
from tradewind.core.domain.resampling import resample
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.operations.progress import Progress, Silence
from tradewind.ports.market_data import MarketData, WriteMode


@dataclass(frozen=True)
class ResampledSet:
    """A stored higher timeframe: the rows at either end without a whole bucket, and buckets that miss some rows."""

    stored: DataSetInfo
    made_from: DataSetInfo
    dropped_first: int
    dropped_last: int
    partial: int


def generate_data(
    market: SyntheticMarket, *, catalogue: MarketData, now_ns: int, progress: Progress | None = None
) -> list[DataSetInfo]:
    """Store a synthetic market, marked as such. An older synthetic set of the same name gives way; a real one never.

    Raises BadInput where real rows are stored under one of the names; then nothing is stored.
    """
    progress = progress or Silence()
    progress.stage("making the market up")
    made = synthetic_market(market)
    stored = {info.key: info for info in catalogue.data_sets()}
    for series in made:
        old = stored.get(key_of(series))
        if old is not None and not old.synthetic:
            raise BadInput(
                "real rows are stored under this name, and made-up ones do not replace them",
                where=str(old.key),
                fix="Choose another symbol with --symbol, or remove the real rows: tradewind data remove",
            )
    progress.stage("storing", total=len(made))
    provenance = Provenance("synthetic market", synthetic=True, seed=market.seed)
    infos = []
    for series in made:
        infos.append(catalogue.write(series, provenance, now_ns=now_ns, mode=WriteMode.REPLACE))
        progress.advance()
    return infos


def resample_data(
    symbol: str, source: str, target: str, *, catalogue: MarketData, now_ns: int, replace: bool = False
) -> ResampledSet:
    """Store a higher timeframe made of a stored lower one. Synthetic stays synthetic.

    Raises BadInput where the timeframes do not divide, no bucket is whole, or stored rows disagree.
    """
    info = catalogue.info(DataKey(symbol, Kind.CANDLES, source))
    made = resample(catalogue.bars(symbol, source), target)
    if not len(made.bars):
        raise BadInput(
            f"{info.rows:,} bars of {source} hold no whole bar of {target}",
            where=symbol,
            fix="Bring more data, or choose a shorter timeframe",
        )
    stored = catalogue.write(
        made.bars,
        Provenance(f"resampled from {info.key.timeframe}", info.license, info.synthetic, info.seed),
        now_ns=now_ns,
        mode=WriteMode.OVERLAY if replace else WriteMode.MERGE,
    )
    return ResampledSet(stored, info, made.dropped_first, made.dropped_last, made.partial)

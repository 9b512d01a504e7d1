"""A backtest on stored data, as any face may ask for it."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.adapters.runs.run_folders import RunFolders
from tradewind.adapters.trials.sqlite_trials import SqliteTrials
from tradewind.core.domain.data_sets import Provenance
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars, Funding, MarkPrices
from tradewind.core.engine.rules import MarketRules
from tradewind.operations.backtest import BacktestRequest, FinishedRun, run_backtest
from tradewind.operations.backtest_data import funding_warnings, instrument_from
from tradewind.operations.workplace import Workplace
from tradewind.research.backtest import Market
from tradewind.research.run_words import currency_of

NOON = 1_717_243_200_000_000_000
BTC = BacktestRequest("sma_cross", ("BTC/USDT:USDT",), "1h", engine="interpreted")
HOUR = 3_600_000_000_000


@pytest.fixture
def run(markets: Path, tmp_path: Path):
    def backtest(request: BacktestRequest) -> FinishedRun:
        return run_backtest(request, workplace(tmp_path, ParquetCatalogue(markets)))

    return backtest


def workplace(folder: Path, catalogue: ParquetCatalogue) -> Workplace:
    return Workplace(
        catalogue, RunFolders(folder / "runs"), SqliteTrials(folder / "ledger"), None, now_ns=NOON, made_by="a test"
    )


def test_the_same_request_gives_the_same_bytes(run) -> None:
    first, second = run(BTC), run(BTC)
    assert (first.name, second.name) == ("20240601-120000-sma_cross", "20240601-120000-sma_cross-2")
    for name in ("trades.csv", "equity.csv", "report.json", "report.html"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()


def test_the_record_says_what_was_run_on_what_with_what_cost(run) -> None:
    finished = run(replace(BTC, rules=MarketRules(slippage="volume", slippage_amount=0.01, latency_bars=1)))
    record = json.loads((finished.folder / "report.json").read_text())
    assert record["hashes"] == dict(finished.hashes)
    assert set(record["hashes"]) >= {"code", "decisions", "data BTC/USDT:USDT candles 1h", "data BTC/USDT:USDT funding"}
    assert record["synthetic"] is True
    assert record["created_ns"] == NOON
    assert (record["currency"], record["made_by"], record["engine"]) == ("USDT", "a test", "interpreted")
    realism = {row["name"]: row for row in record["realism"]}
    assert realism["Latency"] == {"name": "Latency", "on": True, "detail": "1 bar"}
    assert "1.0000% of the price at an order as large as the bar's volume" in realism["Slippage"]["detail"]
    assert realism["Funding"]["on"]
    assert "maker 0.0200%, taker 0.0500%" in realism["Fees"]["detail"]
    assert not realism["Partial fills"]["on"]
    for cost in ("fees_paid", "slippage_paid", "funding_paid"):
        assert record["metrics"][cost] == finished.result.metrics[cost]
        assert record["metrics"][cost] != 0


def test_equity_ends_at_the_cash_and_what_the_trades_made(run) -> None:
    finished = run(BTC)
    equity = (finished.folder / "equity.csv").read_text().splitlines()
    trades = (finished.folder / "trades.csv").read_text().splitlines()
    pnl = trades[0].split(",").index("pnl")
    made = sum(float(row.split(",")[pnl]) for row in trades[1:])
    assert float(equity[-1].split(",")[1]) == pytest.approx(10_000.0 + made, rel=1e-9)


def test_faults_of_the_data_are_in_the_record(markets: Path, tmp_path: Path, run) -> None:
    catalogue = ParquetCatalogue(tmp_path / "data")
    bars = ParquetCatalogue(markets).bars("BTC/USDT", "1h")
    keep = np.r_[0:100, 110 : len(bars)]
    catalogue.write(bars.rows(keep), Provenance(source="a test"), now_ns=0)
    finished = run_backtest(BacktestRequest("sma_cross", engine="interpreted"), workplace(tmp_path, catalogue))
    assert finished.said == (
        "running on BTC/USDT, the only candles stored",
        "running on 1h candles, the only ones stored for BTC/USDT",
    )
    assert any(sentence.startswith("BTC/USDT: 1 x gaps: kept as they are") for sentence in finished.quality)
    assert json.loads((finished.folder / "report.json").read_text())["quality"] == list(finished.quality)


def test_a_stretch_of_time_is_cut_out_end_excluded(run) -> None:
    whole = run(BTC).result
    start, end = int(whole.time[100]), int(whole.time[200])
    cut = run(replace(BTC, start_ns=start, end_ns=end)).result
    assert (int(cut.time[0]), int(cut.time[-1]) + HOUR, len(cut.time)) == (start, end, 100)


def funded(times: list[int], bars: int = 48, symbol: str = "BTC/USDT:USDT") -> Market:
    ones = np.ones(bars)
    candles = Bars(symbol, "1h", np.arange(bars, dtype=np.int64) * HOUR, ones, ones, ones, ones, ones)
    funding = Funding(symbol, np.array(times, np.int64) * HOUR, np.zeros(len(times))) if times else None
    marks = MarkPrices(symbol, np.array(times, np.int64) * HOUR, np.ones(len(times))) if times else None
    return Market(candles, instrument_from(symbol, {}), funding, marks)


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (funded([0, 8, 16, 24, 32, 40]), ""),
        (funded([4, 12, 20, 28, 36, 44]), ""),
        (funded([]), "No funding is stored"),
        (funded([0, 8, 16, 24, 32]), "only: none was paid in the rest"),
        (funded([16, 24, 32, 40]), "only: none was paid in the rest"),
        (funded([], symbol="BTC/USDT"), ""),
    ],
)
def test_missing_funding_is_said_where_a_payment_would_have_been(market: Market, said: str) -> None:
    warnings = funding_warnings([market], MarketRules())
    assert (len(warnings) == 1) == bool(said)
    assert said in "".join(warnings)
    assert funding_warnings([market], MarketRules(funding=False)) == ()


def test_rules_of_an_instrument_are_changed_by_name() -> None:
    both = instrument_from("BTC/USDT", {"fee": "0.002", "taker_fee": "0.003", "fee_in_base": True})
    assert (float(both.maker_fee), float(both.taker_fee), both.fee_in_base) == (0.002, 0.003, True)
    assert not instrument_from("BTC/USDT:USDT", {"fee_in_base": True}).fee_in_base
    with pytest.raises(BadInput, match="an instrument has no rule 'fees'"):
        instrument_from("BTC/USDT", {"fees": "1"})


def test_the_account_is_kept_in_what_the_symbol_settles_in() -> None:
    assert [currency_of(s) for s in ("BTC/USDT:USDT", "BTC/USD:BTC", "BTC/EUR", "GOLD")] == [
        "USDT",
        "BTC",
        "EUR",
        "quote currency",
    ]


def test_a_full_disk_keeps_nothing_and_says_so(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(BTC)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BadInput, match="the report cannot be written: No space left on device"):
        run(BTC)
    assert [folder.name for folder in (tmp_path / "runs").iterdir() if folder.is_dir()] == [first.name]

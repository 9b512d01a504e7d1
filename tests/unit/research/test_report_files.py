import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from report_examples import CASH, example

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance.hold import hold_equity
from tradewind.research.reports.files import report_json, trades_csv, write_report
from tradewind.research.reports.report_input import ReportInput


@pytest.fixture(scope="module")
def report() -> ReportInput:
    return example(n=3000)


def test_four_files_are_written_and_json_holds_the_same_figures(report: ReportInput, tmp_path: Path) -> None:
    paths = write_report(report, tmp_path / "new" / "folder")
    assert sorted(path.name for path in paths.html.parent.iterdir()) == [
        "equity.csv",
        "report.html",
        "report.json",
        "trades.csv",
    ]
    saved = json.loads(paths.json.read_text())
    assert saved["metrics"] == report.performance.metrics
    assert saved["undefined"] == report.performance.undefined
    assert saved["hashes"] == report.hashes
    assert saved["synthetic"] is True
    assert saved["drawdowns"][0]["depth"] == pytest.approx(report.performance.metrics["max_drawdown"])
    growth = np.prod([1 + value for value in saved["monthly_returns"]["2023"] if value is not None])
    assert growth == pytest.approx(1 + report.performance.metrics["total_return"])
    assert saved["yearly_returns"]["2023"] == pytest.approx(report.performance.metrics["total_return"])


def test_the_trade_file_holds_every_trade_to_the_last_digit(report: ReportInput) -> None:
    rows = list(csv.DictReader(StringIO(trades_csv(report).decode())))
    assert len(rows) == len(report.trades)
    for name in ("pnl", "return", "entry_price", "exit_price", "size", "run_up", "drawdown", "fees", "funding"):
        assert [float(row[name]) for row in rows] == report.trades[name].tolist()
    first = report.trades[0]
    assert rows[0]["side"] == ("long" if first["side"] > 0 else "short")
    moment = np.datetime64(rows[0]["entry_time"].removesuffix("Z"), "ns").astype(np.int64)
    assert moment == first["entry_time"]
    assert rows[0]["exit_reason"] == "order"
    assert rows[0]["symbol"] == "BTC/USDT:USDT"


def test_the_equity_file_holds_every_bar_at_its_close(report: ReportInput, tmp_path: Path) -> None:
    paths = write_report(report, tmp_path)
    rows = list(csv.DictReader(paths.equity.read_text().splitlines()))
    assert [float(row["equity"]) for row in rows] == report.equity.tolist()
    assert rows[0]["time"] == "2023-01-01T01:00:00Z"
    assert float(rows[0]["buy_and_hold"]) == pytest.approx(report.hold[0])
    assert min(float(row["drawdown"]) for row in rows) == report.performance.metrics["max_drawdown"]


def test_a_run_without_trades_writes_a_file_with_its_headings_only(tmp_path: Path) -> None:
    flat = example(n=400, fast=150, slow=390)
    paths = write_report(flat, tmp_path)
    assert len(paths.trades.read_text().splitlines()) == 1
    assert json.loads(paths.json.read_text())["metrics"]["win_rate"] is None


def test_parameters_that_are_not_json_are_written_as_text(report: ReportInput) -> None:
    odd = replace(
        report, parameters={"a": np.float64(1.5), "b": np.int64(2), "c": float("nan"), "d": Path("x"), "e": True}
    )
    assert report_json(odd)["parameters"] == {"a": 1.5, "b": 2, "c": None, "d": "x", "e": True}


def test_a_report_written_again_replaces_the_old_one_and_leaves_nothing_behind(
    report: ReportInput, tmp_path: Path
) -> None:
    write_report(report, tmp_path)
    paths = write_report(replace(report, strategy="Second"), tmp_path)
    assert "Second" in paths.html.read_text()
    assert len(list(tmp_path.iterdir())) == 4


def test_a_folder_that_cannot_be_written_is_one_clear_error(report: ReportInput, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="the report cannot be written"):
        write_report(report, tmp_path / "file" / "report")


def test_a_write_that_fails_leaves_the_old_file_and_no_scraps(
    report: ReportInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_report(report, tmp_path)
    before = paths.html.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left on device"):
        write_report(replace(report, strategy="Never"), tmp_path)
    assert paths.html.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_process_killed_while_writing_leaves_whole_files(tmp_path: Path) -> None:
    writer = (
        "import sys, itertools; from dataclasses import replace; from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from report_examples import example\n"
        "from tradewind.research.reports.files import write_report\n"
        "report = example(n=600)\n"
        "for turn in itertools.count():\n"
        f"    write_report(replace(report, strategy=f'Turn {{turn}}'), Path({str(tmp_path)!r}))\n"
        "    print(turn, flush=True)\n"
    )
    for pause in (0.0, 0.003, 0.011):
        process = subprocess.Popen([sys.executable, "-c", writer], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "0"
        time.sleep(pause)
        process.kill()
        process.communicate()
        assert (tmp_path / "report.html").read_text().rstrip().endswith("</html>")
        json.loads((tmp_path / "report.json").read_text())
        assert len((tmp_path / "equity.csv").read_text().splitlines()) == 601


def test_nothing_can_be_held_without_bars() -> None:
    empty = example(n=100).bars[0].slice(0, 0)
    for markets in ((), (empty,)):
        with pytest.raises(BadInput, match="a market has no bars"):
            hold_equity(np.zeros(1, np.int64), markets, CASH)


def test_holding_two_markets_is_the_mean_of_holding_each() -> None:
    both = example(n=500, symbols=("A/USDT", "B/USDT"))
    alone = [bars.close / bars.open[0] * CASH for bars in both.bars]
    assert both.hold == pytest.approx((alone[0] + alone[1]) / 2)

"""ccxt against a small server on this machine that speaks as Binance does. No test asks the internet."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from tradewind.adapters.market_data import ccxt_history
from tradewind.adapters.market_data.ccxt_history import CcxtHistory
from tradewind.core.domain.data_sets import DataKey
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.market_data import Bars, Kind
from tradewind.interfaces.cli.main import main

HOUR_MS = 3_600_000
START_MS = 1_704_067_200_000
HOURS = 2_500
SPOT = {
    "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "isSpotTradingAllowed": True,
    "filters": [], "permissions": ["SPOT"], "permissionSets": [["SPOT"]],
}  # fmt: skip
PERPETUAL = {
    "symbol": "BTCUSDT", "pair": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
    "marginAsset": "USDT", "contractType": "PERPETUAL", "deliveryDate": 4133404800000, "onboardDate": 1569398400000,
    "filters": [],
}  # fmt: skip


class Exchange(BaseHTTPRequestHandler):
    """Answers what Binance answers; `failures` of the next questions get another status."""

    failures: ClassVar[list[int]] = []
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.asked.append(url.path)
        status = self.failures.pop(0) if self.failures and not url.path.endswith("exchangeInfo") else 200
        refusal = {"code": -1121, "msg": "Invalid symbol."} if status == 400 else "Service Unavailable"
        body = json.dumps(self.answer(url.path, asked) if status == 200 else refusal).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, path: str, asked: dict[str, str]) -> Any:
        if path.endswith("exchangeInfo"):
            return {"symbols": [SPOT] if path.startswith("/api") else [PERPETUAL] if path.startswith("/fapi") else []}
        first = int(asked.get("startTime", START_MS))
        last = int(asked.get("endTime", 2**62))
        step = 8 * HOUR_MS if "funding" in path else HOUR_MS
        times = [t for t in range(START_MS, START_MS + HOURS * HOUR_MS, step) if first <= t <= last]
        times = times[: int(asked.get("limit", 500))]
        if "funding" in path:
            return [{"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": t} for t in times]
        return [[t, "1", "3", "0.5", "2", "10", t + HOUR_MS - 1, "0", 1, "0", "0", "0"] for t in times]

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    pytest.importorskip("ccxt", reason="needs the extra [live]")
    Exchange.failures.clear()
    Exchange.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Exchange) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_candles_come_page_by_page(url: str) -> None:
    history = CcxtHistory("binance", url)
    key = DataKey("BTC/USDT", Kind.CANDLES, "1h")
    history.check(key)
    page = history.page(key, START_MS * 1_000_000, 1_000)
    assert isinstance(page, Bars)
    assert (len(page), int(page.time[0]), page.high[0], page.volume[0]) == (1_000, START_MS * 1_000_000, 3.0, 10.0)
    assert len(history.page(key, (START_MS + 2_490 * HOUR_MS) * 1_000_000, 1_000)) == 10
    assert len(history.page(key, (START_MS + 9_999 * HOUR_MS) * 1_000_000, 1_000)) == 0


def test_funding_and_mark_prices_of_a_perpetual_come_too(url: str) -> None:
    history = CcxtHistory("binance", url)
    for kind, column, value in ((Kind.FUNDING, "rate", 0.0001), (Kind.MARK, "price", 1.0)):
        key = DataKey("BTC/USDT:USDT", kind)
        history.check(key)
        assert set(history.page(key, START_MS * 1_000_000, 100).columns()[column].tolist()) == {value}


def test_errors_say_whether_asking_again_may_help(url: str) -> None:
    history = CcxtHistory("binance", url)
    key = DataKey("BTC/USDT", Kind.CANDLES, "1h")
    history.check(key)
    Exchange.failures.extend([503, 429, 400])
    for _ in range(2):
        with pytest.raises(Unavailable):
            history.page(key, 0, 10)
    with pytest.raises(BadInput, match=r"the exchange refused.*--exchange okx"):
        history.page(key, 0, 10)


def test_what_the_exchange_does_not_have_is_answered_with_what_it_has(url: str) -> None:
    history = CcxtHistory("binance", url)
    with pytest.raises(BadInput, match=r"no symbol 'BTC/USD'.*Did you mean .*BTC/USDT"):
        history.check(DataKey("BTC/USD", Kind.CANDLES, "1h"))
    with pytest.raises(BadInput, match=r"no timeframe '7m'.*1h"):
        history.check(DataKey("BTC/USDT", Kind.CANDLES, "7m"))
    with pytest.raises(BadInput, match=r"no exchange 'binanze'.*binance"):
        CcxtHistory("binanze")


def test_an_exchange_that_is_not_there_is_unavailable() -> None:
    pytest.importorskip("ccxt", reason="needs the extra [live]")
    with pytest.raises(Unavailable, match="See that it can be reached from here"):
        CcxtHistory("binance", "http://127.0.0.1:9").check(DataKey("BTC/USDT", Kind.CANDLES, "1h"))


def test_a_missing_package_is_answered_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(ccxt_history, "import_module", absent)
    with pytest.raises(BadInput, match=r"pip install 'tradewind\[live\]'"):
        CcxtHistory("binance")


def test_the_command_downloads_goes_on_and_tells(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    words = ["data", "download", "-s", "BTC/USDT", "-t", "1h", "--start", "2024-01-01", "--url", url, "--json"]
    Exchange.failures.extend([503])
    assert main([*words, "--end", "2024-03-01"]) == 0
    first = json.loads(capsys.readouterr().out)["downloaded"][0]
    assert (first["rows_new"], first["retries"], first["exchange"]) == (60 * 24, 1, "binance")
    assert main([*words, "--end", "2024-03-02"]) == 0
    assert json.loads(capsys.readouterr().out)["downloaded"][0]["rows_new"] == 24
    assert main(["data", "download", "-s", "BTC/USDT", "--start", "2024-01-01", "--url", url]) == 3
    assert "--timeframe 1h" in capsys.readouterr().err

"""Sessions on real candles of BTC: every kind of strategy rehearsed, replayed, and held against its backtest."""

from pathlib import Path

import pytest

CANDLES = Path(__file__).parents[2].parent / "shared" / "data" / "binance_usdm" / "BTC_USDT_USDT-1h-futures.feather"
SYMBOL = ("--symbol", "BTC/USDT:USDT")

BRACKETED = '''
from tradewind import EMA, Strategy


class Bracketed(Strategy):
    """Follows an average with a stop and a target."""

    def setup(self):
        self.mean = EMA(24)

    def on_bar(self, bar):
        if not self.position and not self.orders_open and self.mean.ready:
            if bar.close > self.mean.value:
                self.buy(sl=bar.close * 0.985, tp=bar.close * 1.02)
            else:
                self.sell(sl=bar.close * 1.015, trail=bar.close * 0.02)
'''


@pytest.fixture
def real(ask, home, monkeypatch, tmp_path):
    """A home with real candles."""
    if not CANDLES.is_file():
        pytest.skip("the real candles are not beside this checkout")
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "real"))
    imported = ask("data", "import", str(CANDLES), "--symbol", "BTC/USDT:USDT", "--timeframe", "1h")
    assert imported.code == 0, imported.err
    (tmp_path / "work" / "bracketed.py").write_text(BRACKETED)


@pytest.mark.parametrize("strategy", ["sma_cross", "macd_trend", "bracketed.py"])
def test_a_session_on_real_candles_is_replayed_and_held_against_its_backtest(ask, real, strategy):
    told = ask("rehearse", strategy, *SYMBOL, "--name", "real", "--json").document
    assert not told["synthetic"]
    assert told["candles"] > 500
    assert told["decisions"] > 10
    again = ask("replay", "real", "--json").document
    assert again["same"]
    assert again["decision_hash"] == told["decision_hash"]
    found = ask("divergence", "real", "--json").document
    assert found["bars"] == told["candles"]
    assert found["warnings"] == []
    share = found["decisions"]["same"] / (sum(found["decisions"].values()))
    assert share > 0.3
    assert (found["first"] is None) == (share == 1.0)
    if found["first"] is not None:
        assert found["first"]["why"]


@pytest.mark.parametrize("strategy", ["sma_cross", "bracketed.py"])
def test_at_a_perfect_venue_real_candles_give_the_backtests_decisions(ask, real, strategy):
    ask("rehearse", strategy, *SYMBOL, "--name", "perfect", "--perfect", "--json")
    assert ask("divergence", "perfect", "--json").document["identical"]

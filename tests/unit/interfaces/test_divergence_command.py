"""`tradewind divergence`: a session held against the backtest over the same candles."""

import json

import pytest
from cli_page import keys_of

SYMBOL = ("--symbol", "BTC/USDT:USDT", "--end", "2024-01-20")


def rehearsed(ask, *words):
    return ask("rehearse", "sma_cross", *SYMBOL, "-p", "fast=3", "-p", "slow=8", "--json", *words).document


def test_at_a_perfect_venue_every_decision_is_the_backtests(ask, home):
    session = rehearsed(ask, "--name", "perfect", "--perfect")
    found = ask("divergence", "perfect", "--json").document
    assert set(found) == keys_of("divergence")
    assert found["identical"]
    assert found["decision_hash_session"] == found["decision_hash_backtest"] == session["decision_hash"]
    assert found["decisions"] == {"same": session["decisions"], "differing": 0, "only_session": 0, "only_backtest": 0}
    assert found["first"] is None
    told = ask("backtest", "sma_cross", *SYMBOL, "-p", "fast=3", "-p", "slow=8", "--no-funding", "--json").document
    assert told["hashes"]["decisions"] == session["decision_hash"]


def test_at_a_rough_venue_it_says_where_they_part_and_why(ask, home):
    rehearsed(ask, "--name", "rough", "--rejects", "0.3", "--in-parts", "0.6", "--slippage-max", "0.002")
    found = ask("divergence", "rough", "--json").document
    assert not found["identical"]
    assert found["causes"]["refused"]["trades"] > 0
    assert found["venue_answers"]["REJECTED"] > 0
    assert found["slippage"] > 0.0
    assert "--slippage-amount" in found["advice"]
    assert found["first"]["words"]
    assert "turned down by the venue" in found["first"]["why"] or "filled" in found["first"]["why"]
    said = ask("divergence", "rough").out
    assert f"prices {found['slippage'] * 10_000:.2f} bp worse than in the backtest, fees" in said
    gap = found["equity_session"] - found["equity_backtest"]
    assert gap == pytest.approx(found["unexplained"] - found["price_cost"] - found["fee_cost"])
    told = ask("divergence", "rough")
    assert told.code == 0
    assert "They part at 2024-01-" in told.out
    page = (home / "runs" / found["run"] / "report.html").read_text()
    assert "Session rough beside its backtest" in page
    kept = json.loads((home / "runs" / found["run"] / "report.json").read_text())
    assert len(kept["equity"]["session"]["equity"]) == found["bars"]


@pytest.mark.parametrize(
    ("words", "message"), [(("nobody",), "there is no session 'nobody'"), (("tiny",), "no 1h candle of")]
)
def test_what_cannot_be_compared_is_said_in_one_error(ask, home, words, message):
    if words == ("tiny",):
        from tradewind.trading.sessions import desk

        with pytest.MonkeyPatch.context() as patch:  # a session that was cut off before its first candle
            patch.setattr(desk.Desk, "_hear_tick", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            patch.setitem(desk.HEARS, desk.p.Tick, desk.Desk._hear_tick)
            with pytest.raises(BaseException):  # noqa: B017, PT011
                rehearsed(ask, "--name", "tiny")
    answer = ask("divergence", *words, "--json")
    assert answer.code == 3
    assert message in answer.error["message"]
    assert answer.error["fix"]

"""`tradewind order-book`: a recording made up, checked, replayed; and everything that can be asked wrongly."""

from pathlib import Path

import pytest
from cli_page import keys_of

MAKER = Path(__file__).parents[3] / "examples" / "market_maker.py"


@pytest.fixture
def recording(ask, tmp_path: Path) -> Path:
    path = tmp_path / "book.gz"
    assert ask("order-book", "generate", str(path), "--seconds", "30", "--seed", "9", "--gaps", "1").code == 0
    return path


def test_a_recording_is_checked_and_its_gap_is_said(ask, recording: Path) -> None:
    found = ask("order-book", "check", str(recording), "--json").document
    assert found["compared"] == found["equal"] > 100
    assert (found["gaps"], found["synthetic_seed"], found["symbol"]) == (1, 9, "DEMO/USDT:USDT")
    assert found["trades"]["count"] == found["trades"]["buys"] + found["trades"]["sells"] > 0
    said = ask("order-book", "check", str(recording))
    assert "SYNTHETIC" in said.out
    assert f"{found['compared']:,} compared, {found['equal']:,} equal" in said.out
    assert "gaps in the numbers" in said.err


def test_a_replay_is_kept_counted_and_marked_and_its_command_makes_it_again(ask, recording: Path) -> None:
    words = ["order-book", "backtest", str(MAKER), str(recording), "-p", "size=0.02", "--order-ms", "5"]
    words += ["--queue", "back"]
    first = ask(*words, "--json").document
    assert set(first) == keys_of("order-book backtest")
    assert first["queue"]["maker_fills"] > 0
    assert first["metrics"]["n_trials"] == 1
    assert first["gaps"] == 1
    page = Path(first["report"]).read_text(encoding="utf-8")
    assert "SYNTHETIC" in page.upper()
    kept = ask("report", first["run"], "--json").document
    assert kept["kind"] == "order-book"
    again = kept["command"].split()
    assert again[:3] == ["tradewind", "order-book", "backtest"]
    second = ask(*again[1:], "--json").document
    assert second["decision_hash"] == first["decision_hash"]
    assert second["metrics"]["n_trials"] == 1, "the same replay twice is one trial"
    shown = ask(*words)
    assert "fills as maker" in shown.out
    assert "SYNTHETIC" in shown.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("check", "{none}"), 3, "no such file"),
        (("check", "{maker}"), 3, "is a message of an order book"),
        (("backtest", "sma_cross", "{book}"), 4, "on_bar would never be called"),
        (("backtest", "{maker}", "{none}"), 3, "no such file"),
        (("backtest", "{maker}", "{book}", "--order-ms", "-1"), 3, "order_ms"),
        (("backtest", "{maker}", "{book}", "--queue", "front"), 3, "unknown queue model"),
        (("backtest", "{maker}", "{book}", "--engine", "fast"), 3, "unknown engine"),
        (("backtest", "{maker}", "{book}", "-p", "sise=1"), 3, "Did you mean size"),
        (("backtest", "{maker}", "{book}", "--slippage", "fixed"), 2, "slippage"),
        (("backtest", "{maker}"), 2, "recording"),
        (("generate", "{book}"), 3, "such a file already"),
        (("generate", "{none}", "--seconds", "0"), 3, "seconds must be"),
        (("generate", "{none}", "--gaps", "-1"), 3, "gaps must be"),
        (("generate", "{none}", "--symbol", "A B"), 3, "cannot be a symbol"),
    ],
)
def test_what_cannot_be_done_is_said_once(ask, recording: Path, words, code, said) -> None:
    places = {"book": str(recording), "maker": str(MAKER), "none": str(recording.parent / "none")}
    answer = ask("order-book", *(word.format(**places) for word in words))
    assert answer.code == code
    assert said in answer.err
    assert "Traceback" not in answer.err

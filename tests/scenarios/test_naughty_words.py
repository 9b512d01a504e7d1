"""Any text in any place of the command line: a refusal in words, never a bug, never a file where none belongs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

OWN = [
    "",
    " ",
    "null",
    "NaN",
    "-1",
    "1e999",
    "0x10",
    "../../etc/passwd",
    "/dev/null",
    "/",
    ".",
    "~",
    "a\x00b",
    "\x1b[31mred\x1b[0m",
    "{0}",
    "%s%n",
    "$(touch owned)",
    "`touch owned`",
    "; touch owned",
    "'; DROP TABLE runs;--",
    "<script>alert(1)</script>",
    "=1+1",
    "\u202etxt.exe",
    "\ufeff",
    "ﷺ" * 50,
    "田中さん",
    "👩‍👩‍👧‍👦",
    "a" * 5_000,
    "a" * 400,
    "C:\\con\\con",
    "__import__('os').system('touch owned')",
    "\ud800",
    "1\n2",
    "\r\n",
    "file.py:Class:Other",
    "x.py",
    ":",
    "::",
    "=",
    "==",
    "a=",
    "=b",
]
SHARED = Path(__file__).parents[2].parent / "shared" / "vectors" / "strings" / "blns.json"
PLACES = {
    "a strategy": lambda word: ("backtest", "--symbol", "BTC/USDT:USDT", "--", word),
    "a symbol": lambda word: ("backtest", "sma_cross", f"--symbol={word}"),
    "a timeframe": lambda word: ("backtest", "sma_cross", "--symbol", "BTC/USDT:USDT", f"--timeframe=x{word}"),
    "a date": lambda word: ("backtest", "sma_cross", "--symbol", "BTC/USDT:USDT", f"--start=x{word}"),
    "a parameter": lambda word: ("backtest", "sma_cross", "--symbol", "BTC/USDT:USDT", f"--param={word}"),
    "a value": lambda word: ("backtest", "sma_cross", "--symbol", "BTC/USDT:USDT", f"--param=fast={word}x"),
    "a fee": lambda word: ("backtest", "sma_cross", "--symbol", "BTC/USDT:USDT", f"--fee={word}x"),
    "a run": lambda word: ("report", "--", word),
    "a run to forget": lambda word: ("runs", f"--remove={word}x"),
    "a new strategy": lambda word: ("new", "strategy", "--", f"{word} "),
    "a command": lambda word: (f"x{word}",),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_word_in_any_place_is_refused_in_words(ask, home: Path, place: str) -> None:
    words = OWN + (json.loads(SHARED.read_text(encoding="utf-8"))[::5] if SHARED.is_file() else [])
    before = sorted(path for path in home.parent.rglob("*") if path.is_file())
    for word in words:
        answer = ask(*PLACES[place](word))
        assert answer.code in (2, 3), (word, answer)
        assert answer.err.startswith("error: "), (word, answer)
        assert "\x1b" not in answer.err, word
        assert answer.out == ""
    assert sorted(path for path in home.parent.rglob("*") if path.is_file()) == before

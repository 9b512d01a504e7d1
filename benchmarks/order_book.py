"""Order books: how fast a recording is read, its book rebuilt and compared, and a market maker replayed in it.

An event is a change of the book, a trade or a quote. In a replay each is handled twice: at the venue, and as the
strategy hears of it. Compiled code is loaded beforehand; the median of the rounds is shown.

    python benchmarks/order_book.py [--recording FILE] [--rounds 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tradewind import SyntheticBook, synthetic_book
from tradewind.adapters.book_recordings.binance_raw import BinanceRaw
from tradewind.core.engine.books.checking import check_tops
from tradewind.operations.strategies import strategy_named
from tradewind.research.book_backtest import book_backtest

EXAMPLE = Path(__file__).parents[1] / "examples" / "market_maker.py"


def median_s(work: Callable[[], object], rounds: int) -> float:
    """Median processor time of a call, in seconds, after one that does not count."""
    work()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def measured(path: Path, rounds: int, cache: Path) -> dict[str, float]:
    """Events a second for each part of the work."""
    reader = BinanceRaw()
    recording, maker = reader.read(path), strategy_named(str(EXAMPLE))
    works: dict[str, Callable[[], object]] = {
        "read": lambda: reader.read(path),
        "rebuild and compare, compiled": lambda: check_tops(recording, cache),
        "replay a market maker, compiled": lambda: book_backtest(maker, recording, cache=cache),
        "replay a market maker, interpreted": lambda: book_backtest(maker, recording, engine="interpreted"),
    }
    return {name: len(recording) / median_s(work, rounds) for name, work in works.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", type=Path, help="a recording; one is made up if left out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.recording
        if path is None:
            path = Path(folder) / "book.gz"
            BinanceRaw().write(synthetic_book(SyntheticBook(seconds=900.0, seed=1)), path)
        found = measured(path, asked.rounds, Path(folder) / "cache")
    if asked.json:
        print(json.dumps(found))
        return
    for name, speed in found.items():
        print(f"{name:<36}{speed:>14,.0f} events/s")


if __name__ == "__main__":
    main()

"""Who runs: the environment, the script and how much of the work."""

from __future__ import annotations

from dataclasses import dataclass

BARS = 1_000_000


@dataclass(frozen=True)
class Contender:
    """One line of the table. `share` is the part of the bars it runs, so that a slow one ends in reasonable time.

    `inner` is how often a process repeats a run that takes milliseconds; its median stands for the process.
    """

    name: str
    environment: str
    script: str
    module: str
    options: tuple[str, ...] = ()
    share: float = 1.0
    inner: int = 1


CONTENDERS = (
    Contender("Tradewind, compiled", "tradewind", "sma_tradewind.py", "tradewind", ("compiled",), inner=7),
    Contender("Tradewind, interpreted", "tradewind", "sma_tradewind.py", "tradewind", ("interpreted",)),
    Contender("vectorbt", "vectorbt", "sma_vectorbt.py", "vectorbt", inner=3),
    Contender("backtesting.py", "backtesting", "sma_backtesting.py", "backtesting"),
    Contender("NautilusTrader", "nautilus", "sma_nautilus.py", "nautilus_trader.backtest.engine", share=0.1),
)
PEER = "backtesting.py"
"""The one whose rate the ratios are taken to."""

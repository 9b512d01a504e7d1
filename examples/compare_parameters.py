"""Several runs side by side. The table is a question, not an answer: the best of many is the luckiest of many."""

from tradewind import SyntheticMarket, backtest, synthetic_market
from tradewind.core.strategy.bundled import SmaCross

SETS = ((5, 20), (10, 30), (20, 50), (50, 200))
SHOWN = ("total_return", "sharpe", "max_drawdown", "trades", "fees_paid")


def main():
    bars = synthetic_market(SyntheticMarket(("DEMO/USDT",), "1h", bars=8_760, seed=7))[0]
    print("fast slow " + " ".join(f"{name:>14}" for name in SHOWN))
    for fast, slow in SETS:
        metrics = backtest(SmaCross, bars, fast=fast, slow=slow).metrics
        print(f"{fast:>4} {slow:>4} " + " ".join(f"{metrics[name]:>14.4g}" for name in SHOWN))


if __name__ == "__main__":
    main()

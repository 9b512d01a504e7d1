"""How walk-forward scores luck and edges: robustness on many invented markets of each kind.

    python benchmarks/walk_forward_scores.py --seeds 100

The markets are those of tests/laws/walk_forward_examples.py: hourly random walks, and the same with dips that come
back. Prints one row for each pair of market and strategy: percentiles of the score, and shares above 60 and below 30.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tradewind import walk_forward
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.reports.walk_forward_words import FAILS, HOLDS

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "laws"))
from walk_forward_examples import SPACE, BuyDips, bars_of, noise, returning

SMA_CROSS = STRATEGIES["sma_cross"]
CROSSES = {"fast": "5:25:5", "slow": "40:160:40"}


def trending(seed: int, n: int = 6_000):
    """A random walk whose drift, 0.08 % an hour, changes its sign by chance every 200 bars."""
    chance = np.random.default_rng(seed)
    drift = np.repeat(chance.choice([-1, 1], n // 200 + 1), 200)[:n] * 0.0008
    return bars_of(np.cumsum(chance.normal(0.0, 0.005, n) + drift), seed)


PAIRS = (
    ("noise", "buys dips", noise, BuyDips, SPACE),
    ("noise", "sma_cross", noise, SMA_CROSS, CROSSES),
    ("dips come back", "buys dips", returning, BuyDips, SPACE),
    ("dips come back", "sma_cross", returning, SMA_CROSS, CROSSES),
    ("trends", "sma_cross", trending, SMA_CROSS, CROSSES),
)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=100)
    seeds = options.parse_args().seeds
    print(f"| market | strategy | P5 | median | P95 | at least {HOLDS:.0f} | below {FAILS:.0f} |")
    print("|---|---|---|---|---|---|---|")
    with TemporaryDirectory() as kernels:
        for market, name, make, strategy, space in PAIRS:
            scores = []
            for seed in range(seeds):
                walked = walk_forward(strategy, make(seed), space=space, windows=5, train=0.6, cache=Path(kernels))
                score = walked.robustness.score
                scores.append(0.0 if isinstance(score, Undefined) else score)
            low, middle, high = np.percentile(scores, [5, 50, 95])
            above, below = np.mean(np.array(scores) >= HOLDS), np.mean(np.array(scores) < FAILS)
            print(
                f"| {market} | {name} | {low:.0f} | {middle:.0f} | {high:.0f} | {above:.0%} | {below:.0%} |", flush=True
            )


if __name__ == "__main__":
    main()

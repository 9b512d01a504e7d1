"""What docs/gate.md publishes was measured, of the gate that is in the package, on noise that is noise."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tradewind.research.gate import QUESTIONS, usual_gate

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import gate_markets
import gate_page

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
MEASURED = json.loads((ROOT / "benchmarks" / "results" / "gate.json").read_text(encoding="utf-8"))


def test_the_page_holds_the_tables_of_the_measured_cases():
    published = PAGE.split(gate_page.BEGIN)[1].split(gate_page.END)[0].strip()
    assert published == gate_page.figures(MEASURED)


def test_the_gate_that_was_measured_is_the_usual_one():
    assert MEASURED["gate"] == usual_gate().hash, "measure it again: python benchmarks/gate.py"
    assert MEASURED["checks"] == list(QUESTIONS)
    assert MEASURED["seed"] >= 1_000
    assert sum(case["kind"] in gate_markets.NOISE for case in MEASURED["cases"]) >= 1_000


def test_a_market_is_the_same_for_the_same_seed():
    made = [gate_markets.bars_of(gate_markets.season, 0.004, 500, seed) for seed in (1, 1, 2)]
    assert np.array_equal(made[0].close, made[1].close)
    assert not np.array_equal(made[0].close, made[2].close)


@pytest.mark.parametrize("kind", gate_markets.NOISE)
def test_noise_earns_nothing_on_average_but_for_its_drift(kind):
    make, drift = gate_markets.NOISE[kind]
    moves = [
        np.diff(bars.close) / bars.close[:-1]
        for seed in range(20)
        for bars in [gate_markets.bars_of(make, drift, 4_380, seed)]
    ]
    ratios = np.array([m.mean() / m.std() * np.sqrt(365 * gate_markets.A_DAY) for m in moves])
    assert ratios.mean() == pytest.approx(drift, abs=4 * ratios.std() / np.sqrt(20) + 0.05)


def test_a_stop_on_a_random_walk_is_no_present():
    """Bought at the open and stopped inside the bar, a fair price brings nothing; coarse lows would bring much."""
    bars = gate_markets.bars_of(gate_markets.walk, 0.0, 40_000, 7)
    level = bars.open * (1.0 - 0.5 * gate_markets.VOLATILITY)
    result = np.where(bars.low <= level, level, bars.close) / bars.open - 1.0
    assert result.mean() == pytest.approx(0.0, abs=4 * result.std() / np.sqrt(len(result)))
    assert np.mean(bars.low <= level) == pytest.approx(0.617, abs=0.02), "2 (1 - Phi(0.5))"

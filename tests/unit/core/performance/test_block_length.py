"""The automatic block length, against what theory gives for a process whose memory is known."""

import math

import numpy as np
import pytest

from tradewind.core.performance.block_length import stationary_block_length
from tradewind.core.performance.undefined import Undefined


def remembering(rho: float, n: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=n)
    values = np.empty(n)
    held = 0.0
    for i in range(n):
        held = rho * held + noise[i]
        values[i] = held
    return values


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.8, -0.4])
def test_a_long_autoregression_gets_the_length_of_its_theory(rho: float) -> None:
    # With autocovariances rho^|k| the formula comes to (2 rho / (1 - rho^2))^(2/3) n^(1/3).
    n = 20_000
    theory = (2 * abs(rho) / (1 - rho**2)) ** (2 / 3) * n ** (1 / 3)
    found = [stationary_block_length(remembering(rho, n, seed)) for seed in range(8)]
    assert float(np.mean(found)) == pytest.approx(theory, rel=0.15)
    assert all(0.6 * theory < length < 1.7 * theory for length in found)


def test_noise_gets_blocks_of_hardly_more_than_one() -> None:
    found = [stationary_block_length(np.random.default_rng(seed).normal(size=2_000)) for seed in range(20)]
    assert float(np.median(found)) < 3.0
    assert min(found) >= 1.0


def test_a_length_never_exceeds_a_third_of_the_values_or_three_roots_of_their_number() -> None:
    for n in (20, 50, 400):
        trend = np.linspace(0.0, 1.0, n)
        assert 1.0 <= stationary_block_length(trend) <= min(n / 3, 3 * math.sqrt(n))


def test_the_scale_and_the_level_of_the_values_do_not_matter() -> None:
    values = remembering(0.5, 500, 3)
    assert stationary_block_length(1e-4 * values + 7.0) == pytest.approx(stationary_block_length(values), rel=1e-6)


def test_too_few_or_equal_values_have_no_length() -> None:
    assert stationary_block_length(np.arange(19.0)) == Undefined(
        "fewer than 20 values, too few to choose a block length"
    )
    assert stationary_block_length(np.full(50, 0.01)) == Undefined("all returns are equal")

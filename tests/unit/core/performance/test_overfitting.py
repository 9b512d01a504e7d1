"""PBO: about a half for noise, near nothing for a real edge, near one where the past is the opposite of the future."""

import itertools
import math

import numpy as np
import pytest

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance import overfitting
from tradewind.core.performance.overfitting import Overfitting, probability_of_overfitting
from tradewind.core.performance.undefined import Undefined


def noise(seed: int, periods: int = 240, configurations: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.01, (periods, configurations))


def judged(returns: np.ndarray, blocks: int = 8) -> Overfitting:
    found = probability_of_overfitting(returns, blocks)
    assert isinstance(found, Overfitting)
    return found


@pytest.mark.parametrize("configurations", [2, 5, 12, 60])
def test_the_pbo_of_noise_is_a_half_on_average_over_seeds(configurations: int) -> None:
    found = [judged(noise(seed, configurations=configurations)).pbo for seed in range(120)]
    # One value spreads by about 0.3: 120 of them have a mean that is sure to 0.03.
    assert float(np.mean(found)) == pytest.approx(0.5, abs=3.5 * float(np.std(found)) / math.sqrt(120))
    assert 0.3 < float(np.mean(found)) < 0.7


def test_a_strong_edge_has_a_pbo_near_nothing() -> None:
    returns = noise(1)
    returns[:, 3] += 0.01
    found = judged(returns, 16)
    assert found.pbo < 0.001
    assert (found.chosen == 3).all()
    assert found.probability_of_loss < 0.001


def test_a_rule_that_only_fits_one_half_at_a_time_has_a_pbo_near_one() -> None:
    # Each configuration earns in one block of its own and loses a little everywhere else.
    returns = np.random.default_rng(4).normal(0.0, 0.002, (160, 8)) - 0.004
    for block in range(8):
        returns[20 * block : 20 * block + 20, block] += 0.03
    found = judged(returns)
    assert found.pbo > 0.9
    assert found.degradation < 0.0


def test_every_split_is_the_one_that_is_added_up_by_hand() -> None:
    returns = noise(7, periods=43, configurations=5)
    found = judged(returns, 4)
    assert found.rows_dropped == 3
    assert found.splits == 6
    blocks = np.split(returns[3:], 4)
    for i, choice in enumerate(itertools.combinations(range(4), 2)):
        inside = np.concatenate([blocks[b] for b in choice])
        outside = np.concatenate([blocks[b] for b in range(4) if b not in choice])
        sharpe_in, sharpe_out = (h.mean(axis=0) / h.std(axis=0, ddof=1) for h in (inside, outside))
        best = int(np.argmax(sharpe_in))
        assert found.chosen[i] == best
        assert found.sharpe_in[i] == pytest.approx(sharpe_in[best], rel=1e-9)
        assert found.sharpe_out[i] == pytest.approx(sharpe_out[best], rel=1e-9)
        w = (1 + int((sharpe_out < sharpe_out[best]).sum())) / 6
        assert found.logits[i] == pytest.approx(math.log(w / (1 - w)), abs=1e-12)
    below = np.where(np.abs(found.logits) < 1e-12, 0.5, found.logits < 0)
    assert found.pbo == pytest.approx(below.mean(), rel=1e-12)
    assert found.degradation == pytest.approx(np.polyfit(found.sharpe_in, found.sharpe_out, 1)[0], rel=1e-6)


def test_a_configuration_that_lost_everything_is_below_all_others_in_the_half_in_which_it_did() -> None:
    returns = noise(5, periods=80, configurations=3)
    returns[:, 0] = 0.01 + noise(6, periods=80, configurations=1)[:, 0] / 10  # the best by far, but for one thing
    returns[71, 0] = -1.0
    returns[72:, 0] = 0.0
    found = judged(returns)
    for choice, chosen, outside, logit in zip(
        itertools.combinations(range(8), 4), found.chosen, found.sharpe_out, found.logits, strict=True
    ):
        if 7 in choice:  # the half knows of its end: it is not picked, and judges nobody from above
            assert chosen != 0
        else:  # the half knows nothing of it: it is picked, and loses all
            assert chosen == 0
            assert outside == -math.inf
            assert logit == pytest.approx(math.log((1 / 4) / (3 / 4)))
    assert found.pbo >= 0.5
    assert found.probability_of_loss >= 0.5
    known = np.isfinite(found.sharpe_out)
    assert found.degradation == pytest.approx(np.polyfit(found.sharpe_in[known], found.sharpe_out[known], 1)[0])


def test_where_all_lose_everything_in_a_half_it_picks_nobody() -> None:
    returns = noise(8, periods=80, configurations=2)
    returns[5] = -1.0
    returns[6:] = 0.0
    found = probability_of_overfitting(returns, 8)
    assert isinstance(found, Undefined)


def test_configurations_that_are_all_the_same_stand_at_the_median() -> None:
    found = judged(np.tile(noise(1, configurations=1), 6))
    assert found.pbo == 0.5
    assert np.abs(found.logits).max() < 1e-12


def test_splits_in_pieces_are_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = judged(noise(3))
    monkeypatch.setattr(overfitting, "CELLS_AT_ONCE", 100)
    pieces = judged(noise(3))
    assert pieces.pbo == whole.pbo
    assert pieces.logits == pytest.approx(whole.logits, rel=1e-12)


def test_a_configuration_that_stands_still_in_a_half_is_neither_picked_nor_ranked_there() -> None:
    returns = noise(5, configurations=3)
    returns[:120, 2] = 0.0  # it makes no trade in the first four of eight blocks
    found = judged(returns)
    still = [i for i, c in enumerate(itertools.combinations(range(8), 4)) if c == (0, 1, 2, 3)]
    assert (found.chosen[still] != 2).all()
    assert len(found.logits) == found.splits == 70


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        (np.zeros((100, 5)), "fewer than two configurations"),
        (np.full((100, 5), 0.001), "fewer than two configurations"),
        (noise(1, configurations=1), "fewer than two configurations"),
        (noise(1, periods=15), "15 periods are too few for 8 blocks"),
        (np.where(np.arange(240)[:, None] == 17, np.nan, noise(1)), "configuration 0 has the return nan in period 17"),
    ],
)
def test_returns_that_say_nothing_are_undefined_with_their_reason(returns: np.ndarray, reason: str) -> None:
    found = probability_of_overfitting(returns, 8)
    assert isinstance(found, Undefined)
    assert reason in found.reason


@pytest.mark.parametrize("blocks", [0, 1, 7, 22])
def test_an_odd_or_endless_number_of_blocks_is_refused(blocks: int) -> None:
    with pytest.raises(BadInput, match="the number of blocks is even"):
        probability_of_overfitting(noise(1), blocks)


def test_returns_without_configurations_are_refused() -> None:
    with pytest.raises(BadInput, match="a column for each configuration"):
        probability_of_overfitting(np.zeros(100), 8)

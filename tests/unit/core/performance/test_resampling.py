"""Each way to put trades in another order does what it says."""

import numpy as np
import pytest

from tradewind.core.performance.path_chance import LANES
from tradewind.core.performance.resampling import ORDERS, trade_order

TRADES = 40


def test_a_bootstrap_draws_every_trade_equally_often() -> None:
    table = trade_order("bootstrap", 1, 0, TRADES, 1_000)
    cells = np.bincount(table.ravel(), minlength=TRADES)
    assert len(cells) == TRADES
    expected = table.size / TRADES
    chi_squared = float(((cells - expected) ** 2 / expected).sum())
    assert 12 < chi_squared < 90  # 39 expected; beyond these once in 100,000 times


def test_a_permutation_makes_each_trade_once() -> None:
    table = trade_order("permutation", 1, 0, TRADES, TRADES)
    assert (np.sort(table, axis=0) == np.arange(TRADES)[:, None]).all()


def test_every_order_of_three_trades_is_equally_likely() -> None:
    counts: dict[tuple[int, ...], int] = {}
    for first in range(0, 60 * LANES, LANES):
        for column in trade_order("permutation", 9, first, 3, 3).T.tolist():
            counts[tuple(column)] = counts.get(tuple(column), 0) + 1
    assert len(counts) == 6
    share = 60 * LANES / 6
    assert all(abs(count - share) < 5 * np.sqrt(share * 5 / 6) for count in counts.values())


@pytest.mark.parametrize("length", [1.0, 3.0, 12.0])
def test_blocks_run_on_in_order_and_have_their_mean_length(length: float) -> None:
    table = trade_order("block", 2, 0, TRADES, 2_000, block=length).astype(np.int64)
    follows = table[1:] == (table[:-1] + 1) % TRADES
    # A block ends with chance 1 / length; a fresh trade is by chance the following one once in 40.
    expected = 1.0 - (1.0 / length) * (1.0 - 1.0 / TRADES)
    assert follows.mean() == pytest.approx(expected, abs=5 * np.sqrt(0.25 / follows.size))
    assert np.bincount(table.ravel(), minlength=TRADES).min() > 0.85 * table.size / TRADES


def test_a_block_goes_on_at_the_first_trade_after_the_last() -> None:
    table = trade_order("block", 2, 0, 5, 200, block=1e9).astype(np.int64)
    assert (table[1:] == (table[:-1] + 1) % 5).all()
    assert set(table[0].tolist()) == {0, 1, 2, 3, 4}


def test_skipping_leaves_trades_in_place_and_out_with_its_chance() -> None:
    table = trade_order("skip", 4, 0, 500, 500, skip=0.2)
    left_out = table == 500
    assert ((table == np.arange(500)[:, None]) | left_out).all()
    assert left_out.mean() == pytest.approx(0.2, abs=5 * np.sqrt(0.16 / table.size))


@pytest.mark.parametrize("order", ORDERS)
def test_the_numbers_of_a_path_do_not_depend_on_the_paths_beside_it(order: str) -> None:
    together = trade_order(order, 6, 0, TRADES, TRADES, block=4.0, skip=0.3)
    apart = trade_order(order, 6, 50, TRADES, TRADES, block=4.0, skip=0.3)
    assert (together[:, 50:] == apart[:, : LANES - 50]).all()


@pytest.mark.parametrize("name", ["pick", "pick_blocks", "shuffle", "leave_out"])
def test_compiled_loops_give_what_their_python_source_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tradewind.core.performance import resampling

    order = {"pick": "bootstrap", "pick_blocks": "block", "shuffle": "permutation", "leave_out": "skip"}[name]
    compiled = trade_order(order, 8, 0, 12, 12, block=2.5, skip=0.4)
    monkeypatch.setattr(resampling, name, getattr(resampling, name).py_func)
    assert (trade_order(order, 8, 0, 12, 12, block=2.5, skip=0.4) == compiled).all()

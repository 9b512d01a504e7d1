"""A search in Python that was cut off goes on where it was, and finds the same."""

import numpy as np
import pytest
from report_examples import market

from tradewind import BadInput, optimise, resumable
from tradewind.adapters.sweeps.sweep_folders import SweepFolders
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.bench import Bench
from tradewind.research.resuming import resuming

BARS = market("BTC/USDT", 600, "1h", seed=9)
SMA_CROSS = STRATEGIES["sma_cross"]
SPACE = {"fast": "2:20:1", "slow": [30, 60, 90]}


def searched(method="grid", **given):
    budget = None if method == "grid" else 60
    return optimise(SMA_CROSS, BARS, space=SPACE, method=method, budget=budget, engine="interpreted", **given)


def same(one, other):
    assert one.sets == other.sets
    assert np.array_equal(one.scores.values, other.scores.values, equal_nan=True)
    assert np.array_equal(one.scores.returns, other.scores.returns, equal_nan=True)
    assert (one.best, one.judged.out, one.luck) == (other.best, other.judged.out, other.luck)


@pytest.fixture
def ran(monkeypatch):
    """The sets that were run, in their order."""
    seen, score = [], Bench.score

    def told(self, sets, progress=None):
        seen.extend(sets)
        return score(self, sets, progress)

    monkeypatch.setattr(Bench, "score", told)
    return seen


@pytest.mark.parametrize("method", ["grid", "random", "tpe"])
def test_an_interrupted_search_goes_on_without_running_a_finished_block_again(tmp_path, ran, method):
    whole = searched(method)
    ran.clear()
    sweeps = SweepFolders(tmp_path)

    with resuming(sweeps, now_ns=1):
        with pytest.raises(KeyboardInterrupt, match="sets are done and kept"):
            searched(method, progress=stop)
        kept = sum(len(block.words["sets"]) for block in _blocks(sweeps))
        assert 0 < kept < len(whole.sets)
        ran.clear()
        found = searched(method)
    assert len(ran) == len(whole.sets) - kept
    same(found, whole)
    assert sweeps.begun() == [], "what is finished is forgotten"


def stop(stage, done, total):
    """Ctrl-C in the second block."""
    if done > 20:
        raise KeyboardInterrupt


def _blocks(sweeps):
    (begun,) = sweeps.begun()
    with sweeps.work_on(begun.name, begun.plan, 2) as sweep:
        return list(sweep.blocks())


def test_another_search_is_not_gone_on_with_and_a_fresh_one_begins_anew(tmp_path, ran):
    sweeps = SweepFolders(tmp_path)
    with resuming(sweeps, now_ns=1):
        with pytest.raises(KeyboardInterrupt):
            searched(progress=stop)
        ran.clear()
        optimise(SMA_CROSS, BARS, space={"fast": [5, 6], "slow": [30]}, engine="interpreted")
        assert len(ran) == 2
    ran.clear()
    with resuming(sweeps, now_ns=1, fresh=True):
        assert len(searched().sets) == len(ran)


def test_two_searches_that_are_the_same_do_not_work_at_once(tmp_path):
    sweeps = SweepFolders(tmp_path)

    def again(stage, done, total):
        if stage == "searching":
            searched()

    with resuming(sweeps, now_ns=1), pytest.raises(BadInput, match="another process is at work"):
        searched(progress=again)


def test_outside_of_the_block_nothing_is_kept_and_the_public_name_keeps_where_the_settings_say(tmp_path, monkeypatch):
    monkeypatch.setenv("TRADEWIND_SWEEPS", str(tmp_path / "sweeps"))

    with pytest.raises(KeyboardInterrupt):
        searched(progress=stop)
    assert not (tmp_path / "sweeps").exists()
    with pytest.raises(KeyboardInterrupt), resumable():
        searched(progress=stop)
    assert len(SweepFolders(tmp_path / "sweeps").begun()) == 1

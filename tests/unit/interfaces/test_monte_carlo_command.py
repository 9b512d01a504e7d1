"""`tradewind monte-carlo`: a kept run, simulated from its files."""

from __future__ import annotations

from pathlib import Path

import pytest

RUN = ("backtest", "sma_cross", "-s", "BTC/USDT:USDT", "-p", "fast=5", "-p", "slow=20")


@pytest.fixture
def run(ask) -> str:
    return ask(*RUN, "--json").document["run"]


def test_a_kept_run_is_simulated_from_its_trades(ask, run: str) -> None:
    found = ask("monte-carlo", "last", "--json").document
    assert (found["run"], found["paths"], found["method"], found["synthetic"]) == (run, 10_000, "bootstrap", True)
    band = found["metrics"]["total_return"]
    assert band["p5"] < band["p50"] < band["p95"]
    assert len(found["equity"]) == len(found["drawdown"]) == 3
    assert len(found["equity"][0]) == len(found["steps"])
    report = ask("report", "--json").document["metrics"]
    assert found["actual"]["final_equity"] == pytest.approx(report["final_equity"], rel=1e-9)
    assert found["actual"]["win_rate"] == pytest.approx(report["win_rate"])


def test_the_files_say_what_the_run_itself_says(ask, run: str, home: Path) -> None:
    from tradewind import bootstrap
    from tradewind.operations.monte_carlo import kept_results

    stored = bootstrap.open_runs().find(run)
    found = kept_results(stored, compounded=False)
    metrics = stored.summary["metrics"]
    assert len(found.value) == metrics["trades"]
    assert found.value.sum() == pytest.approx(metrics["net_profit"], rel=1e-9)
    assert found.costs.sum() == pytest.approx(metrics["fees_paid"] + metrics["slippage_paid"], rel=1e-9)


def test_people_read_probabilities_ranges_and_that_the_data_is_made_up(ask, run: str) -> None:
    said = ask("monte-carlo", "--paths", "500", "--ruin", "0.7").out
    assert f"{run} on synthetic data: bootstrap, 500 paths, seed 1" in said
    assert "probability of falling to 70%: " in said
    assert "max_drawdown" in said
    permuted = ask("monte-carlo", "-m", "permutation", "-n", "200").out
    assert "undefined: final_equity, total_return, " in permuted
    assert "the order of the trades does not change it" in permuted


def test_a_seed_gives_the_same_document(ask, run: str) -> None:
    words = ("monte-carlo", "last", "-m", "block", "--block", "3", "-n", "400", "--json")
    assert ask(*words, "--seed", "5").document == ask(*words, "--seed", "5").document
    assert ask(*words, "--seed", "5").document != ask(*words, "--seed", "6").document


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-m", "random_entry"), "runs the strategy again, and a kept run has only its trades"),
        (("-m", "magic"), "there is no method 'magic'"),
        (("-n", "0"), "from 1 to 1,000,000 paths"),
        (("--skip", "2"), "the chance to skip a trade"),
        (("--seed", "-4"), "a seed is a whole number"),
    ],
)
def test_bad_settings_end_in_one_message(ask, run: str, words: tuple[str, ...], message: str) -> None:
    answer = ask("monte-carlo", "last", *words, "--json")
    assert answer.code == 3
    assert message in answer.error["message"]


def test_a_run_whose_trades_are_gone_or_torn_is_corrupt(ask, run: str, home: Path) -> None:
    path = home / "runs" / run / "trades.csv"
    path.write_text(path.read_text().replace("pnl", "p&l", 1))
    assert ask("monte-carlo").code == 7
    path.unlink()
    answer = ask("monte-carlo", "--json")
    assert answer.code == 7
    assert "its trades cannot be read" in answer.error["message"]


def test_a_run_without_trades_says_so_and_gives_no_number(ask) -> None:
    ask("backtest", "sma_cross", "-s", "BTC/USDT:USDT", "-p", "fast=99", "-p", "slow=400", "--end", "2024-01-05")
    found = ask("monte-carlo", "--json").document
    assert set(found["undefined"].values()) == {"no trades"}
    assert set(found["metrics"].values()) == {None}
    assert "no trades" in ask("monte-carlo").out

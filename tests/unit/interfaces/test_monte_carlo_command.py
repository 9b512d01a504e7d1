"""`tradewind monte-carlo`: a kept run, simulated from its files."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

RUN = ("backtest", "sma_cross", "-s", "BTC/USDT:USDT", "-p", "fast=5", "-p", "slow=20")


@pytest.fixture
def run(ask) -> str:
    return ask(*RUN, "--json").document["run"]


def test_a_kept_run_is_simulated_from_its_trades(ask, run: str) -> None:
    found = ask("monte-carlo", "last", "--json").document
    assert (found["of"], found["paths"], found["method"], found["synthetic"]) == (run, 10_000, "bootstrap", True)
    band = found["metrics"]["total_return"]
    assert band["p5"] < band["p50"] < band["p95"]
    assert len(found["equity"]) == len(found["drawdown"]) == 3
    assert len(found["equity"][0]) == len(found["steps"])
    report = ask("report", run, "--json").document["metrics"]
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
    first, again, other = (ask(*words, "--seed", seed).document for seed in ("5", "5", "6"))
    for document in (first, again, other):
        del document["run"], document["report"], document["folder"]
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("words", "message"),
    [
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


def test_the_page_is_kept_beside_the_runs_and_the_newest_run_is_still_the_backtest(ask, run: str) -> None:
    first = ask("monte-carlo", "-n", "200", "--json").document
    second = ask("monte-carlo", "-n", "200", "-m", "skip", "--json").document
    assert first["of"] == second["of"] == run
    assert first["run"] != second["run"]
    page = Path(first["report"]).read_text()
    assert "Synthetic data." in page
    assert f"run {run}" in page
    kept = ask("report", first["run"], "--json").document
    assert (kept["kind"], kept["of"], kept["method"]) == ("monte-carlo", run, "bootstrap")
    words = shlex.split(kept["command"])[1:]
    assert ask(*words, "--json").document["metrics"] == first["metrics"]
    assert ask("monte-carlo", first["run"], "--json").error["message"] == "it is a monte-carlo, not a backtest"


@pytest.mark.parametrize("method", ["random_entry", "jitter"])
def test_methods_that_run_the_engine_make_the_kept_run_again(ask, run: str, method: str) -> None:
    found = ask("monte-carlo", "-m", method, "-n", "6", "--seed", "3", "--json").document
    own = ask("report", run, "--json").document["metrics"]
    assert found["actual"]["total_return"] == own["total_return"]
    assert (found["unit"], found["paths"], found["failed"]) == ("bars", 6, {})
    assert ("luck" in found["probabilities"]) == (method == "random_entry")


def test_paths_of_the_engine_are_no_trials(ask, run: str) -> None:
    before = ask("trials", "--json").document
    assert ask("monte-carlo", "-m", "jitter", "-n", "5").code == 0
    assert ask("trials", "--json").document == before


def test_a_strategy_that_has_changed_since_is_not_taken_for_the_one_that_ran(ask, home: Path) -> None:
    file = Path("mine.py")
    assert ask("new", "strategy", "mine").code == 0
    assert ask("backtest", str(file), "-s", "BTC/USDT:USDT").code == 0
    assert ask("monte-carlo", "-m", "jitter", "-n", "2").code == 0
    file.write_text(file.read_text() + "\n# changed\n")
    answer = ask("monte-carlo", "-m", "jitter", "-n", "2", "--json")
    assert answer.code == 3
    assert answer.error["message"] == "the code of the strategy, or Tradewind's own, has changed since the run"
    assert "tradewind backtest mine.py" in answer.error["fix"]
    assert ask("monte-carlo", "-n", "100").code == 0
    file.unlink()
    assert ask("monte-carlo", "-m", "jitter", "--json").error["message"] == "there is no such file"


def test_data_that_has_changed_since_is_not_taken_for_what_was_run_on(ask, run: str) -> None:
    made = ("data", "generate", "--symbol", "BTC/USDT:USDT", "--timeframe", "1h", "--bars", "500", "--seed", "99")
    assert ask("data", "remove", "BTC/USDT:USDT").code == 0
    assert ask(*made).code == 0
    answer = ask("monte-carlo", "-m", "random_entry", "-n", "2", "--json")
    assert answer.code == 3
    assert answer.error["message"].startswith("the data has changed since the run: ")


def test_few_trades_are_warned_of(ask) -> None:
    ask("backtest", "sma_cross", "-s", "BTC/USDT:USDT", "-p", "fast=20", "-p", "slow=90")
    assert "what luck can do with so few" in ask("monte-carlo", "-n", "100").err


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

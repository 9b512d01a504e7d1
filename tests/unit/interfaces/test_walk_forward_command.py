"""`tradewind walk-forward`: over stored data, kept, and made again by its own command."""

import json
import shlex
from pathlib import Path

import pytest
from cli_page import keys_of

WALK = ("walk-forward", "sma_cross", "-s", "BTC/USDT", "--space", "fast=5,10", "--space", "slow=20:40:20", "-w", 3)


def test_a_walk_is_shown_and_kept(ask, home: Path) -> None:
    found = ask(*WALK, "--json").document
    assert set(found) == keys_of("walk-forward")
    assert (found["kind"], len(found["windows"]), found["synthetic"]) == ("walk-forward", 3, True)
    assert found["search"]["sets_a_window"] == 4
    kept = json.loads((Path(found["folder"]) / "report.json").read_text(encoding="utf-8"))
    assert kept["kind"] == "walk-forward"
    assert kept["windows"] == found["windows"]
    page = Path(found["report"]).read_text(encoding="utf-8")
    assert found["windows"][0]["test"]["until"][:10] in page
    assert found["verdict"] in page
    assert "Synthetic data" in page


def test_people_read_windows_figures_and_a_verdict(ask) -> None:
    answer = ask(*WALK)
    assert answer.code == 0
    assert "SmaCross on BTC/USDT 1h, walked forward  [SYNTHETIC DATA]" in answer.out
    for text in ("Sharpe out", "efficiency", "degradation", "consistency", "stability", "robustness", "report "):
        assert text in answer.out, text


def test_the_command_on_the_page_makes_the_same_walk_again(ask) -> None:
    words = (
        *WALK, "--anchored", "--train", "0.6", "--purge", "5", "--embargo", "6h", "-m", "random", "--budget", "3",
        "--seed", "4", "-o", "min:volatility", "--constraint", "trades>=1", "--fee", "0.002",
    )  # fmt: skip
    first = ask(*words, "--json").document
    kept = json.loads((Path(first["folder"]) / "report.json").read_text(encoding="utf-8"))
    again = ask(*shlex.split(kept["command"])[1:], "--json").document
    same = set(first) - {"run", "folder", "report"}
    for window in (*first["windows"], *again["windows"]):
        window["out_of_sample"] = {n: v for n, v in window["out_of_sample"].items() if n not in ("dsr", "n_trials")}
    assert {name: first[name] for name in same} == {name: again[name] for name in same}
    assert first["plan"]["embargo"] == "6h"


def test_every_set_is_counted_as_a_trial(ask) -> None:
    found = ask(*WALK, "--json").document
    listed = ask("trials", "--json").document
    assert found["tried"] == 12
    assert "walk-forward" in json.dumps(listed)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-w", "900"), "too few for 900 windows"),
        (("--train", "70"), "between 0 and 1"),
        (("--test-bars", "3000"), "that takes"),
        (("--purge", "a while"), "is no gap"),
        (("--space", "medium=3"), "no parameter 'medium'"),
        (("--space", "fast"), "names no values"),
        (("--space", "fast=7"), "given twice"),
        (("--param", "fast=7"), "turned and has a fixed value"),
        (("--objective", "luck"), "no figure 'luck'"),
        (("--constraint", "many trades"), "not a limit"),
    ],
)
def test_bad_settings_end_in_one_message(ask, words: tuple[str, ...], message: str) -> None:
    answer = ask(*WALK, *words, "--json")
    assert answer.code == 3
    assert message in answer.error["message"]
    assert answer.error["fix"] or answer.error["where"]


def test_every_combination_of_groups_can_test(ask) -> None:
    words = (*WALK[:-2], "--scheme", "cpcv", "--groups", "5", "--embargo", "1d")
    found = ask(*words, "--json").document
    assert (found["kind"], len(found["splits"]), len(found["path_sharpe"])) == ("cross-validation", 10, 4)
    kept = json.loads((Path(found["folder"]) / "report.json").read_text(encoding="utf-8"))
    assert ask(*shlex.split(kept["command"])[1:], "--json").document["splits"] == found["splits"]
    assert "cross-validated  [SYNTHETIC DATA]" in ask(*words).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--scheme", "magic"), "there is no scheme 'magic'"),
        (("--scheme", "cpcv"), "--windows means nothing to the scheme cpcv"),
        (("--groups", "4"), "--groups means nothing to the scheme windows"),
    ],
)
def test_an_option_of_the_other_scheme_is_refused(ask, words: tuple[str, ...], message: str) -> None:
    answer = ask(*WALK, *words, "--json")
    assert answer.code == 3
    assert message in answer.error["message"]


def test_an_interrupt_keeps_what_is_done_and_says_how_to_make_the_whole(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from tradewind.operations import walk_forward as operation

    walk = operation.walk_forward

    def cut_off(*given, progress, **named):
        def stop(stage: str, done: int, total: int) -> None:
            progress(stage, done, total)
            if stage == "walking" and 2 * done > total:
                raise KeyboardInterrupt

        return walk(*given, progress=stop, **named)

    monkeypatch.setattr(operation, "walk_forward", cut_off)
    answer = ask(*WALK, "--json")
    found = answer.document
    assert answer.code == 130
    assert found["interrupted"]
    assert 0 < len(found["windows"]) < found["windows_planned"] == 3
    assert "interrupted: the windows that are done are kept" in answer.err
    assert "tradewind walk-forward sma_cross --windows 3" in answer.err
    assert "Interrupted: " in Path(found["report"]).read_text(encoding="utf-8")

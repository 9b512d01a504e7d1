"""`tradewind validate`: one verdict over stored data, kept, told by the exit code, and made again by its command."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tradewind.core.domain.errors import BadInput
from tradewind.interfaces.cli.validate import EXIT_CODES
from tradewind.research.gate import QUESTIONS, Verdict

VALIDATE = ("validate", "sma_cross", "-s", "BTC/USDT", "--space", "fast=5,10", "--space", "slow=20:40:20", "-w", 3)
PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")
LENIENT = '[trades]\nleast = 1\nreason = "one is enough for a test"\n'


def test_the_exit_code_is_the_verdict_and_all_is_kept(ask, home: Path) -> None:
    answer = ask(*VALIDATE, "--json")
    found = answer.document
    assert answer.code == EXIT_CODES[found["outcome"]] != 0
    assert [check["name"] for check in found["checks"]] == list(QUESTIONS)
    assert all(check["reason"] for check in found["checks"])
    assert set(found["deciding"]) <= {c["name"] for c in found["checks"] if c["outcome"] in ("failed", "undefined")}
    kept = json.loads((Path(found["folder"]) / "report.json").read_text(encoding="utf-8"))
    assert (kept["kind"], kept["checks"]) == ("validate", found["checks"])
    page = Path(found["report"]).read_text(encoding="utf-8")
    assert found["outcome"] in page
    assert "Synthetic data" in page
    assert "tradewind walk-forward sma_cross" in page
    row = re.search(r"^\| `validate` \| (`run`.*) \|$", PAGE, re.MULTILINE)
    assert row is not None
    assert set(found) == set(re.findall(r"`([a-z_]+)`", row[1]))


def test_every_verdict_has_an_exit_code_of_its_own_and_the_page_names_it() -> None:
    assert set(EXIT_CODES) == set(Verdict)
    assert len(set(EXIT_CODES.values())) == 3
    assert EXIT_CODES[Verdict.PROMOTE] == 0
    for verdict in (Verdict.REJECT, Verdict.NOT_ENOUGH):
        assert f"| {EXIT_CODES[verdict]} | | `validate`: {verdict} |" in PAGE
        assert EXIT_CODES[verdict] not in (1, 2, BadInput.exit_code, 4, 5, 6, 7)


def test_people_read_every_check_and_the_verdict(ask) -> None:
    answer = ask(*VALIDATE)
    assert "SmaCross on BTC/USDT 1h, validated  [SYNTHETIC DATA]" in answer.out
    for question in QUESTIONS.values():
        assert question.label in answer.out
    assert "\\u" not in answer.out
    assert answer.out.splitlines()[-1].startswith("report ")


def test_the_command_on_the_page_makes_the_same_validation_again(ask) -> None:
    words = (*VALIDATE, "--train", "0.6", "--purge", "5", "--seed", "4", "-m", "random", "-n", "3", "--fee", "0.002")
    first = ask(*words, "--json").document
    kept = json.loads((Path(first["folder"]) / "report.json").read_text(encoding="utf-8"))
    again = ask(*shlex.split(kept["command"])[1:], "--json").document
    for document in (first, again):
        for window in document["walk_forward"]["windows"]:  # a test's own deflation knows the trials before it
            window["out_of_sample"] = {k: v for k, v in window["out_of_sample"].items() if k not in ("dsr", "n_trials")}
    same = set(first) - {"run", "folder", "report"}
    assert {name: first[name] for name in same} == {name: again[name] for name in same}
    assert first["seed"] == 4


def test_every_set_of_search_trainings_and_tests_is_counted(ask) -> None:
    found = ask(*VALIDATE, "--json").document
    assert found["luck"]["counted"] is True
    assert found["luck"]["trials"] == 4 + 3 * 4 + 3
    assert '"validate"' in json.dumps(ask("trials", "--json").document)


def test_a_gate_of_ones_own_decides(ask, home: Path) -> None:
    Path("mine.toml").write_text(LENIENT, encoding="utf-8")
    answer = ask(*VALIDATE, "--gate", "mine.toml", "--json")
    assert answer.code == 0
    found = answer.document
    assert found["outcome"] == "PROMOTE"
    assert found["gate"]["source"] == "mine.toml"
    assert any("The gate does not ask: " in warning for warning in found["warnings"])


def test_too_little_data_is_not_enough_evidence_and_is_kept(ask) -> None:
    answer = ask(*VALIDATE, "--end", "2024-01-03", "--json")
    assert answer.code == EXIT_CODES[Verdict.NOT_ENOUGH]
    assert "too few" in answer.document["walk_forward"]["why"]
    assert Path(answer.document["report"]).is_file()


def test_an_interrupt_keeps_nothing(ask, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tradewind.research.validate as module

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "simulate_trades", stop)
    answer = ask(*VALIDATE)
    assert answer.code == 130
    assert "nothing is left half-written" in answer.err
    assert not [folder for folder in (home / "runs").iterdir() if folder.is_dir()]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--gate", "nowhere.toml"), "the gate cannot be read"),
        (("--gate", "."), "the gate cannot be read"),
        (("-w", "0"), "from 1 to"),
        (("--train", "70"), "between 0 and 1"),
        (("--space", "medium=3"), "no parameter 'medium'"),
        (("--param", "fast=7"), "turned and has a fixed value"),
        (("--objective", "luck"), "no figure 'luck'"),
        (("--budget", "0"), "sets can be tried"),
        (("--seed", "-1"), "seed"),
    ],
)
def test_bad_settings_end_in_one_message(ask, words: tuple[str, ...], message: str) -> None:
    answer = ask(*VALIDATE, *words, "--json")
    assert answer.code == 3
    assert message in answer.error["message"]

"""The gate: which verdict follows from which answers, and what a file of one's own may hold."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind import BadInput
from tradewind.core.performance.undefined import Undefined
from tradewind.research.gate import QUESTIONS, Moot, Outcome, Role, Verdict, gate_from, judge, usual_gate

GATE = usual_gate()
GOOD = {name: bound.value for name, bound in GATE.bounds.items()}
"""Each answer exactly at its bound, which is good enough."""
WORSE = {name: value - 1.0 if QUESTIONS[name].least else value + 1.0 for name, value in GOOD.items()}
NOTHING = Undefined("nobody knows")


def of_role(role):
    return [name for name, question in QUESTIONS.items() if question.role is role]


def test_the_usual_gate_asks_everything_and_gives_its_reasons():
    assert set(GATE.bounds) == set(QUESTIONS)
    for bound in GATE.bounds.values():
        assert len(bound.reason) > 20


def test_answers_at_their_bounds_are_promoted():
    judged = judge(GOOD, GATE)
    assert judged.verdict == Verdict.PROMOTE
    assert judged.deciding == ()
    assert all(check.outcome is Outcome.PASSED for check in judged.checks)


@pytest.mark.parametrize("name", QUESTIONS)
def test_one_answer_beyond_its_bound_decides(name):
    judged = judge({**GOOD, name: WORSE[name]}, GATE)
    soft = QUESTIONS[name].role in (Role.ENOUGH, Role.RECORD)
    assert judged.verdict == (Verdict.NOT_ENOUGH if soft else Verdict.REJECT)
    assert [check.question.name for check in judged.deciding] == [name]


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("answer", [NOTHING, math.nan, math.inf, None])
def test_what_is_undefined_is_never_promoted(name, answer):
    answers = {**GOOD, name: answer} if answer is not None else {n: v for n, v in GOOD.items() if n != name}
    judged = judge(answers, GATE)
    assert judged.verdict == Verdict.NOT_ENOUGH
    assert judged.outcome(name) is Outcome.UNDEFINED
    assert judged.deciding[0].why


def test_what_is_unsound_is_rejected_whatever_else_is_missing():
    unsound = {name: WORSE[name] for name in of_role(Role.SOUND)}
    assert judge({**dict.fromkeys(QUESTIONS, NOTHING), **unsound}, GATE).verdict == Verdict.REJECT


def test_too_little_to_judge_by_comes_before_every_merit():
    answers = {**GOOD, "trades": 3.0, **{name: WORSE[name] for name in of_role(Role.MERIT)}}
    judged = judge(answers, GATE)
    assert judged.verdict == Verdict.NOT_ENOUGH
    assert [check.question.name for check in judged.deciding] == ["trades"]


def test_a_missing_merit_comes_before_what_is_undefined_and_a_short_record():
    answers = {**GOOD, "efficiency": NOTHING, "track_record": 0.5, "dsr": 0.2}
    judged = judge(answers, GATE)
    assert judged.verdict == Verdict.REJECT
    assert [check.question.name for check in judged.deciding] == ["dsr"]


def test_a_question_that_does_not_arise_stands_in_nobodys_way_and_says_why():
    judged = judge({**GOOD, "pbo": Moot("nothing was chosen")}, GATE)
    assert judged.verdict == Verdict.PROMOTE
    check = next(check for check in judged.checks if check.question.name == "pbo")
    assert (check.outcome, check.value, check.why) == (Outcome.MOOT, None, "nothing was chosen")


figures = st.one_of(st.floats(-5.0, 100.0), st.just(NOTHING))


@settings(deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(QUESTIONS, figures)), st.sampled_from(sorted(QUESTIONS)))
def test_a_better_answer_never_costs_a_promotion(answers, name):
    before = judge(answers, GATE)
    after = judge({**answers, name: GOOD[name]}, GATE)
    failing = {c.question.name for c in before.checks if c.outcome is not Outcome.PASSED}
    assert {c.question.name for c in after.checks if c.outcome is not Outcome.PASSED} == failing - {name}
    assert (before.verdict == Verdict.PROMOTE) == (not failing)


def test_a_gate_of_ones_own_asks_only_what_it_names():
    own = gate_from('[profit]\nleast = 0.1\nreason = "worth the work"\n', "mine.toml")
    judged = judge({"profit": 0.2}, own)
    assert judged.verdict == Verdict.PROMOTE
    assert judged.outcome("dsr") is Outcome.NOT_ASKED
    assert judge({"profit": 0.05}, own).verdict == Verdict.REJECT
    assert own.hash != GATE.hash


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "asks nothing"),
        ("[profit", "not valid TOML"),
        ('[profits]\nleast = 1\nreason = "x"', r"\[profits\], which is not known"),
        ('[profit]\nmost = 1\nreason = "x"', r"\[profit\] has most, reason"),
        ("[profit]\nleast = 1", r"\[profit\] has least"),
        ('[profit]\nleast = "much"\nreason = "x"', "not a number"),
        ('[profit]\nleast = nan\nreason = "x"', "not a number"),
        ('[profit]\nleast = true\nreason = "x"', "not a number"),
        ('[profit]\nleast = 1\nreason = " "', "no reason"),
        ("profit = 1", r"\[profit\] has 1"),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused_with_what_to_do(text, message):
    with pytest.raises(BadInput, match=message) as refused:
        gate_from(text, "mine.toml")
    assert refused.value.where == "mine.toml"
    assert refused.value.fix

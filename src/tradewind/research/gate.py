"""The gate: questions about a strategy, a bound for each, and the verdict that follows from the answers.

    judge(figures, usual_gate()).verdict

A figure that does not exist passes nothing: it stands as undefined, with its reason, and keeps a strategy from being
promoted. A question that does not arise (nothing was chosen, so nothing can be overfitted by choosing) is moot, and
says why.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance.undefined import Undefined


class Role(StrEnum):
    """What a question is about, in the order in which answers decide; see `judge`."""

    SOUND = "sound"
    ENOUGH = "enough to judge"
    MERIT = "merit"
    RECORD = "record"


class Verdict(StrEnum):
    """What the gate says."""

    PROMOTE = "PROMOTE"
    REJECT = "REJECT"
    NOT_ENOUGH = "NOT ENOUGH EVIDENCE"


class Outcome(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNDEFINED = "undefined"
    MOOT = "does not arise"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Moot:
    """Why a question does not arise."""

    reason: str


Answer = float | Undefined | Moot


@dataclass(frozen=True, slots=True)
class Question:
    """One thing the gate can ask. `bound` is `least` where the figure must not be below it, `most` where not above.

    `unit` is how it is written: a `count`, a `share` (percent), a `ratio`.
    """

    name: str
    label: str
    meaning: str
    role: Role
    bound: str
    unit: str

    @property
    def least(self) -> bool:
        """Whether more is better."""
        return self.bound == "least"


ROWS = (
    ("data_errors", "Data errors", "impossible or damaged candles", Role.ENOUGH, "most", "count"),
    ("lookahead", "Look-ahead", "findings of the look-ahead check", Role.SOUND, "most", "count"),
    ("sets_failed", "Sets that failed", "of the parameter sets tried", Role.ENOUGH, "most", "share"),
    ("windows_tested", "Windows tested", "of the walk-forward's windows", Role.ENOUGH, "least", "share"),
    ("trades", "Trades", "out of sample", Role.ENOUGH, "least", "count"),
    ("periods", "Periods", "daily returns (or longer bars') out of sample", Role.ENOUGH, "least", "count"),
    ("profit", "Return", "of the joined tests", Role.MERIT, "least", "share"),
    ("efficiency", "Efficiency", "of the growth in training was left in the tests", Role.MERIT, "least", "share"),
    ("consistency", "Consistency", "of the windows earned in their test", Role.MERIT, "least", "share"),
    ("dsr", "Deflated Sharpe ratio", "chance to be above the luck of all trials", Role.MERIT, "least", "share"),
    ("pbo", "Overfitting (PBO)", "of the splits chose what was below the median", Role.MERIT, "most", "share"),
    ("loss_after_choice", "Loss after choosing", "of the splits chose what then lost", Role.MERIT, "most", "share"),
    ("random_entry", "Random entry", "of random timings do as well", Role.MERIT, "most", "share"),
    ("bootstrap_profit", "Redrawn trades that earn", "of the tests' trades redrawn", Role.MERIT, "least", "share"),
    ("ruin", "Ruin", "of the redrawn accounts lose half", Role.MERIT, "most", "share"),
    ("break_even", "Break-even costs", "times the costs leave the tests nothing", Role.MERIT, "least", "ratio"),
    ("regime_share", "Best regime's part", "of all gains came from one regime", Role.MERIT, "most", "share"),
    ("without_best", "Without the best", "return of the tests less their best trades", Role.MERIT, "least", "share"),
    ("track_record", "Track record", "length of the tests over what is needed", Role.RECORD, "least", "ratio"),
)
QUESTIONS: dict[str, Question] = {row[0]: Question(*row) for row in ROWS}
"""Everything the gate can ask, in the order in which it is shown."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a question's answer stops being good enough, and why there."""

    value: float
    reason: str


@dataclass(frozen=True)
class Gate:
    """Bounds by question. `source` says where they come from, `hash` fixes them."""

    bounds: Mapping[str, Bound]
    source: str
    hash: str


@dataclass(frozen=True, slots=True)
class Check:
    """One question with its answer. `value` is None where there is none, and `why` says why."""

    question: Question
    outcome: Outcome
    value: float | None
    bound: Bound | None
    why: str = ""


@dataclass(frozen=True)
class Judgement:
    """The verdict, every check, and the checks that decided."""

    verdict: Verdict
    checks: tuple[Check, ...]
    deciding: tuple[Check, ...]

    def outcome(self, name: str) -> Outcome:
        """How one check ended."""
        return next(check.outcome for check in self.checks if check.question.name == name)


def judge(answers: Mapping[str, Answer], gate: Gate) -> Judgement:
    """Hold each answer against its bound. The first of these that is so gives the verdict:

    1. what must be sound is not                           REJECT
    2. there is not enough to judge by, or nobody knows    NOT ENOUGH EVIDENCE
    3. a merit is missing                                  REJECT
    4. the record is too short, or an answer is undefined  NOT ENOUGH EVIDENCE
    5. else                                                PROMOTE
    """
    checks = tuple(_check(question, answers, gate) for question in QUESTIONS.values())

    def found(*wanted: tuple[Role, Outcome]) -> tuple[Check, ...]:
        return tuple(check for check in checks if (check.question.role, check.outcome) in wanted)

    failed, undefined = Outcome.FAILED, Outcome.UNDEFINED
    for verdict, deciding in (
        (Verdict.REJECT, found((Role.SOUND, failed))),
        (Verdict.NOT_ENOUGH, found((Role.ENOUGH, failed), (Role.ENOUGH, undefined))),
        (Verdict.REJECT, found((Role.MERIT, failed))),
        (Verdict.NOT_ENOUGH, found((Role.RECORD, failed), *((role, undefined) for role in Role))),
    ):
        if deciding:
            return Judgement(verdict, checks, deciding)
    return Judgement(Verdict.PROMOTE, checks, ())


def _check(question: Question, answers: Mapping[str, Answer], gate: Gate) -> Check:
    answer = answers.get(question.name, Undefined("it was not looked at"))
    bound = gate.bounds.get(question.name)
    if not isinstance(answer, Undefined | Moot) and not math.isfinite(answer):
        answer = Undefined("the figure is not a number")
    value = None if isinstance(answer, Undefined | Moot) else float(answer)
    why = answer.reason if isinstance(answer, Undefined | Moot) else ""
    if bound is None:
        return Check(question, Outcome.NOT_ASKED, value, None, why)
    if isinstance(answer, Moot):
        return Check(question, Outcome.MOOT, None, bound, why)
    if value is None:
        return Check(question, Outcome.UNDEFINED, None, bound, why)
    good = value >= bound.value if question.least else value <= bound.value
    return Check(question, Outcome.PASSED if good else Outcome.FAILED, value, bound)


@cache
def usual_gate() -> Gate:
    """The bounds that come with Tradewind: `gate.toml` beside this file."""
    return gate_from((files("tradewind.research") / "gate.toml").read_text(encoding="utf-8"), "the usual gate")


def gate_from(text: str, source: str) -> Gate:
    """Read a gate as TOML: a table for each question, with `least` or `most` and a `reason`.

    Raises BadInput for what is no TOML, an unknown question, a bound of the wrong direction, a missing reason.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadInput(f"it is not valid TOML: {problem}", where=source, fix="Correct it at the line named") from None
    if not tables:
        raise BadInput("the gate asks nothing", where=source, fix=f"Ask one of: {', '.join(QUESTIONS)}")
    bounds = {name: _bound(name, table, source) for name, table in tables.items()}
    return Gate(bounds, source, hashlib.sha256(text.encode()).hexdigest())


def _bound(name: str, table: Any, source: str) -> Bound:
    question = QUESTIONS.get(name)
    if question is None:
        near = difflib.get_close_matches(name, QUESTIONS, 1)
        hint = f"Did you mean [{near[0]}]?" if near else f"It can ask: {', '.join(QUESTIONS)}"
        raise BadInput(f"the gate asks [{name}], which is not known", where=source, fix=hint)
    word = question.bound
    if not isinstance(table, dict) or set(table) != {word, "reason"}:
        raise BadInput(
            f"[{name}] has {', '.join(table) if isinstance(table, dict) else repr(table)}",
            where=source,
            fix=f'Give it two lines: {word} = a number, reason = "why there"',
        )
    value, reason = table[word], table["reason"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(f"[{name}] {word} is {value!r}, not a number", where=source, fix=f"Such as {word} = 0.5")
    if not isinstance(reason, str) or not reason.strip():
        raise BadInput(f"[{name}] has no reason", where=source, fix='Say why the bound is there: reason = "..."')
    return Bound(float(value), reason.strip())

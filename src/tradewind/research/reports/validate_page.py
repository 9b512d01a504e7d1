"""The page of a validation: the verdict, every check with its reason, and the main picture of each stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tradewind.research.gate import Check, Outcome, Verdict
from tradewind.research.reports.study import Section, Study, Table, Text
from tradewind.research.reports.validate_pictures import stages
from tradewind.research.reports.wording import ABSENT, THIN, day, number, percent
from tradewind.research.validation import Validation

UNITS: dict[str, Callable[[float], str]] = {
    "count": lambda value: number(value, 0),
    "share": percent,
    "ratio": lambda value: number(value, 2),
}
TONES = {Outcome.PASSED: "gain", Outcome.FAILED: "loss"}
GOOD = {Verdict.PROMOTE: True, Verdict.REJECT: False, Verdict.NOT_ENOUGH: None}
WHAT_NEXT = {
    Verdict.PROMOTE: "It may go on to paper trading: the gate has seen the past only.",
    Verdict.REJECT: "Change the idea rather than its numbers: every further try on this data is counted and raises "
    "what luck can do.",
    Verdict.NOT_ENOUGH: "This is no refusal. What is missing is named; mostly it is more data, and sometimes trades.",
}
DECIDING_MAX = 4
KEY = ("profit", "dsr", "pbo", "random_entry", "break_even", "efficiency", "track_record")


def verdict_text(validated: Validation) -> str:
    """The verdict with what decided it, as one sentence."""
    deciding = validated.judgement.deciding
    if not deciding:
        outcomes = [check.outcome for check in validated.judgement.checks]
        passed, left_out = outcomes.count(Outcome.PASSED), outcomes.count(Outcome.NOT_ASKED)
        unasked = f"; {left_out} were not asked" if left_out else ""
        return f"{validated.verdict}: {passed} of {len(outcomes)} checks passed, none failed{unasked}"
    reasons = _reasons(deciding)
    told = "; ".join(reasons[:DECIDING_MAX])
    more = f"; and {len(reasons) - DECIDING_MAX} more" if len(reasons) > DECIDING_MAX else ""
    return f"{validated.verdict}: {told}{more}"


def _reasons(checks: Sequence[Check]) -> list[str]:
    """Each reason once: checks that nothing answers for the same reason are named together."""
    labels: dict[str, list[str]] = {}
    for check in checks:
        label = check.question.label
        labels.setdefault(reason_of(check).removeprefix(label), []).append(label)
    return [", ".join(names) + rest for rest, names in labels.items()]


def reason_of(check: Check) -> str:
    """One check in few words: `Efficiency 18.8 %, wanted at least 50.0 %`."""
    if check.value is None or check.bound is None:
        return f"{check.question.label}: {check.why}"
    return f"{check.question.label} {written(check)}, wanted {bound_text(check)}"


def written(check: Check) -> str:
    """A check's figure in its unit, for a page or a terminal, which has no narrow spaces."""
    return ABSENT if check.value is None else UNITS[check.question.unit](check.value).replace(THIN, " ")


def bound_text(check: Check) -> str:
    """`at least 30`."""
    if check.bound is None:
        return ""
    return f"at {check.question.bound} {UNITS[check.question.unit](check.bound.value)}".replace(THIN, " ")


def validate_study(
    validated: Validation,
    *,
    reports: Sequence[str] = (),
    currency: str = "",
) -> Study:
    """The page. `reports` are the commands that make each stage's own report."""
    bars = validated.markets[0].bars
    first, last = (day(int(bars.time[row])) for row in (0, -1))
    checks = {check.question.name: check for check in validated.judgement.checks}
    reported = [Section("Each stage's own report", [Text("These commands make them.", tuple(reports))])]
    return Study(
        title=f"{validated.strategy.__name__}, validated",
        subtitle=f"{', '.join(m.bars.symbol for m in validated.markets)} · {bars.timeframe} · {first} to {last}",
        verdict=verdict_text(validated).replace(" %", f"{THIN}%"),
        good=GOOD[validated.verdict],
        key_figures=[
            (checks[name].question.label, written(checks[name]), checks[name].question.meaning,
             TONES.get(checks[name].outcome, ""))
            for name in KEY
        ],
        warnings=cautions(validated),
        sections=[
            Section("The gate", [_gate(validated), Text(WHAT_NEXT[validated.verdict])], gate_note(validated)),
            *stages(validated, currency),
            *(reported if reports else []),
            Section("How this was done", [Text("", method_items(validated))]),
        ],
        hashes={"gate": validated.gate.hash},
    )  # fmt: skip


def gate_note(validated: Validation) -> str:
    """Where the bounds come from."""
    return f"The bounds are those of {validated.gate.source}. An undefined figure passes nothing."


def cautions(validated: Validation) -> list[str]:
    """What to know before believing the verdict."""
    said = []
    left_out = [c.question.label for c in validated.judgement.checks if c.outcome is Outcome.NOT_ASKED]
    if left_out:
        said.append(f"The gate does not ask: {', '.join(left_out)}")
    luck = validated.evidence.luck
    if not luck.counted:
        said.append(
            f"Trials were not counted: the deflated Sharpe ratio knows of this search's {luck.trials:,} sets only"
        )
    failed = len(validated.evidence.found.scores.failed)
    if failed:
        said.append(f"The strategy could not be run with {failed:,} of {len(validated.evidence.found.sets):,} sets")
    return said


def method_items(validated: Validation) -> tuple[str, ...]:
    """What was run, a sentence each."""
    search, luck = validated.evidence.found.plan, validated.evidence.luck
    axes = ", ".join(str(axis) for axis in search.space.axes)
    candidate = validated.candidate
    chosen = "none" if candidate is None else ", ".join(f"{k}={v}" for k, v in candidate.items()) or "no parameters"
    return (
        f"Searched: {len(validated.evidence.found.sets):,} sets by {search.method} for {search.objectives[0]}, "
        f"seed {search.seed}" + (f": {axes}" if axes else ": nothing is turned, so there is one set"),
        *([f"Held: {', '.join(f'{k}={v}' for k, v in validated.fixed.items())}"] if validated.fixed else []),
        f"The candidate: {chosen}",
        "The walk-forward chose again in each window by the same search, on the window's training bars only",
        f"Trials for the deflated Sharpe ratio: {luck.trials:,}"
        + (" in the ledger, this validation's own among them" if luck.counted else ", those of this search"),
    )


def _gate(validated: Validation) -> Table:
    rows = [
        (
            check.question.label,
            str(check.outcome),
            written(check),
            bound_text(check),
            check.question.meaning,
            check.why or (check.bound.reason if check.bound else ""),
        )
        for check in validated.judgement.checks
    ]
    return Table(
        "Every check of the gate", ("Check", "Outcome", "Figure", "Wanted", "Of what", "Why"), rows, (1, 3, 4, 5)
    )

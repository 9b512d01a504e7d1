"""A study's page holds its parts in their order, escapes every text, and is kept with its results as JSON."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tradewind.core.domain.errors import BadInput
from tradewind.research.reports import charts
from tradewind.research.reports.study import Pair, Picture, Section, Study, Table, Text, render_study, write_study

NAUGHTY = "</style><script>alert(1)</script>{{ 7 * 7 }}"
PICTURE = Picture(charts.lines(NAUGHTY, [0, 1], {NAUGHTY: [1.0, 2.0]}), NAUGHTY, NAUGHTY)
TABLE = Table(NAUGHTY, ["Set", NAUGHTY], [[NAUGHTY, "1.2"]], (1,), NAUGHTY, NAUGHTY)
STUDY = Study(
    title=f"Study {NAUGHTY}",
    subtitle=NAUGHTY,
    verdict=NAUGHTY,
    good=False,
    key_figures=(("Sharpe", NAUGHTY, NAUGHTY, "gain"),),
    warnings=(NAUGHTY,),
    sections=(
        Section("Scores", (Text(NAUGHTY, (NAUGHTY,)), TABLE, PICTURE), NAUGHTY),
        Section("Scores", (Pair((PICTURE, TABLE)), Text("quiet words", quiet=True))),
        Section(NAUGHTY, (Text("a"),)),
        Section("\u5e02\u5834", (Text("b"),)),
    ),
    command=f"tradewind {NAUGHTY}",
    hashes={NAUGHTY: NAUGHTY},
    created_ns=1_700_000_000 * 10**9,
    made_by="Tradewind",
    synthetic=True,
)


def test_no_text_of_a_study_becomes_markup() -> None:
    page = render_study(STUDY)
    assert "<script>alert" not in page
    assert "</style><script>" not in page
    assert "{{ 7 * 7 }}" in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 20


def test_sections_and_parts_stand_in_their_order_and_can_be_linked_to() -> None:
    page = render_study(STUDY)
    anchors = re.findall(r'<section id="([^"]+)"', page)
    assert anchors[:2] == ["at-scores", "at-scores-2"]
    assert len(set(anchors)) == len(anchors) == 5  # the last tells how to make it again
    assert [a for a in anchors[:4] if f'href="#{a}"' not in page] == []
    first = page[page.index('id="at-scores"') : page.index('id="at-scores-2"')]
    assert first.index("<ul>") < first.index("<table>") < first.index("<figure>")
    second = page[page.index('id="at-scores-2"') :]
    assert second.index('class="pair"') < second.index("<figure>") < second.index("<table>")


@pytest.mark.parametrize(("good", "word"), [(True, "Passed."), (False, "Not passed."), (None, "")])
def test_the_verdict_says_in_words_whether_it_passed(good: bool | None, word: str) -> None:
    page = render_study(replace(STUDY, good=good))
    assert ("Passed." in page or "Not passed." in page) == bool(word)
    assert word in page


def test_a_page_says_synthetic_only_of_invented_data() -> None:
    assert "Synthetic data." in render_study(STUDY)
    assert "Synthetic data." not in render_study(replace(STUDY, synthetic=False))


def test_a_date_in_a_table_is_never_broken_and_is_still_text() -> None:
    row = ["<b>2024-01-31 13:00</b>", "2021-12-05 to 2022-04-29", "12345-01-01-2"]
    page = render_study(Study("a", "b", "c", sections=(Section("s", (Table("t", ["x", "y", "z"], [row]),)),)))
    assert '&lt;b&gt;<span class="whole">2024-01-31 13:00</span>&lt;/b&gt;' in page
    assert page.count('class="whole"') == 3
    assert "<b>" not in page


def test_an_outcome_stands_out_by_a_mark_and_not_by_its_colour_alone() -> None:
    table = Table("t", ["Check", "Outcome", "Note"], [["a", "passed", "it passed"], ["b", "failed", "failed twice"]])
    page = render_study(Study("a", "b", "c", sections=(Section("s", (table,)),)))
    assert '<span class="outcome gain">\N{CHECK MARK} passed</span>' in page
    assert '<span class="outcome loss">\N{BALLOT X} failed</span>' in page
    assert page.count('class="outcome') == 2


def test_a_table_of_sentences_is_stacked_on_a_phone_and_a_table_of_figures_is_not() -> None:
    sentence = "Wilson's interval holds nineteen times in twenty."
    told = Table("t", ["Check", "Figure", "Wanted", "Why"], [["a", "1", "2", sentence]], (3,))
    figures = Table("t", ["Set", "p", "q", "r"], [["a", "1", "2", "3"]])
    assert told.stacked
    assert not figures.stacked
    assert not Table("t", ["Name", "Why"], [["a", sentence]], (1,)).stacked
    page = render_study(Study("a", "b", "c", sections=(Section("s", (told, figures)),)))
    assert page.count('class="stacked"') == 1
    assert 'data-head="Wanted">2</td>' in page


def test_a_study_is_kept_with_its_kind_and_its_results(tmp_path: Path) -> None:
    document = {"kind": "optimize", "scores": np.array([1.5, np.nan]), "n": np.int64(3), "best": {"fast": (1, 2)}}
    page = write_study(STUDY, document, tmp_path / "run")
    assert page == tmp_path / "run" / "report.html"
    kept = json.loads((tmp_path / "run" / "report.json").read_text())
    assert kept["kind"] == "optimize"
    assert kept["scores"] == [1.5, None]
    assert kept["best"] == {"fast": [1, 2]}
    assert kept["good"] is False
    assert kept["created_ns"] == STUDY.created_ns
    assert kept["command"] == STUDY.command
    assert len(list((tmp_path / "run").iterdir())) == 2


def test_a_study_says_its_kind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind"):
        write_study(STUDY, {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="the report cannot be written"):
        write_study(STUDY, {"kind": "optimize"}, tmp_path / "file" / "run")

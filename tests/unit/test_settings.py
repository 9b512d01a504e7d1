"""Settings: the file, the environment over it, and the name of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.errors import BadInput
from tradewind.settings import FILE_NAME, SETTINGS, load_settings, problem_with, settings_text


def test_without_anything_all_is_below_the_home_folder(tmp_path: Path) -> None:
    settings = load_settings({"TRADEWIND_HOME": str(tmp_path / "h")}, folder=tmp_path)
    assert (settings.data, settings.runs, settings.cache) == tuple(
        tmp_path / "h" / n for n in ("data", "runs", "cache")
    )
    assert (settings.exchange, settings.file) == ("binance", None)


def test_the_file_of_the_folder_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[folders]\ndata = "mine"\nruns = "~/r"\n[download]\nexchange = "okx"\n')
    settings = load_settings({}, folder=tmp_path)
    assert (settings.data, settings.runs, settings.exchange) == (tmp_path / "mine", Path.home() / "r", "okx")
    assert settings.file == tmp_path / FILE_NAME
    assert load_settings({"TRADEWIND_DATA": "other"}, folder=tmp_path).data == tmp_path / "other"
    elsewhere = tmp_path / "sub"
    elsewhere.mkdir()
    assert load_settings({"TRADEWIND_HOME": str(tmp_path)}, folder=elsewhere).exchange == "okx"
    assert load_settings({"TRADEWIND_CONFIG": "../tradewind.toml"}, folder=elsewhere).exchange == "okx"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[folders\n", "cannot be read"),
        ("\xff", "cannot be read"),
        ("home = 3\n", "unknown setting 'home'"),
        ("[folders]\ndtaa = 'x'\n", r"unknown setting 'dtaa' in \[folders\].*\[folders\] data"),
        ("[folders]\ndata = 3\n", r"\[folders\] data must be a text, not 3"),
        ("[download]\nexchange = ''\n", r"\[download\] exchange must be a text"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=message) as refused:
        load_settings({}, folder=tmp_path)
    assert refused.value.where == str(tmp_path / FILE_NAME)


def test_a_settings_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="TRADEWIND_CONFIG"):
        load_settings({"TRADEWIND_CONFIG": "none.toml"}, folder=tmp_path)


def test_the_file_that_is_written_changes_nothing_and_shows_everything(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(settings_text({}))
    assert load_settings({}, folder=tmp_path).data == Path.home() / ".tradewind" / "data"
    text = settings_text({})
    assert all(f"{setting.name} = " in text and setting.variable in text for setting in SETTINGS)
    (tmp_path / FILE_NAME).write_text(text.replace("# data =", "data ="))
    assert load_settings({}, folder=tmp_path).data == Path.home() / ".tradewind" / "data"


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=40).filter(str.strip))
def test_every_answer_is_read_back_as_given(tmp_path_factory: pytest.TempPathFactory, answer: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / FILE_NAME).write_text(settings_text({"exchange": answer}), encoding="utf-8")
    assert load_settings({}, folder=folder).exchange == answer


def test_answers_that_will_not_do_are_explained(tmp_path: Path) -> None:
    settings = {setting.name: setting for setting in SETTINGS}
    (tmp_path / "file").write_text("")
    assert problem_with(settings["data"], "file", tmp_path) == f"{tmp_path / 'file'} is a file, not a folder"
    assert problem_with(settings["data"], "new", tmp_path) is None
    assert problem_with(settings["exchange"], "Binance!", tmp_path) is not None
    assert problem_with(settings["exchange"], "okx", tmp_path) is None
    assert problem_with(settings["data"], " ", tmp_path) is not None

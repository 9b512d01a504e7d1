"""Readers of tables are listened to, answered for, and put back; so are files that Python opens."""

import numpy as np
import pandas as pd
import pytest

from tradewind.research.files_read import files_read
from tradewind.research.readers import answering


def tenfold_of(path):
    with answering(lambda value: value * 10) as heard:
        return pd.read_csv(path).x.tolist(), heard


def test_what_a_reader_gives_may_be_another_and_is_put_back_afterwards(tmp_path):
    path, absent = tmp_path / "a.csv", tmp_path / "absent.csv"
    pd.DataFrame({"x": [1, 2]}).to_csv(path, index=False)
    reader = pd.read_csv
    assert tenfold_of(path) == ([10, 20], [str(path)])
    with pytest.raises(FileNotFoundError):
        tenfold_of(absent)
    assert pd.read_csv is reader
    assert pd.read_csv(path).x.tolist() == [1, 2]


def test_files_that_are_opened_for_reading_are_heard_while_it_lasts(tmp_path):
    path, written = tmp_path / "a.npy", tmp_path / "b.txt"
    np.save(path, np.zeros(3))
    with files_read() as heard:
        np.load(path)
        np.load(path)
        written.write_text("x")
    np.load(path)
    assert heard == [str(path)]

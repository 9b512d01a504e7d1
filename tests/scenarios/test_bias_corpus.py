"""Every planted look-ahead is found, and no clean strategy is accused."""

import pytest
from bias_corpus.market import ONE
from bias_corpus.planted_columns import COLUMNS

from tradewind.research.lookahead import AHEAD, lookahead


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_that_looks_ahead_is_found_and_told(name):
    strategy, words = COLUMNS[name]
    result = lookahead(strategy, ONE, engine="interpreted")
    assert result.verdict == AHEAD, result
    found = next(f for f in result.findings if f.name == "signal")
    assert words in found.diagnosis
    assert found.diagnosis
    assert found.whole != found.part
    assert found.time_ns < found.known_until_ns

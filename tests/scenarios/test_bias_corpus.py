"""Every planted look-ahead is found, and no clean strategy is accused."""

import pytest
from bias_corpus import (
    clean_columns,
    clean_elsewhere,
    clean_fits,
    corners,
    planted_columns,
    planted_elsewhere,
    planted_files,
    planted_fits,
)
from bias_corpus.market import ONE, PAIR
from bundled_markets import symbols_of

from tradewind.core.domain.market_data import Bars, Funding
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.backtest import Market, instrument_for
from tradewind.research.lookahead import AHEAD, CLEAN, lookahead


def market_of(strategy):
    return ONE if strategy.symbols == 1 else PAIR


@pytest.mark.parametrize("name", planted_columns.COLUMNS)
def test_a_column_that_looks_ahead_is_found_and_told(name):
    strategy, words = planted_columns.COLUMNS[name]
    result = lookahead(strategy, ONE, engine="interpreted")
    assert result.verdict == AHEAD, result
    found = next(f for f in result.findings if f.name == "signal")
    assert words in found.diagnosis
    assert found.diagnosis
    assert found.whole != found.part
    assert found.time_ns < found.known_until_ns


@pytest.mark.parametrize("name", planted_fits.COLUMNS)
def test_a_column_that_was_fitted_smoothed_or_counted_on_all_of_the_bars_is_found(name):
    result = lookahead(planted_fits.COLUMNS[name], ONE, engine="interpreted")
    assert result.verdict == AHEAD, result
    assert all(finding.diagnosis for finding in result.findings)


@pytest.mark.parametrize("name", clean_fits.COLUMNS)
def test_the_same_on_the_bars_that_have_closed_is_not_accused(name):
    result = lookahead(clean_fits.COLUMNS[name], ONE, engine="interpreted")
    assert (result.verdict, result.findings) == (CLEAN, ())
    assert result.decisions > 5


@pytest.mark.parametrize("name", planted_elsewhere.ELSEWHERE)
def test_what_is_known_from_elsewhere_is_found(name):
    strategy = planted_elsewhere.ELSEWHERE[name]
    result = lookahead(strategy, market_of(strategy), engine="interpreted")
    assert result.verdict == AHEAD, result
    assert all(f.diagnosis for f in result.findings)


@pytest.mark.parametrize("name", corners.PLANTED)
def test_what_stands_in_a_corner_of_the_code_is_found(name):
    result = lookahead(corners.PLANTED[name], ONE, engine="interpreted")
    assert result.verdict == AHEAD, result
    assert all(f.diagnosis for f in result.findings)


@pytest.mark.parametrize("name", corners.CLEAN)
def test_who_has_the_past_there_or_a_seed_or_a_clock_is_not_accused(name):
    result = lookahead(corners.CLEAN[name], ONE, engine="interpreted")
    assert (result.verdict, result.findings) == (CLEAN, ())
    assert result.decisions > 5


@pytest.mark.parametrize("name", planted_files.FILES)
def test_what_is_known_from_a_file_is_found(name, tmp_path):
    result = lookahead(planted_files.FILES[name](tmp_path), ONE, engine="interpreted")
    assert result.verdict == AHEAD, result
    assert name == "a module beside it" or any(str(tmp_path) in note for note in result.notes)


@pytest.mark.parametrize("name", clean_columns.COLUMNS)
def test_a_clean_column_is_not_accused(name):
    result = lookahead(clean_columns.COLUMNS[name], ONE, engine="interpreted")
    assert (result.verdict, result.findings) == (CLEAN, ())
    assert result.decisions > 5 or name == "all undefined"


@pytest.mark.parametrize("name", clean_elsewhere.ELSEWHERE)
def test_a_clean_strategy_with_data_of_its_own_is_not_accused(name):
    strategy = clean_elsewhere.ELSEWHERE[name]
    result = lookahead(strategy, market_of(strategy), engine="interpreted")
    assert (result.verdict, result.findings) == (CLEAN, ())
    assert result.decisions > 0


@pytest.mark.parametrize("name", clean_elsewhere.FILES)
def test_a_clean_strategy_that_reads_a_file_is_not_accused(name, tmp_path):
    result = lookahead(clean_elsewhere.FILES[name](tmp_path), ONE, engine="interpreted")
    assert (result.verdict, result.findings) == (CLEAN, ())
    assert any(str(tmp_path) in note for note in result.notes)


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_bundled_strategy_is_accused(name):
    made = synthetic_market(SyntheticMarket(symbols_of(name), "1h", bars=1_000, seed=11, correlation=0.9))
    markets = [
        Market(
            bars, instrument_for(symbol), next((f for f in made if isinstance(f, Funding) and f.symbol == symbol), None)
        )
        for symbol in symbols_of(name)
        for bars in made
        if isinstance(bars, Bars) and bars.symbol == symbol
    ]
    result = lookahead(STRATEGIES[name], markets, engine="interpreted")
    assert (result.verdict, result.findings) == (CLEAN, ())
    assert result.decisions > 0


def test_the_corpus_is_as_large_as_it_should_be():
    assert len(planted_columns.COLUMNS) + len(planted_elsewhere.ELSEWHERE) + len(planted_files.FILES) >= 50
    assert len(clean_columns.COLUMNS) + len(clean_elsewhere.ELSEWHERE) + len(STRATEGIES) >= 50

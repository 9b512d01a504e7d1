"""The examples run, trade, compile and say what they are."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tradewind import SyntheticBook, SyntheticMarket, backtest, book_backtest, synthetic_book, synthetic_market
from tradewind.operations.strategies import strategy_named

EXAMPLES = Path(__file__).parents[2] / "examples"
STRATEGIES = ("dips_in_an_uptrend", "own_indicator")
SCRIPTS = ("compare_parameters",)
IN_THE_BOOK = ("market_maker",)


@pytest.fixture(scope="module")
def bars():
    return synthetic_market(SyntheticMarket(("DEMO/USDT:USDT",), "1h", bars=6_000, seed=7))[0]


def module_of(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_known_here_and_on_its_page():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*STRATEGIES, *SCRIPTS, *IN_THE_BOOK}
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert not [path.name for path in EXAMPLES.glob("*.py") if f"`{path.name}`" not in page]


@pytest.mark.parametrize("name", STRATEGIES)
def test_an_example_strategy_trades_alike_in_both_engines_and_no_order_is_refused(name, bars):
    strategy = strategy_named(str(EXAMPLES / f"{name}.py"))
    assert strategy.__doc__
    assert all(parameter.help for parameter in strategy.parameters.values())
    compiled = backtest(strategy, bars, engine="compiled")
    interpreted = backtest(strategy, bars, engine="interpreted")
    assert compiled.metrics["trades"] > 10
    assert compiled.run.refusals == ()
    assert compiled.run.decision_hash == interpreted.run.decision_hash
    assert np.array_equal(compiled.run.fills, interpreted.run.fills)


@pytest.mark.parametrize("name", IN_THE_BOOK)
def test_an_example_in_the_order_book_is_filled_alike_in_both_engines(name):
    strategy = strategy_named(str(EXAMPLES / f"{name}.py"))
    assert strategy.__doc__
    assert all(parameter.help for parameter in strategy.parameters.values())
    recording = synthetic_book(SyntheticBook(seconds=60.0, seed=7, gaps=1))
    compiled, interpreted = (book_backtest(strategy, recording, engine=e) for e in ("compiled", "interpreted"))
    assert compiled.run.decision_hash == interpreted.run.decision_hash
    assert np.array_equal(compiled.run.fills, interpreted.run.fills)
    assert compiled.queue["maker_fills"] > 10
    assert compiled.queue["taker_fills"] == 0, "all of its quotes are post-only"
    # Two quotes of one size: it holds at most its limit, and what the second one adds on its way.
    assert abs(compiled.inventory).max() <= (5 + 1) * 0.01 + 1e-9
    assert compiled.gaps == 1


def test_the_example_of_an_indicator_is_its_formula(bars):
    length = 24
    indicator = module_of("own_indicator").Efficiency(length)
    for i, price in enumerate(bars.close[:500].tolist()):
        indicator.update(price)
        if i >= length:
            window = bars.close[i - length : i + 1]
            expected = abs(window[-1] - window[0]) / np.abs(np.diff(window)).sum()
            assert indicator.value == pytest.approx(expected, rel=1e-9)
    assert indicator.ready


def test_the_example_of_several_runs_prints_a_row_for_each(capsys):
    script = module_of("compare_parameters")
    script.main()
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 1 + len(script.SETS)
    assert len({line.split()[2] for line in printed[1:]}) == len(script.SETS), "other parameters, other results"

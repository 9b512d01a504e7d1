"""Downloads that are cut off, fail, go on, and never invent, lose or leave a hole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
from tradewind.core.domain.data_sets import AnySeries, DataKey, Provenance
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.market_data import Bars, Kind
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.operations import data_download
from tradewind.operations.data_download import ATTEMPTS_MAX, Downloaded, download

HOUR = 3_600_000_000_000
START = 1_704_067_200_000_000_000
KEY = DataKey("BTC/USDT", Kind.CANDLES, "1h")


class PastOfAnExchange:
    """An exchange in memory. It breaks at the questions it is told to: `None` is a time-out, an error is raised."""

    name = "memory"

    def __init__(self, series: AnySeries, breaks: dict[int, BaseException | None] | None = None) -> None:
        self.series, self.breaks, self.asked = series, breaks or {}, 0

    def check(self, key: DataKey) -> None:
        if key.symbol != self.series.symbol:
            raise BadInput(f"memory has no symbol {key.symbol!r}")

    def page(self, key: DataKey, since_ns: int, rows_max: int) -> AnySeries:
        self.asked += 1
        if self.asked in self.breaks:
            raise self.breaks[self.asked] or Unavailable("time-out")
        return self.series.slice(since_ns).rows(slice(0, rows_max))


def past(bars: int = 400, seed: int = 1) -> Bars:
    series = synthetic_market(SyntheticMarket(bars=bars, seed=seed))[0]
    assert isinstance(series, Bars)
    return series


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_download, "PAGE_ROWS", 7)
    monkeypatch.setattr(data_download, "PAGES_A_WINDOW", 3)


def bring(
    catalogue: ParquetCatalogue,
    history: PastOfAnExchange,
    hours: tuple[int, int | None] = (0, None),
    now_hours: float = 400,
    key: DataKey = KEY,
    waits: list[float] | None = None,
) -> Downloaded:
    first, last = hours
    return download(
        key,
        START + first * HOUR,
        None if last is None else START + last * HOUR,
        catalogue=catalogue,
        history=history,
        now_ns=lambda: START + int(now_hours * HOUR),
        sleep=(waits if waits is not None else []).append,
    )


def test_a_download_is_the_past_of_the_exchange(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    done = bring(catalogue, PastOfAnExchange(past()), (50, 300))
    assert (done.rows_new, done.retries) == (250, 0)
    np.testing.assert_array_equal(catalogue.bars("BTC/USDT", "1h").close, past().close[50:300])
    assert done.stored is not None
    assert done.stored.sources == ("downloaded from memory",)


def test_the_bar_that_is_not_closed_is_left_out(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    bring(catalogue, PastOfAnExchange(past()), now_hours=99.9)
    assert catalogue.info(KEY).last_ns == START + 98 * HOUR


@settings(max_examples=40, deadline=None)
@given(
    spans=st.lists(st.tuples(st.integers(0, 390), st.integers(0, 400)), min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, 12), max_size=4),
    missing=st.sets(st.integers(0, 399), max_size=60),
)
def test_whatever_is_cut_off_the_stored_rows_have_no_hole(
    spans: list[tuple[int, int]], cuts: list[int], missing: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    catalogue = ParquetCatalogue(tmp_path_factory.mktemp("cut"))
    whole = past().rows(np.array(sorted(set(range(400)) - missing), dtype=np.int64))
    asked = [span for span in spans if span[0] < span[1]]
    for number, span in enumerate(asked):
        cut = {cuts[number]: KeyboardInterrupt()} if number < len(cuts) else {}
        try:
            bring(catalogue, PastOfAnExchange(whole, cut), span)
        except KeyboardInterrupt:
            continue
        low, high = START + span[0] * HOUR, START + span[1] * HOUR
        expected = whole.slice(low, high).time
        stored = catalogue.bars("BTC/USDT", "1h", low, high).time if catalogue.data_sets() else expected[:0]
        np.testing.assert_array_equal(stored, expected)
    if catalogue.data_sets():
        bars = catalogue.bars("BTC/USDT", "1h")
        inside = whole.slice(int(bars.time[0]), int(bars.time[-1]) + 1)
        np.testing.assert_array_equal(bars.time, inside.time)
        np.testing.assert_array_equal(bars.close, inside.close)


def test_a_second_download_asks_for_what_is_new_only(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    bring(catalogue, PastOfAnExchange(past()), (0, 300))
    again = PastOfAnExchange(past())
    assert bring(catalogue, again, (0, 310)).rows_new == 10
    assert again.asked == 2
    assert bring(catalogue, PastOfAnExchange(past()), (0, 310)).rows_new == 0


def test_a_time_out_is_asked_again_with_growing_pauses(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    waits: list[float] = []
    done = bring(catalogue, PastOfAnExchange(past(), {2: None, 3: None, 4: None}), (0, 50), waits=waits)
    assert (done.rows_new, done.retries, waits) == (50, 3, [1.0, 2.0, 4.0])


def test_an_exchange_that_stays_silent_is_given_up_and_the_rest_is_kept(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    silent = PastOfAnExchange(past(), dict.fromkeys(range(8, 100)))
    waits: list[float] = []
    with pytest.raises(Unavailable, match=rf"after {ATTEMPTS_MAX} attempts: time-out.*goes on where"):
        bring(catalogue, silent, (0, 300), waits=waits)
    assert len(waits) == ATTEMPTS_MAX - 1
    assert catalogue.info(KEY).rows == 42
    assert bring(catalogue, PastOfAnExchange(past()), (0, 300)).rows_new == 258


def test_a_history_that_begins_later_is_waited_for(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    listed_later = PastOfAnExchange(past().slice(START + 200 * HOUR))
    assert bring(catalogue, listed_later, (0, 260)).rows_new == 60
    nothing = bring(ParquetCatalogue(tmp_path / "other"), PastOfAnExchange(past().slice(START + 200 * HOUR)), (0, 100))
    assert (nothing.rows_new, nothing.stored) == (0, None)


def test_funding_and_mark_prices_come_too(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    _, funding, marks = synthetic_market(SyntheticMarket(("BTC/USDT:USDT",), bars=400))
    for series in (funding, marks):
        key = DataKey("BTC/USDT:USDT", series.KIND)
        assert bring(catalogue, PastOfAnExchange(series), key=key).rows_new == 50
        np.testing.assert_array_equal(catalogue.read(key).time, series.time)


def test_nothing_is_asked_in_vain(tmp_path: Path) -> None:
    catalogue = ParquetCatalogue(tmp_path)
    history = PastOfAnExchange(past())
    with pytest.raises(BadInput, match="nothing is closed"):
        bring(catalogue, history, (500, None))
    with pytest.raises(BadInput, match="no symbol"):
        bring(catalogue, history, key=DataKey("DOGE/USDT", Kind.CANDLES, "1h"))
    catalogue.write(past(), Provenance("generator", synthetic=True, seed=1), now_ns=0)
    with pytest.raises(BadInput, match="synthetic"):
        bring(catalogue, history)
    assert history.asked == 0

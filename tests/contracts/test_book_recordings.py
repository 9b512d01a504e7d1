"""What every reader of recorded order books promises, held against the one there is."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradewind.adapters.book_recordings.binance_raw import BinanceRaw
from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.recording import PER_EVENT, PER_ROW
from tradewind.core.domain.synthetic_book import SyntheticBook, synthetic_book

START_MS = 1_700_000_000_000


def line(ms: int, content: dict, delay_ms: float = 5.0) -> str:
    return f"{(START_MS + ms) * 1_000_000 + round(delay_ms * 1_000_000)} {json.dumps(content)}"


def stream(name: str, ms: int, **content) -> str:
    data = {"e": name, "s": "BTCUSDT", "T": START_MS + ms, "E": START_MS + ms, **content}
    return line(ms, {"stream": f"btcusdt@{name}", "data": data})


def depth(ms: int, first: int, last: int, previous: int | None, bids=(), asks=()) -> str:
    numbers = {"U": first, "u": last} | ({} if previous is None else {"pu": previous})
    return stream("depthUpdate", ms, **numbers, b=[list(b) for b in bids], a=[list(a) for a in asks])


def quote(ms: int, number: int, bid: str = "100.0", ask: str = "100.1") -> str:
    return stream("bookTicker", ms, u=number, b=bid, B="1.000", a=ask, A="2.000")


def trade(ms: int, number: int, price: str = "100.0", size: str = "0.500", buyer_is_maker: bool = True, **more) -> str:
    return stream("trade", ms, t=number, p=price, q=size, m=buyer_is_maker, **({"X": "MARKET"} | more))


def snapshot(ms: int, last: int) -> str:
    content = {"lastUpdateId": last, "E": START_MS + ms, "T": START_MS + ms}
    return line(ms, content | {"bids": [["100.0", "1.000"]], "asks": [["100.1", "2.000"]]})


@pytest.fixture(params=["plain", "gzip"])
def write(request, tmp_path):
    def written(*lines: str):
        text = "\n".join(lines).encode() + b"\n"
        path = tmp_path / "book"
        path.write_bytes(gzip.compress(text) if request.param == "gzip" else text)
        return path

    return written


def test_every_kind_of_message_is_read_with_both_times_and_its_numbers(write):
    path = write(snapshot(0, 10), "", depth(1, 11, 12, 10, [("99.9", "0")]), quote(2, 12), trade(3, 7))
    recording = BinanceRaw().read(path)
    assert recording.symbol == "BTC/USDT:USDT"
    assert recording.kind.tolist() == [EventKind.SNAPSHOT, EventKind.DEPTH, EventKind.QUOTE, EventKind.TRADE]
    assert recording.last.tolist() == [10, 12, 12, 7]
    assert recording.previous[1] == 10
    assert (recording.time - START_MS * 1_000_000).tolist() == [0, 1_000_000, 2_000_000, 3_000_000]
    assert set((recording.local - recording.time).tolist()) == {5_000_000}
    assert recording.clock_shift_ns == 0
    assert (recording.end - recording.begin).tolist() == [2, 1, 2, 1]
    assert (str(recording.tick), str(recording.lot)) == ("0.1", "0.5")
    assert recording.said == ()


def test_the_side_of_a_trade_is_the_aggressors(write):
    recording = BinanceRaw().read(write(trade(0, 1, buyer_is_maker=True), trade(1, 2, buyer_is_maker=False)))
    _, side, price, size = recording.trades()
    assert side.tolist() == [-1, 1]
    assert (price.tolist(), size.tolist()) == ([100.0, 100.0], [0.5, 0.5])


def test_a_broken_line_is_left_out_and_the_first_one_is_named(write):
    broken = [
        '{"no": "time"}',
        "12 {}",
        f"{START_MS}000000 {{half",
        quote(1, 2)[:-9],
        depth(1, 1, 2, 0).replace("b", "z"),
    ]
    bad_price = [quote(1, 3, bid="nan"), trade(1, 3, price="-1"), trade(1, 3, size="many")]
    recording = BinanceRaw().read(write(quote(0, 1), *broken, *bad_price, quote(2, 5)))
    assert len(recording) == 2
    assert recording.counts["broken"] == len(broken) + len(bad_price)
    assert any(said.startswith("8 lines are broken") and "line 2: it does not begin" in said for said in recording.said)


def test_a_trade_told_twice_counts_once_and_numbers_left_out_are_counted(write):
    recording = BinanceRaw().read(write(trade(0, 1), trade(1, 2), trade(1, 2), trade(2, 5), trade(3, 1)))
    assert recording.last.tolist() == [1, 2, 5]
    assert recording.counts["repeated trades left out"] == 2
    assert recording.counts["missing trades"] == 2


def test_aggregated_trades_stand_in_only_where_there_are_no_single_ones(write):
    together = stream("aggTrade", 1, a=1, t=0, p="100.0", q="1.000", m=True)
    alone = BinanceRaw().read(write(together))
    assert alone.counts["trade"] == 1
    both = BinanceRaw().read(write(trade(0, 1), trade(1, 2), together))
    assert both.counts["trade"] == 2
    assert both.counts["aggregated trades left out"] == 1


def test_trades_that_did_not_meet_the_book_are_left_out(write):
    recording = BinanceRaw().read(write(trade(0, 1), trade(1, 2, X="INSURANCE_FUND"), trade(2, 3, size="0", X="NA")))
    assert recording.counts["trade"] == 1
    assert recording.counts["trades outside the book"] == 2


def test_a_recorder_whose_clock_is_behind_has_its_times_shifted_and_it_is_said(write):
    early = [quote(i, i + 1) for i in range(3)]
    late = [f"{int(text.split()[0]) - 2_000_000_000} {text.split(' ', 1)[1]}" for text in early]
    recording = BinanceRaw().read(write(*late))
    assert int((recording.local - recording.time).min()) == 1_000_000
    assert recording.clock_shift_ns == 1_996_000_000
    assert "clock" in recording.said[0]


def test_spot_changes_have_no_previous_number_and_begin_after_the_last(write):
    recording = BinanceRaw().read(write(depth(0, 5, 9, None, [("100.0", "1.0")])))
    assert recording.previous.tolist() == [4]
    assert recording.symbol == "BTC/USDT"


def test_other_streams_are_counted_and_left_alone(write):
    recording = BinanceRaw().read(
        write(quote(0, 1), stream("markPriceUpdate", 1, p="100.0"), line(2, {"result": None}))
    )
    assert recording.counts["other messages"] == 2
    assert len(recording) == 1


def test_a_packed_file_without_its_end_is_read_as_far_as_it_goes(tmp_path):
    path = tmp_path / "cut.gz"
    whole = gzip.compress("\n".join(quote(i, i + 1) for i in range(5_000)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    recording = BinanceRaw().read(path)
    assert 0 < len(recording) < 5_000
    assert any("cut off after line" in said for said in recording.said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "none of its 0 lines"),
        (b"time,open,high\n1,2,3\n", "none of its 2 lines is a message of an order book; line 1"),
        (b"\x89PNG\r\n\x1a\n" * 40, "none of its"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_what_one_looks_like(tmp_path, content, said):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=said) as caught:
        BinanceRaw().read(path)
    assert caught.value.fix


def test_a_missing_file_a_folder_and_several_symbols_are_refused(tmp_path, write):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BadInput):
            BinanceRaw().read(path)
    with pytest.raises(BadInput, match="several symbols: BTCUSDT, ETHUSDT"):
        BinanceRaw().read(write(quote(0, 1), quote(1, 2).replace("BTCUSDT", "ETHUSDT")))


def test_times_never_fall(write):
    recording = BinanceRaw().read(write(quote(5, 1), quote(3, 2), quote(9, 3)))
    assert (np.diff(recording.local) >= 0).all()
    assert (np.diff(recording.time) >= 0).all()
    assert recording.counts["local times that go back"] == 1


@pytest.mark.parametrize("name", ["made.txt", "made.gz"])
def test_what_is_written_is_read_back_to_the_last_bit(tmp_path, name):
    made = synthetic_book(SyntheticBook(seconds=5.0, seed=11, gaps=1))
    BinanceRaw().write(made, tmp_path / name)
    read = BinanceRaw().read(tmp_path / name)
    for column in (*PER_EVENT, *PER_ROW):
        assert np.array_equal(getattr(read, column), getattr(made, column)), column
    assert (read.symbol, read.tick, read.lot) == (made.symbol, made.tick, made.lot)
    assert read.synthetic_seed == 11


def test_an_invented_recording_says_so_and_a_real_one_does_not(tmp_path, write):
    assert BinanceRaw().read(write(quote(0, 1))).synthetic_seed is None
    BinanceRaw().write(synthetic_book(SyntheticBook(seconds=1.0, seed=0)), tmp_path / "zero")
    assert BinanceRaw().read(tmp_path / "zero").synthetic_seed == 0


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "here").write_text("mine")
    with pytest.raises(BadInput, match="such a file already"):
        BinanceRaw().write(synthetic_book(SyntheticBook(seconds=1.0)), tmp_path / "here")
    assert (tmp_path / "here").read_text() == "mine"
    with pytest.raises(BadInput, match="cannot be written"):
        BinanceRaw().write(synthetic_book(SyntheticBook(seconds=1.0)), tmp_path / "no" / "folder")


LINES = [
    snapshot(0, 10),
    depth(1, 11, 12, 10, [("99.9", "0")]),
    quote(2, 12),
    trade(3, 7),
    stream("aggTrade", 4, a=1, p="100.0", q="1.000", m=True),
]


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    line=st.sampled_from(LINES),
    at=st.integers(0, 400),
    cut=st.integers(0, 30),
    put=st.one_of(
        st.binary(max_size=12), st.sampled_from([b"9" * 30, b"-1", b"null", b"[]", b"NaN", b"1e999", b'"', b"{"])
    ),
)
def test_whatever_is_done_to_a_line_the_others_are_read(tmp_path, line, at, cut, put):
    raw = line.encode()
    spoilt = raw[:at] + put + raw[at + cut :]
    path = tmp_path / "spoilt"
    path.write_bytes(quote(0, 1).encode() + b"\n" + spoilt + b"\n" + quote(9, 99).encode() + b"\n")
    said = ""
    try:
        read = BinanceRaw().read(path)
    except BadInput as refused:
        said = refused.message
    if said:
        assert "several symbols" in said
        return
    assert {1, 99} <= set(read.last[read.kind == EventKind.QUOTE].tolist())
    assert np.isfinite(read.price).all()
    assert (read.price > 0).all()
    assert (np.diff(read.local) >= 0).all()
    assert read.counts["events"] + read.counts.get("broken", 0) + read.counts.get("other messages", 0) >= 2

"""A book of levels, and the rules by which its changes follow each other."""

import random

import pytest

from tradewind.core.domain.book_sequence import (
    APPLY,
    GAP,
    OLD,
    begin,
    level,
    lose,
    remember_quote,
    settle,
    verdict,
)
from tradewind.core.domain.order_book import Levels, OrderBook


def filled_book() -> OrderBook:
    book = OrderBook(64)
    begin(book, 100)
    for depth in range(5):
        level(book, 1, 100.0 - depth, 1.0 + depth)
        level(book, -1, 101.0 + depth, 2.0 + depth)
    return book


@pytest.mark.parametrize("side", [1, -1])
def test_levels_are_what_a_sorted_dictionary_would_be(side):
    chance = random.Random(7)
    levels, expected = Levels(side, 256), {}
    for _ in range(4_000):
        price, size = float(chance.randrange(1, 120)), float(chance.randrange(0, 4))
        levels.put(price, size)
        expected.pop(price, None)
        if size:
            expected[price] = size
        ordered = sorted(expected, reverse=side > 0)
        if ordered:
            assert (levels.best, levels.best_size) == (ordered[0], expected[ordered[0]])
        else:
            assert (levels.count, levels.best_size) == (0, 0.0)
        if len(ordered) > 3:
            assert levels.prices[levels.index(3)] == ordered[3]
            assert levels.volume_to(ordered[3]) == sum(expected[p] for p in ordered[:4])
        assert levels.size_at(price) == size
    assert levels.index(len(expected)) == -1


def test_a_full_side_forgets_the_level_furthest_from_the_market_and_counts_it():
    levels = Levels(1, 4)
    for price in (10.0, 11.0, 12.0, 13.0, 14.0):
        levels.put(price, 1.0)
    assert (levels.count, levels.forgotten, levels.best) == (4, 1, 14.0)
    assert levels.size_at(10.0) == 0.0
    levels.put(12.0, 0.0)
    levels.put(15.0, 1.0)
    assert (levels.forgotten, levels.size_at(11.0)) == (1, 1.0), "a level that has gone makes room first"


def test_prices_of_an_invalid_book_are_nan_and_nothing_can_be_traded_in_it():
    book = filled_book()
    assert (book.bid, book.ask, book.mid, book.spread, book.tradable) == (100.0, 101.0, 100.5, 1.0, True)
    assert (book.bid_at(2), book.bid_size_at(2), book.ask_at(4), book.ask_size_at(4)) == (98.0, 3.0, 105.0, 6.0)
    assert book.imbalance == pytest.approx((1.0 - 2.0) / 3.0)
    assert book.bid_at(5) != book.bid_at(5)
    lose(book, 0)
    for value in (book.bid, book.ask, book.mid, book.spread, book.bid_at(0), book.ask_at(0)):
        assert value != value
    assert (book.bid_size, book.ask_size, book.bid_size_at(0), book.tradable) == (0.0, 0.0, 0.0, False)


@pytest.mark.parametrize(
    ("previous", "last", "expected"),
    [
        (100, 105, APPLY),  # begins where the book is
        (90, 105, APPLY),  # spans the snapshot's number
        (90, 100, OLD),
        (80, 90, OLD),
        (101, 105, GAP),
        (104, 110, GAP),
    ],
)
def test_a_change_is_applied_old_or_shows_a_gap(previous, last, expected):
    assert verdict(filled_book(), previous, last) == expected


def test_a_quote_that_is_newer_than_the_changes_is_the_top_of_the_book():
    book = filled_book()
    assert remember_quote(book, 110, 99.0, 7.0, 102.0, 8.0)
    settle(book, 1)
    assert (book.bid, book.bid_size, book.ask, book.ask_size) == (99.0, 7.0, 102.0, 8.0)
    level(book, 1, 100.0, 1.0)  # an older change says that there was a better bid
    book.update_id = 105
    settle(book, 2)
    assert book.bid == 99.0
    book.update_id = 110
    level(book, 1, 100.0, 5.0)  # the changes have caught up
    settle(book, 3)
    assert (book.bid, book.bid_size) == (100.0, 5.0)
    assert not remember_quote(book, 109, 98.0, 1.0, 103.0, 1.0)


@pytest.mark.parametrize("ask", [100.0, 99.5])
def test_a_crossed_or_locked_book_is_counted_and_not_tradable(ask):
    book = filled_book()
    level(book, -1, ask, 1.0)
    settle(book, 1)
    assert (book.valid, book.tradable, book.crossed) == (True, False, 1)

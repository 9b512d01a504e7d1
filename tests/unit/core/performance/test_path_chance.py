"""The words of a path are those of the published generators, whoever asks for them and with how many others."""

import numpy as np
import pytest

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance import path_chance
from tradewind.core.performance.path_chance import LANES, Stream, path_uniforms, path_words

LOW = 0xFFFFFFFF


def philox(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x32-10 as its paper writes it, in whole numbers of Python."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & LOW, (p0 >> 32) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + 0x9E3779B9) & LOW, (k1 + 0xBB67AE85) & LOW
    return c0, c1, c2, c3


def xoshiro(state: tuple[int, ...], count: int) -> list[int]:
    """The first words of xoshiro128++ from a state, in whole numbers of Python."""

    def turned(x: int, by: int) -> int:
        return ((x << by) | (x >> (32 - by))) & LOW

    a, b, c, d = state
    words = []
    for _ in range(count):
        words.append((turned((a + d) & LOW, 7) + a) & LOW)
        shifted = (b << 9) & LOW
        c, d = c ^ a, d ^ b
        b, a = b ^ c, a ^ d
        c, d = c ^ shifted, turned(d, 11)
    return words


def test_the_reference_gives_the_published_words_of_philox() -> None:
    # The known answers that its authors ship with Random123.
    assert philox((0, 0, 0, 0), (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    digits_of_pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
    assert philox(*digits_of_pi) == (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)


def test_the_reference_gives_the_published_words_of_xoshiro() -> None:
    # From the state 1, 2, 3, 4, as its authors' program and other ports print them.
    assert xoshiro((1, 2, 3, 4), 4) == [641, 1573767, 3222811527, 3517856514]


@pytest.mark.parametrize(("seed", "stream", "path"), [(0, 0, 0), (7, 1, 3), (2**63 - 1, 4, 2**40 + 5), (2**32, 2, 129)])
def test_compiled_words_are_those_of_the_two_generators(seed: int, stream: int, path: int) -> None:
    expected = xoshiro(philox((0, stream, path & LOW, path >> 32), (seed & LOW, seed >> 32)), 9)
    assert path_words(seed, Stream(stream), path, 9)[:, 0].tolist() == expected


def test_compiled_words_have_the_bits_of_their_python_source(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = path_words(17, Stream.RESTART, 5, 3)
    monkeypatch.setattr(path_chance, "fill_words", path_chance.fill_words.py_func)
    with np.errstate(over="ignore"):  # compiled words wrap around without a word
        assert (path_words(17, Stream.RESTART, 5, 3) == compiled).all()


def test_a_paths_words_do_not_depend_on_where_the_table_begins() -> None:
    table = path_words(5, Stream.ORDER, 0, 20)
    for path in (1, 17, LANES - 1):
        assert (path_words(5, Stream.ORDER, path, 20)[:, 0] == table[:, path]).all()


def test_seeds_streams_and_paths_have_words_of_their_own() -> None:
    columns = {
        path_words(seed, stream, first, 4)[:, 0].tobytes()
        for seed in (0, 1, 2**32)
        for stream in Stream
        for first in (0, 1, 2**32)
    }
    assert len(columns) == 3 * len(Stream) * 3


def test_words_are_spread_evenly_along_a_path_and_across_paths() -> None:
    table = path_words(3, Stream.ORDER, 0, 512) >> 24  # 65,536 words in 256 cells
    for cells in (np.bincount(table.ravel(), minlength=256), np.bincount(table[::2].ravel(), minlength=256)):
        chi_squared = float(((cells - cells.mean()) ** 2 / cells.mean()).sum())
        assert 165 < chi_squared < 375  # 255 expected; beyond these once in 100,000 times
    both = table.astype(np.float64) - table.mean()
    assert abs((both[1:] * both[:-1]).mean()) < 5 * both.var() / np.sqrt(both[1:].size)
    assert abs((both[:, 1:] * both[:, :-1]).mean()) < 5 * both.var() / np.sqrt(both[:, 1:].size)


def test_uniform_numbers_lie_in_their_interval_and_have_its_mean() -> None:
    drawn = path_uniforms(11, Stream.JITTER, 4, 20_000)
    assert 0.0 <= drawn.min() < 0.001 < 0.999 < drawn.max() < 1.0
    assert drawn.mean() == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / 20_000))


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_does_not_fit_is_refused(seed: int) -> None:
    with pytest.raises(BadInput, match="a seed is a whole number"):
        path_words(seed, Stream.ORDER, 0, 1)

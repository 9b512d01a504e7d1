"""Numbers that a class has for all its objects: compiled code reads what they are when a run begins."""

import pytest
from compiler_snippets import DRIVER, columns, module_from

from tradewind.core.compiler.kernel import build_kernel

SOURCE = """
class Scaled:
    FACTOR = 2.0
    OFFSETS = (1.0, 10.0)

    def __init__(self):
        self.out = 0.0

    def step(self, x, y):
        self.out = x * self.FACTOR + self.OFFSETS[1]


class Counting:
    count = 0

    def step(self, x, y):
        if x > 0.0:
            self.count += 1


class Halving:
    rest = 1

    def step(self, x, y):
        self.rest = self.rest / 2.0
"""


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return module_from(SOURCE, tmp_path_factory.mktemp("constants"))


def stepped(thing, *pairs, cache=None):
    xs, ys = columns(pairs)
    kernel = build_kernel(thing, DRIVER, {}, (xs[:0], ys[:0], 0), cache)
    state = kernel.state_of(thing)
    kernel.entry(state, xs, ys, len(pairs))
    kernel.restore(state, thing)
    return thing, kernel


@pytest.mark.parametrize("kept", [False, True])
def test_a_constant_that_has_changed_is_seen_by_a_kernel_that_was_kept(kept, classes, tmp_path, monkeypatch):
    cache = tmp_path if kept else None
    thing, _ = stepped(classes.Scaled(), (3.0, 0.0), cache=cache)
    assert thing.out == 16.0
    monkeypatch.setattr(classes.Scaled, "FACTOR", 5.0)
    monkeypatch.setattr(classes.Scaled, "OFFSETS", (0.0, -1.0))
    thing, kernel = stepped(classes.Scaled(), (3.0, 0.0), cache=cache)
    assert kernel.cached
    assert thing.out == 14.0


def test_one_of_another_kind_is_another_kernel(classes, monkeypatch):
    stepped(classes.Scaled(), (3.0, 0.0))
    monkeypatch.setattr(classes.Scaled, "FACTOR", 2)
    thing, _ = stepped(classes.Scaled(), (3.0, 0.0))
    assert thing.out == 16.0
    monkeypatch.setattr(classes.Scaled, "OFFSETS", (0.0, 1.0, 2.0))
    assert stepped(classes.Scaled(), (3.0, 0.0))[0].out == 7.0


def test_an_object_has_its_own_where_it_gives_itself_one(classes):
    thing = classes.Scaled()
    thing.FACTOR = 7.0
    stepped(thing, (1.0, 0.0))
    assert thing.out == 17.0
    assert classes.Scaled.FACTOR == 2.0


def test_what_a_class_begins_with_becomes_the_objects_where_it_changes(classes):
    still, _ = stepped(classes.Counting(), (-1.0, 0.0))
    assert "count" not in vars(still)
    moved, _ = stepped(classes.Counting(), (1.0, 0.0), (-1.0, 0.0), (2.0, 0.0))
    assert vars(moved) == {"count": 2}
    assert type(moved.count) is int
    assert classes.Counting.count == 0


def test_a_whole_number_of_the_class_may_become_a_fraction_of_the_object(classes):
    thing, _ = stepped(classes.Halving(), (0.0, 0.0), (0.0, 0.0))
    assert thing.rest == 0.25
    assert classes.Halving.rest == 1

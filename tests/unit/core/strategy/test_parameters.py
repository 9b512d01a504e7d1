"""Parameters: what may be declared, what may be given, and what is said about anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind import BadInput, Strategy, param


class Sample(Strategy):
    length = param(14, low=2, high=100)
    factor = param(2.0, low=0.5, high=4.0)
    shorts = param(False)

    def on_bar(self, bar):
        pass


class Longer(Sample):
    length = param(50, low=20, high=500)
    extra = param(1)


def test_a_parameter_is_its_default_unless_it_is_given():
    made = Sample(factor=3)
    assert (made.length, made.factor, made.shorts) == (14, 3.0, False)
    assert type(made.length) is int
    assert type(made.factor) is float


@pytest.mark.parametrize(
    ("given", "length", "factor", "shorts"),
    [
        ({"length": "20"}, 20, 2.0, False),
        ({"length": 20.0}, 20, 2.0, False),
        ({"factor": "1e0", "shorts": "yes"}, 14, 1.0, True),
        ({"shorts": 1}, 14, 2.0, True),
        ({"shorts": "False"}, 14, 2.0, False),
    ],
)
def test_text_from_a_command_line_becomes_the_declared_kind(given, length, factor, shorts):
    made = Sample(**given)
    assert (made.length, made.factor, made.shorts) == (length, factor, shorts)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"length": 1}, "Sample.length: 1 is outside 2 to 100"),
        ({"length": 101}, "Sample.length: 101 is outside 2 to 100"),
        ({"length": 2.5}, "Sample.length: expected a whole number, found 2.5"),
        ({"length": "many"}, "Sample.length: expected a number, found 'many'"),
        ({"length": None}, "Sample.length: expected a number, found None"),
        ({"factor": float("nan")}, "Sample.factor: expected a finite number, found nan"),
        ({"factor": float("inf")}, "Sample.factor: expected a finite number, found inf"),
        ({"shorts": "perhaps"}, "Sample.shorts: expected true or false, found 'perhaps'"),
        ({"lenght": 20}, "Sample has no parameter 'lenght'. Did you mean length?"),
        ({"zzz": 20}, "Sample has no parameter 'zzz'. It has: length, factor, shorts"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_what_is_allowed(given, message):
    with pytest.raises(BadInput) as caught:
        Sample(**given)
    assert message in str(caught.value)


@given(st.integers(2, 100), st.floats(0.5, 4.0), st.booleans())
def test_any_value_inside_the_range_is_kept_as_it_is(length, factor, shorts):
    made = Sample(length=length, factor=factor, shorts=shorts)
    assert (made.length, made.factor, made.shorts) == (length, factor, shorts)


def test_a_subclass_inherits_parameters_and_may_declare_them_anew():
    assert list(Longer.parameters) == ["length", "factor", "shorts", "extra"]
    assert Longer().length == 50
    assert Sample().length == 14
    with pytest.raises(BadInput, match=r"Longer\.length: 10 is outside 20 to 500"):
        Longer(length=10)


def test_a_default_outside_its_own_range_is_refused_where_the_class_is_written():
    with pytest.raises(BadInput, match=r"Wrong\.length: 1 is outside 2 to 9"):

        class Wrong(Strategy):
            length = param(1, low=2, high=9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fast",), "default must be a number or True/False, found 'fast'"),
        ((1, "low"), "bounds must be numbers, found 'low'"),
        ((1, 5, 2), "low 5 is above its high 2"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(BadInput, match=message):
        param(*arguments)

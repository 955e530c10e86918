"""A chapter's parameters: what its cell declares, what a text stands for, what is refused."""

import pytest
from conftest import refused

from ggd_helpers.files import CHAPTERS
from ggd_helpers.parameters import Parameter, load_notebook, parameters_of, read_parameters

CELL = """
# A remark of its own.
seed: int = 0  # starts every draw; 0 or more
gamma: float = 1.0  # damping rate, 1/time; positive
device: str = "auto"  # where to train; auto, cpu or cuda
reactions: str = "A <-> B | kf=2; B <-> C"  # one a line or separated by ;, rates after a bar
slow: bool = False  # train for hours
"""


@pytest.fixture
def declared():
    return read_parameters(CELL)


def test_every_line_is_read(declared):
    assert [(p.name, p.type, p.default) for p in declared.values()] == [
        ("seed", "int", 0),
        ("gamma", "float", 1.0),
        ("device", "str", "auto"),
        ("reactions", "str", "A <-> B | kf=2; B <-> C"),
        ("slow", "bool", False),
    ]
    assert declared["gamma"].meaning == "damping rate, 1/time"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "3", 3),
        ("gamma", "1e-3", 1e-3),
        ("gamma", "2", 2.0),
        ("device", "cpu", "cpu"),
        ("slow", "True", True),
        ("slow", "false", False),
        ("reactions", "A <-> C", "A <-> C"),
    ],
)
def test_a_text_becomes_a_value(declared, name, text, value):
    assert declared[name].read(text) == value
    assert type(declared[name].read(text)) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("seed", "-1", ["a whole number, 0 or more", "-1", "starts every draw"]),
        ("seed", "1.5", ["a whole number", "'1.5'"]),
        ("gamma", "abc", ["a number", "'abc'", "damping rate, 1/time"]),
        ("gamma", "-1", ["positive", "-1.0"]),
        ("gamma", "nan", ["positive", "nan"]),
        ("device", "gpu", ["auto, cpu or cuda", "'gpu'"]),
        ("reactions", "  ", ["not empty"]),
        ("slow", "2", ["true or false", "'2'"]),
    ],
)
def test_a_text_is_refused(declared, name, text, words):
    with refused(f"{name} must be", *words):
        declared[name].read(text)


@pytest.mark.parametrize(("name", "value"), [("seed", 1.0), ("gamma", "1"), ("device", 3), ("slow", 1), ("slow", "x")])
def test_a_value_of_another_type_is_refused(declared, name, value):
    with refused(f"{name} must be", repr(value)):
        declared[name].check(value)


@pytest.mark.parametrize(
    "line",
    [
        "gamma: float = 1.0",
        "gamma: float = 1.0  # a rate; postive",
        "n: int = 1  # how many",
        "x: list = []  # what",
        "n: int",
    ],
)
def test_a_number_without_a_range_is_an_error_of_the_author(line):
    with pytest.raises(ValueError, match=r"range|type|default"):
        read_parameters(line)


@pytest.mark.parametrize("path", sorted(CHAPTERS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_defaults_of_the_chapters_lie_in_their_ranges(path):
    parameters = parameters_of(load_notebook(path))
    assert isinstance(parameters["out"], Parameter)
    for parameter in parameters.values():
        parameter.check(parameter.default)


def test_a_notebook_without_such_a_cell_has_no_parameters():
    assert parameters_of({"cells": [{"cell_type": "code", "metadata": {}, "source": ["x = 1"]}]}) == {}

"""Reactions from text: what is read, and what is refused with a sentence that points at the place."""

import string
import time

import pytest
from conftest import refused
from hypothesis import given
from hypothesis import strategies as st

from ggd_helpers.systems.reaction_text import MOST_MOLECULES, Reaction, read_reactions, species_of
from ggd_helpers.systems.reactions import MassActionReactions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A <-> B", [Reaction({"A": 1}, {"B": 1})]),
        ("A+2B<->C|kf=2,kb=0.5", [Reaction({"A": 1, "B": 2}, {"C": 1}, 2.0, 0.5)]),
        ("  A + 2 B <-> C  |  kb = 1e-3 ", [Reaction({"A": 1, "B": 2}, {"C": 1}, 1.0, 1e-3)]),
        ("A <-> B; B <-> C", [Reaction({"A": 1}, {"B": 1}), Reaction({"B": 1}, {"C": 1})]),
        ("A <-> B\n\n;B <-> C;", [Reaction({"A": 1}, {"B": 1}), Reaction({"B": 1}, {"C": 1})]),
        ("A + X <-> 2 X", [Reaction({"A": 1, "X": 1}, {"X": 2})]),
        ("H2O + CO_2 <-> 12 e", [Reaction({"H2O": 1, "CO_2": 1}, {"e": 12})]),
        ("A <-> B | kf=.5, kb=+2.", [Reaction({"A": 1}, {"B": 1}, 0.5, 2.0)]),
    ],
)
def test_what_can_be_written(text, expected):
    assert read_reactions(text) == expected


def test_species_stand_in_the_order_of_their_names_in_the_text():
    assert species_of(read_reactions("Z + B <-> A; A <-> Y")) == ["Z", "B", "A", "Y"]


SPECIES = st.text(string.ascii_letters, min_size=1, max_size=3)
SIDE = st.dictionaries(SPECIES, st.integers(1, MOST_MOLECULES), min_size=1, max_size=4)
RATE = st.floats(1e-6, 1e6)


@given(st.lists(st.tuples(SIDE, SIDE, RATE, RATE).filter(lambda r: r[0] != r[1]), min_size=1, max_size=6))
def test_written_out_and_read_back(parts):
    reactions = [Reaction(*each) for each in parts]
    text = ";".join(f"{each} | kf={each.kf!r}, kb={each.kb!r}" for each in reactions)
    assert read_reactions(text) == reactions


BAD = {
    "": ["reactions", "A + 2 B <-> C"],
    "   \n ": ["reactions"],
    ";;": ["no reaction"],
    "A": ["reaction 1", "no arrow"],
    "A + B": ["no arrow"],
    "A -> B": ["'->'", "<->", "kb"],
    "A <- B": ["'<-'"],
    "A = B": ["'='", "<->"],
    "A => B": ["'=>'"],
    "A <=> B": ["'<=>'"],
    "A --> B": ["'-->'"],
    "A ⇌ B": ["'⇌'"],
    "A <-> B <-> C": ["2 arrows"],
    "A <-> B; C <-> D <-> E": ["reaction 2", "2 arrows"],
    "A <->": ["nothing stands right"],
    "<-> B": ["nothing stands left"],
    "A <-> B +": ["right of the arrow", "''"],
    "A ++ B <-> C": ["left of the arrow", "''"],
    "A B <-> C": ["'A B'", "+"],
    "A + A <-> B": ["A is named twice left", "2 A"],
    "C <-> 2 B + B": ["B is named twice right", "3 B"],
    "A <-> A": ["both sides are the same"],
    "A + B <-> B + A": ["both sides are the same"],
    "0 A <-> B": ["coefficient of A", "1 to"],
    "13 A <-> B": ["coefficient of A", "13"],
    "99999999999999999999 A <-> B": ["coefficient of A"],
    "-1 A <-> B": ["'-1 A'"],
    "1.5 A <-> B": ["'1.5 A'", "whole number"],
    "A* <-> B": ["'A*'"],
    "A^2 <-> B": ["'A^2'"],
    "2 <-> B": ["'2'"],
    "_A <-> B": ["'_A'", "begin with a letter"],
    "[A] <-> B": ["'[A]'"],
    "α <-> B": ["'α'"],
    "A <-> B | kf": ["'kf'", "kf=2"],
    "A <-> B |": ["''", "kf=2"],
    "A <-> B | k=2": ["'k=2'"],
    "A <-> B | kf=2 kb=3": ["'kf=2 kb=3'"],
    "A <-> B | kf=2, kf=3": ["kf is given twice"],
    "A <-> B | kf=0": ["kf must be a positive number", "'0'"],
    "A <-> B | kb=-1": ["kb must be a positive number", "'-1'"],
    "A <-> B | kf=nan": ["kf must be a positive number"],
    "A <-> B | kf=inf": ["kf must be a positive number"],
    "A <-> B | kf=1e400": ["kf must be a positive number"],
    "A <-> B | kf=2*3": ["kf must be a positive number", "'2*3'"],
    "A <-> B | kf=1_000": ["kf must be a positive number"],
    "A <-> B | kf=two": ["kf must be a positive number"],
    "A <-> B | kf=1 | kb=2": ["kf=1 | kb=2"],
    "A <-> B; B <-> C; C <-> A | kf=3": ["detailed balance", "A <-> B, B <-> C, C <-> A", "kb=3"],
    "A <-> B | kf=2; 2 A <-> 2 B | kf=3": ["detailed balance"],
    "__import__('os').abort() <-> B": ["reaction 1"],
    "A <-> B | kf=__import__('os').abort()": ["kf must be a positive number"],
    "A <-> B | kf=exit()": ["kf must be a positive number"],
    "A <-> " + " + ".join(f"S{i}" for i in range(70)): ["71 species", "at most"],
    ";".join(f"A <-> {'B' * (i + 1)}" for i in range(61)): ["61 reactions", "at most"],
    "A" * 20_000: ["at most 10000 characters"],
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:30])
def test_a_bad_text_is_refused_with_its_place_and_at_once(text):
    began = time.monotonic()
    with refused(*BAD[text]):
        MassActionReactions(text)
    assert time.monotonic() - began < 5  # none hangs


@pytest.mark.parametrize("text", [None, 3, ["A <-> B"], b"A <-> B"])
def test_what_is_no_text_is_refused(text):
    with refused("reactions must be a text"):
        MassActionReactions(text)


@given(st.text(alphabet="AB2<->|kf=b,; \n+.e-1_()", max_size=40))
def test_any_text_is_read_or_refused_with_one_sentence(text):
    try:
        reactions = read_reactions(text)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert all(each.kf > 0 and each.kb > 0 for each in reactions)

"""Reactions from text: what is read, and what is refused with a sentence that points at the place."""

import string
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
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
        ("0000000012 A <-> 01 B", [Reaction({"A": 12}, {"B": 1})]),
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
    "A <-> B | kf=0": ["kf must be 1e-30 to 1e30", "got 0.0"],
    "A <-> B | kb=-1": ["kb must be 1e-30 to 1e30", "got -1.0"],
    "A <-> B | kf=nan": ["kf must be 1e-30 to 1e30"],
    "A <-> B | kf=inf": ["kf must be 1e-30 to 1e30"],
    "A <-> B | kf=1e400": ["kf must be 1e-30 to 1e30"],
    "A <-> B | kf=1e-31": ["kf must be 1e-30 to 1e30", "got 1e-31"],
    "A <-> B; B <-> C | kb=2e30": ["reaction 2", "kb must be 1e-30 to 1e30", "2e+30", "got 2e+30"],
    "A <-> B | kf=2*3": ["kf must be 1e-30 to 1e30", "'2*3'"],
    "A <-> B | kf=1_000": ["kf must be 1e-30 to 1e30"],
    "A <-> B | kf=two": ["kf must be 1e-30 to 1e30"],
    "A <-> B | kf=1 | kb=2": ["kf=1 | kb=2"],
    "A <-> B; B <-> C; C <-> A | kf=3": ["detailed balance", "A <-> B, B <-> C, C <-> A", "kb=3"],
    "A <-> B | kf=2; 2 A <-> 2 B | kf=3": ["detailed balance"],
    "A <-> B | kf=1e30, kb=1e-30; 12 A <-> 12 B | kf=1e-30, kb=1e30": ["detailed balance", "10^", "nearer"],
    "__import__('os').abort() <-> B": ["reaction 1"],
    "A <-> B | kf=__import__('os').abort()": ["kf must be 1e-30 to 1e30"],
    "A <-> B | kf=exit()": ["kf must be 1e-30 to 1e30"],
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
    with refused("reactions must be a text", "or a sequence of Reaction", str(text)):
        MassActionReactions(text)


@given(st.text(alphabet="AB2<->|kf=b,; \n+.e-1_()", max_size=40))
def test_any_text_is_read_or_refused_with_one_sentence(text):
    try:
        reactions = read_reactions(text)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert all(each.kf > 0 and each.kb > 0 for each in reactions)


A, B = {"A": 1}, {"B": 1}
NO_REACTION = {
    "an empty side": (({}, B), ["nothing stands left of the arrow (reactants)"]),
    "the other empty side": ((A, {}), ["nothing stands right of the arrow (products)"]),
    "text for a side": (("A", B), ["left of the arrow (reactants)", "{'A': 2}", "'A'"]),
    "both sides the same": (({"A": 1, "B": 2}, {"B": 2, "A": 1}), ["both sides are the same", "A + 2 B"]),
    "a name with a space": (({"A B": 1}, B), ["'A B' is not a species"]),
    "a name that is no text": ((A, {7: 1}), ["right of the arrow (products)", "7 is not a species"]),
    "a name in Greek": (({"α": 1}, B), ["'α' is not a species"]),
    "no name": (({"": 1}, B), ["'' is not a species"]),
    "no molecule": (({"A": 0}, B), ["coefficient of A", "whole number from 1 to 12", "got 0"]),
    "half a molecule": ((A, {"B": 1.5}), ["right of the arrow", "coefficient of B", "got 1.5"]),
    "a number with a point": (({"A": 2.0}, B), ["coefficient of A", "whole number", "got 2.0"]),
    "yes for a number": (({"A": True}, B), ["coefficient of A", "got True"]),
    "a negative number": (({"A": np.int64(-1)}, B), ["coefficient of A", "got -1"]),
    "a crowd": (({"A": 13}, B), ["coefficient of A", "got 13"]),
    "no forward rate": ((A, B, 0.0), ["kf must be 1e-30 to 1e30", "got 0.0"]),
    "a negative rate": ((A, B, np.float64(-1.0)), ["kf must be 1e-30 to 1e30", "got -1.0"]),
    "NaN": ((A, B, float("nan")), ["kf must be 1e-30 to 1e30", "got nan"]),
    "infinity": ((A, B, 1.0, float("inf")), ["kb must be 1e-30 to 1e30", "got inf"]),
    "too slow": ((A, B, 1.0, 9e-31), ["kb must be 1e-30 to 1e30", "got 9e-31"]),
    "too fast": ((A, B, 10**31), ["kf must be 1e-30 to 1e30", "got 10000"]),
    "a text for a rate": ((A, B, "2"), ["kf must be 1e-30 to 1e30", "got '2'"]),
    "a tensor for a rate": ((A, B, torch.ones(2, 2)), ["kf must be 1e-30 to 1e30", "got tensor("]),
}


@pytest.mark.parametrize("case", NO_REACTION)
def test_what_no_text_may_say_no_reaction_made_by_hand_may_be(case):
    parts, words = NO_REACTION[case]
    with refused(*words):
        Reaction(*parts)


def test_no_reaction_becomes_a_wrong_one():
    with refused("kb must be 1e-30 to 1e30", "got -2.0"):
        replace(Reaction(A, B), kb=-2.0)


@pytest.mark.parametrize(
    ("reactions", "words"),
    [
        ([], ["no reaction", "got []", "A + 2 B <-> C"]),
        ([Reaction(A, B), "B <-> C"], ["reactions must be a text", "or a sequence of Reaction"]),
        (Reaction(A, B), ["or a sequence of Reaction", "got A <-> B"]),
        ([Reaction(A, {f"B{i}": 1}) for i in range(61)], ["61 reactions", "at most 60"]),
        ([Reaction(A, {f"S{i}": 1 for i in range(70)})], ["71 species", "at most 60"]),
        ([Reaction(A, B, 2.0), Reaction({"A": 2}, {"B": 2}, 3.0)], ["detailed balance", "A <-> B, 2 A <-> 2 B"]),
    ],
    ids=["none", "a text among them", "one alone", "reactions", "species", "balance"],
)
def test_reactions_that_are_no_network_are_refused(reactions, words):
    with refused(*words):
        MassActionReactions(reactions)


@pytest.mark.parametrize("container", [list, tuple])
def test_reactions_made_by_hand_are_the_network_that_is_written(container):
    bind = Reaction({"E": 1, "S": 2}, {"ES": 1}, 4.0, np.float32(0.5))
    made = MassActionReactions(container([bind, Reaction({"ES": np.int64(1)}, {"E": 1, "P": 1}, kf=2)]))
    assert made.reactions == read_reactions("E + 2 S <-> ES | kf=4, kb=0.5; ES <-> E + P | kf=2")
    assert made.species == ["E", "S", "ES", "P"]
    e, s, es, p = c = torch.tensor([0.3, 0.7, 0.2, 0.5], dtype=torch.float64)
    first, second = 4 * e * s**2 - 0.5 * es, 2 * es - e * p
    rates = torch.stack([second - first, -2 * first, first - second, second])
    torch.testing.assert_close(made.velocity(c), rates, rtol=1e-12, atol=1e-14)

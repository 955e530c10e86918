"""Claims: their verdicts, how they are shown, and what results.json keeps of them."""

import json
import math

import pytest
from conftest import refused

from ggd_helpers.claims import Claims
from ggd_helpers.ranges import read_range


@pytest.mark.parametrize(
    ("value", "bound", "holds"),
    [
        (1e-12, "1e-11 or less", True),
        (1.1e-11, "1e-11 or less", False),
        (0.02, "0.01 or more", True),
        (-1e-9, "-1e-12 or more", False),
        (math.nan, "1 or less", False),
        (-math.inf, "1 or less", False),
        (3, "3 to 3", True),
    ],
)
def test_a_claim_holds_where_its_value_lies_in_its_bound(value, bound, holds):
    (claim,) = Claims.of({"it is so": (value, bound)})
    assert claim.holds is holds
    assert str(claim).endswith("holds" if holds else "FAILS")


def test_a_bound_in_other_words_is_refused_before_anything_is_shown():
    with refused("'small'", "not a range"):
        Claims.of({"it is so": (0.0, "small")})


def test_every_line_has_value_bound_and_verdict():
    lines = repr(Claims.of({"one": (3.24e-14, "1e-11 or less"), "two": (12, "10 or less")})).splitlines()
    assert [part.strip() for part in lines[0].split("│")] == ["one", "3.2e-14", "1e-11 or less      holds"]
    assert [part.strip() for part in lines[1].split("│")] == ["two", "12", "10 or less         FAILS"]


def test_what_is_kept_is_json_and_says_the_same():
    claims = Claims.of({"one": (0.5, "1 or less"), "lost": (math.nan, "1 or less")})
    kept = json.loads(json.dumps(claims.as_json(), allow_nan=False))
    assert kept[0] == {"claim": "one", "value": 0.5, "bound": "1 or less", "holds": True}
    assert kept[1] == {"claim": "lost", "value": None, "bound": "1 or less", "holds": False}
    assert read_range(kept[0]["bound"]).admits(kept[0]["value"])

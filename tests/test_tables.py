"""A chapter's table: this run's numbers, and median and range over seeds that were worked out by hand."""

import json
import math

import pytest

from ggd_helpers.files import DATA
from ggd_helpers.tables import OverSeeds, Table

METRICS = {"1d": {"velocity_mse": 3.2e-14, "rollout_mse": math.nan}, "1d_plain": {"velocity_mse": 1e-9}}
ROWS = {"ours": "1d", "plain network": "1d_plain", "thesis's recipe": "1d_thesis"}
KEPT = {
    "seeds": [0, 1, 2],
    "metrics": {"1d": {"velocity_mse": [4e-14, 1e-14, 9e-14]}},
    "failed_claims": {"velocities": [2]},
    "about": {"parameters": {"gamma": 1.0}, "command": "made by hand", "date": "2026-11-24"},
}


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(KEPT))
    return OverSeeds.read(path)


def test_median_and_range_over_seeds(kept):
    assert kept.show("1d", "velocity_mse") == "4.0e-14 (1.0e-14 to 9.0e-14)"
    assert kept.show("1d", "rollout_mse") == kept.show("2d", "velocity_mse") == ""


def test_what_was_not_measured_is_no_number():
    text = repr(Table(METRICS, ROWS, ["velocity_mse", "rollout_mse"]))
    assert "3.2e-14" in text
    assert "nan" not in text
    assert text.splitlines()[3].split() == ["thesis's", "recipe"]


def test_a_page_shows_both_and_where_they_come_from(kept):
    page = Table(METRICS, ROWS, ["velocity_mse", "rollout_mse"], kept)._repr_markdown_()
    assert "| ours | 3.2e-14<br>4.0e-14 (1.0e-14 to 9.0e-14) | – |" in page
    assert "| plain network | 1.0e-09 | – |" in page
    assert "seeds 0 to 2: `made by hand`, 2026-11-24" in page


def test_a_page_without_this_run_says_so(kept):
    page = Table({}, ROWS, ["velocity_mse"], kept)._repr_markdown_()
    assert "| ours | 4.0e-14 (1.0e-14 to 9.0e-14) |" in page
    assert "this run" not in page
    assert "*Median (lowest to highest) over seeds 0 to 2" in page


def test_text_has_a_line_for_the_seeds(kept):
    lines = repr(Table(METRICS, ROWS, ["velocity_mse"], kept)).splitlines()
    assert lines[1].split() == ["ours", "3.2e-14"]
    assert lines[2].split() == ["over", "seeds", "4.0e-14", "(1.0e-14", "to", "9.0e-14)"]


@pytest.mark.parametrize("path", sorted(DATA.glob("*_seeds.json")), ids=lambda path: path.stem)
def test_the_seeds_that_the_course_keeps_can_be_shown(path):
    kept = OverSeeds.read(path)
    rows = {name: name for name in kept.metrics}
    columns = sorted({key for numbers in kept.metrics.values() for key in numbers})
    this_run = {name: {key: values[0] for key, values in numbers.items()} for name, numbers in kept.metrics.items()}
    page = Table(this_run, rows, columns, kept)._repr_markdown_()
    assert f"seeds {kept.seeds[0]} to {kept.seeds[-1]}: `python tests/benchmarks/" in page

"""The measurements explorer without a browser: bands grow with the noise and hold the truth; what is hidden shows."""

import numpy as np
import pytest
from conftest import check_legend

from ggd_helpers.evaluation.residuals import SUSPICIOUS
from ggd_helpers.explorers.measurements import MeasurementsExplorer


@pytest.fixture(scope="module")
def shared():
    """One for all tests, since each change asks for a fit."""
    return MeasurementsExplorer(seed=20)


@pytest.fixture
def explorer(shared):
    """As it opens, whatever a test before has moved."""
    moved, shared.seed = shared.seed != 20, 20
    if moved:
        shared.noise.value = 0.04
    for name, first in {"noise": 0.05, "learned": "Xi (S known)", "times": "uneven", "hidden": False}.items():
        getattr(shared, name).value = first
    return shared


def truth(place):
    return -0.5 * np.sinh(2 * place)  # the equation of motion


def held(explorer):
    """The share of the points of the velocity's band, as it is drawn, that hold the truth."""
    lines = explorer.curves()["velocity"]
    (place, low), (_, high) = lines["low"], lines["high"]
    return np.mean((low <= truth(place)) & (truth(place) <= high))


def test_the_panel_is_explained(shared):
    check_legend(shared.panel, 7)
    assert shared.again.description == "measure again"


def test_known_curves_are_the_equation_of_motion_and_its_pair(explorer):
    curves = explorer.curves()
    place, velocity = curves["velocity"]["known"]
    np.testing.assert_allclose(velocity, truth(place), atol=1e-12)
    force, xi = curves["Xi"]["known"]
    np.testing.assert_allclose(xi, (np.cosh(2 * force) - 1) / 4, atol=1e-12)
    place, s = curves["S"]["known"]
    np.testing.assert_allclose(s, -(place**2) / 2 + np.mean(place**2) / 2, atol=1e-12)


def test_more_noise_makes_wider_bands(explorer):
    explorer.noise.value = 0.01
    narrow = explorer.width("velocity"), explorer.width("Xi")
    explorer.noise.value = 0.1
    assert explorer.width("velocity") > 3 * narrow[0]
    assert explorer.width("Xi") > 3 * narrow[1]


def test_measuring_again_draws_other_data_and_the_bands_mostly_hold_the_truth(explorer):
    explorer.covers.clear()
    shares, before = [], explorer.curves()["data"]["dots 0"][1]
    for _ in range(4):
        explorer.again.click()
        shares.append(held(explorer))
    assert not np.array_equal(before, explorer.curves()["data"]["dots 0"][1])
    assert np.mean(shares) > 0.6
    assert explorer.covers == pytest.approx(shares)
    assert f"the last 4: {np.mean(shares):.0%}" in explorer.status.value
    explorer.noise.value = 0.02
    assert len(explorer.covers) == 1


def test_a_hidden_coordinate_is_found_out_and_none_is_invented(explorer):
    def chance():
        return float(explorer.status.value.split("(p = ")[1].split(")")[0])

    assert chance() > SUSPICIOUS
    told = explorer.image.tooltip
    explorer.hidden.value = True
    assert chance() < SUSPICIOUS
    assert "misses something" in explorer.status.value
    assert "known" not in explorer.curves()["velocity"]
    assert explorer.covers == []
    assert explorer.image.tooltip != told


def test_a_control_put_back_brings_the_picture_back(explorer):
    picture, told = explorer.image.value, explorer.image.tooltip
    explorer.times.value = "even"
    assert explorer.image.value != picture
    assert explorer.image.tooltip != told
    explorer.times.value = "uneven"
    assert explorer.image.value == picture


def test_with_both_learned_the_scale_is_set_by_the_known_entropy(explorer):
    explorer.learned.value = "both"
    place, s = explorer.curves()["S"]["learned"]
    _, known = explorer.curves()["S"]["known"]
    slopes = [np.gradient(each, place)[1:-1] for each in (s, known)]
    assert np.linalg.norm(slopes[0]) == pytest.approx(np.linalg.norm(slopes[1]), rel=0.02)
    assert "scale" in explorer.image.tooltip


def test_new_data_are_seen_at_once_with_the_button_locked(explorer, monkeypatch):
    seen, fit = [], explorer._fit

    def watched():
        lines = explorer.curves()
        seen.append((explorer.status.value, explorer.again.disabled, "learned" in lines["S"], len(lines["data"])))
        return fit()

    monkeypatch.setattr(explorer, "_fit", watched)
    explorer.again.click()
    assert seen == [("fitting ...", True, False, 3)]
    assert not explorer.again.disabled


def test_noise_beyond_the_slider_is_said():
    status = MeasurementsExplorer(noise=0.5).status.value
    assert status.startswith("noise = 0.5 is beyond this explorer (0.01 to 0.2): it begins at 0.2. ")

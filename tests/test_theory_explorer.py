"""The theory explorer without kernel or browser: every control moves the picture, and the curves are the physics."""

import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from conftest import check_control, check_legend, put_back
from numpy.testing import assert_allclose
from PIL import Image

from ggd_helpers.explorers.theory import PairExplorer
from ggd_helpers.potentials.examples import DISSIPATIONS, ENTROPIES

pytestmark = pytest.mark.filterwarnings("error")

OTHER = {  # a value for each control that it does not start at
    "entropy": "paraboloid",
    "potential": "parabola",
    "shape": 2.5,
    "strength": 0.5,
    "start_1": -0.4,
    "start_2": 0.2,
}
ADMISSIBLE = [name for name in DISSIPATIONS if "not admissible" not in name]


@pytest.fixture(scope="module")
def shared():
    """One explorer for all tests: laying out its picture takes a second."""
    explorer = PairExplorer()
    return explorer, {name: getattr(explorer, name).value for name in OTHER}


@pytest.fixture
def explorer(shared):
    explorer, first = shared
    put_back(explorer, first)
    return explorer


@pytest.fixture(scope="module")
def undrawn():
    """An explorer without a picture, for tests of its curves in many places."""
    explorer = PairExplorer()
    explorer.picture.show = lambda curves: b""
    return explorer


@pytest.mark.parametrize("name", OTHER)
def test_every_control_changes_the_picture_and_a_control_put_back_brings_it_back(explorer, name):
    check_control(explorer, name, OTHER[name])


def test_the_picture_is_an_image_that_a_page_can_show(explorer):
    assert min(Image.open(io.BytesIO(explorer.image.value)).size) > 250
    assert explorer.still().data == explorer.image.value


def test_every_control_has_a_description_and_a_legend(explorer):
    check_legend(explorer.panel, len(OTHER))


@pytest.mark.parametrize(("shape", "strength"), [(1.0, 1.0), (2.5, 0.5)])
def test_paraboloid_and_parabola_relax_exponentially(explorer, shape, strength):
    explorer.entropy.value, explorer.potential.value = "paraboloid", "parabola"
    explorer.shape.value, explorer.strength.value = shape, strength
    curves = explorer.curves()
    start = [explorer.start_1.value, explorer.start_2.value]
    rates = strength * np.array([1.0, shape])
    assert_allclose(curves.path, start * np.exp(-np.outer(curves.times, rates)), atol=1e-5)
    expected = 0.5 * ((np.square(start) - curves.path**2) @ [1.0, shape])
    assert_allclose(curves.along, expected, atol=1e-5)
    assert_allclose(curves.flux, strength * curves.forces, atol=1e-12)


def test_the_cosh_is_the_sinh(explorer):
    explorer.potential.value, explorer.strength.value = "cosh", 2.0
    curves = explorer.curves()
    assert_allclose(curves.flux, np.sinh(2 * curves.forces) / 2)


@pytest.mark.parametrize(("entropy", "potential"), list(itertools.product(ENTROPIES, ADMISSIBLE)))
@pytest.mark.parametrize(("number", "start"), [(0.2, 0.95), (3.0, -0.95)])
def test_entropy_rises_for_every_admissible_pair_even_in_the_corners(undrawn, entropy, potential, number, start):
    explorer = undrawn
    explorer.entropy.value, explorer.potential.value = entropy, potential
    explorer.strength.value, explorer.shape.value = number, 4.0
    explorer.start_1.value, explorer.start_2.value = start, -start
    curves = explorer.curves()
    assert np.isfinite(curves.path).all()
    assert not curves.falls
    assert "rises" in explorer.status.value


def test_the_inadmissible_potential_makes_entropy_fall(explorer):
    explorer.potential.value, explorer.strength.value = "1 - cos (not admissible)", 3.0
    curves = explorer.curves()
    assert curves.falls
    assert curves.along.min() < -0.01
    assert "falls" in explorer.status.value


def test_two_hills_end_where_they_started_nearest(explorer):
    explorer.entropy.value, explorer.potential.value, explorer.strength.value = (
        "two hills (not concave)",
        "parabola",
        3.0,
    )
    ends = []
    for start in (-0.3, 0.3):
        explorer.start_1.value = start
        ends.append(explorer.curves().path[-1, 0])
    assert_allclose(ends, [-(0.5**0.5), 0.5**0.5], atol=1e-3)


def test_the_used_part_of_the_force_flux_curve_lies_on_it(explorer):
    curves = explorer.curves()
    forces, flux = curves.used
    assert len(forces) > 0
    assert_allclose(flux, np.interp(forces, curves.forces, curves.flux))
    reached = -np.arctanh(curves.path[:, 0])
    assert forces.min() >= reached.min() - 0.05
    assert forces.max() <= reached.max() + 0.05


def test_no_figure_is_left_open(explorer):
    explorer.start_1.value = 0.1
    assert not plt.get_fignums()
    assert torch.is_grad_enabled()

"""The half-slope explorer without kernel or browser: it finds the mirror of functions whose mirror is known."""

import io
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from conftest import check_legend
from numpy.testing import assert_allclose
from PIL import Image

from ggd_helpers.explorers.half_slope import HalfSlopeExplorer

pytestmark = pytest.mark.filterwarnings("error")

XI = torch.linspace(-2.4, 2.4, 481, dtype=torch.float64)
SHARES = (0.1, 0.3, 0.5, 0.8)
MIRRORS = {share: math.log(share / (1 - share)) / 2 for share in SHARES}  # of the formula, by hand


def hamiltonian(share: float) -> torch.Tensor:
    """`r_+ (exp(xi) - 1) + r_- (exp(-xi) - 1)` of A <-> B with rates 1."""
    return (1 - share) * torch.expm1(XI) + share * torch.expm1(-XI)


@pytest.fixture(scope="module")
def shared():
    """One explorer for all tests: laying out its picture takes a second."""
    return HalfSlopeExplorer(XI, {share: hamiltonian(share) for share in SHARES}, MIRRORS)


@pytest.fixture
def explorer(shared):
    shared.share.value, shared.shift.value, shared.compare.value = 0.3, 0.1, False
    shared.found.clear()
    return shared


@pytest.mark.parametrize("share", SHARES)
def test_the_odd_part_is_least_at_the_mirror_and_is_a_sinh_beside_it(explorer, share):
    shifts = XI[XI.abs() < 1.4].tolist()
    assert min(shifts, key=lambda shift: explorer.odd_share(share, shift)) == pytest.approx(MIRRORS[share], abs=0.0051)
    beside = round(MIRRORS[share] + 0.25, 2)  # H = -1 + 2 sqrt(r_+ r_-) cosh(xi - mirror)
    expected = math.tanh(beside - MIRRORS[share]) * math.sinh(1) / (math.cosh(1) - 1)
    assert explorer.odd_share(share, beside) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("shift", "low", "high"), [(-0.42, 0.0, 0.01), (-0.2, 0.2, 1.0), (0.3, 0.5, 5.0)])
def test_the_mirrored_curve_meets_the_measured_one_only_at_the_mirror(explorer, shift, low, high):
    explorer.shift.value = shift
    x, y = explorer.curves()["mirror"]["mirrored"]
    inside = abs(x - shift) < 1
    known = 0.7 * np.expm1(x[inside]) + 0.3 * np.expm1(-x[inside])
    assert low <= abs(known - y[inside]).max() <= high


def test_the_best_shift_of_each_state_stays_as_a_dot(explorer):
    for share, shifts in ((0.3, (-0.2, -0.42, 0.4)), (0.8, (0.69, 0.3)), (0.5, (0.5,))):
        explorer.share.value = share
        for shift in shifts:
            explorer.shift.value = shift
    dots = explorer.curves()["found"]["even"]
    assert_allclose(sorted(zip(*dots, strict=True)), [(0.3, -0.42), (0.8, 0.69)])  # 0.5 was never even


def test_it_says_when_it_is_even(explorer):
    explorer.share.value, explorer.shift.value = 0.3, 0.0
    assert "even, as far" not in explorer.status.value
    explorer.shift.value = -0.42
    assert "even, as far" in explorer.status.value


def test_the_counted_slope_shows_only_where_it_is_asked_for(explorer):
    assert "slope" not in explorer.curves()["found"]
    explorer.compare.value = True
    x, y = explorer.curves()["found"]["slope"]
    assert_allclose(x, SHARES)
    assert_allclose(y, list(MIRRORS.values()))


@pytest.mark.parametrize(("name", "value"), [("share", 0.8), ("shift", 0.5), ("compare", True)])
def test_every_control_moves_the_picture(explorer, name, value):
    before = explorer.image.value
    getattr(explorer, name).value = value
    assert explorer.image.value != before
    assert min(Image.open(io.BytesIO(explorer.image.value)).size) > 250


def test_every_control_has_a_description_and_a_legend(explorer):
    check_legend(explorer.panel, 3)


def test_momenta_that_are_too_few_are_refused():
    with pytest.raises(ValueError, match=r"xi must reach beyond 1 \(got 0\.8\)"):
        HalfSlopeExplorer(torch.linspace(-0.8, 0.8, 161), {0.5: torch.zeros(161)}, {0.5: 0.0})


def test_no_figure_is_left_open(explorer):
    explorer.shift.value = 0.1
    assert not plt.get_fignums()

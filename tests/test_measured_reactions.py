"""Reactions from measurements: rates that are learned, files that are read, and what a sparse regression finds."""

import pytest
import torch
from conftest import refused
from torch.testing import assert_close

from ggd_helpers.architectures.polynomial import PolynomialLaw
from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.freedoms import potential_errors
from ggd_helpers.evaluation.laplace import Laplace
from ggd_helpers.evaluation.reactions import ScaledTilt
from ggd_helpers.files import DATA
from ggd_helpers.potentials.general import FormulaDissipation, FormulaEntropy
from ggd_helpers.potentials.reactions import LearnedMassAction, LearnedMixture
from ggd_helpers.systems.reactions import MassActionReactions
from ggd_helpers.training.fit import fit
from ggd_helpers.training.graded_rk4 import GradedRK4
from ggd_helpers.training.record_likelihood import RecordLikelihood
from ggd_helpers.training.starts_of_records import Positive
from ggd_helpers.training.whole_records import WholeRecords

SYSTEM = MassActionReactions("A + 2 B <-> C; C + D <-> A")
STATES = 0.1 + torch.rand(40, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def learned() -> GradientDynamics:
    return GradientDynamics(LearnedMixture(4), LearnedMassAction(SYSTEM.stoichiometry, SYSTEM.alpha + SYSTEM.beta))


def test_before_training_all_rates_are_one():
    model = learned()
    a, b, c, d = STATES.unbind(-1)
    first, second = a * b**2 - c, c * d - a
    assert_close(model(STATES), torch.stack([second - first, -2 * first, first - second, -second], -1))
    for rates in model.dissipation.rates(model.entropy):
        assert_close(rates, torch.ones(2, dtype=torch.float64))


def test_whatever_the_weights_the_motion_is_mass_action_with_the_rates_it_names():
    model, generator = learned(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        kf, kb = model.dissipation.rates(model.entropy)
        a, b, c, d = STATES.unbind(-1)
        first, second = kf[0] * a * b**2 - kb[0] * c, kf[1] * c * d - kb[1] * a
        assert_close(model(STATES), torch.stack([second - first, -2 * first, first - second, -second], -1))


def test_the_shipped_recording_gives_back_the_rates_it_was_made_with():
    data, model = SYSTEM.read(DATA / "reactions.csv"), learned()
    assumed = RecordLikelihood(GradedRK4(32), scale=torch.log, domain=Positive())
    fit(model, data, WholeRecords(assumed, restarts=1), seed=20, progress=False)
    kf, kb = model.dissipation.rates(model.entropy)
    assert_close(kf, torch.tensor([2.0, 1.0], dtype=torch.float64), rtol=0.01, atol=0)
    assert_close(kb, torch.tensor([1.0, 0.5], dtype=torch.float64), rtol=0.01, atol=0)
    assert_close(Laplace.of(model, data, assumed).noise, torch.full((4,), 0.01, dtype=torch.float64), rtol=0.1, atol=0)


def test_columns_may_stand_in_any_order_times_be_uneven_and_cells_empty(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("trajectory,t [s],D [mM],A,C,B\n0,0,4,1,3,2\n0,1,8,5,,6\n1,0.5,8,5,7,6\n0,1.5,8,9,7,6\n")
    data = SYSTEM.read(path)
    missing = float("nan")
    first = [[1, 2, 3, 4], [5, 6, missing, 8], [9, 6, 7, 8]]
    wanted = torch.tensor([first, [[5, 6, 7, 8], *[[missing] * 4] * 2]], dtype=torch.float64)
    assert_close(data.values, wanted, equal_nan=True)
    assert list(map(str, data.quantities)) == ["A", "B", "C", "D (mM)"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "trajectory,t,A,B,C\n0,0,1,2,3\n0,1,1,2,3\n",
            ["columns 'A, B, C'", "species 'A, B, C, D'", "name them alike"],
        ),
        ("trajectory,t,A,B,C,E\n0,0,1,2,3,4\n0,1,1,2,3,4\n", ["'A, B, C, E'", "name them alike"]),
        (
            "trajectory,t,D,A,B,C\n7,0,1,2,3,4\n8,0,1,2,3,4\n8,1.5,1,2,0,4\n7,1,1,2,3,4\n",
            ["concentrations must be positive (got 0 for B at t = 1.5 in record 2 of 2)", "logarithm", "empty"],
        ),
    ],
)
def test_what_is_not_of_these_reactions_is_refused(tmp_path, text, words):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with refused("mine.csv", *words):
        SYSTEM.read(path)


def test_a_polynomial_law_is_its_terms():
    powers = torch.tensor([[0, 0], [1, 0], [2, 1]])
    law = PolynomialLaw(powers, torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.0, -3.0]]))
    x, y = STATES[:, :2].unbind(-1)
    assert_close(law(STATES[:, :2]), torch.stack([1 + 2 * x, -3 * x**2 * y], -1))


def test_coefficients_of_another_shape_are_refused():
    with refused("coefficients", "(n, terms)", "(2, 2)", "(3, 2)"):
        PolynomialLaw(torch.zeros(3, 2), torch.zeros(2, 2))


def test_scale_and_tilt_are_found_and_taken_out():
    scale, q = 3.0, SYSTEM.conserved[0] - 0.5 * SYSTEM.conserved[1]
    model = GradientDynamics(
        FormulaEntropy(lambda c: scale * (SYSTEM.entropy(c) + c @ q + 0.7)),
        FormulaDissipation(lambda c, y: scale * SYSTEM.dissipation(c, y / scale)),
    )
    gauge = ScaledTilt.fix(model, SYSTEM, STATES)
    assert gauge.scale == pytest.approx(scale, rel=1e-9)
    assert_close(gauge.entropy(model, STATES), SYSTEM.entropy(STATES))
    assert_close(gauge.conjugate(model, STATES), SYSTEM.conjugate(STATES))
    force = SYSTEM.conjugate(STATES)
    assert_close(gauge.dissipation(model, STATES, force), SYSTEM.dissipation(STATES, force))
    errors = potential_errors(model, SYSTEM, STATES, gauge)
    assert max(errors.values()) < 1e-9

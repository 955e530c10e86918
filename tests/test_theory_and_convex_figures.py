"""Figures of chapters 1 and 2: labelled, drawn without a warning, and left to the page alone."""

import pytest
import torch
from conftest import check_drawn, functions_of
from matplotlib.figure import Figure
from torch.nn.functional import softplus

from ggd_helpers.figures import convex, theory
from ggd_helpers.training.landscapes import LANDSCAPES, Way

pytestmark = pytest.mark.filterwarnings("error")

T = torch.linspace(0, 1, 11)
Y = torch.linspace(-1, 1, 11)
SIZES = torch.tensor([10, 100, 1000])
WAYS = {name: Way(torch.rand(7, 2), torch.arange(7)) for name in "ab"}

THEORY = {
    "box": lambda: theory.box(T, {20: 1 - T, 200: 1 - T / 2}, {20: T, 200: T / 2}, torch.linspace(1, 0.5, 11)),
    "concavity": lambda: theory.concavity(Y, -(Y**2), -((Y**2 - 0.5) ** 2), -(Y**4), 0 * Y),
    "second_law": lambda: theory.second_law(Y, [Y**2, Y**4], torch.sin(3 * Y) * Y),
    "force_flux": lambda: theory.force_flux(Y, {"a": (Y**2, Y), "b": (Y**4, Y**3)}, Y, (T + 1, T + 0.1), 3),
    "motions": lambda: theory.motions(T, {"a": torch.rand(11, 2), "b": torch.rand(11, 2)}, {"a": T, "b": T**2}),
    "conjugates": lambda: theory.conjugates({"a": ((Y, Y**2),) * 4, "b": ((Y, Y**2),) * 4}),
    "bridges": lambda: theory.bridges(T, torch.rand(20, 11), T, T, 0.1 + T, T**2, (3 * T, T)),
    "least_action": lambda: theory.least_action(T, 1 - T, 1 - T, T, SIZES / 1e4, SIZES / 1e5),
    "lagrangians": lambda: theory.lagrangians(Y, Y**2, Y, Y**2, (Y**2 - 1) ** 2, 0 * Y),
    "hamiltonian": lambda: theory.hamiltonian(Y, (Y**2, 0.1 + T), Y**2, (Y, Y**2, Y**2)),
    "half_slopes": lambda: theory.half_slopes((T, T, 0.1 + T), (T, T), 2 * T, {"a": (T, T + 0.1)}),
    "dissipation_of_jumps": lambda: theory.dissipation_of_jumps(
        (Y, Y**2, 0.1 + T, Y**2), SIZES, (1 / SIZES[:2], 0.1 / SIZES[:2]), 1 / SIZES, -1.0
    ),
    "factor_two": lambda: theory.factor_two(T, T, T, T / 2),
    "time_reversal": lambda: theory.time_reversal(Y, Y + 0.1 * T, 0.1 + T, torch.randn(50)),
}
CONVEX = {
    "approximation": lambda: convex.approximation(Y, Y**2, {1: Y, 4: Y**2}, {1: 0.1, 4: 0.01}),
    "minibatches": lambda: convex.minibatches(SIZES, 1 / SIZES, {"a": torch.randn(99), "b": torch.ones(99)}),
    "landscapes": lambda: convex.landscapes({name: (landscape, WAYS) for name, landscape in LANDSCAPES.items()}),
    "losses": lambda: convex.losses({"a": (range(1, 4), [1.0, 0.1, 0.01]), "b": ([1, 3], [1.0, 0.5])}),
    "building_blocks": lambda: convex.building_blocks(Y, torch.stack([softplus(Y), softplus(-Y)], -1), Y**2, Y, Y**3),
    "spreads": lambda: convex.spreads({"one": {"a": [1.0, 2.0, 3.0], "b": [0.1]}, "two": {"a": [1.0]}}, "loss"),
    "positive_maps": lambda: convex.positive_maps(Y, {"a": Y**2, "b": Y.exp()}, {"a": 2 * Y.abs(), "b": 0 * Y}),
    "depths": lambda: convex.depths({"a": (SIZES, SIZES)}, {"a": (SIZES, SIZES), "b": (SIZES, 1 / SIZES)}),
    "envelope": lambda: convex.envelope(Y, Y**3, {"a": (Y, Y**2), "b": (Y, Y)}),
    "caught": lambda: convex.caught(Y, Y**2, -(Y**2), {"a": -torch.rand(99), "b": torch.randn(99)}),
}
DRAWINGS = THEORY | CONVEX


@pytest.mark.parametrize(("module", "drawings"), [(theory, THEORY), (convex, CONVEX)])
def test_every_function_is_tried(module, drawings):
    functions = functions_of(module, module.__name__)
    functions = {name for name in functions if getattr(module, name).__annotations__["return"] is Figure}
    assert functions == set(drawings)


@pytest.mark.parametrize("name", DRAWINGS)
class TestEveryFigure:
    def test_it_is_drawn_without_a_complaint_and_no_pyplot_holds_it(self, name, caplog):
        assert isinstance(check_drawn(DRAWINGS[name], caplog), Figure)

    def test_all_axes_are_labelled_and_show_something(self, name):
        for axes in DRAWINGS[name]().axes:
            beside = [axes, *axes.get_shared_y_axes().get_siblings(axes)]
            assert axes.get_xlabel()
            assert any(each.get_ylabel() for each in beside)
            assert axes.lines or axes.collections or axes.patches

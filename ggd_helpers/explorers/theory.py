"""The explorer of the theory chapter: any entropy of the menu with any dissipation potential of the menu."""

import ipywidgets as widgets
import numpy as np
import torch

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.explorers.base import Explorer
from ggd_helpers.figures.theory_live import PairCurves, PairPicture
from ggd_helpers.integrators import adaptive
from ggd_helpers.potentials.examples import DISSIPATIONS, ENTROPIES

REACH, HORIZON, POINTS = 0.98, 6.0, 121
FORCES = torch.linspace(-2, 2, 121, dtype=torch.float64)


class PairExplorer(Explorer[PairPicture]):
    """Choose S and Xi, turn their numbers, move the start, and watch where states go and whether entropy rises.

    Display `explorer.panel`, or put the explorer last in a cell.
    """

    main, stops = "start_1", [k / 10 for k in range(-9, 10)]

    def __init__(self, entropy: str = "two boxes", potential: str = "cosh"):
        arrow_side, contour_side = torch.linspace(-0.9, 0.9, 11), torch.linspace(-REACH, REACH, 61)
        self.arrow_states, self.states = _grid(arrow_side), _grid(contour_side)
        super().__init__(PairPicture(contour_side.numpy(), arrow_side.numpy(), HORIZON))
        self.entropy = widgets.Dropdown(options=list(ENTROPIES), value=entropy, description="entropy")
        self.potential = widgets.Dropdown(options=list(DISSIPATIONS), value=potential, description="potential")
        self.shape = _slider("shape", 1.0, 0.2, 4.0)
        self.strength = _slider("strength", 1.0, 0.2, 3.0)
        self.start_1 = _slider("start x1", 0.9, -0.95, 0.95)
        self.start_2 = _slider("start x2", 0.7, -0.95, 0.95)
        legend = widgets.HTML(
            "<b>entropy</b>, <b>potential</b>: the pair. <b>shape</b>: how much steeper S is along x2. "
            "<b>strength</b>: the one number of Xi (mobility, ratio, steepness or threshold). "
            "<b>start x1</b>, <b>start x2</b>: where the blue path begins."
        )
        columns = [(self.entropy, self.potential), (self.shape, self.strength), (self.start_1, self.start_2)]
        controls = widgets.HBox(
            [widgets.VBox(column) for column in columns], layout=widgets.Layout(flex_flow="row wrap")
        )
        self.panel = widgets.VBox([controls, legend, self.status, self.image])
        for control in (control for column in columns for control in column):
            control.observe(self._redraw, "value")
        self._redraw()

    def system(self) -> GradientDynamics:
        """The pair as the controls stand."""
        entropy = ENTROPIES[self.entropy.value](self.shape.value)
        return GradientDynamics(entropy, DISSIPATIONS[self.potential.value](self.strength.value))

    def _redraw(self, *_: object) -> None:
        curves = self.curves()
        self._show(self.picture.png(curves), self._told(curves))
        self.status.value = "Entropy falls on this path: the pair is not admissible." if curves.falls else (
            f"Entropy rises by {curves.along[-1]:.3f} on this path."
        )  # fmt: skip

    def _told(self, curves: PairCurves) -> str:
        (a, b), (c, d) = curves.path[0], curves.path[-1]
        return (
            f"Left: level lines of the entropy {self.entropy.value!r} and arrows of the motion; the blue path leads "
            f"from ({a:.2f}, {b:.2f}) to ({c:.2f}, {d:.2f}). Middle: the entropy along it "
            f"{'falls' if curves.falls else 'rises'}, in the end by {curves.along[-1]:.3f}. Right: flux against force, "
            f"from {curves.flux[0]:.2f} at force -2 to {curves.flux[-1]:.2f} at force 2."
        )

    @torch.no_grad()
    def curves(self) -> PairCurves:
        """What the panels show for the present values of the controls."""
        system = self.system()
        start = torch.tensor([self.start_1.value, self.start_2.value], dtype=torch.float64)
        path = adaptive(lambda x: _inside(system, x), start, HORIZON / (POINTS - 1), POINTS, rtol=1e-6, atol=1e-9)
        along = system.entropy(path) - system.entropy(start)
        force = torch.stack([FORCES, torch.zeros_like(FORCES)], dim=-1)
        flux = system.dissipation.flux(torch.zeros_like(force), force)[:, 0]
        reached = system.conjugate(path)[:, 0]
        used = (reached.min() <= FORCES) & (reached.max() >= FORCES)
        return PairCurves(
            entropy=system.entropy(self.states).numpy(),
            arrows=system(self.arrow_states).numpy(),
            path=path.numpy(),
            times=np.linspace(0, HORIZON, POINTS),
            along=along.numpy(),
            forces=FORCES.numpy(),
            flux=flux.numpy(),
            used=(FORCES[used].numpy(), flux[used].numpy()),
            falls=bool((along.diff() < -1e-5).any()),
        )


def _inside(system: GradientDynamics, x: torch.Tensor) -> torch.Tensor:
    """The velocity, with states that would leave the square held at its border."""
    at = x.clamp(-REACH, REACH)
    velocity = system(at)
    return torch.where((x.abs() >= REACH) & (velocity * x > 0), 0.0, velocity)


def _slider(name: str, value: float, low: float, high: float) -> widgets.FloatSlider:
    return widgets.FloatSlider(value=value, min=low, max=high, step=0.05, description=name, readout_format=".2f")


def _grid(side: torch.Tensor) -> torch.Tensor:
    """States `(k, k, 2)` with `x_1` along the last but one axis."""
    return torch.stack(torch.meshgrid(side.double(), side.double(), indexing="xy"), dim=-1)

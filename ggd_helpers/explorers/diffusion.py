"""The explorer of the diffusion chapter."""

from collections.abc import Mapping

import ipywidgets as widgets
import torch
from torch import Tensor

from ggd_helpers.explorers.base import LearningExplorer, curve, nearest, point
from ggd_helpers.figures import DiffusionPicture
from ggd_helpers.figures.diffusion_live import HORIZON
from ggd_helpers.figures.live import Curve
from ggd_helpers.grids import PeriodicGrid
from ggd_helpers.potentials.general import ConcaveEntropy
from ggd_helpers.potentials.mobility import MobilityDissipation
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems import profiles
from ggd_helpers.systems.diffusion import (
    FickianDiffusion,
    LocalDynamics,
    effective_diffusivity,
    local_dynamics,
    on_grid,
)
from ggd_helpers.training.fit import fit
from ggd_helpers.training.objectives import FlowMatching
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

SHAPES = {
    "spikes": profiles.spikes,
    "discontinuous": profiles.discontinuous,
    "polynomial": profiles.polynomial,
    "waves": profiles.positive_fourier,
    "blobs": profiles.blobs,
}
TIMES = torch.linspace(0, HORIZON, 161, dtype=torch.float64)
CONCENTRATIONS = torch.linspace(0, 0.4, 81, dtype=torch.float64)[:, None]


class DiffusionExplorer(LearningExplorer[DiffusionPicture]):
    """Move D, the initial shape, the number of cells and the time, and watch a profile flatten.

    "Learn it" films short pieces of the motion on 64 cells, trains two small densities on them, and lays the learned
    law over the exact one; it then serves on every grid and for every shape.

    Display `explorer.panel`, or put the explorer last in a cell.
    """

    main, stops = "time", [k / 10 for k in range(21)]

    def __init__(self, diffusivity: float = 3e-3, cells: int = 64, shape: str = "discontinuous", seed: int = 0):
        super().__init__(DiffusionPicture())
        self.seed = seed
        self.model: LocalDynamics | None = None
        near, beyond = nearest("D", diffusivity, 1e-4, 1e-1)
        self.diffusivity = widgets.FloatLogSlider(
            value=near, min=-4, max=-1, step=0.05, description="D", readout_format=".1e"
        )
        self.time = widgets.FloatSlider(value=0.2, min=0, max=HORIZON, step=0.05, description="time")
        self.shape = widgets.Dropdown(value=shape, options=list(SHAPES), description="shape")
        grids = sorted({32, 64, 128, 256, cells})
        self.cells = widgets.SelectionSlider(value=cells, options=grids, description="cells")
        legend = widgets.HTML(
            "<b>D</b>: diffusivity, length²/time. <b>time</b>: moves the dot and the white line. <b>shape</b>: of the "
            "concentration at time 0. <b>cells</b>: of the grid."
        )
        controls = widgets.HBox([widgets.VBox([self.diffusivity, self.time]), widgets.VBox([self.shape, self.cells])])
        self.panel = widgets.VBox([controls, legend, widgets.HBox([self.learn_button, self.status]), self.image])
        self.diffusivity.observe(self._forget, "value")
        for control in (self.shape, self.cells):
            control.observe(self._restart, "value")
        self.time.observe(self._redraw, "value")
        self._forget()
        self.status.value = beyond + self.status.value

    def _forget(self, *_: object) -> None:
        """A new diffusivity: what was learned of the old one is no longer shown."""
        self.model = None
        self.status.value = "Dashed curves appear when the law is learned."
        self._restart()

    @torch.no_grad()
    def _restart(self, *_: object) -> None:
        """A new motion, solved exactly."""
        self.system = FickianDiffusion(self.diffusivity.value, self.cells.value, profile=SHAPES[self.shape.value])
        start = self.system.sample_initial_states(1, torch.Generator().manual_seed(self.seed + 4))[0]
        self.path = self.system.solution(start, TIMES).clamp_min(1e-12)
        entropy, rest = self.system.entropy(self.path), self.system.entropy(start.mean().expand_as(start))
        self.gain = (entropy - rest) / (entropy[0] - rest).abs()
        self.production = self.system.entropy_production(self.path[1:]).clamp_min(1e-30)
        self._redraw()

    def _flux(self, model: LocalDynamics, c: Tensor) -> Tensor:
        """The flux through every face in units of D, the slope that Fick's law would take it for."""
        return model.dissipation.face_flux(c, model.conjugate(c)).squeeze(-2) / self.diffusivity.value

    @torch.no_grad()
    def _redraw(self, *_: object) -> None:
        curves = self.curves()
        self._show(self.picture.png(curves, self.path.T.numpy(), self.time.value), self._told(curves))

    def _told(self, curves: Mapping[str, Mapping[str, Curve]]) -> str:
        start, c = curves["profile"]["start"][1], curves["profile"]["known"][1]
        flux, left = curves["flux"]["known"][1], point(curves["entropy"]["now"])[1]
        rate = (
            f"grows at {point(curves['production']['now'])[1]:.2g}"
            if "now" in curves["production"]
            else "begins to grow"
        )
        learned = " Dashed curves are the law that was learned." if self.model is not None else ""
        return (
            f"Six panels, at time {self.time.value:.2f}. Concentration: between {c.min():.3f} and {c.max():.3f}, at "
            f"the start between {start.min():.3f} and {start.max():.3f}. Flux over D: from {flux.min():.2g} to "
            f"{flux.max():.2g}. Entropy: {abs(left):.1%} of the way to its maximum is left. Second law: S {rate}. Law: "
            f"D is {self.diffusivity.value:.2g} at every concentration. Place over time: the picture of the whole "
            f"motion.{learned}"
        )

    def curves(self) -> dict[str, dict[str, Curve]]:
        """What the panels show for the present values of the controls."""
        grid, now = self.system.grid, round(self.time.value / HORIZON * (len(TIMES) - 1))
        x, c = grid.coordinates()[0], self.path[now]
        faces, law = x + 0.5 * grid.width, torch.full_like(CONCENTRATIONS, self.diffusivity.value)
        curves = {
            "profile": {"start": curve(x, self.path[0]), "known": curve(x, c)},
            "flux": {"known": curve(faces, self._flux(self.system, c))},
            "entropy": {"known": curve(TIMES, self.gain), "now": curve(TIMES[now], self.gain[now])},
            "production": {"known": curve(TIMES[1:], self.production)},
            "law": {"known": curve(CONCENTRATIONS, law)},
        }
        if now > 0:
            curves["production"]["now"] = curve(TIMES[now], self.production[now - 1])
        if self.model is not None:
            learned = on_grid(self.model, grid)
            curves["flux"]["learned"] = curve(faces, self._flux(learned, c))
            curves["law"]["learned"] = curve(CONCENTRATIONS, effective_diffusivity(learned, CONCENTRATIONS))
        return curves

    def _train(self) -> None:
        system = FickianDiffusion(self.diffusivity.value, 64, profile=profiles.positive_fourier)
        frame = system.grid.width**2 / (2 * self.diffusivity.value)
        data = simulate(system, trajectories=10, points=16, dt=frame, seed=self.seed, substeps=1)
        densities = ConcaveEntropy(dim=1, width=4, depth=2), MobilityDissipation(self.diffusivity.value, width=4)
        model = self.model = local_dynamics(*densities, PeriodicGrid(64), seed=self.seed)

        recipe = SelfScaledBFGS(FlowMatching(), iterations=120, restarts=1, points=3, validation_fraction=0.5)
        fit(model, data, recipe, seed=self.seed, progress=False, watch=self._watch)
        with torch.no_grad():
            found = effective_diffusivity(model, CONCENTRATIONS[2:61]) / self.diffusivity.value
        self.status.value = f"learned on 64 cells: relative error of D {(found - 1).abs().max():.0e}, for c up to 0.3."
        self._redraw()

"""The explorer of the particle chapter."""

from collections.abc import Callable, Mapping

import ipywidgets as widgets
import torch

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.freedoms import Shift, potential_errors
from ggd_helpers.explorers.base import LearningExplorer, curve, nearest, point
from ggd_helpers.figures import ParticlePicture
from ggd_helpers.figures.live import Curve
from ggd_helpers.potentials.general import ConcaveEntropy
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import SteepParticle
from ggd_helpers.training.fit import fit
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

STATES = torch.linspace(-1, 1, 101, dtype=torch.float64)[:, None]
TIMES = torch.linspace(0, 5, 151, dtype=torch.float64)


class ParticleExplorer(LearningExplorer[ParticlePicture]):
    """Move gamma, the shape of Xi, the start and the time, and watch the state climb its entropy.

    "Learn it" simulates the particle as it is set, hides S from a network, and shows S coming back. Xi is prescribed
    there, which is what makes S unique up to a constant.

    Display `explorer.panel`, or put the explorer last in a cell.
    """

    main, stops = "steepness", [0.05, *(k / 4 for k in range(1, 17))]

    def __init__(self, gamma: float = 1.0, steepness: float = 2.5, start: float = 0.9, seed: int = 0):
        super().__init__(ParticlePicture())
        self.seed = seed
        self.model: GradientDynamics | None = None
        near, beyond = nearest("gamma", gamma, 0.1, 10.0)
        self.gamma = self._slider("gamma", widgets.FloatLogSlider, near, min=-1, max=1, step=0.05)
        self.steepness = self._slider("steepness", widgets.FloatSlider, steepness, min=0.05, max=4, step=0.05)
        self.start = self._slider("start", widgets.FloatSlider, start, min=-1, max=1, step=0.05)
        self.time = self._slider("time", widgets.FloatSlider, 0.4, min=0, max=5, step=0.1)
        legend = widgets.HTML(
            "<b>gamma</b>: damping rate, 1/time. <b>steepness</b>: how fast the friction law leaves its tangent "
            "(small: a parabola). <b>start</b>: the state at time 0. <b>time</b>: moves the dot."
        )
        controls = widgets.HBox([widgets.VBox([self.gamma, self.steepness]), widgets.VBox([self.start, self.time])])
        self.panel = widgets.VBox([controls, legend, widgets.HBox([self.learn_button, self.status]), self.image])
        for slider in (self.gamma, self.steepness):
            slider.observe(self._forget, "value")
        for slider in (self.start, self.time):
            slider.observe(self._redraw, "value")
        self._forget()
        self.status.value = beyond + self.status.value

    def _slider(self, name: str, kind: Callable[..., widgets.Widget], value: float, **limits: float) -> widgets.Widget:
        return kind(value=value, description=name, readout_format=".2f", **limits)

    def _forget(self, *_: object) -> None:
        """A new law: what was learned of the old one is no longer shown."""
        self.system = SteepParticle(self.gamma.value, self.steepness.value)
        self.model = None
        self.status.value = "The dashed curve appears when a network learns S from the motion."
        self._redraw()

    @torch.no_grad()
    def _redraw(self, *_: object) -> None:
        curves = self.curves()
        self._show(self.picture.png(curves), self._told(curves))

    def _told(self, curves: Mapping[str, Mapping[str, Curve]]) -> str:
        (x, entropy), (force, flux) = point(curves["entropy"]["now"]), point(curves["flux"]["now"])
        time, production = point(curves["production"]["now"])
        potential, end = point(curves["dissipation"]["now"])[1], point(curves["path"]["known"])
        learned = " A dashed curve is the entropy that was learned." if self.model is not None else ""
        return (
            f"Six panels with a dot at time {time:.1f}. Entropy hill: S = {entropy:.3f} at the state x = {x:.2f}. Its "
            f"slope: force {force:.2f}. Dissipation potential: {potential:.3f} at that force. Its slope: flux "
            f"{flux:.2f}. Motion: from {self.start.value:.2f} to {end[1]:.3f} at time {end[0]:.0f}. Second law: S "
            f"grows at {production:.2g}, never below 0.{learned}"
        )

    def curves(self) -> dict[str, dict[str, Curve]]:
        """What the six panels show for the present values of the sliders."""
        system = self.system
        start = torch.tensor([self.start.value], dtype=torch.float64)
        path = system.solution(start, TIMES)
        now = system.solution(start, torch.tensor([self.time.value], dtype=torch.float64))
        force, x_star = STATES, system.conjugate(now)
        tangent = self.gamma.value * force
        curves = {
            "entropy": {"known": curve(STATES, system.entropy(STATES)), "now": curve(now, system.entropy(now))},
            "conjugate": {"known": curve(STATES, system.conjugate(STATES)), "now": curve(now, x_star)},
            "dissipation": {
                "parabola": curve(force, 0.5 * tangent * force),
                "known": curve(force, system.dissipation(STATES, force)),
                "now": curve(x_star, system.dissipation(now, x_star)),
            },
            "flux": {
                "parabola": curve(force, tangent),
                "known": curve(force, system.dissipation.flux(STATES, force)),
                "now": curve(x_star, system(now)),
            },
            "path": {
                "parabola": curve(TIMES, start * torch.exp(-self.gamma.value * TIMES)),
                "known": curve(TIMES, path),
                "now": curve(torch.tensor(self.time.value), now),
            },
            "production": {
                "known": curve(TIMES, system.entropy_production(path)),
                "now": curve(torch.tensor(self.time.value), system.entropy_production(now)),
            },
        }
        if self.model is not None:
            learned = self.model.entropy(STATES)
            curves["entropy"]["learned"] = curve(STATES, learned - learned.max())
            curves["conjugate"]["learned"] = curve(STATES, self.model.conjugate(STATES))
            curves["production"]["learned"] = curve(TIMES, self.model.entropy_production(path))
        return curves

    def _train(self) -> None:
        points, horizon = 512, 5 / self.gamma.value
        data = simulate(self.system, trajectories=24, points=points, dt=horizon / points, seed=self.seed, substeps=2)
        entropy = ConcaveEntropy(dim=1, width=6, depth=3)
        model = self.model = GradientDynamics(entropy, self.system.dissipation, seed=self.seed)
        recipe = SelfScaledBFGS(iterations=240, restarts=2, trial=20, points=8)

        fit(model, data, recipe, seed=self.seed, progress=False, watch=self._watch)
        shift = Shift.fix(model, self.system, STATES)  # Xi is prescribed: only the constant of S is free
        error = potential_errors(model, self.system, STATES, shift)["entropy_error"]
        self.status.value = f"S learned from 24 trajectories: relative error {error:.0e}, up to a constant."
        self._redraw()

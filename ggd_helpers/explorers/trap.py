"""The explorer of the chapter on internal variables: a bead in a trap."""

import math
from collections.abc import Callable, Mapping
from functools import partial

import ipywidgets as widgets
import torch
from torch import Tensor

from ggd_helpers.evaluation.errors import relative_error
from ggd_helpers.evaluation.internal_variables import shares_on
from ggd_helpers.explorers.base import UNCUT, LearningExplorer, curve, point
from ggd_helpers.figures import TrapPicture
from ggd_helpers.figures.live import Curve
from ggd_helpers.figures.trap_live import HORIZON, REACH
from ggd_helpers.integrators import rk4_along
from ggd_helpers.internal_variables.model import InternalVariables
from ggd_helpers.recordings.ensembles import Ensembles, pool, sampling_variance
from ggd_helpers.recordings.simulate_ensembles import heun, simulate_groups
from ggd_helpers.systems import protocols
from ggd_helpers.systems.protocols import Protocol, inputs_of
from ggd_helpers.systems.trapped_bead import TrappedBead
from ggd_helpers.training.fit import fit
from ggd_helpers.training.integral_matching import IntegralMatching
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

SHAPES: dict[str, Callable[[float], Protocol]] = {
    "swings, growing": protocols.paper,
    "smooth ramp": lambda v: protocols.smooth_ramp(1.6 * v),
    "ramp": protocols.ramp,
    "sine": lambda v: protocols.sine(2 * v, 1.5),
    "step": lambda v: protocols.step(3 * v, at=1.0, rise=0.4),
}
BEADS, POINTS = 200, 121
DT = HORIZON / (POINTS - 1)
TIMES = DT * torch.arange(POINTS, dtype=torch.float64)
OFF = torch.linspace(-REACH, REACH, 161, dtype=torch.float64)


class TrapExplorer(LearningExplorer[TrapPicture]):
    """Pull a bead: the shape and speed of the pull, the stiffness of the trap, the temperature and the time.

    "Find it" repeats five pulls of this shape 400 times each, and trains a model of one internal variable on the
    clouds; it then predicts any pull that is set, until stiffness or temperature change.

    Display `explorer.panel`, or put the explorer last in a cell.
    """

    redraw_every = 10
    main, stops = "speed", [k / 20 for k in range(2, 21)]

    def __init__(self, speed: float = 0.7, shape: str = "swings, growing", seed: int = 0):
        super().__init__(TrapPicture())
        self.seed = seed
        self.model: InternalVariables | None = None
        self.learn_button.description = "find it"
        self.shape = widgets.Dropdown(value=shape, options=list(SHAPES), description="shape")
        self.speed = widgets.FloatSlider(value=speed, min=0.1, max=1, step=0.05, description="speed")
        self.stiffness = widgets.FloatLogSlider(
            value=1.0, base=2, min=-2, max=1, step=0.25, description="stiffness", readout_format=".2f"
        )
        self.temperature = widgets.FloatLogSlider(
            value=0.02, min=-2, max=-1, step=0.1, description="temperature", readout_format=".3f", style=UNCUT
        )
        self.time = widgets.FloatSlider(value=1.5, min=0, max=HORIZON, step=DT, description="time")
        legend = widgets.HTML(
            "<b>shape</b>, <b>speed</b>: of the pull. <b>stiffness</b>: of the trap, in units of the spring to the "
            "origin. <b>temperature</b>: kB T. <b>time</b>: moves the dots. <b>find it</b>: learns one number and both "
            "potentials from clouds."
        )
        columns = [[self.shape, self.speed], [self.stiffness, self.temperature], [self.time]]
        controls = widgets.HBox([widgets.VBox(column) for column in columns])
        self.panel = widgets.VBox([controls, legend, widgets.HBox([self.learn_button, self.status]), self.image])
        for control in (self.stiffness, self.temperature):
            control.observe(self._forget, "value")
        for control in (self.shape, self.speed):
            control.observe(self._restart, "value")
        self.time.observe(self._redraw, "value")
        self._forget()

    def _forget(self, *_: object) -> None:
        """Another bead: what was found in the old one is no longer shown."""
        self.bead = TrappedBead(stiffness=self.stiffness.value, thermal_energy=self.temperature.value)
        self.model = None
        self.status.value = "Dashed curves appear when a model has found its number."
        self._restart()

    @torch.no_grad()
    def _restart(self, *_: object) -> None:
        """Another pull: simulate the beads, and solve for their exact mean."""
        self.inputs = inputs_of([SHAPES[self.shape.value](self.speed.value)], TIMES)
        generator = torch.Generator().manual_seed(self.seed)
        x = self.bead.sample_equilibrium(self.inputs[0, 0], BEADS, generator)
        seen = [x]
        for start, end in zip(self.inputs[0, :-1], self.inputs[0, 1:], strict=True):
            x = heun(self.bead, x, start, end, DT, generator)
            seen.append(x)
        self.beads, self.mean = torch.stack(seen)[..., 0], self.bead.mean(self.inputs, DT)[0]
        if self.model is not None:
            self._predict(self.model)
        self._redraw()

    @torch.no_grad()
    def _redraw(self, *_: object) -> None:
        curves = self.curves()
        self._show(self.picture.png(curves), self._told(curves))

    def _told(self, curves: Mapping[str, Mapping[str, Curve]]) -> str:
        now = {panel: point(lines["now"]) for panel, lines in curves.items() if "now" in lines}
        trap, (_, rest) = now["loop"][0], curves["force"]["rest"]
        learned = " Dashed curves are what the model says." if self.model is not None else ""
        return (
            f"Six panels, at time {self.time.value:.2f}. Trap at {trap:.2f}, {BEADS} beads about their mean "
            f"{now['number'][1]:.2f}, with a standard deviation of {math.sqrt(self.bead.variance):.3f}. Force on the "
            f"hand {now['force'][1]:.2f}; if the beads had come to rest, {rest[round(self.time.value / DT)]:.2f}. "
            f"Memory: the loop of the force over the trap. Work lost so far: {now['loss'][1]:.3g}.{learned}"
        )

    def curves(self) -> dict[str, dict[str, Curve]]:
        """What the six panels show for the present values of the controls."""
        now, bead, trap = round(self.time.value / DT), self.bead, self.inputs[0]
        force, moment = bead.force(self.mean, trap), TIMES[now]
        rest = bead.force(bead.equilibrium_mean(trap), trap)
        lost = _dissipated(bead.at(trap).entropy_production(self.mean), DT)
        off = self.beads[now] - self.mean[now]
        height = -0.1 - 0.7 * torch.arange(BEADS) / BEADS
        near = off[off.abs() < REACH]
        counts = torch.histc(near, 32, -REACH, REACH) / BEADS / (2 * REACH / 32)
        centres = -REACH + (torch.arange(32) + 0.5) * 2 * REACH / 32
        exact = torch.exp(-(OFF**2) / (2 * bead.variance)) / math.sqrt(2 * math.pi * bead.variance)
        drawn = {
            "place": {
                "trap": curve(TIMES, trap),
                "beads": curve(moment.expand(BEADS), self.beads[now]),
                "known": curve(TIMES, self.mean),
            },
            "cloud": {
                "beads": curve(off, height),
                "counted": curve(centres, counts),
                "known": curve(OFF, exact),
            },
            "number": {
                "beads": curve(TIMES, self.beads.mean(1)),
                "known": curve(TIMES, self.mean),
                "now": curve(moment, self.mean[now]),
            },
            "force": {
                "rest": curve(TIMES, rest),
                "known": curve(TIMES, force),
                "now": curve(moment, force[now]),
            },
            "loop": {"rest": curve(trap, rest), "known": curve(trap, force), "now": curve(trap[now], force[now])},
            "loss": {"known": curve(TIMES, lost), "now": curve(moment, lost[now])},
        }
        if self.model is not None:
            for panel, line in (self.found | {"cloud": self._decoded(self.model, now)}).items():
                drawn[panel]["learned"] = line
        return drawn

    def _predict(self, model: InternalVariables) -> None:
        """What the model says of this pull from a start at rest alone, by panel: kept until something moves."""
        trap, times = self.inputs[0, ::2], TIMES[::2]  # the input in the middle of a step is the stored one
        self.alpha = rk4_along(model.dynamics, self.start, self.inputs, 2 * DT)[0]
        force = model.dynamics.force(self.alpha, trap)
        lost = _dissipated(model.dynamics.at(trap).entropy_production(self.alpha), 2 * DT)
        self.found = {
            "number": curve(times, self.gauge[0] + self.gauge[1] * self.alpha),
            "force": curve(times, force),
            "loop": curve(trap, force),
            "loss": curve(times, lost),
        }

    def _decoded(self, model: InternalVariables, now: int) -> Curve:
        decoded = model.decode(self.alpha[now // 2], self.inputs[0, now // 2 * 2])
        shares = shares_on(self.mean[now // 2 * 2] + OFF, decoded)
        return curve(OFF, shares / (OFF[1] - OFF[0]))

    def _train(self) -> None:
        pulls = [SHAPES[self.shape.value](factor * self.speed.value) for factor in (0.5, 0.75, 1.0, 1.25, 1.5)]
        drive = partial(inputs_of, pulls)
        groups = simulate_groups(self.bead, drive, 400, POINTS, DT, self.seed, groups=4, bins=60)
        data = pool(groups)
        self.model = InternalVariables.for_ensembles(data, seed=self.seed)
        self._take_over(data)
        objective = IntegralMatching(sampling_variance(groups), lag=4)
        recipe = SelfScaledBFGS(objective, iterations=170, points=30, restarts=2, trial=20, tolerance=-math.inf)

        def watch(iteration: int, loss: float) -> None:
            if iteration % self.redraw_every == 0:
                self._take_over(data)
            self._watch(iteration, loss)

        fit(self.model, data, recipe, seed=self.seed, progress=False, watch=watch)
        self._take_over(data)
        self._redraw()
        force = torch.from_numpy(self.found["force"][1])
        error = relative_error(force, self.bead.force(self.mean, self.inputs[0])[::2, 0])
        self.status.value = f"Found in 5 pulls of 400 beads: relative error of the force {error:.1e}."

    @torch.no_grad()
    def _take_over(self, data: Ensembles) -> None:
        """The straight line that brings alpha closest to the mean, alpha of the clouds at rest, and what follows."""
        if self.model is None:
            return
        alpha, mean = self.model.encode(data.shares), data.mean
        slope = ((alpha - alpha.mean()) * (mean - mean.mean())).mean() / alpha.var(unbiased=False)
        self.gauge, self.start = (mean.mean() - slope * alpha.mean(), slope), alpha[:, 0].mean(0, keepdim=True)
        self._predict(self.model)


def _dissipated(rate: Tensor, dt: float) -> Tensor:
    """The work lost up to every time, `(time,)`, from its rate."""
    return torch.cat([rate.new_full((1,), 1e-30), torch.cumulative_trapezoid(rate, dx=dt).clamp_min(1e-30)])

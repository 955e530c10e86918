"""The explorer of the chapter on conserving and dissipating at once: an oscillator and the bath that it heats."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import ipywidgets as widgets
import numpy as np
import torch
from scipy.integrate import odeint, solve_bvp
from torch import nn

from ggd_helpers.architectures.generic import learned_beside
from ggd_helpers.architectures.plain import PlainNetwork
from ggd_helpers.dynamics.generic import GENERIC
from ggd_helpers.explorers.base import UNCUT, LearningExplorer, nearest, point
from ggd_helpers.figures import BathPicture
from ggd_helpers.figures.bath_live import FASTEST, HORIZON
from ggd_helpers.figures.live import Curve
from ggd_helpers.integrators import rk4
from ggd_helpers.potentials.channels import ChannelDissipation, RampDissipation
from ggd_helpers.potentials.generic import LearnedEnergy
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.systems.generic.friction import LAWS
from ggd_helpers.systems.generic.known import uniform_in
from ggd_helpers.systems.generic.oscillators import DuffingInBath
from ggd_helpers.training.fit import fit
from ggd_helpers.training.objectives import ScaledDifferences
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

DT = 0.05
TIMES = DT * np.arange(round(HORIZON / DT) + 1)
COLDEST, HOTTEST = 0.4, 2.5  # temperatures at the start
START = ((-1.5, 1.5), (-1.5, 1.5), (math.log(0.35), math.log(3.5)))  # learned from: a bath ends hotter than it began
MOMENTA = np.linspace(-FASTEST, FASTEST, 161)
FARTHEST = 8.0  # a learned path is not followed beyond

Force = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Friction by momentum and temperature, on plain numbers."""
FrictionKind = type[ChannelDissipation] | type[RampDissipation]


class Learner(NamedTuple):
    """What "learn it" trains: how it is made of the known system, a kind of Xi and a seed; and how long it takes."""

    make: Callable[[DuffingInBath, FrictionKind, int], nn.Module]
    iterations: int


def _everything(system: DuffingInBath, kind: FrictionKind, seed: int) -> GENERIC:
    return learned_beside(system, LearnedEnergy(3), kind, seed)


LEARNERS = {  # ten seconds at most
    "GENERIC": Learner(_everything, 700),
    "GENERIC, E given": Learner(lambda system, *others: learned_beside(system, system.energy, *others), 350),
    "plain network": Learner(lambda *those: PlainNetwork.like(_everything(*those), 3, those[-1]), 1500),
}


def velocity(x: np.ndarray, force: Force) -> np.ndarray:
    """`q' = p`, `p' = q - q^3 - f(p, T)`, `s' = f p/T` with `T = e^s`, by hand, `(n, ...)` to `(n, ...)`."""
    q, p, s = x
    T = np.exp(s)
    friction = force(p, T)
    return np.array([p, q - q**3 - friction, friction * p / T])


def motion(force: Force, start: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The exact path from a start, `(time, 3)`."""
    return odeint(lambda x, _: velocity(x, force), start, times, rtol=1e-10, atol=1e-12)


def energies(path: np.ndarray) -> dict[str, np.ndarray]:
    """The energy in its three forms and their sum, `(time,)` each: potential above a well's bottom, heat since 0."""
    q, p, s = path.T
    forms = {"kinetic": p**2 / 2, "potential": (q**2 - 1) ** 2 / 4, "heat": np.exp(s) - np.exp(s[0])}
    return forms | {"sum": sum(forms.values(), np.zeros(len(path)))}


@torch.no_grad()
def slopes(model: nn.Module, x: np.ndarray) -> np.ndarray:
    """A model's velocity of many states at once, `(3, count)` to `(3, count)`."""
    return model(torch.from_numpy(x.T.copy())).numpy().T


def collocated(model: nn.Module, guess: np.ndarray) -> np.ndarray | None:
    """A model's path from the start of a guessed one, `(time, 3)`, or `None` where the guess is too far from it.

    All times are solved for at once: some thirty calls of the model instead of a thousand.
    """
    with np.errstate(all="ignore"):
        solution = solve_bvp(
            lambda _, x: slopes(model, x), lambda a, b: a - guess[0], TIMES, guess.T, tol=5e-4, max_nodes=4000
        )
    return solution.sol(TIMES).T if solution.success else None


@torch.no_grad()
def rolled_out(model: nn.Module, guess: np.ndarray) -> np.ndarray:
    """A model's path as `collocated`, or step by step; NaN where it is far from all that is shown."""
    path = collocated(model, guess)
    if path is None:
        path = rk4(model, torch.from_numpy(guess[0]), DT, len(TIMES)).numpy()
    return np.where(np.abs(path).max(1, keepdims=True) < FARTHEST, path, np.nan)


@torch.no_grad()
def own_energy(model: GENERIC, path: np.ndarray) -> np.ndarray:
    """What a model takes for the energy along a path, `(time, 3)` to `(time,)`."""
    return model.energy(torch.from_numpy(path)).numpy()


def _drift(energy: np.ndarray) -> float:
    return float(np.nanmax(np.abs(energy - energy[0])))


class BathExplorer(LearningExplorer[BathPicture]):
    """Set the law of friction, the temperature of the bath and the energy of a particle, and watch it turn to heat.

    "Learn it" simulates 24 trajectories of the system as it is set, from all temperatures and energies that the sliders
    allow, and trains the learner that is chosen: a GENERIC that is given the entropy and the Poisson bracket, but
    neither the energy nor the friction; one that is given the energy, too; or a plain network of the first one's size.

    Display `explorer.panel`, or put the explorer last in a cell.
    """

    redraw_every = 100
    main, stops = "friction", [k / 20 for k in range(1, 21)]

    def __init__(self, friction: float = 0.3, seed: int = 0):
        super().__init__(BathPicture())
        self.seed = seed
        near, beyond = nearest("friction", friction, 0.05, 1.0)
        self.law = widgets.Dropdown(options=list(LAWS), description="law")
        self.friction = widgets.FloatSlider(value=near, min=0.05, max=1, step=0.05, description="friction")
        self.temperature = widgets.FloatLogSlider(
            value=1.0,
            min=math.log10(COLDEST),
            max=math.log10(HOTTEST),
            step=0.05,
            description="temperature",
            style=UNCUT,
        )
        self.temperature.readout_format = ".2f"
        self.energy = widgets.FloatSlider(value=0.6, min=0.05, max=1, step=0.05, description="energy")
        self.time = widgets.FloatSlider(value=3.0, min=0, max=HORIZON, step=DT, description="time")
        self.learner = widgets.Dropdown(options=list(LEARNERS), description="learner")
        legend = widgets.HTML(
            "<b>law</b>, <b>friction</b>: of the friction, and its rate. <b>temperature</b>: of the bath at first. "
            "<b>energy</b>: of the particle at first, above the bottom of its well. <b>time</b>: moves the dots. "
            "<b>learner</b>: what <b>learn it</b> trains."
        )
        columns = [[self.law, self.friction], [self.temperature, self.energy], [self.time, self.learner]]
        controls = widgets.HBox([widgets.VBox(column) for column in columns])
        self.panel = widgets.VBox([controls, legend, widgets.HBox([self.learn_button, self.status]), self.image])
        for control in (self.law, self.friction):
            control.observe(self._forget, "value")
        for control in (self.temperature, self.energy, self.learner):
            control.observe(self._restart, "value")
        self.time.observe(self._redraw, "value")
        self._forget()
        self.status.value = beyond + self.status.value

    def _forget(self, *_: object) -> None:
        """Another system: what was learned of the old one is no longer shown."""
        self.models: dict[str, nn.Module] = {}
        self._restart()

    def force(self, p: np.ndarray, T: np.ndarray) -> np.ndarray:
        """The friction of the present law at a momentum and a temperature."""
        return LAWS[self.law.value].force(self.friction.value, p, T)

    def _restart(self, *_: object) -> None:
        """Another start, or another learner: all paths anew."""
        start = np.array([1.0, math.sqrt(2 * self.energy.value), math.log(self.temperature.value)])
        self.path = motion(self.force, start, TIMES)
        self._predict()
        self._redraw()

    @property
    def model(self) -> nn.Module | None:
        """What the chosen learner has learned of the present system."""
        return self.models.get(self.learner.value)

    def _predict(self) -> None:
        """The path of the model from the present start."""
        self.learned: np.ndarray | None = None
        name, model = self.learner.value, self.model
        if model is None:
            self.status.value = f"Dashed curves appear when this learner, {name}, has seen the motion."
            return
        self.learned = rolled_out(model, self.path)
        self.status.value = (
            f"{name}: here the sum of the energies drifts by {_drift(energies(self.learned)['sum']):.0e}"
        )
        if isinstance(model, GENERIC):
            self.status.value += f", the energy that it keeps by {_drift(own_energy(model, self.learned)):.0e}"

    def _redraw(self, *_: object) -> None:
        curves = self.curves()
        self._show(self.picture.png(curves), self._told(curves))

    def _told(self, curves: Mapping[str, Mapping[str, Curve]]) -> str:
        now = {panel: lines["now"] for panel, lines in curves.items()}
        (q, p), entropy, rate = point(now["phase"]), point(now["entropy"])[1], point(now["production"])[1]
        forms = ", ".join(
            f"{form} {share:.2f}" for form, share in zip(energies(self.path), now["energies"][1], strict=True)
        )
        learned = f" Dashed curves are of the learned {self.learner.value}." if self.model is not None else ""
        return (
            f"Six panels, at time {self.time.value:.2f}. Phase portrait: position {q:.2f}, momentum {p:.2f}. Energy in "
            f"units of the first: {forms}. The sum is off by {point(now['drift'])[1]:.0e}. Entropy of the bath: up by "
            f"{entropy:.3f}, growing at {rate:.2g}. Friction at this momentum: "
            f"{point(now['friction'])[1]:.3f}.{learned}"
        )

    def curves(self) -> dict[str, dict[str, Curve]]:
        """What the six panels show for the present values of the controls."""
        now, first = round(self.time.value / DT), self.energy.value
        forms = energies(self.path)
        drawn = self._along("known", self.path, velocity(self.path.T, self.force)[2])
        for lines in drawn.values():
            x, y = lines["known"]
            lines["now"] = x[now : now + 1], y[now : now + 1]
        drawn["energies"] = {f"known {form}": (TIMES, values / first) for form, values in forms.items()}
        drawn["energies"]["now"] = np.full(4, TIMES[now]), np.array([values[now] / first for values in forms.values()])
        q, p, s = self.path[now]
        at = np.stack(np.broadcast_arrays(q, MOMENTA, s))
        drawn["friction"] = {
            "known": (MOMENTA, self.force(MOMENTA, np.exp(s))),
            "now": (np.atleast_1d(p), np.atleast_1d(self.force(p, np.exp(s)))),
        }
        if self.model is not None and self.learned is not None:
            rate = slopes(self.model, self.learned.T)[2]
            for panel, lines in self._along("learned", self.learned, rate).items():
                drawn[panel] |= lines
            if isinstance(self.model, GENERIC):
                own = own_energy(self.model, self.learned)
                drawn["drift"]["own"] = TIMES, np.abs(own - own[0])
            drawn["production"]["falls"] = TIMES[rate < 0], -rate[rate < 0]
            for form, values in energies(self.learned).items():
                drawn["energies"][f"learned {form}"] = TIMES, values / first
            drawn["friction"]["learned"] = MOMENTA, q - q**3 - slopes(self.model, at)[1]
        return drawn

    @staticmethod
    def _along(kind: str, path: np.ndarray, rate: np.ndarray) -> dict[str, dict[str, Curve]]:
        """What both the known path and a learned one show over time."""
        q, p, s = path.T
        total = energies(path)["sum"]
        shown = {"phase": (q, p), "drift": (TIMES, np.abs(total - total[0]))}
        shown |= {"entropy": (TIMES, s - s[0]), "production": (TIMES, rate)}
        return {panel: {kind: line} for panel, line in shown.items()}

    def _watch(self, iteration: int, loss: float) -> None:
        if iteration % self.redraw_every == 0 and self.model is not None:
            self.learned = collocated(self.model, self.path)  # step by step would be slow
        super()._watch(iteration, loss)

    def _train(self) -> None:
        system = DuffingInBath(self.friction.value, LAWS[self.law.value].dissipation)
        kind: FrictionKind = RampDissipation if self.law.value == "threshold" else ChannelDissipation
        learner = LEARNERS[self.learner.value]
        model = self.models[self.learner.value] = learner.make(system, kind, self.seed)
        recipe = SelfScaledBFGS(
            ScaledDifferences(), learner.iterations, points=16, restarts=3, trial=25, tolerance=1e-14
        )
        fit(model, self._recorded(), recipe, seed=self.seed, progress=False, watch=self._watch)
        self._predict()
        self._redraw()

    def _recorded(self) -> Trajectories:
        """Trajectories of the system as it is set, from all starts that the sliders allow."""
        times = 0.02 * np.arange(501)
        starts = uniform_in(START, 24, torch.Generator().manual_seed(self.seed))
        paths = [motion(self.force, start, times) for start in starts.numpy()]
        return Trajectories(torch.from_numpy(np.stack(paths)), 0.02)

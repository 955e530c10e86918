"""The explorer of the chapter on a chain that changes phase."""

from collections.abc import Mapping
from functools import partial

import ipywidgets as widgets
import numpy as np
import torch

from ggd_helpers.evaluation.chain import ChainRollout, decoded_share, roll_out_by_pull
from ggd_helpers.explorers.base import UNCUT, LearningExplorer, curve, nearest, point
from ggd_helpers.figures.live import Curve
from ggd_helpers.figures.phase_change_live import SHOWN, ChainPicture
from ggd_helpers.internal_variables.chain import ChainVariables
from ggd_helpers.internal_variables.decoders import TwoPhases, log_density_on
from ggd_helpers.recordings.ensembles import Ensembles, pool, rebin
from ggd_helpers.recordings.simulate_ensembles import simulate_groups
from ggd_helpers.systems import protocols
from ggd_helpers.systems.spring_chain import SpringChain
from ggd_helpers.training.block_matching import BlockMatching
from ggd_helpers.training.fit import fit
from ggd_helpers.training.staged_bfgs import StagedBFGS

START, POINTS, DT = 14.0, 301, 0.1
FEW = 400  # realisations of a pull: an explorer has to answer
ITERATIONS = (40, 60, 120, 40, 40)  # of the stages of training: half a minute


class ChainExplorer(LearningExplorer[ChainPicture]):
    """Move the speed of the pull, the temperature, the distance of the wells and the time, and watch a chain snap over.

    "Find it" stretches chains from nine lengths, a few hundred times each, and trains encoder, decoder and dynamics on
    them in half a minute; the prediction from the first moment is laid over the simulation. The speed of the pull may
    then be changed: the law stays.

    Display `explorer.panel`, or put the explorer last in a cell.
    """

    redraw_every = 10
    main, stops = "time", [1.5 * k for k in range(21)]

    def __init__(self, speed: float = 0.5, temperature: float = 0.05, distance: float = 2.0, seed: int = 0):
        super().__init__(ChainPicture())
        self.seed = seed
        self.model: ChainVariables | None = None
        self.learn_button.description = "find it"
        near, beyond = nearest("speed", speed, 0.1, 0.7)
        self.speed = widgets.FloatSlider(value=near, min=0.1, max=0.7, step=0.05, description="speed")
        self.temperature = widgets.FloatSlider(
            value=temperature, min=0.03, max=0.15, step=0.01, description="temperature", style=UNCUT
        )
        self.distance = widgets.FloatSlider(value=distance, min=1.7, max=2.5, step=0.1, description="wells")
        self.time = widgets.FloatSlider(value=12.0, min=0, max=30, step=0.5, description="time")
        for slow in (self.speed, self.temperature, self.distance):  # each asks for a simulation
            slow.continuous_update = False
        legend = widgets.HTML(
            "<b>speed</b>: of the pulled end. <b>temperature</b>: k<sub>B</sub>T. <b>wells</b>: how much longer a long "
            "spring is. <b>time</b>: what chain and distributions show."
        )
        left, right = widgets.VBox([self.speed, self.time]), widgets.VBox([self.temperature, self.distance])
        buttons = widgets.HBox([self.learn_button, self.status])
        self.panel = widgets.VBox([widgets.HBox([left, right]), legend, buttons, self.image])
        self.speed.observe(self._pull, "value")
        for control in (self.temperature, self.distance):
            control.observe(self._forget, "value")
        self.time.observe(self._redraw, "value")
        self._forget()
        self.status.value = beyond + self.status.value

    def _forget(self, *_: object) -> None:
        """Another chain: what was learned of the old one is no longer shown."""
        self.model = None
        self.status.value = "Dashed curves appear when the law is found."
        self.chain = SpringChain(thermal_energy=self.temperature.value, distance=self.distance.value)
        self._pull()

    def _simulate(self, pulls: list[protocols.Protocol], realisations: int, seed: int) -> Ensembles:
        drive = partial(protocols.inputs_of, pulls)
        return pool(simulate_groups(self.chain, drive, realisations, points=POINTS, dt=DT, seed=seed, bins=64))

    def _pull(self, *_: object) -> None:
        """Another pull of the same chain."""
        self.data = self._simulate([protocols.stretch(START, self.speed.value)], FEW, self.seed + 1)
        self._predict()
        self._redraw()

    def _predict(self) -> None:
        """What the model, if there is one, says of the present pull from its first moment."""
        self.rolled: ChainRollout | None = None
        if self.model is not None:
            seen = rebin(self.data, self.model.encoder.grid)
            self.rolled = roll_out_by_pull(self.model, seen, self.chain)
            with torch.no_grad():
                self.shares = decoded_share(self.model, self.rolled.states, self.chain.entropy.distance / 2)

    def _redraw(self, *_: object) -> None:
        now = round(self.time.value / DT)
        places = (self.data.mean[0, now] + 1).cumsum(0).numpy()
        share = self.chain.upper_share(self.data)[0, now].numpy()
        curves = self.curves()
        self._show(self.picture.png(curves, places, share), self._told(curves, share))

    def _told(self, curves: Mapping[str, Mapping[str, Curve]], share: np.ndarray) -> str:
        length, force = point(curves["force"]["now"])
        shown = ", ".join(f"spring {s + 1} {share[s]:.0%}" for s in SHOWN)
        learned = " Dashed curves are what the model says." if self.rolled is not None else ""
        return (
            f"Top: the chain at time {self.time.value:.1f}, {length:.1f} long, with {share.sum():.1f} of its "
            f"{len(share)} springs long. Below: the densities of the strains of three springs; the force on the end "
            f"over the length, now {force:.2f}; the shares of long springs over time, now {shown}.{learned}"
        )

    @torch.no_grad()
    def curves(self) -> dict[str, dict[str, Curve]]:
        """What the panels show for the present values of the controls."""
        data, now = self.data, round(self.time.value / DT)
        force, share = self.chain.pull(data)[0, :, 0], self.chain.upper_share(data)[0]
        length, spacing = data.inputs[0, :, 0], data.grid[1] - data.grid[0]
        curves: dict[str, dict[str, Curve]] = {"springs": {}, "share": {}}
        curves["force"] = {"known": curve(length, force), "now": curve(length[now], force[now])}
        for s in SHOWN:
            curves["springs"][f"known {s}"] = curve(data.grid, data.shares[0, now, s] / spacing)
            curves["share"][f"known {s}"] = curve(data.times, share[:, s])
        if self.model is not None and self.rolled is not None:
            density = log_density_on(data.grid, self.model.decode(self.rolled.states[0, now // 2])).exp()
            curves["force"]["learned"] = curve(length[::2], self.rolled.force[0, :, 0])
            for s in SHOWN:
                curves["springs"][f"learned {s}"] = curve(data.grid, density[s])
                curves["share"][f"learned {s}"] = curve(self.rolled.times, self.shares[0, :, s])
        return curves

    def _watch(self, iteration: int, loss: float) -> None:
        if iteration % self.redraw_every == 0:
            self.status.value = f"iteration {iteration} of {self.total}"

    def _train(self) -> None:
        pulls = [protocols.stretch(float(start)) for start in range(12, 29, 2)]
        data = self._simulate(pulls, FEW, self.seed)
        model = ChainVariables.for_ensembles(data, TwoPhases, seed=self.seed)
        recipe = StagedBFGS(BlockMatching(self.chain.pull), candidates=2, iterations=ITERATIONS)
        self.total = ITERATIONS[0] + sum(ITERATIONS)
        fit(model, data, recipe, seed=self.seed, progress=False, watch=self._watch)
        self.model = model
        self._predict()
        known = self.chain.pull(self.data)[0, ::2, 0]
        off = (self.curves()["force"]["learned"][1] - known.numpy())[1:]
        self.status.value = (
            f"found: the force on this pull is off by {100 * abs(off).mean() / known.abs().mean():.1f} %."
        )
        self._redraw()

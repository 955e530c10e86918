"""The explorer of the reactions chapter."""

import html
import math
from collections.abc import Callable
from dataclasses import replace

import ipywidgets as widgets
import numpy as np
import torch
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.evaluation.errors import relative_error
from ggd_helpers.explorers.base import LearningExplorer, decades
from ggd_helpers.figures import ReactionsPicture
from ggd_helpers.figures.reactions_live import ReactionsView
from ggd_helpers.integrators import stiff
from ggd_helpers.potentials.reactions import AffinityDissipation, CoshHead, MixingEntropy
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.reaction_text import Reaction
from ggd_helpers.systems.reactions import PRESETS, MassActionReactions
from ggd_helpers.training.fit import fit
from ggd_helpers.training.self_scaled_bfgs import SelfScaledBFGS

POINTS = 121
SLIDER = "232px"  # four side by side in JupyterLab, 1400 pixels wide with its side bar open
LEGEND = (
    "<b>reactions</b>: one a line, such as <code>A + 2 B &lt;-&gt; C | kf=2, kb=0.5</code>; press Tab when done. "
    "<b>preset</b>: some to begin with. <b>kf, kb</b>: rate coefficients. <b>c</b>: initial concentrations. "
    "<b>time</b>: the horizon. <b>along</b>: the reaction whose &Xi; is drawn."
)


class ReactionsExplorer(LearningExplorer[ReactionsPicture]):
    """Type any reactions, set rates and initial concentrations, and watch entropy climb to its maximum.

    "Learn it" simulates the network as it is set, and trains the structured model (stoichiometry, ideal mixing and one
    cosh a reaction) on the motion. A text that cannot be read leaves the last good picture and says what is wrong.

    Display `explorer.panel`, or put the explorer last in a cell.
    """

    redraw_every = 100
    main, stops = "first_rate", [10 ** (k / 5) for k in range(-8, 9)]

    def __init__(self, reactions: str = PRESETS["the thesis's pair"], seed: int = 0):
        super().__init__(ReactionsPicture())
        self.seed, self.busy = seed, False
        self.model: GradientDynamics | None = None
        options = [("your own", ""), *PRESETS.items()]
        wide, wrapped = widgets.Layout(width="340px"), widgets.Layout(flex_flow="row wrap")
        self.preset = widgets.Dropdown(options=options, value="", description="preset", layout=wide)
        self.text = widgets.Textarea(
            reactions, description="reactions", continuous_update=False, rows=3, layout=widgets.Layout(width="380px")
        )
        self.time = widgets.FloatLogSlider(10, min=-1, max=3, step=0.1, description="time", continuous_update=False)
        self.along = widgets.Dropdown(description="along", layout=wide)
        self.rates, self.initial = widgets.HBox(layout=wrapped), widgets.HBox(layout=wrapped)
        self.panel = widgets.VBox(
            [
                widgets.HBox([self.text, widgets.VBox([self.preset, self.along, self.time])], layout=wrapped),
                widgets.HTML(LEGEND), self.rates, self.initial,
                widgets.HBox([self.learn_button, self.status]), self.image,
            ]
        )  # fmt: skip
        self.preset.observe(self._take_preset, "value")
        self.text.observe(self._read, "value")
        self.time.observe(self._redraw, "value")
        self.along.observe(self._redraw, "index")
        self._read()

    @property
    def first_rate(self) -> widgets.FloatLogSlider:
        """The forward rate of the first reaction."""
        return self.rates.children[0].children[0]

    def _take_preset(self, *_: object) -> None:
        if self.preset.value:
            self.text.value = self.preset.value

    def _slider(self, name: str, value: float, changed: Callable, **limits: float) -> widgets.FloatLogSlider:
        slider = widgets.FloatLogSlider(
            value,
            description=name,
            continuous_update=False,
            readout_format=".3g",
            layout=widgets.Layout(width=SLIDER),
            **limits,
        )
        slider.observe(changed, "value")
        return slider

    def _read(self, *_: object) -> None:
        """A new text: new controls and a new picture, or a sentence that says what is wrong with it."""
        self.preset.value = self.text.value if self.text.value in PRESETS.values() else ""
        system = self._checked(self.text.value)
        if system is None:
            return
        self.busy = True  # the controls below change together: draw once
        self.rates.children = [
            widgets.HBox(
                [
                    self._slider(f"{name} {i}", rate, self._set_rates, **decades(rate, -4, 4), step=0.05)
                    for name, rate in (("kf", reaction.kf), ("kb", reaction.kb))
                ]
            )
            for i, reaction in enumerate(system.reactions, 1)
        ]
        start = system.sample_initial_states(1, torch.Generator().manual_seed(self.seed + 1))[0]
        self.initial.children = [
            self._slider(f"c {name}", c, self._redraw, min=-3, max=1, step=0.05)
            for name, c in zip(system.species, start.tolist(), strict=True)
        ]
        self.along.options = [str(reaction) for reaction in system.reactions]
        self.along.index = None  # else the page, told of no change, shows no entry
        self.along.index = 0
        self.busy = False
        self._take(system)

    def _set_rates(self, *_: object) -> None:
        """The same reactions with the rates of the sliders."""
        rates = [[slider.value for slider in pair.children] for pair in self.rates.children]
        pairs = zip(self.system.reactions, rates, strict=True)
        system = self._checked([replace(reaction, kf=kf, kb=kb) for reaction, (kf, kb) in pairs])
        if system is not None:
            self._take(system)

    def _checked(self, reactions: str | list[Reaction]) -> MassActionReactions | None:
        try:
            return MassActionReactions(reactions)
        except ValueError as error:
            self._refuse(error)
            return None

    def _refuse(self, error: ValueError) -> None:
        """Say what is wrong, in purple."""
        self.status.value = f'<span style="color:#AA3377">{html.escape(str(error))}</span>'

    def _take(self, system: MassActionReactions) -> None:
        self.system, self.model = system, None
        conserved = ", ".join(system.describe_conserved()) or "nothing"
        self.status.value = f"conserved: {html.escape(conserved)}"
        self._redraw()

    @torch.no_grad()
    def _redraw(self, *_: object) -> None:
        """A new picture; where the motion cannot be followed, the old one stays under a sentence that says so."""
        if self.busy:
            return
        try:
            view = self.view()
            self._show(self.picture.png(view), _told(view))
        except ValueError as error:
            self._refuse(error)

    def _start(self) -> Tensor:
        return torch.tensor([slider.value for slider in self.initial.children], dtype=torch.float64)

    def _path(self, law: GradientDynamics) -> Tensor:
        return stiff(law, self._start(), self.time.value / (POINTS - 1), POINTS, rtol=1e-7, atol=1e-10)

    @torch.no_grad()
    def view(self) -> ReactionsView:
        """What the panels show for the present controls."""
        system, start, n = self.system, self._start(), self.along.index or 0
        path = self._path(system)
        now = system.affinities(start)
        reach = max(4.0, 2 * math.ceil(0.6 * now[n].abs().item()))  # in steps: the axis seldom changes
        affinity = torch.linspace(-reach, reach, 101, dtype=torch.float64)
        xi, mobility = system.dissipation.along(start, affinity[:, None])[:, n], system.dissipation.mobility(start)[n]
        return ReactionsView(
            times=np.linspace(0, self.time.value, POINTS),
            concentrations=_named(system.species, path),
            affinities=_named([str(reaction) for reaction in system.reactions], system.affinities(path)),
            conserved=_named(system.describe_conserved(), path @ system.conserved.T),
            entropy=system.entropy(path).numpy(),
            highest=system.entropy(system.equilibrium(start)).item(),
            law=(affinity.numpy(), xi.numpy(), (mobility * affinity**2 / 8).numpy()),
            dot=(now[n].item(), system.dissipation.along(start, now)[n].item()),
            title=str(system.reactions[n]),
            learned=self._learned(),
        )

    def _learned(self) -> dict[str, np.ndarray]:
        """The model's own concentrations; nothing while a half-trained one leaves the positive numbers."""
        if self.model is None:
            return {}
        try:
            return _named(self.system.species, self._path(self.model))
        except ValueError:
            return {}

    def _train(self) -> None:
        try:
            self._train_on(self.system)
        except ValueError as error:
            self._refuse(error)

    def _train_on(self, system: MassActionReactions) -> None:
        points = 256
        data = simulate(system, trajectories=40, points=points, dt=self.time.value / points, seed=self.seed)
        head = CoshHead(system.dim, len(system.reactions))
        pair = (MixingEntropy(system.dim), AffinityDissipation(system.stoichiometry, head))
        model = self.model = GradientDynamics(*pair, seed=self.seed)
        recipe = SelfScaledBFGS(iterations=800, restarts=2, trial=40, points=12, tolerance=1e-9)

        fit(model, data, recipe, seed=self.seed, progress=False, watch=self._watch)
        with torch.no_grad():
            error = relative_error(model(data.states), system(data.states))
        self.status.value = f"learned from 40 trajectories: the velocities are {error:.0e} off."
        self._redraw()


def _told(view: ReactionsView) -> str:
    ends = [f"{name} from {c[0]:.3g} to {c[-1]:.3g}" for name, c in view.concentrations.items()]
    forces = [f"{name} from {x[0]:.2f} to {x[-1]:.2f}" for name, x in view.affinities.items()]
    kept = [f"{name} at {value[0]:.3g}" for name, value in view.conserved.items()]
    return (
        f"Five panels, from time 0 to {view.times[-1]:.3g}. Concentrations: {', '.join(ends)}. Entropy: rises from "
        f"{view.entropy[0]:.4g} to {view.entropy[-1]:.4g}; at equilibrium {view.highest:.4g}. Affinities: "
        f"{', '.join(forces)}. Conserved: {', '.join(kept) or 'nothing'}. Dissipation potential of {view.title}: "
        f"{view.dot[1]:.3g} at the affinity {view.dot[0]:.2f} of the start."
        + (" Dashed curves are the concentrations that were learned." if view.learned else "")
    )


def _named(names: list[str], curves: Tensor) -> dict[str, np.ndarray]:
    return {name: curve.numpy() for name, curve in zip(names, curves.T, strict=True)}

"""The explorer of the chapter on measurements: what few and noisy data say, and how sure."""

from collections.abc import Callable
from dataclasses import replace
from statistics import mean

import ipywidgets as widgets
import torch
from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.dynamics.law import Law
from ggd_helpers.evaluation.laplace import Band, Laplace
from ggd_helpers.evaluation.pair_questions import Question, with_both_learned, with_one_given
from ggd_helpers.evaluation.residuals import ResidualCheck
from ggd_helpers.explorers.base import UNCUT, Explorer, curve, nearest
from ggd_helpers.figures.live import Curve
from ggd_helpers.figures.measurements_live import HORIZON, SHOWN, MeasurementsPicture
from ggd_helpers.integrators import rk4
from ggd_helpers.potentials.force import ForceDissipation
from ggd_helpers.potentials.general import ConcaveEntropy, IsotropicDissipation, QuadraticEntropy
from ggd_helpers.recordings.measure import even_instants, measure, uneven_instants
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import SteepParticle
from ggd_helpers.training.fit import fit
from ggd_helpers.training.graded_rk4 import GradedRK4
from ggd_helpers.training.record_likelihood import RecordLikelihood
from ggd_helpers.training.whole_records import WholeRecords

LEVEL, ITERATIONS, STORED = 0.9, 30, 401
GRID = torch.linspace(-0.9, 0.9, 37, dtype=torch.float64)[:, None]
KNOWN = SteepParticle(gamma=1.0, steepness=2.0)
LIKELIHOOD = RecordLikelihood(GradedRK4(8))


def _entropy() -> ConcaveEntropy:
    return ConcaveEntropy(1, width=6, depth=1)


LAWS: dict[str, Callable[[int], GradientDynamics]] = {
    "Xi (S known)": lambda seed: GradientDynamics(
        QuadraticEntropy([[1.0]]).requires_grad_(False), ForceDissipation(1, width=4), seed
    ),
    "S (Xi known)": lambda seed: GradientDynamics(_entropy(), KNOWN.dissipation, seed),
    "both": lambda seed: GradientDynamics(_entropy(), ForceDissipation(1, width=4), seed),
}


class HiddenPartner(GradientDynamics):
    """Two coupled coordinates, `dx/dt = -A x` with `A = [[1, -0.7], [-0.7, 1]]`.

    The first starts in [-1, 1]; the second, which nobody sees, starts at 0.
    """

    def __init__(self) -> None:
        super().__init__(QuadraticEntropy([[1.0, -0.7], [-0.7, 1.0]]), IsotropicDissipation(1.0))
        self.requires_grad_(False)

    def sample_initial_states(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `count` initial states, `(count, 2)`."""
        seen = KNOWN.sample_initial_states(count, generator)
        return torch.cat([seen, torch.zeros_like(seen)], dim=-1)


SYSTEMS: dict[bool, Law] = {False: KNOWN, True: HiddenPartner()}


class MeasurementsExplorer(Explorer[MeasurementsPicture]):
    """Move noise, points and records, hide a coordinate, and watch what data say of a law, with the bands on it.

    Measured is a particle with non-quadratic friction, `dx/dt = -sinh(2 x)/2`; where something is hidden, the first of
    two linear coordinates, `HiddenPartner`, for which no law of one variable is true. A law is fitted to whole records
    after each change. "Measure again" draws new data, and counts how much of the true velocity the 90 % bands held.

    With both potentials learned no motion fixes their common scale: the conjugates are made as large as the known ones.

    Display `explorer.panel`, or put the explorer last in a cell.
    """

    main, stops = "noise", [k / 100 for k in (1, 2, 3, 5, 7, 10, 13, 16, 20)]

    def __init__(self, noise: float = 0.05, seed: int = 0):
        super().__init__(MeasurementsPicture())
        self.seed, self.covers = seed, list[float]()
        self.sure: Laplace | None = None
        near, beyond = nearest("noise", noise, 0.01, 0.2)
        self.noise = widgets.FloatSlider(
            value=near, min=0.01, max=0.2, step=0.01, description="noise", readout_format=".2f"
        )
        self.points = widgets.IntSlider(value=12, min=4, max=30, description="points")
        self.records = widgets.IntSlider(value=8, min=4, max=16, description="records")
        self.times = widgets.Dropdown(value="uneven", options=["even", "uneven"], description="times")
        self.learned = widgets.Dropdown(options=list(LAWS), description="learned")
        self.hidden = widgets.Checkbox(description="hidden", style=UNCUT)
        self.again = widgets.Button(description="measure again", button_style="primary")
        legend = widgets.HTML(
            "<b>noise</b>: its deviation by that of the clean values. <b>points</b>: of a record. <b>records</b>: how "
            "many. <b>times</b>: of the points. <b>learned</b>: the other potential is given; with both, no motion "
            "fixes their scale: it is set by the known S. <b>hidden</b>: a second coordinate acts, and is not seen. "
            "<b>measure again</b>: other starts, times and noise."
        )
        columns = [[self.noise, self.points], [self.records, self.times], [self.learned, self.hidden]]
        controls = widgets.HBox([widgets.VBox(column) for column in columns])
        self.panel = widgets.VBox([controls, legend, self.again, self.status, self.image])
        for control in (self.noise, self.points, self.records):  # each asks for a fit
            control.continuous_update = False
        for control in (self.noise, self.points, self.records, self.times, self.learned, self.hidden):
            control.observe(self._change, "value")
        self.again.on_click(lambda _: self.measure_again())
        self._change()
        self.status.value = beyond + self.status.value

    def measure_again(self) -> None:
        """Draw other starts, times and noise, fit again, and count once more."""
        self.seed += 1
        self._answer()

    def _change(self, *_: object) -> None:
        """Another experiment: what was counted in the old one no longer counts."""
        self.covers.clear()
        self._answer()

    def _answer(self) -> None:
        """Measure, show that, fit and show the fit, with the button locked meanwhile."""
        self.again.disabled = True
        try:
            self.data, self.sure = self._measure(), None
            self.status.value = "fitting ..."
            self._redraw()
            self.sure = self._fit()
            self.bands = {name: self.sure.band(question) for name, question in self._questions().items()}
            self.status.value = self._judge(self.sure)
            self._redraw()
        finally:
            self.again.disabled = False

    def _measure(self) -> Measurements:
        clean = simulate(SYSTEMS[self.hidden.value], self.records.value, STORED, HORIZON / (STORED - 1), self.seed)
        clean = replace(clean, states=clean.states[..., :1], velocities=None)
        points = self.points.value
        uneven = self.times.value == "uneven"
        instants = uneven_instants(clean, points, self.seed) if uneven else even_instants(clean, points)
        data = measure(clean, instants, noise=self.noise.value, seed=self.seed)
        return replace(data, deviation=torch.tensor(data.metadata["noise"], dtype=torch.float64))

    def _fit(self) -> Laplace:
        law = LAWS[self.learned.value](self.seed)
        recipe = WholeRecords(LIKELIHOOD, iterations=ITERATIONS, restarts=1)
        fit(law, self.data, recipe, seed=self.seed, progress=False)
        return Laplace.of(law, self.data, LIKELIHOOD)

    def _questions(self) -> dict[str, Question]:
        asked = with_both_learned if self.learned.value == "both" else with_one_given
        return asked(KNOWN, GRID)

    def _judge(self, sure: Laplace) -> str:
        """What the residuals say, and how much of the truth the band holds."""
        check = ResidualCheck.of(sure, self.data)
        said = f"{check.verdict} (p = {check.p_value:.1g})"
        if self.hidden.value:
            return f"{said} No law of one variable is true here: there is nothing for a band to hold."
        self.covers.append(self.bands["velocity"].holds(KNOWN(GRID), LEVEL).double().mean().item())
        return (
            f"The 90 % band of the velocity holds the truth in this data set at {self.covers[-1]:.0%} of its points; "
            f"the last {len(self.covers)}: {mean(self.covers):.0%}. {said}"
        )

    def _redraw(self) -> None:
        self._show(self.picture.png(self.curves()), self._told())

    def _told(self) -> str:
        hidden = (
            " A second coordinate acts on it and is not seen; no known curves are drawn." if self.hidden.value else ""
        )
        told = (
            f"Three of {self.records.value} records of {self.points.value} points at {self.times.value} times with "
            f"{self.noise.value:.0%} noise.{hidden} "
        )
        if self.sure is None:
            return told + "A law is being fitted."
        widths = ", ".join(f"{name} {self.width(name):.3f}" for name in self.bands)
        scale = " Their common scale is set by the known S." if self.learned.value == "both" else ""
        return (
            f"{told}Dashed: fitted paths, velocity, S and Xi; learned is {self.learned.value}.{scale} Median half "
            f"widths of the 90 % bands: {widths}. {self.status.value}"
        )

    def width(self, name: str) -> float:
        """Half of a band's width, the median over its points."""
        low, high = self.bands[name].edges(LEVEL)
        return 0.5 * (high - low).median().item()

    @torch.no_grad()
    def curves(self) -> dict[str, dict[str, Curve]]:
        """What the panels show: the data, and once a law is fitted its paths and curves with the edges of the bands."""
        data, places = self.data, {"velocity": GRID, "S": GRID, "Xi": KNOWN.conjugate(GRID)}
        seen = {f"dots {k}": curve(data.times[k], data.values[k, :, 0]) for k in range(SHOWN)}
        curves: dict[str, dict[str, Curve]] = {"data": seen, **{name: {} for name in places}}
        if not self.hidden.value:
            for name, question in self._questions().items():
                curves[name]["known"] = curve(places[name], question(KNOWN))
        if self.sure is not None:
            times = torch.linspace(0, HORIZON, 61, dtype=torch.float64)
            paths = rk4(self.sure.model, self.sure.starts[:SHOWN], HORIZON / 60, 61)
            curves["data"] |= {f"path {k}": curve(times, paths[k]) for k in range(SHOWN)}
            for name, band in self.bands.items():
                curves[name] |= self._band_lines(places[name], band)
        return curves

    @staticmethod
    def _band_lines(place: Tensor, band: Band) -> dict[str, Curve]:
        low, high = band.edges(LEVEL)
        return {"learned": curve(place, band.value), "low": curve(place, low), "high": curve(place, high)}

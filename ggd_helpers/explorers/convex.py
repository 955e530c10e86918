"""The explorers of the chapter on convex networks: a width that grows, and what a convex network makes of a target."""

from collections.abc import Callable, Mapping

import ipywidgets as widgets
import torch
from torch import Tensor, nn

from ggd_helpers.explorers.base import Explorer, curve
from ggd_helpers.figures.convex_live import FitPicture
from ggd_helpers.figures.live import Curve
from ggd_helpers.initialisation import draw_normal_
from ggd_helpers.legendre_fenchel import convex_envelope
from ggd_helpers.networks import FICNN
from ggd_helpers.training.regression import STRICTER, Loss, mean_square, regress

X = torch.linspace(-1.5, 1.5, 61, dtype=torch.float64)
TARGETS: dict[str, Callable[[Tensor], Tensor]] = {
    "parabola": lambda x: 1 + x**2,
    "three pieces": lambda x: 2 + torch.stack([-2 * x - 1, 0.3 * x, 3 * x - 2]).amax(0),
    "double well (not convex)": lambda x: 1 + (x**2 - 1) ** 2,
    "sine (not convex)": lambda x: 2 + torch.sin(4 * x),
    "hat (not convex)": lambda x: 3 - 1.5 * x.abs(),
}
QUESTIONS = {"least squares": (mean_square,), "from below": STRICTER}
STARTS, ITERATIONS = 3, 50


class _FitExplorer(Explorer[FitPicture]):
    """What both share: controls that start a new fit, a picture that follows it, a line that reports on it."""

    def __init__(self, controls: list[widgets.Widget], legend: str, picture: FitPicture, seed: int):
        super().__init__(picture)
        self.seed = seed
        self.losses: list[float] = []
        self.panel = widgets.VBox([widgets.HBox(controls), widgets.HTML(legend), self.status, self.image])
        for control in controls:
            control.observe(self._learn, "value")
        self._learn()

    def target(self) -> Tensor:
        """The values to fit at `X`."""
        raise NotImplementedError

    def new_network(self, seed: int) -> nn.Module:
        """A network as the controls say, drawn from the seed."""
        raise NotImplementedError

    def questions(self) -> tuple[Loss, ...]:
        """The losses that are minimised one after the other, once a start is chosen."""
        return (mean_square,)

    def _learn(self, *_: object) -> None:
        """Fit by least squares from a few starts; go on with the best of them."""
        x, y = X[:, None], self.target()
        starts = [self.new_network(self.seed + k) for k in range(STARTS)]
        reached = [regress(network, x, y, ITERATIONS)[-1] for network in starts]
        self.network, self.losses = starts[reached.index(min(reached))], []
        for question in self.questions():
            self.losses += regress(self.network, x, y, ITERATIONS, question)
            self._redraw()

    def _redraw(self) -> None:
        curves = self.curves()
        self._show(self.picture.png(curves), self._told(curves))
        self.status.value = f"best of {STARTS} starts, then {len(self.losses)} iterations: loss {self.losses[-1]:.1e}"

    def _told(self, curves: Mapping[str, Mapping[str, Curve]]) -> str:
        apart = {name: abs(lines["fit"][1] - lines["target"][1]) for name, lines in curves.items()}
        return (
            f"Left: the target and the network's fit, at most {apart['value'].max():.2f} apart, at "
            f"x = {X[apart['value'].argmax()]:.2f}. Right: their slopes, at most {apart['slope'].max():.2f} apart, at "
            f"x = {X[apart['slope'].argmax()]:.2f}."
        )

    def curves(self) -> dict[str, dict[str, Curve]]:
        """What the panels show at this moment of the fit."""
        slope = torch.func.grad(lambda x: self.network(x).sum())(X[:, None])
        with torch.no_grad():
            fit = self.network(X[:, None])
        target_slope = torch.gradient(self.target(), spacing=(X,))[0]
        return {
            "value": {"target": curve(X, self.target()), "fit": curve(X, fit)},
            "slope": {"target": curve(X, target_slope), "fit": curve(X, slope[:, 0])},
        }


class WidthExplorer(_FitExplorer):
    """An ordinary network with one hidden layer: move its width, and watch it fit three hills and three valleys."""

    main, stops = "width", [*range(1, 13), 14, 16, 20, 24]

    def __init__(self, width: int = 4, seed: int = 0):
        self.width = _whole_slider("width", width, 1, 24)
        legend = "<b>width</b>: units in the only hidden layer of an ordinary network (not a convex one)."
        super().__init__([self.width], legend, FitPicture((-1.5, 1.8), (-10, 10), kinds=("target", "fit")), seed)

    def target(self) -> Tensor:
        return torch.sin(6 * X) * torch.exp(-(X**2) / 2)

    def new_network(self, seed: int) -> nn.Module:
        units, generator = self.width.value, torch.Generator().manual_seed(seed)
        network = nn.Sequential(nn.Linear(1, units), nn.Softplus(), nn.Linear(units, 1), nn.Flatten(0)).double()
        for parameter in network.parameters():
            draw_normal_(parameter, 2.0, generator)
        return network


class ConvexExplorer(_FitExplorer):
    """An input-convex network on a target that may not be convex, with the target's convex envelope behind it."""

    main, stops = "target_menu", list(TARGETS)

    def __init__(self, target: str = "double well (not convex)", question: str = "from below", seed: int = 0):
        self.width = _whole_slider("width", 8, 1, 16)
        self.depth = _whole_slider("depth", 3, 1, 6)
        self.epsilon = widgets.FloatSlider(
            value=5.0, min=0.5, max=10, step=0.5, description="epsilon", continuous_update=False
        )
        self.target_menu = widgets.Dropdown(options=list(TARGETS), value=target, description="target")
        self.question = widgets.Dropdown(options=list(QUESTIONS), value=question, description="question")
        legend = (
            "<b>width</b>, <b>depth</b>: the size of the network. <b>epsilon</b>: how small and slow a weight "
            "becomes that goes negative. <b>target</b>: what it is asked to fit. <b>question</b>: closest, or closest "
            "from below."
        )
        controls = [self.width, self.depth, self.epsilon, self.target_menu, self.question]
        super().__init__(controls, legend, FitPicture((-0.2, 5), (-6, 6)), seed)
        rows = [widgets.VBox([self.width, self.depth, self.epsilon]), widgets.VBox([self.target_menu, self.question])]
        self.panel.children = (widgets.HBox(rows), *self.panel.children[1:])

    def target(self) -> Tensor:
        return TARGETS[self.target_menu.value](X)

    def questions(self) -> tuple[Loss, ...]:
        return QUESTIONS[self.question.value]

    def new_network(self, seed: int) -> nn.Module:
        return FICNN(1, self.width.value, self.depth.value, epsilon=self.epsilon.value, seed=seed)

    def curves(self) -> dict[str, dict[str, Curve]]:
        curves = super().curves()
        curves["value"]["envelope"] = curve(X, convex_envelope(X, self.target()))
        return curves

    def _told(self, curves: Mapping[str, Mapping[str, Curve]]) -> str:
        lines = curves["value"]
        below = (lines["target"][1] - lines["envelope"][1]).max()
        off = abs(lines["fit"][1] - lines["envelope"][1]).max()
        said = (
            f"The target's convex envelope lies up to {below:.2f} below it, the fit up to {off:.2f} off the envelope."
        )
        return f"{super()._told(curves)} {said}"


def _whole_slider(name: str, value: int, low: int, high: int) -> widgets.IntSlider:
    return widgets.IntSlider(value=value, min=low, max=high, description=name, continuous_update=False)

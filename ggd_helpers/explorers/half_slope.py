"""The explorer of the half slope: shift a measured Hamiltonian until it is even, for one state after another."""

from collections.abc import Mapping

import ipywidgets as widgets
import torch
from torch import Tensor

from ggd_helpers.explorers.base import Explorer, curve
from ggd_helpers.figures.half_slope_live import HalfSlopePicture
from ggd_helpers.figures.live import Curve
from ggd_helpers.stochastic.exchange import Exchange

RUNS = 200_000  # in each state, where the explorer measures by itself
EVEN = 0.03  # an odd part below this share of the even part is as good as none


class HalfSlopeExplorer(Explorer[HalfSlopePicture]):
    """Slide a shift `eta` until `H(eta + xi) = H(eta - xi)`; every state's best shift stays as a dot.

    Display `explorer.panel`, or put the explorer last in a cell.

    Args:
        xi: momenta, `(k,)`, evenly spaced, from `-end` to `end`.
        hamiltonians: `H(c, xi)` measured in each state, named by the share of B, `{share: (k,)}`.
        slopes: what to compare with, a shift for each of these states, `{share: eta}`.

    Attributes:
        reach: the largest shift, `end - 1`, so that a distance of 1 to either side is measured.
        found: the shift and the odd share of the most even view of each state, so far.

    Raises:
        ValueError: the momenta end at 1 or before.
    """

    main, stops = "shift", [k / 10 for k in range(6, -11, -1)]  # downwards: what is found is not seen where it opens

    def __init__(self, xi: Tensor, hamiltonians: Mapping[float, Tensor], slopes: Mapping[float, float]):
        self.reach = round(xi[-1].item() - 1, 9)
        if self.reach <= 0:
            raise ValueError(f"xi must reach beyond 1 (got {xi[-1].item():g}): shifts go up to its end less 1.")
        super().__init__(HalfSlopePicture(self.reach))
        self.xi, self.hamiltonians, self.slopes = xi, hamiltonians, slopes
        self.found: dict[float, tuple[float, float]] = {}
        states = [(f"{share:.1f}", share) for share in hamiltonians]
        self.share = widgets.SelectionSlider(
            options=states, value=states[len(states) // 3][1], description="share of B"
        )
        self.shift = widgets.FloatSlider(
            value=0, min=-self.reach, max=self.reach, step=(xi[1] - xi[0]).item(), description="shift"
        )
        self.compare = widgets.Checkbox(value=False, description="compare")
        legend = widgets.HTML(
            "<b>share of B</b>: the state. <b>shift</b>: where the mirror stands (arrow keys move it by one step). "
            "<b>compare</b>: draw half the slope of the counted entropy, with its sign turned."
        )
        controls = widgets.HBox([self.share, self.shift, self.compare], layout=widgets.Layout(flex_flow="row wrap"))
        self.panel = widgets.VBox([controls, legend, self.status, self.image])
        for control in (self.share, self.shift, self.compare):
            control.observe(self._redraw, "value")
        self._redraw()

    @classmethod
    def alone(cls) -> "HalfSlopeExplorer":
        """With jumps of 1000 molecules that are measured now, in nine states, 200000 short runs each."""
        generator, xi = torch.Generator().manual_seed(0), torch.linspace(-2.4, 2.4, 481, dtype=torch.float64)
        exchange, shares = Exchange(molecules=1000), [k / 10 for k in range(1, 10)]
        measured = {share: exchange.hamiltonian(xi, share, RUNS, generator) for share in shares}
        return cls(xi, measured, {share: -exchange.counted_slope(share) / 2 for share in shares})

    def sides(self, share: float, shift: float) -> tuple[Tensor, Tensor]:
        """`H(eta + xi) - H(eta)` for `xi` from 0 to 1, and for `-xi`: `(m,)` each."""
        step = self.xi[1] - self.xi[0]
        centre = int(((shift - self.xi[0]) / step).round())
        reach = int((1 / step).round())
        psi = self.hamiltonians[share] - self.hamiltonians[share][centre]
        return psi[centre : centre + reach + 1], psi[centre - reach : centre + 1].flip(0)

    def odd_share(self, share: float, shift: float) -> float:
        """The largest odd part over the largest even part, within 1 of the shift: 0 for an even function."""
        right, left = self.sides(share, shift)
        return ((right - left).abs().max() / (right + left).abs().max()).item()

    def curves(self) -> dict[str, dict[str, Curve]]:
        """What the panels show for the present values of the controls."""
        share, shift = self.share.value, self.shift.value
        right, left = self.sides(share, shift)
        distance = torch.linspace(0, 1, len(right))
        odd = (right - left) / 2
        even = [(state, best) for state, (best, size) in self.found.items() if size < EVEN]
        dots = torch.tensor(even, dtype=torch.float64).reshape(-1, 2).T
        slope = torch.tensor(list(self.slopes.items()), dtype=torch.float64).T
        h = self.hamiltonians[share]
        return {
            "mirror": {
                "axis": curve(torch.tensor([shift, shift]), torch.tensor([-0.6, 3.2])),
                "measured": curve(self.xi, h),
                "mirrored": curve(2 * shift - self.xi, h),
            },
            "odd": {"part": curve(torch.cat([-distance.flip(0), distance]), torch.cat([-odd.flip(0), odd]))},
            "found": {
                "even": curve(*dots),
                "now": curve(torch.tensor([share]), torch.tensor([shift])),
            }
            | ({"slope": curve(*slope)} if self.compare.value else {}),
        }

    def _told(self, curves: Mapping[str, Mapping[str, Curve]]) -> str:
        dots = [f"{shift:.2f} at share {state:.1f}" for state, shift in zip(*curves["found"]["even"], strict=True)]
        return (
            f"Left: H measured in the state with a share {self.share.value:.1f} of B, and its mirror image about "
            f"{self.shift.value:.2f}. Middle: its odd part about that, {abs(curves['odd']['part'][1]).max():.3f} at "
            f"most. Right: the shifts that made H even: {', '.join(dots) or 'none so far'}."
            + (" A line shows half the slope of the counted entropy." if "slope" in curves["found"] else "")
        )

    def _redraw(self, *_: object) -> None:
        share, shift = self.share.value, round(self.shift.value, 9)
        odd = self.odd_share(share, shift)
        if odd < self.found.get(share, (0.0, float("inf")))[1]:
            self.found[share] = shift, odd
        curves = self.curves()
        self._show(self.picture.png(curves), self._told(curves))
        told = f"About {shift:.2f} the odd part of H is {odd:.1%} of the even part"
        self.status.value = told + (": even, as far as these jumps can tell." if odd < EVEN else ".")

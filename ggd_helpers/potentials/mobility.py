"""Linear response with a learned mobility: a quadratic dissipation potential whose stiffness depends on the state."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from ggd_helpers.initialisation import draw_layers_
from ggd_helpers.networks import softplus
from ggd_helpers.potentials.general import DissipationPotential
from ggd_helpers.ranges import check


class MobilityDissipation(DissipationPotential):
    """The quadratic density `xi(c, g) = 1/2 M(c) g^2` with a learned mobility `M(c) = scale softplus(network(c)) > 0`.

    Convex in the force `g` by construction; linear response, so it extends to forces that training never saw. The
    thesis writes `D~` for the mobility `M`.

    Shapes: `c` and `g` are `(..., 1)`.

    Args:
        scale: the size of `M` before training; any guess within a few powers of ten saves iterations.
        width, depth: of the hidden layers (tanh) of the network in `M`.

    Raises:
        ValueError: `scale` is not positive.

    Source: thesis 4.3; Onsager (1931).
    """

    def __init__(
        self, scale: float = 1.0, width: int = 8, depth: int = 1, seed: int = 0, dtype: torch.dtype = torch.float64
    ):
        super().__init__()
        check("scale", scale, "positive", "it is the size of the mobility before training")
        self.scale = scale
        sizes = [1] + [width] * depth + [1]
        self.layers = nn.ModuleList([nn.Linear(a, b, dtype=dtype) for a, b in pairwise(sizes)])
        self.reset_parameters(torch.Generator().manual_seed(seed))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the network afresh, with `M` about `scale`."""
        draw_layers_(self.layers, generator)

    def mobility(self, c: Tensor) -> Tensor:
        """The mobility `M(c)`, `(..., 1)` to `(..., 1)`."""
        *hidden, last = self.layers
        for layer in hidden:
            c = torch.tanh(layer(c))
        return self.scale * softplus(last(c))

    def forward(self, c: Tensor, g: Tensor) -> Tensor:
        """The dissipation potential, `(..., 1)` twice to `(...)`."""
        return 0.5 * (self.mobility(c) * g**2).squeeze(-1)

    def flux(self, c: Tensor, g: Tensor) -> Tensor:
        """The flux `M(c) g`, `(..., 1)` twice to `(..., 1)`."""
        return self.mobility(c) * g


class DiluteDissipation(MobilityDissipation):
    """The mobility of what must be there to flow: `M(c) = c m(c)`, with `m(c) = scale softplus(network(c)) > 0`.

    Zero where nothing is, and for positive concentrations only: a negative one counts as zero.

    Source: Otto (2001), who writes gas in a porous medium with `m = 1`.
    """

    def mobility(self, c: Tensor) -> Tensor:
        """The mobility `c m(c)`, `(..., 1)` to `(..., 1)`."""
        return c.clamp_min(0) * super().mobility(c)

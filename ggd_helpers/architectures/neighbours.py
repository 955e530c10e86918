"""A plain network of a cell and its two neighbours: a local law without a pair."""

import torch
from torch import Tensor, nn

from ggd_helpers.grids import PeriodicGrid
from ggd_helpers.initialisation import redraw_from_
from ggd_helpers.networks import softplus
from ggd_helpers.ranges import check


class NeighbourNetwork(nn.Module):
    """A plain local law, the rival of a local pair: `dc_i/dt = rate unit network(c_{i-1}, c_i, c_{i+1})`, on a line.

    The same network serves in every cell, `z = W_1 softplus(W_0 c / unit + b_0) + b_1`. Nothing else is built in: no
    flux, no entropy. On a grid of another mesh width `h` the answer is multiplied by `(width_of_training / h)^2`, as
    for a law of second order.

    Args:
        grid: where the field lives.
        width: units in the hidden layer; the network has `5 width + 1` weights.
        unit: the size of the concentrations.
        rate: the size of the velocity per concentration before training, 1/time.
        seed: of its first weights.

    Raises:
        ValueError: a size out of range, or a grid that is no line.
    """

    def __init__(self, grid: PeriodicGrid, width: int = 10, unit: float = 1.0, rate: float = 1.0, seed: int = 0):
        super().__init__()
        check("dim", grid.dim, "1 to 1", "a neighbour network looks left and right, on a line")
        check("width", width, "a whole number, 1 or more", "it is how many units the hidden layer has")
        check("unit", unit, "positive", "it is the size of the concentrations")
        check("rate", rate, "positive", "it is the size of the velocity per concentration before training")
        self.cells, self.unit, self.rate = grid.cells, unit, rate
        self.hidden, self.last = nn.Linear(3, width, dtype=torch.float64), nn.Linear(width, 1, dtype=torch.float64)
        redraw_from_(self, seed)

    def forward(self, c: Tensor) -> Tensor:
        """The velocity, `(..., n)` to `(..., n)`."""
        three = torch.stack([c.roll(1, -1), c, c.roll(-1, -1)], dim=-1) / self.unit
        finer = (c.shape[-1] / self.cells) ** 2
        return finer * self.rate * self.unit * self.last(softplus(self.hidden(three))).squeeze(-1)

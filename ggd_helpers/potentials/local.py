"""Potentials of fields: a density in every cell for S, a density on every face for Xi, summed over a grid."""

from collections.abc import Callable

import torch
from torch import Tensor

from ggd_helpers.grids import PeriodicGrid
from ggd_helpers.potentials.general import DissipationPotential, Entropy

Mean = Callable[[Tensor, Tensor], Tensor]


def arithmetic_mean(a: Tensor, b: Tensor) -> Tensor:
    """The mean `(a + b) / 2`."""
    return 0.5 * (a + b)


def logarithmic_mean(a: Tensor, b: Tensor) -> Tensor:
    """The logarithmic mean `(a - b) / (ln a - ln b)` of positive numbers, `a` where they agree.

    It is the face value for which the logarithmic entropy gives the 3-point Laplacian exactly, since
    `mean(a, b) (ln b - ln a) = b - a`.

    Source: Maas (2011); Chow et al. (2012).
    """
    ratio = (b / a).log()
    near = ratio.abs() < 1e-3
    series = arithmetic_mean(a, b) * (1 - ratio**2 / 12)  # good to ratio^4 / 120 there
    return torch.where(near, series, (b - a) / torch.where(near, torch.ones_like(ratio), ratio))


class LocalEntropy(Entropy):
    """The entropy of a field: `S(c) = sum_i s(c_i) h^dim`, concave because the density `s` is.

    The conjugate is `x*_i = dS/dc_i = h^dim s'(c_i)`: `h^dim` times the functional derivative, `c* = s'(c)`.

    Shapes: fields are `(..., n)`, the density's states `(..., 1)`.

    Args:
        density: any entropy of one number; the same one serves on every grid.
        grid: where the field lives.
    """

    def __init__(self, density: Entropy, grid: PeriodicGrid):
        super().__init__()
        self.density, self.grid = density, grid

    def forward(self, c: Tensor) -> Tensor:
        """The entropy, `(..., n)` to `(...)`."""
        return self.grid.volume * self.density(c.unsqueeze(-1)).sum(-1)

    def conjugate(self, c: Tensor) -> Tensor:
        """The conjugate `h^dim s'(c)`, `(..., n)` to `(..., n)`."""
        return self.grid.volume * self.density.conjugate(c.unsqueeze(-1)).squeeze(-1)


class LocalDissipation(DissipationPotential):
    """The dissipation potential of a field: `Xi(c, x*) = sum over faces xi(c_face, grad c*) h^dim`, `c* = x* / h^dim`.

    Its slope is a divergence, `dXi/dx* = -(J_{i+1/2} - J_{i-1/2}) / h`, where the flux `J` is the slope of
    `xi(c_face, .)` at `grad c*`: what leaves one cell enters the next, so `sum_i c_i` never changes. And `J` points to
    higher `c*`, which for a concave `s` is lower `c`: no new maximum or minimum can form. Both hold for any density.

    Shapes: fields are `(..., n)`, the density's two arguments `(..., 1)`. In two dimensions there are two faces a cell.

    Args:
        density: any dissipation potential of one number and one force; the same one serves on every grid.
        grid: where the field lives.
        mean: the concentration at a face from those in its two cells.
    """

    def __init__(self, density: DissipationPotential, grid: PeriodicGrid, mean: Mean = arithmetic_mean):
        super().__init__()
        self.density, self.grid, self.mean = density, grid, mean

    def _at_faces(self, c: Tensor, x_star: Tensor) -> tuple[Tensor, Tensor]:
        """Concentration and slope of `c*` at every face, each `(..., dim, n, 1)`."""
        c_face = self.mean(c.unsqueeze(-2), self.grid.upper(c))
        return c_face.unsqueeze(-1), self.grid.gradient(x_star / self.grid.volume).unsqueeze(-1)

    def forward(self, c: Tensor, x_star: Tensor) -> Tensor:
        """The dissipation potential, `(..., n)` twice to `(...)`."""
        return self.grid.volume * self.density(*self._at_faces(c, x_star)).sum((-2, -1))

    def face_flux(self, c: Tensor, x_star: Tensor) -> Tensor:
        """The flux `J` through every face, `(..., n)` twice to `(..., dim, n)`."""
        return self.density.flux(*self._at_faces(c, x_star)).squeeze(-1)

    def flux(self, c: Tensor, x_star: Tensor) -> Tensor:
        """The slope `dXi/dx*`, `(..., n)` twice to `(..., n)`."""
        return -self.grid.divergence(self.face_flux(c, x_star))

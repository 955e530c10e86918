"""Grids, periodic ones and open lines: the finite differences that lead from cells to faces and back."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ggd_helpers.effort import check_memory
from ggd_helpers.ranges import check

MOST_SUBSTEPS = 1_000_000  # RK4 steps that a stored step may be made of: minutes


@dataclass(frozen=True)
class PeriodicGrid:
    """The box `[0, 1]^dim`, periodic, cut into `cells` equal cells along each side.

    A field is a flat state `(..., n)` with one value a cell, `n = cells^dim`; values at faces are `(..., dim, n)`:
    entry `(a, i)` belongs to the face between cell `i` and its upper neighbour along axis `a`. The centre of cell `i`
    of a line is `i h`, `h = 1 / cells`: nothing is repeated at the end.

    Raises:
        ValueError: `cells` or `dim` out of range, or more cells than a laptop holds.

    Source: thesis 4.3.1, with a grid that is periodic for its `h`.
    """

    cells: int = 64
    dim: int = 1

    def __post_init__(self) -> None:
        check("cells", self.cells, "a whole number, 4 or more", "it is how many cells a side of the grid has")
        check("dim", self.dim, "a whole number, 1 or more", "it is the number of dimensions")
        largest = self.cells ** min(self.dim, 30)  # 4^30 is too many already
        check_memory(f"a field on {self.cells} cells a side in {self.dim} dimensions", largest, "take fewer cells")

    @property
    def width(self) -> float:
        """The mesh width `h`."""
        return 1.0 / self.cells

    @property
    def volume(self) -> float:
        """The volume of a cell, `h^dim`."""
        return self.width**self.dim

    @property
    def shape(self) -> tuple[int, ...]:
        """One `cells` for each axis: `field.unflatten(-1, grid.shape)` is the picture of a field."""
        return (self.cells,) * self.dim

    @property
    def size(self) -> int:
        """The number of cells, `n = cells^dim`."""
        return math.prod(self.shape)

    def coordinates(self) -> Tensor:
        """The centres of the cells, `(dim, n)`."""
        side = self.width * torch.arange(self.cells, dtype=torch.float64)
        return torch.stack(torch.meshgrid(*[side] * self.dim, indexing="ij")).flatten(1)

    def _neighbour(self, field: Tensor, axis: int, step: int) -> Tensor:
        return field.unflatten(-1, self.shape).roll(-step, dims=axis - self.dim).flatten(-self.dim)

    def upper(self, field: Tensor) -> Tensor:
        """The value in the upper neighbour of every cell, `(..., n)` to `(..., dim, n)`."""
        return torch.stack([self._neighbour(field, axis, 1) for axis in range(self.dim)], dim=-2)

    def gradient(self, field: Tensor) -> Tensor:
        """The slope across every face, `(f_{i+1} - f_i) / h`, `(..., n)` to `(..., dim, n)`."""
        return (self.upper(field) - field.unsqueeze(-2)) / self.width

    def divergence(self, flux: Tensor) -> Tensor:
        """The outflow of a cell per volume, `sum_axes (J_{i+1/2} - J_{i-1/2}) / h`, `(..., dim, n)` to `(..., n)`."""
        lower = torch.stack([self._neighbour(flux[..., axis, :], axis, -1) for axis in range(self.dim)], dim=-2)
        return (flux - lower).sum(-2) / self.width

    def laplacian(self, field: Tensor) -> Tensor:
        """The Laplacian, `(f_{i+1} - 2 f_i + f_{i-1}) / h^2` along each axis, `(..., n)` to `(..., n)`."""
        return self.divergence(self.gradient(field))

    def stable_substeps(self, diffusivity: float, dt: float) -> int:
        """How many RK4 steps a time `dt` needs so that diffusion stays stable and no concentration turns negative.

        `2 dim D (dt / substeps) / h^2 <= 1`: up to there every weight of the RK4 step is positive. (Stable alone it is
        up to 0.69 instead of 0.5 for `dt D / h^2` on a line.)

        Raises:
            ValueError: they are more than `MOST_SUBSTEPS`.
        """
        substeps = 2 * self.dim * diffusivity * dt / self.width**2 - 1e-9
        if not substeps <= MOST_SUBSTEPS:
            raise ValueError(f"dt = {dt:.3g} needs {substeps:.3g} RK4 steps with diffusivity = {diffusivity:.3g} and "
                             f"{self.cells} cells, more than {MOST_SUBSTEPS}: take a smaller one of them.")  # fmt: skip
        return max(1, math.ceil(substeps))


@dataclass(frozen=True)
class OpenLine:
    """A line of `cells` cells between a wall, at its lower end, and an end that moves: springs of a chain.

    A field is `(..., n)`, one value a cell; the face `i` is the upper one of cell `i`, its particle. Beyond the moving
    end a field is 0, and at the wall nothing moves; so sums go over by parts, `sum v grad f = -sum f div v`.

    Raises:
        ValueError: `cells` out of range.
    """

    cells: int = 10

    def __post_init__(self) -> None:
        check("cells", self.cells, "a whole number, 1 or more", "it is how many springs the chain has")

    def gradient(self, field: Tensor) -> Tensor:
        """The difference across every face, `f_{i+1} - f_i`, `(..., n)` to `(..., n)`."""
        return torch.cat([field[..., 1:], torch.zeros_like(field[..., :1])], dim=-1) - field

    def divergence(self, flux: Tensor) -> Tensor:
        """What leaves a cell, `v_i - v_{i-1}`, `(..., n)` to `(..., n)`: how fast a spring grows between its ends."""
        return flux - torch.cat([torch.zeros_like(flux[..., :1]), flux[..., :-1]], dim=-1)

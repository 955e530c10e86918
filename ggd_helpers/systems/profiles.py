"""Initial concentrations: functions of the place, drawn at random, the same ones whatever the grid that samples them.

Every function takes a grid, how many states to draw, and a generator, and returns `(count, n)`. A state is divided by
the Euclidean norm that it has on 64 cells a side, the thesis's, so that a finer grid shows the same function.
"""

import math

import torch
from torch import Generator, Tensor

from ggd_helpers.grids import PeriodicGrid

MODES = 15  # the largest wave number
SHARPNESS = 1.5  # the deviation of the n-th coefficient is n^-1.5
DEGREE = 4  # the largest degree of p
STEPS = 5  # at most so many steps
THESIS_CELLS = 64


def fourier(grid: PeriodicGrid, count: int, generator: Generator) -> Tensor:
    """Random Fourier sums, negative in places: `N` in 0 ... 15, coefficients normal of deviation `n^-1.5`, a constant.

    Source: thesis 4.3.1.
    """
    return waves(grid, count, generator, MODES, SHARPNESS)


def waves(grid: PeriodicGrid, count: int, generator: Generator, highest: int, sharpness: float) -> Tensor:
    """Random sums of `N` in 0 ... `highest` waves, coefficients normal of deviation `n^-sharpness`, and a constant."""
    x = _line(grid)
    n = torch.arange(1, highest + 1, dtype=torch.float64)
    kept = n <= torch.randint(0, highest + 1, (count, 1), generator=generator)
    coefficients = _normal((2, count, highest), generator) * n**-sharpness * kept
    angle = 2 * math.pi * n[:, None] * x
    return _normalised(
        _normal((count, 1), generator) + coefficients[0] @ torch.cos(angle) + coefficients[1] @ torch.sin(angle)
    )


def positive_fourier(grid: PeriodicGrid, count: int, generator: Generator) -> Tensor:
    """The sums of `fourier`, each lifted until its smallest value is a twentieth of its range: real concentrations."""
    waves = fourier(grid, count, generator)
    low, high = waves.aminmax(dim=-1, keepdim=True)
    return _normalised(waves - low + 0.05 * (high - low) + 1e-3)


def polynomial(grid: PeriodicGrid, count: int, generator: Generator) -> Tensor:
    """Polynomials `x (x - 1) p(x) + A` with minimum 0: `p` of degree 0 to 4, its coefficients in [-1, 1].

    Source: thesis 4.3.2.
    """
    x = _line(grid)
    power = torch.arange(DEGREE + 1)
    kept = power <= torch.randint(0, DEGREE + 1, (count, 1), generator=generator)
    p = (_uniform((count, DEGREE + 1), -1, 1, generator) * kept) @ x ** power[:, None]
    shape = x * (x - 1) * p
    return _normalised(shape - shape.amin(-1, keepdim=True))


def discontinuous(grid: PeriodicGrid, count: int, generator: Generator) -> Tensor:
    """Sums of `N` in 1 ... 5 steps: heights in [0.1, 1], widths in [1/4N, 1/2N], centres between 1/N and 1 - 1/N.

    Source: thesis 4.3.2.
    """
    x = _line(grid)
    steps = torch.randint(1, STEPS + 1, (count, 1), generator=generator).double()
    share = torch.rand((3, count, STEPS), generator=generator, dtype=torch.float64)
    kept = torch.arange(STEPS) < steps
    heights = (0.1 + 0.9 * share[0]) * kept
    widths = (1 + share[1]) / (4 * steps)
    centres = 1 / steps + share[2] * (1 - 2 / steps)
    inside = _distance(x, centres[..., None]).abs() <= widths[..., None] / 2
    return _normalised((heights[..., None] * inside).sum(1))


def spikes(grid: PeriodicGrid, count: int, generator: Generator) -> Tensor:
    """Two spikes `exp(-((x - 1/2 -+ x0) / 0.1)^2)`, `x0` in [0.1, 0.3]. Source: thesis 4.3.2."""
    x = _line(grid)
    x0 = _uniform((count, 1), 0.1, 0.3, generator)
    return _normalised(
        torch.exp(-((_distance(x, 0.5 - x0) / 0.1) ** 2)) + torch.exp(-((_distance(x, 0.5 + x0) / 0.1) ** 2))
    )


def blobs(grid: PeriodicGrid, count: int, generator: Generator) -> Tensor:
    """Three round spikes of radius 0.1 on a low floor, anywhere, in any dimension."""
    centres = torch.rand((count, 3, grid.dim, 1), generator=generator, dtype=torch.float64)
    squares = _distance(grid.coordinates(), centres).square().sum(-2)
    return _normalised(0.05 + torch.exp(-squares / 0.1**2).sum(1))


def face(grid: PeriodicGrid) -> Tensor:
    """A picture in the plane, `(n,)`: a face that smiles, 0.3 on 0.02."""
    if grid.dim != 2:
        raise ValueError(f"a face needs a grid with dim = 2 (got {grid.dim}).")
    y, x = grid.coordinates() - 0.5
    radius = torch.hypot(x, y)
    rim = (radius - 0.36).abs() < 0.035
    eyes = torch.hypot(x.abs() - 0.13, y + 0.1) < 0.045
    mouth = ((radius - 0.2).abs() < 0.025) & (y > 0.05)
    return 0.02 + 0.28 * (rim | eyes | mouth).double()


TEST_SETS = {"fourier": fourier, "polynomial": polynomial, "discontinuous": discontinuous, "spikes": spikes}


def _line(grid: PeriodicGrid) -> Tensor:
    if grid.dim != 1:
        raise ValueError(f"this profile is a function on a line, and the grid has dim = {grid.dim}: take blobs there.")
    return grid.coordinates()[0]


def _distance(x: Tensor, centre: Tensor) -> Tensor:
    """The way from `centre` to `x` around the period, in [-1/2, 1/2)."""
    return (x - centre + 0.5) % 1 - 0.5


def _normal(shape: tuple[int, ...], generator: Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)


def _normalised(states: Tensor) -> Tensor:
    """Divide by the Euclidean norm on the thesis's 64 cells; a state that is zero everywhere stays."""
    root_mean_square = states.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-300)
    return states / (root_mean_square * math.sqrt(THESIS_CELLS))

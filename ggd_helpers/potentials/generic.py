"""What GENERIC needs beside a dissipation potential: energies, entropies that are coordinates, Poisson operators."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ggd_helpers.free_networks import Dense, Perceptron
from ggd_helpers.potentials.general import Entropy
from ggd_helpers.ranges import check


class Energy(nn.Module):
    """An energy `E(x)`: a subclass writes its formula in `forward`, `(..., n)` to `(...)`."""

    def gradient(self, x: Tensor) -> Tensor:
        """The slope `dE/dx`, `(..., n)` to `(..., n)`: forces, velocities, temperatures."""
        return torch.func.grad(lambda x: self(x).sum())(x)


class FormulaEnergy(Energy):
    """An energy from any function of torch tensors, `(..., n)` to `(...)`.

    Args:
        formula: `E(x)`.
        slope: `dE/dx`, `(..., n)` to `(..., n)`, where it is known by hand: several times faster than differentiation.

    Example:
        >>> import torch
        >>> import ggd_helpers as ggd
        >>> energy = ggd.FormulaEnergy(lambda x: x[..., 1] ** 2 / 2 + x[..., 0] ** 4 / 4)
        >>> energy.gradient(torch.tensor([2.0, 3.0]))
        tensor([8., 3.])
    """

    def __init__(self, formula: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor] | None = None):
        super().__init__()
        self.formula, self.slope = formula, slope

    def forward(self, x: Tensor) -> Tensor:
        """The formula's value, `(..., n)` to `(...)`."""
        return self.formula(x)

    def gradient(self, x: Tensor) -> Tensor:
        """The slope, `(..., n)` to `(..., n)`."""
        return super().gradient(x) if self.slope is None else self.slope(x)


class _TiltedNetwork(nn.Module):
    """A free scalar network on a plane, `N(x) + b . x`; `b` is the last unit vector to begin with."""

    def __init__(self, dim: int, width: int, seed: int):
        super().__init__()
        check("dim", dim, "a whole number, 1 or more", "it is the number of coordinates of a state")
        self.network = Dense(dim, width)
        self.tilt = nn.Parameter(torch.empty(dim, dtype=torch.float64))
        self.reset_parameters(torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def reset_parameters(self, generator: torch.Generator) -> None:
        self.network.reset_parameters(generator)
        self.tilt.zero_()[-1] = 1.0

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x) + x @ self.tilt

    def gradient(self, x: Tensor) -> Tensor:
        return self.network.gradient(x) + self.tilt


class LearnedEnergy(Energy):
    """A learned energy of any shape, `E = N(x) + b . x`, with a smooth free network `N` (`Dense`).

    At first `b` is the unit vector of the last coordinate: where that is the entropy, the temperature `dE/ds` is
    positive to begin with.

    Args:
        dim: of the state.
        width: units in each of the network's two hidden layers.
        seed: of its first weights.
    """

    def __init__(self, dim: int, width: int = 13, seed: int = 0):
        super().__init__()
        self.scalar = _TiltedNetwork(dim, width, seed)

    def forward(self, x: Tensor) -> Tensor:
        """The energy, `(..., dim)` to `(...)`."""
        return self.scalar(x)

    def gradient(self, x: Tensor) -> Tensor:
        """The slope, `(..., dim)` to `(..., dim)`, without nested automatic differentiation."""
        return self.scalar.gradient(x)


class LearnedEntropy(Entropy):
    """A learned entropy of any shape, made like `LearnedEnergy`: in GENERIC both laws hold without concavity."""

    def __init__(self, dim: int, width: int = 13, seed: int = 0):
        super().__init__()
        self.scalar = _TiltedNetwork(dim, width, seed)

    def forward(self, x: Tensor) -> Tensor:
        """The entropy, `(..., dim)` to `(...)`."""
        return self.scalar(x)

    def conjugate(self, x: Tensor) -> Tensor:
        """The entropic conjugate, `(..., dim)` to `(..., dim)`."""
        return self.scalar.gradient(x)


class EntropyCoordinate(Entropy):
    """The entropy as a coordinate of the state, `S = x_n`; of several bodies, the sum of the last `bodies` ones."""

    def __init__(self, bodies: int = 1):
        super().__init__()
        check("bodies", bodies, "a whole number, 1 or more", "it is how many of the last coordinates are entropies")
        self.bodies = bodies

    def forward(self, x: Tensor) -> Tensor:
        """The entropy, `(..., n)` to `(...)`."""
        return x[..., -self.bodies :].sum(-1)

    def conjugate(self, x: Tensor) -> Tensor:
        """The slope, 1 for an entropy and 0 for the rest, `(..., n)` to `(..., n)`."""
        return torch.cat([torch.zeros_like(x[..., : -self.bodies]), torch.ones_like(x[..., -self.bodies :])], dim=-1)


class Poisson(nn.Module):
    """A Poisson operator `L(x)`, skew and with `L dS = 0`: a subclass writes what it makes of a slope in `forward`."""

    def forward(self, x: Tensor, slope: Tensor, entropy_slope: Tensor) -> Tensor:
        """`L(x)` times a slope of the energy or of any other quantity, `(..., n)` three times to `(..., n)`."""
        raise NotImplementedError


class CanonicalPoisson(Poisson):
    """Mechanics in `x = (q, p, ...)`: `L dE = (dE/dp, -dE/dq, 0 ...)`, for `degrees` coordinates `q` and as many `p`.

    It meets `L dS = 0` exactly where the entropy does not depend on `q` and `p`: an `EntropyCoordinate` does not.
    """

    def __init__(self, degrees: int = 1):
        super().__init__()
        check("degrees", degrees, "a whole number, 1 or more", "it is the number of degrees of freedom")
        self.degrees = degrees

    def forward(self, x: Tensor, slope: Tensor, entropy_slope: Tensor) -> Tensor:
        """`(dE/dp, -dE/dq, 0 ...)`, `(..., n)`.

        Raises:
            ValueError: the states have fewer than `2 degrees` coordinates.
        """
        d = self.degrees
        if slope.shape[-1] < 2 * d:
            raise ValueError(
                f"states must have {2 * d} coordinates or more (got {slope.shape[-1]}): degrees = {d} coordinates q "
                "and as many momenta p."
            )
        by_q, by_p, rest = slope[..., :d], slope[..., d : 2 * d], slope[..., 2 * d :]
        return torch.cat([by_p, -by_q, torch.zeros_like(rest)], dim=-1)


class LearnedPoisson(Poisson):
    """A learned Poisson operator in three dimensions, `L dE = tau(x) dS x dE` (a cross product), with a free `tau`.

    `L dS = 0`, and the Jacobi identity holds for every `tau` and `S`: `J = tau dS` has `J . curl J = 0`. Where `dS`
    does not vanish there are no others in three dimensions, up to the choice of `S`.

    Args:
        width: units in each of the two hidden layers of `tau`'s network.
        seed: of its first weights.
    """

    def __init__(self, width: int = 6, seed: int = 0):
        super().__init__()
        self.tau = Perceptron([3, width, width, 1], seed)

    def forward(self, x: Tensor, slope: Tensor, entropy_slope: Tensor) -> Tensor:
        """`tau(x) dS x dE`, `(..., 3)`.

        Raises:
            ValueError: the states have not three coordinates.
        """
        check("the number of coordinates", x.shape[-1], "a whole number, 3 to 3", "LearnedPoisson is a cross product")
        s, e = entropy_slope, slope
        # The cross product in operations that cannot be contracted: L dS is 0 to the last bit, not to rounding.
        return self.tau(x) * (s.roll(-1, -1) * e.roll(1, -1) - s.roll(1, -1) * e.roll(-1, -1))

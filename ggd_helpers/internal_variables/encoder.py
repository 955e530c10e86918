"""From a cloud of realisations to a few numbers: a deep set, for which the order of realisations cannot matter."""

from torch import Tensor, nn

from ggd_helpers.free_networks import Perceptron
from ggd_helpers.ranges import check


class DeepSet(nn.Module):
    """Internal variables of a distribution: `alpha = rho(mean over realisations of enc(x))`, then standardised.

    Realisations come as shares on a grid, so the mean is one product, `shares @ enc(grid)`. Any one-to-one map of the
    internal variables would serve as well (a gauge); it is fixed by mean 0 and deviation 1 on reference distributions.

    Shapes: `(..., bins)` to `(..., variables)`.

    Args:
        grid: the points, `(bins,)`.
        reference: the shares that the variables are standardised on, `(count, bins)`.
        variables: how many internal variables, 0 or more.
        center, scale: of positions, so that a network sees numbers about 1.

    Raises:
        ValueError: a parameter out of range.

    Source: IB-VONN, section 2.2; Zaheer et al. (2017).
    """

    grid: Tensor
    reference: Tensor

    def __init__(
        self,
        grid: Tensor,
        reference: Tensor,
        variables: int = 1,
        center: float = 0.0,
        scale: float = 1.0,
        width: int = 10,
        seed: int = 0,
    ):
        super().__init__()
        check("variables", variables, "a whole number, 0 to 8", "it is the number of internal variables")
        check("scale", scale, "positive", "it is the spread of the positions")
        self.variables, self.center, self.scale = variables, center, scale
        self.register_buffer("grid", grid)
        self.register_buffer("reference", reference)
        self.enc = Perceptron([1, width, width, variables], seed)
        self.rho = Perceptron([variables, width, variables], seed + 1)

    def _raw(self, shares: Tensor) -> Tensor:
        points = (self.grid[:, None] - self.center) / self.scale
        return self.rho(shares @ self.enc(points))

    def forward(self, shares: Tensor) -> Tensor:
        """The internal variables, `(..., bins)` to `(..., variables)`."""
        reference = self._raw(self.reference)
        mean = reference.mean(0)
        return (self._raw(shares) - mean) / (reference - mean).square().mean(0).sqrt()

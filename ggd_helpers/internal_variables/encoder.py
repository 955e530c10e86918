"""From a cloud of realisations to a few numbers: a deep set, for which the order of realisations cannot matter."""

import torch
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

    def sampling_variance(self, shares: Tensor, realisations: int) -> Tensor:
        """How noisy the internal variables are, since clouds are finite: `(..., bins)` to `(..., variables)`.

        `rho' Var(enc(x)) rho' / realisations`, by the delta method.
        """
        enc = self.enc((self.grid[:, None] - self.center) / self.scale)
        mean = shares @ enc
        slopes = torch.func.vmap(torch.func.jacrev(self.rho))(mean.flatten(0, -2)).unflatten(0, mean.shape[:-1])
        second = shares @ (enc[:, :, None] * enc[:, None, :]).flatten(1)
        covariance = second.unflatten(-1, (self.variables, -1)) - mean[..., :, None] * mean[..., None, :]
        variance = (slopes @ covariance * slopes).sum(-1) / realisations
        reference = self._raw(self.reference)
        return variance / (reference - reference.mean(0)).square().mean(0)

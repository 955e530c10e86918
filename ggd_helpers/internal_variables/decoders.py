"""From a state back to a cloud: a decoder returns the distribution of one coordinate, as one of torch's."""

import math
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.distributions import (
    AffineTransform,
    Categorical,
    Distribution,
    MixtureSameFamily,
    Normal,
    Transform,
    TransformedDistribution,
    constraints,
)
from torch.nn import functional

from ggd_helpers.free_networks import Perceptron
from ggd_helpers.networks import softplus
from ggd_helpers.ranges import check, shown

Family = TypeVar("Family")

MOST_CERTAIN = 30.0  # logarithm of the odds of a phase: the other one keeps a share of 1e-13
NARROWEST = 1e-6  # of the scale: no density becomes a needle on one realisation


def log_density_on(grid: Tensor, distribution: Distribution) -> Tensor:
    """`ln p` of a distribution of batch shape `(...)` at the points of a grid `(bins,)`, `(..., bins)`."""
    return distribution.log_prob(grid.view(-1, *[1] * len(distribution.batch_shape))).movedim(0, -1)


class Decoder(nn.Module):
    """A network of the state whose outputs are the parameters of a distribution; a subclass says of which one.

    Shapes: a state `(..., dim)` to a distribution of batch shape `(...)`.

    Args:
        dim: of the state.
        center, scale: of the coordinate, so that the network's outputs are about 1.
        width: of the two hidden layers.
    """

    def __init__(self, dim: int, outputs: int, center: float, scale: float, width: int = 10, seed: int = 0):
        super().__init__()
        check("scale", scale, "positive", "it is the spread of the positions")
        self.center, self.scale = center, scale
        self.network = Perceptron([dim, width, width, outputs], seed)

    def forward(self, state: Tensor) -> Distribution:
        """The distribution of the coordinate in this state."""
        raise NotImplementedError

    def _deviation(self, raw: Tensor) -> Tensor:
        """Positive, and an eighth of the scale to begin with: clouds are narrower than what protocols cover."""
        return self.scale * (softplus(raw - 2) + NARROWEST)


class Gaussian(Decoder):
    """A Gaussian whose mean and deviation depend on the state.

    Source: IB-VONN, section 3.3.
    """

    def __init__(self, dim: int, center: float = 0.0, scale: float = 1.0, width: int = 10, seed: int = 0):
        super().__init__(dim, 2, center, scale, width, seed)

    def forward(self, state: Tensor) -> Normal:
        """The Gaussian, `(..., dim)` to the batch shape `(...)`."""
        mean, raw = self.network(state).unbind(-1)
        return Normal(self.center + self.scale * mean, self._deviation(raw), validate_args=False)


class GaussianMixture(Decoder):
    """A mixture of Gaussians whose weights, means and deviations depend on the state.

    Source: IB-VONN, section 4.3 (there with two components a known distance apart).
    """

    def __init__(
        self, dim: int, center: float = 0.0, scale: float = 1.0, components: int = 2, width: int = 10, seed: int = 0
    ):
        check("components", components, "a whole number, 1 or more", "it is the number of Gaussians in the mixture")
        super().__init__(dim, 3 * components, center, scale, width, seed)

    def forward(self, state: Tensor) -> MixtureSameFamily:
        """The mixture, `(..., dim)` to the batch shape `(...)`."""
        logits, mean, raw = self.network(state).chunk(3, dim=-1)
        parts = Normal(self.center + self.scale * mean, self._deviation(raw), validate_args=False)
        return MixtureSameFamily(Categorical(logits=logits, validate_args=False), parts, validate_args=False)


class _TwoNormals(MixtureSameFamily):
    """A mixture of two Gaussians whose log-density takes half the time of the general one."""

    def log_prob(self, value: Tensor) -> Tensor:
        normals = cast(Normal, self.component_distribution)
        weights = self.mixture_distribution.logits.unbind(-1)
        parts = zip(weights, normals.loc.unbind(-1), normals.scale.unbind(-1), strict=True)
        low, high = ((logit - scale.log()) - 0.5 * ((value - loc) / scale) ** 2 for logit, loc, scale in parts)
        return torch.logaddexp(low, high) - 0.5 * math.log(2 * math.pi)


class TwoPhases(Decoder):
    """A mixture of two Gaussians a constant distance apart, whose mean is the last number of the state, exactly.

    `p(x) = (1 - w) N(x; m - w d, s_1) + w N(x; m + (1 - w) d, s_2)`, where `m = center + scale * state[-1]`; the share
    `w` of the upper phase depends on the internal variables, the deviations on the whole state; `d` is learned.

    Args:
        dim: of the state `(alpha, (m - center) / scale)`.
        center, scale, width: as of `Decoder`.

    Source: IB-VONN, (54); there the distance is that of the wells.
    """

    def __init__(self, dim: int, center: float = 0.0, scale: float = 1.0, width: int = 10, seed: int = 0):
        super().__init__(dim, 2, center, scale, width, seed)
        self.weigh = Perceptron([dim - 1, width, width, 1], seed + 1)
        self.log_distance = nn.Parameter(torch.zeros((), dtype=torch.float64))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the networks afresh; the distance is twice the scale to begin with."""
        self.network.reset_parameters(generator)
        self.weigh.reset_parameters(generator)
        nn.init.zeros_(self.log_distance)

    def forward(self, state: Tensor) -> MixtureSameFamily:
        """The mixture, `(..., dim)` to the batch shape `(...)`."""
        logit = self.weigh(state[..., :-1])
        mean, distance = self.center + self.scale * state[..., -1:], 2 * self.scale * self.log_distance.exp()
        shifts = distance * torch.cat([-torch.sigmoid(logit), torch.sigmoid(-logit)], dim=-1)
        parts = Normal(mean + shifts, self._deviation(self.network(state)), validate_args=False)
        logits = torch.cat([torch.zeros_like(logit), logit], dim=-1)
        return _TwoNormals(Categorical(logits=logits, validate_args=False), parts, validate_args=False)


class Sigmoidal(Transform):
    """The increasing map `y = logit(sum_j w_j sigmoid(a_j (x - b_j)))`, `w > 0`, `sum w = 1`, `a > 0`.

    Shapes: `log_weights`, `log_slopes`, `places` `(..., units)`; `x` and `y` `(...)`.

    Source: Huang et al. (2018), deep sigmoidal flows; IB-VONN, section 2.2.
    """

    domain, codomain = constraints.real, constraints.real
    bijective, sign = True, 1

    def __init__(self, log_weights: Tensor, log_slopes: Tensor, places: Tensor):
        super().__init__()
        self.log_weights, self.log_slopes, self.places = log_weights, log_slopes, places

    def _units(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """For each sigmoid the logarithms of its weight and slope, of its value, and of one minus its value."""
        for log_weight, log_slope, place in zip(
            self.log_weights.unbind(-1), self.log_slopes.unbind(-1), self.places.unbind(-1), strict=True
        ):
            argument = log_slope.exp() * (x - place)
            up = functional.logsigmoid(argument)
            yield log_weight, log_slope, up, up - argument

    def _call(self, x: Tensor) -> Tensor:
        units = list(self._units(x))
        below = reduce(torch.logaddexp, (log_weight + up for log_weight, _, up, _ in units))
        above = reduce(torch.logaddexp, (log_weight + down for log_weight, _, _, down in units))
        return below - above  # of sums of their own: no digits are lost in the tails

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """`ln dy/dx = ln dp/dx - ln p - ln(1 - p)`, `(...)`."""
        slope = reduce(torch.logaddexp, (sum(unit[1:], unit[0]) for unit in self._units(x)))
        return slope - functional.logsigmoid(y) - functional.logsigmoid(-y)

    def _inverse(self, y: Tensor) -> Tensor:
        """By bisection: `y` lies between the smallest and largest of `a_j (x - b_j)`, since the logit is monotone."""
        ends = self.places + y[..., None] * (-self.log_slopes).exp()
        low, high = ends.amin(-1), ends.amax(-1)
        for _ in range(60):
            middle = (low + high) / 2
            too_low = self._call(middle) < y
            low, high = torch.where(too_low, middle, low), torch.where(too_low, high, middle)
        return (low + high) / 2


class SigmoidalFlow(Decoder):
    """A distribution of no assumed shape: what `Sigmoidal` maps onto a standard Gaussian, its parameters by the state.

    Source: IB-VONN, section 2.2.
    """

    def __init__(
        self, dim: int, center: float = 0.0, scale: float = 1.0, units: int = 4, width: int = 10, seed: int = 0
    ):
        check("units", units, "a whole number, 1 or more", "it is the number of sigmoids in the flow")
        super().__init__(dim, 3 * units, center, scale, width, seed)

    def forward(self, state: Tensor) -> TransformedDistribution:
        """The distribution, `(..., dim)` to the batch shape `(...)`."""
        weights, slopes, places = self.network(state).chunk(3, dim=-1)
        return self._flow(functional.log_softmax(weights, dim=-1), slopes + math.log(4), places)

    def _flow(self, log_weights: Tensor, log_slopes: Tensor, places: Tensor) -> TransformedDistribution:
        map_to_gaussian = Sigmoidal(log_weights, log_slopes, places)
        zero = torch.zeros_like(places[..., 0])
        base = Normal(zero, torch.ones_like(zero), validate_args=False)
        stretch = AffineTransform(self.center, self.scale)
        return TransformedDistribution(base, [map_to_gaussian.inv, stretch], validate_args=False)


class PhaseFlow(SigmoidalFlow):
    """A flow of two phases about the last number of the state, in the words of `TwoPhases`; two sigmoids each.

    Between the steep sigmoids of two phases the map is flat, at `logit(1 - w)`: a share `p = Phi(logit w)` of the
    Gaussian lies above it. That share depends on the internal variables; all else on the whole state, the middles `b`
    of the phases with `(1 - p) b_1 + p b_2` at the mean strain. No family of densities is assumed, so the mean is near
    it, not on it. One sigmoid a phase would not do: between the phases it falls off like an exponential, where thermal
    motion in a well falls off like a Gaussian.

    Args:
        dim: of the state `(alpha, (m - center) / scale)`.
        center, scale, width: as of `Decoder`.

    Source: IB-VONN, section 4.4, there with two sigmoids in all.
    """

    def __init__(self, dim: int, center: float = 0.0, scale: float = 1.0, width: int = 10, seed: int = 0):
        Decoder.__init__(self, dim, 12, center, scale, width, seed)
        self.weigh = Perceptron([dim - 1, width, width, 1], seed + 1)

    def forward(self, state: Tensor) -> TransformedDistribution:
        """The distribution, `(..., dim)` to the batch shape `(...)`."""
        odds = self.weigh(state[..., :-1]).clamp(-MOST_CERTAIN, MOST_CERTAIN)
        logit = torch.where(odds < 0, 1, -1) * torch.special.ndtri(torch.sigmoid(-odds.abs()))
        weights, slopes, places = self.network(state).unflatten(-1, (3, 2, 2)).unbind(-3)
        within = functional.log_softmax(weights, dim=-1)
        log_weights = within + torch.stack([functional.logsigmoid(-logit), functional.logsigmoid(logit)], dim=-2)
        places = places + places.new_tensor([[-1.25, -0.75], [0.75, 1.25]])
        shares = torch.stack([torch.sigmoid(-odds), torch.sigmoid(odds)], dim=-2) * within.exp()
        places = places - (shares * places).sum((-2, -1), keepdim=True) + state[..., -1:, None]
        return self._flow(log_weights.flatten(-2), slopes.flatten(-2) + math.log(4), places.flatten(-2))


DECODERS: dict[str, type[Decoder]] = {"gaussian": Gaussian, "gmm": GaussianMixture, "flow": SigmoidalFlow}


def decoder_named(name: str) -> type[Decoder]:
    """The decoder that a chapter's parameter names: `gaussian`, `gmm` or `flow`.

    Raises:
        ValueError: another name.
    """
    return _named(name, DECODERS)


CHAIN_DECODERS: dict[str, type[TwoPhases] | type[PhaseFlow]] = {"gmm": TwoPhases, "flow": PhaseFlow}


def chain_decoder(name: str) -> type[TwoPhases] | type[PhaseFlow]:
    """The decoder about a known mean that a chapter's parameter names: `gmm` or `flow`.

    Raises:
        ValueError: another name.
    """
    return _named(name, CHAIN_DECODERS)


def _named(name: str, known: Mapping[str, Family]) -> Family:
    if name not in known:
        *others, last = known
        raise ValueError(f"decoder must be {', '.join(others)} or {last} (got {shown(name)}): it is the family of "
                         "distributions.")  # fmt: skip
    return known[name]

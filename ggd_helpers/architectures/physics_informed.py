"""A physics-informed network (PINN) as an inverse problem: a curve and the coefficients of its equation at once."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ggd_helpers.dynamics.generic import DampedMechanics
from ggd_helpers.free_networks import Perceptron
from ggd_helpers.potentials.general import FormulaDissipation
from ggd_helpers.potentials.generic import FormulaEnergy
from ggd_helpers.ranges import check


class PhysicsInformedOscillator(nn.Module):
    """A network `q(t)` for one trajectory, and three numbers: `q'' = a q - b q^3 - c q'` is asked for along it.

    The form of the law is given; the curve and `a, b, c` are found at once from measured positions, by the objective
    `PhysicsInformed`. It is no law: a curve serves for the one trajectory. The coefficients give one, `law()`.

    Simplified: two hidden layers of tanh, and slopes by the chain rule instead of automatic differentiation.

    Shapes: times `(...)` to positions `(...)`.

    Args:
        horizon: the trajectory runs from 0 to this time.
        width: units in each hidden layer.
        rate: how fast the motion is, 1/time; the network sees `rate (t - horizon/2)`.
        seed: of the first weights; the coefficients are 0 to begin with.

    Source: Raissi, Perdikaris, Karniadakis (2019), J. Comput. Phys. 378, their section on data-driven discovery;
    thesis 3.1.1.
    """

    def __init__(self, horizon: float, width: int = 16, rate: float = 1.5, seed: int = 0):
        super().__init__()
        check("horizon", horizon, "positive", "it is the last time of the trajectory")
        check("width", width, "a whole number, 1 or more", "it is how many units a hidden layer has")
        check("rate", rate, "positive", "it is how fast the motion is")
        self.horizon, self.rate = horizon, rate
        self.network = Perceptron([1, width, width, 1])
        self.coefficients = nn.Parameter(torch.empty(3, dtype=torch.float64))
        self.reset_parameters(torch.Generator().manual_seed(seed))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the curve afresh, and forget the coefficients."""
        self.network.reset_parameters(generator)
        nn.init.zeros_(self.coefficients)

    def curve(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`q`, `q'` and `q''` at times `(...)`, each `(...)`."""
        y = self.rate * (t - self.horizon / 2).unsqueeze(-1)
        y1, y2 = torch.full_like(y, self.rate), torch.zeros_like(y)
        *hidden, (last, bias) = zip(self.network.weights, self.network.biases, strict=True)
        for weight, offset in hidden:
            z, z1, z2 = functional.linear(y, weight, offset), y1 @ weight.T, y2 @ weight.T
            y = torch.tanh(z)
            y1, y2 = (1 - y**2) * z1, (1 - y**2) * (z2 - 2 * y * z1**2)
        return functional.linear(y, last, bias).squeeze(-1), (y1 @ last.T).squeeze(-1), (y2 @ last.T).squeeze(-1)

    def forward(self, t: Tensor) -> Tensor:
        """The position at times `(...)`, `(...)`."""
        return self.curve(t)[0]

    def residual(self, t: Tensor) -> Tensor:
        """`q'' - a q + b q^3 + c q'` at times `(...)`, `(...)`: 0 where the curve obeys the law."""
        q, q1, q2 = self.curve(t)
        a, b, c = self.coefficients
        return q2 - a * q + b * q**3 + c * q1

    def law(self) -> DampedMechanics:
        """The law of the coefficients as they are, for any state `(q, p)`: `q' = p`, `p' = a q - b q^3 - c p`."""
        a, b, c = self.coefficients.tolist()
        return DampedMechanics(
            FormulaEnergy(
                lambda x: x[..., 1] ** 2 / 2 + b * x[..., 0] ** 4 / 4 - a * x[..., 0] ** 2 / 2,
                lambda x: torch.cat([b * x[..., :1] ** 3 - a * x[..., :1], x[..., 1:]], dim=-1),
            ),
            FormulaDissipation(lambda x, v: c / 2 * v.square().sum(-1), lambda x, v: c * v),
        )

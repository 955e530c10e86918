"""A law whose velocity is a polynomial of the state: what sparse regression finds."""

from torch import Tensor, nn


class PolynomialLaw(nn.Module):
    """A polynomial velocity, `dx_i/dt = sum_k C_ik prod_m x_m^p_km`; it promises no second law and conserves nothing.

    Args:
        powers: `p`, whole numbers from 0 on, `(terms, n)`.
        coefficients: `C`, `(n, terms)`.

    Raises:
        ValueError: shapes that do not fit.

    Source: the form of Brunton, Proctor and Kutz (2016), SINDy.
    """

    powers: Tensor
    coefficients: Tensor

    def __init__(self, powers: Tensor, coefficients: Tensor):
        super().__init__()
        if powers.dim() != 2 or coefficients.shape != powers.shape[::-1]:
            raise ValueError(f"coefficients must have shape (n, terms) where powers have (terms, n) "
                             f"(got {tuple(coefficients.shape)} and {tuple(powers.shape)}).")  # fmt: skip
        self.register_buffer("powers", powers.double())
        self.register_buffer("coefficients", coefficients.double())

    def forward(self, x: Tensor) -> Tensor:
        """The velocity, `(..., n)` to `(..., n)`."""
        return (x[..., None, :] ** self.powers).prod(-1) @ self.coefficients.T

"""SSBroyden: the self-scaled update of Broyden's family, for the descent of the package."""

import numpy as np
from scipy.linalg.blas import dsyr, dsyr2

from ggd_helpers.training.quasi_newton import Descent, InverseHessian


class SelfScaledBroyden(InverseHessian):
    """The metric `H` of SSBroyden, dense, as `InverseHessian` keeps it.

    `H <- (H - w w^T / y.w + phi v v^T) / tau + s s^T / y.s` with `w = H y`, `v = sqrt(y.w) (s / y.s - w / y.w)`. With
    `b = s.B.s / y.s`, `h = y.w / y.s`, `a = h b - 1`, `c = sqrt(a / (a + 1))`, `rho = min(1, h (1 - c))` and

    `theta = max((rho - 1) / a, min(1 / rho, (1 - b) / b))`, `phi = (1 - theta) / (1 + a theta)`,

    `sigma = 1 + a theta`, `t = min(1, 1 / b)`; then `tau = t min(sigma^(-1/(n-1)), 1 / theta)` where `theta > 0`, and
    `tau = min(t sigma^(-1/(n-1)), sigma)` elsewhere. With `phi = 1` and `tau = t` it is self-scaled BFGS.

    Source: Al-Baali, Spedicato and Maggioni (2014); Urban, Stefanou and Pons, J. Comput. Phys. 523, 113656 (2025).
    """

    def update(self, step: np.ndarray, change: np.ndarray, step_b_step: float) -> None:
        """Take in one step; the first one is that of BFGS, with its usual scaling."""
        curvature = float(change @ step)
        if self.fresh or curvature <= 1e-300:
            super().update(step, change, step_b_step)
            return
        moved = self @ change
        spread = float(change @ moved)
        phi, tau = self.factors(step_b_step / curvature, spread / curvature)
        self.scale /= tau
        by_step = phi * spread / (tau * curvature**2) + 1 / curvature
        direction = -phi / (tau * curvature) * moved + 0.5 * by_step * step
        self.lower = dsyr2(1 / self.scale, direction, step, lower=1, a=self.lower, overwrite_a=1)
        weight = (phi - 1) / (tau * spread * self.scale)
        self.lower = dsyr(weight, moved, lower=1, a=self.lower, overwrite_a=1)
        if not 1e-12 < self.scale < 1e12:
            self.lower, self.scale = self.lower * self.scale, 1.0

    def factors(self, b: float, h: float) -> tuple[float, float]:
        """`phi` and `tau`, from `b` and `h`."""
        a = max(h * b - 1, 1e-12)  # by Cauchy and Schwarz never negative, but for rounding
        rho = min(1.0, h * (1 - (a / (a + 1)) ** 0.5))
        theta = max((rho - 1) / a, min(1 / rho, (1 - b) / b))
        sigma, t = 1 + a * theta, min(1.0, 1 / b)
        scaled = t * sigma ** (-1 / (len(self.lower) - 1))
        tau = min(scaled, t / theta) if theta > 0 else min(scaled, sigma)
        return (1 - theta) / sigma, tau


class BroydenDescent(Descent):
    """The package's descent with the metric of SSBroyden."""

    @staticmethod
    def _fresh_metric(gradient: np.ndarray) -> SelfScaledBroyden:
        return SelfScaledBroyden(len(gradient), 1 / max(1.0, float(np.linalg.norm(gradient))))

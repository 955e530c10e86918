"""What a learned pair is asked beside the known one: its velocity, its entropy, and Xi at the known forces."""

from collections.abc import Callable

from torch import Tensor

from ggd_helpers.dynamics.gradient import GradientDynamics

Question = Callable[[GradientDynamics], Tensor]


def with_one_given(known: GradientDynamics, grid: Tensor) -> dict[str, Question]:
    """Questions for `Laplace.band` to a pair that has one of the known potentials, by `velocity`, `S` and `Xi`.

    At states `(points, n)`; the entropy is without its mean, since its constant has no meaning.
    """
    return _questions(known, grid, lambda law: 1.0)


def with_both_learned(known: GradientDynamics, grid: Tensor) -> dict[str, Question]:
    """The same to a pair whose potentials were both learned, `S/c` and `Xi(c x*)/c`.

    No motion fixes their common scale: `c` makes the conjugates as large as the known ones.
    """
    return _questions(known, grid, lambda law: law.conjugate(grid).norm() / known.conjugate(grid).norm())


def _questions(
    known: GradientDynamics, grid: Tensor, scale: Callable[[GradientDynamics], Tensor | float]
) -> dict[str, Question]:
    forces = known.conjugate(grid)

    def entropy(law: GradientDynamics) -> Tensor:
        values = law.entropy(grid) / scale(law)
        return values - values.mean()

    def dissipation(law: GradientDynamics) -> Tensor:
        return law.dissipation(grid, scale(law) * forces) / scale(law)

    return {"velocity": lambda law: law(grid), "S": entropy, "Xi": dissipation}

"""One step of Gauss and Newton for weights that all records share, and starts that belong to one record each."""

from typing import NamedTuple

import torch
from torch import Tensor


class Pull(NamedTuple):
    """Minus the slopes of a misfit by the weights, `(p,)`, and by the starts, `(k, n)`; or a step in both."""

    weights: Tensor
    starts: Tensor

    def dot(self, other: "Pull") -> Tensor:
        """The sum of all products."""
        return (self.weights * other.weights).sum() + (self.starts * other.starts).sum()


class NormalEquations(NamedTuple):
    """The Hessian of a sum of squares in the weights (shared) and the starts (one block a record).

    Attributes:
        by_weights, by_start: how the misses of each record, in deviations of the noise, move with weights and its
            start: `(k, i, p)` and `(k, i, n)`.
        weights: the Hessian's block of the weights, `(p, p)`, with their prior.
        cross: that of weights and starts, `(k, p, n)`.
        starts: that of the starts, `(k, n, n)`, with their prior.
    """

    by_weights: Tensor
    by_start: Tensor
    weights: Tensor
    cross: Tensor
    starts: Tensor

    @classmethod
    def of(cls, by_weights: Tensor, by_start: Tensor, weights: Tensor, starts: Tensor) -> "NormalEquations":
        """From both derivatives and the inverse variances of both priors, `(p,)` and `(n,)`."""
        return cls(
            by_weights,
            by_start,
            torch.einsum("kip,kiq->pq", by_weights, by_weights) + weights.diag(),
            by_weights.mT @ by_start,
            by_start.mT @ by_start + starts.diag(),
        )

    def pull(self, misses: Tensor) -> Pull:
        """What misses in deviations of the noise, `(k, i)`, ask of weights and starts."""
        return Pull(
            -torch.einsum("kip,ki->p", self.by_weights, misses), -torch.einsum("kin,ki->kn", self.by_start, misses)
        )

    def along(self, step: Pull) -> Tensor:
        """How the misses move with a step, as far as they are linear in it, `(k, i)`."""
        return self.by_weights @ step.weights + (self.by_start @ step.starts[..., None])[..., 0]

    def reduced(self) -> Tensor:
        """The Hessian `(p, p)` of the weights alone, every start at its best: `H = W - sum_k C_k S_k^-1 C_k^T`.

        Schur's complement; its inverse is the covariance of the weights, whatever the starts are.
        """
        hessian = self.weights - torch.einsum("kpn,knq->pq", self.cross, torch.linalg.solve(self.starts, self.cross.mT))
        return 0.5 * (hessian + hessian.T)

    def damped(self, damping: float) -> "NormalEquations":
        """Levenberg and Marquardt's: `damping` is added to the diagonal of the weights' block.

        The starts' diagonal grows by the same share that it is of the weights' largest entry.
        """
        share = damping / self.weights.diagonal().max()
        diagonal = torch.diag_embed(self.starts.diagonal(dim1=1, dim2=2))
        eye = torch.eye(len(self.weights)).to(self.weights)
        return self._replace(weights=self.weights + damping * eye, starts=self.starts + share * diagonal)

    def solve(self, pull: Pull) -> Pull:
        """The step that a pull leads to: the Hessian's inverse times it."""
        alone = torch.linalg.solve(self.starts, pull.starts[..., None])[..., 0]
        weights = torch.linalg.solve(self.reduced(), pull.weights - torch.einsum("kpn,kn->p", self.cross, alone))
        rest = pull.starts - torch.einsum("kpn,p->kn", self.cross, weights)
        return Pull(weights, torch.linalg.solve(self.starts, rest[..., None])[..., 0])

"""One step of Gauss and Newton for weights that all records share, and starts that belong to one record each."""

from typing import NamedTuple

import torch
from torch import Tensor


class NormalEquations(NamedTuple):
    """The quadratic model of a misfit in the weights (shared) and the starts (one block a record).

    Attributes:
        weights: the Hessian's block of the weights, `(p, p)`, with their prior.
        cross: that of weights and starts, `(k, p, n)`.
        starts: that of the starts, `(k, n, n)`, with their prior.
        pull_weights, pull_starts: minus the slopes of the misfit, `(p,)` and `(k, n)`.
    """

    weights: Tensor
    cross: Tensor
    starts: Tensor
    pull_weights: Tensor
    pull_starts: Tensor

    def reduced(self) -> tuple[Tensor, Tensor]:
        """The Hessian `(p, p)` and minus the slope `(p,)` by the weights alone, every start at its best.

        `H = W - sum_k C_k S_k^-1 C_k^T`: Schur's complement. Its inverse is the covariance of the weights, whatever
        the starts are.
        """
        solved = torch.linalg.solve(self.starts, self.cross.mT)
        hessian = self.weights - torch.einsum("kpn,knq->pq", self.cross, solved)
        pull = self.pull_weights - torch.einsum("knp,kn->p", solved, self.pull_starts)
        return 0.5 * (hessian + hessian.T), pull

    def step(self, damping: float) -> tuple[Tensor, Tensor]:
        """The step of Levenberg and Marquardt in weights and starts, `(p,)` and `(k, n)`.

        `damping` is added to the diagonal of the weights' block; the starts' diagonal grows by the same share that it
        is of the weights' largest entry.
        """
        share = damping / self.weights.diagonal().max()
        diagonal = torch.diag_embed(self.starts.diagonal(dim1=1, dim2=2))
        eye = torch.eye(len(self.weights)).to(self.weights)
        damped = self._replace(weights=self.weights + damping * eye, starts=self.starts + share * diagonal)
        hessian, pull = damped.reduced()
        move = torch.linalg.solve(hessian, pull)
        rest = damped.pull_starts - torch.einsum("kpn,p->kn", damped.cross, move)
        return move, torch.linalg.solve(damped.starts, rest[..., None])[..., 0]

"""The generating function of increments, as it is measured from many of them."""

from torch import Tensor


def generating_function(steps: Tensor, momenta: Tensor, rate: float) -> tuple[Tensor, Tensor]:
    """`H(p) = rate ln <exp(p . dx)>` over increments `dx`, and its standard error.

    Shapes: `steps` `(count, n)`, `momenta` `(k, n)`; the answers are `(k,)`. With `p` in units of the force, increments
    are to be divided by `eps`, and `rate` is `eps/dt`.

    Source: thesis 1.3 and 1.4.
    """
    sizes, often = steps.unique(dim=0, return_counts=True)  # of jumps there are few sizes
    count, exponents = len(steps), momenta @ sizes.T
    largest = exponents.amax(dim=1, keepdim=True)
    weights = (exponents - largest).exp()  # the largest is 1, so that none is infinite
    mean = weights @ often.to(weights) / count
    variance = (weights - mean[:, None]).square() @ often.to(weights) / (count - 1)
    return rate * (mean.log() + largest[:, 0]), rate * (variance / count).sqrt() / mean

"""What a model would answer with other weights: a function of one vector, which torch.func can differentiate."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ggd_helpers.derived import weights_held


class _Asked(nn.Module):
    """A module whose forward pass puts a question to a model."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, question: Callable[[Any], Any]) -> Any:
        with weights_held(self.model):
            return question(self.model)


class Weights:
    """All that a model learns as one vector `theta` `(p,)`."""

    def __init__(self, model: nn.Module):
        self._asked = _Asked(model)
        learned = {name: p for name, p in self._asked.named_parameters() if p.requires_grad}
        self._names, self._parameters = list(learned), list(learned.values())
        self._shapes = [p.shape for p in self._parameters]
        self._sizes = [p.numel() for p in self._parameters]

    def read(self) -> Tensor:
        """The weights as they are, `(p,)`."""
        return parameters_to_vector(self._parameters).detach().clone()

    def write(self, theta: Tensor) -> None:
        """Set the model's weights."""
        vector_to_parameters(theta.clone(), self._parameters)

    def ask(self, question: Callable[[Any], Any], theta: Tensor) -> Any:
        """What `question(model)` would be with the weights `theta`; the model stays as it is."""
        parts = zip(self._names, theta.split(self._sizes), self._shapes, strict=True)
        return functional_call(self._asked, {name: part.view(shape) for name, part, shape in parts}, (question,))

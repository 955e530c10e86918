"""Measures of a model of internal variables: its potentials, its roll-outs, its densities; all errors in percent."""

import torch
from torch import Tensor
from torch.distributions import Distribution

from ggd_helpers.evaluation.errors import relative_error
from ggd_helpers.evaluation.report import Findings, Measure, Report, Rollout, roll_out
from ggd_helpers.integrators import rk4_along
from ggd_helpers.internal_variables.decoders import log_density_on
from ggd_helpers.internal_variables.model import InternalVariables
from ggd_helpers.recordings.ensembles import Ensembles
from ggd_helpers.systems.trapped_bead import TrappedBead


@roll_out.register
def _(data: Ensembles, model: InternalVariables, stride: int, substeps: int) -> Rollout:
    """From the encoded starts, in RK4 steps of two stored times: the input in the middle of a step is stored, too."""
    if (stride, substeps) != (2, 1):
        raise ValueError(f"stride must be 2 and substeps 1 for ensembles (got {stride} and {substeps}): the input in "
                         "the middle of a step is the stored one.")  # fmt: skip
    odd = reached(data)
    known = model.encode(data.shares[:, :odd:2])
    made = rk4_along(model.dynamics, known[:, 0], data.inputs[:, :odd], 2 * data.dt)
    return Rollout(made, known, data.times[:odd:2])


def reached(data: Ensembles) -> int:
    """How many stored times a roll-out in steps of two goes through: an odd number."""
    return (data.shares.shape[1] - 1) // 2 * 2 + 1


def percent(found: Tensor, true: Tensor) -> float:
    """The relative error in percent, `100 |found - true| / |true|` over all elements.

    Source: IB-VONN, (35).
    """
    return 100 * relative_error(found, true)


def rms_percent(difference: Tensor) -> float:
    """The rms of a difference in percent of 1, the deviation of an internal variable on its training set."""
    return 100 * difference.square().mean().sqrt().item()


def known_potentials(system: TrappedBead) -> Measure:
    """`f_error` and `phi_error`: the free energy and the dual dissipation potential at the encoded states.

    The zero of `f` is free; it is fixed at the starts of the protocols.
    """

    @torch.no_grad()
    def measure(report: Report[Ensembles]) -> Findings:
        data, model = report.data, report.model
        alpha, mean, u = model.encode(data.shares), data.mean, data.inputs
        known, found = -system.entropy(mean, u), model.free_energy(alpha, u)
        found = found + (known - found)[:, 0].mean()
        known_dissipation = system.dissipation(mean, system.at(u).conjugate(mean))
        return {
            "f_error": percent(found, known),
            "phi_error": percent(model.dissipation(alpha, u), known_dissipation),
        }

    return measure


def shares_on(grid: Tensor, distribution: Distribution) -> Tensor:
    """The shares that a distribution of batch shape `(...)` gives to the points of a grid, `(..., bins)`."""
    return torch.softmax(log_density_on(grid, distribution), dim=-1)


def mean_on(grid: Tensor, distribution: Distribution) -> Tensor:
    """The mean of a distribution of batch shape `(...)`, summed over the grid, `(..., 1)`: a flow knows no other."""
    return (shares_on(grid, distribution) @ grid)[..., None]


@torch.no_grad()
def dynamics(report: Report[Ensembles]) -> Findings:
    """`force_error`, `alpha_error` and `mean_error` of roll-outs from the encoded starts, which are left out.

    The error of alpha is the rms one in percent of its deviation on the training set, which is 1.

    Raises:
        ValueError: no force was measured.
    """
    data, model = report.data, report.model
    rolled, known = report.rollout.states[:, 1:], report.rollout.known[:, 1:]
    at = slice(2, 2 * rolled.shape[1] + 1, 2)  # the stored times that the roll-out reaches
    u = data.inputs[:, at]
    findings = {
        "force_error": percent(model.dynamics.force(rolled, u), data.measured[:, at]),
        "mean_error": percent(mean_on(data.grid, model.decode(rolled, u)), data.mean[:, at]),
    }
    if rolled.numel():
        findings["alpha_error"] = rms_percent(rolled - known)
    return findings


@torch.no_grad()
def likelihood(report: Report[Ensembles]) -> Findings:
    """`nll`: the mean negative log-likelihood of a realisation under the density decoded from its ensemble's state."""
    data, model = report.data, report.model
    log_density = log_density_on(data.grid, model.decode(model.encode(data.shares), data.inputs))
    return {"nll": -(data.shares[:, :, 0] * log_density).sum(-1).mean().item()}


@torch.no_grad()
def sampling_floors(model: InternalVariables, half: Ensembles, whole: Ensembles) -> dict[str, float]:
    """How far the data themselves are off: half of the realisations against all, `sampling_floor_<name>`, in percent.

    Half against all has the same error as all against infinitely many. The starts are left out, as in `dynamics`.
    """
    alpha, other = model.encode(whole.shares[:, 1:]), model.encode(half.shares[:, 1:])
    floors = {
        "sampling_floor_mean": percent(half.mean[:, 1:], whole.mean[:, 1:]),
        "sampling_floor_force": percent(half.measured[:, 1:], whole.measured[:, 1:]),
    }
    if alpha.numel():
        floors["sampling_floor_alpha"] = rms_percent(other - alpha)
    return floors


def distance_from_data(model: InternalVariables, half: Ensembles, whole: Ensembles) -> float:
    """How far a model is from data, in sampling errors: the force of its roll-outs against that of the data.

    A start that has failed is seen on the training pulls already: a roll-out knows the first cloud only, so it cannot
    repeat by heart what the encoder made of later ones.
    """
    found = dynamics(Report(model, whole, stride=2))
    return float(found["force_error"]) / percent(half.measured[:, 1:], whole.measured[:, 1:])


def against(system: TrappedBead) -> list[Measure]:
    """All measures of a model of the trapped bead."""
    return [known_potentials(system), dynamics, likelihood]


Along = dict[str, Tensor]  # "force", "free_energy" and "dissipation", `(protocol, time)` each


@torch.no_grad()
def predicted(report: Report[Ensembles]) -> Along:
    """What a model says from the encoded starts alone: force, free energy, dual dissipation potential of its roll-outs.

    The free energy is counted from its mean at the starts. Shapes: `(protocol, time)` each, at every second stored
    time.
    """
    alpha = report.rollout.states
    u = report.data.inputs[:, : 2 * alpha.shape[1] - 1 : 2]
    return _from_starts(
        report.model.dynamics.force(alpha, u),
        report.model.free_energy(alpha, u),
        report.model.dissipation(alpha, u),
    )


@torch.no_grad()
def exact(system: TrappedBead, data: Ensembles) -> Along:
    """The same of infinitely many realisations, which begin at equilibrium; no sampling error is in it."""
    odd = reached(data)
    mean, u = system.mean(data.inputs, data.dt)[:, :odd:2], data.inputs[:, :odd:2]
    return _from_starts(
        system.force(mean, u), -system.entropy(mean, u), system.dissipation(mean, system.at(u).conjugate(mean))
    )


def _from_starts(force: Tensor, free_energy: Tensor, dissipation: Tensor) -> Along:
    return {
        "force": force[..., 0],
        "free_energy": free_energy - free_energy[:, 0].mean(),
        "dissipation": dissipation,
    }

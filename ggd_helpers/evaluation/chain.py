"""Measures of a model of a driven chain: its roll-outs under a known force and a known pull; all errors in percent."""

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from ggd_helpers.evaluation.internal_variables import percent, reached, rms_percent
from ggd_helpers.evaluation.report import Findings, Measure, Report
from ggd_helpers.integrators import rk4_along
from ggd_helpers.internal_variables.chain import ChainVariables
from ggd_helpers.internal_variables.decoders import log_density_on
from ggd_helpers.internal_variables.stiv import PhaseLaw, under_force, under_pull
from ggd_helpers.potentials.chain import by_spring
from ggd_helpers.recordings.ensembles import Ensembles
from ggd_helpers.systems.spring_chain import SpringChain
from ggd_helpers.training.integral_matching import divergence


@dataclass(frozen=True)
class ChainRollout:
    """What a model says of a chain from its encoded start alone, `(protocol, time, ...)`; every second stored time.

    Attributes:
        times: `(time,)`.
        states: of the chain; `strain` and `alpha` are its two parts, `(protocol, time, n, ...)`.
        force: on the end.
    """

    times: Tensor
    states: Tensor
    force: Tensor
    springs: int

    @property
    def stored(self) -> slice:
        """Which stored times these are, without the start."""
        return slice(2, 2 * len(self.times), 2)

    @property
    def strain(self) -> Tensor:
        """The mean strains, `(protocol, time, n)`."""
        return by_spring(self.states, self.springs)[0].squeeze(-1)

    @property
    def alpha(self) -> Tensor:
        """The internal variables, `(protocol, time, n, variables)`."""
        return by_spring(self.states, self.springs)[1]


@torch.no_grad()
def roll_out_by_force(model: ChainVariables, data: Ensembles, force: Tensor) -> ChainRollout:
    """The chain under a known force `(protocol, time, 1)`, by RK4 in steps of two stored times."""
    odd = reached(data)
    states = rk4_along(model.dynamics, model.encode(data.shares[:, 0]), force[:, :odd], 2 * data.dt)
    return ChainRollout(data.times[:odd:2], states, force[:, :odd:2], model.chain.line.cells)


@torch.no_grad()
def roll_out_by_pull(model: ChainVariables, data: Ensembles, chain: SpringChain) -> ChainRollout:
    """The chain whose end moves as recorded, by RK4 in steps of two stored times; the force is the model's own."""
    odd = reached(data)
    speed = chain.speed(data.inputs, data.dt)[:, :odd]
    states = rk4_along(model.pulled(), model.encode(data.shares[:, 0]), speed, 2 * data.dt)
    return ChainRollout(data.times[:odd:2], states, model.end_force(states, speed[:, ::2]), model.chain.line.cells)


def decoded_share(model: ChainVariables, x: Tensor, edge: float) -> Tensor:
    """The share of the decoded density above a strain, a state to `(..., n)`: of the upper phase."""
    return 1 - model.decode(x).cdf(torch.tensor(edge, dtype=x.dtype))


@torch.no_grad()
def likelihood(report: Report[Ensembles]) -> Findings:
    """`nll`: the mean negative log-likelihood of a strain under the density decoded from its ensemble's state."""
    data, model = report.data, report.model
    log_density = log_density_on(data.grid, model.decode(model.encode(data.shares)))
    return {"nll": -(data.shares * log_density).sum(-1).mean().item()}


def at_data(chain: SpringChain) -> Measure:
    """`stress_error` and `decoded_p_error`: stress and share in the upper well at the encoded states."""

    @torch.no_grad()
    def measure(report: Report[Ensembles]) -> Findings:
        data, x = report.data, report.model.encode(report.data.shares)
        return {
            "stress_error": percent(report.model.stress(x), data.measured),
            "decoded_p_error": percent(
                decoded_share(report.model, x, chain.entropy.distance / 2), chain.upper_share(data)
            ),
        }

    return measure


def dynamics(chain: SpringChain) -> Measure:
    """`eps_error`, `alpha_error`, `p_error` under a known force; with `_v`, and `force_error_v`, under a known pull.

    From the encoded starts, which are left out. The error of alpha is the rms one in percent of its deviation on the
    training set, which is 1.
    """

    @torch.no_grad()
    def measure(report: Report[Ensembles]) -> Findings:
        data, model, force = report.data, report.model, chain.pull(report.data)
        pulled = roll_out_by_pull(model, data, chain)
        found = _closure(chain, model, data, roll_out_by_force(model, data, force), "")
        found |= _closure(chain, model, data, pulled, "_v")
        return found | {"force_error_v": percent(pulled.force[:, 1:], force[:, pulled.stored])}

    return measure


def _closure(
    chain: SpringChain, model: ChainVariables, data: Ensembles, rolled: ChainRollout, suffix: str
) -> dict[str, float]:
    at = rolled.stored
    known = model.encoder(data.shares[:, at])
    shares = decoded_share(model, rolled.states[:, 1:], chain.entropy.distance / 2)
    return {
        f"eps_error{suffix}": percent(rolled.strain[:, 1:], data.mean[:, at]),
        f"alpha_error{suffix}": rms_percent(rolled.alpha[:, 1:] - known),
        f"p_error{suffix}": percent(shares, chain.upper_share(data)[:, at]),
    }


def guess_by_polynomial(facts: Tensor, change: Tensor, rows: Tensor, degree: int = 4) -> Tensor:
    """The least-squares guess of what changes by a polynomial of facts, from some protocols, for all of them.

    Shapes: `facts` `(protocol, time, spring, k)`, `change` `(protocol, time, spring)` and the answer alike.
    """
    scaled = (facts - facts.mean((0, 1, 2))) / facts.std((0, 1, 2))
    powers = [p for p in product(range(degree + 1), repeat=facts.shape[-1]) if sum(p) <= degree]
    terms = torch.stack([(scaled ** torch.tensor(p)).prod(-1) for p in powers], dim=-1)
    fit = torch.linalg.lstsq(terms[rows].flatten(0, 2), change[rows].flatten()[:, None]).solution
    return (terms @ fit).squeeze(-1)


def without_training(chain: SpringChain, law: PhaseLaw, data: Ensembles) -> dict[str, float]:
    """The errors of STIV's laws, as those of a trained model; they start from the strains and shares of the data."""
    force, share = chain.pull(data), chain.upper_share(data)
    start = data.mean[:, 0], share[:, 0]
    pulled = under_pull(law, *start, data.inputs, data.dt)
    found = {"force_error_v": percent(pulled.force[:, 1:], force[:, 1:])}
    for suffix, rolled in (("", under_force(law, *start, force, data.dt)), ("_v", pulled)):
        found[f"eps_error{suffix}"] = percent(rolled.strain[:, 1:], data.mean[:, 1:])
        found[f"p_error{suffix}"] = percent(rolled.share[:, 1:], share[:, 1:])
    return found


def against(chain: SpringChain) -> list[Measure]:
    """All measures of a model of the chain."""
    return [at_data(chain), dynamics(chain), likelihood]


@torch.no_grad()
def sampling_floors(chain: SpringChain, model: ChainVariables, half: Ensembles, whole: Ensembles) -> dict[str, float]:
    """How far the data themselves are off: half of the realisations against all, `sampling_floor_<name>`, in percent.

    Half against all has the same error as all against infinitely many. The starts are left out, as in `dynamics`.
    """
    shift = model.encoder(half.shares[:, 1:]) - model.encoder(whole.shares[:, 1:])
    pairs = {
        "eps": (half.mean, whole.mean),
        "p": (chain.upper_share(half), chain.upper_share(whole)),
        "stress": (half.measured, whole.measured),
        "force": (chain.pull(half), chain.pull(whole)),
    }
    floors = {f"sampling_floor_{name}": percent(a[:, 1:], b[:, 1:]) for name, (a, b) in pairs.items()}
    return floors | {"sampling_floor_alpha": rms_percent(shift)}


@torch.no_grad()
def distance_from_data(chain: SpringChain, model: ChainVariables, half: Ensembles, whole: Ensembles) -> float:
    """How far a model is from data, in sampling errors of the data: 1 is perfect, 2 is good, 10 has gone wrong.

    The worst of five: the strains of both kinds of roll-outs, and the root of the divergence of the histograms from the
    densities that are decoded from the encoded states and from both roll-outs. Whoever looks at strains alone misses a
    decoder that has gone wrong; errors of alpha would depend on its gauge.
    """
    rolled = roll_out_by_force(model, whole, chain.pull(whole)), roll_out_by_pull(model, whole, chain)
    at = rolled[0].stored
    strain_floor = percent(half.mean[:, at], whole.mean[:, at])
    ratios = [percent(each.strain[:, 1:], whole.mean[:, at]) / strain_floor for each in rolled]
    scatter = (half.shares - whole.shares)[:, at].square() / whole.shares[:, at].clamp_min(1e-300)
    density_floor = scatter.sum(-1).mean() / 2
    states = model.encode(whole.shares[:, at]), *(each.states[:, 1:] for each in rolled)
    spacing = whole.grid[1] - whole.grid[0]
    for x in states:
        off = divergence(whole.shares[:, at], log_density_on(whole.grid, model.decode(x)), spacing).mean()
        ratios.append((off / density_floor).sqrt().item())
    return max(ratios) if all(ratio < torch.inf for ratio in ratios) else torch.inf

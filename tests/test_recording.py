"""What every kind of recording can do, shown on kinds of one's own and on the driven, measured and ensemble ones."""

import dataclasses
import math
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from conftest import normal, refused
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.potentials.driven import DrivenEntropy
from ggd_helpers.potentials.general import IsotropicDissipation
from ggd_helpers.recordings.driven import DrivenTrajectories, drive
from ggd_helpers.recordings.ensembles import Ensembles, share_linearly
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.recordings.recording import Recording
from ggd_helpers.recordings.regular import Trajectories


@dataclass(frozen=True)
class Doses(Recording):
    """A kind of one's own: levels after a dose, on times that all share, and whether the patient ate."""

    shared: ClassVar[frozenset[str]] = frozenset({"times"})

    levels: Tensor
    fasting: Tensor
    times: Tensor
    unit: str = "mg"
    notes: Tensor | None = None


def doses(count=5):
    return Doses(normal((count, 4), 1), torch.arange(count) % 2 == 0, torch.arange(4.0, dtype=torch.float64))


NAN = math.nan
KINDS = {
    "own": doses(),
    "regular": Trajectories(normal((5, 6, 2), 0), 0.1, normal((5, 6, 2), 1), {"a": [1, "x"]}),
    "without velocities": Trajectories(normal((5, 6, 2), 0), 0.1),
    "driven": DrivenTrajectories(normal((5, 6, 2), 0), 0.1, inputs=normal((5, 6, 1), 2), outputs=normal((5, 6, 1), 3)),
    "measured": Measurements.of([(torch.arange(1.0 + k), normal((1 + k, 2), k, torch.float32)) for k in range(5)]),
    "ensembles": Ensembles(
        share_linearly(normal((40, 5, 6, 2), 0), torch.linspace(-6, 6, 25, dtype=torch.float64)).clone(),
        torch.linspace(-6, 6, 25, dtype=torch.float64),
        normal((5, 6, 1), 1),
        0.1,
        40,
    ),
}
every_kind = pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)


def same(a, b):
    return torch.equal(a.nan_to_num(7.0), b.nan_to_num(7.0))


@every_kind
def test_select_takes_whole_trajectories_and_leaves_what_is_shared(data):
    chosen = torch.tensor([3, 0])
    part = data.select(chosen)
    assert (len(data), len(part), type(part)) == (5, 2, type(data))
    for name, tensor in data.tensors().items():
        assert same(part.tensors()[name], tensor if name in data.shared else tensor[chosen]), name


@every_kind
def test_split_is_disjoint_and_complete(data):
    train, test = data.split(0.4, seed=3)
    assert (len(train), len(test)) == (3, 2)
    name = next(name for name in data.tensors() if name not in data.shared)
    rows = {tuple(row.flatten().nan_to_num(7.0).tolist()) for part in (train, test) for row in part.tensors()[name]}
    assert len(rows) == 5


@every_kind
def test_like_moves_numbers_with_a_fraction_and_nothing_else(data):
    moved = data.like(torch.zeros((), dtype=torch.float16))
    for name, tensor in data.tensors().items():
        expected = torch.float16 if tensor.is_floating_point() else tensor.dtype
        assert moved.tensors()[name].dtype == expected


@every_kind
def test_a_file_gives_back_the_same(data, tmp_path):
    data.save(tmp_path / "a.npz")
    back = type(data).load(tmp_path / "a.npz")
    assert back.tensors().keys() == data.tensors().keys()
    assert all(same(back.tensors()[name], tensor) for name, tensor in data.tensors().items())
    assert back.fingerprint() == data.fingerprint()


@every_kind
def test_the_fingerprint_tells_content_shape_and_kind_apart(data):
    seen = {data.fingerprint(), data.select(torch.arange(4)).fingerprint()}
    for name, tensor in data.tensors().items():
        other = tensor.clone()
        other.view(-1)[0] = 1 - other.view(-1)[0].int() if other.dtype == torch.bool else other.view(-1)[0] + 1e-13
        if not same(other, tensor):
            part = object.__new__(type(data))
            vars(part).update(vars(data) | {name: other})
            seen.add(part.fingerprint())
    assert len(seen) >= 3
    assert dataclasses.replace(data).fingerprint() == data.fingerprint()


def test_a_plain_field_is_part_of_the_fingerprint():
    data = KINDS["regular"]
    assert dataclasses.replace(data, dt=0.2).fingerprint() != data.fingerprint()
    assert dataclasses.replace(data, metadata={"another": "story"}).fingerprint() == data.fingerprint()


def test_a_file_of_another_kind_is_refused(tmp_path):
    KINDS["regular"].save(tmp_path / "a.npz")
    with refused("a.npz", "not written by DrivenTrajectories.save"):
        DrivenTrajectories.load(tmp_path / "a.npz")


# --- driven ---


class Trap(DrivenEntropy):
    """A bead between a wall and a trap at `u`: `f = k/2 x^2 + k/2 (x - u)^2` (IB-VONN, example 1)."""

    def forward(self, x, u):
        return -0.5 * 3.0 * (x.square() + (x - u).square()).sum(-1)


def pulled(dt, points, substeps=1):
    """Beads pulled at the speeds 0.3 and -0.7, and their exact motion: `eta x' = -k (2 x - v t)`, `r = 2 k/eta`."""
    v, x0, rate = torch.tensor([[0.3], [-0.7]], dtype=torch.float64), normal((2, 1), 5), 2 * 3.0 / 1.5
    law = DrivenDynamics(Trap(), IsotropicDissipation(1 / 1.5))
    data = drive(law, x0, lambda t: v[:, None] * t[:, None], dt, points, substeps)
    t = data.times
    steady = 0.5 * v * (t - 1 / rate)
    exact = steady + (x0 - steady[:, :1]) * torch.exp(-rate * t)
    return law, data, exact[..., None], (v * t)[..., None]


def test_driven_motion_is_the_exact_one_to_fourth_order():
    errors = []
    for substeps in (1, 2, 4):
        law, data, exact, u = pulled(0.2, 11, substeps)
        errors.append((data.states - exact).abs().max().item())
        torch.testing.assert_close(data.inputs, u, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(data.outputs, 3.0 * (u - data.states), rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(data.velocities, -2 * (2 * data.states - u), rtol=1e-12, atol=1e-13)
    assert math.log2(errors[0] / errors[1]) == pytest.approx(4, abs=0.5)
    assert math.log2(errors[1] / errors[2]) == pytest.approx(4, abs=0.3)
    assert law.at(u).entropy_production(data.states).min() >= 0


@given(st.integers(4, 12))
def test_inputs_half_way_are_exact_for_parabolas_and_inside_for_cubics(points):
    t = torch.linspace(-1, 1, points, dtype=torch.float64)
    fine = torch.linspace(-1, 1, 2 * points - 1, dtype=torch.float64)
    for degree, inside in ((2, slice(None)), (3, slice(2, -2))):
        data = DrivenTrajectories(torch.zeros(1, points, 1), 0.1, inputs=(t**degree)[None, :, None])
        found = data.inputs_with_middles()[0, :, 0]
        torch.testing.assert_close(found[inside], (fine**degree)[inside], rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        (torch.zeros(2, 4, 1), None, ["inputs", "(2, 5, 1)", "(2, 4, 1)"]),
        (torch.zeros(5, 1), None, ["inputs", "(5, 1)"]),
        (torch.zeros(2, 5, 1), torch.zeros(1, 5, 1), ["outputs", "(1, 5, 1)"]),
        (torch.full((2, 5, 1), NAN), None, ["inputs", "NaN"]),
        (torch.zeros(2, 5, 1), torch.zeros(2, 5, 1, dtype=torch.bool), ["outputs", "bool"]),
    ],
)
def test_bad_inputs_are_refused(inputs, outputs, words):
    with refused(*words):
        DrivenTrajectories(torch.zeros(2, 5, 1), 0.1, inputs=inputs, outputs=outputs)


# --- measured ---


def test_records_of_any_length_keep_their_times_and_gaps():
    records = [
        (torch.tensor([0.0, 1.0, 5.0]), torch.tensor([[1.0, NAN], [2.0, 3.0], [NAN, NAN]])),
        (torch.tensor([2.0]), torch.tensor([[4.0, 5.0]])),
    ]
    data = Measurements.of(records, deviation=torch.tensor([0.1, 0.2]))
    assert data.times.shape == (2, 3)
    assert data.times[0].tolist() == [0.0, 1.0, 5.0]
    assert data.times[1].isnan().tolist() == [False, True, True]
    assert data.observed.tolist() == [[[True, False], [True, True], [False, False]], [[True, True], *[[False] * 2] * 2]]
    assert torch.equal(data.select(torch.tensor([1])).deviation, data.deviation)


@pytest.mark.parametrize(
    ("times", "values", "deviation", "words"),
    [
        ([[0.0, 1.0]], [[1.0, 2.0]], None, ["(1, 2)", "(trajectory, time, n)"]),
        ([[0.0, 0.0]], [[[1.0], [2.0]]], None, ["increase", "trajectory 0"]),
        ([[0.0, 1.0], [0.0, -1.0]], [[[1.0], [2.0]]] * 2, None, ["increase", "trajectory 1"]),
        ([[NAN, 1.0]], [[[1.0], [2.0]]], None, ["increase", "behind the last one"]),
        ([[0.0, NAN]], [[[1.0], [2.0]]], None, ["every value needs a time"]),
        ([[0.0, 1.0]], [[[NAN], [NAN]]], None, ["needs a value"]),
        ([[0.0, math.inf]], [[[1.0], [2.0]]], None, ["infinite"]),
        ([[0.0, 1.0]], [[[1.0], [2.0]]], [0.1, 0.2], ["deviation", "1 numbers", "[0.1"]),
        ([[0.0, 1.0]], [[[1.0], [2.0]]], [-0.5], ["deviation", "-0.5"]),
        ([[0.0, 1.0]], [[[1.0], [2.0j]]], None, ["values", "real", "complex64"]),
        ([[0, 1]], [[[1.0], [2.0]]], None, ["times", "floating-point", "int64"]),
    ],
)
def test_bad_measurements_are_refused(times, values, deviation, words):
    with refused(*words):
        Measurements(torch.tensor(times), torch.tensor(values), None if deviation is None else torch.tensor(deviation))


# --- ensembles ---


@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(1, 50))
def test_linear_sharing_keeps_mean_and_number(seed, bins, realisations):
    grid = torch.linspace(-1, 2, bins, dtype=torch.float64)
    values = -1 + 3 * torch.rand(realisations, 4, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    shares = share_linearly(values, grid)
    assert shares.shape == (4, 2, bins)
    assert (shares >= -1e-15).all()
    torch.testing.assert_close(shares.sum(-1), torch.ones(4, 2, dtype=torch.float64), rtol=1e-13, atol=0)
    torch.testing.assert_close(shares @ grid, values.mean(0), rtol=0, atol=1e-13)


def test_a_value_on_the_grid_goes_to_its_point_alone():
    grid = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    assert share_linearly(torch.tensor([[0.0], [1.0], [2.0], [0.5]]).double(), grid).tolist() == [[0.375, 0.375, 0.25]]
    with refused("values must lie on the grid", "0 to 2", "2.5"):
        share_linearly(torch.tensor([[2.5]], dtype=torch.float64), grid)


def test_moments_of_an_ensemble():
    """The mean is exact; to the variance of the cloud, sharing adds between 0 and a quarter of a squared bin."""
    cloud, grid = normal((2000, 3, 5, 2), 0), torch.linspace(-6, 6, 121, dtype=torch.float64)
    data = Ensembles(share_linearly(cloud, grid), grid, normal((3, 5, 1), 1), 0.1, 2000)
    torch.testing.assert_close(data.mean, cloud.mean(0), rtol=0, atol=1e-13)
    added = data.variance - cloud.var(0, unbiased=False)
    assert 0 < added.min() < added.max() < 0.25 * 0.1**2
    assert data.times.tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"grid": torch.linspace(0, 1, 4)}, ["grid (bins,)", "(4,)"]),
        ({"inputs": torch.zeros(2, 6, 1)}, ["inputs", "(2, 6, 1)"]),
        ({"shares": 2 * KINDS["ensembles"].shares}, ["sum to 1"]),
        ({"shares": KINDS["ensembles"].shares * NAN}, ["shares", "NaN"]),
    ],
)
def test_bad_ensembles_are_refused(change, words):
    with refused(*words):
        dataclasses.replace(KINDS["ensembles"], **change)

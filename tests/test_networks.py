"""Convex networks: positive weights, convexity by random chords, slopes against autograd, initialisation."""

import math

import numpy as np
import pytest
import torch
from conftest import chord_excess, normal, refused, rescale_raw_weights, rounding
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.func import grad, hessian, vmap

from ggd_helpers.derived import weights_held
from ggd_helpers.networks import FICNN, PICNN, averaging_, kaiming_normal_, positive

seeds = st.integers(0, 2**31)
dims = st.integers(1, 4)
widths = st.integers(1, 12)
depths = st.integers(1, 6)
dtypes = st.sampled_from([torch.float32, torch.float64])
batches = st.sampled_from([(), (3,), (2, 3), (0,)])
rescalings = st.sampled_from([(1.0, 0.0), (30.0, 0.0), (1.0, -30.0), (1.0, 3.0), (10.0, -10.0)])


# --- positive weights ---


def thesis_equation_3_6(raw: np.ndarray, epsilon: float) -> np.ndarray:
    negative = np.exp(np.minimum(raw, 0) - epsilon)
    return np.where(raw >= 0, raw + np.exp(-epsilon), negative)


@pytest.mark.parametrize("epsilon", [0.5, 5.0])
def test_positive_is_equation_3_6_of_the_thesis(epsilon):
    raw = np.concatenate([np.linspace(-20, 20, 401), [1e-9, -1e-9, 1e3, 1e9]])
    ours = positive(torch.from_numpy(raw), epsilon).numpy()
    # Up to the rounding of exp(-epsilon): where weights are tiny, see the next test.
    np.testing.assert_allclose(ours, thesis_equation_3_6(raw, epsilon), rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize(
    ("dtype", "raws", "digits"),
    [(torch.float64, [-20, -40, -100, -600], 1e-12), (torch.float32, [-10, -30, -80], 1e-4)],
)
def test_positive_stays_positive_for_very_negative_weights(dtype, raws, digits):
    for raw in raws:
        weight = positive(torch.tensor(raw, dtype=dtype)).item()
        assert weight > 0, raw
        assert weight == pytest.approx(math.exp(raw - 5.0), rel=digits, abs=0)


@pytest.mark.parametrize("epsilon", [0.5, 5.0])
def test_positive_is_continuous_at_zero_with_slopes_one_and_exp_of_minus_epsilon(epsilon):
    h = 1e-6
    below, at, above = positive(torch.tensor([-h, 0.0, h], dtype=torch.float64), epsilon).tolist()
    assert at == pytest.approx(math.exp(-epsilon), rel=1e-14, abs=0)
    assert (above - at) / h == pytest.approx(1.0, rel=1e-6)
    assert (at - below) / h == pytest.approx(math.exp(-epsilon), rel=1e-5)


def test_positive_is_increasing_and_passes_a_gradient_everywhere():
    raw = torch.linspace(-100, 100, 2001, dtype=torch.float64)
    assert (positive(raw).diff() > 0).all()
    assert (grad(lambda raw: positive(raw).sum())(raw) > 0).all()


# --- convexity ---


@given(seeds, dims, widths, depths, dtypes, rescalings)
@example(3, 2, 8, 5, torch.float64, (1.0, 0.0))
def test_ficnn_lies_below_its_chords(seed, dim, width, depth, dtype, rescaling):
    network = FICNN(dim, width=width, depth=depth, seed=seed, dtype=dtype)
    rescale_raw_weights(network, *rescaling)
    a, b = 3 * normal((2, 64, dim), seed + 1, dtype)
    t = torch.linspace(0, 1, 64, dtype=dtype)
    allowed = rounding(network, torch.maximum(a.abs(), b.abs()))
    assert (chord_excess(network, a, b, t) <= allowed).all()


@given(seeds, dims, dims, widths, depths, dtypes, rescalings)
@example(3, 2, 2, 8, 2, torch.float64, (1.0, 0.0))
def test_picnn_lies_below_its_chords_in_y(seed, dim_x, dim_y, width, depth, dtype, rescaling):
    network = PICNN(dim_x, dim_y, width=width, depth=depth, seed=seed, dtype=dtype)
    rescale_raw_weights(network, *rescaling)
    x = 3 * normal((64, dim_x), seed + 1, dtype)
    a, b = 3 * normal((2, 64, dim_y), seed + 2, dtype)
    t = torch.linspace(0, 1, 64, dtype=dtype)
    allowed = rounding(network, x, torch.maximum(a.abs(), b.abs()))
    assert (chord_excess(lambda y: network(x, y), a, b, t) <= allowed).all()


def test_picnn_need_not_be_convex_in_x():
    network = PICNN(1, 1, seed=3)
    y = normal((256, 1), 1)
    a, b = 3 * normal((2, 256, 1), 2)
    allowed = rounding(network, torch.maximum(a.abs(), b.abs()), y)
    t = torch.full((256,), 0.5, dtype=torch.float64)
    assert (chord_excess(lambda x: network(x, y), a, b, t) > 1e6 * allowed).any()


# --- slopes, shapes ---


def assert_same_value(network, value, *inputs):
    """Not of the same bits: another shape is another order of summation."""
    expected = network(*inputs)
    assert value.shape == expected.shape
    assert ((value - expected).abs() <= rounding(network, *inputs)).all()


def assert_same_slope(slope, expected):
    assert slope.shape == expected.shape
    scale = expected.abs().max().item() if expected.numel() else 0.0
    torch.testing.assert_close(slope, expected, rtol=0, atol=1e-12 * max(scale, 1.0))


@given(seeds, dims, widths, depths, batches)
def test_ficnn_gradient_is_the_slope_of_forward(seed, dim, width, depth, batch):
    network = FICNN(dim, width=width, depth=depth, seed=seed)
    x = 2 * normal((*batch, dim), seed + 1)
    assert network(x).shape == batch
    assert_same_slope(network.gradient(x), grad(lambda x: network(x).sum())(x))


@given(seeds, dims, dims, widths, depths, batches)
def test_picnn_gradient_is_the_slope_of_forward_in_y(seed, dim_x, dim_y, width, depth, batch):
    network = PICNN(dim_x, dim_y, width=width, depth=depth, seed=seed)
    x, y = 2 * normal((*batch, dim_x), seed + 1), 2 * normal((*batch, dim_y), seed + 2)
    assert network(x, y).shape == batch
    assert_same_slope(network.gradient(x, y), grad(lambda y: network(x, y).sum())(y))


@pytest.mark.parametrize(
    ("batch_x", "batch_y"), [((), (5,)), ((5,), ()), ((2, 5), (5,)), ((2, 1), (1, 5)), ((5,), (2, 5))]
)
def test_picnn_broadcasts_leading_shapes(batch_x, batch_y):
    network = PICNN(2, 3, seed=1)
    x, y = normal((*batch_x, 2), 1), normal((*batch_y, 3), 2)
    batch = torch.broadcast_shapes(batch_x, batch_y)
    full_x, full_y = x.expand(*batch, 2), y.expand(*batch, 3)
    assert_same_value(network, network(x, y), full_x, full_y)
    assert_same_slope(network.gradient(x, y), network.gradient(full_x, full_y))


def test_vmap_over_the_batch_is_the_batched_call():
    ficnn, picnn = FICNN(2, seed=1), PICNN(2, 3, seed=1)
    x, y = normal((7, 2), 1), normal((7, 3), 2)
    assert_same_value(ficnn, vmap(ficnn)(x), x)
    assert_same_slope(vmap(ficnn.gradient)(x), ficnn.gradient(x))
    assert_same_value(picnn, vmap(picnn)(x, y), x, y)
    assert_same_slope(vmap(picnn.gradient)(x, y), picnn.gradient(x, y))


@settings(max_examples=30)
@given(seeds, dims, widths, depths, dtypes, rescalings)
def test_second_derivatives_are_finite_at_zero(seed, dim, width, depth, dtype, rescaling):
    zero = torch.zeros(dim, dtype=dtype)
    ficnn = FICNN(dim, width=width, depth=depth, seed=seed, dtype=dtype)
    picnn = PICNN(dim, dim, width=width, depth=depth, seed=seed, dtype=dtype)
    for network in (ficnn, picnn):
        rescale_raw_weights(network, *rescaling)
    assert hessian(ficnn)(zero).isfinite().all()
    assert hessian(picnn, argnums=0)(zero, zero).isfinite().all()
    assert hessian(picnn, argnums=1)(zero, zero).isfinite().all()


def test_curvature_is_never_negative_and_not_zero_around_zero():
    x = torch.linspace(-1, 1, 21, dtype=torch.float64)[:, None]
    curvature = vmap(hessian(FICNN(1, seed=0)))(x)
    assert (curvature > 1e-6).all()  # ReLU's would be zero, and S could not be a smooth hill


def test_no_kink_where_softplus_turns_linear():
    """At torch's default threshold of 20 softplus jumps by 2e-9."""
    network = FICNN(1, width=1, depth=1, seed=0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
    x = torch.linspace(18, 20, 20001, dtype=torch.float64)[:, None]
    jumps = network(x).diff().diff()  # smooth: x'' h^2 <= 1e-8 exp(-18); a kink of 2e-9 stands out
    assert jumps.abs().max() < 1e-12


# --- initialisation, errors ---


@given(seeds)
def test_a_seed_means_one_network_in_either_precision(seed):
    for make in (lambda **options: FICNN(2, **options), lambda **options: PICNN(2, 1, **options)):
        one, same, other = make(seed=seed), make(seed=seed), make(seed=seed + 1)
        single = make(seed=seed, dtype=torch.float32)
        for name, weights in one.state_dict().items():
            assert torch.equal(weights, same.state_dict()[name])
            assert torch.equal(weights.float(), single.state_dict()[name])
            assert single.state_dict()[name].dtype == torch.float32
            if weights.dim() == 2:
                assert not torch.equal(weights, other.state_dict()[name])


def test_a_seed_means_the_same_whatever_torch_drew_before():
    torch.manual_seed(5)
    before = FICNN(2, seed=1).skip.weight
    torch.manual_seed(6)
    assert torch.equal(before, FICNN(2, seed=1).skip.weight)


@pytest.mark.parametrize("make", [lambda: FICNN(5, width=200, depth=3), lambda: PICNN(5, 7, width=200, depth=3)])
def test_weights_are_kaiming_normal_and_biases_zero(make):
    for weights in make().parameters():
        if weights.dim() == 1:
            assert not weights.any()
        elif weights.numel() >= 1000:
            inputs, n = weights.shape[1], weights.numel()
            assert weights.std().item() == pytest.approx(math.sqrt(2 / inputs), rel=4 / math.sqrt(2 * n))
            assert abs(weights.mean().item()) < 4 * math.sqrt(2 / inputs / n)
            kurtosis = (weights / weights.std()).pow(4).mean().item()
            assert kurtosis == pytest.approx(3.0, abs=4 * math.sqrt(24 / n))  # normal, not uniform (1.8)


def test_kaiming_normal_redraws_every_network_of_a_model_from_one_seed():
    def drawn(seed, first):
        model = torch.nn.ModuleList([FICNN(2, width=4, seed=first), PICNN(2, 2, width=4, seed=first)])
        kaiming_normal_(model, seed)
        return torch.nn.utils.parameters_to_vector(model.parameters())

    assert torch.equal(drawn(1, first=0), drawn(1, first=9))
    assert not torch.equal(drawn(1, first=0), drawn(2, first=0))
    expected = FICNN(2, width=4, seed=1)  # the first network of the model meets the generator fresh
    assert torch.equal(drawn(1, first=0)[: expected.skip.weight.numel()], expected.skip.weight.flatten())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dim": 0}, ["dim", "1 or more", "0"]),
        ({"dim": 2.0}, ["dim", "2.0"]),
        ({"dim": 1, "width": -3}, ["width", "-3"]),
        ({"dim": 1, "depth": 0}, ["depth", "0"]),
        ({"dim": 1, "epsilon": 0.0}, ["epsilon", "positive", "0.0"]),
        ({"dim": 1, "epsilon": math.nan}, ["epsilon", "positive", "nan"]),
    ],
)
def test_bad_sizes_are_refused_by_name(options, words):
    with refused(*words):
        FICNN(**options)


# --- a draw that does not grow with depth ---


@pytest.mark.parametrize("epsilon", [1.0, 5.0])
@pytest.mark.parametrize("width", [4, 32])
def test_averaging_weights_are_uniform_and_rows_sum_to_one_on_average(width, epsilon):
    network = FICNN(2, width=width, depth=6, epsilon=epsilon)
    averaging_(network, seed=3)
    for weight in network.positive_weights():
        assert (weight > 0).all()
        assert weight.max() <= 2 / width * (1 + 1e-12)
    sums = torch.cat([weight.sum(dim=1) for weight in network.positive_weights()]).detach()
    assert sums.mean().item() == pytest.approx(1.0, abs=4 * math.sqrt(1 / (3 * width) / len(sums)))


@pytest.mark.parametrize("depth", [1, 5, 20, 40])
def test_averaging_keeps_the_size_of_deep_networks(depth):
    origin, values = torch.zeros(1, dtype=torch.float64), []
    for seed in range(10):
        network = FICNN(1, width=8, depth=depth)
        averaging_(network, seed)
        values.append(network(origin).item())
    assert 0.3 < np.median(values) < 1.2


def test_averaging_is_seeded():
    a, b, c = FICNN(1), FICNN(1, seed=5), FICNN(1)
    for network, seed in ((a, 1), (b, 1), (c, 2)):
        averaging_(network, seed)
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)[:, None]
    assert torch.equal(a(x), b(x))
    assert not torch.equal(a(x), c(x))


def test_weights_are_held_as_long_as_is_said():
    network = FICNN(2, width=3, depth=2, seed=0)
    x = torch.rand(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    before = network(x)
    with weights_held(network), torch.no_grad():
        network.raw_weights[0] += 1.0
        torch.testing.assert_close(network(x), before)
    assert (network(x) - before).abs().min() > 1e-3


def test_nothing_stays_held_where_holding_was_interrupted(monkeypatch):
    first, second = FICNN(1, seed=0), FICNN(1, seed=1)

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(second, "derive", interrupted)
    with pytest.raises(KeyboardInterrupt), weights_held(torch.nn.ModuleList([first, second])):
        pass
    assert first.held is None

"""The data that the course ships: what their card says of them holds."""

import re

import pytest
import torch

from ggd_helpers.files import DATA, sha256
from ggd_helpers.recordings.measured import Measurements

CARD = (DATA / "README.md").read_text(encoding="utf-8")
CHECKSUMS = dict(re.findall(r"of\s`(\w+\.csv)`[^:]*:\s`([0-9a-f]{64})`", CARD))


def test_every_table_has_a_row_and_a_checksum():
    assert {path.name: sha256(path) for path in DATA.glob("*.csv")} == CHECKSUMS
    assert all(f"| `{name}` |" in CARD for name in CHECKSUMS)


@pytest.fixture
def bennett5():
    return Measurements.from_csv(DATA / "bennett5.csv", columns=["M"])


def test_nist_certifies_how_far_the_superconductor_lies_from_its_formula(bennett5):
    """StRD, Bennett5: `y = b1 (b2 + x)^(-1/b3)` with the residual sum of squares and standard deviation below."""
    b1, b2, b3 = -2.5235058043e3, 4.6736564644e1, 9.3218483193e-1
    x, y = bennett5.times[0].log(), bennett5.values[0, :, 0]
    squares = (y - b1 * (b2 + x) ** (-1 / b3)).square().sum().item()
    assert y.shape == (154,)
    assert squares == pytest.approx(5.2404744073e-4, rel=1e-7)  # t has 10 digits
    assert (squares / 151) ** 0.5 == pytest.approx(1.8629312528e-3, rel=1e-7)


def test_the_times_are_those_of_the_listed_logarithms(bennett5):
    listed = Measurements.from_csv(DATA / "bennett5.csv", columns=["log_t"]).values[0, :, 0]
    torch.testing.assert_close(bennett5.times[0].log(), listed, rtol=0, atol=1e-9)
    steps = bennett5.times[0].diff()
    assert steps[0].item() == pytest.approx(1588, abs=0.5)
    assert steps[1:].mean().item() == pytest.approx(1384.07, abs=0.005)
    assert steps[1:].std(correction=0).item() == pytest.approx(0.62, abs=0.01)
    assert str(bennett5.clock) == "t"
    assert "Column 'log_t' is not used." in bennett5.metadata["assumed"]


def test_the_lactone_comes_to_rest_at_one_rate():
    """First order both ways: `ln(1 - x / x_end) = -(k1 + k-1) t` at every reading, and `K = x_end / (a - x_end)`."""
    everything = Measurements.from_csv(DATA / "lactone.csv")
    assert [str(each) for each in everything.quantities][:2] == ["lactone (titre)", "acid_at_start (titre)"]
    assert str(everything.clock) == "t (min)"
    lactone, acid, end = everything.values[0].unbind(-1)
    rates = -torch.log1p(-lactone / end) / everything.times[0]
    assert rates.mean().item() == pytest.approx(9.38e-3, abs=5e-6)  # per minute, as textbooks have it
    assert (rates / rates.mean() - 1).abs().max() < 0.03
    assert (end / (acid - end)).unique().item() == pytest.approx(2.68, abs=0.005)

"""Trajectories: differences, split, files whole or refused, measurements from CSV, simulation."""

import math
import time
import tracemalloc

import numpy as np
import pytest
import torch
from conftest import normal, refused
from hypothesis import assume, given
from hypothesis import strategies as st

from ggd_helpers.dynamics.driven import DrivenDynamics
from ggd_helpers.dynamics.gradient import GradientDynamics
from ggd_helpers.potentials.general import FormulaDissipation, FormulaEntropy
from ggd_helpers.recordings.driven import drive
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.recordings.simulate import simulate
from ggd_helpers.systems.particle import AnisotropicParticle, OverdampedParticle

TIMES = torch.arange(20, dtype=torch.float64)


def polynomial(degree, points, dt, seed=0):
    """Random polynomials of the time, and their derivatives, as trajectories `(3, points, 2)`."""
    t = dt * torch.arange(points, dtype=torch.float64)
    coefficients = normal((degree + 1, 3, 1, 2), seed)
    states = sum(c * t[:, None] ** k for k, c in enumerate(coefficients))
    slopes = sum(k * c * t[:, None] ** (k - 1) for k, c in enumerate(coefficients) if k)
    return Trajectories(states, dt), slopes


# --- finite differences ---


@given(st.integers(0, 100), st.integers(3, 12), st.floats(0.01, 1))
def test_second_order_differences_are_exact_inside_for_parabolas(seed, points, dt):
    data, slopes = polynomial(2, points, dt, seed)
    differences = data.differences(order=2)
    assert differences.shape == slopes.shape
    torch.testing.assert_close(differences[:, 1:-1], slopes[:, 1:-1], rtol=1e-10, atol=1e-10)
    states = data.states
    torch.testing.assert_close(differences[:, 0], (states[:, 1] - states[:, 0]) / dt, rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(differences[:, -1], (states[:, -1] - states[:, -2]) / dt, rtol=1e-13, atol=1e-13)


@given(st.integers(0, 100), st.integers(7, 16), st.floats(0.05, 0.3))
def test_sixth_order_differences_are_exact_everywhere_for_degree_six(seed, points, dt):
    data, slopes = polynomial(6, points, dt, seed)
    size = slopes.abs().max().item() + data.states.abs().max().item() / dt
    torch.testing.assert_close(data.differences(order=6), slopes, rtol=0, atol=1e-12 * size)


def test_differences_are_not_exact_for_higher_degrees():
    for order, degree in ((2, 3), (6, 7)):
        data, slopes = polynomial(degree, 9, 0.5)
        assert (data.differences(order)[:, 4] - slopes[:, 4]).abs().max() > 1e-3


@pytest.mark.parametrize("order", [2, 6])
@pytest.mark.parametrize("place", [0, 1, 2, 10, -3, -2, -1])
def test_differences_converge_at_their_order(order, place):
    """On exp(-t); the thesis's two ends are of first order."""
    expected = 1 if order == 2 and place in (0, -1) else order
    steps, errors = np.array([0.08, 0.04, 0.02]), []
    for dt in steps:
        states = torch.exp(-dt * TIMES)[None, :, None]
        errors.append((Trajectories(states, dt).differences(order)[0, place] / states[0, place] + 1).abs().item())
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(expected, abs=0.2)


def test_differences_in_float32():
    states = torch.exp(-0.1 * TIMES)[None, :, None]
    differences = Trajectories(states.float(), 0.1).differences(6)
    assert differences.dtype == torch.float32
    torch.testing.assert_close(differences.double(), -states, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("order", "points", "words"), [(4, 20, ["2 or 6", "4"]), (2, 2, ["3 points", "2"]), (6, 6, ["7 points", "6"])]
)
def test_differences_refuse_what_they_cannot_do(order, points, words):
    with refused(*words):
        Trajectories(normal((2, points, 1), 0), 0.1).differences(order)


# --- the container ---


@pytest.mark.parametrize(
    ("states", "dt", "velocities", "words"),
    [
        (torch.zeros(3, 4), 0.1, None, ["(3, 4)", "(trajectory, time, n)"]),
        (torch.full((1, 3, 1), math.nan), 0.1, None, ["states", "NaN"]),
        (torch.full((1, 3, 1), math.inf), 0.1, None, ["states", "infinity"]),
        (torch.zeros(1, 3, 1), 0.1, torch.full((1, 3, 1), math.nan), ["velocities", "NaN"]),
        (torch.zeros(1, 3, 1), 0.1, torch.zeros(1, 3, 1, dtype=torch.complex64), ["velocities", "complex64"]),
        (torch.zeros(1, 3, 1, dtype=torch.complex128), 0.1, None, ["states", "real", "complex128"]),
        (torch.zeros(1, 3, 1, dtype=torch.bool), 0.1, None, ["states", "floating-point", "bool"]),
        (torch.zeros(1, 3, 1, dtype=torch.int64), 0.1, None, ["states", "floating-point", "int64"]),
        (torch.zeros(0, 3, 1), 0.1, None, ["states", "empty", "(0, 3, 1)"]),
        (torch.zeros(2, 3, 0), 0.1, None, ["states", "empty", "(2, 3, 0)"]),
        (torch.zeros(1, 3, 1), "0.1", None, ["dt", "positive", "'0.1'"]),
        (torch.zeros(1, 3, 1), 0.0, None, ["dt", "positive", "0.0"]),
        (torch.zeros(1, 3, 1), -1.0, None, ["dt", "positive", "-1.0"]),
        (torch.zeros(1, 3, 1), math.nan, None, ["dt", "nan"]),
        (torch.zeros(1, 3, 1), 0.1, torch.zeros(1, 3, 2), ["velocities", "(1, 3, 1)", "(1, 3, 2)"]),
    ],
)
def test_bad_trajectories_are_refused(states, dt, velocities, words):
    with refused(*words):
        Trajectories(states, dt, velocities)


def test_times_begin_at_zero():
    times = Trajectories(torch.zeros(2, 4, 1, dtype=torch.float64), 0.25).times
    assert times.tolist() == [0.0, 0.25, 0.5, 0.75]


def test_like_moves_dtype_of_states_and_velocities():
    data = Trajectories(normal((2, 4, 1), 0), 0.25, normal((2, 4, 1), 1), {"a": 1}).like(
        torch.zeros((), dtype=torch.float32)
    )
    assert data.states.dtype == data.velocities.dtype == torch.float32
    assert (data.dt, data.metadata) == (0.25, {"a": 1})


@given(st.integers(2, 60), st.floats(0.01, 0.9), st.integers(0, 1000))
def test_split_is_disjoint_complete_and_of_whole_trajectories(count, fraction, seed):
    numbers = torch.arange(count, dtype=torch.float64)
    states = numbers[:, None, None] + torch.linspace(0, 0.5, 4, dtype=torch.float64)[:, None]
    data = Trajectories(states, 0.1, velocities=-states, metadata={"a": 1})
    train, test = data.split(fraction, seed)
    assert sorted(torch.cat([train.states, test.states])[:, 0, 0].tolist()) == numbers.tolist()
    assert len(train) > 0
    assert abs(len(test) - max(fraction * count, 1)) <= 0.5 + 1e-9 or len(train) == 1
    for part in (train, test):
        assert torch.equal(part.states, states[part.states[:, 0, 0].long()])
        assert torch.equal(part.velocities, -part.states)
        assert (part.dt, part.metadata) == (0.1, {"a": 1})
    again, _ = data.split(fraction, seed)
    assert torch.equal(again.states, train.states)


def test_split_depends_on_the_seed_and_is_not_the_file_order():
    data = Trajectories(torch.arange(50.0)[:, None, None].expand(50, 3, 1), 0.1)
    tests = [data.split(0.2, seed)[1].states[:, 0, 0].tolist() for seed in range(3)]
    assert tests[0] != tests[1] != tests[2]
    assert all(sorted(test) != list(range(10)) and sorted(test) != list(range(40, 50)) for test in tests)


@pytest.mark.parametrize("fraction", [0, 1.0, -0.2, math.nan, "half"])
def test_split_refuses_bad_fractions(fraction):
    with pytest.raises(ValueError, match=r"test_fraction must be positive and at most 0\.9"):
        Trajectories(torch.zeros(5, 3, 1), 0.1).split(fraction)


def test_split_needs_two_trajectories():
    with pytest.raises(ValueError, match=r"2 trajectories or more \(got 1\)"):
        Trajectories(torch.zeros(1, 3, 1), 0.1).split()


# --- files ---


@pytest.fixture
def data():
    return Trajectories(
        normal((4, 9, 2), 0), 0.1, normal((4, 9, 2), 1), {"system": "Γ", "seed": 3, "names": ["x", "y"]}
    )


@pytest.mark.parametrize("with_velocities", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_save_and_load_give_back_the_same(tmp_path, data, with_velocities, dtype):
    velocities = data.velocities.to(dtype) if with_velocities else None
    data = Trajectories(data.states.to(dtype), data.dt, velocities, data.metadata)
    data.save(tmp_path / "a.npz")
    back = Trajectories.load(tmp_path / "a.npz")
    assert torch.equal(back.states, data.states)
    assert back.states.dtype == dtype
    assert (back.dt, back.metadata) == (data.dt, data.metadata)
    assert torch.equal(back.velocities, velocities) if with_velocities else back.velocities is None
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_save_takes_any_name_as_it_is_and_overwrites(tmp_path, data):
    for dt in (0.1, 0.2):
        Trajectories(data.states, dt).save(str(tmp_path / "a.data"))
    assert Trajectories.load(tmp_path / "a.data").dt == 0.2
    assert [file.name for file in tmp_path.iterdir()] == ["a.data"]


def test_a_saved_file_has_the_permissions_of_any_new_file(tmp_path, data):
    """So that a class can read what its teacher saved."""
    (tmp_path / "plain").touch()
    data.save(tmp_path / "a.npz")
    assert (tmp_path / "a.npz").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(tmp_path, data, share):
    path = tmp_path / "a.npz"
    data.save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"a\.npz is cut short or was not written by Trajectories\.save"):
        Trajectories.load(path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_damaged_bytes_are_refused_or_do_not_matter(tmp_path, data):
    data.save(tmp_path / "a.npz")
    whole = (tmp_path / "a.npz").read_bytes()
    path, refusals = tmp_path / "damaged.npz", 0
    for place in range(0, len(whole), 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            states = Trajectories.load(path).states
        except ValueError:
            refusals += 1
        else:
            assert torch.equal(states, data.states)
    assert refusals > len(whole) / 10


@pytest.mark.parametrize(
    "arrays",
    [
        {"dt": 0.1, "metadata": "{}"},
        {"states": np.zeros((2, 3, 1)), "metadata": "{}"},
        {"states": np.zeros((2, 3, 1)), "dt": 0.1},
        {"states": np.zeros((2, 3, 1)), "dt": 0.1, "metadata": "not json"},
        {"states": np.zeros((2, 3, 1)), "dt": np.zeros(2), "metadata": "{}"},
        {"states": np.array([[["text"]]]), "dt": 0.1, "metadata": "{}"},
        {"states": np.array([object()]), "dt": 0.1, "metadata": "{}"},
        {"states": np.zeros((2, 3, 1)), "dt": 0.1, "metadata": "[1]"},
        {"states": np.zeros((2, 3, 1), complex), "dt": 0.1, "metadata": "{}"},
        {"states": np.zeros((2, 3, 1), bool), "dt": 0.1, "metadata": "{}"},
        {"states": np.zeros((2, 0, 1)), "dt": 0.1, "metadata": "{}"},
        {"states": np.zeros((2, 3, 1)), "velocities": np.full((2, 3, 1), np.nan), "dt": 0.1, "metadata": "{}"},
    ],
    ids=[
        "no states",
        "no dt",
        "no metadata",
        "metadata",
        "dt",
        "text",
        "pickle",
        "metadata is a list",
        "complex",
        "bool",
        "empty",
        "NaN velocities",
    ],
)
def test_other_npz_files_are_refused(tmp_path, arrays):
    np.savez(tmp_path / "other.npz", **arrays)
    with refused("other.npz", "not written by Trajectories.save"):
        Trajectories.load(tmp_path / "other.npz")


def test_more_than_fits_is_refused_and_may_be_asked_for(tmp_path, data):
    """States and velocities, each 4 trajectories of 9 points in 2 dimensions, take 1152 bytes; headers the rest."""
    data.save(tmp_path / "a.npz")
    with refused("a.npz would take ", " bytes of memory, more than most_bytes = 1500", "Trajectories.load("):
        Trajectories.load(tmp_path / "a.npz", most_bytes=1500)
    assert torch.equal(Trajectories.load(tmp_path / "a.npz", most_bytes=3000).states, data.states)


def test_other_kinds_of_files_are_refused(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "text.npz").write_text("trajectory,t,x\n")
    for name in ("array.npy", "text.npz"):
        with pytest.raises(ValueError, match=rf"{name} .*not written by Trajectories\.save"):
            Trajectories.load(tmp_path / name)


def test_a_pickled_object_is_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (type(tmp_path).touch, (tmp_path / "sprung",))

    np.savez(tmp_path / "trap.npz", states=np.array([Trap()]), dt=0.1, metadata="{}")
    with pytest.raises(ValueError, match=r"trap\.npz"):
        Trajectories.load(tmp_path / "trap.npz")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("read", [Trajectories.load, Trajectories.from_csv])
def test_a_missing_file_is_named(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        read(tmp_path / "nowhere.npz")


@pytest.mark.parametrize("read", [Trajectories.load, Trajectories.from_csv])
def test_a_folder_is_said_to_be_one_and_a_name_too_long_is_no_file(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r"no file .* \(that is a folder\)"):
        read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no file xxx"):
        read("x" * 5000)


@pytest.mark.parametrize("step", ["numpy.savez_compressed", "os.replace"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_save_leaves_the_earlier_file_whole(tmp_path, data, monkeypatch, step, error):
    data.save(tmp_path / "a.npz")

    def interrupted(file, *_, **__):
        if step == "numpy.savez_compressed":
            file.write(b"half")
        raise error

    monkeypatch.setattr(step, interrupted)
    with pytest.raises(error):
        Trajectories(data.states + 1, 0.2).save(tmp_path / "a.npz")
    assert torch.equal(Trajectories.load(tmp_path / "a.npz").states, data.states)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_metadata_that_json_cannot_hold_leaves_no_file(tmp_path, data):
    with pytest.raises(TypeError):
        Trajectories(data.states, 0.1, metadata={"a": torch.zeros(1)}).save(tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())


# --- measurements from CSV ---

GOOD = "trajectory,t,x,y\na,0,1,2\na,0.5,3,4\nb,0,5,6\nb,0.5,7,8\n"
STATES = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]], dtype=torch.float64)


def write(folder, text, encoding="utf-8"):
    path = folder / "mine.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        GOOD.replace("a,0.5", "\na,0.5"),  # a blank line
        "x,trajectory,y,t\n1,a,2,0\n3,a,4,0.5\n5,b,6,0\n7,b,8,0.5\n",
        " trajectory , t , x, y \na, 0, 1, 2\na, 0.5, 3, 4\nb, 0, 5, 6\nb, 0.5, 7, 8\n",
        "trajectory,t,x,y\na,0,1,2\nb,0,5,6\na,0.5,3,4\nb,0.5,7,8\n",
        GOOD.replace("a,", "run one,").replace("b,", "17,"),
        "trajectory,t,x,y\na,10,1,2\na,10.5,3,4\nb,0,5,6\nb,0.5,7,8\n",  # only the steps need agree
        GOOD.replace(",1,2", ",1e0,+2.0"),
    ],
    ids=["plain", "BOM", "CRLF", "no last newline", "blank line", "columns shuffled", "spaces", "interleaved", "labels",
         "start times", "numbers"],
)  # fmt: skip
def test_good_csv(tmp_path, text):
    data = Trajectories.from_csv(write(tmp_path, text))
    assert torch.equal(data.states, STATES)
    assert data.dt == 0.5
    assert data.velocities is None
    assert data.metadata["source"] == "mine.csv"
    assert data.metadata["names"] == ["x", "y"]


def test_csv_trajectories_come_in_the_order_of_the_file(tmp_path):
    data = Trajectories.from_csv(write(tmp_path, "trajectory,t,x\nz,0,1\nz,1,2\nb,0,3\nb,1,4\nm,0,5\nm,1,6\n"))
    assert data.states[:, 0, 0].tolist() == [1, 3, 5]


def test_csv_times_may_be_rounded_as_spreadsheets_do(tmp_path):
    rows = "".join(f"a,{0.1 * i},{i}\n" for i in range(100))  # 0.30000000000000004 and the like
    assert Trajectories.from_csv(write(tmp_path, "trajectory,t,x\n" + rows)).dt == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize("header", ["", " ", "index", "Index", "Unnamed: 0", "Unnamed: 0.1,Unnamed: 0", ",index"])
def test_row_numbers_are_left_out_with_a_word(tmp_path, header):
    """As `DataFrame.to_csv` writes them, and once more when such a file is read and written again."""
    columns = header.split(",")
    first, *rows = GOOD.splitlines()
    numbered = [f"{','.join(str(k) for _ in columns)},{row}" for k, row in enumerate(rows)]
    with pytest.warns(UserWarning, match=r"mine\.csv: the first column, .* is left out.*index=False") as warned:
        data = Trajectories.from_csv(write(tmp_path, "\n".join([f"{header},{first}", *numbered])))
    assert warned[0].filename == __file__
    assert torch.equal(data.states, STATES)
    assert data.metadata["names"] == ["x", "y"]
    assert data.metadata["left_out"] == [name.strip() for name in columns]


@pytest.mark.filterwarnings("error")
def test_a_coordinate_may_be_called_index(tmp_path):
    data = Trajectories.from_csv(write(tmp_path, GOOD.replace("x,y", "x,index")))
    assert (data.metadata["names"], data.metadata["left_out"]) == (["x", "index"], [])
    assert torch.equal(data.states, STATES)


def test_row_numbers_and_a_coordinate_of_the_same_name(tmp_path):
    with pytest.warns(UserWarning, match="left out"):
        data = Trajectories.from_csv(write(tmp_path, "index,trajectory,t,index\n0,a,0,5\n1,a,1,6\n"))
    assert data.states.flatten().tolist() == [5, 6]


def timed(times, count=1):
    """A file with these texts for times, the same in every trajectory, and the index for a state."""
    rows = [f"run {j},{text},{k}" for j in range(count) for k, text in enumerate(times)]
    return "\n".join(["trajectory,t,x", *rows])


WRITTEN = {
    "rounded": lambda t, digits: f"{t:.{digits}f}",
    "zeros dropped": lambda t, digits: f"{t:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{t:.0f}",
    "cut off": lambda t, digits: f"{math.floor(10**digits * t + 1e-6) / 10**digits:.{digits}f}",
    "significant": lambda t, digits: f"{t:.{digits + 3}g}",  # three digits before the point at most
    "exponents": lambda t, digits: f"{t:.{digits + 2}e}",
}


@given(st.sampled_from(list(WRITTEN)), st.floats(0.5, 200), st.integers(0, 6), st.integers(22, 60), st.floats(0, 800))
def test_times_may_be_rounded_to_the_digits_of_the_file(tmp_path_factory, how, rate, digits, points, start):
    """Up to half a step; the true step is then known up to a last digit over the whole duration."""
    assume(10**-digits < 0.5 / rate)
    texts = [WRITTEN[how](start + k / rate, digits) for k in range(points)]
    data = Trajectories.from_csv(write(tmp_path_factory.mktemp("csv"), timed(texts, count=2)))
    assert data.dt == pytest.approx(1 / rate, abs=1.001 * 10**-digits / (points - 1))


@pytest.mark.parametrize(
    ("rate", "form", "start"),
    [
        *((rate, form, 0.0) for rate, form in ((30, ".3f"), (30, ".2f"), (30, ".6g"))),
        *((rate, form, 0.0) for rate, form in ((3, ".4e"), (1.7, ".1f"), (130, ".3f"))),
        *((rate, form, 0.0) for rate, form in ((16, ".3f"), (8, ".2f"), (128, ".4f"))),  # ties
        *((rate, form, 12.345) for rate, form in ((30, ".3f"), (30, ".2f"), (30, ".9g"))),
        *((rate, form, 1.7e9) for rate, form in ((30, ".3f"), (30, ".13g"), (20, ".2f"))),
    ],
)  # fmt: skip
def test_rounded_times_of_usual_rates(tmp_path, rate, form, start):
    data = Trajectories.from_csv(write(tmp_path, timed([format(start + k / rate, form) for k in range(100)])))
    assert data.dt == pytest.approx(1 / rate, rel=0.01)


BUMPED = [f"{(k + (k > 50)) / 30:.3f}" for k in range(100)]
UNEVEN = {
    "a row is missing": (BUMPED, ["t = 1.667", "is 0.066"]),
    "a row is missing, coarse": ([f"{(k + (k > 50)) / 30:.2f}" for k in range(100)], ["t = 1.67", "is 0.06"]),
    "the last but one is missing": ([f"{(k + (k > 98)) / 30:.2f}" for k in range(100)], ["t = 3.27", "is 0.06"]),
    "slower and slower": ([f"{k / 30 + (k / 100) ** 2 / 30:.3f}" for k in range(100)], ["not evenly"]),
    "one a digit off": ([f"{k / 30 + 0.0016 * (k == 7):.3f}" for k in range(100)], ["not evenly"]),
    "digits that are 0 count": ([f"{t:.3f}" for t in (0, 10, 20, 31, *range(41, 200, 10))], ["t = 20", "is 11"]),
    "too coarse": ([f"{k * 1.3:.0f}" for k in range(100)], ["not evenly", "more digits"]),
    "too short": (["0", "0.3", "0.7"], ["not evenly"]),
}


@pytest.mark.parametrize("name", UNEVEN)
def test_what_rounding_does_not_explain_is_refused(tmp_path, name):
    texts, words = UNEVEN[name]
    with refused("mine.csv", *words):
        Trajectories.from_csv(write(tmp_path, timed(texts)))


def test_two_rates_that_the_digits_tell_apart_are_refused(tmp_path):
    rows = [f"run {rate},{k / rate:.3f},0" for rate in (30, 30.1) for k in range(200)]
    with refused("mine.csv", "not evenly"):
        Trajectories.from_csv(write(tmp_path, "\n".join(["trajectory,t,x", *rows])))


@pytest.mark.parametrize("labels", [1, 50_000])
def test_csv_of_a_hundred_thousand_rows(tmp_path, labels):
    """Rows of all trajectories in turn; time and memory grow with the rows only: 10^6 in 300 MB, so 10^5 in 30 MB."""
    points = 100_000 // labels
    states = normal((labels, points, 2), 0).round(decimals=6)
    rows = (f"run {j},{0.05 * k:.2f},{x},{y}" for k in range(points) for j, (x, y) in enumerate(states[:, k].tolist()))
    path = write(tmp_path, "\n".join(["trajectory,t,x,y", *rows]))
    began = time.process_time()
    data = Trajectories.from_csv(path)
    assert time.process_time() - began < 60  # the quadratic reader took minutes
    assert torch.equal(data.states, states)
    tracemalloc.start()
    Trajectories.from_csv(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6


@pytest.mark.parametrize("rows", [0, 3000])
def test_the_line_is_that_of_the_file_wherever_it_stands(tmp_path, rows):
    """Behind blank lines, cells in quotes that hold several lines, and more rows than are read at once."""
    head = 'trajectory,t,x,y\n\n"two\nlines",0,1,2\n"two\nlines",0.5,3,4\n'
    good = "".join(f"b,{k},5,6\n" for k in range(rows))
    with refused(f"mine.csv, line {7 + rows}", "'y'", "'eight'"):
        Trajectories.from_csv(write(tmp_path, head + good + "b,3000,7,eight\n"))


BAD = {
    "no trajectory column": (GOOD.replace("trajectory", "run"), ["'trajectory'", "missing", "run"]),
    "no t column": (GOOD.replace(",t,", ",time,"), ["'t'", "missing", "time"]),
    "other separator": (GOOD.replace(",", ";"), ["separated by ';'", "'trajectory;t;x;y'", "commas"]),
    "only row numbers": ("index,trajectory,t\n0,a,0\n1,a,1\n", ["no column for the state"]),
    "no name": (GOOD.replace("y\n", "y,\n").replace("2\n", "2,9\n"), ["column 5 has no name"]),
    "times beyond the numbers": ("trajectory,t,x\na,-1e308,1\na,1e308,2\n", ["t = -1e+308"]),
    "no state column": ("trajectory,t\na,0\na,1\n", ["no column for the state"]),
    "same column twice": (GOOD.replace("x,y", "x,x"), ["'x'"]),
    "NaN": (GOOD.replace("3,4", "nan,4"), ["line 3", "'x'", "nan"]),
    "infinity": (GOOD.replace("3,4", "3,inf"), ["line 3", "'y'", "inf"]),
    "underscore": (GOOD.replace("3,4", "2024_05,4"), ["line 3", "'x'", "2024_05"]),
    "empty cell": (GOOD.replace("3,4", ",4"), ["line 3", "'x'"]),
    "empty time": (GOOD.replace("a,0.5", "a,"), ["line 3", "'t'"]),
    "empty label": (GOOD.replace("a,0.5", ",0.5"), ["line 3", "'trajectory'"]),
    "text": (GOOD.replace("7,8", "7,eight"), ["line 5", "'y'", "eight"]),
    "text after a blank line": (GOOD.replace("b,0,5,6\nb,0.5,7,8", "\nb,0,5,6\nb,0.5,7,eight"), ["line 6", "'y'"]),
    "decimal comma": (GOOD.replace("a,0.5", "a,0,5"), ["line 3"]),
    "too many cells": (GOOD.replace("7,8", "7,8,9"), ["line 5"]),
    "too many empty cells": (GOOD.replace("7,8", "7,8,,"), ["line 5"]),
    "too few cells": (GOOD.replace("3,4", "3"), ["line 3"]),
    "uneven steps": ("trajectory,t,x\na,0,1\na,1,1\na,2,1\na,3.01,1\na,4,1\n", ["'a'", "t = 2", "1.01"]),
    "steps differ": (GOOD.replace("b,0.5", "b,0.6") + "c,0,9,9\nc,0.5,9,9\n", ["'b'", "is 0.6", "0.5"]),
    "steps of two differ": (GOOD.replace("b,0.5", "b,0.6"), ["0.6", "0.5"]),
    "time stands still": (GOOD.replace("0.5", "0"), ["'a'", "increas"]),
    "time runs back": (GOOD.replace("0.5", "-0.5"), ["'a'", "increas"]),
    "different lengths": (GOOD + "b,1.0,9,9\n", ["'b'", "3", "2"]),
    "one row a trajectory": ("trajectory,t,x\na,0,1\nb,0,1\n", ["single row"]),
    "no rows": ("trajectory,t,x\n", ["no row"]),
    "empty": ("", ["'trajectory'", "missing"]),
    "blank": ("\n\n", ["'trajectory'", "missing"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_csv_is_refused_with_file_and_place(tmp_path, name):
    text, words = BAD[name]
    with refused("mine.csv", *words):
        Trajectories.from_csv(write(tmp_path, text))


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_csv_in_another_encoding_is_refused_by_name(tmp_path, encoding):
    with pytest.raises(ValueError, match=r"mine\.csv.*UTF-8"):
        Trajectories.from_csv(write(tmp_path, GOOD.replace("a,", "é,"), encoding))


def test_a_binary_file_is_not_a_csv(tmp_path, data):
    data.save(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"a\.npz"):
        Trajectories.from_csv(tmp_path / "a.npz")


@given(st.integers(1, 4), st.integers(2, 6), st.integers(1, 3), st.integers(0, 1000))
def test_csv_round_trip(tmp_path_factory, count, points, n, seed):
    states = normal((count, points, n), seed)
    lines = [
        f"run {i},{0.25 * j}," + ",".join(map(repr, states[i, j].tolist())) for i in range(count) for j in range(points)
    ]
    names = [f"q{k}" for k in range(n)]
    path = write(tmp_path_factory.mktemp("csv"), "\n".join([",".join(["trajectory", "t", *names]), *lines]))
    data = Trajectories.from_csv(path)
    assert torch.equal(data.states, states)
    assert data.dt == 0.25


# --- simulation ---


@pytest.mark.parametrize("gamma", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("dim", [1, 2])
def test_simulation_agrees_with_the_exact_solution(gamma, dim):
    data = simulate(OverdampedParticle(gamma, dim), trajectories=10, points=64, dt=0.005, seed=21)
    assert data.states.shape == (10, 64, dim)
    exact = data.states[:, :1] * torch.exp(-gamma * 0.005 * torch.arange(64, dtype=torch.float64))[:, None]
    torch.testing.assert_close(data.states, exact, rtol=70 * (gamma * 0.005) ** 5 / 120 + 1e-13, atol=0)  # RK4's error
    torch.testing.assert_close(data.velocities, -gamma * data.states, rtol=1e-13, atol=0)
    assert data.metadata == {
        "system": "OverdampedParticle",
        "trajectories": 10,
        "points": 64,
        "seed": 21,
        "integrator": "RK4, 1 steps a point",
    }


def test_simulation_of_coupled_coordinates():
    data = simulate(AnisotropicParticle([[2.0, 0.5], [0.5, 1.0]]), 10, 21, 0.05, seed=1, substeps=4)
    decay = torch.linalg.matrix_exp(-torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64))
    torch.testing.assert_close(data.states[:, -1], data.states[:, 0] @ decay, rtol=0, atol=1e-8)


def test_same_seed_same_numbers():
    runs = [simulate(OverdampedParticle(), 10, 16, 0.1, seed).states for seed in (1, 1, 2)]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_simulation_of_formulas():
    class Logarithmic(GradientDynamics):
        def __init__(self):
            super().__init__(
                FormulaEntropy(lambda c: -(c * c.log() - c).sum(-1)),
                FormulaDissipation(lambda c, c_star: 0.5 * (c * c_star**2).sum(-1)),
            )

        def sample_initial_states(self, count, generator):
            return 0.1 + torch.rand(count, 1, generator=generator, dtype=torch.float64)

    data = simulate(Logarithmic(), 10, 16, 0.05, seed=0)  # dc/dt = -c ln c: ln c decays as exp(-t)
    decay = torch.exp(-0.05 * torch.arange(16, dtype=torch.float64))[:, None]
    torch.testing.assert_close(data.states.log(), data.states[:, :1].log() * decay, rtol=1e-5, atol=1e-8)
    assert not data.states.requires_grad


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trajectories": 0}, ["trajectories", "1 or more", "0"]),
        ({"points": 0}, ["points", "1 or more", "0"]),
        ({"dt": 0.0}, ["dt", "positive", "0.0"]),
        ({"dt": "fast"}, ["dt", "positive", "'fast'"]),
        ({"seed": -1}, ["seed", "0 to", "-1"]),
        ({"seed": 1.5}, ["seed", "1.5"]),
        ({"substeps": 0}, ["substeps", "1 or more", "0"]),
        ({"substeps": -2}, ["substeps", "-2"]),
    ],
)
def test_simulate_refuses_bad_parameters(options, words):
    with refused(*words):
        simulate(OverdampedParticle(), **({"trajectories": 10, "points": 16, "dt": 0.1, "seed": 0} | options))


def test_few_trajectories_in_any_dimension():
    """What limits a chapter does not limit the package."""
    data = simulate(OverdampedParticle(2.0, dim=3), trajectories=1, points=3, dt=0.01, seed=0)
    assert data.states.shape == (1, 3, 3)
    exact = data.states[:, :1] * torch.exp(-2.0 * data.times)[:, None]
    torch.testing.assert_close(data.states, exact, rtol=1e-8, atol=0)


class Untouched(OverdampedParticle):
    """A particle that must not be moved, nor drawn more than once."""

    def __call__(self, x):
        pytest.fail("it was started")

    def sample_initial_states(self, count, generator):
        assert count < 10**6
        return super().sample_initial_states(count, generator)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"points": 10**9}, ["1000000000 points", "of 2 numbers", "GiB", "fewer trajectories or points"]),
        ({"trajectories": 10**9}, ["1000000000 trajectories", "GiB", "fewer trajectories or points"]),
        ({"trajectories": 10**7, "points": 2048}, ["10000000 trajectories", "GiB"]),
        ({"points": 10**6, "substeps": 20}, ["2e+07 RK4 steps", "hours", "substeps"]),
    ],
)
def test_what_no_laptop_can_do_is_refused_before_it_starts(options, words):
    with refused(*words):
        simulate(Untouched(dim=2), **({"trajectories": 10, "points": 16, "dt": 0.1, "seed": 0} | options))


@pytest.mark.parametrize("gamma", [1e300, 1e307])
def test_a_rate_that_no_solver_can_follow_is_refused(gamma):
    with refused(f"{gamma:.3g}", "dt = 0.005", "slower rates"):
        simulate(OverdampedParticle(gamma), 10, 16, 0.005, seed=0)


def test_a_drive_of_too_many_steps_is_refused_before_the_protocol_is_asked():
    law = DrivenDynamics(OverdampedParticle().entropy, OverdampedParticle().dissipation)
    for options, words in (({"points": 10**9}, ["RK4 steps", "hours"]), ({"x0": 10**5}, ["inputs", "GiB"])):
        x0 = torch.zeros(options.get("x0", 1), 1, dtype=torch.float64)
        with refused(*words, "take fewer"):
            drive(law, x0, lambda times: pytest.fail("it was asked"), 0.1, options.get("points", 10**4))


def test_a_motion_that_blows_up_names_the_parameter_to_change():
    with refused("dt = 10.0", "smaller dt or more substeps"):
        simulate(OverdampedParticle(gamma=1e9), 10, 64, 10.0, seed=0, substeps=1)


def test_a_fast_system_gets_more_steps_and_a_stiff_one_another_solver():
    for gamma, integrator in ((1.0, "RK4, 1 steps"), (90.0, "RK4, 5 steps"), (1e4, "LSODA")):
        data = simulate(OverdampedParticle(gamma), 10, 32, 0.005, seed=21)
        assert data.metadata["integrator"].startswith(integrator)
        exact = data.states[:, :1] * torch.exp(-gamma * data.times)[:, None]
        torch.testing.assert_close(data.states, exact, rtol=1e-5, atol=1e-10)

"""Measurements from files and frames: own times, gaps, units, what was assumed, and forty kinds of refusal."""

import math
import tracemalloc

import pytest
import torch
from conftest import normal, refused
from hypothesis import given
from hypothesis import strategies as st

from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.recordings.quantities import read_quantity
from ggd_helpers.recordings.regular import Trajectories

NAN = math.nan


def write(folder, text, encoding="utf-8"):
    path = folder / "mine.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(folder, text, **options):
    return Measurements.from_csv(write(folder, text), **options)


def same(found, expected):
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=0, equal_nan=True)


# --- what is read ---

TWO = """trajectory,t [min],x [mm],"c (mol/(L))"
a,0,1,2
b,5,7,8
a,0.5,,3
a,2.25,NaN,4
b,9,NA,null
"""


def test_own_times_lengths_gaps_and_units(tmp_path):
    data = read(tmp_path, TWO)
    same(data.times, [[0, 0.5, 2.25], [5, 9, NAN]])
    same(data.values, [[[1, 2], [NAN, 3], [NAN, 4]], [[7, 8], [NAN, NAN], [NAN, NAN]]])
    assert data.deviation is None
    assert [str(each) for each in data.quantities] == ["x (mm)", "c (mol/(L))"]
    assert [each.name for each in data.quantities] == ["x", "c"]
    assert [each.unit for each in data.quantities] == ["mm", "mol/(L)"]
    assert str(data.clock) == "t (min)"
    assert data.metadata["source"] == "mine.csv"
    assert data.metadata["assumed"] == ["1 of 2 trajectories have a single time: alone they tell nothing of a motion."]


def test_names_and_units_outlast_a_file_of_its_own(tmp_path):
    data = read(tmp_path, TWO)
    data.save(tmp_path / "a.npz")
    back = Measurements.load(tmp_path / "a.npz").select(torch.tensor([1]))
    assert (back.quantities, back.clock) == (data.quantities, data.clock)


def test_without_labels_and_units_it_says_what_it_assumed(tmp_path):
    data = read(tmp_path, ",Time,x\n0,0,1\n1,3,2\n")
    same(data.times, [[0, 3]])
    same(data.values, [[[1], [2]]])
    assert data.metadata["assumed"] == [
        "No column 'trajectory': all rows are one record.",
        "Column '' holds row numbers by its name: it is left out.",
        "No unit is given for Time, x: plain numbers.",
    ]


def test_columns_by_name_in_any_order_with_hidden_ones_and_deviations(tmp_path):
    text = "run,clock (s),z [K],y,x,note\n1,0,9,3,1,first\n1,1,9,4,2,\n"
    options = {"time": "clock", "trajectory": "run", "columns": ["x", "z"], "hidden": ["y", "deep"]}
    data = read(tmp_path, text, **options, deviation=[0.1, 2])
    same(data.values, [[[1, 9, NAN, NAN], [2, 9, NAN, NAN]]])
    same(data.deviation, [0.1, 2, 1, 1])
    assert [each.name for each in data.quantities] == ["x", "z", "y", "deep"]
    assert data.metadata["assumed"] == [
        "Column 'note' is not used.",
        "No unit is given for x: plain numbers.",
        "'y' is hidden: its column is not read.",
        "'deep' was never measured.",
    ]
    assert torch.equal(read(tmp_path, text, **options | {"columns": ["x", "z [K]"]}).values.isnan(), ~data.observed)


def test_a_column_can_be_hidden_without_naming_the_others(tmp_path):
    data = read(tmp_path, "t,x,y,z\n0,1,2,3\n1,4,5,6\n", hidden=["x"])
    same(data.values, [[[2, 3, NAN], [5, 6, NAN]]])


def test_times_that_fall_throughout_are_turned_round(tmp_path):
    data = read(tmp_path, "trajectory,t,x\na,2,1\nb,0,5\na,1,2\nb,4,6\na,0.5,3\n")
    same(data.times, [[0.5, 1, 2], [0, 4, NAN]])
    same(data.values[..., 0], [[3, 2, 1], [5, 6, NAN]])
    assert "In 1 of 2 trajectories the times fall: their rows are turned round." in data.metadata["assumed"]
    same(read(tmp_path, "t,x\n1,1\n0,2\n").values, [[[2], [1]]])


def test_blank_lines_empty_rows_and_row_ends_do_not_matter(tmp_path):
    for text in ("t,x\n0,1\n1,2\n", "\ufefft,x\r\n\r\n0,1\r\n,\r\n1,2", "t,x\r0,1\r1,2\r,\r"):
        same(read(tmp_path, text).values, [[[1], [2]]])


def test_a_row_without_any_value_keeps_its_time(tmp_path):
    data = read(tmp_path, "t,x\n0,1\n1,\n2,3\n")
    same(data.times, [[0, 1, 2]])
    assert data.observed.flatten().tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("text", "name", "unit"),
    [
        ("x", "x", None),
        (" x [mm] ", "x", "mm"),
        ("x(mm)", "x", "mm"),
        ("heat flow [J/(m^2 s)]", "heat flow", "J/(m^2 s)"),
        ("k (1/(mol s))", "k", "1/(mol s)"),
        ("c[0]", "c[0]", None),
        ("x (1)", "x (1)", None),
        ("p (gauge) at wall", "p (gauge) at wall", None),
    ],
)
def test_headers_give_name_and_unit(text, name, unit):
    assert read_quantity(text) == (name, unit)


ticks = st.lists(st.integers(-50, 50), min_size=2, max_size=6, unique=True).map(sorted)


@given(st.lists(ticks, min_size=1, max_size=4), st.integers(1, 3), st.floats(0, 0.9), st.integers(0, 10**6), st.data())
def test_any_measurements_written_as_csv_come_back(tmp_path_factory, clocks, n, lost, seed, data):
    """The rows of the trajectories stand in between each other in any way."""
    records = []
    for times in clocks:
        values = normal((len(times), n), seed + len(records))
        is_kept = torch.rand(values.shape, generator=torch.Generator().manual_seed(seed)) >= lost
        is_kept[:2] = True
        records.append((torch.tensor(times, dtype=torch.float64) / 7, values.where(is_kept, NAN)))
    written = Measurements.of(records)
    turns = data.draw(st.permutations([i for i, times in enumerate(clocks) for _ in times]), "turns")
    rows, lines = [zip(*record, strict=True) for record in records], [",".join(["trajectory", "t", *"xyz"[:n]])]
    for i in turns:
        t, x = next(rows[i])
        cells = ["" if math.isnan(value) else repr(value) for value in x.tolist()]
        lines.append(",".join([f"run {i}", repr(t.item()), *cells]))
    back = read(tmp_path_factory.mktemp("csv"), "\n".join(lines))
    expected = written.select(torch.tensor(list(dict.fromkeys(turns))))
    same(back.times, expected.times.tolist())
    same(back.values, expected.values.tolist())


def test_a_temperature_is_no_time(tmp_path):
    data = read(tmp_path, "t,T [K]\n0,300\n1,310\n")
    assert (str(data.clock), str(data.quantities[0])) == ("t", "T (K)")


# --- frames ---

COLUMNS = {
    "trajectory": ["a", "a", "b", "b"],
    "t [s]": [0.0, 1.0, 0.0, 2.5],
    "x": [1.0, None, 3.0, NAN],
    "y": [5, 6, 7, 8],
}


def test_a_dictionary_of_columns_reads_like_a_file():
    data = Measurements.from_frame(COLUMNS | {"y": torch.tensor([5, 6, 7, 8])}, deviation=[0.1, 0.2])
    same(data.times, [[0, 1], [0, 2.5]])
    same(data.values, [[[1, 5], [NAN, 6]], [[3, 7], [NAN, 8]]])
    assert str(data.clock) == "t (s)"
    assert data.metadata["source"] == "the frame"


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(library):
    frames = pytest.importorskip(library)
    data = Measurements.from_frame(frames.DataFrame(COLUMNS))
    same(data.values, [[[1, 5], [NAN, 6]], [[3, 7], [NAN, 8]]])


def test_gaps_of_pandas_and_labels_that_are_numbers():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"trajectory": [7, 7, 8, 8], "t": [0, 1, 0, 1], "x": pandas.array([1, None, 3, 4], "Int64")}
    )
    same(Measurements.from_frame(frame).values, [[[1], [NAN]], [[3], [4]]])


BAD_FRAMES = {
    "a list": ([1, 2], ["frame", "dictionary of columns", "list"]),
    "lengths": ({"t": [0, 1, 2], "x": [1, 2]}, ["'x' has 2 rows", "'t' has 3", "equal"]),
    "labels' length": ({"trajectory": ["a"], "t": [0, 1], "x": [1, 2]}, ["'trajectory' has 1 rows", "'t' has 2"]),
    "no row": ({"t": [], "x": []}, ["no row of data"]),
    "a text": ({"t": [0, 1], "x": [1, "two"]}, ["row 1", "counted from 0", "'x'", "'two'"]),
    "a missing time": ({"t": [0, None], "x": [1, 2]}, ["row 1", "'t'", "'None'", "time as a number"]),
    "an infinite value": ({"t": [0, 1], "x": [math.inf, 2]}, ["row 0", "'x'", "'inf'"]),
    "no label": ({"trajectory": ["a", None], "t": [0, 1], "x": [1, 2]}, ["row 1", "label is empty"]),
    "complex": ({"t": [0, 1], "x": [1j, 2]}, ["'x'", "complex128", "plain numbers"]),
    "truth values": ({"t": [0, 1], "x": [True, False]}, ["'x'", "bool", "plain numbers"]),
    "a matrix": ({"t": [0, 1], "x": [[1, 2], [3, 4]]}, ["'x'", "2 dimensions"]),
    "ragged rows": ({"t": [0, 1], "x": [[1, 2], [3]]}, ["'x'", "2 dimensions"]),
    "a time twice": ({"t": [0, 0], "x": [1, 2]}, ["row 1", "t = 0", "twice"]),
    "no such column": ({"t": [0, 1], "y": [1, 2]}, ["'x'", "y"]),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_bad_frames_are_refused_with_the_row(name):
    frame, words = BAD_FRAMES[name]
    with refused(*words):
        Measurements.from_frame(frame, columns=["x"])


# --- what is refused ---

GOOD = "trajectory,t,x,y\na,0,1,2\na,0.5,3,4\nb,0,5,6\nb,0.75,7,8\n"
ONE = "t,x\n0,1\n1,2\n"
BAD = {
    "empty": ("", {}, ["no column with a name"]),
    "blank": ("\n\n", {}, ["no column with a name"]),
    "no rows": ("t,x\n", {}, ["no row of data"]),
    "empty rows only": ("t,x\n,\n\n,\n", {}, ["no row of data"]),
    "no time": (GOOD.replace(",t,", ",when,"), {}, ["no column 't' or 'time'", "when", "time=..."]),
    "two times": ("t,time,x\n0,0,1\n", {}, ["t and time", "time='t'"]),
    "no such time": (GOOD, {"time": "tt"}, ["'tt'", "the time", "x", "did you mean 't'?"]),
    "no such label": (GOOD, {"trajectory": "trajektory"}, ["'trajektory'", "did you mean 'trajectory'?"]),
    "no such column": (GOOD, {"columns": ["x", "zz"]}, ["'zz'", "a coordinate", "check the name"]),
    "a closest name": (GOOD.replace(",x,", ",speed,"), {"columns": ["sped"]}, ["'sped'", "did you mean 'speed'?"]),
    "the time as a coordinate": (GOOD, {"columns": ["t", "x"]}, ["'t'", "as the time and as a coordinate"]),
    "one for label and time": (GOOD, {"trajectory": "t"}, ["'t'", "as the time and as the trajectory"]),
    "no coordinate asked for": (GOOD, {"columns": []}, ["no column for a coordinate"]),
    "no coordinate there": ("trajectory,t\na,0\na,1\n", {}, ["no column for a coordinate", "trajectory, t"]),
    "read and hidden": (GOOD, {"columns": ["x"], "hidden": ["x"]}, ["'x'", "read and hidden"]),
    "semicolons": (GOOD.replace(",", ";"), {}, ["separated by ';'", "commas"]),
    "tabs": (GOOD.replace(",", "\t"), {}, ["separated by '\\t'", "commas"]),
    "a nameless column": ("t,x,\n0,1,5\n", {}, ["column 3 has no name"]),
    "a name twice": ("t,x,x\n0,1,2\n", {}, ["'x' stands twice"]),
    "a name with two units": ("t,x [mm],x [cm]\n0,1,2\n", {}, ["'x' stands twice"]),
    "two units in a header": ("t,x [mm] (cm)\n0,1\n", {}, ["'x [mm] (cm)'", "two units", "keep one"]),
    "an empty unit": ("t,x []\n0,1\n", {}, ["'x []'", "empty unit"]),
    "a unit alone": ("t,[mm]\n0,1\n", {}, ["'[mm]'", "no name"]),
    "an open bracket": ("t,x [mm\n0,1\n", {}, ["'x [mm'", "not closed"]),
    "text": (GOOD.replace("7,8", "7,eight"), {}, ["line 5", "'y'", "'eight'", "empty the cell"]),
    "a column of remarks": ("t,x,note\n0,1,\n1,2,spilled\n", {}, ["line 3", "'note'", "columns=[...]"]),
    "a unit in the cell": (ONE.replace("0,1", "0,1 mm"), {}, ["line 2", "'x'", "'1 mm'"]),
    "a detection limit": (ONE.replace("0,1", "0,<0.1"), {}, ["line 2", "'<0.1'"]),
    "digits grouped": (ONE.replace("0,1", "0,1_000"), {}, ["line 2", "'1_000'"]),
    "infinity": (GOOD.replace("3,4", "3,inf"), {}, ["line 3", "'y'", "'inf'", "not a finite"]),
    "too large": (GOOD.replace("3,4", "3,1e999"), {}, ["line 3", "'y'", "'1e999'"]),
    "a decimal comma": (GOOD.replace("3,4", '3,"4,5"'), {}, ["line 3", "'4,5'", "decimal point"]),
    "a decimal comma without quotes": (GOOD.replace("3,4", "3,4,5"), {}, ["line 3", "5 cells", "decimal comma"]),
    "too few cells": (GOOD.replace("3,4", "3"), {}, ["line 3", "3 cells", "has 4"]),
    "an empty time": (GOOD.replace("a,0.5", "a,"), {}, ["line 3", "'t'", "an empty cell", "time as a number"]),
    "a time that is NaN": (GOOD.replace("a,0.5", "a,nan"), {}, ["line 3", "'t'", "'nan'", "time as a number"]),
    "an infinite time": (GOOD.replace("a,0.5", "a,inf"), {}, ["line 3", "'t'", "'inf'"]),
    "a date": (ONE.replace("\n1,", "\n2026-11-24 10:00,"), {}, ["line 3", "'t'", "2026-11-24", "as a number"]),
    "an empty label": (GOOD.replace("a,0.5", " ,0.5"), {}, ["line 3", "'trajectory'", "name the trajectory"]),
    "a time twice": (GOOD.replace("0.75", "0"), {}, ["line 5", "t = 0", "twice", "'b'", "average"]),
    "a time twice in one record": ("t,x\n0,1\n\n0,2\n", {}, ["line 4", "t = 0", "twice", "the one record"]),
    "times that run back": (GOOD + "a,0.25,9,9\n", {}, ["line 6", "t = 0.25", "after a later", "'a'", "sort"]),
    "two runs under one label": ("t,x\n0,1\n2,2\n0.5,3\n2.5,4\n", {}, ["line 4", "t = 0.5", "label a second run"]),
    "no value at all": ("t,x\n0,\n1,NaN\n", {}, ["line 2", "the one record has no value"]),
    "a trajectory without a value": (GOOD.replace("5,6", ",").replace("7,8", ","), {}, ["line 4", "'b' has no value"]),
    "an empty column": (GOOD.replace("x,y\n", "x,y,z\n").replace("2\n", "2,\n").replace("4\n", "4,\n")
                        .replace("6\n", "6,\n").replace("8\n", "8,\n"), {}, ["'z' holds no value", "hidden=['z']"]),
    "single values": ("trajectory,t,x\na,0,1\nb,0,1\n", {}, ["no trajectory has values at two times"]),
    "a single row": ("t,x\n0,1\n", {}, ["no trajectory has values at two times"]),
    "one as long as all": ("trajectory,t,x\n" + "".join(f"{max(0, k - 20000)},{k},1\n" for k in range(40000)), {},
                           ["20000 trajectories", "20001 rows", "GiB", "two files"]),
}  # fmt: skip
BAD_OPTIONS = {
    "columns as text": ({"columns": "x"}, ["columns", "list of names", "'x'"]),
    "columns as numbers": ({"columns": [1]}, ["columns", "list of names", "[1]"]),
    "a column named twice": ({"columns": ["x", "x"]}, ["columns", "'x' twice"]),
    "hidden as text": ({"hidden": "z"}, ["hidden", "list of names", "'z'"]),
    "hidden without a name": ({"hidden": [""]}, ["hidden", "list of names"]),
    "a negative deviation": ({"deviation": [0.1, -1]}, ["deviation of 'y'", "positive", "-1"]),
    "no deviation": ({"deviation": [0.1, 0]}, ["deviation of 'y'", "positive", "0"]),
    "a deviation that is NaN": ({"deviation": [0.1, NAN]}, ["deviation of 'y'", "nan"]),
    "a deviation as text": ({"deviation": [0.1, "5 %"]}, ["deviation of 'y'", "'5 %'"]),
    "too few deviations": ({"deviation": [0.1]}, ["deviation", "2 numbers", "x, y", "[0.1]"]),
    "one deviation as a number": ({"deviation": 0.1}, ["deviation", "2 numbers", "0.1"]),
}


def test_the_good_ones_are_good(tmp_path):
    """Else the bad ones might be refused for another reason."""
    assert read(tmp_path, GOOD).observed.all()
    assert read(tmp_path, ONE).observed.all()


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_file_and_place(tmp_path, name):
    text, options, words = BAD[name]
    with refused("mine.csv", *words):
        read(tmp_path, text, **options)


@pytest.mark.parametrize("name", BAD_OPTIONS)
def test_bad_options_are_refused_by_name(tmp_path, name):
    options, words = BAD_OPTIONS[name]
    with refused(*words):
        read(tmp_path, GOOD, **options)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_refused_by_name(tmp_path, encoding):
    with refused("mine.csv", "UTF-8"):
        Measurements.from_csv(write(tmp_path, GOOD.replace("a,", "é,"), encoding))


def test_neither_a_missing_file_nor_a_folder_is_read(tmp_path):
    for path, words in ((tmp_path / "none.csv", r"none\.csv.*check the name"), (tmp_path, "that is a folder")):
        with pytest.raises(FileNotFoundError, match=words):
            Measurements.from_csv(path)


@pytest.mark.parametrize("rows", [0, 5000])
def test_the_line_is_that_of_the_file_wherever_it_stands(tmp_path, rows):
    """Behind blank lines, cells of several lines, and more rows than are read at once."""
    head = 'trajectory,t,x\n\n"two\nlines",0,1\n,,\n"two\nlines",0.5,3\n'
    good = "".join(f"b,{k},5\n" for k in range(rows))
    for spoiled in ("b,6000,eight", "two\nlines,0.5,1"):
        quoted = '"two\nlines",0.5,1' if "two" in spoiled else spoiled
        with refused(f"mine.csv, line {8 + rows + spoiled.count(chr(10))}"):
            read(tmp_path, head + good + quoted + "\n")


# --- beside files ---


@pytest.mark.parametrize("labels", [1, 25_000])
def test_memory_grows_with_the_rows(tmp_path, labels):
    """10^6 rows of three numbers in 400 MB, so 10^5 in 40 MB."""
    points = 100_000 // labels
    rows = (f"run {j},{k + 0.5 * j},{k},{'' if k % 3 else j}" for k in range(points) for j in range(labels))
    path = write(tmp_path, "\n".join(["trajectory,t,x,y", *rows]))
    tracemalloc.start()
    data = Measurements.from_csv(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert data.values.shape == (labels, points, 2)
    assert data.observed[..., 1].sum() == labels * len(range(0, points, 3))
    assert peak < 40e6


def test_trajectories_are_measurements_without_gaps():
    regular = Trajectories(normal((3, 5, 2), 0), 0.25, metadata={"names": ["p", "q"]})
    data = Measurements.from_trajectories(regular, deviation=torch.tensor([0.1, 0.2]))
    same(data.times, [[0, 0.25, 0.5, 0.75, 1]] * 3)
    assert torch.equal(data.values, regular.states)
    assert [str(each) for each in data.quantities] == ["p", "q"]
    assert data.deviation.tolist() == pytest.approx([0.1, 0.2])


def test_names_where_nobody_gave_any():
    for n, names in ((1, ["x"]), (2, ["x1", "x2"])):
        data = Measurements(torch.zeros(1, 1), torch.zeros(1, 1, n))
        assert [str(each) for each in data.quantities] == names
        assert str(data.clock) == "t"

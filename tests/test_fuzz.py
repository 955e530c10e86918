"""Hostile files and texts: read, or refused with a `ValueError` of one line, in 2 s and 500 MB.

`GGD_FUZZ_EXAMPLES=2000` tries as many of each kind instead of the few of `make test`, and holds the 2 s; every day
only what takes minutes is an error, for machines may be slow or busy.
"""

import io
import json
import os
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import refused
from hypothesis import given, settings
from hypothesis import strategies as st

from ggd_helpers import batch
from ggd_helpers.files import CHAPTERS
from ggd_helpers.recordings.measured import Measurements
from ggd_helpers.recordings.regular import Trajectories
from ggd_helpers.systems.reaction_text import read_reactions

SECONDS = 2 if "GGD_FUZZ_EXAMPLES" in os.environ else 60
many = settings(max_examples=int(os.environ.get("GGD_FUZZ_EXAMPLES", "100")))
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning", "ignore:.* is left out:UserWarning")

ODD = ["", " ", "0", "-0", "1", "0.5", "1e308", "-1e308", "1e400", "5e-324", "1e-999999", "0e99999999999", "nan", "inf",
       "0,5", "1_0", "１", "1" * 400, "1" * 5000, "0x10", "1+2j", "True", "NULL", "'", '"', "a\nb", "\0", "\ufeff", "é",
       "=1+1", "$(touch x)", "__import__('os')", "\u2028", "\udcff"]  # fmt: skip


def read_or_refused(read: Callable[[], Any]) -> Any:
    """What was read, or `None` if it was refused as it should be."""
    tracemalloc.start()
    began = time.process_time()
    try:
        result, message = read(), None
    except UnicodeError:
        raise
    except ValueError as error:
        result, message = None, str(error)
    finally:
        seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert message is None or len(message.splitlines()) == 1, message
    assert seconds < SECONDS
    assert peak < 500e6
    return result


def whole(data: Trajectories | None) -> bool:
    """Whether what was read, if anything, is what the rest of the package takes for granted."""
    if data is None:
        return True
    tensors = [each for each in (data.states, data.velocities) if each is not None]
    return (
        all(each.is_floating_point() and each.isfinite().all() and each.numel() for each in tensors)
        and 0 < data.dt < float("inf")
        and isinstance(data.metadata, dict)
    )


# --- CSV ---

junk = st.lists(st.sampled_from(["trajectory", "t", "x", "", "index", "Unnamed: 0", *ODD]), max_size=6)
headers = st.one_of(*[st.permutations(["trajectory", "t", "x", "y"])] * 5, junk)
numbers = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers(0, 9).map(str)


@st.composite
def tables(draw) -> bytes:
    """A table of which a third are whole; others have spoiled cells or rows, other marks, or another encoding."""
    header, form = draw(headers), draw(st.sampled_from([".6f", ".3f", ".1f", ".0f", ".6g", ".1e"]))
    step, labels = (
        draw(st.sampled_from([1, 0.5, 1 / 30, 1e300, 1e-300])),
        ["a", "b", "run 1"][: draw(st.integers(1, 3))],
    )
    points = draw(st.integers(2, 30))
    rows = [
        [{"trajectory": label, "t": format(k * step, form)}.get(name) or draw(numbers) for name in header]
        for label in labels
        for k in range(points)
    ]
    spoiled = draw(st.sampled_from(["nothing", "nothing", "cells", "row", "format"]))
    row = draw(st.sampled_from(rows))
    if spoiled == "cells" and row:
        place = draw(st.integers(0, len(row) - 1))
        row[place : place + draw(st.integers(0, 2))] = [draw(st.sampled_from(ODD) | st.text(max_size=5))]
    elif spoiled == "row":
        rows.remove(row)
    mark, end, encoding = ",", draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"])), "utf-8"
    if spoiled == "format":
        mark, encoding = draw(st.sampled_from(",;\t")), draw(st.sampled_from(["utf-8-sig", "utf-16", "latin-1"]))
    return end.join(mark.join(cells) for cells in [header, *rows]).encode(encoding, "replace")


@many
@given(tables() | st.binary(max_size=200))
def test_csv(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(content)
    assert whole(read_or_refused(lambda: Trajectories.from_csv(path)))
    data = read_or_refused(lambda: Measurements.from_csv(path))
    assert data is None or (data.observed.any(dim=2).sum(dim=1).min() > 0 and data.metadata["assumed"] is not None)


@pytest.mark.parametrize("kind", [Trajectories, Measurements])
@pytest.mark.parametrize(
    "text",
    [
        "trajectory,t," + ",".join(f"x{i}" for i in range(100_000)) + "\n",
        "trajectory,t," + ",".join(["x"] * 100_000) + "\n",
        "trajectory,t,x\n" + "a," * 100_000,
        "trajectory,t,x\n" + "a" * 10_000_000,
        "trajectory,t,x\n" + "\n" * 200_000,
        "trajectory,t,x\n" + "".join(f"{i},0,0\n" for i in range(20_000)),
        "trajectory,t,x\n" + '"' + "a,0,0\n" * 20_000,
    ],
    ids=["columns", "one column", "cells", "a cell", "blank lines", "labels", "an open quote"],
)
def test_csv_of_many(tmp_path, text, kind):
    (tmp_path / "fuzz.csv").write_text(text)
    assert read_or_refused(lambda: kind.from_csv(tmp_path / "fuzz.csv")) is None


# --- npz ---

DTYPES = ["<f8", "<f4", "<f2", ">f8", "<i8", "|u1", "|b1", "<c16", "|S3", "<U3", "|V2", "<M8[s]", "<U0"]
arrays = st.builds(
    lambda shape, dtype: np.zeros(shape, dtype), st.lists(st.integers(0, 3), max_size=4), st.sampled_from(DTYPES)
) | st.sampled_from([0.1, -1.0, float("nan"), "{}", "[]", "null", "not json", "[" * 100_000, '{"a": NaN}', "\ud800"])
headers_that_lie = st.builds(
    lambda descr, order, shape: repr({"descr": descr, "fortran_order": order, "shape": tuple(shape)}),
    st.sampled_from([*DTYPES, "|O", "x"]),
    st.booleans(),
    st.lists(st.sampled_from([0, 1, 3, -1, 10**6, 10**12, 2**62]), max_size=4),
) | st.sampled_from(["{}", "[" * 5000, "x" * 50_000, "__import__('os')"])


def npy(header: str, content: bytes = bytes(24)) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + content


@st.composite
def archives(draw) -> bytes:
    """A file of `save` with an array or a header exchanged, then perhaps a byte or the end of it all."""
    fields = {"states": np.ones((2, 3, 1)), "velocities": np.ones((2, 3, 1)), "dt": 0.1, "metadata": "{}"}
    spoiled = draw(st.sampled_from(["nothing", "arrays", "header", "bytes", "end"]))
    if spoiled == "arrays":
        fields |= draw(st.dictionaries(st.sampled_from(list(fields)), arrays, min_size=1, max_size=2))
    lies = {draw(st.sampled_from(list(fields))): draw(headers_that_lie)} if spoiled == "header" else {}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for name, value in fields.items():
            member = io.BytesIO()
            np.save(member, value)
            archive.writestr(f"{name}.npy", npy(lies[name]) if name in lies else member.getvalue())
    content = bytearray(file.getvalue())
    for _ in range(3 * (spoiled == "bytes")):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)))] if spoiled == "end" else content)


@many
@given(archives() | st.binary(max_size=200))
def test_npz(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzz.npz"
    path.write_bytes(content)
    assert whole(read_or_refused(lambda: Trajectories.load(path)))


def bomb(shape: tuple[int, ...], dtype: str, megabytes: int) -> bytes:
    """A small file whose states, or metadata if they are text, unpack to so much."""
    file = io.BytesIO()
    name = "metadata" if "U" in dtype else "states"
    fields = {"states": np.ones((2, 3, 1)), "dt": 0.1, "metadata": "{}"}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for other in fields.keys() - {name}:
            member = io.BytesIO()
            np.save(member, fields[other])
            archive.writestr(f"{other}.npy", member.getvalue())
        with archive.open(f"{name}.npy", "w") as member:
            member.write(npy(repr({"descr": dtype, "fortran_order": False, "shape": shape}), b""))
            for _ in range(megabytes):
                member.write(bytes(10**6))
    return file.getvalue()


@pytest.mark.parametrize(
    ("shape", "dtype", "megabytes", "words"),
    [
        ((1, 51_000_000, 1), "<f8", 408, "would take 408000.* more than most_bytes = 400000000.*most_bytes=408000"),
        ((), "<U12000000", 48, "take 48000.* bytes, more than the 40000000 that a text may"),
        ((1, 10**15, 1), "<f8", 1, "not as long as their header says"),
    ],
    ids=["numbers", "text", "a promise"],
)
def test_a_zip_bomb_is_refused_by_its_headers(tmp_path, shape, dtype, megabytes, words):
    path = tmp_path / "bomb.npz"
    path.write_bytes(content := bomb(shape, dtype, megabytes))
    assert len(content) < 1e6
    tracemalloc.start()
    with pytest.raises(ValueError, match=words):
        Trajectories.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6


# --- texts ---

sides = st.sampled_from(["A", "B", "A + 2 B", "C2", "12 C", "0 A", "13 A", "A + A", "", *ODD])
rates = st.sampled_from(
    ["", "", " | kf=2", "| kb=1e-30, kf=.5", " | kf=1e31", " | kf=", "|", " | kf=1, kf=2", " | kc=1"]
)
whole_reactions = st.builds("{} {} {}{}".format, sides, st.sampled_from(["<->", "<->", "<->", "->", "="]), sides, rates)
pieces = st.sampled_from(["A", " + ", "<->", "|", "kf=", ", ", ";", "\n", "2 ", *ODD])
reactions = st.lists(whole_reactions, max_size=4).map("; ".join) | st.lists(pieces, max_size=12).map("".join)


@many
@given(reactions | st.text(max_size=100))
def test_reactions(text):
    for each in read_or_refused(lambda: read_reactions(text)) or ():
        assert 0 < each.kf < float("inf")
        assert each.reactants != each.products


@pytest.mark.parametrize(
    "text",
    ["A" * 10**6, "A <-> B;" * 10**5, "A+" * 4000 + "A <-> B", "A <-> B |" + " " * 9000 + "x", "0" * 9000 + " A <-> B",
     "A <-> B | kf=" + "1" * 9000, ";".join(f"A{i} <-> B{i}" for i in range(400))],
    ids=["a name", "reactions", "terms", "spaces", "zeros", "a rate", "species"],
)  # fmt: skip
def test_reactions_of_many(text):
    assert read_or_refused(lambda: read_reactions(text)) is None


NOTEBOOKS = [batch.read_chapter(path) for path in sorted(CHAPTERS.glob("*.ipynb"))]


@many
@given(st.data())
def test_values_from_the_command_line(data):
    chapter = data.draw(st.sampled_from(NOTEBOOKS), "chapter")
    names = st.sampled_from([*chapter.parameters, *ODD]) | st.text(max_size=10)
    texts = st.sampled_from([*ODD, "true", "auto", "cpu", "2"]) | numbers | st.text(max_size=30)
    assignments = st.lists(st.tuples(names, st.sampled_from(["=", "=", "=", "", "=="]), texts).map("".join), max_size=3)
    given_values = data.draw(assignments, "assignments")
    for name, value in (read_or_refused(lambda: batch.read_values(chapter, given_values)) or {}).items():
        chapter.parameters[name].check(value)
        json.dumps(value, allow_nan=False)


@pytest.mark.parametrize("assignment", ["out=a\nb", "a\nb", "a\nb=1", "gamma=a\nb", "gamma=" + "1" * 5000, "x" * 10**6])
def test_a_refusal_is_one_short_line_whatever_was_given(assignment):
    (chapter,) = (each for each in NOTEBOOKS if each.name == "03_particle")
    with refused():
        batch.read_values(chapter, [assignment])
    with pytest.raises(batch.Refused, match=r"^.{1,400}$"):
        batch.read_values(chapter, [assignment])

"""`ggd explore`: what it lists and refuses, who is let in, and what is left when it ends."""

import ast
import inspect
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from conftest import GGD

import ggd_helpers as ggd
from ggd_helpers import batch
from ggd_helpers.batch.alone import command
from ggd_helpers.batch.alone.catalogue import explorers
from ggd_helpers.batch.sockets import clear_dead_sockets
from ggd_helpers.commands import answer
from ggd_helpers.parameters import load_notebook

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


def calls_of(kind: str) -> list[tuple[batch.Chapter, ast.Call]]:
    """Where the chapters make an explorer of this kind."""
    return [
        (chapter, node)
        for chapter in batch.chapters()
        for cell in load_notebook(chapter.path)["cells"]
        if cell["cell_type"] == "code"
        for node in ast.walk(ast.parse("".join(cell["source"])))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == kind
    ]


def test_every_explorer_of_the_package_is_listed_in_a_line(capsys: pytest.CaptureFixture):
    assert answer(["explore"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == list(explorers())
    assert {entry.kind for entry in explorers().values()} == {kind for kind in ggd.__all__ if kind.endswith("Explorer")}
    assert all(len(line.split()) > 4 for line in lines)
    assert {"half_slope", "reactions"} <= explorers().keys()


def test_listing_imports_no_torch():
    program = "import sys; from ggd_helpers.__main__ import main; main(); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program, "explore"], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("name", [name for name in explorers() if name != "half_slope"])
def test_an_explorer_alone_is_the_one_of_its_chapter_at_its_defaults(name: str):
    """A chapter gives it what are the explorer's own defaults; `half_slope` needs measurements, and makes its own."""
    kind = getattr(ggd, explorers()[name].kind)
    own = inspect.signature(kind)
    defaults = {each.name: each.default for each in own.parameters.values()}
    chapter, call = calls_of(kind.__name__)[-1]  # the particle's own chapter comes after the first page
    given = {name: parameter.default for name, parameter in chapter.parameters.items()}
    values = [eval(ast.unparse(each), {}, given) for each in call.args]
    named = {each.arg: eval(ast.unparse(each.value), {}, given) for each in call.keywords}
    assert defaults | dict(own.bind(*values, **named).arguments) == defaults


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("reaction", "did you mean reactions?"),
        ("theory", "did you mean pair?"),
        ("half-slope", "did you mean half_slope?"),
        ("07_phase_change", "did you mean chain?"),
        ("zzz", "choose one of bath, chain"),
    ],
)
def test_an_unknown_name_is_refused_with_those_that_are_like_it(name: str, said: str, capsys: pytest.CaptureFixture):
    assert answer(["explore", name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ggd: there is no explorer {name!r}: ")
    assert said in line


def test_a_missing_voila_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert answer(["explore", "climb"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert 'pip install -e ".[class]"' in line


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """`ggd explore climb` with a folder of its own for temporary files, and the address that it prints."""
    environment = os.environ | {"TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    run = [sys.executable, "-c", GGD, "explore", "climb", "--no-browser"]
    server = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert server.stdout is not None
    address, how_to_end = (server.stdout.readline() for _ in range(2))
    assert "Ctrl-C" in how_to_end
    yield server, address.split()[-1]
    server.kill()
    server.communicate()


def status(address: str) -> tuple[int, str]:
    """The answer's code, and where it led."""
    try:
        with urllib.request.urlopen(address, timeout=60) as reply:
            return reply.status, reply.url
    except urllib.error.HTTPError as error:
        return error.code, address


def test_nobody_is_let_in_without_the_token_and_from_elsewhere(serving: tuple[subprocess.Popen, str]):
    server, address = serving
    root = ADDRESS.match(address)[0]
    assert len(address.partition("token=")[2]) >= 32
    for wrong in (root, f"{root}?token=", f"{root}?token={'0' * 48}", f"{root}?explorer=bath"):
        code, led = status(wrong)
        assert (code, "/login" in led) == (200, True)
    for api in ("api/kernels/12345678-1234-1234-1234-123456789012", "api/kernels/1-2-3-4-5/channels"):
        assert status(root + api)[0] == 403
    process = psutil.Process(server.pid)
    assert process.children() == [], "a kernel was started for a stranger"
    listening = [each.laddr.ip for each in process.net_connections() if each.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]
    assert not [part for part in process.cmdline() if address.partition("token=")[2] in part]


@pytest.mark.parametrize("ending", ["SIGINT", "SIGHUP", "SIGKILL"])
def test_no_kernel_and_no_file_is_left(serving: tuple[subprocess.Popen, str], tmp_path: Path, ending: str):
    server, address = serving
    with urllib.request.urlopen(address, timeout=60) as page:
        page.read(100)
        end = time.monotonic() + 60
        while not (kernels := psutil.Process(server.pid).children()) and time.monotonic() < end:
            time.sleep(0.05)
        assert len(kernels) == 1
        assert list(tmp_path.rglob("kernel-*.json"))
        server.send_signal(getattr(signal, ending))
        out, _ = server.communicate(timeout=60)
    assert psutil.wait_procs(kernels, timeout=30)[1] == []
    if ending == "SIGKILL":  # the next program removes what it left
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        tidy = f"from {clear_dead_sockets.__module__} import clear_dead_sockets as tidy; tidy()"
        subprocess.run([sys.executable, "-c", tidy], check=True, env=environment)
    else:
        assert (server.returncode, out) == (0, "")
    assert list(tmp_path.iterdir()) == []

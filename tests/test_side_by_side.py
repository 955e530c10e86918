"""Trainings on all cores at once: in order, in processes of their own, which end with the program."""

import os
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest
import torch

from ggd_helpers.training.side_by_side import side_by_side

KILLED = """
import os, signal, time
from ggd_helpers.training.side_by_side import side_by_side
def task():
    open(f"{os.getpid()}.pid", "w").close()
    time.sleep(60)
side_by_side([task, task], progress=False)
"""


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr("ggd_helpers.training.side_by_side.cpu_count", lambda: 2)


def test_results_come_in_the_order_of_the_tasks(two_cores):
    def wait_and_say(number):
        time.sleep(0.3 if number == 0 else 0.0)
        return number

    assert side_by_side([partial(wait_and_say, number) for number in range(5)], progress=False) == [0, 1, 2, 3, 4]


def test_each_core_has_a_process_of_one_thread(two_cores):
    def where():
        time.sleep(0.5)
        return os.getpid(), torch.get_num_threads()

    found = side_by_side([where] * 6, progress=False)
    assert {threads for _, threads in found} == {1}
    assert len({process for process, _ in found} - {os.getpid()}) == 2


def test_a_process_that_has_grown_goes_on_without_a_warning(two_cores, recwarn):
    def grow(number):
        time.sleep(1.1)  # loky looks at the memory once a second
        torch.grown = [*getattr(torch, "grown", []), torch.ones(25_000_000, dtype=torch.float64)]  # 200 MB
        return number, os.getpid()

    found = side_by_side([partial(grow, number) for number in range(6)], progress=False)
    side_by_side([partial(setattr, torch, "grown", [])] * 2, progress=False)
    assert [number for number, _ in found] == list(range(6))
    assert len({process for _, process in found}) == 2
    assert [str(each.message) for each in recwarn if "worker" in str(each.message)] == []


def test_a_formula_without_a_name_can_be_sent(two_cores):
    assert side_by_side([lambda: torch.ones(3).sum(), lambda: torch.zeros(3).sum()], progress=False) == [3.0, 0.0]


@pytest.mark.parametrize("tasks", [[], [os.getpid]])
def test_less_than_two_tasks_need_no_process(two_cores, tasks):
    assert side_by_side(tasks, progress=False) == [os.getpid()] * len(tasks)


def test_a_single_core_needs_no_process(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert side_by_side([os.getpid] * 3, progress=False) == [os.getpid()] * 3


def test_what_a_task_says_when_it_fails_arrives(two_cores):
    def fail():
        raise ValueError("gamma must be positive (got -1.0): it is the damping rate in 1/time.")

    with pytest.raises(ValueError, match="gamma must be positive"):
        side_by_side([fail, os.getpid], progress=False)
    assert os.getpid() not in side_by_side([os.getpid] * 2, progress=False)  # it goes on afterwards


def test_no_process_outlives_a_killed_program(tmp_path):
    environment = os.environ | {"LOKY_MAX_CPU_COUNT": "2"}
    program = subprocess.Popen([sys.executable, "-c", KILLED], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    at_work = [psutil.Process(int(path.stem)) for path in tmp_path.glob("*.pid")]
    assert all(process.is_running() for process in at_work)
    program.kill()
    program.wait()
    wait_for(lambda: not any(process.is_running() for process in at_work))


def wait_for(condition, seconds=90.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.1)

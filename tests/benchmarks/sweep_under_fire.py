"""Sweeps of a tiny chapter: many kernels at once, kernels and workers killed at random, the time on two workers.

    python tests/benchmarks/sweep_under_fire.py [starts] [kills] [speed]

starts: 100 kernels, 8 at a time; none may clash with another, so each run is begun once.
kills: 60 runs of a second on 4 workers; a kernel or a worker is killed again and again, after once to twice the time
    that a run takes alone. All must be done, by the same command again where three attempts were in vain, none twice in
    the table, no process and no file left.
speed: 12 runs of 3 and of 10 seconds of a processor (chapters take 20 to 130), first one after another with `ggd run`,
    then as a sweep on 2 workers.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from test_sweep import PROGRAM, check_tidy, make_chapter, rows

SEED = 20


class Place:
    """A folder with a chapter, temporary files of its own, and a program like `ggd` that knows the chapter."""

    def __init__(self, folder: Path):
        self.chapters, self.out, self.temporary = make_chapter(folder), folder / "out", folder / "tmp"
        self.notebook = self.chapters / "03_tiny.ipynb"
        self.temporary.mkdir()
        self._program = folder / "program.py"
        self._program.write_text(PROGRAM)

    def start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, self._program, self.chapters, *arguments]
        environment = os.environ | {"TMPDIR": str(self.temporary)}
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def sweep(self, seeds: int, nap: float, workers: int) -> subprocess.Popen:
        options = ["-p", f"seed=0:{seeds}", "-p", f"nap={nap}", "--workers", str(workers), "--out", str(self.out)]
        return self.start("sweep", "03_tiny", *options)

    def check(self, runs: int) -> Counter[str]:
        """All are done, and nothing else is left; returns how many took how many attempts."""
        table = rows(self.out)
        assert [row["status"] for row in table.values()] == ["done"] * runs
        check_tidy(self.out)
        assert not list(self.temporary.iterdir()), "temporary files are left"
        return Counter(row["attempts"] for row in table.values())


def starts(place: Place) -> str:
    began = time.perf_counter()
    assert place.sweep(seeds=100, nap=0, workers=8).wait() == 0
    attempts = place.check(100)
    assert attempts == {"1": 100}, attempts
    return f"100 kernels, 8 at a time: no clash, {time.perf_counter() - began:.0f} s"


def kills(place: Place) -> str:
    began = time.perf_counter()
    assert place.start("run", "03_tiny", "-p", "nap=1", "--out", str(place.out.parent / "alone")).wait() == 0
    alone = time.perf_counter() - began
    moments, began, commands = random.Random(SEED), time.perf_counter(), 0
    killed: Counter[str] = Counter()
    seen: set[psutil.Process] = set()
    code = None
    while code != 0:
        commands += 1
        assert commands < 10
        sweep = place.sweep(seeds=60, nap=1.0, workers=4)
        program = psutil.Process(sweep.pid)
        while (code := sweep.poll()) is None:
            time.sleep(alone * moments.uniform(1.0, 2.0))
            kind, found = victims(program, moments.choice(["kernel", "worker"]), seen)
            if found and sweep.poll() is None:
                moments.choice(found).kill()
                killed[kind] += 1
    left = psutil.wait_procs(list(seen), timeout=5)[1]
    assert not left, f"orphans: {left}"
    attempts = place.check(60)
    seconds = time.perf_counter() - began
    told = ", ".join(f"{count} in {number}" for number, count in sorted(attempts.items()))
    return (
        f"60 runs ({alone:.0f} s alone), killed {dict(killed)}: all done ({told} attempts) by {commands} command(s), "
        f"{seconds:.0f} s"
    )


def victims(program: psutil.Process, kind: str, seen: set[psutil.Process]) -> tuple[str, list[psutil.Process]]:
    """The kernels or the workers that live now; all processes of the program are kept as `seen`."""
    found = []
    try:
        children = program.children(recursive=True)
        seen.update(children)
        word = "ipykernel_launcher" if kind == "kernel" else "ggd_helpers.batch.worker"
        for child in children:
            try:
                if word in child.cmdline():
                    found.append(child)
            except psutil.Error:  # it has ended meanwhile
                pass
    except psutil.Error:
        pass
    return kind, found


def speed(place: Place) -> str:
    busy = "stop = time.process_time() + nap\\nwhile time.process_time() < stop: pass"
    place.notebook.write_text(place.notebook.read_text().replace("time.sleep(nap)", busy))
    return "\n".join(_speed(place, nap) for nap in (3, 10))


def _speed(place: Place, nap: int) -> str:
    began = time.perf_counter()
    for seed in range(12):
        options = ["-p", f"seed={seed}", "-p", f"nap={nap}", "--out", str(place.out.parent / f"single_{nap}_{seed}")]
        assert place.start("run", "03_tiny", *options).wait() == 0
    serial, began = time.perf_counter() - began, time.perf_counter()
    place.out = place.out.with_name(f"out_{nap}")
    assert place.sweep(seeds=12, nap=nap, workers=2).wait() == 0
    swept = time.perf_counter() - began
    place.check(12)
    return f"12 runs of {nap} s: {serial:.0f} s one by one, {swept:.0f} s on 2 workers, {swept / serial:.2f} of it"


if __name__ == "__main__":
    for name in sys.argv[1:] or ["starts", "kills", "speed"]:
        with tempfile.TemporaryDirectory() as folder:
            print({"starts": starts, "kills": kills, "speed": speed}[name](Place(Path(folder))))
        print(f"    load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)

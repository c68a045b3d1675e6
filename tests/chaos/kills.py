"""Kills runs at random moments, starts them again, and sees that they end as a run that nobody disturbed.

    kills.py --program build/bin/surf_sweep [--kills 300] [--seed 1]

A run is one process or two to four ranks; one rank, mpirun or all of them get SIGKILL, SIGTERM, SIGUSR2 or SIGINT. Trainings by several
ranks, a chain from elsewhere and trials are among what is interrupted. Ends with 1 if a result differs, if what was stored is computed
again or if a run hangs. CTest runs a short form.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import h5py

LIMIT = 120  # seconds from a signal to the end of the run, on a busy machine; a hang is for ever
CRASHES = (128 + signal.SIGABRT, 128 + signal.SIGSEGV, -signal.SIGABRT, -signal.SIGSEGV)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGUSR2, signal.SIGINT)

# The network of the paper's section 3, hardly trained: small files and short steps.
JOB = """experiments = here,elsewhere
seed = 7
[train]
latent_dims = 2
intervals = 4
steps_per_snapshot = 6
batch = 8
threads = 1
[here.train]
models = relu
seeds = 1,2
[elsewhere.train]
models = {elsewhere}
[trials]
methods = adam,surfing
count = 8
block_size = 2
[stop]
window = 20
max_iterations = 100
success_distance = 2
"""


class Job:
    """The job, and how it ends when nobody disturbs it."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.file = folder / "job.ini"
        self.undisturbed = folder / "undisturbed"
        self.file.write_text(JOB.format(elsewhere="relu\nseeds = 4"))
        began = time.monotonic()
        self._run_undisturbed(folder / "first")
        self.seconds = time.monotonic() - began
        # One of its chains plays the one from elsewhere.
        elsewhere = folder / "elsewhere.h5"
        elsewhere.write_bytes(sorted((folder / "first" / "chains").glob("*.h5"))[0].read_bytes())
        self.file.write_text(JOB.format(elsewhere=elsewhere))
        self._run_undisturbed(self.undisturbed)

    def command(self, output: Path, ranks: int = 1) -> list[str]:
        launcher = [] if ranks == 1 else ["mpirun", "-n", str(ranks)]
        return [*launcher, str(self.program), "run", "--job", str(self.file), "--output", str(output), "--log-level=warn"]

    def _run_undisturbed(self, output: Path) -> None:
        ended = subprocess.run(self.command(output), capture_output=True, text=True)
        if ended.returncode != 0:
            raise RuntimeError(ended.stderr)


class Run:
    """A run on some ranks, in a session of its own."""

    def __init__(self, job: Job, output: Path, ranks: int) -> None:
        self._output = output
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(job.command(output, ranks), stdout=self._log, stderr=self._log, start_new_session=True)

    def ranks(self) -> list[int]:
        """Process ids, rank 0 first; the run itself if it is one process."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                environment = (folder / "environ").read_bytes().split(b"\0")
            except (OSError, ValueError):
                continue
            if str(self._output).encode() in words and int(folder.name) != self.process.pid:
                rank = [line for line in environment if line.startswith(b"OMPI_COMM_WORLD_RANK=")]
                if rank:
                    found.append((int(rank[0].split(b"=")[1]), int(folder.name)))
        return [pid for _, pid in sorted(found)] or [self.process.pid]

    def interrupt(self, numbers: random.Random) -> str:
        """Sends a signal to some of its processes; says which."""
        ranks = self.ranks()
        target = numbers.choice(["one rank", "rank 0", "mpirun", "all"])
        number = numbers.choice(SIGNALS)
        victims = {"one rank": [numbers.choice(ranks)], "rank 0": ranks[:1], "mpirun": [self.process.pid], "all": ranks}[target]
        for victim in victims:
            send(victim, number)
        return f"{number.name} to {target}"

    def wait(self) -> int | None:
        """Its exit code when no process of it is left; None if it hangs."""
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            code = self.process.poll()
            if code is not None and self.ranks() == [self.process.pid]:
                return code
            time.sleep(0.05)
        for pid in [*self.ranks(), self.process.pid]:
            send(pid, signal.SIGKILL)
        return None

    def text(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")


def send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has ended


def stored(output: Path) -> dict[Path, tuple[int, int]]:
    """What is published, and what shows that a file was written anew."""
    files = [*output.glob("chains/*.h5"), *output.glob("segments/*.h5")]
    return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


def contents(file: Path, groups: tuple[str, ...]) -> dict[str, bytes]:
    """Every number of these groups."""
    found: dict[str, bytes] = {}

    def read(name: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf":
            found[name] = item[()].tobytes()

    with h5py.File(file) as opened:
        for group in groups:
            opened[group].visititems(lambda name, item, group=group: read(f"{group}/{name}", item))
    return found


def differences(one: Path, other: Path) -> list[str]:
    """Between two outputs of one job: their chains, and the results of their trials."""
    found = []
    names = [sorted(path.relative_to(output) for path in stored(output)) for output in (one, other)]
    if names[0] != names[1]:
        found.append("other files")
    for name in set(names[0]) & set(names[1]):
        if name.parts[0] == "chains" and contents(one / name, ("/",)) != contents(other / name, ("/",)):
            found.append(str(name))
    groups = ("trials", "latents", "summary")
    if contents(one / "results.h5", groups) != contents(other / "results.h5", groups):
        found.append("results.h5")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, required=True, help="surf_sweep")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    numbers = random.Random(asked.seed)
    seen: Counter = Counter()
    codes: Counter = Counter()
    with tempfile.TemporaryDirectory() as folder:
        job = Job(asked.program.resolve(), Path(folder))
        sweep = 0
        while seen["interruptions"] < asked.kills or seen["unfinished"]:
            output = Path(folder) / f"disturbed-{sweep}"
            before = stored(output)
            run = Run(job, output, numbers.randint(1, 4))
            what = "nothing"
            if seen["interruptions"] < asked.kills:
                time.sleep(numbers.uniform(0, job.seconds))
                if run.process.poll() is None:
                    what = run.interrupt(numbers)
                    seen["interruptions"] += 1
            code = run.wait()
            codes[code] += 1
            after = stored(output)
            wrong = []
            if code is None:
                wrong.append("hung")
            elif code in CRASHES and "SIGKILL" not in what:
                wrong.append(f"crashed with {code}")
            if any(after.get(file) != stamp for file, stamp in before.items()):
                wrong.append("computed again what was stored")
            seen["unfinished"] = int(code != 0)
            if code == 0:
                wrong += [f"differs in {name}" for name in differences(job.undisturbed, output)]
                seen["sweeps finished"] += 1
                sweep += 1
            elif what == "nothing":
                wrong.append(f"ended with {code} by itself")
                sweep += 1  # or it would for ever
                seen["unfinished"] = 0
            for problem in wrong:
                seen["wrong"] += 1
                print(f"sweep {sweep}, {what}: {problem}\n{run.text()}", file=sys.stderr)
    del seen["unfinished"]
    print(", ".join(f"{what} {count}" for what, count in sorted(seen.items())))
    print("exit codes:", ", ".join(f"{code} {count} times" for code, count in codes.most_common()))
    return 1 if seen["wrong"] or not seen["sweeps finished"] else 0


if __name__ == "__main__":
    sys.exit(main())

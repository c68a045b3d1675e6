"""Damages the files of trainings and trials, and sees that validate, status and reduce neither hang, crash nor take them for sound.

    damage.py --program build/bin/surf_sweep [--flips 1000] [--blocks 200] [--seed 1]

Prints a row a kind of file; ends with 1 if anything was accepted, crashed or took longer than the limit. CTest runs a short form.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

LIMIT = 60  # seconds for one command on a busy machine; a hang is for ever
BAD_FILE = 4
INTERRUPTED = 75

# The network of the paper's section 3, hardly trained: every kind of file, and small ones.
JOB = """seed = 7
[train]
models = relu
latent_dims = 2
intervals = 2
steps_per_snapshot = 2
[trials]
count = 4
block_size = 2
[stop]
window = 20
max_iterations = 40
success_distance = 2
"""


class Sweep:
    """A finished run and one that was stopped in its training."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.output = folder / "finished"
        job = folder / "job.ini"
        job.write_text(JOB)
        self._job = ["--job", str(job)]
        done = self.call("run", *self._job, "--output", str(self.output))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        self.stopped = folder / "stopped"
        self._stop_in_training()

    def call(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=LIMIT)

    def files(self) -> dict[str, Path]:
        """One of each kind."""
        partial = next((self.stopped / "chains").glob("*.partial"))
        return {
            "chain": next((self.output / "chains").glob("*.h5")),
            "segment": next((self.output / "segments").glob("*.h5")),
            "results": self.output / "results.h5",
            "snapshot": next(partial.glob("snapshot-*.h5")),
            "trainer_state": partial / "state.h5",
        }

    def _stop_in_training(self) -> None:
        arguments = [self.program, "run", *self._job, "--seed=8", "--train.intervals=50", "--output", str(self.stopped)]
        with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            until = time.monotonic() + LIMIT
            while not list(self.stopped.glob("chains/*.partial/snapshot-*1.h5")) and time.monotonic() < until:
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            code = process.wait(LIMIT)
        if code != INTERRUPTED:
            raise RuntimeError(f"a run that was stopped in its training ended with {code}")


def damages(sound: bytes, flips: int, blocks: int, other: bytes, numbers: random.Random) -> Iterator[tuple[str, bytes]]:
    """Kinds of damage, and what a file is with it."""
    size = len(sound)
    for _ in range(flips):
        # Half of them where HDF5's own structures are, which are little of a large file.
        place = numbers.randrange(size) if numbers.random() < 0.5 else numbers.choice(
            [numbers.randrange(min(size, 65536)), size - 1 - numbers.randrange(min(size, 65536))]
        )
        yield "flip", sound[:place] + bytes([sound[place] ^ 1 << numbers.randrange(8)]) + sound[place + 1:]
    for _ in range(blocks):
        length = min(size, 64 << numbers.randrange(11))
        start = numbers.randrange(size - length + 1) // 64 * 64
        if any(sound[start:start + length]):
            yield "zeros", sound[:start] + bytes(length) + sound[start + length:]
    for length in (0, 1, 7, 8, 95, 96, 511, 4096, size // 2, size - 97, size - 96, size - 1):
        yield "cut", sound[:max(0, min(length, size - 1))]
    for more in (b"\0", b"\n", bytes(4096), sound[-96:], other):
        yield "appended", sound + more
    yield "other bytes", numbers.randbytes(min(size, 1 << 20))


def examine(sweep: Sweep, kind: str, path: Path, found: Iterator[tuple[str, bytes]], numbers: random.Random) -> Counter:
    """What validate says to each, and status and reduce to some."""
    sound = path.read_bytes()
    seen: Counter = Counter()
    try:
        for damage, content in found:
            path.write_bytes(content)
            commands = [("validate", str(path))]
            if path.is_relative_to(sweep.output) and numbers.random() < 0.05:
                commands += [(name, "--output", str(sweep.output)) for name in ("status", "reduce")]
            for command in commands:
                outcome = judge(sweep, command, path)
                seen[outcome] += 1
                if outcome != "refused" and outcome != "survived":
                    print(f"{kind}: {damage}: {command[0]}: {outcome}", file=sys.stderr)
            restore(sweep, path, sound)
    finally:
        path.write_bytes(sound)
    return seen


def judge(sweep: Sweep, command: tuple[str, ...], path: Path) -> str:
    try:
        ended = sweep.call(*command)
    except subprocess.TimeoutExpired:
        return "hung"
    if ended.returncode < 0 or ended.returncode not in (0, BAD_FILE):
        return f"crashed ({ended.returncode})"
    if command[0] != "validate":
        return "survived"
    named = str(path) in ended.stderr and ended.stderr.count("\n") == 1
    return "accepted" if ended.returncode == 0 else "refused" if named else "refused without its name"


def restore(sweep: Sweep, path: Path, sound: bytes) -> None:
    """status and reduce set damaged files aside and write results.h5."""
    path.write_bytes(sound)
    for bad in sweep.output.rglob("*.bad"):
        bad.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, required=True, help="surf_sweep")
    parser.add_argument("--flips", type=int, default=1000, help="single bits flipped in each kind of file")
    parser.add_argument("--blocks", type=int, default=200, help="blocks of 64 B to 64 KiB zeroed in each")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(asked.program, Path(folder))
        results = sweep.files()["results"].read_bytes()
        for kind, path in sweep.files().items():
            numbers = random.Random(f"{asked.seed} {kind}")
            sound = path.read_bytes()
            found = damages(sound, asked.flips, asked.blocks, results, numbers)
            seen = examine(sweep, kind, path, found, numbers)
            if sweep.call("validate", str(path)).returncode != 0:
                seen["refused when sound"] += 1
            wrong += sum(seen.values()) - seen["refused"] - seen["survived"]
            print(f"{kind:14}", ", ".join(f"{outcome} {count}" for outcome, count in sorted(seen.items())), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

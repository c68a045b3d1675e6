"""Damages the files of trainings and trials, and sees that validate, status and reduce neither hang, crash nor take them for sound.

    damage.py --program build/bin/surf_sweep [--flips 1000] [--blocks 200] [--seed 1] [--packs]

Prints a row a kind of file; ends with 1 if anything was accepted, crashed or took longer than the limit. CTest runs a short form.
"""

from __future__ import annotations

import argparse
import itertools
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
BATCH = 50  # files that one validate is given
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
count = {count}
block_size = {block_size}
[stop]
window = 20
max_iterations = 40
success_distance = 2
"""


class Sweep:
    """A finished run and one that was stopped in its training."""

    def __init__(self, program: Path, folder: Path, packs: bool) -> None:
        self.program = program
        self.output = folder / "finished"
        job = folder / "job.ini"
        count, block_size = (257, 1) if packs else (4, 2)  # one block more than share a file
        job.write_text(JOB.format(count=count, block_size=block_size))
        self._job = ["--job", str(job)]
        done = self.call("run", *self._job, "--output", str(self.output), limit=10 * LIMIT)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        self.stopped = folder / "stopped"
        self._stop_in_training()

    def call(self, *arguments: str, limit: float = LIMIT) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=limit)

    def files(self) -> dict[str, Path]:
        """One of each kind."""
        partial = next((self.stopped / "chains").glob("*.partial"))
        packs = {"pack": path for path in (self.output / "packs").glob("*.h5")}
        return {
            **packs,
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
    while batch := list(itertools.islice(found, BATCH)):
        for (damage, content), outcome in zip(batch, validated(sweep, path, [content for _, content in batch])):
            count(seen, f"{kind}: {damage}: validate", outcome)
            if path.is_relative_to(sweep.output) and numbers.random() < 0.05:
                for name in ("status", "reduce"):
                    path.write_bytes(content)
                    count(seen, f"{kind}: {damage}: {name}", survival(sweep, name))
                    restore(sweep, path, sound)
    return seen


def count(seen: Counter, what: str, outcome: str) -> None:
    seen[outcome] += 1
    if outcome not in ("refused", "survived"):
        print(f"{what}: {outcome}", file=sys.stderr)


def validated(sweep: Sweep, path: Path, contents: list[bytes]) -> list[str]:
    """What one validate says to several damaged forms of a file; each alone where it does not come through."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        files = []
        for number, content in enumerate(contents):
            files.append(Path(folder) / str(number) / path.name)
            files[-1].parent.mkdir()
            files[-1].write_bytes(content)
        try:
            ended = sweep.call("validate", *map(str, files))
        except subprocess.TimeoutExpired:
            ended = None
        if ended is None or ended.returncode not in (0, BAD_FILE):
            if len(contents) == 1:
                return ["hung" if ended is None else f"crashed ({ended.returncode})"]
            return [outcome for content in contents for outcome in validated(sweep, path, [content])]
        refusals = [line for line in ended.stderr.splitlines() if line.startswith("surf_sweep: error: ")]
        if len(refusals) != ended.stderr.count("\n"):
            print(ended.stderr, file=sys.stderr)
        named = [sum(str(file) in line for line in refusals) for file in files]
        return [{0: "accepted", 1: "refused"}.get(times, "refused twice") for times in named]


def survival(sweep: Sweep, command: str) -> str:
    try:
        ended = sweep.call(command, "--output", str(sweep.output))
    except subprocess.TimeoutExpired:
        return "hung"
    return "survived" if ended.returncode in (0, BAD_FILE) else f"crashed ({ended.returncode})"


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
    parser.add_argument("--packs", action="store_true", help="with blocks enough for a pack, which take a minute")
    asked = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(asked.program, Path(folder), asked.packs)
        results = sweep.files()["results"].read_bytes()
        for kind, path in sweep.files().items():
            numbers = random.Random(f"{asked.seed} {kind}")
            sound = path.read_bytes()
            found = damages(sound, asked.flips, asked.blocks, results, numbers)
            seen = examine(sweep, kind, path, found, numbers)
            if validated(sweep, path, [sound]) != ["accepted"]:
                seen["refused when sound"] += 1
            wrong += sum(seen.values()) - seen["refused"] - seen["survived"]
            print(f"{kind:14}", ", ".join(f"{outcome} {count}" for outcome, count in sorted(seen.items())), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

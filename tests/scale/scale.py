"""Measures status, start, run and reduce on finished outputs of many blocks, of ten trials each.

    ninja -C build surf_sweep make_store
    scale.py --bin build/bin [--blocks 1000,10000,100000,1000000] [--folder /var/tmp]

A row a store: seconds, seconds of CPU and peak memory (MB) of `status`; seconds until `run` knows what is stored; all of such a run, which
has nothing left to compute; `reduce`; files and bytes in the output folder. The stores are made by the program's own code, one after the
other, and removed. A million blocks take 3 GB of disk.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

JOB = """seed = 7
[train]
models = relu
latent_dims = 5
[trials]
methods = adam
block_size = 10
"""


def measure(command: list[str], mark: str = "") -> tuple[str, float]:
    """Seconds, of CPU too, with the peak of memory; and seconds until a line with the mark."""
    began = time.monotonic()
    seen = 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    log = []
    for line in process.stderr:
        log.append(line)
        if mark and mark in line and not seen:
            seen = time.monotonic() - began
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"{' '.join(command)}:\n{''.join(log)}")
    cpu = usage.ru_utime + usage.ru_stime
    return f"{time.monotonic() - began:.1f} s ({cpu:.1f}), {usage.ru_maxrss / 1000:.0f} MB", seen


def size(folder: Path) -> tuple[int, int]:
    """Files, and bytes on disk."""
    files = [entry for entry in folder.rglob("*") if entry.is_file()]
    return len(files), sum(512 * file.stat().st_blocks for file in files)


def row(programs: Path, folder: Path, blocks: int) -> str:
    job = folder / "job.ini"
    job.write_text(f"output = {folder}/output\n{JOB}count = {10 * blocks}\n")
    surf_sweep = str(programs / "surf_sweep")
    measure([str(programs / "make_store"), "--job", str(job)])
    files, stored = size(folder / "output")
    status, _ = measure([surf_sweep, "status", "--job", str(job)])
    reduce, _ = measure([surf_sweep, "reduce", "--job", str(job)])
    run, start = measure([surf_sweep, "run", "--job", str(job)], "blocks are stored already")
    results = (folder / "output" / "results.h5").stat().st_size
    return (
        f"| {blocks} | {10 * blocks} | {files} | {stored / 1e6:.1f} | {status} | {start:.1f} s | {run} | {reduce} | {results / 1e6:.0f} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="folder of surf_sweep and make_store")
    parser.add_argument("--blocks", default="1000,10000,100000,1000000")
    parser.add_argument("--folder", default="/var/tmp", help="where the stores are made")
    asked = parser.parse_args()
    print("| blocks | trials | files | MB | status | start | run | reduce | results, MB |")
    print("|" + "---|" * 9)
    for blocks in map(int, asked.blocks.split(",")):
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            print(row(asked.bin.resolve(), Path(folder), blocks), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

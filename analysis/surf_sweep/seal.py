"""Seals a file as surf_sweep does; hdf5_schema/README.md has the format. surf_sweep opens no unsealed file as its own."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import xxhash

AT_A_TIME = 1 << 20
LEAST_LARGE = 1 << 20


def seal(path: str | Path, large: Iterable[tuple[int, int]] = ()) -> None:
    """Appends the seal. Ranges of bytes, (offset, size), get hashes of their own if they are large.

    Writing to the file with an HDF5 library removes the seal.
    """
    size = Path(path).stat().st_size
    ranges = sorted((offset, bytes_) for offset, bytes_ in large if bytes_ >= LEAST_LARGE)
    begins = [0, *(offset + bytes_ for offset, bytes_ in ranges)]
    ends = [*(offset for offset, _ in ranges), size]
    with open(path, "rb") as file:
        lines = [f"{offset} {bytes_} {_hash(file, [(offset, bytes_)])}\n" for offset, bytes_ in ranges]
        lines.append(f"0 {size} {_hash(file, [(begin, end - begin) for begin, end in zip(begins, ends)])}\n")
    text = "".join(lines).encode()
    with open(path, "ab") as file:
        file.write(text + f"\nsurf_sweep seal {len(text):012} {xxhash.xxh3_128_hexdigest(text)}\n".encode())


def _hash(file, ranges: list[tuple[int, int]]) -> str:
    hash_ = xxhash.xxh3_128()
    for offset, left in ranges:
        file.seek(offset)
        while left:
            part = file.read(min(left, AT_A_TIME))
            hash_.update(part)
            left -= len(part)
    return hash_.hexdigest()


def main() -> int:
    if not sys.argv[1:]:
        print("seal: name the files to seal", file=sys.stderr)
        return 2
    for name in sys.argv[1:]:
        seal(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())

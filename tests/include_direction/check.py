"""Reads the #include lines of src and reports those that go against the architecture.

    python3 check.py SRC        exit code 1 and one line for each violation
"""

import re
import sys
from fnmatch import fnmatch
from pathlib import Path

# The architecture. ------------------------------------------------------------------------------

# Folders, lowest first, and those that each builds on; what these build on is included. The link lines
# in CMake say the same.
USES = {
    "base": [],
    "spec": ["base"],
    "polytope": ["base"],
    "mpi": ["base"],
    "hdf5": ["base"],
    "data": ["hdf5", "spec"],
    "model": ["spec"],
    "chain": ["hdf5", "spec"],
    "train": ["data", "model", "chain"],
    "trial": ["polytope", "data", "model", "chain"],
    "sched": ["mpi", "spec"],
    "store": ["hdf5", "spec"],
    "reduce": ["store"],
    "landscape": ["data", "model", "chain", "reduce"],
    "app/job": ["data", "model", "chain", "sched"],
    "app": ["app/job", "train", "trial", "landscape"],
    "bench": ["train", "trial", "sched"],
}

# Other libraries' headers, and the only files that may include them.
CONFINED = {
    r"mpi\.h": ["mpi/*", "hdf5/parallel*"],
    r"(hdf5(_hl)?|H5\w*)\.h": ["hdf5/*"],
    r"boost/program_options.*": ["app/job/*", "bench/options*"],
    r"boost/math/.*": ["reduce/training_spread*"],
    r"Eigen/.*": ["polytope/*", "trial/*"],
    r"cuda.*|(ATen|c10)/cuda/.*": ["model/cuda_graph*"],
    r"(torch|ATen|c10)/.*": ["model/*", "train/*", "trial/*", "landscape/*", "app/*", "bench/*"],
}

# The check. -------------------------------------------------------------------------------------

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
SUFFIXES = {".hpp", ".cpp", ".h", ".cu"}


def folder_of(file):
    """The folder of the table that a file (relative to src) lies in, the innermost; its topmost if none does."""
    folder = file.rpartition("/")[0]
    return folder if folder in USES else file.split("/")[0]


def reachable(folder):
    """The folder itself and all that it builds on."""
    found = {folder}
    for used in USES[folder]:
        found |= reachable(used)
    return found


def complaint(source, bracket, header):
    """What is wrong when file `source` (relative to src) includes `header`; None if nothing is."""
    folder, target = folder_of(source), folder_of(header)
    for pattern, places in CONFINED.items():
        if re.fullmatch(pattern, header) and not any(fnmatch(source, place) for place in places):
            return f"only {' and '.join(places)} may include it"
    if "/" not in header or target not in USES:
        return "name it from src: \"folder/file.hpp\"" if bracket == '"' else None
    if target not in reachable(folder):
        return f"{folder} may use {', '.join(sorted(reachable(folder)))}"
    return None


def linked(src, folder):
    """The folders whose libraries the library of a folder is linked with, by its CMakeLists.txt."""
    text = Path(src, folder, "CMakeLists.txt").read_text(encoding="utf-8")
    library = re.search(r"surf_library\(\w+\b.*?\bLINK\b(.*?)\)", text, re.DOTALL)
    names = {name.replace("/", "_"): name for name in USES}
    return {names[name] for name in re.findall(r"\bsurf_(\w+)", library[1]) if name in names}


def violations(src):
    """One line for each include that goes against the architecture, sorted."""
    files = sorted(path for path in Path(src).rglob("*") if path.suffix in SUFFIXES)
    if not files:
        return [f"{src}: no sources found"]
    found = []
    for path in files:
        source = path.relative_to(src).as_posix()
        if folder_of(source) not in USES:
            found.append(f"{source}: its folder is not in the table of check.py")
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if (match := INCLUDE.match(line)) and (reason := complaint(source, *match.groups())):
                found.append(f"{source}:{number}: {match[2]}: {reason}")
    return found


if __name__ == "__main__":
    problems = violations(sys.argv[1])
    print("\n".join(problems) or "all includes go the right way")
    sys.exit(1 if problems else 0)

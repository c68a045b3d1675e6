#!/usr/bin/env bash
# Makes this machine ready to build, test and plot.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'TEXT'
Usage: bash cmake/setup.sh [--check] [--cuda]

Installs what surf_sweep needs and is not there yet:
  - as root on Debian: compiler, MPI, parallel HDF5, libraries and the Fashion-MNIST data, by apt-get;
    elsewhere it says what is missing and how clusters provide it;
  - in .venv (no root needed): LibTorch from the PyTorch wheel, and the packages of analysis/.

  --check   install nothing; say what is missing (exit code 3 if anything is)
  --cuda    LibTorch with its CUDA libraries; the default where there is an NVIDIA driver
            (for login nodes, whose compute nodes have the GPUs)

SURF_PYTHON names the Python for .venv (3.11 or later; default /usr/bin/python3).
TEXT
}

check_only=false
cuda=false
for option in "$@"; do
    case $option in
        --check) check_only=true ;;
        --cuda) cuda=true ;;
        --help) usage; exit 0 ;;
        *) echo "setup: no such option: $option; see --help" >&2; exit 2 ;;
    esac
done
if [[ -e /proc/driver/nvidia/version ]] || nvidia-smi >/dev/null 2>&1; then
    cuda=true
fi

python=${SURF_PYTHON:-/usr/bin/python3}
data=/usr/share/datasets/fashion-mnist
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Runs a command silently, twice if need be (a download can fail once); shows why it failed.
quietly() {
    "$@" >"$scratch/log" 2>&1 || { sleep 3; "$@" >"$scratch/log" 2>&1; } || {
        echo "setup: failed twice: $*" >&2
        tail -n 20 "$scratch/log" >&2
        return 1
    }
}

# --- Compilers, libraries, data ---

search=()
IFS=: read -ra prefixes <<<"${CMAKE_PREFIX_PATH:-}"
for prefix in ${prefixes[@]+"${prefixes[@]}"}; do
    search+=("-I$prefix/include" "-L$prefix/lib" "-L$prefix/lib64")
done

# builds HEADER [LIBRARY]: a program that could use them compiles and links.
builds() {
    printf '#if !__has_include(<%s>)\n#error missing\n#endif\nint main() {}\n' "$1" |
        "${CXX:-g++}" -std=c++20 ${search[@]+"${search[@]}"} -x c++ - ${2:+"-l$2"} -o "$scratch/probe"
}
recent_cmake() {
    local version
    version=$(cmake --version | sed -n '1s/[^0-9]*//p')
    [[ $(printf '%s\n' 3.25 "$version" | sort -V | head -n 1) == 3.25 ]]
}
parallel_hdf5() {
    grep -q 'Parallel HDF5: *yes' <<<"$(h5pcc -showconfig || h5cc -showconfig)"
}
recent_python() {
    "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))'
}

# What people call it | Debian's package | probe
needs=(
    "C++20 compiler|g++|builds concepts"
    "CMake 3.25 or later|cmake|recent_cmake"
    "Ninja|ninja-build|command -v ninja"
    "MPI compiler mpicxx|libopenmpi-dev|command -v mpicxx"
    "mpirun|openmpi-bin|command -v mpirun"
    "HDF5 built with MPI (h5pcc)|libhdf5-openmpi-dev|parallel_hdf5"
    "h5dump|hdf5-tools|command -v h5dump"
    "Boost.Program_options|libboost-program-options-dev|builds boost/program_options.hpp boost_program_options"
    "Boost.Math (headers)|libboost-dev|builds boost/math/distributions/students_t.hpp"
    "Catch2 2.x|catch2|builds catch2/catch.hpp"
    "Eigen 3.4|libeigen3-dev|builds eigen3/Eigen/Core"
    "fmt|libfmt-dev|builds fmt/format.h fmt"
    "nlohmann-json|nlohmann-json3-dev|builds nlohmann/json.hpp"
    "Random123|librandom123-dev|builds Random123/philox.h"
    "spdlog|libspdlog-dev|builds spdlog/spdlog.h spdlog"
    "xxHash|libxxhash-dev|builds xxhash.h xxhash"
    "zlib|zlib1g-dev|builds zlib.h z"
    "Python 3.11 or later with venv|python3-venv|recent_python"
    "Fashion-MNIST in $data|dataset-fashion-mnist|test -e $data"
)

missing=()
packages=()
look_around() {
    local need name package command probe
    missing=()
    packages=()
    for need in "${needs[@]}"; do
        IFS='|' read -r name package command <<<"$need"
        read -ra probe <<<"$command"
        if ! "${probe[@]}" >/dev/null 2>&1; then
            missing+=("$name")
            packages+=("$package")
        fi
    done
}

install_packages() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
    echo "setup: installing Debian packages: ${packages[*]}"
    quietly "${apt[@]}" update || true # a broken foreign source need not matter: install decides
    quietly "${apt[@]}" install -y --no-install-recommends "${packages[@]}"
}

say_missing() {
    echo "setup: missing on this machine:"
    printf '  - %s\n' "${missing[@]}"
    if command -v apt-get >/dev/null; then
        echo "As root: apt-get install --no-install-recommends ${packages[*]}"
    fi
    cat <<TEXT
On a cluster, load modules and run this again, for example (names differ: module avail):
  module load gcc cmake ninja openmpi hdf5/1.14-mpi boost python
What no module has (Eigen, fmt, spdlog, nlohmann-json, Catch2, xxHash, Random123) comes from Spack or conda-forge, or is
installed by hand below one folder; then: export CMAKE_PREFIX_PATH=FOLDER:\$CMAKE_PREFIX_PATH
Another Python: SURF_PYTHON=\$(command -v python3) bash cmake/setup.sh
Fashion-MNIST: without Debian's package, put its two IDX files of images (gzipped or not) in one folder and write
  data = FOLDER
in the job file.
TEXT
} >&2

look_around
if ! $check_only && ((${#missing[@]} && EUID == 0)) && command -v apt-get >/dev/null; then
    install_packages
    look_around
fi

# --- .venv: LibTorch and the analysis packages ---

# installed NAME==VERSION…: .venv has exactly these.
installed() {
    .venv/bin/python - "$@" <<'PYTHON'
import sys
from importlib import metadata

have = {d.name.lower(): d.version.split("+")[0] for d in metadata.distributions()}
wanted = (requirement.lower().split("==") for requirement in sys.argv[1:])
sys.exit(any(have.get(name) != version for name, version in wanted))
PYTHON
}
torch=(torch==2.11.0)
libtorch=("${torch[@]}" nvidia-cuda-cupti==13.0.85 nvidia-cuda-runtime==13.0.96)
mapfile -t analysis < <(grep -v '^#' analysis/requirements.txt)

libtorch_is_there() {
    installed "${libtorch[@]}" || return 1
    # With CUDA: nothing that torch depends on may be absent.
    ! $cuda || ! grep -q '^torch ' <<<"$(.venv/bin/python -m pip check)"
}
pip_install() {
    quietly .venv/bin/python -m pip install --only-binary :all: "$@"
}

if $check_only; then
    libtorch_is_there 2>/dev/null || missing+=("LibTorch in .venv")
    installed "${analysis[@]}" 2>/dev/null || missing+=("packages of analysis/requirements.txt in .venv")
elif recent_python 2>/dev/null; then
    .venv/bin/python -m pip --version >/dev/null 2>&1 || quietly "$python" -m venv .venv
    if ! libtorch_is_there; then
        if $cuda; then
            echo "setup: installing LibTorch with CUDA in .venv (4.7 GB)"
            pip_install "${torch[@]}"
        else
            echo "setup: installing LibTorch in .venv (1.3 GB)"
            pip_install --no-deps "${libtorch[@]}"
        fi
    fi
    if ! installed "${analysis[@]}"; then
        echo "setup: installing the packages of analysis/requirements.txt in .venv"
        pip_install -r analysis/requirements.txt
    fi
fi

if ((${#missing[@]})); then
    say_missing
    # The data alone stops nobody: a job file can name another folder.
    if $check_only || [[ ${missing[*]} != Fashion-MNIST* ]]; then
        exit 3
    fi
    exit 0
fi
echo "setup: everything is there"

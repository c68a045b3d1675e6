#!/usr/bin/env bash
# The demo, from a bare machine to a table and a figure; see --help.
set -euo pipefail

if (($#)); then
    cat <<'TEXT'
Usage: bash jobs/demo.sh

Prepares the machine (cmake/setup.sh), builds surf_sweep, runs jobs/demo.ini on two ranks and draws its figure.
All it makes is in .venv, build and demo of this repository. Run again, it skips what is done; interrupted,
it goes on where it was.
TEXT
    [[ $* == --help ]] && exit 0 || exit 2
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n[%4d s] %s\n' "$SECONDS" "$*"; }

step "Preparing the machine (cmake/setup.sh)"
bash cmake/setup.sh

step "Building build/bin/surf_sweep"
cmake --preset release >/dev/null
cmake --build --preset release --target surf_sweep

step "Running jobs/demo.ini on two ranks"
mpi=(mpirun -n 2)
if (($(nproc) < 2)); then
    mpi+=(--oversubscribe)
fi
if ((EUID == 0)); then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_io=romio321 # OMPIO before Open MPI 4.1.7 can corrupt parallel HDF5 writes
"${mpi[@]}" build/bin/surf_sweep run --job jobs/demo.ini

step "Drawing the figure"
.venv/bin/python analysis figures demo/results.h5

step "Done. The table is above, its numbers and every trial are in $PWD/demo/results.h5, the figure beside it."

#!/usr/bin/env bash
# Runs a sweep as a Slurm batch job. From the repository root:
#
#   sbatch slurm/sweep.sh                                      jobs/demo.ini on 2 ranks
#   sbatch --nodes=2 --ntasks=64 --time=12:00:00 slurm/sweep.sh jobs/x.ini [surf_sweep options]
#   SURF_JOB=jobs/x.ini sbatch slurm/sweep.sh                  the same job file by variable
#   SURF_REQUEUE=1 sbatch slurm/sweep.sh                       goes on by itself after a time limit
#
# SURF_SWEEP names another program than build/bin/surf_sweep.
# GPUs: sbatch --nodes=2 --ntasks=8 --gpus-per-node=4. Not --gpus-per-task: ranks started by mpirun
# share the node's devices, and surf_sweep gives each its own.
#
#SBATCH --job-name=surf_sweep
#SBATCH --ntasks=2
#SBATCH --time=04:00:00
#SBATCH --open-mode=append
# Two minutes before the time limit, so that every rank can store what it has.
#SBATCH --signal=B:USR2@120
set -euo pipefail

cd "${SLURM_SUBMIT_DIR:?is not set: start this script with sbatch}"
if [[ ! -f slurm/sweep.sh ]]; then
    echo "sweep: $PWD is not surf_sweep's repository; run sbatch slurm/sweep.sh from its root" >&2
    exit 2
fi

program=${SURF_SWEEP:-build/bin/surf_sweep}
job=${SURF_JOB:-jobs/demo.ini}
if [[ ${1:--} != -* ]]; then
    job=$1
    shift
fi
if [[ ! -x $program ]]; then
    echo "sweep: no program $program; build it: cmake --preset release && cmake --build build" >&2
    exit 2
fi

if ((EUID == 0)); then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_io=romio321 # OMPIO before Open MPI 4.1.7 can corrupt parallel HDF5 writes

say() { echo "sweep: $(date '+%F %T') $*"; }

say "job $SLURM_JOB_ID: $job on $SLURM_NTASKS ranks, $SLURM_JOB_NUM_NODES nodes ($SLURM_JOB_NODELIST)"
say "git revision $(git describe --always --dirty 2>/dev/null || echo unknown)"
say "$("$program" --version 2>&1)"

# mpirun, not srun: it brings its own launcher, srun must know this MPI's. In the background, because bash
# runs a trap only while it waits; mpirun hands USR2 on to every rank.
trapped=false
# shellcheck disable=SC2317 # the traps call it
stop() {
    trapped=true
    say "$1: asking the ranks to store their work and stop"
    kill -USR2 "$mpirun" 2>/dev/null || true
}
trap 'stop USR2' USR2
trap 'stop TERM' TERM
mpirun "$program" run --job "$job" "$@" &
mpirun=$!
while true; do
    trapped=false
    code=0
    wait "$mpirun" || code=$?
    $trapped || break # a trap ends a wait early
done

say "surf_sweep ended with exit code $code"
if ((code == 75)); then # ExitCode::interrupted
    if [[ ${SURF_REQUEUE:-0} == 1 ]]; then
        say "interrupted: back to the queue"
        scontrol requeue "$SLURM_JOB_ID"
    else
        say "interrupted: the same sbatch resumes (SURF_REQUEUE=1 does so by itself)"
    fi
fi
exit "$code"

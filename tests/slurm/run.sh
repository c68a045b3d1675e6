#!/usr/bin/env bash
# Submits slurm/sweep.sh on two virtual nodes, shows its log and returns its exit code.
#
#   tests/slurm/run.sh [JOB_FILE [surf_sweep options]]      default jobs/demo.ini
#
# Slurm's own variables change the submission: SBATCH_TIMELIMIT=00:03:00 tests/slurm/run.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ -z ${SLURM_CONF:-} ]]; then
    exec tests/slurm/cluster.sh "$PWD/tests/slurm/run.sh" "$@"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
code=0
sbatch --wait --nodes=2 --ntasks-per-node=1 --output="$log" slurm/sweep.sh "$@" || code=$?
cat "$log"
exit "$code"

#!/usr/bin/env bash
# Submits train, run and reduce of a job file to Slurm, each when the one before has ended, and prints their
# ids:
#
#   slurm/submit.sh JOB_FILE [surf_sweep options]
#
# Slurm's own variables say what each gets: SBATCH_TIMELIMIT=12:00:00, SBATCH_PARTITION, SBATCH_ACCOUNT.
#   SURF_TRAIN, SURF_RUN   more options of sbatch for one of them, as SURF_RUN="--nodes=2 --ntasks=64"
# All of sweep.sh's variables count; SURF_REQUEUE is 1 unless it is set, as whatever waits is lost with an
# interrupted job. run also follows a training that came to nothing, which stops no other cells, and reduce
# a run that failed: it writes down what there is.
set -euo pipefail

if [[ ${1:--} == -* ]]; then
    echo "usage: $0 JOB_FILE [surf_sweep options]" >&2
    exit 2
fi
export SURF_REQUEUE=${SURF_REQUEUE:-1}
sweep=$(dirname "${BASH_SOURCE[0]}")/sweep.sh
read -ra for_train <<<"${SURF_TRAIN:-}"
read -ra for_run <<<"${SURF_RUN:-}"

submit() { # submit COMMAND SBATCH_OPTIONS… -- ARGUMENTS…
    local command=$1 options=()
    shift
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    local id
    id=$(sbatch --parsable --kill-on-invalid-dep=yes --job-name="surf_$command" ${options[@]+"${options[@]}"} "$sweep" "$command" "$@")
    echo "${id%%;*}"
}
train=$(submit train ${for_train[@]+"${for_train[@]}"} -- "$@")
run=$(submit run --dependency="afterany:$train" ${for_run[@]+"${for_run[@]}"} -- "$@")
reduce=$(submit reduce --dependency="afterany:$run" --nodes=1 --ntasks=1 -- "$@")
echo "train $train"
echo "run $run"
echo "reduce $reduce"

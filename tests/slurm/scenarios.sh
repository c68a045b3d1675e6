#!/usr/bin/env bash
# Ends a sweep in the ways that Slurm has, and compares what it gives in the end with an undisturbed run:
#
#   tests/slurm/scenarios.sh PROGRAM [SCENARIO…]      all of them, or those named
#
# Needs root: it makes a Slurm of its own (cluster.sh).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [[ -z ${SLURM_CONF:-} ]]; then
    exec "$here/cluster.sh" "$here/scenarios.sh" "$@"
fi
program=$(realpath "${1:?names the program}")
shift
sweep=$here/../../slurm/sweep.sh
submit=$here/../../slurm/submit.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
cp "$sweep" mine.sh # a user's own copy, in a folder without anything of ours
export PATH=$scratch/bin:$PATH
mkdir bin && ln -s "$program" bin/surf_sweep
# Both virtual nodes share /dev/shm, which Open MPI would take for two.
export OMPI_MCA_btl=self,tcp OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export SBATCH_TIMELIMIT=00:30:00

cat >job.ini <<'TEXT'
seed = 7
chains = chains
[train]
models = relu
latent_dims = 5
intervals = 3
steps_per_snapshot = 3
threads = 1
[trials]
methods = adam,surfing
count = 16
block_size = 2
[stop]
relative_change = 1e-9
max_iterations = 1000
success_distance = 1e-9
TEXT
blocks=16

fail() {
    echo "scenarios: $scenario: $*" >&2
    tail -n 40 "$scenario".log >&2
    exit 1
}
until_true() { # until_true WHAT COMMAND…
    local what=$1 i
    shift
    for ((i = 0; i < 1500; ++i)); do
        ! "$@" || return 0
        sleep 0.2
    done
    fail "$what did not come"
}

# start SBATCH_OPTIONS…: the scenario's sweep as a job, in `id`.
start() {
    id=$(sbatch --parsable --output="$scenario.log" --ntasks=2 "$@" "$scratch/mine.sh" job.ini --output "$scenario")
}
stored() { find "$scenario/segments" -name '*.h5' 2>/dev/null | wc -l; }
has_begun_trials() { (($(stored) > 0)); }
# of ID FIELD: what Slurm knows of a job.
of() { scontrol show job "$1" | sed -n "s/.*\b$2=\([^ ]*\).*/\1/p" | head -n 1; }
is_over() { [[ $(of "$id" JobState) =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL)$ ]]; }
expect() { [[ $2 == "$3" ]] || fail "$1 is $2 instead of $3"; }
log_says() { grep -q "$1" "$scenario.log" || fail "the log does not say: $1"; }
in_the_trials() {
    start "$@"
    until_true "the first block" has_begun_trials
    (($(stored) < blocks)) || fail "it was done before it could be disturbed"
}
preempt() { sbatch --parsable --output=/dev/null --partition=urgent --nodes=2 --exclusive --wrap="sleep 2" >/dev/null; }
# ends_well RESTARTS: the job ends with the results of an undisturbed run, after so many requeues.
ends_well() {
    until_true "the end" is_over
    expect "the job's state" "$(of "$id" JobState)" COMPLETED
    expect "the number of requeues" "$(of "$id" Restarts)" "$1"
    [[ $(tail -n 1 "$scenario.log") == *"done; stored: $blocks of $blocks blocks, 4 of 4 snapshots in $scenario" ]] ||
        fail "the last line is $(tail -n 1 "$scenario.log")"
    same_results
}
same_results() {
    local group
    for group in trials summary; do
        h5diff "dependency/results.h5" "$scenario/results.h5" "/$group" || fail "other $group than undisturbed"
    done
}

# --- The scenarios; the first makes what the others are compared with ---

dependency() { # train, run and reduce, one after the other; each ends clean
    local ids
    mapfile -t ids < <(SBATCH_OUTPUT=$scenario.log "$submit" job.ini --output "$scenario" | tee /dev/stderr | awk '{ print $2 }')
    id=${ids[2]}
    until_true "the end" is_over
    for id in "${ids[@]}"; do
        expect "the state of job $id" "$(of "$id" JobState)" COMPLETED
    done
    log_says "chain: .*relu k=5"
    log_says "$blocks of $blocks blocks reduced"
}
limit() { # what --signal sends before the time limit
    SURF_REQUEUE=1 in_the_trials
    scancel --batch --signal=USR2 "$id"
    ends_well 1
    log_says "back to the queue; stored: [1-9][0-9]* of $blocks blocks"
}
stop() { # the same without a requeue
    in_the_trials
    scancel --batch --signal=USR2 "$id"
    until_true "the end" is_over
    expect "the exit code" "$(of "$id" ExitCode)" 75:0
    [[ $(tail -n 1 "$scenario.log") == *"the same sbatch resumes"*"stored: "* ]] || fail "no word on how to go on"
    cd / && start --chdir="$scratch" && cd "$scratch"
    ends_well 0
}
preemption() { # without a word
    in_the_trials
    preempt
    ends_well 1
}
grace() { # with a word to the steps alone
    SURF_REQUEUE=1 in_the_trials --partition=graceful
    preempt
    ends_well 1
    log_says "back to the queue"
}
killed() { # a rank, as the kernel does where memory is short
    in_the_trials
    kill -KILL "$(pgrep -n -f "sweep run .*--output $scenario")"
    ends_well 0
    log_says "ranks were lost (exit code [0-9]*): starting again"
}
vain() { # a rank that is killed at every start
    printf '#!/bin/sh\n[ "$1" != run ] || kill -KILL $$\nexec %s "$@"\n' "$program" >vain.sh
    chmod +x vain.sh
    SURF_SWEEP=./vain.sh SURF_RETRIES=2 start
    until_true "the end" is_over
    expect "the job's state" "$(of "$id" JobState)" FAILED
    [[ $(tail -n 1 "$scenario.log") == *"gave up: 2 starts in a row stored nothing new"*"stored: 0 of"* ]] || fail "it did not give up"
}
srun_launch() { # the other launcher, on one node; PMIx does not know virtual ones
    SURF_LAUNCHER=srun SURF_REQUEUE=1 in_the_trials --nodes=1
    scancel --batch --signal=USR2 "$id"
    ends_well 1
}
alone() { # in a step of its own, without a launcher
    local code=0
    srun --mpi=none -n1 surf_sweep run --job job.ini --output "$scenario" >"$scenario.log" 2>&1 || fail "one task does not run"
    same_results
    srun --mpi=none -n2 surf_sweep run --job job.ini --output "$scenario" >"$scenario.log" 2>&1 || code=$?
    expect "the exit code of two tasks" "$code" 7
    log_says "srun --mpi=pmix, or mpirun"
}

scenarios=("$@")
((${#scenarios[@]})) || scenarios=(limit stop preemption grace killed vain srun_launch alone)
for scenario in dependency "${scenarios[@]}"; do
    SECONDS=0
    "$scenario"
    echo "scenarios: $scenario: as it should be ($SECONDS s)"
done

#!/usr/bin/env bash
# Runs a sweep as a Slurm batch job, from any folder and from any copy of this script:
#
#   sbatch slurm/sweep.sh                                      jobs/demo.ini on 2 ranks
#   sbatch --nodes=2 --ntasks=64 --time=12:00:00 slurm/sweep.sh jobs/x.ini [surf_sweep options]
#   sbatch --ntasks=8 slurm/sweep.sh train jobs/x.ini          another command: train, surface, reduce
#   SURF_REQUEUE=1 sbatch slurm/sweep.sh                       goes on by itself, whatever ended it
#
# slurm/submit.sh submits train, run and reduce, one after the other.
# It works in the folder that sbatch was started in, or in that of --chdir. sbatch hands variables on:
#   SURF_SWEEP     the program; otherwise the one of the tree that the script lies in, then PATH's
#   SURF_JOB       the job file, where no argument names one
#   SURF_LAUNCHER  mpirun or srun; otherwise srun where Slurm's MpiDefault is PMIx or there is no mpirun
#   SURF_REQUEUE   1: back to the queue after a time limit, a preemption or the loss of a node
#   SURF_RETRIES   it gives up when so many starts in a row stored nothing new [3]
# A rank that was killed is no reason to queue again: the sweep starts anew where it is.
# GPUs: sbatch --nodes=2 --ntasks=8 --gpus-per-node=4. Not --gpus-per-task: ranks started by mpirun
# share the node's devices, and surf_sweep gives each its own.
#
#SBATCH --job-name=surf_sweep
#SBATCH --ntasks=2
#SBATCH --time=04:00:00
#SBATCH --open-mode=append
#SBATCH --requeue
# Two minutes before the time limit, so that every rank can store what it has.
#SBATCH --signal=B:USR2@120
set -euo pipefail

: "${SLURM_JOB_ID:?is not set: start this script with sbatch}"
retries=${SURF_RETRIES:-3}

say() { echo "sweep: $(date '+%F %T') $*"; }
refuse() { echo "sweep: $*" >&2 && exit 2; }

# --- What is to be done, and by which program ---

# Slurm runs a copy of the script; it knows where the original lies.
script=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *Command=\([^ ]*\).*/\1/p')
tree=$(dirname "$(dirname "$script")") # of slurm/sweep.sh
first_of() {                           # first_of FILE…: the first that is there; otherwise the last
    local file
    for file; do
        [[ ! -f $file ]] || break
    done
    echo "$file"
}
program=${SURF_SWEEP:-$(first_of "$tree/build/bin/surf_sweep" "$tree/../../bin/surf_sweep" \
    "$(command -v surf_sweep || echo build/bin/surf_sweep)")}
[[ -x $(command -v "$program") ]] ||
    refuse "no program $program; name it by SURF_SWEEP, load its module, or build it: cmake --preset release && cmake --build build"

command=run
case ${1:-} in
    run | train | surface | reduce) command=$1 && shift ;;
esac
job=${SURF_JOB:-$(first_of jobs/demo.ini "$tree/jobs/demo.ini")}
if [[ ${1:--} != -* ]]; then
    job=$1
    shift
fi
options=("$@")

# --- What is stored ---

plain=() # what commands that compute nothing take of the options
for option in ${options[@]+"${options[@]}"}; do
    [[ $option == --accept-new-data ]] || plain+=("$option")
done
status() { "$program" status --json --job "$job" ${plain[@]+"${plain[@]}"}; }
# field NAME: its values in the JSON text that is read.
field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p"; }
sum() { awk '{ sum += $1 } END { print sum + 0 }'; }
stored() {
    local now
    now=$(status 2>/dev/null | sed '/^  "run": {/,/^  }/d') || return 0 # which has the sums as well
    echo "stored: $(field blocks_done <<<"$now" | sum) of $(field blocks <<<"$now" | sum) blocks," \
        "$(field snapshots_done <<<"$now" | sum) of $(field snapshots <<<"$now" | sum) snapshots in $output"
}
finish() { # finish CODE WHY
    say "$2; $(stored)"
    exit "$1"
}

known=$(status) || exit # says what is wrong with the job
output=$(field output <<<"$known")
mkdir -p "$output"
# Written at every start: what is newer has been stored since. It holds how many starts in a row
# stored nothing, those before a requeue too.
mark=$output/.sweep-$SLURM_JOB_ID
mapfile -t folders < <(echo "$output" && field file <<<"$known" | grep -v '/surface-' | xargs -r dirname | sort -u)
has_stored() {
    [[ -n $(find "${folders[@]}" -name '*.h5' ! -name 'results*' -newer "$mark" -print -quit 2>/dev/null) ]]
}

# --- How ranks are started ---

if ((EUID == 0)); then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_io=romio321 # OMPIO before Open MPI 4.1.7 can corrupt parallel HDF5 writes

launcher=${SURF_LAUNCHER:-}
if [[ -z $launcher ]]; then
    # mpirun brings its own daemons; srun must speak this MPI's language, which PMIx is a sign of.
    launcher=mpirun
    if scontrol show config | grep -q '^MpiDefault *= pmix' || ! command -v mpirun >/dev/null; then
        launcher=srun
    fi
fi
case $launcher in
    mpirun) launch=(mpirun) ;;
    srun) launch=(srun "--mpi=${SLURM_MPI_TYPE:-pmix}" --kill-on-bad-exit=1 ${SLURM_CPUS_PER_TASK:+--cpus-per-task=$SLURM_CPUS_PER_TASK}) ;;
    *) refuse "SURF_LAUNCHER = $launcher: no such launcher; use mpirun or srun" ;;
esac
[[ $command != reduce ]] || launch=()

say "job $SLURM_JOB_ID: $command $job on $SLURM_NTASKS ranks, $SLURM_JOB_NUM_NODES nodes ($SLURM_JOB_NODELIST), by $launcher, in $PWD"
say "$("$program" --version 2>&1)"

# In the background, because bash runs a trap only while it waits. Both launchers hand USR2 on to every
# rank; TERM, INT and HUP would make mpirun kill them.
asked=false
trapped=false
# shellcheck disable=SC2317 # the traps call it
stop() {
    asked=true
    trapped=true
    say "$1: asking the ranks to store their work and stop"
    kill -USR2 "$ranks" 2>/dev/null || true
}
for signal in USR2 TERM INT HUP; do
    # shellcheck disable=SC2064 # the name of now
    trap "stop $signal" "$signal"
done

# Leaves how it ended in `code`.
start() {
    ${launch[@]+"${launch[@]}"} "$program" "$command" --job "$job" "$@" &
    ranks=$!
    while true; do
        trapped=false
        code=0
        wait "$ranks" || code=$?
        $trapped || break # a trap ends a wait early
    done
}

# Whether the job goes on: nobody cancels it, its time is not over.
may_go_on() { [[ $(squeue --noheader --job="$SLURM_JOB_ID" --format=%T) == RUNNING ]]; }
requeue() {
    say "back to the queue; $(stored)"
    scontrol requeue "$SLURM_JOB_ID" || return 0
    sleep 60 # Slurm ends the script
}

code=75 # of the start before a requeue
while true; do
    in_vain=0
    if [[ -e $mark ]] && ! has_stored; then
        in_vain=$(($(<"$mark") + 1))
    fi
    if ((in_vain >= retries)); then
        rm "$mark"
        finish "$code" "gave up: $in_vain starts in a row stored nothing new (ranks end before they store anything: memory is short, or the program cannot start)"
    fi
    echo "$in_vain" >"$mark"
    start ${options[@]+"${options[@]}"}
    case $code in
        0) rm "$mark" && finish 0 "done" ;;
        2 | 3 | 4 | 5 | 7 | 70) rm "$mark" && finish "$code" "it cannot go on (exit code $code; why is said above)" ;;
    esac
    # 75 is a stop in good order. All else is a loss: 6 and 128 + a signal of a rank, 1 and 205 of mpirun.
    may_go_on || finish "$code" "ended by Slurm (exit code $code); the same sbatch resumes"
    killed=$((code == 6 || code > 128 && code < 193))
    if [[ ${SURF_REQUEUE:-0} == 1 ]] && { $asked || ! ((killed)); }; then
        requeue
    fi
    if $asked || ((code == 75)); then
        finish "$code" "interrupted; the same sbatch resumes (SURF_REQUEUE=1 does so by itself)"
    fi
    say "ranks were lost (exit code $code): starting again, as all that was stored is intact"
    sleep 5
done

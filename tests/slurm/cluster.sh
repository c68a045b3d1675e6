#!/usr/bin/env bash
# Runs a command on a private Slurm cluster: two virtual nodes, n1 and n2, on this machine.
#
#   tests/slurm/cluster.sh COMMAND…     COMMAND sees the cluster through SLURM_CONF
#
# Jobs of partition urgent preempt others, which go back to the queue: at once (all, the default), or
# after a time in which they are asked to end (graceful).
# Needs root. All state lives in a temporary folder; every daemon ends with the command.
set -euo pipefail

if (($# == 0)) || ((EUID != 0)); then
    echo "usage, as root: $0 COMMAND…" >&2
    exit 2
fi

packages=(munge slurm-client slurmctld slurmd)
if ! dpkg-query -W "${packages[@]}" >/dev/null 2>&1; then
    echo "cluster: installing ${packages[*]}" >&2
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"; } >/dev/null
fi

folder=$(mktemp -d)
daemons=()
stop() {
    [[ -z ${SLURM_CONF:-} ]] || scancel --quiet --user=root 2>/dev/null || true
    for _ in {1..20}; do
        [[ -n $(squeue --noheader 2>/dev/null) ]] || break
        sleep 1
    done
    for ((i = ${#daemons[@]} - 1; i >= 0; --i)); do # munged last: the others talk through it
        kill "${daemons[i]}" 2>/dev/null || true
        wait "${daemons[i]}" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 143' TERM INT

start() { # start NAME COMMAND…
    local name=$1
    shift
    "$@" >"$folder/$name.log" 2>&1 &
    daemons+=($!)
}
until_true() { # until_true WHAT COMMAND…
    local what=$1
    shift
    for _ in {1..100}; do
        ! "$@" || return 0
        sleep 0.2
    done
    echo "cluster: $what; the daemons' last words:" >&2
    tail -n 5 "$folder"/*.log >&2
    exit 1
}

mapfile -t ports < <(/usr/bin/python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(s.getsockname()[1] for s in sockets), sep="\n")')

mkdir "$folder/state"
cat >"$folder/slurm.conf" <<TEXT
ClusterName=surf
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=root
AuthInfo=socket=$folder/munge.socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/%n.pid
SlurmdSpoolDir=$folder/spool-%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
KillWait=10
NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=4
NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=4
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
PartitionName=graceful Nodes=n1,n2 MaxTime=INFINITE State=UP GraceTime=60
PartitionName=urgent Nodes=n1,n2 MaxTime=INFINITE State=UP PriorityTier=10
TEXT
export SLURM_CONF=$folder/slurm.conf

dd if=/dev/urandom of="$folder/munge.key" bs=128 count=1 status=none
chmod 400 "$folder/munge.key"
start munged munged --foreground --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
until_true "munged does not start" test -S "$folder/munge.socket"
start slurmctld slurmctld -D -i
start n1 slurmd -D -N n1
start n2 slurmd -D -N n2
nodes_are_idle() { [[ $(sinfo --noheader --format=%T:%D 2>/dev/null) == idle:2 ]]; }
until_true "the nodes do not come up" nodes_are_idle

"$@" & # in the background, so that a signal to this script ends all at once
daemons+=($!)
wait $!

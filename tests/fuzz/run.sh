#!/usr/bin/env bash
# Fuzzes every reader of files and texts with libFuzzer; see --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: bash tests/fuzz/run.sh [SECONDS [NAME …]]

Builds tests/fuzz with clang (Debian: apt-get install clang) into build-fuzz/ and runs each fuzzer,
or those of these names, for SECONDS (60) from corpus/NAME. What it tries further is kept in
build-fuzz/corpus/NAME for the next time. Ends with 1 if one found something: the input is
build-fuzz/found/NAME-…, and bin/fuzz_NAME INPUT shows it again.
TEXT
}

if [[ ${1:-} == --help ]]; then
    usage
    exit
fi
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-60}
names=("${@:2}")
if [[ ${#names[@]} -eq 0 ]]; then
    names=(chain idx job network pack safetensors segment trainer_state)
fi
build=$PWD/build-fuzz
cmake --preset fuzz
cmake --build --preset fuzz

scratch=$(mktemp -d -p "$([[ -w /dev/shm ]] && echo /dev/shm || echo /tmp)")
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$build/found"
bad=0
for name in "${names[@]}"; do
    corpus=("$build/corpus/$name")
    mkdir -p "${corpus[0]}"
    seeds=tests/fuzz/corpus/$name
    [[ $name == job ]] && seeds=jobs
    [[ -d $seeds ]] && corpus+=("$seeds")
    TMPDIR=$scratch "$build/bin/fuzz_$name" -max_total_time="$seconds" -len_control=0 -print_final_stats=1 \
        -artifact_prefix="$build/found/$name-" "${corpus[@]}" >"$scratch/log" 2>&1 && code=0 || code=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log")
    echo "fuzz_$name: ${runs:-?} inputs, $([[ $code == 0 ]] && echo "nothing found" || echo "FOUND:")"
    if [[ $code != 0 ]]; then
        bad=1
        grep -v '^#' "$scratch/log" | tail -n 60
    fi
done
exit $bad

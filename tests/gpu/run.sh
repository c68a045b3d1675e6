#!/usr/bin/env bash
# On a GPU machine, in the folder that tests/gpu/pack.sh made: runs everything that needs a GPU; see --help.
set -uo pipefail

if (($# < 1)) || [[ $1 == --help ]]; then
    cat <<'TEXT'
Usage: bash run.sh TORCH_LIB [OUTPUT]

TORCH_LIB is the lib folder of the PyTorch wheel (…/site-packages/torch/lib). Every step's output is kept in
OUTPUT/<step>.log (default: logs), with a summary in OUTPUT/summary.txt; no step hides the next. About 8 minutes.
DEVICE=cpu tries the same steps without a GPU, and gives them more time: about 15 minutes on two cores.
TEXT
    [[ ${1:-} == --help ]] && exit 0 || exit 2
fi
torch=$(realpath "$1")
output=$(realpath -m "${2:-logs}")
device=${DEVICE:-cuda}
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
pack=$PWD
mkdir -p "$output"
[[ -d bin ]] || tar -xzf programs.tar.gz || exit 1

export LD_LIBRARY_PATH=$torch:$pack/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} # the driver may be found by what is set
export OPAL_PREFIX=$pack OPAL_LIBDIR=$pack/lib OPAL_PKGLIBDIR=$pack/lib/openmpi OPAL_DATADIR=$pack/lib \
    OPAL_PKGDATADIR=$pack/lib/openmpi-texts OPAL_SYSCONFDIR=$pack/lib OPAL_BINDIR=$pack/bin
export OMPI_MCA_mca_base_component_show_load_errors=0 OMPI_MCA_plm=isolated
export PMIX_MCA_mca_base_component_path=$pack/lib/pmix PMIX_MCA_mca_base_component_show_load_errors=0
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_io=romio321

patience=1
[[ $device == cpu ]] && patience=6

sweep=(bin/surf_sweep)
demo=(run --job demo.ini --data images --device "$device")
failed=0

# step NAME SECONDS EXPECTED_EXIT_CODE COMMAND…: SECONDS on a GPU.
step() {
    local name=$1 limit=$2 expected=$3 start=$SECONDS code=0
    shift 3
    timeout $((limit * patience)) "$@" >"$output/$name.log" 2>&1 || code=$?
    local verdict=ok
    if ((code != expected)); then
        verdict="FAILED (exit $code, expected $expected)"
        failed=1
    fi
    printf '%-24s %4d s  %s\n' "$name" $((SECONDS - start)) "$verdict" | tee -a "$output/summary.txt"
}

: >"$output/summary.txt"
step driver 20 0 bash -c 'nvidia-smi || echo "no nvidia-smi here"'
step version 60 0 "${sweep[@]}" version
if [[ $device == cuda ]]; then
    step cuda_tests 120 0 bin/test_cuda
    step no_visible_device 60 3 env CUDA_VISIBLE_DEVICES= "${sweep[@]}" "${demo[@]}" --output "$output/none"
fi
# bench NAME FILTER: the figures of some cases, beside the ceiling that their shares are of.
bench() {
    step "$1" 150 0 bin/surf_bench --device "$device" --images images --min-time 0.3 --filter "ceiling|$2" \
        --json "$output/$1.json" --force
}
bench bench_trials 'inversion|baseline'
bench bench_training 'training|snapshots'
if [[ $device == cuda ]]; then
    SURF_CUDA_GRAPHS=off bench bench_without_graphs inversion
fi
step demo_one_process 150 0 "${sweep[@]}" "${demo[@]}" --output "$output/demo"
# The same chain, two ranks: on one GPU they share it, which is warned about.
step two_ranks 90 0 bin/mpirun -n 2 bin/surf_sweep "${demo[@]}" --output "$output/two" --chains "$output/demo/chains"
step cpu_trials 180 0 bin/mpirun -n 8 bin/surf_sweep run --job demo.ini --data images --device cpu \
    --output "$output/cpu" --chains "$output/demo/chains"
cat "$output/summary.txt"
for log in demo_one_process two_ranks cpu_trials; do
    grep -E '^(model|dcgan)|warn' "$output/$log.log"
done
exit "$failed"

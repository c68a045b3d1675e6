#!/usr/bin/env bash
# Installs a build, moves the tree, and uses it from elsewhere:
#
#   tests/install/check.sh CMAKE BUILD_FOLDER
set -euo pipefail
cmake=$1
build=$2

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "install: $*" >&2 && exit 1; }

"$cmake" --install "$build" --prefix "$scratch/first" >"$scratch/log" || fail "$(cat "$scratch/log")"
mkdir "$scratch/elsewhere"
mv "$scratch/first" "$scratch/elsewhere/moved"
tree=$scratch/elsewhere/moved
cd "$scratch"

for file in hdf5_schema/chain.json jobs/demo.ini slurm/sweep.sh slurm/submit.sh analysis/__main__.py analysis/surf_sweep/figures.py README.md LICENSE; do
    [[ -s $tree/share/surf_sweep/$file ]] || fail "$file is not there"
done
[[ -x $tree/share/surf_sweep/slurm/sweep.sh ]] || fail "sweep.sh cannot be started"
[[ ! -e $build/bin/libsurf_cuda.so || -e $tree/bin/libsurf_cuda.so ]] || fail "the plugin for CUDA is not there"

runpath=$(readelf -d "$tree/bin/surf_sweep" | sed -n 's/.*runpath: \[\(.*\)\]/\1/p')
[[ $runpath == '$ORIGIN/../lib'* ]] || fail "RUNPATH is $runpath"
[[ :$runpath: != *:$build* ]] || fail "RUNPATH names the build: $runpath"

version=$("$tree/bin/surf_sweep" --version)
[[ $version == *"surf_sweep "* ]] || fail "--version says $version"
plan=$("$tree/bin/surf_sweep" plan --job "$tree/share/surf_sweep/jobs/demo.ini" --output out)
[[ $plan == *"2 cells in 4 blocks"* ]] || fail "plan says $plan"

# The module, by Tcl itself with what a modulefile calls, so that no module system need be there.
if command -v tclsh >/dev/null; then
    modulefile=$(echo "$tree"/share/modulefiles/surf_sweep/*)
    path=$(tclsh <<TCL
foreach command {module-whatis conflict setenv} { proc \$command args {} }
proc prepend-path {name value} { puts \$value }
set ModulesCurrentModulefile $modulefile
source $modulefile
TCL
    )
    [[ $path == "$tree/bin"$'\n'"$tree/share/surf_sweep/slurm" ]] || fail "the module puts $path in front of PATH"
fi

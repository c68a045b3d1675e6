#!/usr/bin/env bash
# Packs what a GPU machine needs to run tests/gpu/run.sh; see --help.
set -euo pipefail

if (($# < 1)) || [[ $1 == --help ]]; then
    cat <<'TEXT'
Usage: bash tests/gpu/pack.sh FOLDER [BUILD]

Gathers in FOLDER (made anew) the programs of BUILD (default build), the libraries they need that are neither
LibTorch's nor every Linux's, Open MPI's plugins, Fashion-MNIST and the demo job. The other machine needs nothing but an
NVIDIA driver and the PyTorch wheel of the same version: FOLDER/run.sh TORCH/lib runs everything there.
TEXT
    [[ ${1:-} == --help ]] && exit 0 || exit 2
fi
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$1
build=${2:-build}
images=/usr/share/datasets/fashion-mnist
most_mib=60

if [[ -e $folder ]]; then
    echo "pack: $folder exists; remove it or name another folder" >&2
    exit 2
fi
programs=(surf_sweep surf_bench test_cuda)
plugin=libsurf_cuda.so # needs LibTorch's libraries alone
for name in "${programs[@]}" "$plugin"; do
    if [[ ! -x $build/bin/$name ]]; then
        echo "pack: $build/bin/$name is missing; build it first (cmake --build $build)" >&2
        exit 2
    fi
done

mkdir -p "$folder"/{bin,lib,images}
for name in "${programs[@]}" "$plugin"; do
    strip -o "$folder/bin/$name" "$build/bin/$name"
done
for tool in mpirun orted; do # orted: what a process without mpirun starts for itself
    cp "$(readlink -f "$(command -v $tool)")" "$folder/bin/$tool"
done

# Open MPI and PMIx find their plugins below one folder each, wherever that lies.
plugins=$(ompi_info --path pkglibdir --parsable | cut -d: -f3)
cp -rL "$plugins" "$folder/lib/openmpi"
cp -rL "$(dirname "$(ompi_info --path pkgdatadir --parsable | cut -d: -f3)")/openmpi" "$folder/lib/openmpi-texts"
for pmix in /usr/lib/*/pmix*/lib/pmix; do
    [[ -d $pmix ]] && cp -rL "$pmix" "$folder/lib/pmix"
done

# Libraries: not those of the wheel, and not the C run time, which must be the machine's own.
libraries() {
    ldd "$@" 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
        grep -vE '/(torch|nvidia)/|/(libc|libm|libdl|librt|libpthread|libresolv|libutil|ld-linux.*)\.so'
}
while read -r library; do
    cp -L "$library" "$folder/lib/"
done < <(libraries "${programs[@]/#/$build/bin/}" "$folder"/bin/{mpirun,orted} "$folder"/lib/pmix/*.so "$folder"/lib/openmpi/mca_pmix_*.so)

cp "$images"/*.gz "$folder/images/"
cp jobs/demo.ini "$folder/"
cp tests/gpu/run.sh "$folder/"

tar -C "$folder" -czf "$folder/programs.tar.gz" bin lib
rm -r "$folder"/{bin,lib}

mib=$(du -sm "$folder" | cut -f1)
echo "packed $mib MiB in $folder"
if ((mib > most_mib)); then
    echo "pack: more than $most_mib MiB: too much to send" >&2
    exit 1
fi

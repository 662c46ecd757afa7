#!/usr/bin/env bash
# Runs `dumpchk` and `redump` on damaged dumps:
# `bash fuzz/damage.sh [--debug] [--only INDEX] COUNT SEED [MORE DUMPS...]`.
#
# What is done and what must hold is in the header of `fuzz/examples/damage/main.rs`. The programs are built for release
# or, with `--debug`, with checks of overflow. The dumps are the fixtures, former findings and, where they are at hand,
# the corpus (`USERDUMP_SHARED` names the folder that it is in, or it is in `../shared`), the dumps of the debugger that
# the tests have unpacked, and the dumps in further folders. The same dumps make the same variants, so that `--only`
# shows one of them again. `TMPDIR` says where the variants go.
set -euo pipefail
profile=release
only=()
while [[ ${1-} == --* ]]; do
    case $1 in
        --debug) profile=debug ;;
        --only)
            only=(--only "${2-}")
            shift
            ;;
        *) break ;;
    esac
    shift
done
if [[ $# -lt 2 || $1 == --* ]]; then
    echo 'usage: bash fuzz/damage.sh [--debug] [--only INDEX] COUNT SEED [MORE DUMPS...]' >&2
    exit 2
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source fuzz/dumps.sh
if [[ ! ${TMPDIR-} && -w /dev/shm ]]; then
    export TMPDIR=/dev/shm
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
target=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR=$target

dumps=()
# Takes in the dumps of a folder, in an order that does not change.
gather() {
    local file
    while IFS= read -r -d '' file; do
        dumps+=("$file")
    done < <(find -L "$1" -type f -name '*.dmp' -print0 | LC_ALL=C sort -z)
}

each_folder gather "$scratch" "${@:3}"
printf '%d dumps\n' "${#dumps[@]}"

build=(--quiet --features serde --example dumpchk --example redump)
if [[ $profile == release ]]; then
    build+=(--release)
fi
cargo build "${build[@]}"
cargo build --quiet --manifest-path fuzz/Cargo.toml --example damage
"$target/debug/examples/damage" "$target/$profile/examples" "$1" "$2" "${only[@]}" "${dumps[@]}"

#!/usr/bin/env bash
# Runs `dumpchk` and `redump` on damaged dumps:
# `bash fuzz/damage.sh [--debug] [--only INDEX] COUNT SEED [MORE DUMPS...]`.
#
# The header of `fuzz/examples/damage/main.rs` describes the damage and the expectations. The programs are built in release
# mode or, with `--debug`, with overflow checks. The dumps are the fixtures, former findings and, if available, the corpus
# (in the folder that `USERDUMP_SHARED` names, or in `../shared`), the dumps of the debugger that the tests have unpacked,
# and the dumps in further folders. The same dumps result in the same variants, so `--only` can show one of them again.
# The variants are written to `TMPDIR`.
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
# Adds the dumps of a folder, in a stable order.
gather() {
    local file
    while IFS= read -r -d '' file; do
        dumps+=("$file")
    done < <(find -L "$1" -type f -name '*.dmp' -print0 | LC_ALL=C sort -z)
}

each_folder gather "$scratch" "${@:3}"
printf '%d dumps\n' "${#dumps[@]}"

if [[ $profile == release ]]; then
    programs=$target/release/examples
    cargo build --quiet --release --features serde --example dumpchk --example redump
else
    # The programs that tests start. Cargo builds them for every test target, so after `cargo test` nothing is compiled again.
    programs=$target/debug
    cargo test --quiet --no-run -p userdump-tests -p userdump-benches --test serialised
fi
cargo build --quiet --manifest-path fuzz/Cargo.toml --example damage
"$target/debug/examples/damage" "$programs" "$1" "$2" "${only[@]}" "${dumps[@]}"

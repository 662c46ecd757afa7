#!/usr/bin/env bash
# Runs `dumpchk` and `redump` on damaged dumps:
# `bash fuzz/damage.sh [--debug] [--only INDEX] COUNT SEED [MORE DUMPS...]`.
#
# The header of `fuzz/examples/damage/main.rs` describes the damage and the expectations. The programs are built in release
# mode or, with `--debug`, with overflow checks. The dumps are the fixtures, former findings and, if available, the corpus
# (in the folder that `USERDUMP_SHARED` names, or in `../shared`), the dumps of the debugger that the tests have unpacked,
# and the dumps in further folders. The same dumps result in the same variants, so `--only` can show one of them again.
# The variants are written to `TMPDIR`.

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

build=(--quiet --features serde --example dumpchk --example redump)
if [[ $profile == release ]]; then
    build+=(--release)
fi
cargo build "${build[@]}"
cargo build --quiet --manifest-path fuzz/Cargo.toml --example damage
"$target/debug/examples/damage" "$target/$profile/examples" "$1" "$2" "${only[@]}" "${dumps[@]}"

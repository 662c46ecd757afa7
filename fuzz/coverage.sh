#!/usr/bin/env bash
# Tells what a corpus reaches: `bash fuzz/coverage.sh FOLDER [TARGETS...]`, FOLDER as `fuzz/seeds.sh` fills it and a run of
# a target grows it. Without targets: `open`, `redump`, `full_user_dump`.
#
# For each folder of the source it prints the functions that ran and the edges of their control flow, of all that are in the
# target. Code that was inlined counts where it went; what is instantiated from other crates is not counted, nor is what
# the linker left out. Checks that never fail have edges too, so the numbers are for comparing corpora.
#
# These are the fuzzer's own counters, which need no more than fuzzing does, and a symbolizer (llvm-symbolizer, or
# binutils' addr2line). Lines and regions come from `cargo fuzz coverage`, where the nightly toolchain has its component
# llvm-tools; tools of another version of LLVM do not read its profiles.
set -euo pipefail
if [[ $# == 0 ]]; then
    echo 'usage: bash fuzz/coverage.sh FOLDER [TARGETS...]' >&2
    exit 2
fi
corpus=$(cd "$1" && pwd)
targets=("${@:2}")
if [[ ${#targets[@]} == 0 ]]; then
    targets=(open redump full_user_dump)
fi
if ! command -v llvm-symbolizer >/dev/null && ! command -v addr2line >/dev/null; then
    echo 'there is neither llvm-symbolizer nor addr2line to name functions with' >&2
    exit 1
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TERM_COLOR=never ASAN_OPTIONS=quarantine_size_mb=16:allow_addr2line=1
target_dir=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for target in "${targets[@]}"; do
    # The fuzzer writes nothing without runs, but for a folder that cargo-fuzz makes.
    if ! cargo +nightly fuzz run --target-dir "$target_dir" "$target" "$corpus" -- \
        -runs=0 -print_coverage=1 -max_len=1048576 -artifact_prefix="$scratch/" >"$scratch/log" 2>&1; then
        cat "$scratch/log" >&2
        exit 1
    fi
    rmdir -p --ignore-fail-on-non-empty "fuzz/artifacts/$target" 2>/dev/null || true
    printf '%s: %s\n' "$target" "$(grep -m1 -o 'INITED cov: .*corp: [^ ]*' "$scratch/log")"
    # Lines as: COVERED_FUNC: hits: 5 edges: 18/69 NAME /FOLDER/src/read/utf8.rs:31
    grep -E '^(UN)?COVERED_FUNC: ' "$scratch/log" | sed -n "s|^.* edges: \([0-9]*\)/\([0-9]*\) .* $PWD/src/\(.*\)\.rs:[0-9]*\$|\1 \2 src/\3|p" |
        awk '
            {
                folder = $3
                sub("/[^/]*$", "", folder)
                for (;;) {
                    functions[folder]++; ran[folder] += $1 > 0; edges[folder] += $2; passed[folder] += $1
                    if (!sub("/[^/]*$", "", folder)) break
                }
            }
            END {
                for (folder in functions)
                    printf "  %-30s %5d of %5d functions (%3d %%) %6d of %6d edges (%3d %%)\n", folder, ran[folder],
                        functions[folder], 100 * ran[folder] / functions[folder], passed[folder], edges[folder],
                        100 * passed[folder] / edges[folder]
            }' | LC_ALL=C sort
done

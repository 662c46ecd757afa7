#!/usr/bin/env bash
# Measures the coverage of a corpus: `bash fuzz/coverage.sh FOLDER [TARGETS...]`. FOLDER is filled by `fuzz/seeds.sh`, and
# grows with each run of a target. The default targets are `open`, `redump` and `full_user_dump`.
#
# For each folder of the source it prints how many of the functions and of the control flow edges in the target were
# executed. Inlined code counts where it was inlined. Code that is instantiated from other crates, or removed by the
# linker, is not counted. Checks that never fail have edges too, so the numbers are only useful to compare corpora.
#
# These are the fuzzer's own counters, which only need a symbolizer (llvm-symbolizer, or binutils' addr2line) in addition
# to what fuzzing needs. `cargo fuzz coverage` reports lines and regions if the nightly toolchain has the component
# llvm-tools; tools of another LLVM version cannot read its profiles.
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
    # Without runs, the fuzzer writes nothing except a folder that cargo-fuzz creates.
    if ! cargo +nightly fuzz run --target-dir "$target_dir" "$target" "$corpus" -- \
        -runs=0 -print_coverage=1 -max_len=1048576 -artifact_prefix="$scratch/" >"$scratch/log" 2>&1; then
        cat "$scratch/log" >&2
        exit 1
    fi
    rmdir -p --ignore-fail-on-non-empty "fuzz/artifacts/$target" 2>/dev/null || true
    printf '%s: %s\n' "$target" "$(grep -m1 -o 'INITED cov: .*corp: [^ ]*' "$scratch/log")"
    # Lines such as: COVERED_FUNC: hits: 5 edges: 18/69 NAME /FOLDER/src/read/utf8.rs:31
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

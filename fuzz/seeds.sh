#!/usr/bin/env bash
# Collects seeds for the fuzz targets: `bash fuzz/seeds.sh FOLDER [MORE DUMPS...]`.
#
# They are dumps that the builders make from made-up processes, the fixtures, former findings and, if available, the corpus
# (in the folder that `USERDUMP_SHARED` names, or in `../shared`), the dumps of the debugger that the tests have unpacked,
# and the dumps in further folders. Large dumps are left out.

# Copies the small files of a folder, named after their contents, so that there are no duplicates.
merge() {
    local file
    while IFS= read -r -d '' file; do
        cp "$file" "$to/$(sha1sum <"$file" | cut -d' ' -f1)"
    done < <(find "$1" -type f -not -name README.md -not -name '*.zst' -size "-$largest" -print0)
}

cargo run --quiet --manifest-path fuzz/Cargo.toml --example seeds -- "$to"
each_folder merge "$scratch" "${@:2}"
printf '%d seeds\n' "$(find "$to" -type f | wc -l)"

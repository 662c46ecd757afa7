# Finds dumps for the other scripts in this folder, which read this file with `source` in the root of the repository.

# each_folder TAKE SCRATCH [MORE DUMPS...]: calls TAKE with each folder that has dumps: the fixtures and former findings,
# the corpus, packed fixtures (unpacked into SCRATCH), dumps that the tests have unpacked, and further folders.
each_folder() {
    local take=$1 scratch=$2 shared=${USERDUMP_SHARED:-../shared} archive folder
    "$take" tests/fixtures
    if [[ -d $shared ]]; then
        "$take" "$shared/corpus"
    else
        echo "skipped: the corpus; there is no folder $shared" >&2
    fi
    if command -v zstd >/dev/null; then
        for archive in tests/fixtures/*.tar.zst; do
            zstd -dcq --long=27 "$archive" | tar -xf - -C "$scratch"
        done
        "$take" "$scratch"
    else
        echo 'skipped: packed fixtures; there is no zstd' >&2
    fi
    # The folder in which the tests unpack the dumps of the debugger, and the folders that the caller names.
    for folder in "${CARGO_TARGET_DIR:-target}"/tmp/golden*/ "${@:3}"; do
        if [[ -d $folder ]]; then
            "$take" "$folder"
        fi
    done
}

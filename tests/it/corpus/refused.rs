//! The dumps that some other reader rejects, by name, and what re-encoding saves of each.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use userdump::redump::redump;
use userdump::{Dump, RedumpError};

use crate::redump_corpus::all_of_it_is_in;
use crate::support::facts::Facts;
use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    trials![what_other_readers_refuse_is_saved]
}

/// Threads and modules as reported by the readers that read the dump, and by the decisions of the tests in `corpus`.
/// All memory is saved as well.
const SAVED: [(&str, usize, usize); 44] = [
    ("real/invalid-range.dmp", 0, 0),
    ("real/invalid-record-count.dmp", 0, 0),
    ("real/breakpad-exec-av-on-stack.dmp", 2, 26),
    ("real/symbolic-crash-macos.dmp", 1, 43),
    ("real/lldb-bad-duplicate-streams.dmp", 1, 10),
    ("llvm-tests/lldb-facebook-streams.dmp", 0, 0),
    ("llvm-tests/lldb-dump-content.dmp", 0, 0),
    ("llvm-tests/lldb-arm-linux.dmp", 1, 0),
    ("llvm-tests/lldb-arm64-macos.dmp", 1, 0),
    ("llvm-tests/lldb-linux-arm-partial-uuids-match.dmp", 0, 1),
    ("llvm-tests/lldb-linux-arm-build-id-16.dmp", 0, 2),
    ("llvm-tests/lldb-linux-arm-build-id-20.dmp", 0, 2),
    ("llvm-tests/lldb-linux-arm-uuids-with-age.dmp", 0, 2),
    ("llvm-tests/lldb-regions-linux-map.dmp", 0, 0),
    ("llvm-tests/lldb-memory-list-not-padded.dmp", 0, 0),
    ("llvm-tests/lldb-memory-list-padded.dmp", 0, 0),
    ("llvm-tests/lldb-module-list-not-padded.dmp", 0, 2),
    ("llvm-tests/lldb-module-list-padded.dmp", 0, 2),
    ("llvm-tests/lldb-thread-list-padded.dmp", 2, 0),
    ("llvm-tests/lldb-modules-dup-min-addr.dmp", 0, 2),
    ("llvm-tests/lldb-regions-memlist.dmp", 0, 0),
    ("llvm-tests/lldb-regions-memlist64.dmp", 0, 0),
    ("real/syzygy-notepad-larger-32bit.dmp", 1, 22),
    ("llvm-tests/lldb-yaml-find-module.dmp", 0, 1),
    ("llvm-tests/lldb-yaml-linux-x86_64.dmp", 0, 1),
    ("llvm-tests/lldb-yaml-relative-module-name.dmp", 0, 1),
    ("synthetic/cut-windows-amd64-memory64.dmp", 2, 2),
    ("synthetic/synth-be-linux-amd64-many-streams.dmp", 1, 2),
    ("synthetic/synth-be-windows-amd64-memory64.dmp", 1, 0),
    ("synthetic/synth-le-linux-amd64-many-streams.dmp", 1, 2),
    ("synthetic/synth-le-windows-amd64-memory64.dmp", 1, 0),
    ("synthetic/yaml-android-arm64.dmp", 1, 2),
    ("synthetic/yaml-duplicate-stream-types.dmp", 1, 0),
    ("synthetic/yaml-linux-mips.dmp", 1, 2),
    ("synthetic/yaml-linux-ppc64.dmp", 1, 2),
    ("synthetic/yaml-linux-riscv64.dmp", 1, 2),
    ("synthetic/yaml-macos-ppc.dmp", 1, 2),
    ("synthetic/yaml-memory32-and-memory64.dmp", 1, 0),
    ("synthetic/yaml-no-streams-but-system-info.dmp", 0, 0),
    ("synthetic/yaml-no-threads.dmp", 0, 1),
    ("synthetic/yaml-overlapping-memory.dmp", 1, 0),
    ("synthetic/yaml-solaris-sparc.dmp", 1, 2),
    ("synthetic/yaml-windows-amd64-memory64.dmp", 2, 2),
    ("synthetic/yaml-windows-x86-every-raw-stream.dmp", 2, 2),
];

/// This version cannot re-encode any of these, and reports that.
const BIG_ENDIAN: &str = "synthetic/synth-be-";
/// Its ranges disagree about bytes: the first one takes precedence at each address.
const DISAGREEING: &str = "synthetic/yaml-overlapping-memory.dmp";

fn what_other_readers_refuse_is_saved(shared: &Shared) {
    let saved: BTreeMap<&str, (usize, usize)> =
        SAVED.iter().map(|(file, threads, modules)| (*file, (*threads, *modules))).collect();
    let mut seen = 0;
    for row in shared.corpus().into_iter().filter(|row| !row.failing.is_empty()) {
        let file = row.file.as_str();
        let expected = *saved.get(file).unwrap_or_else(|| panic!("{file} has no row here: {}", row.failing));
        seen += 1;
        let (source, mut out) = (shared.corpus_file(&row), Vec::new());
        let options = "/mAhut".parse().expect("the options are known");
        let result = redump(&Dump::parse(&source).expect("the header is valid"), &options, &mut out);
        if file.starts_with(BIG_ENDIAN) {
            assert!(matches!(result, Err(RedumpError::Unsupported { .. })), "{file}: {result:?}");
            continue;
        }
        result.unwrap_or_else(|error| panic!("{file}: {error}"));
        let (before, after) = (Facts::of(&source), Facts::of(&out));
        assert_eq!((after.threads().len(), after.modules().len()), expected, "{file}");
        if file != DISAGREEING {
            let ranges = before.ranges().into_iter().map(|range| (range.address, range.bytes.0));
            all_of_it_is_in(&out, ranges, false, file);
        }
    }
    assert_eq!(seen, SAVED.len());
}

//! Why we and the peer read some things differently. In each case we read what the file holds; the peer leaves
//! something out, or takes the other of two.

/// The kind and field that differ in a file, how often, and why.
pub type Reason = (&'static str, &'static str, usize, &'static str);

const LAST_STREAM: &str = "of two streams of one type we take the first and list both; the peer only has the last";
const CUT: &str = "the end of the file cuts two of the ranges, and the peer drops the whole list";
const LETTERS: &str = "the signature is stored as the letters RSDS, and the peer expects a big-endian number";
const RISC_V: &str = "the peer has no layout for RISC-V";
const FIRST_RANGE: &str = "the first of overlapping ranges takes precedence, but the peer's index prefers a later one";
const EMPTY_RANGE: &str = "the peer drops empty ranges";
const NO_NAME: &str = "the RVAs of the names are 0, and the peer drops the whole list";

const OF_THE_CORPUS: [(&str, &[Reason]); 7] = [
    (
        "real/lldb-bad-duplicate-streams.dmp",
        &[
            ("list", "only ours", 1, LAST_STREAM),
            ("thread", "only ours", 1, LAST_STREAM),
            ("context", "only ours", 1, LAST_STREAM),
        ],
    ),
    (
        "synthetic/cut-windows-amd64-memory64.dmp",
        &[
            ("list", "only ours", 1, CUT),
            ("64-bit range", "only ours", 5, CUT),
            ("memory", "first", 10, CUT),
            ("memory", "all", 10, CUT),
        ],
    ),
    (
        "synthetic/synth-be-linux-amd64-many-streams.dmp",
        &[("module", "code view", 1, LETTERS), ("module", "debug id", 1, LETTERS), ("module", "code id", 1, LETTERS)],
    ),
    (
        "synthetic/yaml-duplicate-stream-types.dmp",
        &[
            ("system info", "architecture", 1, LAST_STREAM),
            ("thread", "only ours", 1, LAST_STREAM),
            ("thread", "only theirs", 1, LAST_STREAM),
            ("context", "only ours", 1, LAST_STREAM),
        ],
    ),
    ("synthetic/yaml-linux-riscv64.dmp", &[("context", "only ours", 2, RISC_V)]),
    (
        "synthetic/yaml-overlapping-memory.dmp",
        &[
            ("memory range", "only ours", 1, EMPTY_RANGE),
            ("memory", "first", 13, FIRST_RANGE),
            ("memory", "all", 13, FIRST_RANGE),
        ],
    ),
    (
        "synthetic/yaml-windows-x86-every-raw-stream.dmp",
        &[("list", "only ours", 1, NO_NAME), ("unloaded module", "only ours", 2, NO_NAME)],
    ),
];

const WITHOUT_FLAG: &str =
    "the debugger fills in the name of the producer without setting its flag, and the peer checks the flag";
const ARM: &str = "of ARM contexts the peer only knows Breakpad's of 368 bytes, not Windows' of 416";
const EXTENDED: &str = "stacks have sign-extended addresses and ranges do not: on 32-bit targets they are equal";

/// The reasons for one file.
pub fn of(file: &str) -> Vec<Reason> {
    let listed = OF_THE_CORPUS.iter().find(|(name, _)| *name == file).map_or([].as_slice(), |(_, reasons)| reasons);
    let mut reasons = listed.to_vec();
    let folder = file.split_once('/').map_or(file, |(folder, _)| folder);
    if by_the_debugger(folder) {
        reasons.push(("misc info", "producer", 1, WITHOUT_FLAG));
    }
    if folder == "synth-arm-from-arm" || file == "synth-arm/arm.dmp" {
        reasons.push(("context", "only ours", 9, ARM));
    }
    if folder == "synth32-from-high_stack" {
        reasons.push(("thread", "stack bytes", 2, EXTENDED));
    }
    if folder == "highstack32-from-ma" {
        reasons.push(("thread", "stack bytes", 1, EXTENDED));
    }
    reasons
}

/// True for the fixtures and golden dumps, except those that were assembled for the debugger to read.
fn by_the_debugger(folder: &str) -> bool {
    let of_the_corpus = ["real", "llvm-tests", "synthetic"].contains(&folder);
    !of_the_corpus && (folder.contains("-from-") || !folder.starts_with("synth"))
}

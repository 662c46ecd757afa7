//! The letters of the debugger's `.dump`, for the help of programs that take them.

/// What each letter adds. A test compares them with what the library accepts.
pub const LETTERS: [(char, &str); 22] = [
    ('f', "all memory that the dump has"),
    ('F', "the list of memory regions, with their states and protections"),
    ('h', "handles"),
    ('t', "times and states of threads"),
    ('u', "unloaded modules"),
    ('i', "memory that stacks point to"),
    ('p', "process and thread environment blocks, and what they point to"),
    ('w', "private memory that can be written or executed"),
    ('d', "writable data of modules"),
    ('c', "code of modules"),
    ('e', "headers of images, and what their data directories describe"),
    ('y', "extended processor state, such as AVX registers"),
    ('T', "the processor trace"),
    ('a', "everything: the same as fFhutyT"),
    ('A', "the same as a"),
    ('P', "with A: partial pages, in the flags only"),
    ('N', "an error where full memory is missing, instead of going on"),
    ('r', "remove what a stack trace does not need from stacks, and streams that may hold what a user typed"),
    ('R', "remove folders from paths"),
    ('s', "a triage dump: as r and R, and what stack traces do not need is aa in stacks and registers"),
    ('M', "the flag for no auxiliary state, and nothing else"),
    ('D', "nothing; accepted as in the debugger"),
];

/// A line for each letter.
pub fn lines() -> String {
    LETTERS.iter().map(|(letter, adds)| format!("  {letter}  {adds}\n")).collect()
}

//! The letters of the debugger's `.dump`, for the help of programs that accept them.

/// What each letter adds. A test compares the letters with those that the library accepts.
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
    ('N', "fail if full memory is missing, instead of writing the dump without it"),
    ('r', "remove from stacks what a stack trace does not need, and remove streams that may contain user input"),
    ('R', "remove folders from paths"),
    ('s', "a triage dump: like r and R; bytes of stacks and registers that a stack trace does not need become aa"),
    ('M', "nothing but the flag WITHOUT_AUXILIARY_STATE"),
    ('D', "nothing; accepted as in the debugger"),
];

/// Returns one line for each letter.
pub fn lines() -> String {
    LETTERS.iter().map(|(letter, adds)| format!("  {letter}  {adds}\n")).collect()
}

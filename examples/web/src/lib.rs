//! The module of the page: opens a dump, describes it, plans a smaller one and writes it.
//!
//! `exports` has the functions that the page calls. Everything else is ordinary code that also runs, and is tested, on
//! the host. `cargo run -p userdump-web` builds the page; `src/main.rs` does that.

#![deny(unsafe_code)]

mod choices;
mod contents;
// `dumpchk` uses more of these modules.
#[allow(dead_code)]
#[path = "../../dumpchk/exceptions.rs"]
mod exceptions;
#[allow(dead_code)]
#[path = "../../redump/explain.rs"]
mod explain;
mod exports;
#[allow(dead_code)]
#[path = "../../dumpchk/findings.rs"]
mod findings;
mod leaving;
#[allow(dead_code)]
#[path = "../../support/letters.rs"]
mod letters;
#[allow(dead_code)]
#[path = "../../dumpchk/names.rs"]
mod names;
mod page;
mod privacy;
#[path = "../../sanitise/remains.rs"]
mod remains;
#[path = "../../dumpchk/stacks.rs"]
mod stacks;
mod strings;
#[path = "../../dumpchk/text.rs"]
mod text;
#[allow(dead_code)]
#[path = "../../dumpchk/triage.rs"]
mod triage;
#[path = "../../dumpchk/wow64.rs"]
mod wow64;

#[cfg(test)]
mod tests;

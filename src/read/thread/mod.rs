//! Threads: the plain and the extended list, times and states, names, and stacks.

pub(crate) mod extended;
pub(crate) mod list;
pub(crate) mod of_dump;
pub(crate) mod triage;

pub use extended::{ThreadEx, ThreadExList};
pub use list::{Thread, ThreadInfo, ThreadInfoList, ThreadList, ThreadName, ThreadNames};
pub use triage::StackWords;

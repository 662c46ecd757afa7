//! The thread that crashed.

use libtest_mimic::Trial;

use crate::support::forms::in_every_form;
use crate::support::trials;
use crate::synth::{Dump, Exception, Part, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        it_is_that_of_the_first_exception,
        without_an_exception_it_is_the_one_that_asked_for_the_dump,
        an_exception_that_cannot_be_read_does_not_count,
        it_may_be_an_extended_thread,
        it_need_not_be_in_a_list,
    ]
}

fn exception(thread: u32) -> Exception {
    Exception { context: Part::None, ..Exception::new(thread, 1, 2) }
}

/// Checks the ID of the thread that crashed, and its environment block if the thread is in a list.
fn crashed(dump: impl Fn() -> Dump, expected: (Option<u32>, Option<u64>)) {
    in_every_form(
        |_| dump(),
        |dump, _| assert_eq!((dump.crashed_thread_id(), dump.crashed_thread().map(|thread| thread.teb())), expected),
    );
}

fn thread(id: u32) -> Thread {
    Thread { teb: u64::from(id) << 12, ..Thread::new(id) }
}

/// Validity, dumping thread, requesting thread, in the byte order of the form.
fn breakpad(dump: Dump, validity: u32) -> Dump {
    dump.written(0x4767_0001, move |bytes| {
        bytes.u32(validity).u32(7).u32(8);
    })
}

fn it_is_that_of_the_first_exception() {
    crashed(|| Dump::new().thread(thread(7)).thread(thread(8)).exception(exception(8)), (Some(8), Some(0x8000)));
    let two = || Dump::new().thread(thread(7)).thread(thread(8)).exception(exception(7)).exception(exception(8));
    crashed(two, (Some(7), Some(0x7000)));
    crashed(|| breakpad(Dump::new().thread(thread(9)).exception(exception(9)), 3), (Some(9), Some(0x9000)));
}

fn without_an_exception_it_is_the_one_that_asked_for_the_dump() {
    let threads = || Dump::new().thread(thread(7)).thread(thread(8));
    crashed(|| breakpad(threads(), 2), (Some(8), Some(0x8000)));
    crashed(|| breakpad(threads(), 3), (Some(8), Some(0x8000)));
    crashed(|| breakpad(threads(), 1), (None, None));
    crashed(threads, (None, None));
}

fn an_exception_that_cannot_be_read_does_not_count() {
    let dump = || Dump::new().thread(thread(8)).raw(6, [0; 100]);
    crashed(dump, (None, None));
    crashed(|| breakpad(dump(), 2), (Some(8), Some(0x8000)));
}

fn it_may_be_an_extended_thread() {
    crashed(|| Dump::new().thread(thread(7)).thread_ex(thread(8)).exception(exception(8)), (Some(8), Some(0x8000)));
}

fn it_need_not_be_in_a_list() {
    crashed(|| Dump::new().thread(thread(7)).exception(exception(8)), (Some(8), None));
    crashed(|| Dump::new().exception(exception(8)), (Some(8), None));
}

//! The functions that the page calls.
//!
//! A call works like this: `page_input` returns a place for so many bytes, the page copies them there, and another function
//! uses them. `page_output` and `page_output_size` say where its answer is. The module owns both buffers, and the page
//! accesses them in the module's memory, so no function takes a pointer and none of them has an `unsafe` block.
//!
//! The status is 0 if the output is what was asked for, and 1 if it is an error message.

// `no_mangle` counts as unsafe because another function might have the same name. These have a prefix of their own.
#![allow(unsafe_code)]

use std::cell::RefCell;

use crate::page::Page;

thread_local! {
    // A module has one thread.
    static PAGE: RefCell<Page> = RefCell::default();
}

fn with<T>(work: impl FnOnce(&mut Page) -> T) -> T {
    PAGE.with_borrow_mut(work)
}

/// Returns the address of an input buffer of `size` bytes, or null if there is not enough memory.
#[unsafe(no_mangle)]
pub extern "C" fn page_input(size: usize) -> *mut u8 {
    with(|page| page.input(size).map_or(std::ptr::null_mut(), <[u8]>::as_mut_ptr))
}

/// Opens the input as a dump. The output is its description, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn page_open() -> u32 {
    with(|page| page.answer(Page::open))
}

/// Plans a result with the options in the input. The output is what would be in it, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn page_plan() -> u32 {
    with(|page| page.answer(Page::plan))
}

/// Makes a result with the options in the input. The output is the result.
#[unsafe(no_mangle)]
pub extern "C" fn page_write() -> u32 {
    with(|page| page.answer(Page::write))
}

/// Makes a result with the options in the input. The output is the readable text in it, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn page_strings() -> u32 {
    with(|page| page.answer(Page::strings))
}

/// Returns the address of the output.
#[unsafe(no_mangle)]
pub extern "C" fn page_output() -> *const u8 {
    with(|page| page.output().as_ptr())
}

/// Returns the size of the output in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn page_output_size() -> usize {
    with(|page| page.output().len())
}

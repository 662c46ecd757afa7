//! Builds the library where there is no standard library.

use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::command::{cargo, of, run};

/// A crate that defines a panic handler cannot be built if any of its dependencies uses `std`.
const SOURCE: &str = r#"#![no_std]

use core::alloc::{GlobalAlloc, Layout};

struct Nothing;

unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Nothing = Nothing;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

pub fn streams(data: &[u8]) -> usize {
    userdump::Minidump::parse(data).map_or(0, |dump| dump.streams().count())
}
"#;

const MANIFEST: &str = r#"[package]
name = "without-std"
edition = "2024"

[lib]
crate-type = ["staticlib"]

[profile.dev]
panic = "abort"

[dependencies.userdump]
default-features = false
"#;

pub fn check() -> Outcome {
    // Nothing runs it, so it need not be optimised.
    let plain = ["--config", "profile.dev.package.userdump.opt-level=0"];
    cargo(&[&["build", "--quiet", "-p", "userdump", "--no-default-features"], &plain[..]].concat())?;
    let folder = std::env::temp_dir().join(format!("userdump-without-std-{}", std::process::id()));
    let result = of_folder(&folder);
    // What is left of it is in a folder for temporary files.
    let _ = fs::remove_dir_all(&folder);
    result
}

fn of_folder(folder: &Path) -> Outcome {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let root = std::env::current_dir().map_err(failed)?;
    fs::create_dir_all(folder.join("src")).map_err(failed)?;
    // A literal string: Windows paths contain backslashes.
    fs::write(folder.join("Cargo.toml"), format!("{MANIFEST}path = '{}'\n", root.display())).map_err(failed)?;
    fs::write(folder.join("src/lib.rs"), SOURCE).map_err(failed)?;
    fs::copy("Cargo.lock", folder.join("Cargo.lock")).map_err(failed)?;
    let mut command = of(&["check", "--quiet"]);
    command.current_dir(folder);
    run(command)
}

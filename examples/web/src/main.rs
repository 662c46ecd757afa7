//! Builds the page: one HTML file that has everything, and that also works when it is opened from a disk.
//!
//! ```text
//! $ cargo run -p userdump-web -- userdump.html
//! userdump.html: 660 KB. The module has 1216 KB, 474 KB compressed
//! ```
//!
//! It builds the module for WebAssembly first, for which `rustup target add wasm32-unknown-unknown` installs the standard library.
//! With `--module FILE`, the page gets that module instead.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

/// The largest module in bytes, compressed as it is in the page: nobody should have to wait for it. `.ci/systems` also limits
/// the module that it builds.
const LARGEST: usize = 600_000;
const TARGET: &str = "wasm32-unknown-unknown";
const USAGE: &str = "usage: cargo run -p userdump-web -- [--module FILE] OUTPUT";

const PAGE: &str = include_str!("../page/index.html");
/// What the page has in place of each of these lines.
const PARTS: [(&str, &str); 4] = [
    ("/* style.css */", include_str!("../page/style.css")),
    ("/* worker.js */", include_str!("../page/worker.js")),
    ("/* view.js */", include_str!("../page/view.js")),
    ("/* page.js */", include_str!("../page/page.js")),
];
const MODULE: &str = "userdump_web.wasm, compressed, as base64";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["--module", module, output] => page(Path::new(module), Path::new(output)),
        [output] if !output.starts_with('-') => build().and_then(|module| page(&module, Path::new(output))),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the module, and returns its path.
fn build() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = std::path::absolute(folder).map_err(|error| error.to_string())?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&root).args([
        "build",
        "--package",
        "userdump-web",
        "--lib",
        "--profile",
        "web",
        "--target",
        TARGET,
    ]);
    let status = cargo.arg("--target-dir").arg(&folder).status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(format!("the module was not built. Is the target installed? rustup target add {TARGET}"));
    }
    Ok(folder.join(TARGET).join("web").join("userdump_web.wasm"))
}

/// Writes the page with this module.
fn page(module: &Path, output: &Path) -> Result<(), String> {
    let bytes = fs::read(module).map_err(|error| format!("{}: {error}", module.display()))?;
    // Browsers unpack this form themselves.
    let compressed = miniz_oxide::deflate::compress_to_vec_zlib(&bytes, 10);
    if compressed.len() > LARGEST {
        return Err(format!("{}: {} bytes when compressed, more than {LARGEST}", module.display(), compressed.len()));
    }
    let text = with_parts(PAGE, &PARTS)?;
    let text = with_parts(&text, &[(MODULE, &base64(&compressed))])?;
    fs::write(output, &text).map_err(|error| format!("{}: {error}", output.display()))?;
    let [page, module, compressed] = [text.len(), bytes.len(), compressed.len()].map(|size| size / 1000);
    println!("{}: {page} KB. The module has {module} KB, {compressed} KB compressed", output.display());
    Ok(())
}

/// Replaces each of the names by its text. Each has to be there once.
fn with_parts(page: &str, parts: &[(&str, &str)]) -> Result<String, String> {
    let mut text = page.to_owned();
    for (name, part) in parts {
        if text.matches(name).count() != 1 {
            return Err(format!("the page does not have {name:?} once"));
        }
        text = text.replace(name, part);
    }
    Ok(text)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let three = [0, 1, 2].map(|at| group.get(at).map_or(0, |byte| u32::from(*byte)));
        let bits = three.into_iter().fold(0, |bits, byte| bits << 8 | byte);
        for digit in 0..4 {
            let is_there = digit <= group.len();
            let index = (bits >> (18 - 6 * digit) & 63) as usize;
            text.push(if is_there { char::from(DIGITS[index]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{MODULE, PAGE, PARTS, base64, with_parts};

    #[test]
    fn the_page_has_all_parts() {
        let page = with_parts(PAGE, &PARTS).unwrap();
        let page = with_parts(&page, &[(MODULE, "AAAA")]).unwrap();
        // Nothing comes from elsewhere, and the policy says so.
        assert!(page.contains("default-src 'none'") && !page.contains("://"));
        assert_eq!(page.matches("<script").count(), page.matches("</script>").count());
        assert!(with_parts("a a", &[("a", "b")]).is_err() && with_parts("a", &[("b", "c")]).is_err());
    }

    /// The vectors of RFC 4648.
    #[test]
    fn base64_is_that_of_the_standard() {
        let vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (length, wanted) in vectors.into_iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), wanted);
        }
    }
}

//! Finds the input dumps.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, Read};
use std::path::{Component, Path, PathBuf, absolute};

/// The file extensions of dumps.
const ENDINGS: [&str; 3] = ["dmp", "mdmp", "hdmp"];

/// The maximum length of a line in bytes. No system has longer paths.
const LONGEST_LINE: u64 = 64 << 10;

/// A dump, and the path of its result.
#[derive(Debug)]
pub struct Input {
    pub path: PathBuf,
    /// The path of the result relative to the output folder, or the reason why there is no dump.
    pub below: Result<PathBuf, String>,
}

impl Input {
    /// Returns a dump that is named directly, not found in a folder.
    pub fn named(path: PathBuf, base: Option<&Path>) -> Self {
        let below = match base {
            Some(base) => below(&path, base),
            None => path.file_name().map(PathBuf::from).ok_or_else(|| "not a file name".to_owned()),
        };
        Self { path, below }
    }
}

/// Returns the dumps of a path: the file itself, or all dumps in the folder in the order of their names, except those in
/// `output`.
pub fn found(path: &Path, base: Option<&Path>, output: &Path) -> Vec<Input> {
    if !path.is_dir() {
        return vec![Input::named(path.to_owned(), base)];
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        let entries = entries.unwrap_or_else(|error| {
            found.push(Input { path: folder, below: Err(error.to_string()) });
            Vec::new()
        });
        for entry in entries {
            let entry_path = entry.path();
            // Links to folders are not followed, because they may form a cycle.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let is_output = fs::canonicalize(&entry_path).is_ok_and(|path| path == output);
                folders.extend((!is_output).then_some(entry_path));
            } else if is_dump(&entry_path) {
                let below = below(&entry_path, base.unwrap_or(path));
                found.push(Input { path: entry_path, below });
            }
        }
    }
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    found
}

fn is_dump(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|dump| ending.eq_ignore_ascii_case(dump)))
}

/// Returns a path relative to a folder. Fails if the path leads out of the folder.
fn below(path: &Path, folder: &Path) -> Result<PathBuf, String> {
    let [full, start] = [path, folder].map(|path| absolute(path).unwrap_or(path.to_owned()));
    let below = full.strip_prefix(start).map_err(|_| format!("not below {}", folder.display()))?;
    let is_plain = below.components().all(|part| matches!(part, Component::Normal(_)));
    let is_file = below.file_name().is_some();
    if is_plain && is_file {
        Ok(below.to_owned())
    } else {
        Err(format!("not below {}, or not a file name", folder.display()))
    }
}

/// Returns an input for each line, with LF or CRLF at its end. A line that is too long to be a path is also an input, so that
/// each line gets an answer.
pub fn lines<'a>(
    mut source: impl BufRead + 'a,
    base: Option<&'a Path>,
) -> impl Iterator<Item = io::Result<Input>> + 'a {
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        match source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LONGEST_LINE {
            line.truncate(64);
            return Some(source.skip_until(b'\n').map(|_| Input {
                path: PathBuf::from(text(line)),
                below: Err(format!("a line of more than {LONGEST_LINE} bytes is not a path")),
            }));
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        Some(Ok(Input::named(PathBuf::from(text(line)), base)))
    })
}

#[cfg(unix)]
fn text(line: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(line)
}

#[cfg(not(unix))]
fn text(line: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&line).into_owned().into()
}

//! Makes up file names that no other file has.

use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns `NAME_PID_YYYY-MM-DD_HH-MM-SS-mmm_TTTT` with the extension of the name, as the debugger names files with
/// `/u`: the ID of the dumped process, the time (here in UTC), and the ID of the writing process. Both IDs are in
/// hexadecimal.
pub fn unique(path: &Path, dumped: u32, now: SystemTime) -> PathBuf {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since.as_secs(), since.subsec_millis());
    let (year, month, day) = date(seconds / 86400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let writer = process::id() & 0xffff;
    let extension = path.extension().map_or(String::new(), |extension| format!(".{}", extension.to_string_lossy()));
    path.with_file_name(format!(
        "{name}_{dumped:04x}_{year:04}-{month:02}-{day:02}_{hour:02}-{minute:02}-{second:02}-{millis:03}_{writer:04x}{extension}"
    ))
}

/// Converts a number of days since 1970 to year, month and day.
fn date(mut days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

//! Unpacks the golden dumps, once per machine: three gigabytes pass through, a few hundred megabytes are kept.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use ruzstd::decoding::StreamingDecoder;

/// What is kept of the archives: of each set the process dumped by the debugger and what it re-encoded from that.
///
/// To use more, add it here: only what is missing is unpacked then.
pub const SETS: [&str; 4] = ["live", "crash", "live32", "crash32"];
const LIVE: [&str; 2] = ["ma", "m"];
pub const FROM_MA: [&str; 12] =
    ["m", "ma", "m_f", "m_bigF", "m_u", "m_t", "m_h", "m_fFhut", "m_bigA", "m_d", "m_c", "m_cd"];

/// One unpacking at a time, so that tests which run side by side do not all begin it.
static UNPACKING: Mutex<()> = Mutex::new(());

/// The paths of all members that can be asked for.
pub fn wanted() -> Vec<String> {
    let live = SETS.iter().flat_map(|set| LIVE.map(|name| format!("{set}/{name}.dmp")));
    let redumped = SETS.iter().flat_map(|set| FROM_MA.map(|name| format!("{set}-from-ma/{name}.dmp")));
    live.chain(redumped).collect()
}

/// Where `member` lies, after unpacking its archive from `folder` if that has not happened yet.
pub fn path(folder: &Path, member: &str) -> PathBuf {
    let wanted = wanted();
    assert!(wanted.iter().any(|it| it == member), "{member} is not on the list of golden dumps to unpack");
    let archive = folder.join(archive_of(member));
    let unpacked = unpacked_folder(&archive);
    let path = unpacked.join(member);
    if path.exists() {
        return path;
    }
    let _guard = UNPACKING.lock().unwrap_or_else(PoisonError::into_inner);
    let missing: Vec<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|it| archive_of(it) == archive_of(member) && !unpacked.join(it).exists())
        .collect();
    unpack(&archive, &missing, &unpacked).unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    path
}

fn archive_of(member: &str) -> &'static str {
    let set = member.split('/').next().unwrap_or_default();
    let narrow = set.contains("32") || set.starts_with("synth-arm");
    if narrow { "golden32.tar.zst" } else { "golden.tar.zst" }
}

/// A folder for this very archive: another one of the same name has another size or time.
fn unpacked_folder(archive: &Path) -> PathBuf {
    let metadata = fs::metadata(archive).unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{}", metadata.len(), modified.as_secs()))
}

/// Stores `members` below `target`, each under a temporary name first: what has its name is whole.
fn unpack(archive: &Path, members: &[&str], target: &Path) -> io::Result<()> {
    let decoder = StreamingDecoder::new(BufReader::new(File::open(archive)?)).map_err(io::Error::other)?;
    let mut missing = members.to_vec();
    for entry in tar::Archive::new(decoder).entries()? {
        if missing.is_empty() {
            break;
        }
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let Some(at) = missing.iter().position(|it| *it == name) else {
            continue;
        };
        let path = target.join(missing.swap_remove(at));
        let partial = path.with_extension(format!("{}.part", process::id()));
        fs::create_dir_all(path.parent().expect("members lie in folders"))?;
        io::copy(&mut entry, &mut File::create(&partial)?)?;
        fs::rename(&partial, &path)?;
    }
    if missing.is_empty() { Ok(()) } else { Err(io::Error::other(format!("it lacks {}", missing.join(", ")))) }
}

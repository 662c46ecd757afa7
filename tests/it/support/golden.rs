//! Unpacks the golden dumps once per machine: of three gigabytes, a few hundred megabytes are kept.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use ruzstd::decoding::StreamingDecoder;

/// The members that are kept: in each set, the dumps that the debugger wrote of the process, and its re-encodings of
/// the one with all memory and of the full user dump. Letters that the debugger does not document are left out.
///
/// To use more, add it here: only missing members are unpacked.
pub const SETS: [&str; 4] = ["live", "crash", "live32", "crash32"];
const LIVE: &str = "m ma m_c m_d m_i m_ip m_p m_pw m_w";
const REDUMPED: &str = "m ma m_ar m_bigA m_bigF m_bigFt m_bigFu m_bigR m_c m_cd m_cdFhiptuw m_d m_f m_fFhut m_h m_hu m_i \
                        m_id m_ip m_ir m_iu m_p m_pw m_r m_rR m_rp m_t m_tu m_u m_w m_wbigF m_wd m_y";
/// A stack above 2 GiB. From a minidump of it, the debugger only managed to re-encode all memory.
const HIGH: &str = "highstack32";
const HIGH_LIVE: &str = "m ma m_i m_p m_w";
const HIGH_FROM_MA: &str = "ma m_bigA";
const HIGH_FROM_F: &str = "m ma m_bigA m_i m_p m_w";

/// The re-encodings of the engine of 2026, by kind of source. Letters that we refuse (`C`, `W`) are left out; those
/// with `s` are [`triage_dumps`].
const REDUMPED_2026: &str = "m m_bigF m_bigFt m_bigFu m_bigM m_bigR m_c m_cdFhiptuw m_d m_e m_h m_i m_ir m_p m_r m_rR \
                             m_t m_u m_w m_y";
const SYNTH_2026: &str = "m m_bigF m_bigR m_c m_cdFhiptuw m_d m_h m_hut m_i m_p m_r m_t m_u m_w ma";
const LIVE_2026: &str = "m m_bigF m_bigM m_bigR m_bigT m_c m_cdFhiptuw m_d m_e m_h m_hut m_i m_p m_r m_rR m_t m_u m_w \
                         m_wd m_y ma";
/// Source, folder of the results, their names, and an additional one if the archive has it.
const FROM_MINIDUMPS_2026: [(&str, &str, &str, &str); 23] = [
    ("live/ma", "live-from-ma@26", REDUMPED_2026, ""),
    ("crash/ma", "crash-from-ma@26", REDUMPED_2026, "ma"),
    ("live32/ma", "live32-from-ma@26", REDUMPED_2026, ""),
    ("crash32/ma", "crash32-from-ma@26", REDUMPED_2026, ""),
    ("wow64-live/ma", "wow64-live-from-ma@26", REDUMPED_2026, ""),
    ("wow64-crash/ma", "wow64-crash-from-ma@26", REDUMPED_2026, ""),
    ("live26/manu", "live26-from-manu", LIVE_2026, ""),
    ("crash26/manu", "crash26-from-manu", LIVE_2026, ""),
    ("synth-arm/arm64", "synth-arm-from-arm64@26", SYNTH_2026, ""),
    ("synth-arm/arm", "synth-arm-from-arm@26", SYNTH_2026, ""),
    ("synth/merging", "synth-from-merging@26", SYNTH_2026, ""),
    ("synth/pointers", "synth-from-pointers@26", SYNTH_2026, ""),
    ("synth/protections", "synth-from-protections@26", SYNTH_2026, ""),
    ("synth/rows", "synth-from-rows@26", SYNTH_2026, ""),
    ("synth/sections", "synth-from-sections@26", SYNTH_2026, ""),
    ("synth/stacks", "synth-from-stacks@26", SYNTH_2026, ""),
    ("synth/streams", "synth-from-streams@26", SYNTH_2026, ""),
    ("synth32/exception", "synth32-from-exception@26", SYNTH_2026, ""),
    ("synth32/high_sign", "synth32-from-high_sign@26", SYNTH_2026, ""),
    ("synth32/high_stack", "synth32-from-high_stack@26", "ma", ""),
    ("synth32/high_zero", "synth32-from-high_zero@26", SYNTH_2026, ""),
    ("synth32/pointers", "synth32-from-pointers@26", SYNTH_2026, ""),
    ("synth32/stacks", "synth32-from-stacks@26", SYNTH_2026, ""),
];
const FROM_F_2026: [(&str, &str, &str, &str); 5] = [
    ("live/f", "live-from-f@26", REDUMPED_2026, ""),
    ("crash/f", "crash-from-f@26", REDUMPED_2026, ""),
    ("live32/f", "live32-from-f@26", REDUMPED_2026, "ma"),
    ("crash32/f", "crash32-from-f@26", REDUMPED_2026, ""),
    ("highstack32/f", "highstack32-from-f@26", REDUMPED_2026, ""),
];

/// Paths of source and result, and the name of the result.
pub type Redumped = (String, String, &'static str);

fn redumped(rows: &'static [(&str, &str, &str, &str)]) -> impl Iterator<Item = Redumped> {
    rows.iter().flat_map(|&(source, folder, names, more)| {
        let names = names.split_whitespace().chain(more.split_whitespace());
        names.map(move |name| (format!("{source}.dmp"), format!("{folder}/{name}.dmp"), name))
    })
}

/// Every re-encoding of a minidump by the engine of 2026.
pub fn minidumps_of_2026() -> impl Iterator<Item = Redumped> {
    redumped(&FROM_MINIDUMPS_2026)
}

/// Every re-encoding of a full user dump by the engine of 2026.
pub fn user_dumps_of_2026() -> impl Iterator<Item = Redumped> {
    redumped(&FROM_F_2026)
}

/// Paths of each source, of the triage dump that an engine made of it, and of the small dump without a filter.
pub fn triage_dumps() -> impl Iterator<Item = [String; 3]> {
    let of_2017 = SETS.into_iter().map(|set| (format!("{set}/ma"), format!("{set}-from-ma")));
    let of_2026 =
        FROM_MINIDUMPS_2026.iter().chain(&FROM_F_2026).filter(|row| [REDUMPED_2026, LIVE_2026].contains(&row.2));
    let of_2026 = of_2026.map(|(source, folder, ..)| ((*source).to_owned(), (*folder).to_owned()));
    let path = |(source, folder)| [format!("{source}.dmp"), format!("{folder}/m_s.dmp"), format!("{folder}/m.dmp")];
    of_2017.chain(of_2026).map(path)
}

/// Path of each single-letter re-encoding of one source by the engine of 2026, and its option word.
pub fn letters() -> impl Iterator<Item = (String, String)> {
    let small = "acdefhiprtuwy".chars().map(|letter| (format!("letters/l_{letter}.dmp"), format!("/m{letter}")));
    let big = "ADFMNRT".chars().map(|letter| (format!("letters/u_{letter}.dmp"), format!("/m{letter}")));
    small.chain(big)
}

fn pairs(names: &'static str, high: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let usual = SETS.into_iter().flat_map(|set| names.split_whitespace().map(move |name| (set, name)));
    usual.chain(high.split_whitespace().map(|name| (HIGH, name)))
}

/// 32-bit processes on a 64-bit system. The debugger wrote all memory and small dumps while they ran, and a full user
/// dump of the first.
pub const WOW64_SETS: [&str; 2] = ["wow64-live", "wow64-crash"];
pub const WOW64_LIVE: [&str; 7] = ["m", "ma", "m_c", "m_d", "m_i", "m_p", "m_w"];
/// Dumps of such a process with more and with fewer parts. This is the smallest of those for which a debugger shows the
/// 32-bit registers and frames.
pub const WOW64_SMALLEST: &str = "wow64-needed/peb_noteb32.dmp";

/// Set and name of every dump that the debugger wrote of a process.
pub fn live() -> impl Iterator<Item = (&'static str, &'static str)> {
    pairs(LIVE, HIGH_LIVE)
}

/// Set and name of every re-encoding of a dump with all memory.
pub fn from_ma() -> impl Iterator<Item = (&'static str, &'static str)> {
    pairs(REDUMPED, HIGH_FROM_MA)
}

/// Set and name of every re-encoding of a full user dump.
pub fn from_f() -> impl Iterator<Item = (&'static str, &'static str)> {
    pairs(REDUMPED, HIGH_FROM_F)
}

/// The sets with a full user dump, `f.dmp`, of the same stopped process as `ma.dmp`.
pub const USER_DUMP_SETS: [&str; 5] = ["live", "crash", "live32", "crash32", HIGH];

/// A dump with compressed memory, written by MiniDumpWriteDump.
pub const COMPRESSED: &str = "compressed/mdwd-4661806.dmp";

/// The 2026 debugger's results for `in.dmp` in the folder `exception-words`, named by the option words.
pub const EXCEPTION_WORDS: [&str; 9] = ["plain", "xp", "xrxc", "xr", "xc", "xt", "xpxt", "j", "xpma"];

/// A .NET process: all memory as written by the runtime, and the memory that its debuggers need.
pub const NET: [&str; 3] = ["net10/full.dmp", "net10/mini.dmp", "net10/triage.dmp"];

/// Only one thread unpacks at a time; concurrent tests wait.
static UNPACKING: Mutex<()> = Mutex::new(());

/// The reads of a debugger in the first of [`NET`]: for threads, stacks and exceptions, and for all objects.
pub const NET_READS: [&str; 2] = ["net10/read-stacks-exceptions.txt", "net10/read-all.txt"];

/// The set of every full user dump, which is named `f`.
pub fn full_user() -> impl Iterator<Item = &'static str> {
    USER_DUMP_SETS.into_iter()
}

/// The paths of all members that can be requested.
pub fn members() -> Vec<String> {
    let mut members = wanted();
    members.extend(full_user().map(|set| format!("{set}/f.dmp")));
    members.push(COMPRESSED.to_owned());
    members.extend(NET.map(str::to_owned));
    members.extend(from_f().map(|(set, name)| format!("{set}-from-f/{name}.dmp")));
    members.extend(minidumps_of_2026().chain(user_dumps_of_2026()).flat_map(|(source, result, _)| [source, result]));
    let wow64 = WOW64_SETS.into_iter().flat_map(|set| WOW64_LIVE.map(|name| format!("{set}/{name}.dmp")));
    members.extend(wow64.chain(["wow64-live/f.dmp", WOW64_SMALLEST].map(str::to_owned)));
    members.extend(letters().map(|(path, _)| path));
    members.extend(NET_READS.map(str::to_owned));
    members.extend(triage_dumps().flatten());
    members.extend(EXCEPTION_WORDS.iter().chain(&["in"]).map(|name| format!("exception-words/{name}.dmp")));
    members.extend(["live26/m.dmp", "live26/m_e.dmp", "crash26/m.dmp", "crash26/m_e.dmp"].map(str::to_owned));
    members.sort_unstable();
    members.dedup();
    members
}

/// The paths of all minidumps that the debugger made of a process or of another minidump.
pub fn wanted() -> Vec<String> {
    let live = live().map(|(set, name)| format!("{set}/{name}.dmp"));
    live.chain(from_ma().map(|(set, name)| format!("{set}-from-ma/{name}.dmp"))).collect()
}

/// The path of `member`, after unpacking its archive from `folder` if necessary.
pub fn path(folder: &Path, member: &str) -> PathBuf {
    let members = members();
    assert!(members.iter().any(|it| it == member), "{member} is not on the list of golden dumps to unpack");
    let archive = folder.join(archive_of(member));
    let unpacked = unpacked_folder(&archive);
    let path = unpacked.join(member);
    if path.exists() {
        return path;
    }
    let _guard = UNPACKING.lock().unwrap_or_else(PoisonError::into_inner);
    let missing: Vec<&str> = members
        .iter()
        .map(String::as_str)
        .filter(|it| archive_of(it) == archive_of(member) && !unpacked.join(it).exists())
        .collect();
    unpack(&archive, &missing, &unpacked).unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    path
}

fn archive_of(member: &str) -> &'static str {
    if member == COMPRESSED {
        return "golden-2026.tar.zst";
    }
    let set = member.split('/').next().unwrap_or_default();
    let of_2026 = ["live26", "crash26", "compressed", "exception-words", "letters"];
    if set.ends_with("@26") || of_2026.iter().any(|it| set.starts_with(it)) {
        return "golden-2026.tar.zst";
    }
    if set == "net10" {
        return "golden-net.tar.zst";
    }
    if set.starts_with("wow64") {
        return "golden-wow64.tar.zst";
    }
    let narrow = set.contains("32") || set.starts_with("synth-arm");
    if narrow { "golden32.tar.zst" } else { "golden.tar.zst" }
}

/// A folder for exactly this archive: another archive of the same name has a different size or time.
fn unpacked_folder(archive: &Path) -> PathBuf {
    let metadata = fs::metadata(archive).unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{}", metadata.len(), modified.as_secs()))
}

/// Stores `members` below `target`, each under a temporary name first: a file with its final name is complete.
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
        fs::create_dir_all(path.parent().expect("members are in folders"))?;
        io::copy(&mut entry, &mut File::create(&partial)?)?;
        fs::rename(&partial, &path)?;
    }
    if missing.is_empty() { Ok(()) } else { Err(io::Error::other(format!("it lacks {}", missing.join(", ")))) }
}

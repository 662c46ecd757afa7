//! `redump /b` packs the result into a cabinet.
//!
//! The expected behaviour was measured with the debugger of 2017. It uses the given name as the name of the cabinet; the dump
//! in it has this name plus `.dmp`. The words of `/u` are inserted before the extension. From a cabinet, the debugger extracts
//! only files with the extension `.dmp`, `.mdmp` or `.hdmp`, in upper or lower case. It opens the cabinets that are written here.

use std::fs;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use libtest_mimic::{Completion, Trial};

use super::Folder;
use crate::support::fixtures::{FULL_USER_DUMP, QUICK_START};
use crate::support::{holes, trial_of_large_file, trials};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        a_cabinet_has_the_dump_beside_it,
        a_name_that_ends_in_cab_is_that_of_the_cabinet,
        the_file_in_it_is_one_that_debuggers_open,
        every_kind_of_dump_can_be_packed,
        a_unique_name_keeps_its_ending,
        no_file_is_replaced_without_permission,
        unsupported_combinations_are_refused,
        a_name_that_is_too_long_is_refused,
        a_full_disk_leaves_nothing,
    ];
    trials.push(trial_of_large_file("programs::cabinet::a_dump_that_is_too_large_is_refused_at_once", || {
        a_dump_that_is_too_large_is_refused_at_once();
    }));
    trials
}

fn folder() -> Folder {
    Folder::with(&[("in.dmp", QUICK_START)])
}

/// Returns what `redump` writes without `/b`.
fn plain(folder: &Folder, word: &str) -> Vec<u8> {
    let path = folder.path("plain.tmp");
    let ran = folder.run("redump", &[word, "in.dmp", "plain.tmp"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let bytes = fs::read(&path).expect("the dump was written");
    fs::remove_file(path).expect("the dump can be removed");
    bytes
}

/// Checks a cabinet, and returns name and bytes of its only file.
fn member(bytes: &[u8]) -> (String, Vec<u8>) {
    // CFHEADER: signature, size of the cabinet, version 1.3, one folder, one file, no flags.
    assert_eq!(&bytes[..4], b"MSCF");
    assert_eq!(bytes[8..12], u32::try_from(bytes.len()).expect("the cabinet is small").to_le_bytes());
    assert_eq!(bytes[24..32], [3, 1, 1, 0, 1, 0, 0, 0]);
    let mut cabinet = cab::Cabinet::new(Cursor::new(bytes)).expect("the cabinet can be opened");
    let folder = cabinet.folder_entries().next().expect("the cabinet has a folder");
    let name = folder.file_entries().next().expect("the cabinet has a file").name().to_owned();
    let mut content = Vec::new();
    cabinet.read_file(&name).expect("the file can be read").read_to_end(&mut content).expect("the file is complete");
    (name, content)
}

fn names(folder: &Folder) -> Vec<String> {
    folder.files().into_keys().collect()
}

fn a_cabinet_has_the_dump_beside_it() {
    let folder = folder();
    let expected = plain(&folder, "/m");
    let ran = folder.run("redump", &["/m", "/b", "in.dmp", "out.dmp"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(names(&folder), ["in.dmp", "out.cab", "out.dmp"]);
    assert!(folder.read("out.dmp") == expected);
    let cabinet = folder.read("out.cab");
    assert!(member(&cabinet) == ("out.dmp".to_owned(), expected.clone()));
    assert!(cabinet.len() < expected.len() / 2, "{} bytes are not compressed", cabinet.len());
    let said = |line: &str| ran.out.lines().any(|it| it == line);
    assert!(said(&format!("packed      out.cab, {} bytes", cabinet.len())), "{}", ran.out);
    assert!(said(&format!("written     out.dmp, {} bytes, /m", expected.len())), "{}", ran.out);
}

fn a_name_that_ends_in_cab_is_that_of_the_cabinet() {
    for name in ["only.cab", "only.CAB"] {
        let folder = folder();
        let expected = plain(&folder, "/ma");
        let ran = folder.run("redump", &["/b", "/ma", "in.dmp", name]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert_eq!(names(&folder), ["in.dmp", name]);
        let cabinet = folder.read(name);
        assert!(member(&cabinet) == (format!("{name}.dmp"), expected));
        assert!(ran.out.lines().any(|it| it == format!("packed      {name}, {} bytes", cabinet.len())), "{}", ran.out);
    }
}

fn the_file_in_it_is_one_that_debuggers_open() {
    let rows = [
        ("a.dmp", "a.cab", "a.dmp"),
        ("a.DMP", "a.cab", "a.DMP"),
        ("a.mdmp", "a.cab", "a.mdmp"),
        ("a.hdmp", "a.cab", "a.hdmp"),
        ("a", "a.cab", "a.dmp"),
        ("a.bin", "a.cab", "a.bin.dmp"),
        ("a.b.dmp", "a.b.cab", "a.b.dmp"),
        ("ä.dmp", "ä.cab", "ä.dmp"),
    ];
    for (output, cabinet, expected) in rows {
        let folder = folder();
        assert_eq!(folder.run("redump", &["/b", "in.dmp", output]).code, 0);
        let (name, bytes) = member(&folder.read(cabinet));
        assert_eq!(name, expected);
        assert!(bytes == folder.read(output));
    }
}

fn every_kind_of_dump_can_be_packed() {
    let folder = folder();
    fs::write(folder.path("user.dmp"), FULL_USER_DUMP).expect("the file can be written");
    let rows: [&[&str]; 4] = [
        &["/f", "in.dmp"],
        &["/ma", "user.dmp"],
        &["/mAhut", "--compress", "in.dmp"],
        &["/mA", "--threads", "2", "in.dmp"],
    ];
    for words in rows {
        let all = |output| ["/o", "/b"].iter().chain(words).copied().chain([output]).collect::<Vec<_>>();
        assert_eq!(folder.run("redump", &all("out.dmp")).code, 0, "{words:?}");
        assert!(member(&folder.read("out.cab")).1 == folder.read("out.dmp"), "{words:?}");
        // The dump next to the cabinet is the same as without `/b`.
        let without: Vec<_> = words.iter().copied().chain(["other.dmp", "/o"]).collect();
        assert_eq!(folder.run("redump", &without).code, 0, "{words:?}");
        assert!(folder.read("other.dmp") == folder.read("out.dmp"), "{words:?}");
        assert_eq!(folder.run("redump", &all("only.cab")).code, 0, "{words:?}");
        assert!(member(&folder.read("only.cab")) == ("only.cab.dmp".to_owned(), folder.read("out.dmp")), "{words:?}");
    }
}

fn a_unique_name_keeps_its_ending() {
    // The process ID in the dump is 288, 0x120.
    let pattern = "_0120_0000-00-00_00-00-00-000_0000";
    let rows: [(&str, &[[&str; 2]]); 5] = [
        ("out.dmp", &[["out", ".dmp"]]),
        ("a.b.mdmp", &[["a.b", ".mdmp"]]),
        ("out", &[["out", ""]]),
        ("/b out.cab", &[["out", ".cab"]]),
        ("/b out.dmp", &[["out", ".cab"], ["out", ".dmp"]]),
    ];
    for (words, expected) in rows {
        let folder = folder();
        let words: Vec<_> = ["/u", "in.dmp"].into_iter().chain(words.split(' ')).collect();
        assert_eq!(folder.run("redump", &words).code, 0, "{words:?}");
        let made: Vec<_> = names(&folder).into_iter().filter(|name| name != "in.dmp").collect();
        assert_eq!(made.len(), expected.len(), "{made:?}");
        for (name, [start, end]) in made.iter().zip(expected) {
            let middle = name
                .strip_prefix(start)
                .and_then(|rest| rest.strip_suffix(end))
                .expect("start and end of the name are kept");
            assert_eq!(middle.len(), pattern.len(), "{name}");
            let fits =
                |(found, wanted): (char, char)| if wanted == '0' { found.is_ascii_hexdigit() } else { found == wanted };
            assert!(middle.starts_with("_0120_20") && middle.chars().zip(pattern.chars()).skip(6).all(fits), "{name}");
        }
        if let [cabinet, dump] = made.as_slice() {
            assert_eq!(&member(&folder.read(cabinet)).0, dump);
        }
    }
}

fn no_file_is_replaced_without_permission() {
    let folder = Folder::with(&[("in.dmp", QUICK_START), ("out.cab", b"old"), ("a.dmp", b"old")]);
    assert_eq!(folder.refusal(1, &["/b", "in.dmp", "out.dmp"]), "out.cab: file exists; use /o to overwrite it");
    assert_eq!(folder.refusal(1, &["/b", "in.dmp", "out.cab"]), "out.cab: file exists; use /o to overwrite it");
    assert_eq!(folder.refusal(1, &["/b", "in.dmp", "a.dmp"]), "a.dmp: file exists; use /o to overwrite it");
    fs::create_dir(folder.path("f.cab")).expect("the folder can be created");
    assert_eq!(folder.refusal(1, &["/b", "/o", "in.dmp", "f.dmp"]), "f.cab: not a regular file");
    // A source of which nothing can be kept does not replace a cabinet either.
    let mut unused = QUICK_START[..32].to_vec();
    unused.extend([0; 2000]);
    fs::write(folder.path("unused.dmp"), unused).expect("the file can be written");
    assert!(folder.refusal(1, &["/b", "/o", "unused.dmp", "out.cab"]).contains("nothing could be kept"));
    assert_eq!(folder.run("redump", &["/b", "/o", "in.dmp", "out.dmp"]).code, 0);
    assert!(member(&folder.read("out.cab")).1 == folder.read("out.dmp"));
    // The user has not named the cabinet next to the result, so it must not replace the source.
    let folder = Folder::with(&[("in.cab", QUICK_START)]);
    let said = folder.refusal(1, &["/b", "/o", "in.cab", "in.dmp"]);
    assert_eq!(said, "in.cab: this is INPUT, which the cabinet must not replace");
    assert_eq!(folder.run("redump", &["/b", "/o", "in.cab", "in.cab"]).code, 0);
    assert_eq!(member(&folder.read("in.cab")).0, "in.cab.dmp");
}

fn unsupported_combinations_are_refused() {
    let folder = folder();
    let reason = "/ba is refused: a dump does not have the symbol and image files";
    for word in ["/ba", "-ba"] {
        assert_eq!(folder.refusal(2, &[word, "in.dmp", "out.cab"]), reason);
    }
    assert_eq!(folder.refusal(2, &["/b", "in.dmp", "-"]), "/b needs a file");
}

/// File names in a cabinet are limited to 255 bytes, like other file names. The name of the dump is longer by `.dmp`.
fn a_name_that_is_too_long_is_refused() {
    let folder = folder();
    let name = format!("{}.cab", "x".repeat(248));
    let said = folder.refusal(1, &["/b", "in.dmp", &name]);
    assert_eq!(said, format!("{name}: file names in a cabinet are limited to 255 bytes: {name}.dmp"));
    let name = format!("{}.cab", "x".repeat(247));
    assert_eq!(folder.run("redump", &["/b", "in.dmp", &name]).code, 0);
    assert_eq!(member(&folder.read(&name)).0, format!("{name}.dmp"));
}

/// Simulates a full disk with a limit on file sizes.
fn a_full_disk_leaves_nothing() -> Completion {
    if !cfg!(target_os = "linux") {
        return Completion::ignored_with("`ulimit` cannot limit file sizes");
    }
    if super::runner().is_some() {
        return Completion::ignored_with(super::IN_AN_EMULATOR);
    }
    let mut noise = 1u64;
    let mut random = || {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (noise >> 56) as u8
    };
    let memory: Vec<u8> = (0..0x2_0000).map(|_| random()).collect();
    let source = crate::synth::Dump::new().memory(0x1_0000, memory).build();
    for (output, there) in [("out.dmp", "out.cab"), ("out.cab", "other")] {
        for (overwrite, old) in [("/m", "nothing"), ("/o", there)] {
            let folder = Folder::with(&[("in.dmp", source.as_slice()), (old, b"old")]);
            let before = folder.files();
            for room in [0, 8, 64, 96, 128] {
                let command = format!("trap '' XFSZ; ulimit -f {room}; exec \"$0\" {overwrite} /mf /b in.dmp {output}");
                let mut shell = std::process::Command::new("bash");
                let shell = shell.args(["-c", &command, env!("CARGO_BIN_EXE_redump")]);
                let ran = shell.current_dir(folder.0.path()).output().expect("bash can be started");
                let said = String::from_utf8_lossy(&ran.stderr).into_owned();
                let is_told = said.starts_with("redump: out.") && said.lines().count() == 1;
                assert!(ran.status.code() == Some(1) && is_told, "{command}: {said}");
                assert!(ran.stdout.is_empty() && folder.files() == before, "{command}");
            }
        }
    }
    Completion::Completed
}

/// Uses a dump of 2 GiB of zeros in a sparse file.
fn a_dump_that_is_too_large_is_refused_at_once() {
    let folder = Folder::with(&[]);
    let mut file = holes::create(&folder.path("in.dmp")).expect("the file can be created");
    // The header, a directory with a Memory64List, and the list: one range at 0x10000, whose bytes start at offset 128.
    let size = 1u64 << 31;
    let header = [0x504d_444du32, 0xa793, 1, 32, 0, 0, 2, 0, 9, 32, 64];
    let bytes: Vec<u8> = header.map(u32::to_le_bytes).concat();
    file.write_all(&bytes).expect("the header can be written");
    file.seek(SeekFrom::Start(64)).expect("the file is seekable");
    file.write_all(&[1, 128, 0x1_0000, size].map(u64::to_le_bytes).concat()).expect("the list can be written");
    file.set_len(128 + size).expect("the file can be extended");
    let said = |output: &str| {
        let before = names(&folder);
        let ran = folder.run("redump", &["/mf", "/b", "in.dmp", output]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
        assert_eq!(names(&folder), before);
        ran.err
    };
    for (output, cabinet) in [("out.dmp", "out.cab"), ("only.cab", "only.cab")] {
        let found = said(output);
        let start = format!("redump: {cabinet}: a cabinet can hold 2147450880 bytes, but the dump has 21474");
        assert!(found.starts_with(&start), "{found}");
    }
}

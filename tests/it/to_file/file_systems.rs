//! File systems that share blocks: how many are shared, as the system says. They need an image, which only root can mount.

use libtest_mimic::{Completion, Failed, Trial};

type Outcome = Result<Completion, Failed>;

pub fn trials() -> Vec<Trial> {
    let trial =
        |name: &str, test: fn() -> Outcome| Trial::ignorable_test(format!("to_file::file_systems::{name}"), test);
    vec![
        trial("blocks_are_shared_on_xfs", blocks_are_shared_on_xfs),
        trial("blocks_are_shared_on_btrfs", blocks_are_shared_on_btrfs),
        trial("a_full_file_system_is_an_error", a_full_file_system_is_an_error),
    ]
}

fn blocks_are_shared_on_xfs() -> Outcome {
    run("xfs")
}

fn blocks_are_shared_on_btrfs() -> Outcome {
    run("btrfs")
}

fn a_full_file_system_is_an_error() -> Outcome {
    no_room()
}

#[cfg(not(target_os = "linux"))]
fn run(_: &str) -> Outcome {
    Ok(Completion::ignored_with("images are only mounted on Linux"))
}

#[cfg(not(target_os = "linux"))]
fn no_room() -> Outcome {
    Ok(Completion::ignored_with("images are only mounted on Linux"))
}

#[cfg(target_os = "linux")]
use linux::{no_room, run};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use libtest_mimic::Completion;
    use tempfile::TempDir;
    use userdump::redump::{Options, Redump};
    use userdump::{Dump, MappedFile, RedumpError, WriteError};

    use super::Outcome;
    use crate::support::cpu::Cpu;
    use crate::synth;
    use crate::to_file::contents;

    /// An image that is mounted in a temporary folder.
    struct Mounted {
        folder: TempDir,
    }

    fn succeeds(command: &mut Command) -> bool {
        command.output().is_ok_and(|ran| ran.status.success())
    }

    impl Mounted {
        /// `None` if such an image cannot be made or mounted here.
        fn new(kind: &str, size: u64) -> Option<Self> {
            let folder = TempDir::new().expect("there is room");
            let (image, point) = (folder.path().join("image"), folder.path().join("mounted"));
            fs::create_dir(&point).expect("there is room");
            File::create(&image).and_then(|file| file.set_len(size)).expect("there is room");
            let is_made = succeeds(Command::new(format!("mkfs.{kind}")).arg("-q").arg(&image));
            let is_mounted = is_made && succeeds(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&point));
            is_mounted.then_some(Self { folder })
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join("mounted").join(name)
        }
    }

    impl Drop for Mounted {
        fn drop(&mut self) {
            succeeds(Command::new("umount").arg(self.path("")));
        }
    }

    /// Full memory in ranges of whole pages, behind tables of an odd size.
    fn dump() -> Vec<u8> {
        let cpu = Cpu::AMD64;
        let dump = synth::Dump::new().system_info(cpu.windows()).flags(2);
        let dump = dump.thread(synth::Thread::new(1).context(cpu.context(0x1_4000_1000, 0x7f00)));
        let dump = dump.module(synth::Module::new(0x1_4000_0000, 0x1000, "a.exe"));
        let ranges = contents(16 << 20);
        (0..).zip(ranges.chunks(20 * 4096)).fold(dump, |dump, (at, bytes)| dump.memory64(0x10_0000 * at, bytes)).build()
    }

    /// The number of bytes in extents that are shared, and in all; without the room that XFS keeps behind the end of a file.
    fn extents(path: &Path) -> Option<(u64, u64)> {
        let size = fs::metadata(path).ok()?.len();
        let ran = Command::new("filefrag").args(["-v", "-b1"]).arg(path).output().ok()?;
        let text = String::from_utf8(ran.stdout).ok()?;
        let rows = text.lines().filter_map(|line| {
            let cells: Vec<&str> = line.split(':').map(str::trim).collect();
            let [number, logical, ..] = cells[..] else { return None };
            number.parse::<u64>().ok()?;
            let (first, last) = logical.split_once("..")?;
            let [first, last] = [first, last].map(|it| it.trim().parse::<u64>());
            let length = (last.ok()? + 1).min(size).saturating_sub(first.ok()?);
            Some((length, line.contains("shared")))
        });
        let rows: Vec<_> = rows.collect();
        let sum = |wanted: fn(bool) -> bool| rows.iter().filter(|row| wanted(row.1)).map(|row| row.0).sum();
        (!rows.is_empty()).then(|| (sum(|shared| shared), sum(|_| true)))
    }

    pub fn run(kind: &str) -> Outcome {
        let Some(mounted) = Mounted::new(kind, 320 << 20) else {
            return Ok(Completion::ignored_with("an image cannot be mounted here"));
        };
        let (source, target) = (mounted.path("in.dmp"), mounted.path("out.dmp"));
        fs::write(&source, dump()).expect("there is room");
        File::open(&source).and_then(|file| file.sync_all()).expect("it can be written");
        let map = MappedFile::open(&source).expect("it exists");
        let parsed = Dump::parse(&map).expect("it is a dump");
        for words in ["/ma", "/mf", "/f", "/as-is"] {
            let options: Options = words.parse().expect("it is known");
            let planned = || Redump::new(&parsed, &options).expect("it can be re-encoded");
            let mut expected = Vec::new();
            planned().write_to(&mut expected).expect("a vector accepts every write");
            let file = File::create(&target).expect("there is room");
            let report = planned().write_to_file(&file, map.copy_source().as_slice()).expect("there is room");
            file.sync_all().expect("there is room");
            assert!(fs::read(&target).expect("it exists") == expected, "{kind} {words}");
            assert!(report.bytes_by_kernel * 100 >= report.size * 99, "{kind} {words}: {}", report.bytes_by_kernel);
            let Some((shared, all)) = extents(&target) else {
                return Ok(Completion::ignored_with("filefrag is missing"));
            };
            assert!(shared * 100 >= all * 99, "{kind} {words}: {shared} of {all} bytes are shared");
            assert!(MappedFile::open(&source).expect("it exists")[..] == map[..], "the source stays");
        }
        Ok(Completion::Completed)
    }

    pub fn no_room() -> Outcome {
        let Some(mounted) = Mounted::new("ext4", 8 << 20) else {
            return Ok(Completion::ignored_with("an image cannot be mounted here"));
        };
        let folder = TempDir::new().expect("there is room");
        let source = folder.path().join("in.dmp");
        fs::write(&source, dump()).expect("there is room");
        let map = MappedFile::open(&source).expect("it exists");
        let parsed = Dump::parse(&map).expect("it is a dump");
        let file = File::create(mounted.path("out.dmp")).expect("there is room");
        let planned = Redump::new(&parsed, &"/ma".parse().expect("it is known")).expect("it can be re-encoded");
        let error = planned.write_to_file(&file, map.copy_source().as_slice()).expect_err("there is no room");
        let RedumpError::Write(WriteError::Io { item, offset, needed, written, source }) = error else {
            panic!("{error}");
        };
        assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
        assert!(item.name == "memory range" && item.index.is_some() && needed == 20 * 4096 && written < needed);
        assert!(offset + written <= 8 << 20);
        assert_eq!(file.metadata().expect("it exists").len(), offset + written, "what was written");
        Ok(Completion::Completed)
    }
}

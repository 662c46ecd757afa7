//! Linux files stored under the type of another one.

use libtest_mimic::Trial;
use userdump::read::check::FindingCode as Code;

use super::{check, start};
use crate::support::forms::Form;
use crate::support::{Shared, trials};
use crate::synth::{Dump, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        each_file_under_each_type_is_reported,
        unrecognised_text_is_not_a_finding,
        what_is_only_similar_is_not_a_finding,
        the_shared_file_has_its_maps_under_another_type,
    ]
}

pub const AUXV: u32 = 0x4767_0008;
const CMD_LINE: u32 = 0x4767_0006;
const MAPS: u32 = 0x4767_0009;
const PROC_FD: u32 = 0x4767_000d;

/// The contents from the kernels of an x86-64 and an ARM machine, shortened.
const FILES: [(u32, &[u8]); 14] = [
    (0x4767_0003, b"processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\n"),
    (0x4767_0003, b"Processor\t: AArch64 Processor rev 4 (aarch64)\nprocessor\t: 0\n"),
    (0x4767_0003, b"system type\t\t: Sample board\nmachine\t\t\t: Unknown\nprocessor\t\t: 0\n"),
    (0x4767_0004, b"Name:\tapp\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4242\n"),
    (0x4767_0004, b"Name:\tapp\nState:\tR (running)\nTgid:\t4242\nPid:\t4242\n"),
    (0x4767_0005, b"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\n"),
    (0x4767_0005, b"# Debian's\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n"),
    (CMD_LINE, b"/usr/bin/app\0--flag\0A=B\0"),
    (0x4767_0007, b"PATH=/usr/bin:/bin\0HOME=/home/user\0LANG=C.UTF-8\0"),
    (MAPS, b"00400000-0040b000 r-xp 00000000 08:01 1234       /usr/bin/app\n7ffd0000-7ffd1000 rw-p 00000000 00:00 0 [stack]\n"),
    (MAPS, b"555500000000-555500010000 r--p 00000000 fe:01 1 /app (deleted)\n"),
    (0x4767_000b, b"4242 (an (app) 1) S 1 4242 4242 0 -1 4194304 131 0 0 0\n"),
    (0x4767_000c, b"350735.47 234388.90\n"),
    (0x4d7a_0003, b"Limit                     Soft Limit           Hard Limit           Units     \nMax cpu time              unlimited            unlimited            seconds   \n"),
];

/// The kernel's auxiliary vector: words of 8 bytes in the byte order of the file.
pub fn auxv(form: Form) -> Vec<u8> {
    let words: [u64; 14] = [33, 0x7ffd_0000, 16, 0xbfeb_fbff, 6, 4096, 17, 100, 3, 0x40_0040, 9, 0x40_05d0, 0, 0];
    words.iter().flat_map(|word| if form.big_endian { word.to_be_bytes() } else { word.to_le_bytes() }).collect()
}

fn with(kind: u32, bytes: &[u8]) -> Dump {
    let system = SystemInfo { platform: 0x8201, ..SystemInfo::default() };
    Dump::new().system_info(system).thread(Thread::new(7)).raw(kind, bytes)
}

fn is_told(kind: u32, bytes: impl Fn(Form) -> Vec<u8>, told: bool) {
    check(
        |form| with(kind, &bytes(form)),
        |facts| {
            let finding = (Code::TextOfOtherStream, Some(kind), None, start(facts, kind), None);
            if told { vec![finding] } else { vec![] }
        },
    );
}

fn each_file_under_each_type_is_reported() {
    let kinds: Vec<u32> = FILES.iter().map(|(kind, _)| *kind).chain([AUXV, PROC_FD]).collect();
    for &kind in &kinds {
        for (own, bytes) in FILES {
            // The format of the open files is not specified; they are paths.
            let told = own != kind && (own, kind) != (CMD_LINE, PROC_FD);
            is_told(kind, |_| bytes.to_vec(), told);
            // As some writers store it, followed by NULs.
            is_told(kind, |_| [bytes, &[0; 3]].concat(), told);
        }
        is_told(kind, auxv, kind != AUXV);
    }
}

fn unrecognised_text_is_not_a_finding() {
    let kinds = FILES.iter().map(|(kind, _)| *kind).chain([AUXV, PROC_FD]);
    for kind in kinds {
        for bytes in [
            b"".as_slice(),
            b"\0",
            b"\n",
            b"x",
            b"some text: of nobody\n",
            b"\xff\xfe\xfd",
            &[0; 64],
            b"1 2\n",
            b"A=B\n",
        ] {
            is_told(kind, |_| bytes.to_vec(), false);
        }
    }
}

/// Arguments and variables may be almost anything, and files may be cut.
fn what_is_only_similar_is_not_a_finding() {
    for (kind, bytes) in [
        (CMD_LINE, b"Name:\tx\0".as_slice()),
        (CMD_LINE, b"A=B\0"),
        (CMD_LINE, b"app\0A=B\0C=D\0"),
        (0x4767_0007, b"_=/usr/bin/env\0"),
        (0x4767_0007, b"NAME=value\0ID=7\0"),
        (MAPS, b"00400000-0040b000 r-xp 0000000"),
        (0x4767_0004, b"/proc/42/status was not read\0"),
        (0x4767_0004, b"Name:\tapp"),
        (0x4767_0003, b"processor"),
        (AUXV, &[6, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0]),
    ] {
        is_told(kind, |_| bytes.to_vec(), false);
    }
}

fn the_shared_file_has_its_maps_under_another_type(shared: &Shared) {
    let bytes = shared.read("cases/auxv-holds-maps.dmp");
    let dump = super::open(&bytes);
    let found: Vec<_> = super::all_findings(&dump).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["LinuxAuxv at 0x1bee: the stream has the content of another stream type"]);
}

//! `compare` reports all differences and nothing else, for all formats, and regardless of offsets in the file.

use std::collections::BTreeMap;

use libtest_mimic::Trial;

use super::Folder;
use crate::support::cpu::{Cpu, put};
use crate::support::everything::everything;
use crate::support::fixtures::{self, FULL_USER_DUMP, QUICK_START};
use crate::support::forms::Form;
use crate::support::json::Json;
use crate::support::{Shared, trials};
use crate::synth::{Dump, Exception, Module, Part, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_dump_is_the_same_as_itself,
        positions_make_no_difference,
        each_change_is_told,
        memory_is_counted_byte_by_byte,
        formats_of_the_same_process_have_the_same_memory,
        compressed_memory_is_the_same,
        many_stretches_are_counted,
        unreadable_dumps_and_wrong_arguments_exit_with_2,
    ]
}

/// Returns the exit code and the lines.
fn compared(first: &[u8], second: &[u8]) -> (i32, Vec<String>) {
    let folder = Folder::with(&[("a.dmp", first), ("b.dmp", second)]);
    let ran = folder.run("compare", &["a.dmp", "b.dmp"]);
    assert_eq!(ran.err, "");
    let json = folder.run("compare", &["--json", "a.dmp", "b.dmp"]);
    assert_eq!((json.code, json.err.as_str()), (ran.code, ""));
    // The JSON parser of the tests does not support true and false.
    let json = json.out.replace("\"same\": true", "\"same\": 1").replace("\"same\": false", "\"same\": 0");
    let json = Json::parse(json.as_bytes());
    let told = ran.out.lines().filter(|line| ["  - ", "  + ", "  ! "].iter().any(|sign| line.starts_with(sign)));
    assert_eq!(json.get("differences").list().len(), told.count());
    assert_eq!(json.get("same").number(), u64::from(ran.code == 0));
    // Piece by piece, the files give the same answer.
    assert_eq!(folder.run("compare", &["--read", "--", "a.dmp", "b.dmp"]), ran);
    let quiet = folder.run("compare", &["a.dmp", "--quiet", "b.dmp"]);
    assert_eq!((quiet.code, quiet.out.as_str(), quiet.err.as_str()), (ran.code, "", ""));
    (ran.code, ran.out.lines().map(str::to_owned).collect())
}

/// Returns the last line for dumps whose memory is the same.
fn equal_memory(bytes: usize) -> String {
    format!("memory: {bytes} bytes are the same, 0 differ, 0 only in the first, 0 only in the second")
}

fn a_dump_is_the_same_as_itself() {
    for bytes in fixtures::all().map(|(_, bytes)| bytes).take(3).chain([QUICK_START, FULL_USER_DUMP]) {
        let (code, lines) = compared(bytes, bytes);
        assert!(
            code == 0 && lines.iter().all(|line| line.starts_with("memory: ") || line.starts_with("streams are not")),
            "{lines:?}"
        );
    }
}

fn positions_make_no_difference() {
    let [usual, moved] = [Form::USUAL, Form { filler: 3, ..Form::USUAL }].map(|form| form.build(everything(form)));
    assert_ne!(usual.len(), moved.len());
    let (code, lines) = compared(&usual, &moved);
    assert_eq!((code, lines.len()), (0, 1), "{lines:#?}");
}

fn source() -> Dump {
    let cpu = Cpu::AMD64;
    Dump::new().system_info(cpu.windows())
}

fn each_change_is_told() {
    let cpu = Cpu::AMD64;
    let context = || cpu.context(0x1000, 0x2000);
    let mut other = context();
    // `rcx` is at offset 0x80 of the AMD64 context.
    let rcx: [u8; 8] = other[0x80..0x88].try_into().expect("the slice has 8 bytes");
    let rcx = format!("      rcx: {:#018x} | 0x0000000000000077", u64::from_le_bytes(rcx));
    put(&mut other, 0x80, &0x77u64.to_le_bytes());
    let module = |name| Module::new(0x7000_0000, 0x1000, name);
    let exception = |code| Exception { context: Part::None, ..Exception::new(7, code, 0x1234) };
    let base = |context, code| {
        source().thread(Thread::new(7).context(context)).exception(exception(code)).memory(0x2000, [1, 2, 3, 4])
    };
    let first = base(context(), 0xc000_0005).module(module(r"C:\a\one.exe")).comment_a("text").thread_name(7, "worker");
    let second = base(other, 0xc000_0094).module(module(r"C:\a\two.exe")).memory(0x3000, [5]).thread_name(7, "worker");
    let second = second.module(Module::new(0x5000_0000, 0x2000, "more.dll"));
    let (code, lines) = compared(&first.build(), &second.build());
    let expected = [
        "modules:",
        "  + 0x0000000050000000 more.dll",
        "  ! 0x0000000070000000 one.exe",
        r"      name: C:\a\one.exe | C:\a\two.exe",
        "threads:",
        "  ! 0x7 worker",
        &rcx,
        "exceptions:",
        "  ! of thread 0x7",
        "      code: 0xc0000005 | 0xc0000094",
        "      reason: ACCESS_VIOLATION (0xc0000005) | INTEGER_DIVIDE_BY_ZERO (0xc0000094)",
        "memory:",
        "  + 0x0000000000003000, 1 bytes",
        "streams:",
        "  - CommentA",
        "memory: 4 bytes are the same, 0 differ, 0 only in the first, 1 only in the second",
    ];
    assert_eq!((code, lines), (1, expected.map(str::to_owned).to_vec()));
    let (code, lines) = compared(&source().comment_w("one").build(), &source().comment_w("two!").build());
    let expected = ["streams:", "  ! CommentW", "      first at 0x0: 6f | 74", "      size: 6 | 8"];
    let mut found: Vec<_> = lines[..lines.len() - 1].to_vec();
    found[2..].sort();
    assert_eq!((code, found), (1, expected.map(str::to_owned).to_vec()));
}

fn memory_is_counted_byte_by_byte() {
    let mut noise = 7u64;
    let mut random = |below: u64| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) % below
    };
    for _ in 0..20 {
        let mut sides = [(source(), BTreeMap::new()), (source(), BTreeMap::new())];
        for (dump, bytes) in &mut sides {
            let mut address = 0x1_0000;
            for _ in 0..random(12) {
                address += random(60);
                let range: Vec<u8> = (0..random(50)).map(|_| random(2) as u8).collect();
                bytes.extend((address..).zip(range.iter().copied()));
                *dump = std::mem::take(dump).memory(address, &range);
                address += range.len() as u64;
            }
        }
        let [(first, mine), (second, other)] = sides;
        let count = |wanted: &dyn Fn(Option<&u8>, Option<&u8>) -> bool| {
            let addresses: std::collections::BTreeSet<u64> = mine.keys().chain(other.keys()).copied().collect();
            addresses.into_iter().filter(|at| wanted(mine.get(at), other.get(at))).count()
        };
        let same = count(&|a, b| a == b);
        let changed = count(&|a, b| a.is_some() && b.is_some() && a != b);
        let [only_first, only_second] = [count(&|_, b| b.is_none()), count(&|a, _| a.is_none())];
        let expected = format!(
            "memory: {same} bytes are the same, {changed} differ, {only_first} only in the first, {only_second} only in the second"
        );
        let (code, lines) = compared(&first.build(), &second.build());
        assert_eq!(lines.last(), Some(&expected));
        assert_eq!(code == 0, changed + only_first + only_second == 0 && lines.len() == 1);
        // The sizes of the listed ranges add up to the counts.
        let sizes = |sign: &str| -> usize {
            let lines =
                lines.iter().skip_while(|line| *line != "memory:").skip(1).take_while(|line| line.starts_with("  "));
            let items = lines.filter_map(|line| line.strip_prefix(sign)?.strip_suffix(" bytes")?.rsplit_once(", "));
            items.map(|(_, size)| size.parse::<usize>().expect("the size is a number")).sum()
        };
        assert_eq!([sizes("  ! "), sizes("  - "), sizes("  + ")], [changed, only_first, only_second]);
    }
}

fn formats_of_the_same_process_have_the_same_memory(shared: &Shared) {
    let folder = Folder::with(&[("f.dmp", FULL_USER_DUMP)]);
    folder.redump(&["/ma", "f.dmp", "ma.dmp"]);
    let pairs = [
        (FULL_USER_DUMP.to_vec(), folder.read("ma.dmp")),
        (shared.golden("crash/f.dmp"), shared.golden("crash/ma.dmp")),
    ];
    for (user, mini) in pairs {
        let (code, lines) = compared(&user, &mini);
        assert_eq!(code, 1);
        assert!(lines.iter().any(|line| line == "      format: full user dump | minidump"), "{lines:#?}");
        assert!(lines.iter().any(|line| line == "streams are not compared: a full user dump has none"));
        let registers = ["rip", "rsp", "rax", "eip", "esp"].map(|name| format!("      {name}: "));
        assert!(!lines.iter().any(|line| registers.iter().any(|it| line.starts_with(it))), "{lines:#?}");
        // The system clock in the user shared data changes between the dumps.
        let memory = lines.iter().skip_while(|line| *line != "memory:").filter(|line| line.starts_with("  "));
        let changed: Vec<_> = memory.filter(|line| line.starts_with("  ! ")).collect();
        assert!(changed.iter().all(|line| line.starts_with("  ! 0x000000007ffe0")), "{changed:#?}");
        let totals = lines.last().expect("there is a last line");
        let same = totals.strip_prefix("memory: ").and_then(|line| line.split(' ').next()?.parse::<usize>().ok());
        assert!(same.is_some_and(|same| same > 40), "{totals}");
        assert!(totals.ends_with(" 0 only in the first, 0 only in the second"), "{totals}");
    }
}

fn compressed_memory_is_the_same() {
    let folder = Folder::with(&[("in.dmp", QUICK_START)]);
    folder.redump(&["/ma", "in.dmp", "plain.dmp"]);
    folder.redump(&["/ma", "--compress", "in.dmp", "packed.dmp"]);
    let (code, lines) = compared(&folder.read("plain.dmp"), &folder.read("packed.dmp"));
    let titles: Vec<_> = lines.iter().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!((code, titles.len()), (1, 3), "{titles:?}");
    assert_eq!(titles[..2], ["system:", "streams:"]);
    let streams: Vec<_> = lines.iter().skip_while(|line| *line != "streams:").skip(1).collect();
    assert_eq!(streams[..2], ["  - Memory64List", "  + CompressedMemory"]);
    let totals = " bytes are the same, 0 differ, 0 only in the first, 0 only in the second";
    assert!(streams.len() == 3 && streams[2].ends_with(totals), "{streams:?}");
}

fn many_stretches_are_counted() {
    let bytes = vec![0; 1000];
    let mut other = bytes.clone();
    other.iter_mut().step_by(10).for_each(|byte| *byte = 1);
    let (code, lines) = compared(&source().memory(0x1000, bytes).build(), &source().memory(0x1000, other).build());
    assert_eq!(code, 1);
    assert_eq!(
        lines[1..3],
        ["  ! 0x0000000000001000, 1 bytes", "      bytes: 00 00 00 00 00 00 00 00 | 01 00 00 00 00 00 00 00"]
    );
    assert_eq!(lines[lines.len() - 2], "  ! and 88 more, 88 bytes");
    assert!(lines.last().is_some_and(|line| line.starts_with("memory: 900 bytes are the same, 100 differ, ")));
}

fn unreadable_dumps_and_wrong_arguments_exit_with_2() {
    let folder = Folder::with(&[("a.dmp", QUICK_START), ("b.dmp", b"text")]);
    for words in [&["a.dmp", "b.dmp"][..], &["b.dmp", "a.dmp"], &["a.dmp", "missing.dmp"]] {
        let ran = folder.run("compare", words);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (2, "", 1), "{}", ran.err);
        assert!(ran.err.starts_with("compare: "), "{}", ran.err);
    }
    for words in [&["a.dmp"][..], &["a.dmp", "a.dmp", "a.dmp"], &["--json", "--quiet", "a.dmp", "a.dmp"]] {
        assert_eq!(folder.run("compare", words).code, 2);
    }
    assert_eq!(compared(&source().build(), &source().build()), (0, vec![equal_memory(0)]));
}

//! Parts of a dump that claim bytes of each other: found, not copied with `r` or `R`, and always reported.

use libtest_mimic::Trial;
use userdump::format::StreamType;
use userdump::read::check::FindingCode;
use userdump::redump::Outcome;
use userdump::{Minidump, ReadError};

use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, parsed};
use crate::support::trials;
use crate::synth::{
    Dump, Exception, Handle, Module, ObjectInfo, Part, Shape, SystemInfo, Text, Thread, UnloadedModule, kind,
};

pub fn trials() -> Vec<Trial> {
    trials![
        no_part_is_included_as_another,
        nothing_overlaps_tables_and_lists,
        shared_parts_of_records_are_not_a_fault,
        a_stream_is_not_one_of_another_type,
        registers_are_kept_whatever_claims_them,
    ]
}

const UNKNOWN: u32 = 0x1_0001;
const BOOT_ARGS: u32 = 0x4d7a_0002;
const STATUS: u32 = 0x4767_0004;

/// The middle of a part: a length that fits in the file, then text up to the end of the part. None of its units is 0,
/// so it can be part of a name.
fn secret() -> Vec<u16> {
    [0x0101, 0x0001].into_iter().chain("CANARY-OF-SOMEBODY-ELSE".repeat(3).encode_utf16()).collect()
}

fn secret_bytes() -> Vec<u8> {
    secret().into_iter().flat_map(u16::to_le_bytes).collect()
}

/// Bytes with the secret in the middle.
fn around() -> Vec<u8> {
    [b"beginning of it.".as_slice(), &secret_bytes(), &[0; 2]].concat()
}

fn name() -> Text {
    let units: Vec<u16> = "before".encode_utf16().chain(secret()).collect();
    Text::Units(2 * units.len() as u32, units)
}

/// A context of AMD64 with the flags for all registers.
fn registers(fill: u8) -> Vec<u8> {
    let mut context = vec![fill; 1232];
    context[48..52].copy_from_slice(&0x10_001fu32.to_le_bytes());
    context
}

fn base(service_pack: Text) -> Dump {
    let system = SystemInfo { service_pack, ..SystemInfo::default() };
    Dump::new().system_info(system).thread(Thread::new(7).context(registers(1)))
}

type Change = Box<dyn Fn(Dump) -> Dump>;

fn change(change: impl Fn(Dump) -> Dump + 'static) -> Change {
    Box::new(change)
}

/// The structures that contain the secret.
fn victims() -> Vec<(&'static str, Change)> {
    let object = || vec![ObjectInfo { kind: 6, bytes: around() }];
    vec![
        ("thread name", change(|dump| dump.thread_name(7, name()))),
        ("module name", change(|dump| dump.module(Module { name: name(), ..Module::new(0x10_0000, 2, "") }))),
        ("CodeView", change(|dump| dump.module(Module::new(0x10_0000, 2, "b").code_view(around())))),
        (
            "debug record",
            change(|dump| dump.module(Module { misc: around().into(), ..Module::new(0x10_0000, 2, "b") })),
        ),
        (
            "unloaded module",
            change(|dump| dump.unloaded_module(UnloadedModule { name: name(), ..UnloadedModule::new(1, 2, "") })),
        ),
        ("object name", change(|dump| dump.handle(Handle { object_name: name(), ..Handle::new(1, "b") }))),
        ("object", change(move |dump| dump.handle(Handle { objects: object(), ..Handle::new(1, "b") }))),
        ("status", change(|dump| dump.raw(STATUS, around()))),
        ("stream", change(|dump| dump.raw(0x7777_0000, around()))),
    ]
}

/// A structure that claims bytes of another: its name, the type of its stream, and a builder of a dump in which it
/// claims bytes at a file offset.
type Thief = (&'static str, u32, Box<dyn Fn(u32) -> Dump>);

fn thieves(size: u32, has_names: bool) -> Vec<Thief> {
    fn thief(name: &'static str, kind: u32, dump: impl Fn(u32) -> Dump + 'static) -> Thief {
        (name, kind, Box::new(dump))
    }
    let base = || base(Text::None);
    let text = |at: u32| Text::At(at.into());
    let mut thieves = vec![
        thief("CodeView", kind::MODULE_LIST, move |at| {
            base().module(Module::new(1, 2, "a").code_view(Part::At(size, at)))
        }),
        thief("debug record", kind::MODULE_LIST, move |at| {
            base().module(Module { misc: Part::At(size, at), ..Module::new(1, 2, "a") })
        }),
        thief("context of an exception", kind::EXCEPTION, move |at| {
            base().exception(Exception { context: Part::At(size, at), ..Exception::new(7, 1, 2) })
        }),
        thief("extended state of a thread", kind::THREAD_LIST, move |at| {
            // Its fixed part is somewhere before, in bytes that nothing claims.
            base().thread(Thread::new(8).context(Part::At(size, at)))
        }),
        thief("stream", UNKNOWN, move |at| {
            base().raw(UNKNOWN, []).shape(UNKNOWN, Shape::usual().rva(at).data_size(size))
        }),
    ];
    if has_names {
        for number in [kind::MISC_INFO, kind::TOKEN, kind::FUNCTION_TABLE, kind::EXCEPTION, 0x4d7a_0003] {
            thieves.push(thief("another stream", number, move |at| {
                base().raw(number, []).shape(number, Shape::usual().rva(at).data_size(size))
            }));
        }
        thieves.extend([
            thief("module name", kind::MODULE_LIST, move |at| {
                base().module(Module { name: text(at), ..Module::new(1, 2, "a") })
            }),
            thief("unloaded module", kind::UNLOADED_MODULE_LIST, move |at| {
                base().unloaded_module(UnloadedModule { name: text(at), ..UnloadedModule::new(1, 2, "a") })
            }),
            thief("thread name", kind::THREAD_NAMES, move |at| base().thread_name(7, text(at))),
            thief("handle type", kind::HANDLE_DATA, move |at| base().handle(Handle::new(1, text(at)))),
            thief("object name", kind::HANDLE_DATA, move |at| {
                base().handle(Handle { object_name: text(at), ..Handle::new(1, "a") })
            }),
            thief("service pack", kind::SYSTEM_INFO, move |at| self::base(text(at))),
            thief("boot arguments", BOOT_ARGS, move |at| {
                let dump = base().written(BOOT_ARGS, move |bytes| {
                    bytes.u32(0).u64(at.into());
                });
                dump.shape(BOOT_ARGS, Shape::usual().data_size(12))
            }),
        ]);
    }
    thieves
}

fn has_secret(bytes: &[u8]) -> bool {
    let wide: Vec<u8> = "CANARY".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(wide.len()).any(|window| window == wide)
}

/// The streams with a part that is reported as shared.
fn shared(bytes: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    Minidump::parse(bytes).expect("a dump").check(&mut |finding| {
        if matches!(finding.code, FindingCode::PartShared | FindingCode::StreamsOverlap) {
            let StreamType(kind) = finding.stream.expect("it is about a stream");
            found.push(kind);
        }
    });
    found
}

/// True if the report says that bytes belong to another owner, or that a stream is missing.
fn is_told(out: &Redumped) -> bool {
    let dropped = |outcome: &Outcome| matches!(outcome, Outcome::Filtered | Outcome::Unreadable(_));
    out.report.faults.iter().any(|fault| matches!(fault.error, ReadError::PartShared { .. }))
        || out.report.streams.iter().any(|stream| dropped(&stream.outcome))
}

fn no_part_is_included_as_another() {
    let size = secret_bytes().len() as u32;
    let mut pairs = 0;
    for (victim, add) in victims() {
        for (thief, of, dump) in thieves(size, true) {
            // With room for the longest name.
            let build = |at| [add(dump(at)).build(), vec![0; 0x1_1000]].concat();
            let secret = secret_bytes();
            let find = |bytes: &[u8]| bytes.windows(size as usize).position(|window| window == secret);
            let at = find(&build(0x1_0000)).expect("it is present") as u32;
            let source = build(at);
            assert_eq!(find(&source), Some(at as usize));
            let what = format!("{thief} over {victim}");
            let found = shared(&source);
            assert!(found.contains(&of) && found.len() <= 2, "{what}: {found:x?}");
            for options in ["/mhut", "/mr", "/mR", "/mrR", "/mhutr", "/mhutR", "/mhutrR"] {
                let out = Redumped::once(&source, &parsed(options));
                assert!(options == "/mhut" || !has_secret(&out.bytes), "{what}: {options}");
                assert!(!options.contains('h') || is_told(&out), "{what}: {options} does not report it");
                let contexts: Vec<_> = out.facts().threads().iter().map(|thread| thread.context.0.len()).collect();
                assert_eq!(contexts.first(), Some(&1232), "{what}: {options}");
            }
            pairs += 1;
        }
    }
    assert!(pairs > 100, "{pairs} pairs");
}

/// A function that returns the file offset of something in a dump.
type Position = Box<dyn Fn(&Facts<'_>) -> u32>;

fn nothing_overlaps_tables_and_lists() {
    let of_stream = |kind: u32| move |facts: &Facts<'_>| facts.stream(kind).expect("it is present").rva.0 as u32 + 4;
    let places: [(&str, Position); 5] = [
        ("header", Box::new(|_| 8)),
        ("directory", Box::new(|facts| facts.header.directory.0 as u32 + 4)),
        ("threads", Box::new(of_stream(kind::THREAD_LIST))),
        ("system", Box::new(of_stream(kind::SYSTEM_INFO))),
        ("names", Box::new(of_stream(kind::THREAD_NAMES))),
    ];
    for (place, position) in places {
        for (thief, of, dump) in thieves(12, false) {
            let build = |at| dump(at).thread_name(7, "worker").build();
            let source = build(position(&Facts::of(&build(0x1_0000))));
            let what = format!("{thief} over {place}");
            let found = shared(&source);
            // Overlapping streams are one finding, about the second of them.
            assert!(found.contains(&of) || of == UNKNOWN && found.len() == 1, "{what}: {found:x?}");
            for options in ["/m", "/mr", "/mR"] {
                assert!(is_told(&Redumped::once(&source, &parsed(options))), "{what}: {options} does not report it");
            }
        }
    }
}

fn shared_parts_of_records_are_not_a_fault() {
    let context = |bytes: &[u8]| {
        let whole = registers(1);
        bytes.windows(whole.len()).position(|window| window == whole).expect("it is present") as u32
    };
    let name =
        |bytes: &[u8]| bytes.windows(4).position(|window| window == b"s\0h\0").expect("it is present") as u64 - 4;
    let build = |at: u32, text: u64| {
        let dump = base(Text::At(text)).thread_name(7, "shared").thread_name(8, Text::At(text));
        let dump = dump.module(Module { name: Text::At(text), ..Module::new(1, 2, "") });
        let dump = dump.unloaded_module(UnloadedModule { name: Text::At(text), ..UnloadedModule::new(1, 2, "") });
        // An empty name, which can be anywhere with four zero bytes.
        let dump = dump.handle(Handle { object_name: Text::At(0x1c), ..Handle::new(1, Text::At(text)) });
        let dump = dump.thread(Thread::new(8).context(Part::At(1232, at)));
        let dump = dump.exception(Exception { context: Part::At(1232, at), ..Exception::new(7, 1, 2) });
        dump.memory(0x1000, [1; 64]).build()
    };
    let first = build(0x1_0000, 0x1_0000);
    let source = build(context(&first), name(&first));
    let mut found = Vec::new();
    Minidump::parse(&source).expect("a dump").check(&mut |finding| {
        found.extend((finding.code == FindingCode::PartShared).then_some(finding.to_string()));
    });
    assert_eq!(found, [""; 0]);
    let out = Redumped::once(&source, &parsed("/mhu"));
    let is_shared = |error: &ReadError| matches!(error, ReadError::PartShared { .. });
    assert!(!out.report.faults.iter().any(|fault| is_shared(&fault.error)), "{:?}", out.faults());
}

fn a_stream_is_not_one_of_another_type() {
    for of in [STATUS, kind::TOKEN, kind::MISC_INFO, 0x4d7a_0003] {
        let build = |(rva, size): (u32, u32)| {
            let dump = base(Text::None).raw(kind::COMMENT_A, around()).raw(of, []);
            dump.shape(of, Shape::usual().rva(rva).data_size(size)).build()
        };
        let comment = Facts::of(&build((0x1_0000, 8))).stream(kind::COMMENT_A).expect("it is present");
        let source = build((comment.rva.0 as u32, comment.size));
        assert!(shared(&source).contains(&of), "{of:#x}: {:x?}", shared(&source));
        for options in ["/m", "/mr", "/mR", "/mrR"] {
            let out = Redumped::once(&source, &parsed(options));
            assert!(is_told(&out), "{of:#x}: {options} does not report it");
            assert!(options == "/m" || !has_secret(&out.bytes), "{of:#x}: {options}");
        }
    }
}

fn registers_are_kept_whatever_claims_them() {
    let dump = |at: u32| {
        // With enough room after it that the second context overlaps nothing else.
        let dump = base(Text::None).thread(Thread::new(8).context([registers(2), vec![0; 16]].concat()));
        let dump = dump.exception(Exception { context: Part::At(1232, at + 16), ..Exception::new(7, 1, 2) });
        dump.module(Module::new(1, 2, "a").code_view(Part::At(64, at + 100)))
    };
    let mut second = registers(2);
    // The offset of the exception flags.
    second[64..68].copy_from_slice(&0x10_001fu32.to_le_bytes());
    let whole = registers(2);
    let find = |bytes: &[u8]| bytes.windows(1232).position(|window| window == whole).expect("it is present");
    let at = find(&dump(0x1_0000).build());
    let mut source = dump(at as u32).build();
    source[at..at + 1232].copy_from_slice(&second);
    for options in ["/m", "/mr", "/mR", "/mrR"] {
        let out = Redumped::once(&source, &parsed(options));
        let sizes: Vec<_> = out.facts().threads().iter().map(|thread| thread.context.0.len()).collect();
        assert_eq!(sizes, [1232, 1232], "{options}");
        assert_eq!(out.faults(), ["ModuleList 0 CodeView record"], "{options}");
        assert_eq!(out.facts().modules()[0].code_view.0.is_empty(), options != "/m", "{options}");
    }
}

//! Sizes that are wrong but stay inside the file: process memory that they claim is not carried along.

use libtest_mimic::Trial;
use userdump::redump::Outcome;
use userdump::{Minidump, ReadError};

use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, parsed};
use crate::support::trials;
use crate::synth::{
    Dump, Exception, Handle, Module, Part, Shape, SystemInfo, Text, Thread, Token, UnloadedModule, kind,
};

pub fn trials() -> Vec<Trial> {
    trials![
        no_size_includes_memory_with_r_or_big_r,
        object_information_includes_no_memory_with_any_letter,
        tokens_end_where_they_say,
        a_name_ends_at_its_first_nul_wherever_it_is,
        a_name_ends_at_65534_bytes,
        registers_are_kept_whatever_handles_claim,
    ]
}

/// Text of the process that no option selects.
const CANARY: &str = "CANARY-OF-THE-PROCESS";
/// An unknown stream type.
const UNKNOWN: u32 = 0x1_0001;

/// A string of 64 bytes stored in memory, followed by records of other kinds.
fn memory() -> Vec<u8> {
    let text: Vec<u8> = CANARY.encode_utf16().flat_map(u16::to_le_bytes).chain(*b"CANARY-OF-THE-PROCESS\0").collect();
    [64u32.to_le_bytes().as_slice(), &text, &text].concat()
}

fn base() -> Dump {
    let dump = Dump::new().flags(2).system_info(SystemInfo::default()).thread(Thread::new(7).context([1; 1232]));
    dump.memory64(0x5000_0000, memory())
}

/// The name of a structure that claims bytes, and a builder of a dump in which it claims those at a given file offset.
type Place = (&'static str, Box<dyn Fn(u32) -> Dump>);

/// Every structure that claims bytes by file offset or size, with a builder of a dump in which it claims those at a
/// given offset.
fn places() -> Vec<Place> {
    fn place(name: &'static str, dump: impl Fn(u32) -> Dump + 'static) -> Place {
        (name, Box::new(dump))
    }
    let text = |at: u32| Text::At(at.into());
    let mut places = vec![
        place("module name", move |at| base().module(Module { name: text(at), ..Module::new(1, 2, "a") })),
        place("CodeView", |at| base().module(Module::new(1, 2, "a").code_view(Part::At(64, at)))),
        place("debug record", |at| base().module(Module { misc: Part::At(64, at), ..Module::new(1, 2, "a") })),
        place("unloaded module", move |at| {
            base().unloaded_module(UnloadedModule { name: text(at), ..UnloadedModule::new(1, 2, "a") })
        }),
        place("thread name", move |at| base().thread_name(7, text(at))),
        place("handle type", move |at| base().handle(Handle::new(1, text(at)))),
        place("object name", move |at| base().handle(Handle { object_name: text(at), ..Handle::new(1, "a") })),
        place("service pack", move |at| {
            let system = SystemInfo { service_pack: text(at), ..SystemInfo::default() };
            Dump::new().flags(2).system_info(system).thread(Thread::new(7)).memory64(0x5000_0000, memory())
        }),
        place("context of an exception", |at| {
            base().exception(Exception { context: Part::At(64, at), ..Exception::new(7, 1, 2) })
        }),
        place("extended state of a thread", |at| base().thread(Thread::new(8).context(Part::At(1232 + 64, at - 1232)))),
        place("boot arguments", |at| {
            base().written(0x4d7a_0002, move |bytes| {
                bytes.u32(0).u64(at.into());
            })
        }),
    ];
    for number in [kind::TOKEN, kind::MISC_INFO, kind::THREAD_INFO_LIST, kind::FUNCTION_TABLE, 0x4d7a_0003, UNKNOWN] {
        places.push(place("stream", move |at| {
            base().raw(number, []).shape(number, Shape::usual().rva(at).data_size(90))
        }));
    }
    places
}

/// The file offset of the dump's memory.
fn position(bytes: &[u8]) -> u32 {
    let found = bytes.windows(memory().len()).position(|window| window == memory());
    u32::try_from(found.expect("the memory is present")).expect("it is near")
}

fn has_canary(bytes: &[u8]) -> bool {
    // Six characters of the canary, in both widths.
    let wide: Vec<u8> = "CANARY".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(6).any(|window| window == b"CANARY") || bytes.windows(wide.len()).any(|window| window == wide)
}

fn no_size_includes_memory_with_r_or_big_r() {
    for (name, dump) in places() {
        let source = dump(position(&dump(2000).build())).build();
        assert!(has_canary(&source), "{name}");
        let mut found = 0;
        Minidump::parse(&source).expect("a dump").check(&mut |finding| {
            found += usize::from(matches!(finding.error, Some(ReadError::MemoryShared { .. })));
        });
        assert!(found > 0, "{name}: no finding");
        for options in ["/mhuty", "/mr", "/mrhuty", "/mRhuty", "/mrRhuty"] {
            let out = Redumped::once(&source, &parsed(options));
            let is_private = options.contains(['r', 'R']);
            assert!(!is_private || !has_canary(&out.bytes), "{name}: {options} has memory");
            let is_asked = options.contains('h');
            let dropped = |outcome: &Outcome| matches!(outcome, Outcome::Filtered | Outcome::Unreadable(_));
            let told = out.report.faults.iter().any(|fault| matches!(fault.error, ReadError::MemoryShared { .. }))
                || out.report.streams.iter().any(|stream| dropped(&stream.outcome));
            assert!(!is_asked || told, "{name}: {options} does not report it");
        }
    }
}

/// A dump whose handle object information claims `claimed` bytes and reaches into memory.
fn greedy_handles(handles: u64, claimed: u32) -> Vec<u8> {
    let stream = move |bytes: &mut crate::synth::Bytes| {
        let objects = bytes.label();
        bytes.u32(16).u32(40).u32(handles as u32).u32(0);
        for handle in 0..handles {
            bytes.u64(handle).zeros(24).rva(objects).u32(0);
        }
        bytes.place(objects).u32(0).u32(6).u32(claimed).zeros(8);
    };
    let dump = Dump::new().flags(2).system_info(SystemInfo::default()).written(kind::HANDLE_DATA, stream);
    let dump = dump.thread(Thread::new(7).context([1; 1232])).memory64(0x5000_0000, memory());
    dump.memory64(0x6000_0000, [0; 0x8000]).order(&[7, 12, 3, 9]).build()
}

fn object_information_includes_no_memory_with_any_letter() {
    let source = greedy_handles(1, 0x4000);
    for options in ["/mh", "/mhr", "/mhR", "/mhrR", "/mFhut"] {
        let out = Redumped::once(&source, &parsed(options));
        assert!(!has_canary(&out.bytes), "{options}");
        assert_eq!(out.faults(), ["HandleData 0 object information"], "{options}");
        assert!(matches!(out.report.faults[0].error, ReadError::MemoryShared { .. }));
    }
}

fn tokens_end_where_they_say() {
    let dump = |size: Option<u32>| {
        let token = Token { id: 1, handle: 2, data: b"0123456789abcdef".to_vec() };
        let shape = size.map_or(Shape::usual(), |size| Shape::usual().data_size(size));
        let dump = Dump::new().flags(2).system_info(SystemInfo::default()).token(token).shape(kind::TOKEN, shape);
        dump.thread(Thread::new(7)).memory64(0x5000_0000, memory()).order(&[7, 19, 3, 9]).build()
    };
    let (sound, greedy) = (dump(None), dump(Some(3000)));
    for options in ["/m", "/mr", "/mrR"] {
        let (sound, out) = (Redumped::of(&sound, options), Redumped::once(&greedy, &parsed(options)));
        assert_eq!(out.bytes, sound.bytes, "{options}");
        assert_eq!(out.faults(), ["Token 0 size"], "{options}");
    }
}

fn a_name_ends_at_its_first_nul_wherever_it_is() {
    // "ab", a NUL, and leftovers after it.
    let name = || Text::Units(10, vec![0x61, 0x62, 0, 0x63, 0x64]);
    let system = SystemInfo { service_pack: name(), ..SystemInfo::default() };
    let thread = Thread::new(7).context([0; 1232]);
    let dump = Dump::new().system_info(system).thread(thread).thread_name(7, name());
    let dump = dump.module(Module { name: name(), ..Module::new(1, 2, "a") });
    let dump = dump.unloaded_module(UnloadedModule { name: name(), ..UnloadedModule::new(1, 2, "a") });
    let source = dump.handle(Handle { object_name: name(), ..Handle::new(1, name()) }).build();
    for options in ["/mhu", "/mhurR"] {
        let out = Redumped::once(&source, &parsed(options));
        let facts = Facts::of(&out.bytes);
        let text = Some("ab".to_owned());
        assert_eq!(facts.modules()[0].name.text, text);
        assert_eq!(facts.unloaded_modules()[0].name.text, text);
        assert_eq!(facts.thread_names()[0].name.text, text);
        assert_eq!(facts.system_info().expect("it is present").service_pack.text, text);
        let handles = facts.handles();
        assert_eq!((&handles[0].type_name.text, &handles[0].object_name.text), (&text, &text));
    }
    let mut found = 0;
    Minidump::parse(&source).expect("a dump").check(&mut |finding| {
        assert_eq!(finding.code.as_str(), "name-too-long");
        found += 1;
    });
    assert_eq!(found, 6);
}

fn a_name_ends_at_65534_bytes() {
    for (size, kept) in [(65_532, 65_532), (65_534, 65_534), (65_536, 65_534), (80_000, 65_534)] {
        let name = Text::Units(size, vec![0x61; size as usize / 2]);
        let dump = Dump::new().system_info(SystemInfo::default()).thread(Thread::new(7)).thread_name(7, name);
        let out = Redumped::once(&dump.build(), &parsed("/m"));
        let names = out.facts().thread_names();
        assert_eq!(names[0].name.text.as_ref().map(|text| 2 * text.len()), Some(kept));
    }
}

fn registers_are_kept_whatever_handles_claim() {
    let dump = Dump::new().system_info(SystemInfo::default()).greedy_handles();
    let dump = dump.thread(Thread::new(7).context([1; 1232])).thread(Thread::new(8).context([2; 1232]));
    let exception = Exception { context: [3; 1232].into(), ..Exception::new(7, 1, 2) };
    let source = dump.exception(exception).order(&[12, 7, 3, 6]).build();
    let out = Redumped::once(&source, &parsed("/mh"));
    assert!(!out.faults().iter().any(|fault| fault.ends_with("context")), "{:?}", out.faults());
    assert!(!out.faults().is_empty(), "the budget is spent");
    let sizes: Vec<_> = out.facts().threads().iter().map(|thread| thread.context.0.len()).collect();
    assert_eq!(sizes, [1232, 1232]);
    let facts = out.facts();
    let [exception] = facts.exceptions().try_into().expect("the one that the source has");
    assert_eq!((exception.code, exception.context.0.len()), (1, 1232));
}

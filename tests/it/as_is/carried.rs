//! Dumps loaded into the builder: the new dump has the same content.

use libtest_mimic::Trial;
use userdump::redump::{Options, Outcome, redump};
use userdump::{Dump, Minidump, MinidumpBuilder};
use userdump_walk::facts::{Positions, differences};

use crate::support::everything::everything_of_all_producers;
use crate::support::forms::Form;
use crate::support::redumped::faults;
use crate::support::walk::vendor_content;
use crate::support::{Shared, fixtures, golden, trials};
use crate::synth::{Dump as Synth, Stack, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        results_come_back_byte_for_byte,
        dumps_of_the_debugger_hold_the_same,
        streams_of_every_type_are_carried,
        a_stack_in_no_list_is_included,
        what_cannot_be_carried_is_reported,
    ]
}

fn rebuilt(source: &[u8]) -> (Vec<u8>, usize) {
    let (builder, faults) = Minidump::parse(source).expect("it is valid").to_builder().expect("it is little-endian");
    let mut out = Vec::new();
    builder.plan().expect("it fits").write_to(&mut out).expect("a vector accepts every write");
    (out, faults.len())
}

/// A file laid out by this crate is laid out the same way again.
fn results_come_back_byte_for_byte() {
    let mut count = 0;
    for (name, source) in fixtures::all().filter(|(_, source)| source.starts_with(b"MDMP")) {
        for letters in ["/m", "/mFhut", "/ma", "/mcdFhiprRtuwy"] {
            let mut result = Vec::new();
            let options: Options = letters.parse().expect("these are letters");
            let Ok(report) = redump(&Dump::parse(source).expect("it is valid"), &options, &mut result) else {
                continue;
            };
            // Other kinds of streams come in the order of the source, and unknown streams may share their bytes.
            if report.streams.iter().any(|it| matches!(it.outcome, Outcome::Unexamined | Outcome::Relocated)) {
                continue;
            }
            let (out, faults) = rebuilt(&result);
            assert!(out == result && faults == 0, "{letters} of {name}");
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

fn dumps_of_the_debugger_hold_the_same(shared: &Shared) {
    let mut count = 0;
    for name in golden::wanted() {
        let source = shared.golden(&name);
        if source.len() > 4 << 20 {
            continue;
        }
        let (out, found) = rebuilt(&source);
        let mut found_in = differences(&source, &out, Positions::DoNotMatter);
        // The directory has another order and no unused entries; the header has no module count and no build.
        found_in.retain(|line| !line.contains("entry ") && !line.contains("Header"));
        found_in.retain(|line| !line.contains(": (") || line.contains("range"));
        assert_eq!((found_in, found), (Vec::<String>::new(), 0), "{name}");
        assert!(faults(&out).len() <= faults(&source).len(), "{name}");
        count += 1;
    }
    assert!(count > 50, "{count}");
}

fn streams_of_every_type_are_carried() {
    let form = Form { big_endian: false, filler: 3 };
    let source = form.build(everything_of_all_producers(form));
    let dump = Minidump::parse(&source).expect("it is valid");
    let mut builder = MinidumpBuilder::new();
    let mut refused = Vec::new();
    for stream in dump.raw_streams() {
        refused.extend(builder.carry(&stream).err().map(|_| stream.stream_type().0));
    }
    assert_eq!(refused, [25], "compressed memory alone");
    let mut out = Vec::new();
    builder.plan().expect("it fits").write_to(&mut out).expect("a vector accepts every write");
    let out = Minidump::parse(&out).expect("it is valid");
    let sorted = |dump: &Minidump<'_>| {
        let mut lines = vendor_content(dump);
        lines.sort_unstable();
        lines
    };
    assert!(sorted(&dump) == sorted(&out));
}

fn a_stack_in_no_list_is_included() {
    let dump = Synth::new().system_info(SystemInfo::default());
    let dump = dump.thread(Thread::new(1).stack(Stack::stored(0x5000, [7; 64]))).memory(0x9000, [8; 64]);
    let (out, _) = rebuilt(&dump.build());
    let out = Minidump::parse(&out).expect("it is valid");
    assert_eq!(out.memory().slice(0x5000, 64), Some(&[7; 64][..]));
    assert_eq!(out.memory().slice(0x9000, 64), Some(&[8; 64][..]));
}

fn what_cannot_be_carried_is_reported() {
    let form = Form { big_endian: true, filler: 0 };
    let big = form.build(everything_of_all_producers(form));
    let dump = Minidump::parse(&big).expect("it is valid");
    assert!(dump.to_builder().is_err());
    assert!(dump.raw_streams().all(|stream| MinidumpBuilder::new().carry(&stream).is_err()));
    let nowhere =
        Synth::new().module(crate::synth::Module { name: crate::synth::Text::At(0xffff_fff0), ..Default::default() });
    let (out, faults) = rebuilt(&nowhere.build());
    assert_eq!(faults, 1);
    assert_eq!(
        Minidump::parse(&out).expect("it is valid").modules().get(0).map(|it| it.raw().module_name_rva),
        Some(0)
    );
}

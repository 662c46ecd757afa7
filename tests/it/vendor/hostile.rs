//! Streams of other producers in which everything is wrong, and their re-encodings.

use libtest_mimic::Trial;
use userdump::{Dump as AnyDump, Minidump, redump};

use super::kind;
use crate::support::everything::everything_of_all_producers as all;
use crate::support::forms::{Form, open};
use crate::support::trials;
use crate::support::walk::{vendor_content as content, walk};
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        no_word_of_a_stream_makes_the_reader_stumble,
        no_cut_of_a_file_makes_the_reader_stumble,
        structures_may_be_their_own_parts,
        every_stream_of_other_producers_has_something_to_show,
        a_re_encoded_dump_has_the_same_content,
        a_stream_that_cannot_be_viewed_is_carried,
    ]
}

fn no_word_of_a_stream_makes_the_reader_stumble() {
    for form in [Form::USUAL, Form { big_endian: true, filler: 3 }] {
        let sound = form.build(all(form));
        let streams: Vec<_> =
            open(&sound).streams().map(|(stream, _)| (stream.stream_type().0, stream.offset())).collect();
        for (_, offset) in streams.into_iter().filter(|(kind, _)| *kind > 0xffff) {
            let start = usize::try_from(offset).expect("it is in memory");
            for at in (start..(start + 280).min(sound.len() - 4)).step_by(4) {
                for word in [0, 1, offset as u32, 0x7fff_ffff, 0xffff_ffff] {
                    let mut bytes = sound.clone();
                    let word = if form.big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
                    bytes[at..at + 4].copy_from_slice(&word);
                    let _ = content(&open(&bytes));
                }
            }
        }
    }
}

fn no_cut_of_a_file_makes_the_reader_stumble() {
    let sound = Form::USUAL.build(all(Form::USUAL));
    for size in 32..sound.len() {
        let _ = content(&open(&sound[..size]));
    }
    assert!(walk(&sound).is_ok());
}

/// A module list in which all modules, dictionaries, keys and values refer to the list itself.
fn structures_may_be_their_own_parts() {
    for count in [1, 1000, u32::MAX] {
        let bytes = Dump::new()
            .written(kind::CRASHPAD_INFO, move |bytes| {
                let [start, end] = [bytes.label(), bytes.label()];
                bytes.place(start).u32(count);
                (0..1000).for_each(|_| {
                    bytes.location(start, end);
                });
                bytes.place(end);
            })
            .written(kind::LINUX_DSO_DEBUG, move |bytes| {
                let start = bytes.here();
                bytes.u32(count).rva(start).u32(count);
                (0..1000).for_each(|_| {
                    bytes.rva(start);
                });
            })
            .build();
        let lines = content(&open(&bytes));
        assert!(lines.len() < 2 * bytes.len(), "{} lines of {} bytes", lines.len(), bytes.len());
    }
}

fn every_stream_of_other_producers_has_something_to_show() {
    let bytes = Form::USUAL.build(all(Form::USUAL));
    let lines = content(&open(&bytes));
    for kind in [20, 23, 0x4350_0001].into_iter().chain(0x4767_0001..=0x4767_000d).chain(0x4d7a_0001..=0x4d7a_0004) {
        let name = userdump::format::StreamType(kind).to_string();
        assert!(lines.iter().any(|line| line.starts_with(&format!("{name}: "))), "{name} shows nothing");
    }
}

fn re_encoded(source: &[u8]) -> Vec<u8> {
    let source = AnyDump::Minidump(Minidump::parse(source).expect("the header is sound"));
    let mut result = Vec::new();
    redump(&source, &"/mT".parse().expect("it is an option"), &mut result).expect("it can be re-encoded");
    result
}

fn a_re_encoded_dump_has_the_same_content() {
    let source = Form { filler: 5, ..Form::USUAL }.build(all(Form::USUAL));
    let result = re_encoded(&source);
    assert_ne!(source.len(), result.len());
    assert_eq!(content(&open(&result)), content(&open(&source)));
}

fn a_stream_that_cannot_be_viewed_is_carried() {
    let short = |kind, size| (kind, vec![7; size]);
    for (kind, bytes) in [
        short(kind::BREAKPAD_INFO, 11),
        short(kind::ASSERTION_INFO, 775),
        short(kind::LINUX_DSO_DEBUG, 3),
        short(kind::CRASHPAD_INFO, 3),
        short(kind::MOZ_MAC_CRASH_INFO, 11),
        short(kind::MOZ_MAC_BOOT_ARGS, 2),
    ] {
        let source = Dump::new().raw(kind, &bytes).build();
        assert!(open(&source).streams().all(|(_, stream)| stream.is_err()), "{kind:#x} can be viewed");
        let result = re_encoded(&source);
        let kept = open(&result).raw_stream(userdump::format::StreamType(kind)).map(|stream| stream.bytes());
        assert_eq!(kept, Some(bytes.as_slice()), "{kind:#x}");
    }
}

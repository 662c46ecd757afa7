//! The corpus's streams of other producers, compared with the `minidump` crate, or with each other if it does not read
//! them.

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use minidump::{
    MinidumpAnnotation, MinidumpAssertion, MinidumpBreakpadInfo, MinidumpCrashpadInfo, MinidumpLinuxCpuInfo,
    MinidumpLinuxEnviron, MinidumpLinuxLsbRelease, MinidumpLinuxMaps, MinidumpLinuxProcStatus, MinidumpMacBootargs,
    MinidumpMacCrashInfo, MinidumpSoftErrors,
};
use userdump::Minidump;
use userdump::format::linux::{AuxType, DsoDebugLayout, LinuxMapFlags};
use userdump::read::FromStream;
use userdump::read::breakpad::{AssertionInfo, BreakpadInfo};
use userdump::read::crashpad::{CrashpadInfo, StringDictionary};
use userdump::read::linux::{
    Field, LinuxAuxv, LinuxCmdLine, LinuxCpuInfo, LinuxDsoDebug, LinuxEnviron, LinuxLsbRelease, LinuxMapping,
    LinuxMaps, LinuxProcStatus,
};
use userdump::read::mozilla::{MozMacBootArgs, MozMacCrashInfo, MozSoftErrors};
use userdump::read::text::Utf8;

use super::kind;
use crate::support::{Shared, trials};
use crate::synth::{Dump, Shape, SystemInfo};

pub fn trials() -> Vec<Trial> {
    trials![
        breakpad_agrees,
        crashpad_agrees,
        keys_and_values_agree,
        environments_are_more_than_the_peer_reads,
        maps_agree,
        soft_errors_agree,
        the_vector_the_linker_and_the_maps_agree,
        streams_that_no_file_has_agree_where_they_are_assembled,
    ]
}

type Peer<'a> = minidump::Minidump<'a, &'a [u8]>;

/// Checks every file of the corpus that both readers open and whose first stream of a type both find; returns the
/// number of files.
///
/// If a type occurs twice, the peer finds the last one: such a file only counts if both streams are equal.
fn each(shared: &Shared, kind: u32, mut look: impl FnMut(&str, &Minidump<'_>, &Peer<'_>)) -> usize {
    let mut looked = 0;
    for row in shared.corpus() {
        let bytes = shared.corpus_file(&row);
        let (Ok(ours), Ok(peer)) = (Minidump::parse(&bytes), Peer::read(bytes.as_slice())) else {
            continue;
        };
        let stream = ours.raw_stream(userdump::format::StreamType(kind)).filter(|stream| stream.fault().is_none());
        if stream.zip(peer.get_raw_stream(kind).ok()).is_some_and(|(stream, found)| stream.bytes() == found) {
            looked += 1;
            look(&row.file, &ours, &peer);
        }
    }
    looked
}

fn view<'a, T: FromStream<'a>>(file: &str, dump: &Minidump<'a>) -> T {
    dump.stream().unwrap_or_else(|error| panic!("{file}: {error}")).expect("the stream is there")
}

fn text(bytes: Utf8<'_>) -> String {
    bytes.to_string_lossy().into_owned()
}

fn breakpad_agrees(shared: &Shared) {
    let count = each(shared, kind::BREAKPAD_INFO, |file, ours, peer| {
        let (ours, peer): (BreakpadInfo, MinidumpBreakpadInfo) = (view(file, ours), peer.get_stream().expect(file));
        assert_eq!(
            (ours.dump_thread_id(), ours.requesting_thread_id()),
            (peer.dump_thread_id, peer.requesting_thread_id)
        );
    });
    assert_eq!(count, 11);
    let count = each(shared, kind::ASSERTION_INFO, |file, ours, peer| {
        let (ours, peer): (AssertionInfo<'_>, MinidumpAssertion) = (view(file, ours), peer.get_stream().expect(file));
        let found = [ours.expression(), ours.function(), ours.file()].map(|text| Some(text.to_string_lossy()));
        assert_eq!(found, [peer.expression(), peer.function(), peer.file()]);
        assert_eq!((ours.line(), ours.assertion_type().0), (peer.raw.line, peer.raw._type));
        assert!(ours.expression() == "format != nullptr" && ours.function() == "common_vfprintf");
    });
    assert_eq!(count, 1);
}

fn crashpad_agrees(shared: &Shared) {
    let mut annotations = 0;
    let count = each(shared, kind::CRASHPAD_INFO, |file, ours, peer| {
        let ours: CrashpadInfo<'_> = view(file, ours);
        // The peer rejects a stream without an address mask, so only the streams that it reads are compared.
        let Ok(peer) = peer.get_stream::<MinidumpCrashpadInfo>() else {
            panic!("{file}: the peer does not read it");
        };
        let ids = [ours.report_id(), ours.client_id()].map(|id| id.expect("it is there").to_string().replace('-', ""));
        assert_eq!(ids, [&peer.raw.report_id, &peer.raw.client_id].map(guid), "{file}");
        assert_eq!(dictionary(&ours.simple_annotations().expect(file)), peer.simple_annotations, "{file}");
        let modules = ours.modules().expect(file);
        assert_eq!(modules.len() as usize, peer.module_list.len(), "{file}");
        for (ours, peer) in modules.iter().zip(&peer.module_list) {
            assert_eq!((ours.module_index() as usize, ours.version()), (peer.module_index, Ok(peer.raw.version)));
            assert_eq!(dictionary(&ours.simple_annotations().expect(file)), peer.simple_annotations, "{file}");
            let list = ours.list_annotations().expect(file);
            let list: Vec<_> = list.iter().map(|entry| text(entry.text().expect(file))).collect();
            assert_eq!(list, peer.list_annotations, "{file}");
            let mut objects = BTreeMap::new();
            for object in ours.annotation_objects().expect(file) {
                objects.insert(text(object.name().expect(file)), object);
            }
            assert!(objects.keys().eq(peer.annotation_objects.keys()), "{file}");
            for (name, peer) in &peer.annotation_objects {
                let ours = &objects[name];
                let value = ours.text().expect(file).map(text);
                match peer {
                    MinidumpAnnotation::String(peer) => assert_eq!(value.as_ref(), Some(peer), "{file}"),
                    MinidumpAnnotation::UserDefined(peer) => {
                        assert_eq!((ours.annotation_type().0, ours.raw().value), (peer.ty, peer.value), "{file}");
                        assert!(ours.annotation_type().is_user_defined() && ours.value().is_ok());
                    }
                    MinidumpAnnotation::Invalid => assert_eq!(ours.annotation_type().0, 0),
                    other => panic!("{file}: {other:?}"),
                }
                annotations += 1;
            }
        }
    });
    assert_eq!(count, 7);
    assert!(annotations > 40, "{annotations}");
}

fn guid(guid: &impl std::fmt::Display) -> String {
    guid.to_string().to_uppercase().replace('-', "")
}

fn dictionary(entries: &StringDictionary<'_>) -> BTreeMap<String, String> {
    let pair = |entry: userdump::read::crashpad::StringDictionaryEntry<'_>| {
        (text(entry.key().expect("it is there")), text(entry.value().expect("it is there")))
    };
    entries.iter().map(pair).collect()
}

/// Keys and values as the peer has them: it removes quotes everywhere.
fn pairs<'a>(fields: impl Iterator<Item = Field<'a>>) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields.map(|field| (field.key.as_bytes().to_vec(), field.value.as_bytes().to_vec())).collect()
}

fn keys_and_values_agree(shared: &Shared) {
    let owned = |(key, value): (&minidump::strings::LinuxOsStr, &minidump::strings::LinuxOsStr)| {
        // In the LLDB file with overlapping streams, the text is zeros; we do not treat trailing zeros as text.
        let value = value.as_bytes();
        let end = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        (key.as_bytes().to_vec(), value[..end].to_vec())
    };
    let count = each(shared, kind::LINUX_CPU_INFO, |file, ours, peer| {
        let (ours, peer): (LinuxCpuInfo<'_>, MinidumpLinuxCpuInfo<'_>) =
            (view(file, ours), peer.get_stream().expect(file));
        assert_eq!(pairs(ours.fields()), peer.iter().map(owned).collect::<Vec<_>>(), "{file}");
        assert_eq!(pairs(ours.processors().flat_map(|it| it.fields())), pairs(ours.fields()), "{file}");
        // The LLDB test file has another text there.
        let numbers: Vec<_> = ours.processors().map(|it| it.number()).collect();
        let expected = (0..numbers.len() as u64).map(Some);
        assert!(file.ends_with("lldb-dump-content.dmp") || expected.eq(numbers), "{file}");
    });
    assert_eq!(count, 13);
    let count = each(shared, kind::LINUX_PROC_STATUS, |file, ours, peer| {
        let (ours, peer): (LinuxProcStatus<'_>, MinidumpLinuxProcStatus<'_>) =
            (view(file, ours), peer.get_stream().expect(file));
        assert_eq!(pairs(ours.fields()), peer.iter().map(owned).collect::<Vec<_>>(), "{file}");
        assert!(file.ends_with("lldb-dump-content.dmp") || ours.process_id().is_some(), "{file}");
    });
    assert_eq!(count, 22);
    let count = each(shared, kind::LINUX_LSB_RELEASE, |file, ours, peer| {
        let (ours, peer): (LinuxLsbRelease<'_>, MinidumpLinuxLsbRelease<'_>) =
            (view(file, ours), peer.get_stream().expect(file));
        // The peer takes a comment with an equals sign for an assignment.
        let assignments = peer.iter().map(owned).filter(|(key, _)| !key.starts_with(b"#"));
        assert_eq!(pairs(ours.fields()), assignments.collect::<Vec<_>>(), "{file}");
    });
    assert_eq!(count, 19);
}

/// The peer splits the environment into lines; the kernel terminates variables with NUL.
fn environments_are_more_than_the_peer_reads(shared: &Shared) {
    let count = each(shared, kind::LINUX_ENVIRON, |file, ours, peer| {
        let (ours, peer): (LinuxEnviron<'_>, MinidumpLinuxEnviron<'_>) =
            (view(file, ours), peer.get_stream().expect(file));
        let (ours, peer) = (ours, peer.raw_bytes().into_owned());
        let end = if peer.ends_with(b"\0") { peer.len() - 1 } else { peer.len() };
        let expected: Vec<&[u8]> = peer[..end].split(|byte| *byte == 0).collect();
        assert!(ours.strings().map(|it| it.as_bytes()).eq(expected.iter().copied()), "{file}");
        let assignments = expected.iter().filter(|it| it.contains(&b'=')).count();
        assert_eq!(ours.variables().count(), assignments, "{file}");
    });
    assert_eq!(count, 20);
    let mut arguments = Vec::new();
    each(shared, kind::LINUX_CMD_LINE, |file, ours, _| {
        arguments.extend(view::<LinuxCmdLine<'_>>(file, ours).arguments().map(text));
    });
    for expected in ["./driver", "overflow", "/usr/local/bin/abort", "./a.out", "--flag"] {
        assert!(arguments.iter().any(|it| it == expected), "{expected} is in no file: {arguments:?}");
    }
}

fn maps_agree(shared: &Shared) {
    let (mut mappings, mut more) = (0, Vec::new());
    let count = each(shared, kind::LINUX_MAPS, |file, ours, peer| {
        let ours: LinuxMaps<'_> = view(file, ours);
        let Ok(peer) = peer.get_stream::<MinidumpLinuxMaps<'_>>() else {
            // If there is one line that the peer cannot read, cut or only a NUL, it reads none.
            more.push((file.to_owned(), ours.iter().count(), ours.unreadable_lines().count()));
            return;
        };
        let peers: Vec<_> = peer
            .iter()
            .map(|it| &it.map)
            .map(|it| (it.address, it.perms.as_str(), it.offset, it.dev, it.inode, format!("{:?}", it.pathname)))
            .collect();
        let found = ours.iter().map(|it| {
            let device = (it.device.0 as i32, it.device.1 as i32);
            ((it.start, it.end), letters(it.flags), it.offset, device, it.inode, path(&it))
        });
        let found: Vec<_> = found.collect();
        mappings += found.len();
        let peers: Vec<_> = peers.into_iter().map(|it| (it.0, it.1, it.2, it.3, it.4, it.5)).collect();
        assert_eq!(found, peers, "{file}");
        assert_eq!(ours.unreadable_lines().count(), 0, "{file}");
    });
    let expected = [
        ("real/invalid-range.dmp", 0, 80),
        ("llvm-tests/lldb-dump-content.dmp", 3, 0),
        ("llvm-tests/lldb-regions-linux-map.dmp", 19, 0),
    ];
    let expected = expected.map(|(file, mappings, lines)| (file.to_owned(), mappings, lines));
    assert_eq!((count, mappings, more.as_slice()), (24, 417, expected.as_slice()));
}

/// Permissions as the peer prints them.
fn letters(flags: LinuxMapFlags) -> String {
    let letter = |flag, set, clear| if flags.contains(flag) { set } else { clear };
    let letters = [
        letter(LinuxMapFlags::READ, 'r', '-'),
        letter(LinuxMapFlags::WRITE, 'w', '-'),
        letter(LinuxMapFlags::EXECUTE, 'x', '-'),
        letter(LinuxMapFlags::SHARED, 's', 'p'),
    ];
    letters.into_iter().collect()
}

/// The path as the peer prints it, which distinguishes some special names from paths.
fn path(mapping: &LinuxMapping<'_>) -> String {
    let path = text(mapping.path) + if mapping.deleted { " (deleted)" } else { "" };
    let known = [("", "Anonymous"), ("[heap]", "Heap"), ("[stack]", "Stack"), ("[vdso]", "Vdso"), ("[vvar]", "Vvar")];
    match known.iter().chain(&[("[vsyscall]", "Vsyscall")]).find(|(name, _)| path == *name) {
        Some((_, printed)) => (*printed).to_owned(),
        None if path.starts_with('[') => format!("Other({:?})", path.trim_matches(['[', ']'])),
        None => format!("Path({path:?})"),
    }
}

fn soft_errors_agree(shared: &Shared) {
    let count = each(shared, kind::MOZ_SOFT_ERRORS, |file, ours, peer| {
        let (ours, peer): (MozSoftErrors<'_>, MinidumpSoftErrors<'_>) =
            (view(file, ours), peer.get_stream().expect(file));
        assert_eq!(ours.text().to_str(), Ok(peer.as_ref()));
    });
    assert_eq!(count, 1);
}

/// The peers do not read the auxiliary vector or the linker's data. The vector and the maps both give the address of
/// the linker, and the linker lists files that are mapped.
fn the_vector_the_linker_and_the_maps_agree(shared: &Shared) {
    let count = each(shared, kind::LINUX_AUXV, |file, ours, _| {
        let auxv: LinuxAuxv<'_> = view(file, ours);
        if !file.contains("yaml") && !file.ends_with("lldb-dump-content.dmp") {
            assert_eq!((auxv.get(AuxType::PAGESZ), auxv.get(AuxType::CLKTCK)), (Some(4096), Some(100)), "{file}");
            let whole = auxv.as_bytes().len() / ours.target().pointer_size() as usize / 2;
            assert!(auxv.iter().count() < whole && auxv.iter().all(|it| it.aux_type.name().is_some()), "{file}");
        }
    });
    let mut layouts = BTreeMap::new();
    let linkers = each(shared, kind::LINUX_DSO_DEBUG, |file, ours, _| {
        let (debug, maps): (LinuxDsoDebug<'_>, LinuxMaps<'_>) = (view(file, ours), view(file, ours));
        *layouts.entry(debug.layout()).or_insert(0) += 1;
        assert_eq!(debug.version(), 1, "{file}");
        let linker = maps.at_address(debug.ldbase()).unwrap_or_else(|| panic!("{file}: the linker is not mapped"));
        assert!(linker.start == debug.ldbase() && text(linker.path).contains("/ld-"), "{file}: {linker:?}");
        assert!(maps.at_address(debug.brk()).is_some_and(|it| it.path == linker.path), "{file}");
        if let Ok(Some(auxv)) = ours.stream::<LinuxAuxv<'_>>() {
            assert_eq!(auxv.get(AuxType::BASE), Some(debug.ldbase()), "{file}");
        }
        let program = maps.at_address(debug.dynamic()).unwrap_or_else(|| panic!("{file}: the program is not mapped"));
        let links = debug.link_maps();
        assert!(links.fault().is_none() && links.len() > 2, "{file}");
        let first = links.get(0).expect("there are some");
        assert!(first.name().is_ok_and(|name| name.is_empty()), "{file}");
        assert_eq!((first.addr(), first.ld(), program.is_file()), (0, debug.dynamic(), true), "{file}");
        for link in links.iter().skip(1) {
            assert!(maps.at_address(link.ld()).is_some(), "{file}: {link:?}");
        }
        let tags: Vec<_> = debug.dynamic_entries().map(|(tag, _)| tag).collect();
        assert!(tags.first() == Some(&1) && tags.contains(&5) && tags.contains(&21), "{file}: {tags:?}");
    });
    let expected = BTreeMap::from([(DsoDebugLayout::Bits32, 3), (DsoDebugLayout::Bits64, 9)]);
    assert_eq!((count, linkers, layouts), (19, 12, expected));
}

/// The corpus has no sound stream of Mozilla's for macOS.
fn streams_that_no_file_has_agree_where_they_are_assembled() {
    for (version, big_endian) in [(4, false), (4, true), (5, false), (5, true)] {
        let dump = Dump::new()
            .system_info(SystemInfo { platform: 0x8101, ..SystemInfo::default() })
            .written(kind::MOZ_MAC_CRASH_INFO, move |bytes| {
                let [first, second, end] = std::array::from_fn(|_| bytes.label());
                bytes.u32s(&[kind::MOZ_MAC_CRASH_INFO, 2, 40]).location(first, second).location(second, end);
                bytes.zeros(18 * 8);
                for (label, texts) in [(first, "/a\0b\0c\0d\0e\0"), (second, "\0\0\0\0last\0")] {
                    bytes.place(label).u64s(&[kind::MOZ_MAC_CRASH_INFO.into(), version, 7, 8, 9]).raw(texts);
                }
                bytes.place(end);
            })
            .written(kind::MOZ_MAC_BOOT_ARGS, |bytes| {
                let text = bytes.label();
                bytes.u32(kind::MOZ_MAC_BOOT_ARGS).rva64(text).place(text).string("-v");
            })
            // The directory gives the size of the stream alone.
            .shape(kind::MOZ_MAC_BOOT_ARGS, Shape::usual().data_size(12));
        let bytes = if big_endian { dump.big_endian().build() } else { dump.build() };
        let ours = Minidump::parse(&bytes).expect("it is sound");
        let peer = Peer::read(bytes.as_slice()).expect("it is sound");
        let info: MozMacCrashInfo<'_> = view("", &ours);
        let theirs: MinidumpMacCrashInfo = peer.get_stream().expect("it is there");
        let records: Vec<_> = info.records().map(|record| record.expect("it is sound")).collect();
        assert_eq!((records.len(), theirs.raw.len()), (2, 2));
        for (ours, theirs) in records.iter().zip(&theirs.raw) {
            let numbers = [Some(ours.version()), ours.thread(), ours.dialog_mode(), ours.abort_cause()];
            let expected = [theirs.version(), theirs.thread(), theirs.dialog_mode(), theirs.abort_cause()];
            assert_eq!(numbers, expected.map(|number| number.copied()));
            let texts =
                [ours.module_path(), ours.message(), ours.signature_string(), ours.backtrace(), ours.message2()];
            let expected = [
                theirs.module_path(),
                theirs.message(),
                theirs.signature_string(),
                theirs.backtrace(),
                theirs.message2(),
            ];
            // For the peer, an empty string is absent.
            let texts = texts.map(|it| it.filter(|text| !text.is_empty()).map(text));
            assert_eq!(texts, expected.map(|text| text.map(str::to_owned)));
        }
        let arguments: MozMacBootArgs<'_> = view("", &ours);
        let theirs: MinidumpMacBootargs = peer.get_stream().expect("it is there");
        let found = arguments.text().expect("it is there").map(|text| text.to_string_lossy());
        assert_eq!((found, arguments.rva()), (theirs.bootargs, theirs.raw.bootargs));
    }
}

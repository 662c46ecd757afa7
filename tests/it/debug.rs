//! The `{:?}` output of everything the crate returns contains no data of the dumped process, and is short.

use std::collections::BTreeSet;
use std::fmt::Debug;

use libtest_mimic::Trial;
use userdump::format::StreamType;
use userdump::read::full_user_dump::VersionInformation;
use userdump::read::handle::HandleData;
use userdump::read::list::Record;
use userdump::read::references::parts;
use userdump::read::{List, Stream};
use userdump::redump::{Hooks, Options, Redump};
use userdump::write::{self, FullUserDumpBuilder, MemoryRange, MinidumpBuilder, Text};
use userdump::{Dump, Minidump, OwnedDump};

use crate::contract::{Pieces, Source, sources};
use crate::support::everything::everything_of_all_producers;
use crate::support::forms::Form;
use crate::support::{Shared, shared_trial, tree, trials};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![nothing_prints_what_is_in_the_dump, every_view_is_printed, what_is_written_prints_no_bytes];
    all.push(shared_trial("debug::views_of_shared_files_print_little", views_of_shared_files_print_little));
    all
}

/// The maximum output of one value. The largest are structures of forty fields, each on its own line.
const MOST: usize = 12 << 10;

#[derive(Default)]
struct Printed {
    texts: Vec<String>,
}

impl Printed {
    fn add(&mut self, value: &dyn Debug) {
        for text in [format!("{value:?}"), format!("{value:#?}")] {
            assert!(text.len() <= MOST, "{} bytes: {}", text.len(), text.get(..300).unwrap_or_default());
            self.texts.push(text);
        }
    }

    fn list<'a, R: Record<'a> + Debug>(&mut self, list: &List<'a, R>) {
        self.add(list);
        self.add(&list.iter());
        list.iter().take(50).for_each(|entry| self.add(&entry));
    }
}

/// Prints everything that the crate returns for a dump.
fn printed(bytes: &[u8]) -> Printed {
    let mut all = Printed::default();
    let dump = Dump::parse(bytes).expect("it is valid");
    all.add(&dump);
    let (memory, regions) = (dump.memory(), dump.regions());
    all.add(&memory);
    all.add(&memory.visible_ranges());
    memory.visible_ranges().take(50).for_each(|range| all.add(&range));
    all.add(&(&regions, regions.iter()));
    if let Dump::Minidump(dump) = &dump {
        all.add(&dump.module_extents());
    }
    regions.iter().take(50).for_each(|region| all.add(&(region, region.detail())));
    let places = dump.modules_by_address();
    all.add(&(memory.index(), regions.index(), places.index(), dump.unloaded_modules_by_address().index()));
    all.add(&(OwnedDump::new(bytes), OwnedDump::new(bytes.get(4..).unwrap_or_default()).err()));
    all.add(&(&places, dump.unloaded_modules_by_address(), dump.crashed_thread(), dump.crash_registers()));
    for module in dump.modules() {
        all.add(&(module, module.name()));
        all.add(&(module.code_view(&memory), module.version(&memory), places.locate(module.base())));
        all.add(&(module.debug_id(&memory), module.code_id(&memory)));
        if let Some(image) = userdump::read::module::Image::at(&memory, module.base()) {
            all.add(&(image, image.code_view_record()));
            image.sections().take(9).for_each(|section| all.add(&section));
        }
    }
    dump.threads().for_each(|thread| all.add(&(thread, thread.context())));
    if let Some(side) = userdump::read::system::wow64::Wow64::of(&dump, &memory) {
        all.add(&side);
        dump.threads().for_each(|thread| all.add(&(side.thread(&thread), side.thread(&thread).context())));
    }
    dump.exceptions().for_each(|exception| all.add(&(exception, exception.context())));
    match &dump {
        Dump::Minidump(dump) => minidump(dump, &mut all),
        Dump::FullUserDump(dump) => {
            all.add(&(dump.threads(), dump.threads().iter(), dump.modules(), dump.stored_regions()));
            all.add(&(dump.version_information(), dump.service_pack(), dump.debug_event(), dump.exception()));
            if let Some(VersionInformation::Texts(texts)) = dump.version_information() {
                all.add(&texts.iter());
            }
            dump.threads().iter().for_each(|thread| all.add(&(thread, thread.registers())));
            dump.modules().for_each(|module| all.add(&(module, module.name())));
            dump.stored_regions().take(50).for_each(|region| all.add(&region));
        }
        other => panic!("{other:?}"),
    }
    all
}

fn minidump(dump: &Minidump<'_>, all: &mut Printed) {
    all.add(&(dump.directory(), dump.directory().iter(), dump.raw_streams(), dump.streams(), dump.exceptions()));
    let config = dump.find::<userdump::read::system::MiscInfo<'_>>().and_then(|misc| misc.xstate());
    for thread in dump.threads() {
        let Ok(Some(context)) = thread.context() else { continue };
        let xstate = context.xstate(config.as_ref());
        all.add(&(xstate.clone(), context.layout(), context.state(), context.flags()));
        xstate.iter().flat_map(|it| it.iter()).for_each(|feature| all.add(&feature));
    }
    for (raw, decoded) in dump.streams() {
        all.add(&raw);
        all.add(&decoded);
        if let Ok(parts) = parts(&raw) {
            all.add(&parts);
            parts.parts.iter().for_each(|part| all.add(part));
        }
        decoded.iter().for_each(|stream| streams(stream, all));
    }
}

fn streams(stream: &Stream<'_>, all: &mut Printed) {
    match stream {
        Stream::ThreadList(list) => all.list(list),
        Stream::ModuleList(list) => {
            all.list(list);
            for module in list {
                all.add(&(module.name(), module.code_view(), module.debug_misc(), module.version()));
                all.add(&module.debug_misc().ok().flatten().map(|misc| misc.name()));
            }
            all.add(&list.by_address());
        }
        Stream::HostModuleList(list) => all.list(list.modules()),
        Stream::UnloadedModuleList(list) => {
            all.list(list);
            list.iter().for_each(|module| all.add(&module.name()));
        }
        Stream::ThreadNames(list) => {
            all.list(list);
            list.iter().for_each(|name| all.add(&name.name()));
        }
        Stream::MemoryList(list) => all.list(list),
        Stream::Memory64List(list) => all.add(&(list, list.iter(), list.descriptors())),
        Stream::CompressedMemory(memory) => {
            all.add(&memory);
            all.list(memory.regions());
            all.list(memory.buckets());
        }
        Stream::ThreadExList(list) => all.list(list),
        Stream::LinuxProcStatus(status) => status.fields().for_each(|field| all.add(&field)),
        Stream::MemoryInfoList(list) => all.list(list),
        Stream::ThreadInfoList(list) => all.list(list),
        Stream::HandleOperationList(list) => all.list(list),
        Stream::HandleData(list) => handles(list, all),
        Stream::SystemInfo(system) => all.add(&(system.raw(), system.csd_version(), system.cpu(), system.wine())),
        Stream::MiscInfo(misc) => {
            all.add(&(misc.raw(), misc.time_zone(), misc.standard_name(), misc.build_string(), misc.processor_power()));
        }
        Stream::FunctionTable(list) => {
            all.add(&list.iter());
            list.iter().for_each(|table| all.add(&table));
        }
        Stream::Token(list) => {
            all.add(&list.iter());
            list.iter().for_each(|token| all.add(&token));
        }
        Stream::CommentA(comment) => all.add(&comment.to_string().len()),
        Stream::CommentW(comment) => all.add(&comment.text()),
        Stream::AssertionInfo(info) => all.add(&(info.raw(), info.expression())),
        Stream::LinuxCpuInfo(info) => {
            info.processors().for_each(|processor| all.add(&processor));
            info.fields().for_each(|field| all.add(&field));
        }
        Stream::LinuxAuxv(auxv) => {
            all.add(&auxv.iter());
            auxv.iter().for_each(|entry| all.add(&entry));
        }
        Stream::LinuxMaps(maps) => {
            all.add(&(maps.iter(), maps.text().lines()));
            maps.iter().take(50).for_each(|mapping| all.add(&mapping));
        }
        Stream::LinuxDsoDebug(debug) => {
            all.list(&debug.link_maps());
            debug.link_maps().iter().take(50).for_each(|map| all.add(&map.name()));
        }
        Stream::MozLinuxLimits(limits) => limits.limits().for_each(|limit| all.add(&limit)),
        Stream::MozMacCrashInfo(info) => info.records().for_each(|record| all.add(&record)),
        Stream::MozMacBootArgs(arguments) => all.add(&arguments.text()),
        Stream::SystemMemoryInfo(figures) => all.add(&(figures.basic(), figures.extended())),
        Stream::ProcessVmCounters(figures) => all.add(&(figures.basic(), figures.extended())),
        Stream::CrashpadInfo(info) => {
            if let Ok(entries) = info.simple_annotations() {
                all.list(&entries);
                entries.iter().for_each(|entry| all.add(&(entry.key(), entry.value())));
            }
            for module in info.modules().into_iter().flatten() {
                all.add(&module);
                module.list_annotations().into_iter().flatten().for_each(|entry| all.add(&(entry, entry.text())));
                module.annotation_objects().into_iter().flatten().for_each(|entry| {
                    all.add(&(entry, entry.name(), entry.text()));
                });
            }
        }
        _ => {}
    }
}

fn handles(list: &HandleData<'_>, all: &mut Printed) {
    all.list(list);
    for handle in list {
        all.add(&(handle.type_name(), handle.object_name(), handle.object_information()));
        handle.object_information().for_each(|object| all.add(&object));
    }
}

fn nothing_prints_what_is_in_the_dump() {
    for Source { what, bytes, places, .. } in sources() {
        let pieces = Pieces::of(&places);
        for text in printed(&bytes).texts {
            let found = pieces.found(text.as_bytes());
            assert!(found.is_empty(), "{what}: {found:?} in {text}");
            // Single bytes, as slices are printed.
            let numbers: Vec<u8> =
                text.split([',', '[', ']', ' ', '\n']).filter_map(|it| it.parse::<u8>().ok()).collect();
            let found = pieces.found(&numbers);
            assert!(found.is_empty(), "{what}: {found:?} printed as numbers in {text}");
        }
    }
}

/// The names of the views declared in `read`, except those that hold nothing of a dump.
fn every_view_is_printed() {
    let mut declared = BTreeSet::new();
    let mut folders = vec![tree::path("src/read")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it is present").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("it is text");
            let names = text.lines().filter_map(|line| line.strip_prefix("pub struct ")?.split_once("<'a>"));
            declared.extend(names.map(|(name, _)| name.to_owned()));
        }
    }
    assert!(declared.len() > 50, "{declared:?}");
    let others = Form::USUAL.build(everything_of_all_producers(Form::USUAL));
    let files = sources().into_iter().map(|source| source.bytes).chain([others]);
    let texts: String = files.flat_map(|bytes| printed(&bytes).texts).collect();
    let words: BTreeSet<&str> = texts.split(|char: char| !char.is_ascii_alphanumeric()).collect();
    // Only Wine writes this stream; its two texts are printed like all texts.
    declared.remove("WineInfo");
    let missing: Vec<_> = declared.iter().filter(|name| !words.contains(name.as_str())).collect();
    assert_eq!(missing, [""; 0], "views that no test prints");
}

fn what_is_written_prints_no_bytes() {
    let secret = "a secret of the caller's";
    let bytes = secret.as_bytes();
    let mut all = Printed::default();
    let mut builder = MinidumpBuilder::new();
    builder.stream(StreamType(0x1_0001), bytes);
    builder.comment(secret).memory(MemoryRange::borrowed(0x1000, bytes));
    all.add(&builder);
    all.add(&builder.plan().expect("there is room"));
    let machine = userdump::format::full_user_dump::ImageFileMachine::AMD64;
    let mut builder = FullUserDumpBuilder::new_64_bit(machine);
    builder.module(Default::default(), bytes).thread(Default::default(), bytes);
    all.add(&builder);
    all.add(&(Text::from(secret), MemoryRange::borrowed(0x1000, bytes)));
    let range = || MemoryRange::borrowed(0x1000, bytes);
    all.add(&write::Thread::new(1).name(secret).context(bytes).stack_memory(range()));
    all.add(&write::Module::new(1, 2, secret).code_view(write::CodeView::elf_build_id(bytes)).misc(bytes));
    all.add(&write::UnloadedModule::new(1, 2, secret));
    all.add(&write::Exception::new(1, 2).context(bytes));
    all.add(&write::Handle::new(1).type_name(secret).object_name(secret).information(bytes));
    all.add(&write::SystemInfo::new(Default::default(), Default::default()).csd_version(secret));
    all.add(&write::MiscInfo::new().build_strings(secret, secret));
    all.add(&(write::CodeView::pdb70(Default::default(), 1, secret), write::TextStream::cmd_line([secret])));
    let mut registers = write::ContextBuilder::new(&userdump::format::context::ContextLayout::AMD64);
    all.add(registers.register_bytes("xmm0", &bytes[..16]));
    let options = "/m".parse::<Options>().expect("these are letters").with_comment(secret.repeat(1000));
    all.add(&options);
    all.add(&Hooks::new().add_stream(StreamType(0x1_0001), bytes));
    for source in sources() {
        let dump = Dump::parse(&source.bytes).expect("it is valid");
        let redump = Redump::new(&dump, &options).expect("it can be re-encoded");
        all.add(&redump);
        let report = format!("{:?}", redump.report());
        assert!(Pieces::of(&source.places).found(report.as_bytes()).is_empty(), "{report}");
    }
    for text in &all.texts {
        assert!(!text.contains("secret") && !text.contains("115, 101, 99"), "{text}");
    }
}

fn views_of_shared_files_print_little(shared: &Shared) {
    for row in &shared.corpus() {
        let source = shared.corpus_file(row);
        if Dump::parse(&source).is_ok() {
            printed(&source);
        }
    }
}

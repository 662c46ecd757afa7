//! Iterators from both ends, and the number of entries they report as left.

use std::collections::BTreeMap;
use std::fmt::Debug;

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::read::crashpad::CrashpadInfo;
use userdump::read::list::{List, Record};
use userdump::read::{FullUserDump, Stream};

use crate::support::everything::{everything, everything_of_all_producers};
use crate::support::fixtures;
use crate::support::forms::Form;
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, UnloadedModule};

pub fn trials() -> Vec<Trial> {
    let mut all = trials![every_list_is_the_same_from_both_ends];
    all.push(shared_trial("manners/lists::lists_of_shared_files", lists_of_shared_files));
    all
}

/// The maximum number of entries seen in each list.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, usize>);

impl Seen {
    fn count(&mut self, what: &'static str, count: usize) {
        let most = self.0.entry(what).or_default();
        *most = count.max(*most);
    }

    /// Checks that both directions return the same entries, and nothing after them.
    fn walk_both_ways<I>(&mut self, what: &'static str, list: I)
    where
        I: DoubleEndedIterator<Item: Debug> + Clone,
    {
        let text = |entry: I::Item| format!("{entry:?}");
        let forward: Vec<_> = list.clone().map(text).collect();
        let mut backward: Vec<_> = list.clone().rev().map(text).collect();
        backward.reverse();
        assert_eq!(forward, backward, "{what}");
        // From the front and the back alternately, in both orders and in steps of three.
        for pattern in [0b01_u8, 0b10, 0b0010_1101] {
            let (mut left, mut front, mut back) = (list.clone(), Vec::new(), Vec::new());
            for turn in 0.. {
                let from_front = pattern >> (turn % 6) & 1 == 1;
                let Some(entry) = (if from_front { left.next() } else { left.next_back() }) else { break };
                if from_front { front.push(text(entry)) } else { back.push(text(entry)) }
            }
            assert!(left.next().is_none() && left.next_back().is_none(), "{what}");
            front.extend(back.into_iter().rev());
            assert_eq!(front, forward, "{what}");
        }
        for n in [0, 1, forward.len() / 2, forward.len()] {
            assert_eq!(list.clone().nth(n).map(text), forward.get(n).cloned(), "{what}");
            assert_eq!(list.clone().nth_back(n).map(text), forward.iter().nth_back(n).cloned(), "{what}");
        }
        let (least, most) = list.size_hint();
        assert!(least <= forward.len() && most.is_none_or(|most| most >= forward.len()), "{what}");
        self.count(what, forward.len());
    }

    /// The same, and checks the number of remaining entries at each step.
    fn counted<I>(&mut self, what: &'static str, list: I)
    where
        I: DoubleEndedIterator<Item: Debug> + ExactSizeIterator + Clone,
    {
        self.walk_both_ways(what, list.clone());
        let count = list.clone().count();
        for from_front in [true, false] {
            let mut left = list.clone();
            for expected in (0..count).rev() {
                assert_eq!(left.len(), expected + 1, "{what}");
                let entry = if from_front { left.next() } else { left.next_back() };
                assert!(entry.is_some(), "{what}");
                assert_eq!((left.len(), left.size_hint()), (expected, (expected, Some(expected))), "{what}");
            }
            assert!(left.next().is_none() && left.len() == 0, "{what}");
        }
    }

    fn list<'a, R: Record<'a> + Debug>(&mut self, list: List<'a, R>) {
        assert_eq!(list.iter().len() as u64, list.len());
        self.counted("entries of a list", list.iter());
        same(&list, list);
    }

    fn dump(&mut self, bytes: &[u8]) {
        let Ok(dump) = userdump::Dump::parse(bytes) else { return };
        let (memory, regions) = (dump.memory(), dump.regions());
        self.counted("threads", dump.threads());
        self.walk_both_ways("exceptions", dump.exceptions());
        self.counted("unloaded modules", dump.unloaded_modules());
        self.counted("visible ranges", memory.visible_ranges());
        self.walk_both_ways("regions", regions.iter());
        assert!((&memory).into_iter().eq(memory.visible_ranges()));
        assert!((&regions).into_iter().eq(regions.iter()));
        match &dump {
            userdump::Dump::Minidump(dump) => self.minidump(dump),
            userdump::Dump::FullUserDump(dump) => self.full_user_dump(dump),
            other => panic!("{other:?}"),
        }
    }

    fn full_user_dump(&mut self, dump: &FullUserDump<'_>) {
        self.counted("threads of a full user dump", dump.threads().iter());
        same(&dump.threads(), dump.threads());
    }

    fn minidump(&mut self, dump: &Minidump<'_>) {
        self.counted("directory", dump.directory().iter());
        same(&dump.directory(), dump.directory());
        self.counted("raw streams", dump.raw_streams());
        self.counted("streams", dump.streams());
        self.counted("threads of a minidump", dump.threads());
        self.walk_both_ways("exceptions of a minidump", dump.exceptions());
        let config = dump.find::<userdump::read::system::MiscInfo<'_>>().and_then(|misc| misc.xstate());
        for context in dump.threads().filter_map(|thread| thread.registers()) {
            if let Some(xstate) = context.xstate(config.as_ref()) {
                self.counted("extended registers", xstate.iter());
                assert!((&xstate).into_iter().eq(xstate.iter()));
            }
        }
        dump.streams().filter_map(|(_, stream)| stream.ok()).for_each(|stream| self.stream(&stream));
    }

    fn stream(&mut self, stream: &Stream<'_>) {
        match *stream {
            Stream::ThreadList(list) => self.list(list),
            Stream::ThreadExList(list) => self.list(list),
            Stream::ModuleList(list) => self.list(list),
            Stream::HostModuleList(list) => self.list(*list.modules()),
            Stream::UnloadedModuleList(list) => {
                self.list(list);
                for module in list.iter().take(50) {
                    let here: Vec<_> = list.at_address(module.base()).map(|it| *it.raw()).collect();
                    let back: Vec<_> = list.at_address(module.base()).rev().map(|it| *it.raw()).collect();
                    assert!(here.iter().eq(back.iter().rev()) && here.contains(module.raw()));
                    self.count("unloaded modules at an address", here.len());
                }
            }
            Stream::ThreadNames(list) => self.list(list),
            Stream::MemoryList(list) => self.list(list),
            Stream::Memory64List(list) => {
                self.list(*list.descriptors());
                self.counted("ranges of the MINIDUMP_MEMORY64_LIST", list.iter());
                same(&list, list);
            }
            Stream::CompressedMemory(memory) => {
                self.list(*memory.regions());
                self.list(*memory.buckets());
            }
            Stream::MemoryInfoList(list) => self.list(list),
            Stream::ThreadInfoList(list) => self.list(list),
            Stream::HandleData(list) => self.list(list),
            Stream::HandleOperationList(list) => self.list(list),
            Stream::FunctionTable(list) => same(&list, list),
            Stream::Token(list) => same(&list, list),
            Stream::LinuxDsoDebug(debug) => self.list(debug.link_maps()),
            Stream::CrashpadInfo(info) => self.crashpad(&info),
            _ => self.text(stream),
        }
    }

    fn crashpad(&mut self, info: &CrashpadInfo<'_>) {
        info.simple_annotations().into_iter().for_each(|list| self.list(list));
        info.modules().into_iter().for_each(|list| self.list(list));
        for module in info.modules().into_iter().flatten() {
            module.list_annotations().into_iter().for_each(|list| self.list(list));
            module.annotation_objects().into_iter().for_each(|list| self.list(list));
        }
    }

    fn text(&mut self, stream: &Stream<'_>) {
        match *stream {
            Stream::LinuxMaps(maps) => {
                self.walk_both_ways("mappings", maps.iter());
                self.walk_both_ways("lines", maps.text().lines());
                self.walk_both_ways("unreadable lines", maps.unreadable_lines());
                same(&maps, maps);
            }
            Stream::LinuxAuxv(auxv) => same(&auxv, auxv),
            Stream::LinuxCpuInfo(info) => self.walk_both_ways("fields of processors", info.fields()),
            Stream::LinuxProcStatus(status) => self.walk_both_ways("fields of the status", status.fields()),
            Stream::LinuxLsbRelease(release) => self.walk_both_ways("fields of the release", release.fields()),
            Stream::LinuxCmdLine(line) => self.walk_both_ways("arguments", line.arguments()),
            Stream::LinuxEnviron(environ) => {
                self.walk_both_ways("strings", environ.strings());
                self.walk_both_ways("variables", environ.variables());
            }
            Stream::MozLinuxLimits(limits) => self.walk_both_ways("limits", limits.limits()),
            _ => {}
        }
    }
}

/// Checks that a list by reference returns the same as by value.
fn same<'l, L>(by_reference: &'l L, by_value: L)
where
    L: IntoIterator<Item: Debug>,
    &'l L: IntoIterator<Item = L::Item>,
{
    let text = |entry: L::Item| format!("{entry:?}");
    assert!(by_reference.into_iter().map(text).eq(by_value.into_iter().map(text)));
}

/// Several records of which dumps of everything have one.
fn several() -> Vec<u8> {
    const LSB_RELEASE: u32 = 0x4767_0005;
    const MAPS: u32 = 0x4767_0009;
    const LIMITS: u32 = 0x4d7a_0003;
    let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files  1024  4096  files\nMax nice priority  0  0  \n";
    let maps = "nothing\n\n1000-2000 r--p 0 0:0 0\nnor this\n2000-3000 rw-p 0 0:0 0 [heap]\n";
    Dump::new()
        .unloaded_module(UnloadedModule::new(0x70_0000, 0x1000, "gone.dll"))
        .unloaded_module(UnloadedModule::new(0x70_0000, 0x2000, "too.dll"))
        .raw(LSB_RELEASE, "DISTRIB_ID=Example\n# none\nDISTRIB_RELEASE=1\n")
        .raw(LIMITS, limits)
        .raw(MAPS, maps)
        .build()
}

fn every_list_is_the_same_from_both_ends() {
    let mut seen = Seen::default();
    seen.dump(&several());
    for form in Form::ALL {
        seen.dump(&form.build(everything(form)));
        seen.dump(&form.build(everything_of_all_producers(form)));
    }
    seen.dump(fixtures::FULL_USER_DUMP);
    fixtures::all().for_each(|(_, bytes)| seen.dump(bytes));
    // With at most one entry, both ends are the same.
    let short: Vec<_> = seen.0.iter().filter(|(_, most)| **most < 2).collect();
    assert!(short.is_empty(), "lists that have at most one entry everywhere: {short:?}");
    assert!(seen.0.len() > 20, "{:?}", seen.0);
}

fn lists_of_shared_files(shared: &Shared) {
    let mut seen = Seen::default();
    for row in &shared.corpus() {
        seen.dump(&shared.corpus_file(row));
    }
    assert!(seen.0.values().any(|most| *most > 100), "{:?}", seen.0);
}

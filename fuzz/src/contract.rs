//! Words in the places of a process that the options `r` and `R` promise to take out: the contract in the documentation of
//! `redump`, for processes of which nobody knows what else is in them.
//!
//! Of its rows there are those whose places the builders can make; the tests have all of them (`tests/it/contract/`).

use userdump::Dump;
use userdump::format::MinidumpType;
use userdump::format::context::RegisterGroup;
use userdump::redump::{Options, Reason, SelectedMemory};
use userdump_walk::words::{Pieces, all, planted, word, words_of_8};

use crate::process::{Address, Contents, Context, Exception, Module, Number, Process, Thread};

/// What `r` takes out, what `R` does, and what both do.
const FILTERED: [&str; 5] = ["stack", "comment in ANSI", "comment in UTF-16", "trace", "unknown stream"];
const FOLDERS: [&str; 3] = ["folder of a module", "folder of a PDB", "folder of an unloaded module"];
const GONE: [&str; 8] = [
    "other memory",
    "registers whose flag is clear",
    "exception parameter beyond the count",
    "after the service pack",
    "after the name of a module",
    "after the name of a PDB",
    "after the object of a handle",
    "after the name of a thread",
];
/// What lies in the memory of the process: it may be selected for another reason, and stays then.
const IN_MEMORY: [&str; 2] = ["stack", "other memory"];

/// Where addresses are that only the words are at, below 4 GiB.
const STACK: Address = Address(0x7d_1000);
const OTHER: Address = Address(0x7d_3000);
/// A module whose addresses on 32 bits are two letters of UTF-16, the second one an `a`.
const LETTERS: Address = Address(0x61_0000);
const ID: u8 = 0xd1;

/// What was planted.
pub struct Planted(Pieces);

impl Planted {
    /// Plants all words; `None` if the process has no room, or if its dump has such words anyway.
    pub fn plant(process: &mut Process, dump: &[u8]) -> Option<Self> {
        planted();
        let room = |size: usize| size < 200;
        if ![process.texts.len(), process.records.len(), process.contents.len()].into_iter().all(room) {
            return None;
        }
        settle(process);
        let service_pack = text(process, &["", "after the service pack"]);
        process.system = process.system.map(|(build, _)| (build, service_pack));
        plant_streams(process);
        plant_modules(process);
        plant_thread(process);
        let (kind, name) = (text(process, &[]), text(process, &["", "after the object of a handle"]));
        process.handles.push((8, Some(kind), Some(name)));
        let other = contents(process, all("other memory"));
        process.memory.insert(0, (OTHER, other));
        let pieces = Pieces::of(&planted());
        let is_free = pieces.positions(dump).next().is_none();
        is_free.then_some(Self(pieces))
    }

    /// Looks for words that the options take out of the result of re-encoding a dump, and in what is printed of it.
    pub fn check(&self, source: &Dump<'_>, selected: &[SelectedMemory], result: &[u8], options: &Options) {
        let hides = options.minidump_type().contains(MinidumpType::FILTER_MODULE_PATHS);
        let filters = crate::redumped::filters(options.minidump_type());
        let is_gone = |place: &str| {
            GONE.contains(&place) || filters && FILTERED.contains(&place) || hides && FOLDERS.contains(&place)
        };
        let target = source.target();
        for (at, place) in self.0.positions(result).filter(|(_, place)| is_gone(place)) {
            let address = IN_MEMORY.contains(&place).then(|| address_of(result, at as u64)).flatten();
            let excused = address.is_some_and(|address| {
                let others = selected.iter().filter(|it| !filters || !matches!(it.reason, Reason::Stack { .. }));
                let into = |memory: &SelectedMemory| target.mask(address).checked_sub(target.mask(memory.address));
                // A piece that ends in such memory, too.
                others
                    .into_iter()
                    .any(|it| into(it).is_some_and(|into| into < it.size) || it.address.abs_diff(address) < 12)
            });
            assert!(excused, "{place} is in the result of {options}, at {at:#x}");
        }
    }

    /// Nothing of all that is printed.
    pub fn check_text(&self, text: &str) {
        assert_eq!(self.0.found(text.as_bytes()), std::collections::BTreeSet::new(), "{text}");
    }
}

/// The address of a byte of a result, if it is one of memory.
fn address_of(result: &[u8], position: u64) -> Option<u64> {
    let dump = Dump::parse(result).expect("the result is a dump");
    let memory = dump.memory();
    memory.visible_ranges().find_map(|range| {
        let into = position.checked_sub(range.in_file()?.offset).filter(|into| *into < range.size)?;
        Some(range.address + into)
    })
}

/// Lets what leads to nothing in the pools do so when they have more in them.
fn settle(process: &mut Process) {
    let settle = |number: &mut Number, size: usize| {
        if usize::from(*number) >= size {
            *number = Number::MAX;
        }
    };
    let (texts, records, contents) = (process.texts.len(), process.records.len(), process.contents.len());
    let names = process.threads.iter_mut().flat_map(|it| &mut it.name);
    let names = names.chain(process.modules.iter_mut().flat_map(|it| &mut it.name));
    let names = names.chain(process.unloaded.iter_mut().flat_map(|it| &mut it.2));
    let names = names.chain(process.handles.iter_mut().flat_map(|it| it.1.iter_mut().chain(&mut it.2)));
    names.chain(&mut process.comments).for_each(|number| settle(number, texts));
    let debug = process.modules.iter_mut().flat_map(|it| it.code_view.iter_mut().chain(&mut it.misc));
    debug.chain(process.raw.iter_mut().map(|it| &mut it.1)).for_each(|number| settle(number, records));
    let memory = process.memory.iter_mut().chain(&mut process.memory64);
    memory.for_each(|it| settle(&mut it.1, contents));
}

/// A text of several ones with NULs between them.
fn text(process: &mut Process, parts: &[&str]) -> Number {
    let parts: Vec<String> =
        parts.iter().map(|part| if part.is_empty() { "name".to_owned() } else { word(part) }).collect();
    add_text(process, &parts.join("\0"))
}

fn add_text(process: &mut Process, text: &str) -> Number {
    process.texts.push(text.encode_utf16().collect());
    (process.texts.len() - 1) as Number
}

fn record(process: &mut Process, bytes: Vec<u8>) -> Number {
    process.records.push(bytes);
    (process.records.len() - 1) as Number
}

fn contents(process: &mut Process, bytes: Vec<u8>) -> Number {
    process.contents.push(Contents::Raw(bytes));
    (process.contents.len() - 1) as Number
}

/// No reference may lead into them or be in them: what a stream refers to comes along with it.
fn plant_streams(process: &mut Process) {
    let comment = text(process, &["comment in UTF-16"]);
    process.comments.push(comment);
    for (place, kind) in [("comment in ANSI", 10), ("trace", 23), ("unknown stream", 0x1_0000)] {
        let number = (0..=u8::MAX).find(|&number| Process::kind(number) == kind).expect("it is one of the kinds");
        let bytes = record(process, all(place));
        process.raw.push((number, bytes));
    }
}

fn plant_modules(process: &mut Process) {
    let path = |place: &str| format!(r"C:\{}\file.dll", word(place));
    let name = format!("{}\0{}", path("folder of a module"), word("after the name of a module"));
    let name = add_text(process, &name);
    let unloaded = add_text(process, &path("folder of an unloaded module"));
    // Signature, GUID and age, then the path of the PDB.
    let pdb =
        [b"RSDS", &[7; 20][..], path("folder of a PDB").as_bytes(), &[0], &all("after the name of a PDB")].concat();
    let code_view = Some(record(process, pdb));
    process.modules.push(Module { base: LETTERS, size: 0xffff, stamp: 1, name: Some(name), code_view, misc: None });
    process.unloaded.push((Address(0x7e_0000), 0x1000, Some(unloaded)));
}

fn plant_thread(process: &mut Process) {
    let stack = all("stack");
    let size = stack.len() as u8;
    let stack = contents(process, stack);
    process.memory.insert(0, (STACK, stack));
    let name = text(process, &["", "after the name of a thread"]);
    let context = Some(Context::Raw(context(process)));
    process.threads.push(Thread {
        id: ID,
        teb: Address(0x7f_0000),
        stack: (STACK, size),
        context: context.clone(),
        name: Some(name),
        info: None,
        priority: 0,
    });
    let [beyond] = words_of_8("exception parameter beyond the count");
    let (address, information) = (Address(LETTERS.0 + 0x10), Address(beyond));
    process.exceptions.push(Exception { thread: ID, code: 5, address, parameters: 1, information, context });
}

/// A context with the stack and instruction pointers alone, and words in all else.
fn context(process: &Process) -> Vec<u8> {
    let place = "registers whose flag is clear";
    let layout = &process.machine.architecture().processor().contexts[0];
    let mut bytes: Vec<u8> = all(place).into_iter().cycle().take(layout.size as usize).collect();
    let control = layout.group_flag(RegisterGroup::Control).expect("every layout has one");
    for range in layout.group_ranges(RegisterGroup::Control) {
        bytes[range.start as usize..range.end as usize].fill(0);
    }
    let flags = layout.flags_range();
    let value = u64::from(layout.cpu_flags[0] | control).to_le_bytes();
    bytes[flags.start as usize..flags.end as usize].copy_from_slice(&value[..flags.len()]);
    for (at, address) in [(layout.stack_pointer, STACK), (layout.instruction_pointer, LETTERS)] {
        bytes[at as usize..][..process.machine.pointer_size()]
            .copy_from_slice(&address.0.to_le_bytes()[..process.machine.pointer_size()]);
    }
    bytes
}

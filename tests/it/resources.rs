//! The cost of reading and writing: memory in proportion to the descriptions, never to the contents or to what is
//! claimed.

mod allocator;
mod free;
mod hostile;
mod letters;
pub(crate) mod many_ranges;
mod proportion;
mod scale;
mod sections;
mod shared;

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{self, Read, Write};

use libtest_mimic::Trial;
use userdump::format::StreamType;
use userdump::read::{Minidump, Stream};
use userdump::redump::{Options, redump};
use userdump::write::MemoryRange;
use userdump::{Dump, MappedFile, MinidumpBuilder};

pub use allocator::{Spent, measure};
pub use hostile::words;

use crate::support::{Shared, fixtures, trials};
use crate::synth::{self, Shape, kind};

pub fn trials() -> Vec<Trial> {
    let own = trials![
        allocations_are_counted,
        writing_everything_of_the_golden_dump_takes_less_than_a_mebibyte,
        writing_borrowed_memory_copies_none_of_it,
        writing_memory_from_readers_takes_one_small_buffer,
        walking_a_dump_allocates_nothing,
        the_index_of_memory_costs_what_its_ranges_do,
        lists_that_claim_four_billion_entries_allocate_nothing,
    ];
    let others = [
        free::trials(),
        hostile::trials(),
        letters::trials(),
        proportion::trials(),
        scale::trials(),
        sections::trials(),
        shared::trials(),
    ]
    .into_iter();
    others.flatten().chain(own).collect()
}

/// A sink that counts bytes and keeps none.
#[derive(Default)]
pub struct Count(pub u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const NOTHING: Spent = Spent { peak: 0, total: 0, calls: 0 };

fn allocations_are_counted() {
    let (mut bytes, spent) = measure(|| black_box(vec![1u8; 1000]));
    assert_eq!(spent, Spent { peak: 1000, total: 1000, calls: 1 });
    let ((), spent) = measure(|| {
        (0..10).for_each(|_| drop(black_box(vec![0u8; 100])));
        bytes.reserve_exact(3000);
    });
    assert_eq!(spent, Spent { peak: 3000, total: 1000 + 4000, calls: 11 });
    assert_eq!(measure(|| drop(bytes)).1, NOTHING);
    let other = || std::thread::spawn(|| drop(black_box(vec![0u8; 1 << 20]))).join();
    let (_, spent) = measure(other);
    assert!(spent.total < 1 << 16, "allocations of other threads do not count: {spent:?}");
}

fn writing_everything_of_the_golden_dump_takes_less_than_a_mebibyte(shared: &Shared) {
    let file = MappedFile::open(shared.golden_path("live/ma.dmp")).expect("it is unpacked");
    for words in ["/ma", "/mA", "/mf", "/m", "/mfFhut"] {
        let options: Options = words.parse().expect("the options are known");
        let mut sink = Count::default();
        let (result, spent) = measure(|| redump(&Dump::parse(&file).expect("it is a dump"), &options, &mut sink));
        let report = result.expect("it can be re-encoded");
        println!("{words} of live/ma.dmp: {} bytes out, {} bytes at most in use, {spent:?}", sink.0, spent.peak);
        assert_eq!(report.size, sink.0);
        assert!(words.contains(['a', 'A', 'f']) == (sink.0 > 20 << 20), "{} bytes of {words}", sink.0);
        assert!(spent.peak < 1 << 20, "{words}: {spent:?}");
    }
}

fn writing_borrowed_memory_copies_none_of_it() {
    let bytes = vec![7u8; 1 << 20];
    for wide in [false, true] {
        let mut dump = MinidumpBuilder::new();
        for address in 0..1000 {
            let range = MemoryRange::borrowed(address << 20, &bytes);
            if wide {
                dump.memory64(range)
            } else {
                dump.memory(range)
            };
        }
        let plan = dump.plan().expect("it is below 4 GiB");
        let size = plan.size();
        let mut sink = Count::default();
        let (result, spent) = measure(|| plan.write_to(&mut sink));
        assert_eq!((result.expect("the counter accepts every write").size, sink.0), (size, size));
        println!("1000 ranges of a mebibyte: {spent:?}");
        assert!(spent.peak < 128 * 1024, "{spent:?}");
    }
}

fn writing_memory_from_readers_takes_one_small_buffer() {
    let mut dump = MinidumpBuilder::new();
    for address in 0..100 {
        dump.memory64(MemoryRange::from_reader(address << 20, 300_000, io::repeat(1).take(300_000)));
    }
    let plan = dump.plan().expect("it is small");
    let mut sink = Count::default();
    let (result, spent) = measure(|| plan.write_to(&mut sink));
    assert_eq!(result.expect("everything is present").size, sink.0);
    println!("100 readers: {spent:?}");
    assert!(spent.peak < 128 * 1024, "{spent:?}");
}

/// Adds up text without keeping it, so that printing it allocates nothing.
struct Sum(u64);

impl std::fmt::Write for Sum {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 += text.bytes().map(u64::from).sum::<u64>();
        Ok(())
    }
}

/// Reads everything that the views of a dump return, and adds it up.
fn walk(bytes: &[u8]) -> u64 {
    let dump = Minidump::parse(bytes).expect("the header is valid");
    let mut sum = Sum(dump.directory().iter().map(|entry| u64::from(entry.location.data_size)).sum());
    for (stream, decoded) in dump.streams() {
        sum.0 += stream.bytes().len() as u64;
        walk_stream(decoded, &mut sum);
    }
    for thread in dump.threads() {
        sum.0 += dump.stack(&thread).ok().flatten().map_or(0, |stack| stack.bytes().unwrap().len() as u64);
    }
    for exception in dump.exceptions().flatten() {
        sum.0 += exception.address() + exception.context().ok().flatten().map_or(0, |it| it.as_bytes().len() as u64);
    }
    sum.0
}

fn walk_stream(decoded: Result<Stream<'_>, userdump::ReadError>, sum: &mut Sum) {
    let decoded = match decoded {
        Ok(decoded) => decoded,
        Err(error) => return write!(sum, "{error}").expect("adding up does not fail"),
    };
    match decoded {
        Stream::ThreadList(list) => {
            for thread in list {
                let context = thread.context().ok().flatten();
                sum.0 += context.and_then(|context| context.instruction_pointer()).unwrap_or(0) & 0xff;
            }
        }
        Stream::ModuleList(list) => {
            for module in list {
                if let Ok(name) = module.name() {
                    write!(sum, "{name}").expect("adding up does not fail");
                }
                sum.0 += u64::from(module.code_view().is_ok()) + u64::from(module.size());
            }
        }
        Stream::UnloadedModuleList(list) => {
            for module in list {
                sum.0 += module.name().map_or(0, |name| name.units().map(u64::from).sum());
            }
        }
        Stream::HandleData(list) => {
            for handle in list {
                let names = [handle.type_name(), handle.object_name()];
                sum.0 +=
                    names.into_iter().flatten().flatten().map(|name| name.chars_lossy().count() as u64).sum::<u64>();
                sum.0 += handle.object_information().flatten().map(|object| object.bytes.len() as u64).sum::<u64>();
            }
        }
        Stream::ThreadNames(list) => {
            for name in list {
                sum.0 += name.name().map_or(0, |name| name.trim_end_nul().as_bytes().len() as u64);
            }
        }
        Stream::MemoryList(list) => sum.0 += list.iter().map(|range| range.bytes().unwrap().len() as u64).sum::<u64>(),
        Stream::Memory64List(list) => {
            sum.0 += list.iter().map(|range| range.bytes().unwrap().len() as u64).sum::<u64>()
        }
        Stream::MemoryInfoList(list) => sum.0 += list.iter().map(|region| region.size() & 0xff).sum::<u64>(),
        Stream::ThreadInfoList(list) => sum.0 += list.iter().map(|info| u64::from(info.id())).sum::<u64>(),
        Stream::CommentW(comment) => sum.0 += comment.text().units().map(u64::from).sum::<u64>(),
        _ => sum.0 += 1,
    }
}

fn walking_a_dump_allocates_nothing() {
    let mut walked = 0;
    for (name, bytes) in fixtures::all().chain([("quick start", fixtures::QUICK_START)]) {
        let (sum, spent) = measure(|| walk(bytes));
        assert!(sum > bytes.len() as u64 / 10, "{name}: {sum} is less than the size of the contents");
        assert_eq!(spent, NOTHING, "{name}");
        walked += 1;
    }
    assert_eq!(walked, 245);
}

fn the_index_of_memory_costs_what_its_ranges_do() {
    for (name, bytes) in fixtures::all() {
        let dump = Minidump::parse(bytes).expect("it is a minidump");
        let facts = crate::support::facts::Facts::of(bytes);
        let ranges = facts.ranges().len() + facts.threads().len();
        let (memory, spent) = measure(|| dump.memory());
        // 24 bytes for each range and a share of the table, at most 28; 32 and their heap where ranges overlap.
        assert!(spent.peak <= 4 * 32 * ranges + 512, "{name}: {ranges} ranges, {spent:?}");
        let (_, spent) = measure(|| {
            let mut buffer = [0; 64];
            memory.visible_ranges().map(|range| memory.read(range.address, &mut buffer)).sum::<usize>()
        });
        assert_eq!(spent, NOTHING, "{name}");
    }
}

fn lists_that_claim_four_billion_entries_allocate_nothing() {
    let kinds = [
        kind::THREAD_LIST,
        kind::MODULE_LIST,
        kind::MEMORY_LIST,
        kind::MEMORY64_LIST,
        kind::HANDLE_DATA,
        kind::UNLOADED_MODULE_LIST,
        kind::MEMORY_INFO_LIST,
        kind::THREAD_INFO_LIST,
        kind::THREAD_NAMES,
        kind::THREAD_EX_LIST,
    ];
    let dump = || {
        let dump = synth::Dump::new().thread(synth::Thread::new(1)).thread_ex(synth::Thread::new(1));
        let dump = dump.module(synth::Module::new(1, 2, "m")).unloaded_module(synth::UnloadedModule::new(1, 2, "u"));
        let dump = dump.memory(0x10, [1; 4]).memory64(0x20, [2; 4]).handle(synth::Handle::new(1, "Event"));
        let dump = dump.memory_info(synth::MemoryInfo::new(1, 2)).thread_name(1, "t");
        dump.thread_info(synth::ThreadInfo::default())
    };
    for kind in kinds {
        let bytes = dump().shape(kind, Shape::usual().count(0xFFFF_FFFF)).build();
        let parsed = Minidump::parse(&bytes).expect("the header is valid");
        let stream = parsed.raw_stream(StreamType(kind)).expect("it is present");
        let count_at = if [12, 14, 16, 17].contains(&kind) { 8 } else { 0 };
        assert_eq!(stream.bytes()[count_at..count_at + 4], [0xFF; 4], "{kind}");
        assert_eq!(measure(|| walk(&bytes)).1, NOTHING, "{kind}");
        let (_, spent) = measure(|| drop(parsed.memory()));
        assert!(spent.peak < 1024, "{kind}: {spent:?}");
        let options: Options = "/mA".parse().expect("the options are known");
        let dump = Dump::parse(&bytes).expect("the header is valid");
        let (report, spent) = measure(|| redump(&dump, &options, &mut Count::default()).expect("it can be re-encoded"));
        println!("a list of type {kind} that claims four billion entries: {} bytes out, {spent:?}", report.size);
        assert!(spent.peak < 64 * 1024 && report.size < 64 * 1024, "{kind}: {spent:?}");
    }
}

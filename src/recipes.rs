//! Complete programs, each of which fits on a screen: typical uses of this crate.
//!
//! | program | shows |
//! |---|---|
//! | [crash ingestion](#ingest-a-crash) | everything that a crash service stores about a dump, in any format |
//! | [shrink service](#shrink-dumps-for-others) | re-encoding to a socket, with a redactor, additional streams and a comment |
//! | [debugger back end](#back-end-of-a-debugger) | a session that owns the file and the indexes |
//! | [pointer scan](#find-what-the-words-of-a-stack-point-to) | reading at many addresses at once |
//! | [writer](#write-a-dump-from-nothing) | a synthetic process, from plain records and register names |
//! | [snapshot](#dump-a-running-process) | the memory of a running Linux process |
//! | [patcher](#patch-a-dump) | a dump with a few changes and everything else unchanged |
//! | [diff](#compare-two-dumps) | memory, registers and modules of two dumps |
//! | [`no_std`](#without-std) | reading on bare metal or in a kernel |
//!
//! All of them run as tests, on a small dump of a crash in `victim.exe`.
//!
//! # Ingest a crash
//!
//! A crash service stores why and where a process crashed, the registers, the words on the stack, and the modules with
//! their identifiers for symbol servers. `examples/ingest.rs` writes all of this as JSON.
//!
//! ```
//! use userdump::{Dump, ReadError};
//!
//! fn ingest(file: &[u8]) -> Result<Vec<String>, ReadError> {
//!     let dump = Dump::parse(file)?;
//!     // Both indexes are built once and used for everything.
//!     let (memory, modules) = (dump.memory(), dump.modules_by_address());
//!     let mut lines = Vec::new();
//!     if let Some(exception) = dump.exceptions().next() {
//!         lines.push(exception.reason().to_string());
//!         lines.extend(exception.instruction(&modules).map(|place| format!("in {place}")));
//!     }
//!     let registers = dump.crash_registers();
//!     for register in registers.iter().flat_map(|context| context.registers()) {
//!         lines.push(format!("{} {}", register.name, register.value));
//!     }
//!     let width = u64::from(dump.target().pointer_size());
//!     let stack = registers.and_then(|context| context.stack_pointer()).unwrap_or_default();
//!     let words = (0..32).map_while(|word| memory.read_pointer(stack.wrapping_add(word * width)));
//!     lines.extend(words.filter_map(|word| modules.locate(word)).map(|place| format!("stack {place}")));
//!     for module in dump.modules() {
//!         let (code, debug) = (module.code_id(&memory), module.debug_id(&memory));
//!         lines.push(format!("module {} {code:?} {debug:?}", module.code_file().unwrap_or_default()));
//!     }
//!     Ok(lines)
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lines = ingest(&std::fs::read("tests/fixtures/quick-start.dmp")?)?;
//! assert_eq!(lines[0], "ACCESS_VIOLATION (0xc0000005) writing 0x1234");
//! assert_eq!(lines[1], "in victim.exe+0x179a");
//! # assert_eq!(lines.iter().filter(|line| line.starts_with("module ")).count(), 4);
//! # assert!(lines.iter().any(|line| line.starts_with("rip ")));
//! # Ok(())
//! # }
//! ```
//!
//! # Shrink dumps for others
//!
//! A service receives large dumps, removes confidential data, and passes on small ones. The sink does not have to be
//! seekable, and the memory of the dump is never copied as a whole. Plans, hooks and reports can be sent to other threads,
//! so a thread pool can do this.
//!
//! ```
//! use userdump::format::StreamType;
//! use userdump::redump::{Hooks, Options, Redump, Report};
//! use userdump::{Dump, MappedFile};
//!
//! type Error = Box<dyn std::error::Error + Send + Sync>;
//!
//! fn shrink(path: &str, sink: impl std::io::Write) -> Result<(Report, u64), Error> {
//!     let file = MappedFile::open(path)?;
//!     let dump = Dump::parse(&file)?;
//!     let options = "/mi".parse::<Options>()?.with_comment("shrunk by the service");
//!     let mut cards = 0;
//!     let hooks = Hooks::new()
//!         .add_stream(StreamType(0x1_0001), &b"tenant=42"[..])
//!         // The overlap of 64 bytes on either side of a piece shows every number completely.
//!         .redact_with_overlap(64, |_address, _reason, bytes| {
//!             for number in bytes.chunk_by_mut(|a, b| a.is_ascii_digit() && b.is_ascii_digit()) {
//!                 if (13..=19).contains(&number.len()) {
//!                     number.fill(b'#');
//!                     cards += 1;
//!                 }
//!             }
//!         });
//!     let report = Redump::with_hooks(&dump, &options, hooks)?.write_to(sink)?;
//!     Ok((report, cards))
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let service = std::thread::spawn(|| {
//!     let mut socket = Vec::new();
//!     shrink("tests/fixtures/quick-start.dmp", &mut socket).map(|_| socket)
//! });
//! let small = service.join().expect("it does not panic")?;
//! let Dump::Minidump(small) = Dump::parse(&small)? else { unreachable!("it wrote a minidump") };
//! assert_eq!(small.raw_stream(StreamType(0x1_0001)).map(|stream| stream.bytes()), Some(&b"tenant=42"[..]));
//! # Ok(())
//! # }
//! ```
//!
//! # Back end of a debugger
//!
//! A debugger opens a dump once and then queries it for hours. Its session owns the file, the dump and the indexes; each
//! request binds the index that it needs, which costs a reference count.
//!
//! ```
//! use userdump::read::memory::{MemoryIndex, RegionIndex};
//! use userdump::read::module::ModuleIndex;
//! use userdump::{MappedFile, OwnedDump};
//!
//! struct Session {
//!     dump: OwnedDump<MappedFile>,
//!     memory: MemoryIndex,
//!     regions: RegionIndex,
//!     modules: ModuleIndex,
//! }
//!
//! impl Session {
//!     fn open(path: &str) -> std::io::Result<Self> {
//!         let dump = OwnedDump::open(path)?;
//!         let parsed = dump.dump();
//!         let (memory, regions) = (parsed.memory().index(), parsed.regions().index());
//!         let modules = parsed.modules_by_address().index();
//!         Ok(Self { dump, memory, regions, modules })
//!     }
//!
//!     /// Returns the addresses in a chain of pointers.
//!     fn follow(&self, start: u64, steps: usize) -> Vec<u64> {
//!         let memory = self.memory.bind(&self.dump);
//!         std::iter::successors(Some(start), |&address| memory.read_pointer(address)).take(steps).collect()
//!     }
//!
//!     fn describe(&self, address: u64) -> Option<String> {
//!         let protection = self.regions.bind(&self.dump).at_address(address)?.protection();
//!         Some(format!("{} {protection}", self.modules.bind(&self.dump).locate(address)?))
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let session = Session::open("tests/fixtures/quick-start.dmp")?;
//! assert_eq!(session.follow(0x11_fd90, 2).len(), 2);
//! assert!(session.describe(0x1_4000_179a).is_some_and(|text| text.starts_with("victim.exe+0x179a")));
//! # Ok(())
//! # }
//! ```
//!
//! # Find what the words of a stack point to
//!
//! Tools that scan stacks or walk heaps know many addresses before they read. Passing all of them in one call lets the
//! processor wait for many of them together, and an address that the dump lacks is simply `None`.
//!
//! ```
//! use userdump::Dump;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
//! let dump = Dump::parse(&file)?;
//! let memory = dump.memory();
//! let start = dump.crash_registers().and_then(|registers| registers.stack_pointer()).ok_or("there are no registers")?;
//! let slots: Vec<u64> = (0..64).map(|slot| start.wrapping_add(8 * slot)).collect();
//! let mut words = vec![None; slots.len()];
//! memory.read_pointers(&slots, &mut words);
//!
//! let addresses: Vec<u64> = words.into_iter().flatten().collect();
//! let mut targets = vec![None; addresses.len()];
//! memory.read_u64s(&addresses, &mut targets);
//! for (address, target) in addresses.iter().zip(&targets) {
//!     if let Some(target) = target {
//!         println!("{address:#x} -> {target:#x}");
//!     }
//! }
//! # assert!(targets.iter().flatten().count() > 0 && targets.iter().any(Option::is_none));
//! # Ok(())
//! # }
//! ```
//!
//! # Write a dump from nothing
//!
//! Emulators, test suites and crash handlers describe a process in their own way. Here, records are plain structures,
//! registers have names, and everything that a record refers to is passed with it. `examples/write_minimal.rs` is a
//! complete program.
//!
//! ```
//! use userdump::MinidumpBuilder;
//! use userdump::format::{Guid, PlatformId, ProcessorArchitecture, context::ContextLayout};
//! use userdump::write::{
//!     CodeView, ContextBuilder, Exception, MemoryRange, MiscInfo, Module, SystemInfo, Thread,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let stack = [0; 4096];
//! let mut registers = ContextBuilder::new(&ContextLayout::AMD64);
//! registers.register("rip", 0x1_4000_1000).register("rsp", 0x20_0800);
//! let guid = Guid { data1: 0x1122_3344, data2: 5, data3: 6, data4: *b"a module" };
//!
//! let mut dump = MinidumpBuilder::new();
//! dump.add(SystemInfo::new(ProcessorArchitecture::AMD64, PlatformId::WIN32_NT).version(10, 0, 19045));
//! dump.add(MiscInfo::new().process_id(4242));
//! dump.add(Module::new(0x1_4000_0000, 0x2_0000, "C:\\app.exe").code_view(CodeView::pdb70(guid, 1, "app.pdb")));
//! let exception = Exception::new(7, 0xc000_0005).address(0x1_4000_1000).parameters([1, 0x1234]);
//! dump.add(exception.context(&registers));
//! let thread = Thread::new(7).name("main").context(registers);
//! dump.add(thread.stack_memory(MemoryRange::borrowed(0x20_0000, &stack)));
//! let mut file = Vec::new();
//! dump.plan()?.write_to(&mut file)?;
//!
//! let dump = userdump::Dump::parse(&file)?;
//! let place = dump.exceptions().next().and_then(|it| it.instruction(&dump.modules_by_address()));
//! assert_eq!(place.map(|place| place.to_string()).as_deref(), Some("app.exe+0x1000"));
//! # Ok(())
//! # }
//! ```
//!
//! # Dump a running process
//!
//! The memory of the process is copied to the sink in one pass, even if it is larger than the memory of the machine. On
//! Linux, reading `/proc/PID/mem` fails for some pages; they are written as zeros and listed in the result.
//! `examples/snapshot` is a complete program, with registers and build IDs.
//!
//! ```
//! # #[cfg(target_os = "linux")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::fs::{self, File};
//! use std::sync::Arc;
//! use userdump::MinidumpBuilder;
//! use userdump::format::{MinidumpType, PlatformId, ProcessorArchitecture, linux::LinuxMapFlags};
//! use userdump::read::linux::LinuxMaps;
//! use userdump::write::{MemoryRange, MiscInfo, ShortSource, SystemInfo};
//!
//! let (maps, memory) = (fs::read("/proc/self/maps")?, Arc::new(File::open("/proc/self/mem")?));
//! let mappings = LinuxMaps::parse(&maps);
//! let mut dump = MinidumpBuilder::new();
//! dump.flags(MinidumpType::WITH_FULL_MEMORY).short_source(ShortSource::ZeroFillErrors);
//! dump.add(SystemInfo::new(ProcessorArchitecture::AMD64, PlatformId::LINUX));
//! dump.add(MiscInfo::new().process_id(std::process::id())).add(mappings);
//! for mapping in mappings.iter().filter(|it| it.flags.contains(LinuxMapFlags::READ) && !it.path.to_string().starts_with("[v")) {
//!     dump.memory64(MemoryRange::from_read_at(mapping.start, mapping.size(), memory.clone()));
//! }
//! let written = dump.plan()?.write_to(std::io::sink())?;
//! println!("{} bytes, {} gaps that are zeros", written.size, written.shortfalls.len());
//! # Ok(())
//! # }
//! # #[cfg(not(target_os = "linux"))]
//! # fn main() {}
//! ```
//!
//! # Patch a dump
//!
//! A tool removes a module, renames another one, changes the exception and adds a stream. Everything else stays as it is,
//! byte for byte: [`Options::as_is`] changes nothing, so only the hooks do.
//!
//! [`Options::as_is`]: crate::redump::Options::as_is
//!
//! ```
//! use userdump::format::StreamType;
//! use userdump::redump::{Hooks, Options, Redump, Report};
//! use userdump::{Dump, RedumpError};
//!
//! fn patch(dump: &Dump<'_>, sink: impl std::io::Write) -> Result<Report, RedumpError> {
//!     let hooks = Hooks::new()
//!         .keep_modules(|module| module.name().is_ok_and(|name| !name.to_string().ends_with("kernelbase.dll")))
//!         .map_module(|module, new| {
//!             if module.name().is_ok_and(|name| name.to_string().ends_with("victim.exe")) {
//!                 new.rename("C:\\renamed.exe");
//!             }
//!         })
//!         .map_exception(|_, new| new.record.exception_record.exception_code = 0xdead_beef)
//!         .add_stream(StreamType(0x1_0042), &b"patched"[..]);
//!     Redump::with_hooks(dump, &Options::as_is(), hooks)?.write_to(sink)
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = std::fs::read("tests/fixtures/quick-start.dmp")?;
//! let (dump, mut patched) = (Dump::parse(&file)?, Vec::new());
//! patch(&dump, &mut patched)?;
//! let patched = Dump::parse(&patched)?;
//! assert_eq!((dump.modules().count(), patched.modules().count()), (4, 3));
//! assert_eq!(patched.exceptions().next().map(|it| it.reason().number()), Some(0xdead_beef));
//! assert!(dump.memory().visible_ranges().map(|it| it.bytes()).eq(patched.memory().visible_ranges().map(|it| it.bytes())));
//! # Ok(())
//! # }
//! ```
//!
//! # Compare two dumps
//!
//! Shows which memory, registers and modules differ between two dumps of one process, or between a dump and its
//! re-encoding.
//!
//! ```
//! use std::collections::BTreeMap;
//! use userdump::{Dump, ReadError, read::Memory};
//!
//! /// Returns how many bytes of `a` are equal in `b`, differ, and are missing.
//! fn compare(a: &Memory<'_>, b: &Memory<'_>) -> Result<[u64; 3], ReadError> {
//!     let [mut same, mut changed, mut missing] = [0; 3];
//!     for range in a.visible_ranges() {
//!         let (bytes, last) = (range.bytes()?, range.address + (range.size - 1));
//!         missing += range.size;
//!         for other in b.visible_within(range.address, last) {
//!             let here = &bytes[(other.address - range.address) as usize..][..other.size as usize];
//!             let equal = here.iter().zip(other.bytes()?).filter(|(x, y)| x == y).count() as u64;
//!             (same, changed, missing) = (same + equal, changed + other.size - equal, missing - other.size);
//!         }
//!     }
//!     Ok([same, changed, missing])
//! }
//!
//! fn registers(dump: &Dump<'_>) -> BTreeMap<(u32, &'static str), u128> {
//!     let threads = dump.threads().filter_map(|thread| Some((thread.id(), thread.registers()?)));
//!     threads.flat_map(|(id, context)| context.registers().map(move |it| ((id, it.name), it.value.bits()))).collect()
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use userdump::redump;
//! # let large = std::fs::read("tests/fixtures/quick-start.dmp")?;
//! # let mut small = Vec::new();
//! # redump(&Dump::parse(&large)?, &"/m".parse()?, &mut small)?;
//! let (large, small) = (Dump::parse(&large)?, Dump::parse(&small)?);
//! let [same, changed, missing] = compare(&large.memory(), &small.memory())?;
//! assert!(same > 0 && changed == 0 && missing > 0);
//! assert_eq!(registers(&large), registers(&small));
//! let modules = |dump: &Dump<'_>| dump.modules().map(|it| (it.base(), it.size())).collect::<Vec<_>>();
//! assert_eq!(modules(&large), modules(&small));
//! # Ok(())
//! # }
//! ```
//!
//! # Without `std`
//!
//! Reading needs only `core` and `alloc`: `userdump = { version = "0.1", default-features = false }`. The bytes may come
//! from any source.
//!
//! ```
//! #![no_std]
//! # extern crate std;
//! extern crate alloc;
//!
//! use alloc::{format, string::String};
//! use userdump::{Dump, ReadError};
//!
//! fn list(file: &[u8]) -> Result<String, ReadError> {
//!     let dump = Dump::parse(file)?;
//!     let mut list = String::new();
//!     for thread in dump.threads() {
//!         let pointer = thread.registers().and_then(|context| context.instruction_pointer());
//!         let name = dump.thread_name(thread.id()).map(|name| format!("{name}")).unwrap_or_default();
//!         list += &format!("{:#x} {:#x} {name}\n", thread.id(), pointer.unwrap_or_default());
//!     }
//!     Ok(list)
//! }
//!
//! # fn main() {
//! # let file = std::fs::read("tests/fixtures/quick-start.dmp").unwrap();
//! assert!(list(&file).unwrap().starts_with("0x124 0x14000179a \n"));
//! # }
//! ```

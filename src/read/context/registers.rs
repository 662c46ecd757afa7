//! Thread contexts: the registers of a thread.

use core::fmt;

use crate::format::context::{CONTEXT_CPU_MASK, ContextLayout, ContextState, RegisterField, RegisterGroup};
use crate::format::debug::debug_without_bytes;
use crate::format::processor::Processor;

use crate::read::bytes::{ByteOrder, integer_at, unsigned_at};
use crate::read::target::Target;

/// The registers of a thread: the bytes of a context record and its layout.
///
/// A record may be shorter than its layout. Registers beyond its end are `None`, not 0. If the layout is unknown, all
/// registers are `None`.
///
/// # Layout
///
/// The architecture determines the candidate layouts. A record with the exact size of a candidate has that layout.
/// Otherwise, the candidates are narrowed to those that match the processor bits of the flags, and the size selects
/// among them: the largest layout that fits or, if the record is too short for all of them, the smallest, of which it
/// then contains the start. A record with the size and flags of another processor than that of the dump has no layout.
///
/// # Flags
///
/// The flags tell which groups of registers the producer filled in. They do not prevent access to the other registers,
/// because Breakpad on macOS was observed to fill in all of them without setting the flag of any group.
///
/// # Byte order
///
/// In a big-endian file, every register is big-endian, and 16-byte registers are big-endian as a unit. Areas that the
/// processor itself stores (x87 registers, the `FXSAVE` area, the `XSAVE` area) are little-endian in every file.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let processor_architecture = userdump::format::ProcessorArchitecture::AMD64;
/// # dump.system_info(userdump::format::SystemInfo { processor_architecture, ..Default::default() }, None);
/// # let mut context = vec![0; 1232];
/// # context[0x30..0x34].copy_from_slice(&0x10_0001_u32.to_le_bytes());
/// # context[0xf8..0x100].copy_from_slice(&0x1_4000_12f0_u64.to_le_bytes());
/// # let context = dump.part("CONTEXT", context);
/// # dump.thread(userdump::format::Thread::default(), Some(context));
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// let dump = userdump::Minidump::parse(&file)?;
/// let thread = dump.threads().next().expect("the dump has a thread");
/// let context = thread.context()?.expect("the thread has registers");
/// assert_eq!(context.instruction_pointer(), Some(0x1_4000_12f0));
/// assert_eq!(context.register("rip").map(|value| value.to_string()).as_deref(), Some("00000001400012f0"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Context<'a> {
    bytes: &'a [u8],
    layout: Option<&'static ContextLayout>,
    order: ByteOrder,
    windows: bool,
    /// True if size and flags match another processor.
    is_foreign: bool,
}

debug_without_bytes!(Context { layout, order, windows; bytes });

/// The Windows contexts of the processors that can be mistaken for each other.
const OTHERS: [ContextLayout; 4] = [ContextLayout::X86, ContextLayout::AMD64, ContextLayout::ARM, ContextLayout::ARM64];

/// A register and its value.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Register {
    /// Name, in lower case.
    pub name: &'static str,
    /// The group of the register.
    pub group: RegisterGroup,
    /// The value of the register.
    pub value: RegisterValue,
}

/// The value of a register: up to 16 bytes, as a number.
///
/// For floating-point registers, these are the bits of the value (80 bits for x87 registers).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegisterValue {
    bits: u128,
    size: u32,
}

impl RegisterValue {
    /// The bits, zero-extended.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.bits
    }

    /// The size of the register in bytes: 1, 2, 4, 8, 10 or 16.
    #[must_use]
    pub const fn size(self) -> u32 {
        self.size
    }

    /// The value of a register of up to 8 bytes, zero-extended; `None` for a larger register.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        if self.size <= 8 { u64::try_from(self.bits).ok() } else { None }
    }

    /// The bytes of the register, least significant first, padded with zeros.
    #[must_use]
    pub const fn to_le_bytes(self) -> [u8; 16] {
        self.bits.to_le_bytes()
    }
}

/// Prints all digits of the register in hexadecimal.
impl fmt::Display for RegisterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::try_from(2 * self.size).unwrap_or_default();
        write!(f, "{:0digits$x}", self.bits)
    }
}

/// Prints the same as `Display`.
impl fmt::Debug for RegisterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(bytes: &'a [u8], target: Target, order: ByteOrder) -> Self {
        let windows = target.is_windows();
        let layout = choose(target.processor(), bytes, order, windows);
        let is_own = layout.is_none_or(|layout| {
            (layout.min_size()..=layout.size).contains(&size_of(bytes)) || names(layout, bytes, order, windows)
        });
        if !is_own && OTHERS.iter().any(|other| size_of(bytes) == other.size && names(other, bytes, order, windows)) {
            return Self { bytes, layout: None, order, windows, is_foreign: true };
        }
        Self { bytes, layout, order, windows, is_foreign: false }
    }

    /// The bytes of the record, as stored in the file.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The layout of the fixed part of the record. The record may contain only the start of it: see
    /// [`Self::is_truncated`].
    #[must_use]
    pub const fn layout(&self) -> Option<&'static ContextLayout> {
        self.layout
    }

    /// True if the record ends before its layout does.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.layout.is_some_and(|layout| size_of(self.bytes) < layout.min_size())
    }

    /// The data after the fixed part: extended registers ([`Self::xstate`]), or other data of the producer.
    #[must_use]
    pub fn tail(&self) -> &'a [u8] {
        let fixed = self.layout.and_then(|layout| usize::try_from(layout.size).ok());
        fixed.and_then(|size| self.bytes.get(size..)).unwrap_or_default()
    }

    /// True if the flags name a processor other than that of the dump.
    pub(crate) fn names_other_processor(&self) -> bool {
        let cpu = self.low_flags().map_or(0, |flags| cpu_of(flags, self.windows));
        let is_other = |layout: &ContextLayout| cpu != 0 && !layout.cpu_flags.contains(&cpu);
        self.is_foreign || self.layout.is_some_and(is_other)
    }

    /// True if the record is one of the dump's processor: its size matches a layout, or its flags name the processor.
    pub(crate) fn is_recognised(&self) -> bool {
        let is_of_size = |layout: &ContextLayout| (layout.min_size()..=layout.size).contains(&size_of(self.bytes));
        self.layout.is_some_and(is_of_size) || self.is_for_its_processor()
    }

    /// True if the flags are those of the processor whose layout the record has.
    pub(crate) fn is_for_its_processor(&self) -> bool {
        let cpu = self.low_flags().map(|flags| cpu_of(flags, self.windows));
        cpu.zip(self.layout).is_some_and(|(cpu, layout)| layout.cpu_flags.contains(&cpu))
    }

    /// The context flags: the processor, and the groups of registers that the producer filled in.
    #[must_use]
    pub fn flags(&self) -> Option<u64> {
        let layout = self.layout?;
        integer_at(self.bytes, layout.flags_offset, layout.flags_size, self.order)
    }

    /// The state of the thread as recorded by Windows; `None` for threads of other systems.
    #[must_use]
    pub fn state(&self) -> Option<ContextState> {
        let flags = self.low_flags().filter(|_| self.windows)?;
        Some(ContextState::from_bits_retain(flags & ContextState::all().bits()))
    }

    /// The groups of registers that are valid according to the flags, in the order of [`ContextLayout::groups`].
    ///
    /// If the flags are those of another processor than that of the dump, there are none. If they do not name a
    /// processor, which occurs, they are taken to be for that of the dump.
    pub fn valid_groups(&self) -> impl Iterator<Item = RegisterGroup> + use<> {
        let groups = self.layout.map_or(&[][..], |layout| layout.groups);
        let flags = self.flags_for_layout();
        groups.iter().filter(move |(_, flag)| flags & flag != 0).map(|(group, _)| *group)
    }

    /// True if the registers of a group are valid according to the flags.
    #[must_use]
    pub fn is_valid(&self, group: RegisterGroup) -> bool {
        self.valid_groups().any(|valid| valid == group)
    }

    /// The registers in the record, valid or not, in ascending order of offset.
    pub fn registers(&self) -> impl Iterator<Item = Register> + use<'a> {
        let context = *self;
        let fields = context.layout.into_iter().flat_map(ContextLayout::registers);
        fields.filter_map(move |field| {
            let value = context.value(&field)?;
            Some(Register { name: field.name, group: field.group, value })
        })
    }

    /// The register with this name or common alternative name, such as `x29` for `fp`.
    #[must_use]
    pub fn register(&self, name: &str) -> Option<RegisterValue> {
        self.value(&self.layout?.register(name)?)
    }

    /// The address of the next instruction.
    #[must_use]
    pub fn instruction_pointer(&self) -> Option<u64> {
        self.pointer(self.layout?.instruction_pointer)
    }

    /// The stack pointer.
    #[must_use]
    pub fn stack_pointer(&self) -> Option<u64> {
        self.pointer(self.layout?.stack_pointer)
    }

    /// The register that compilers use as the frame pointer; `None` on processors without this convention.
    #[must_use]
    pub fn frame_pointer(&self) -> Option<u64> {
        self.pointer(self.layout?.frame_pointer?)
    }

    pub(crate) const fn byte_order(&self) -> ByteOrder {
        self.order
    }

    fn pointer(&self, position: u32) -> Option<u64> {
        integer_at(self.bytes, position, self.layout?.register_size, self.order)
    }

    fn value(&self, field: &RegisterField) -> Option<RegisterValue> {
        let order = if field.stored_by_cpu { ByteOrder::Little } else { self.order };
        let bits = unsigned_at(self.bytes, field.offset, field.size, order)?;
        Some(RegisterValue { bits, size: field.size })
    }

    fn low_flags(&self) -> Option<u32> {
        u32::try_from(self.flags()? & u64::from(u32::MAX)).ok()
    }

    /// The flags; 0 if they are for another processor.
    fn flags_for_layout(&self) -> u32 {
        let (Some(layout), Some(flags)) = (self.layout, self.low_flags()) else {
            return 0;
        };
        match cpu_of(flags, self.windows) {
            0 => flags,
            cpu if layout.cpu_flags.contains(&cpu) => flags,
            _ => 0,
        }
    }
}

fn choose(processor: &Processor, bytes: &[u8], order: ByteOrder, windows: bool) -> Option<&'static ContextLayout> {
    let candidates = processor.contexts;
    let size = size_of(bytes);
    if let Some(exact) = candidates.iter().find(|layout| (layout.min_size()..=layout.size).contains(&size)) {
        return Some(exact);
    }
    let named = |layout: &&ContextLayout| names(layout, bytes, order, windows);
    let fits = |layout: &&ContextLayout| layout.min_size() <= size;
    let by_flags = || candidates.iter().filter(named);
    if let Some(smallest) = by_flags().next_back() {
        return by_flags().find(fits).or(Some(smallest));
    }
    candidates.iter().find(fits).or_else(|| candidates.last())
}

/// True if the record's flags, at the position given by the layout, name the processor of the layout.
fn names(layout: &ContextLayout, bytes: &[u8], order: ByteOrder, windows: bool) -> bool {
    // If the flags have 64 bits, the upper half is 0.
    let flags = integer_at(bytes, layout.flags_offset, layout.flags_size, order);
    let cpu = flags.and_then(|flags| u32::try_from(flags).ok()).map(|flags| cpu_of(flags, windows));
    cpu.is_some_and(|cpu| layout.cpu_flags.contains(&cpu))
}

/// The part of the flags that names a processor; 0 if none is named.
///
/// Windows uses the highest bits for the state of the thread. On other systems they are Breakpad's processor flags,
/// unless a processor flag of Windows is set as well.
const fn cpu_of(flags: u32, windows: bool) -> u32 {
    const BREAKPAD_MASK: u32 = 0xff00_0000;
    match flags & CONTEXT_CPU_MASK {
        0 if !windows => flags & BREAKPAD_MASK,
        cpu => cpu,
    }
}

fn size_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

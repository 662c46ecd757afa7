//! Builds CPU contexts from register names.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::error::{Item, WriteError};
use crate::format::context::{
    CONTEXT_ARM64, CONTEXT_ARM64_X18, ContextChunk, ContextEx, ContextLayout, FXSAVE_SIZE, RegisterGroup,
    XSTATE_COMPACTED, XSTATE_FEATURES, XSaveHeader,
};
use crate::format::debug::Size;
use crate::format::size32;
use crate::format::system::XStateConfigFeature;

use crate::write::encode;

/// Offset of the `XSAVE` area from the `CONTEXT_EX`, in bytes. Crashpad uses the same offset.
const CHUNK: u32 = 64;
/// Offset of the first component after the header in a complete `XSAVE` area, in bytes.
const FIRST_GROUP: u32 = FXSAVE_SIZE + size32::<XSaveHeader>();
/// The number of the feature that contains the upper halves of the `ymm` registers.
const AVX: u32 = 2;
/// Size of half a `ymm` register, and of all upper halves, in bytes.
const HALF: usize = 16;
const HALVES: usize = 16 * HALF;

/// Builds a little-endian CPU context from register names and values.
///
/// The context flags name the processor and every group in which at least one register was set.
/// [`ContextBuilder::group`] adds a group, and [`ContextBuilder::flags`] replaces the flags. Registers that are not set are 0.
///
/// An unknown name or a value that does not fit is reported by [`ContextBuilder::encode`], or by
/// [`MinidumpBuilder::plan`](crate::write::MinidumpBuilder::plan) if the builder was passed to a record.
///
/// # Examples
///
/// ```
/// use userdump::format::context::ContextLayout;
/// use userdump::write::ContextBuilder;
///
/// # fn main() -> Result<(), userdump::WriteError> {
/// let mut registers = ContextBuilder::new(&ContextLayout::AMD64);
/// registers.register("rip", 0x1_4000_1000).register("rsp", 0x20_0800);
/// registers.register_bytes("xmm0", &[0x55; 16]);
/// let context = registers.encode()?;
/// assert_eq!(context.len(), 1232);
/// assert_eq!(context[248..256], 0x1_4000_1000_u64.to_le_bytes());
/// // CONTEXT_AMD64, control registers, floating point.
/// assert_eq!(context[48..52], 0x10_0009_u32.to_le_bytes());
///
/// let error = registers.register("eip", 1).encode().unwrap_err();
/// assert_eq!(error.to_string(), "the context layout AMD64 has no register \"eip\"");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ContextBuilder {
    layout: ContextLayout,
    bytes: Vec<u8>,
    /// Flags of the registers that were set.
    filled: u32,
    /// The processor flag.
    cpu: u32,
    flags: Option<u64>,
    /// Extended features by number.
    extended: BTreeMap<u32, Vec<u8>>,
    fault: Option<Fault>,
}

/// Prints the layout, but no register values.
impl fmt::Debug for ContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut builder = f.debug_struct("ContextBuilder");
        builder.field("layout", &self.layout.name).field("bytes", &Size(self.bytes.len())).finish_non_exhaustive()
    }
}

/// The caller's first mistake.
#[derive(Clone, Debug)]
enum Fault {
    Unknown(String),
    Invalid(&'static str, &'static str),
}

impl ContextBuilder {
    /// Creates a context in which every byte is 0.
    #[must_use]
    pub fn new(layout: &ContextLayout) -> Self {
        let bytes = vec![0; usize::try_from(layout.size).unwrap_or_default()];
        let cpu = layout.cpu_flags.first().copied().unwrap_or_default();
        Self { layout: *layout, bytes, filled: 0, cpu, flags: None, extended: BTreeMap::new(), fault: None }
    }

    /// Returns the layout of the fixed part.
    #[must_use]
    pub const fn layout(&self) -> &ContextLayout {
        &self.layout
    }

    /// Sets a register. A wide register is zero-extended.
    ///
    /// Accepts the names that [`ContextLayout::register`] accepts, including aliases such as `x29` for `fp`.
    pub fn register(&mut self, name: &str, value: u64) -> &mut Self {
        self.put(name, &value.to_le_bytes(), false)
    }

    /// Sets a register from its bytes, least significant first; the number of bytes must match. Use it for vector
    /// registers.
    pub fn register_bytes(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        self.put(name, bytes, true)
    }

    fn put(&mut self, name: &str, bytes: &[u8], exact: bool) -> &mut Self {
        let Some(field) = self.layout.register(name) else {
            return self.fail(Fault::Unknown(name.into()));
        };
        let size = usize::try_from(field.size).unwrap_or_default();
        let (now, beyond) = bytes.split_at(size.min(bytes.len()));
        if beyond.iter().any(|&byte| byte != 0) {
            return self.fail(Fault::Invalid(field.name, "the value is too large for the register"));
        }
        if exact && bytes.len() != size {
            return self.fail(Fault::Invalid(field.name, "the size of the register differs"));
        }
        let start = usize::try_from(field.offset).unwrap_or(usize::MAX);
        let room = start.checked_add(size).and_then(|end| self.bytes.get_mut(start..end)).unwrap_or_default();
        for (to, from) in room.iter_mut().zip(now.iter().chain(core::iter::repeat(&0))) {
            *to = *from;
        }
        // Windows ignores x18 unless this flag is set.
        if field.name == "x18" && self.layout.cpu_flags.contains(&CONTEXT_ARM64) {
            self.filled |= CONTEXT_ARM64_X18;
        }
        self.group(field.group)
    }

    /// Sets the 512-byte `FXSAVE` area: the x87 and SSE registers.
    ///
    /// An AMD64 context stores `mxcsr` twice; this sets both.
    pub fn fxsave(&mut self, area: &[u8; 512]) -> &mut Self {
        let Some(start) = self.layout.fxsave.and_then(|start| usize::try_from(start).ok()) else {
            return self.fail(Fault::Invalid("FXSAVE area", "the context layout has no place for it"));
        };
        if let Some(room) = self.bytes.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
            *room = *area;
        }
        match self.layout.register("fx_mxcsr") {
            Some(_) => {
                let [.., a, b, c, d] = *area.first_chunk::<28>().unwrap_or(&[0; 28]);
                self.register("mxcsr", u32::from_le_bytes([a, b, c, d]).into())
            }
            None => self.group(RegisterGroup::Extended),
        }
    }

    /// Sets an AVX register, least significant byte first. Its lower half is the `xmm` register with the same number.
    pub fn ymm(&mut self, number: u8, register: &[u8; 32]) -> &mut Self {
        let (low, high) = register.split_at(HALF);
        self.put(&alloc::format!("xmm{number}"), low, true);
        if self.fault.is_none() {
            let halves = self.extended.entry(AVX).or_insert_with(|| vec![0; HALVES]);
            let start = HALF * usize::from(number);
            if let Some(room) = halves.get_mut(start..start + HALF) {
                room.copy_from_slice(high);
            }
        }
        self.has_extended()
    }

    /// Sets an extended feature to the bytes that `XSAVE` stores for it. The numbers are those of [`XSTATE_FEATURES`]; for
    /// features 0 and 1 use [`ContextBuilder::fxsave`].
    ///
    /// The area is written in compacted form. Pass [`ContextBuilder::xstate_config`] to
    /// [`MiscInfo::xstate`](crate::write::MiscInfo::xstate) so that debuggers find the features.
    pub fn xstate(&mut self, number: u32, bytes: &[u8]) -> &mut Self {
        let known = XSTATE_FEATURES.iter().find(|feature| feature.number == number);
        match known.filter(|feature| feature.number >= AVX && feature.size > 0) {
            None => self.fail(Fault::Invalid("XSAVE area", "it cannot hold a feature of this number")),
            Some(feature) if u64::from(feature.size) != bytes.len() as u64 => {
                self.fail(Fault::Invalid(feature.name, "the size of the feature differs"))
            }
            Some(_) => {
                self.extended.insert(number, bytes.into());
                self.has_extended()
            }
        }
    }

    fn has_extended(&mut self) -> &mut Self {
        if self.layout.fxsave.is_none() || !self.layout.is_extensible {
            return self.fail(Fault::Invalid("XSAVE area", "the context layout has no place for it"));
        }
        self.group(RegisterGroup::XState)
    }

    /// Marks a register group as valid in the flags, even if none of its registers was set. Does nothing if the layout has
    /// no flag for the group.
    pub fn group(&mut self, group: RegisterGroup) -> &mut Self {
        self.filled |= self.layout.group_flag(group).unwrap_or_default();
        self
    }

    /// Selects the processor flag if the layout has several, such as
    /// [`CONTEXT_MIPS64`](crate::format::context::CONTEXT_MIPS64). The default is the first of [`ContextLayout::cpu_flags`].
    pub fn cpu_flag(&mut self, bit: u32) -> &mut Self {
        if !self.layout.cpu_flags.contains(&bit) {
            return self.fail(Fault::Invalid("context flags", "the layout has no such processor flag"));
        }
        self.cpu = bit;
        self
    }

    /// Replaces the flags that are otherwise derived from the registers.
    pub const fn flags(&mut self, flags: u64) -> &mut Self {
        self.flags = Some(flags);
        self
    }

    fn fail(&mut self, fault: Fault) -> &mut Self {
        self.fault.get_or_insert(fault);
        self
    }

    /// Returns the record: the fixed part, followed by the extended features if there are any.
    ///
    /// # Errors
    ///
    /// [`WriteError::UnknownRegister`] for an unknown name, [`WriteError::InvalidInput`] for a value that does not fit. Only the
    /// first mistake is reported.
    pub fn encode(&self) -> Result<Vec<u8>, WriteError> {
        match &self.fault {
            Some(Fault::Unknown(name)) => {
                return Err(WriteError::UnknownRegister { layout: self.layout.name, name: name.clone() });
            }
            &Some(Fault::Invalid(name, reason)) => {
                return Err(WriteError::InvalidInput { item: Item { name, index: None }, reason });
            }
            None => {}
        }
        let flags = self.flags.unwrap_or_else(|| u64::from(self.cpu | self.filled)).to_le_bytes();
        let mut bytes = self.bytes.clone();
        let at = usize::try_from(self.layout.flags_offset).unwrap_or(usize::MAX);
        let size = usize::try_from(self.layout.flags_size).unwrap_or_default();
        for (to, from) in bytes.iter_mut().skip(at).zip(flags.iter().take(size)) {
            *to = *from;
        }
        if !self.extended.is_empty() {
            self.append_extended(&mut bytes);
        }
        Ok(bytes)
    }

    fn append_extended(&self, bytes: &mut Vec<u8>) {
        let (end, fixed) = self.places().last().map_or((FIRST_GROUP, 0), |(_, at, size)| (at + size, self.layout.size));
        let back = i32::try_from(fixed).map_or(0, |fixed| -fixed);
        let length = end - FXSAVE_SIZE;
        let chunk = |offset, length| ContextChunk { offset, length };
        encode::put(
            bytes,
            ContextEx {
                all: chunk(back, fixed + CHUNK + length),
                legacy: chunk(back, fixed),
                xstate: chunk(i32::try_from(CHUNK).unwrap_or_default(), length),
            },
        );
        let start = usize::try_from(fixed + CHUNK).unwrap_or_default();
        bytes.resize(start, 0);
        let mask = self.extended.keys().fold(0, |mask, number| mask | 1_u64 << number);
        encode::put(bytes, XSaveHeader { mask, compaction_mask: mask | XSTATE_COMPACTED, reserved: [0; 6] });
        for ((_, at, _), group) in self.places().zip(self.extended.values()) {
            bytes.resize(start + usize::try_from(at - FXSAVE_SIZE).unwrap_or_default(), 0);
            bytes.extend_from_slice(group);
        }
    }

    /// Returns number, offset in a complete `XSAVE` area, and size of each feature.
    fn places(&self) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        self.extended.iter().scan(FIRST_GROUP, |next, (&number, bytes)| {
            let known = XSTATE_FEATURES.iter().find(|feature| feature.number == number);
            let at = if known.is_some_and(|it| it.aligned) { next.next_multiple_of(64) } else { *next };
            let size = u32::try_from(bytes.len()).unwrap_or_default();
            *next = at + size;
            Some((number, at, size))
        })
    }

    /// Returns the description of the extended features for the MiscInfo stream, for
    /// [`MiscInfo::xstate`](crate::write::MiscInfo::xstate). All zeros if there are none.
    #[must_use]
    pub fn xstate_config(&self) -> XStateConfigFeature {
        let mut config = XStateConfigFeature::default();
        let mut end = None;
        for (number, offset, size) in self.places() {
            config.enabled_features |= 1 << number | XSTATE_COMPACTED;
            if let Some(feature) = usize::try_from(number).ok().and_then(|number| config.features.get_mut(number)) {
                (feature.offset, feature.size) = (offset, size);
            }
            end = Some(offset + size - FXSAVE_SIZE);
        }
        if let Some(end) = end {
            config.size_of_info = size32::<XStateConfigFeature>();
            config.context_size = self.layout.size + CHUNK + end;
        }
        config
    }
}

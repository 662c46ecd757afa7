//! Extended registers: what follows the fixed part of an x86 or AMD64 context.

use crate::format::{
    ContextLayout, RegisterGroup, XSTATE_COMPACTED, XSTATE_FEATURES, XStateConfigFeature, XStateFeatureInfo,
};

use super::bytes::{ByteOrder, integer_at};
use super::context::Context;

/// Size of the part of an `XSAVE` area that a context holds elsewhere: its `FXSAVE` area.
const LEGACY_SIZE: u32 = 512;

/// Size of the header behind that.
const HEADER_SIZE: u32 = 64;

/// Where `FXSAVE` puts XMM registers.
const XMM_OFFSET: u32 = 160;

/// The number of the AVX registers among the features.
const AVX: u32 = 2;

/// Where the processors put AVX registers in an area that is not compacted.
const AVX_OFFSET: u32 = 576;

/// The number of the user's CET registers among the features.
const CET_U: u32 = 11;

/// The least offset of the extended registers from the `CONTEXT_EX`, which has three entries of 8 bytes.
const CONTEXT_EX_SIZE: i64 = 24;

/// The extended registers of a context.
///
/// Behind the fixed part of the record stands a `CONTEXT_EX`, which says where the *chunk* is: the area that the
/// instruction `XSAVE` writes, without its first 512 bytes. Those are in the fixed part.
///
/// The chunk may end before it should. The C library of Windows copies no more bytes of an exception's context than
/// [`XStateConfigFeature::context_size`] says, although the chunk can lie farther behind in it; observed in a dump of
/// sentry-native, where half of the AVX registers are missing.
#[derive(Clone, Debug)]
pub struct XState<'a> {
    context: Context<'a>,
    /// Where the `FXSAVE` area is in the record.
    fxsave: u32,
    declared_size: u32,
    /// What is there of the chunk: its header at least.
    chunk: &'a [u8],
    present: u64,
    compaction: u64,
    config: Option<XStateConfigFeature>,
}

/// A group of extended registers that is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XStateFeature<'a> {
    /// Number, which is also that of its bit in the masks.
    pub number: u32,
    /// What the processor's manual calls it.
    pub name: Option<&'static str>,
    /// Size in bytes; 0 if it is not known where the group is.
    pub size: u32,
    /// The group's bytes as the processor stored them: fewer than `size` if the record is cut short.
    pub bytes: &'a [u8],
}

/// What control-flow enforcement keeps for user mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CetUser {
    /// What is switched on: the model-specific register `IA32_U_CET`.
    pub msr: u64,
    /// The shadow stack pointer.
    pub ssp: u64,
}

impl<'a> Context<'a> {
    /// The extended registers of an x86 or AMD64 context; `None` if it has none.
    ///
    /// `config` is [`MiscInfo::xstate`](super::MiscInfo::xstate) of the same dump. Without it there are
    /// the groups of a compacted area whose sizes the processor's manual fixes, and AVX.
    ///
    /// If the flags announce extended registers, but what follows the fixed part does not say where they are, this is
    /// `None`, too: [`Context::tail`] has the bytes.
    pub fn xstate(&self, config: Option<&XStateConfigFeature>) -> Option<XState<'a>> {
        let layout = self.layout().filter(|_| self.is_valid(RegisterGroup::XState))?;
        let fxsave = layout.fxsave?;
        let (start, declared_size) = self.chunk_place(layout)?;
        let chunk = self.as_bytes().get(usize::try_from(start).ok()?..)?;
        let chunk = usize::try_from(declared_size).ok().and_then(|size| chunk.get(..size)).unwrap_or(chunk);
        if chunk.len() < usize::try_from(HEADER_SIZE).ok()? {
            return None;
        }
        let present = stored_u64(chunk, 0)?;
        let compaction = stored_u64(chunk, 8)?;
        let config = config.copied();
        Some(XState { context: *self, fxsave, declared_size, chunk, present, compaction, config })
    }

    /// Where the chunk starts in the record, and its size: what the `CONTEXT_EX` says, if that can be one.
    fn chunk_place(&self, layout: &ContextLayout) -> Option<(u32, u32)> {
        let field = |index: u32| {
            let bits = integer_at(self.tail(), 4 * index, 4, self.byte_order())?;
            u32::try_from(bits).ok()
        };
        let offset = |index: u32| field(index).map(|bits| i64::from(bits as i32));
        let [whole, legacy, chunk] = [offset(0)?, offset(2)?, offset(4)?];
        let size = field(5)?;
        let back = -i64::from(layout.size);
        if whole != back || legacy != back || chunk < CONTEXT_EX_SIZE {
            return None;
        }
        let start = u32::try_from(i64::from(layout.size) + chunk).ok()?;
        Some((start, size))
    }
}

impl<'a> XState<'a> {
    /// The groups that are present, one bit each. The others were in their initial state, which is zeros, or were not
    /// asked for: see [`Self::saved`].
    pub const fn features(&self) -> u64 {
        self.present
    }

    /// The groups that were asked for, whether they are present or not; `None` if nothing says so.
    pub fn saved(&self) -> Option<u64> {
        if self.is_compacted() {
            Some(self.compaction & !XSTATE_COMPACTED)
        } else {
            self.config.map(|config| config.enabled_features)
        }
    }

    /// True if the groups stand one behind the other, without room for those that were not asked for.
    pub const fn is_compacted(&self) -> bool {
        self.compaction & XSTATE_COMPACTED != 0
    }

    /// What the record has of the chunk: 64 bytes of header, then the groups.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.chunk
    }

    /// The size of the chunk in bytes, as the record says.
    pub const fn declared_size(&self) -> u32 {
        self.declared_size
    }

    /// True if the record ends before the chunk does.
    pub const fn is_truncated(&self) -> bool {
        (self.chunk.len() as u64) < self.declared_size as u64
    }

    /// The groups that are present, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = XStateFeature<'a>> {
        (0..u64::BITS).filter_map(|number| self.feature(number))
    }

    /// A group by its number; `None` if it is not present.
    ///
    /// The first two, the registers of x87 and SSE, are in the fixed part of the record, and are there whether they
    /// are present by these masks or not.
    pub fn feature(&self, number: u32) -> Option<XStateFeature<'a>> {
        if number >= u64::BITS || self.present & 1 << number == 0 {
            return None;
        }
        let name = known(number).map(|feature| feature.name);
        let feature = self.place(number).map(|(offset, size)| (size, self.bytes(offset, size)));
        let (size, bytes) = feature.unwrap_or_default();
        Some(XStateFeature { number, name, size, bytes })
    }

    /// The AVX register `ymm` of a number, least significant byte first: the XMM register and the half above it.
    ///
    /// That half is zeros if AVX registers were asked for but not present. `None` if they were not asked for, if the
    /// record ends before the register does, and from number 16 (x86: 8) on.
    pub fn ymm(&self, number: u32) -> Option<[u8; 32]> {
        if number >= self.registers() {
            return None;
        }
        let low = self.bytes(XMM_OFFSET + 16 * number, 16);
        let high = match self.feature(AVX) {
            Some(avx) => avx.bytes.get(usize::try_from(16 * number).ok()?..)?.get(..16)?,
            None if self.saved().is_some_and(|saved| saved & 1 << AVX == 0) => return None,
            None => &[0; 16],
        };
        let mut register = [0; 32];
        let (to_low, to_high) = register.split_at_mut(16);
        to_low.copy_from_slice(<&[u8; 16]>::try_from(low).ok()?);
        to_high.copy_from_slice(<&[u8; 16]>::try_from(high).ok()?);
        Some(register)
    }

    /// The AVX registers that are there, with their numbers: see [`Self::ymm`].
    pub fn ymm_registers(&self) -> impl Iterator<Item = (u32, [u8; 32])> {
        (0..self.registers()).filter_map(|number| Some((number, self.ymm(number)?)))
    }

    /// What control-flow enforcement keeps for user mode; `None` if it is not present.
    pub fn cet_u(&self) -> Option<CetUser> {
        let bytes = self.feature(CET_U)?.bytes;
        Some(CetUser { msr: stored_u64(bytes, 0)?, ssp: stored_u64(bytes, 8)? })
    }

    /// The number of XMM registers in the `FXSAVE` area.
    fn registers(&self) -> u32 {
        if self.context.layout().is_some_and(|layout| layout.register_size == 8) { 16 } else { 8 }
    }

    /// Offset and size of a group in the whole `XSAVE` area.
    fn place(&self, number: u32) -> Option<(u32, u32)> {
        match number {
            0 => Some((0, XMM_OFFSET)),
            1 => Some((XMM_OFFSET, 256)),
            _ if self.is_compacted() => self.compacted_place(number),
            _ => {
                let configured = self.configured(number).filter(|(_, size)| *size > 0);
                let by_manual = (AVX_OFFSET, known(AVX)?.size);
                let place = configured.or((number == AVX).then_some(by_manual))?;
                (place.0 >= LEGACY_SIZE + HEADER_SIZE).then_some(place)
            }
        }
    }

    /// Behind all groups with lower numbers that were asked for, present or not.
    fn compacted_place(&self, number: u32) -> Option<(u32, u32)> {
        let mut offset = LEGACY_SIZE + HEADER_SIZE;
        for other in (AVX..=number).filter(|other| self.compaction & 1 << other != 0) {
            let size = self.size(other)?;
            if known(other).is_some_and(|feature| feature.aligned) {
                offset = offset.checked_next_multiple_of(64)?;
            }
            if other == number {
                return Some((offset, size));
            }
            offset = offset.checked_add(size)?;
        }
        None
    }

    fn size(&self, number: u32) -> Option<u32> {
        let configured = self.configured(number).map(|(_, size)| size).filter(|size| *size > 0);
        configured.or_else(|| known(number).map(|feature| feature.size).filter(|size| *size > 0))
    }

    fn configured(&self, number: u32) -> Option<(u32, u32)> {
        self.config.as_ref()?.feature(usize::try_from(number).ok()?)
    }

    /// As much as there is of a piece of the whole `XSAVE` area.
    fn bytes(&self, offset: u32, size: u32) -> &'a [u8] {
        let (area, start) = match offset.checked_sub(LEGACY_SIZE) {
            Some(start) => (self.chunk, Some(start)),
            None => (self.context.as_bytes(), self.fxsave.checked_add(offset)),
        };
        let start = start.and_then(|start| usize::try_from(start).ok());
        let rest = start.and_then(|start| area.get(start..)).unwrap_or_default();
        usize::try_from(size).ok().and_then(|size| rest.get(..size)).unwrap_or(rest)
    }
}

/// What the processor's manual says of a group.
fn known(number: u32) -> Option<&'static XStateFeatureInfo> {
    XSTATE_FEATURES.iter().find(|feature| feature.number == number)
}

/// A number that the processor stored.
fn stored_u64(bytes: &[u8], position: u32) -> Option<u64> {
    integer_at(bytes, position, 8, ByteOrder::Little)
}

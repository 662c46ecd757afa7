//! Extended registers: what follows the fixed part of an x86 or AMD64 context.

use core::iter::FusedIterator;
#[cfg(feature = "std")]
use core::ops::Range;

use crate::format::context::{
    ContextEx, ContextLayout, FXSAVE_SIZE, RegisterField, RegisterGroup, XSTATE_COMPACTED, XSTATE_FEATURES,
    XSaveHeader, XStateFeatureInfo,
};
use crate::format::debug::debug_without_bytes;
use crate::format::size32;
use crate::format::system::XStateConfigFeature;

use crate::read::bytes::{ByteOrder, Bytes, integers};
use crate::read::context::registers::Context;

/// Size of what comes before the groups in an `XSAVE` area: its `FXSAVE` area, and its header. AVX registers are the first
/// of them.
const BEFORE_GROUPS: u32 = FXSAVE_SIZE + size32::<XSaveHeader>();

/// The numbers of features: the registers of the x87, of SSE and of AVX, those of CET for user mode.
const X87: u32 = 0;
const SSE: u32 = 1;
const AVX: u32 = 2;
const CET_U: u32 = 11;

/// The extended registers of a context.
///
/// Behind the fixed part of the record stands a `CONTEXT_EX`, which says where the *chunk* is: the area that the
/// instruction `XSAVE` writes, without its first 512 bytes. Those are in the fixed part.
///
/// The chunk may end before it should. The C library of Windows copies no more bytes of an exception's context than
/// [`XStateConfigFeature::context_size`] says, although the chunk can lie farther behind in it; observed in a dump of
/// sentry-native, where half of the AVX registers are missing.
#[derive(Clone)]
pub struct XState<'a> {
    context: Context<'a>,
    /// Where the `FXSAVE` area is in the record.
    fxsave: u32,
    /// The XMM registers in it: how many there are, and the first one.
    xmm: (u32, RegisterField),
    declared_size: u32,
    /// Where the chunk is in the record.
    start: u32,
    /// What is there of the chunk: its header at least.
    chunk: &'a [u8],
    present: u64,
    compaction: u64,
    config: Option<XStateConfigFeature>,
}

debug_without_bytes!(XState { context, declared_size, start, present, compaction; chunk });

/// A group of extended registers that is present.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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

debug_without_bytes!(XStateFeature { number, name, size; bytes });

/// What control-flow enforcement keeps for user mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CetUser {
    /// What is switched on: the model-specific register `IA32_U_CET`.
    pub msr: u64,
    /// The shadow stack pointer.
    pub ssp: u64,
}

impl<'a> Context<'a> {
    /// The extended registers of an x86 or AMD64 context; `None` if it has none.
    ///
    /// `config` is [`MiscInfo::xstate`](crate::read::system::MiscInfo::xstate) of the same dump. Without it there are
    /// the groups of a compacted area whose sizes the processor's manual fixes, and AVX.
    ///
    /// If the flags announce extended registers, but what follows the fixed part does not say where they are, this is
    /// `None`, too: [`Context::tail`] has the bytes.
    #[must_use]
    pub fn xstate(&self, config: Option<&XStateConfigFeature>) -> Option<XState<'a>> {
        let layout = self.layout().filter(|_| self.is_valid(RegisterGroup::XState))?;
        let fxsave = layout.fxsave?;
        let xmm = layout.registers().filter(|register| register.name.starts_with("xmm"));
        let xmm = (u32::try_from(xmm.clone().count()).ok()?, xmm.clone().next()?);
        let (start, declared_size) = self.chunk_place(layout)?;
        let chunk = self.as_bytes().get(usize::try_from(start).ok()?..)?;
        let chunk = usize::try_from(declared_size).ok().and_then(|size| chunk.get(..size)).unwrap_or(chunk);
        let header: XSaveHeader = Bytes::new(&[], ByteOrder::Little).read_from("", chunk, 0).ok()?;
        let XSaveHeader { mask: present, compaction_mask: compaction, .. } = header;
        let config = config.copied();
        Some(XState { context: *self, fxsave, xmm, declared_size, start, chunk, present, compaction, config })
    }

    /// Where the chunk starts in the record, and its size: what the `CONTEXT_EX` says, if that can be one.
    fn chunk_place(&self, layout: &ContextLayout) -> Option<(u32, u32)> {
        let parts: ContextEx = Bytes::new(&[], self.byte_order()).read_from("", self.tail(), 0).ok()?;
        let back = -i64::from(layout.size);
        let chunk = i64::from(parts.xstate.offset);
        let is_before = [parts.all, parts.legacy].into_iter().all(|part| i64::from(part.offset) == back);
        if !is_before || chunk < i64::from(size32::<ContextEx>()) {
            return None;
        }
        let start = u32::try_from(i64::from(layout.size) + chunk).ok()?;
        Some((start, parts.xstate.length))
    }
}

impl<'x, 'a> IntoIterator for &'x XState<'a> {
    type Item = XStateFeature<'a>;
    type IntoIter = XStateFeatures<'x, 'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over the groups of an [`XState`] that are present.
#[derive(Clone, Debug)]
pub struct XStateFeatures<'x, 'a> {
    xstate: &'x XState<'a>,
    /// The groups that are left, one bit each.
    left: u64,
}

impl<'a> Iterator for XStateFeatures<'_, 'a> {
    type Item = XStateFeature<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let feature = self.xstate.feature(self.left.trailing_zeros())?;
        self.left &= self.left - 1;
        Some(feature)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left.count_ones()).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

impl DoubleEndedIterator for XStateFeatures<'_, '_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let number = self.left.checked_ilog2()?;
        self.left &= !(1 << number);
        self.xstate.feature(number)
    }
}

impl ExactSizeIterator for XStateFeatures<'_, '_> {}
impl FusedIterator for XStateFeatures<'_, '_> {}

impl<'a> XState<'a> {
    /// The groups that are present, one bit each. The others were in their initial state, which is zeros, or were not
    /// asked for: see [`Self::saved`].
    #[must_use]
    pub const fn features(&self) -> u64 {
        self.present
    }

    /// The groups that were asked for, whether they are present or not; `None` if nothing says so.
    #[must_use]
    pub fn saved(&self) -> Option<u64> {
        if self.is_compacted() {
            Some(self.compaction & !XSTATE_COMPACTED)
        } else {
            self.config.map(|config| config.enabled_features)
        }
    }

    /// True if the groups stand one behind the other, without room for those that were not asked for.
    #[must_use]
    pub const fn is_compacted(&self) -> bool {
        self.compaction & XSTATE_COMPACTED != 0
    }

    /// What the record has of the chunk: 64 bytes of header, then the groups.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.chunk
    }

    /// The size of the chunk in bytes, as the record says.
    #[must_use]
    pub const fn declared_size(&self) -> u32 {
        self.declared_size
    }

    /// True if the record ends before the chunk does.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        (self.chunk.len() as u64) < self.declared_size as u64
    }

    /// Which bytes behind the fixed part say something: what tells where the chunk is, the masks, and the groups that are
    /// present and whose places are known. What a group had that is not present is still there in most files.
    #[cfg(feature = "std")]
    pub(crate) fn used_ranges(&self) -> impl Iterator<Item = Range<u32>> {
        let fixed = self.context.layout().map_or(0, |layout| layout.size);
        let range = |start: u32, size: u32| start..start.saturating_add(size);
        let masks = XSaveHeader::OFFSETS.reserved.get();
        let masks = range(self.start, u32::try_from(masks).unwrap_or_default());
        let end = self.start.saturating_add(self.declared_size);
        let places = (AVX..u64::BITS).filter(|number| self.present & 1 << number != 0);
        let places = places.filter_map(|number| self.place(number)).filter_map(move |(offset, size)| {
            let start = self.start.saturating_add(offset.checked_sub(FXSAVE_SIZE)?);
            Some(start..start.saturating_add(size).min(end))
        });
        [range(fixed, size32::<ContextEx>()), masks].into_iter().chain(places)
    }

    /// The groups that are present, in ascending order.
    #[must_use]
    pub const fn iter(&self) -> XStateFeatures<'_, 'a> {
        XStateFeatures { xstate: self, left: self.present }
    }

    /// A group by its number; `None` if it is not present.
    ///
    /// The first two, the registers of x87 and SSE, are in the fixed part of the record, and are there whether they
    /// are present by these masks or not.
    #[must_use]
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
    #[must_use]
    pub fn ymm(&self, number: u32) -> Option<[u8; 32]> {
        let (count, first) = self.xmm;
        if number >= count {
            return None;
        }
        let low = self.bytes(self.xmm_offset() + first.size * number, first.size);
        let high = match self.feature(AVX) {
            Some(avx) => avx.bytes.get(usize::try_from(first.size * number).ok()?..)?.get(..16)?,
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
        (0..self.xmm.0).filter_map(|number| Some((number, self.ymm(number)?)))
    }

    /// What control-flow enforcement keeps for user mode; `None` if it is not present.
    #[must_use]
    pub fn cet_u(&self) -> Option<CetUser> {
        let bytes = self.feature(CET_U)?.bytes;
        let (msr, ssp) = integers(bytes.first_chunk()?, ByteOrder::Little);
        Some(CetUser { msr, ssp })
    }

    /// Where the `FXSAVE` area has XMM registers.
    const fn xmm_offset(&self) -> u32 {
        self.xmm.1.offset - self.fxsave
    }

    /// Offset and size of a group in the whole `XSAVE` area.
    fn place(&self, number: u32) -> Option<(u32, u32)> {
        match number {
            X87 => Some((0, self.xmm_offset())),
            SSE => Some((self.xmm_offset(), known(SSE)?.size)),
            _ if self.is_compacted() => self.compacted_place(number),
            _ => {
                let configured = self.configured(number).filter(|(_, size)| *size > 0);
                let by_manual = (BEFORE_GROUPS, known(AVX)?.size);
                let place = configured.or((number == AVX).then_some(by_manual))?;
                (place.0 >= BEFORE_GROUPS).then_some(place)
            }
        }
    }

    /// Behind all groups with lower numbers that were asked for, present or not.
    fn compacted_place(&self, number: u32) -> Option<(u32, u32)> {
        let mut offset = BEFORE_GROUPS;
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
        let (area, start) = match offset.checked_sub(FXSAVE_SIZE) {
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

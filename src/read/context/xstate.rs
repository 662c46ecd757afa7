//! Extended registers, which follow the fixed part of an x86 or AMD64 context.

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
use crate::read::source::Source;

use crate::read::bytes::{ByteOrder, Bytes, integers};
use crate::read::context::registers::Context;

/// The size of the data before the groups in an `XSAVE` area: the `FXSAVE` area and the header. The AVX registers are
/// the first group.
const BEFORE_GROUPS: u32 = FXSAVE_SIZE + size32::<XSaveHeader>();

/// The numbers of the features: x87, SSE and AVX registers, and the CET registers of user mode.
const X87: u32 = 0;
const SSE: u32 = 1;
const AVX: u32 = 2;
const CET_U: u32 = 11;

/// The extended registers of a context.
///
/// The fixed part of the record is followed by a `CONTEXT_EX`, which locates the *chunk*: the area that the `XSAVE`
/// instruction writes, without its first 512 bytes, which are in the fixed part.
///
/// The chunk may be truncated. For an exception's context, the Windows C library copies only as many bytes as
/// [`XStateConfigFeature::context_size`] states, although the chunk can be at a higher offset; this was observed in a
/// dump of sentry-native, where half of the AVX registers are missing.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = std::fs::read("crash.dmp")?;
/// let dump = userdump::Dump::parse(&file)?;
/// let config = dump.find::<userdump::read::system::MiscInfo>().and_then(|info| info.xstate());
/// let registers = dump.crash_registers();
/// if let Some(xstate) = registers.as_ref().and_then(|registers| registers.xstate(config.as_ref())) {
///     for (number, bytes) in xstate.ymm_registers() {
///         println!("ymm{number} = {bytes:x?}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct XState<'a> {
    context: Context<'a>,
    /// The offset of the `FXSAVE` area in the record.
    fxsave: u32,
    /// The number of XMM registers, and the first one.
    xmm: (u32, RegisterField),
    declared_size: u32,
    /// The offset of the chunk in the record.
    start: u32,
    /// The bytes of the chunk that are present, which include at least its header.
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
    /// The number, which is also that of its bit in the masks.
    pub number: u32,
    /// The name in the processor's manual.
    pub name: Option<&'static str>,
    /// The size in bytes; 0 if the position of the group is unknown.
    pub size: u32,
    /// The group's bytes as the processor stored them; fewer than `size` if the record is truncated.
    pub bytes: &'a [u8],
}

debug_without_bytes!(XStateFeature { number, name, size; bytes });

/// The user-mode state of control-flow enforcement (CET).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CetUser {
    /// The settings in the model-specific register `IA32_U_CET`.
    pub msr: u64,
    /// The shadow stack pointer.
    pub ssp: u64,
}

impl<'a> Context<'a> {
    /// The extended registers of an x86 or AMD64 context; `None` if it has none.
    ///
    /// `config` is [`MiscInfo::xstate`](crate::read::system::MiscInfo::xstate) of the same dump. Without it, only AVX
    /// and the groups of a compacted area whose sizes are fixed by the processor's manual are available.
    ///
    /// The result is also `None` if the flags declare extended registers that the data after the fixed part does not
    /// locate; [`Context::tail`] returns these bytes.
    #[must_use]
    pub fn xstate(&self, config: Option<&XStateConfigFeature>) -> Option<XState<'a>> {
        let layout = self.layout().filter(|_| self.is_valid(RegisterGroup::XState))?;
        let fxsave = layout.fxsave?;
        let xmm = layout.registers().filter(|register| register.name.starts_with("xmm"));
        let xmm = (u32::try_from(xmm.clone().count()).ok()?, xmm.clone().next()?);
        let (start, declared_size) = self.chunk_place(layout)?;
        let chunk = self.as_bytes().get(usize::try_from(start).ok()?..)?;
        let chunk = usize::try_from(declared_size).ok().and_then(|size| chunk.get(..size)).unwrap_or(chunk);
        let header: XSaveHeader = Bytes::new(Source::NOTHING, ByteOrder::Little).read_from("", chunk, 0).ok()?;
        let XSaveHeader { mask: present, compaction_mask: compaction, .. } = header;
        let config = config.copied();
        Some(XState { context: *self, fxsave, xmm, declared_size, start, chunk, present, compaction, config })
    }

    /// The offset of the chunk in the record and its size, if the `CONTEXT_EX` is valid.
    fn chunk_place(&self, layout: &ContextLayout) -> Option<(u32, u32)> {
        let parts: ContextEx = Bytes::new(Source::NOTHING, self.byte_order()).read_from("", self.tail(), 0).ok()?;
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
    /// The remaining groups, one bit each.
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
    /// The groups that are present, one bit each. The other groups were in their initial state, which is all zeros, or
    /// were not requested: see [`Self::saved`].
    #[must_use]
    pub const fn features(&self) -> u64 {
        self.present
    }

    /// The groups that were requested, whether present or not; `None` if this is unknown.
    #[must_use]
    pub fn saved(&self) -> Option<u64> {
        if self.is_compacted() {
            Some(self.compaction & !XSTATE_COMPACTED)
        } else {
            self.config.map(|config| config.enabled_features)
        }
    }

    /// True if the groups are stored without space for those that were not requested.
    #[must_use]
    pub const fn is_compacted(&self) -> bool {
        self.compaction & XSTATE_COMPACTED != 0
    }

    /// The chunk as far as it is in the record: a header of 64 bytes, followed by the groups.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.chunk
    }

    /// The size of the chunk in bytes, according to the record.
    #[must_use]
    pub const fn declared_size(&self) -> u32 {
        self.declared_size
    }

    /// True if the record ends before the end of the chunk.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        (self.chunk.len() as u64) < self.declared_size as u64
    }

    /// The ranges after the fixed part that have a meaning: the `CONTEXT_EX`, the masks, and the groups that are
    /// present and have known positions. Most files still contain old values of groups that are not present.
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

    /// The groups that are present, in ascending order of number.
    #[must_use]
    pub const fn iter(&self) -> XStateFeatures<'_, 'a> {
        XStateFeatures { xstate: self, left: self.present }
    }

    /// The group with this number; `None` if it is not present.
    ///
    /// The first two groups, the x87 and SSE registers, are in the fixed part of the record, where they can be read
    /// even if they are not present according to these masks.
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

    /// The AVX register `ymm` with this number, least significant byte first: the XMM register and the upper half.
    ///
    /// The upper half is zero if the AVX registers were requested but not present. The result is `None` if they were
    /// not requested, if the record ends before the register, and for numbers from 16 (x86: 8) on.
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

    /// The available AVX registers with their numbers: see [`Self::ymm`].
    pub fn ymm_registers(&self) -> impl Iterator<Item = (u32, [u8; 32])> {
        (0..self.xmm.0).filter_map(|number| Some((number, self.ymm(number)?)))
    }

    /// The user-mode state of control-flow enforcement (CET); `None` if it is not present.
    #[must_use]
    pub fn cet_u(&self) -> Option<CetUser> {
        let bytes = self.feature(CET_U)?.bytes;
        let (msr, ssp) = integers(bytes.first_chunk()?, ByteOrder::Little);
        Some(CetUser { msr, ssp })
    }

    /// The offset of the XMM registers in the `FXSAVE` area.
    const fn xmm_offset(&self) -> u32 {
        self.xmm.1.offset - self.fxsave
    }

    /// The offset and the size of a group in the `XSAVE` area.
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

    /// The group follows all requested groups with lower numbers, whether present or not.
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

    /// The bytes at `offset` in the `XSAVE` area, up to `size` or the end of the data.
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

/// The description of a group according to the processor's manual.
fn known(number: u32) -> Option<&'static XStateFeatureInfo> {
    XSTATE_FEATURES.iter().find(|feature| feature.number == number)
}

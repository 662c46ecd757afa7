//! Miscellaneous information about the process.

use crate::error::ReadError;
use crate::format;
use crate::format::debug::debug_without_bytes;
use crate::format::system::{MiscInfoFlags, TimeZoneInformation, XStateConfigFeature};
use crate::format::{FieldOffset, StreamType};

use crate::read::bytes::{Bytes, Decode};
use crate::read::raw_stream::{FromStream, RawStream};
use crate::read::text::utf16::Utf16;

const WHAT: &str = "MINIDUMP_MISC_INFO";

// The offsets of the shorter forms and their parts in the longest form.
const FORM4: FieldOffset<format::system::MiscInfo5, format::system::MiscInfo4> =
    format::system::MiscInfo5::OFFSETS.misc_info4;
const ZONE: FieldOffset<format::system::MiscInfo5, TimeZoneInformation> =
    FORM4.then(format::system::MiscInfo4::OFFSETS.misc_info3).then(format::system::MiscInfo3::OFFSETS.time_zone);

/// The miscellaneous information stream, in any of its five forms.
///
/// A field is `None` if the stream has a form without it, or if its flag indicates that the producer did not fill it
/// in.
///
/// # Sizes
///
/// The `SizeOfInfo` field of the stream may be smaller than the size in the directory; data after it is ignored. Some
/// producers leave it 0 or wrong: it is ignored if it is less than the size of the first form (24) or larger than the
/// stream. The fields of a form are used only if the stream contains that form entirely.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut dump = userdump::MinidumpBuilder::new();
/// # let mut misc = userdump::format::system::MiscInfo5::default();
/// # misc.misc_info4.misc_info3.misc_info2.misc_info.flags1 = 1;
/// # misc.misc_info4.misc_info3.misc_info2.misc_info.process_id = 4711;
/// # dump.misc_info(misc);
/// # let mut file = Vec::new();
/// # dump.plan()?.write_to(&mut file)?;
/// use userdump::read::system::MiscInfo;
///
/// let dump = userdump::Minidump::parse(&file)?;
/// let info: MiscInfo = dump.stream()?.expect("the dump has the stream");
/// assert_eq!((info.version(), info.process_id()), (5, Some(4711)));
/// assert_eq!(info.process_create_time(), None); // its flag is not set
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct MiscInfo<'a> {
    source: Bytes<'a>,
    offset: u64,
    /// The bytes that are used, at least 24.
    bytes: &'a [u8],
}

debug_without_bytes!(MiscInfo { offset; bytes });

/// The speed and the idle states of the processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessorPower {
    /// The maximum speed in MHz.
    pub max_mhz: u32,
    /// The current speed in MHz.
    pub current_mhz: u32,
    /// The current limit of the speed in MHz.
    pub mhz_limit: u32,
    /// The deepest idle state.
    pub max_idle_state: u32,
    /// The current idle state.
    pub current_idle_state: u32,
}

impl<'a> MiscInfo<'a> {
    /// The sizes of the five forms in bytes.
    const SIZES: [usize; 5] = [
        format::system::MiscInfo::SIZE,
        format::system::MiscInfo2::SIZE,
        format::system::MiscInfo3::SIZE,
        format::system::MiscInfo4::SIZE,
        format::system::MiscInfo5::SIZE,
    ];

    /// The stream in its longest form. Fields that are absent or ignored are 0.
    #[must_use]
    pub fn raw(&self) -> format::system::MiscInfo5 {
        let mut padded = [0; format::system::MiscInfo5::SIZE];
        // The largest form that is entirely present; bytes after it are ignored.
        let size = Self::SIZES.into_iter().take_while(|&size| size <= self.bytes.len()).last().unwrap_or(0);
        for (to, from) in padded.iter_mut().zip(self.bytes).take(size) {
            *to = *from;
        }
        self.decode(&padded)
    }

    /// The version of the form of the stream, 1 to 5.
    #[must_use]
    pub fn version(&self) -> u8 {
        (1..)
            .zip(Self::SIZES)
            .take_while(|&(_, size)| size <= self.bytes.len())
            .last()
            .map_or(1, |(version, _)| version)
    }

    /// The fields that the producer filled in.
    #[must_use]
    pub fn flags(&self) -> MiscInfoFlags {
        MiscInfoFlags::from_bits_retain(self.first().flags1)
    }

    /// The process ID.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        let first = self.first();
        self.filled(1, MiscInfoFlags::PROCESS_ID).then_some(first.process_id)
    }

    /// The start time of the process, in seconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn process_create_time(&self) -> Option<u32> {
        let first = self.first();
        self.filled(1, MiscInfoFlags::PROCESS_TIMES).then_some(first.process_create_time)
    }

    /// The time that the process spent in user mode, in seconds.
    #[must_use]
    pub fn process_user_time(&self) -> Option<u32> {
        let first = self.first();
        self.filled(1, MiscInfoFlags::PROCESS_TIMES).then_some(first.process_user_time)
    }

    /// The time that the process spent in kernel mode, in seconds.
    #[must_use]
    pub fn process_kernel_time(&self) -> Option<u32> {
        let first = self.first();
        self.filled(1, MiscInfoFlags::PROCESS_TIMES).then_some(first.process_kernel_time)
    }

    /// The speed and the idle states of the processors.
    #[must_use]
    pub fn processor_power(&self) -> Option<ProcessorPower> {
        self.filled(2, MiscInfoFlags::PROCESSOR_POWER_INFO).then(|| {
            let raw: format::system::MiscInfo2 = self.decode(self.bytes);
            ProcessorPower {
                max_mhz: raw.processor_max_mhz,
                current_mhz: raw.processor_current_mhz,
                mhz_limit: raw.processor_mhz_limit,
                max_idle_state: raw.processor_max_idle_state,
                current_idle_state: raw.processor_current_idle_state,
            }
        })
    }

    /// The process's integrity level, such as `0x2000` for medium.
    #[must_use]
    pub fn process_integrity_level(&self) -> Option<u32> {
        self.third(MiscInfoFlags::PROCESS_INTEGRITY).map(|raw| raw.process_integrity_level)
    }

    /// The data execution prevention settings of the process.
    #[must_use]
    pub fn process_execute_flags(&self) -> Option<u32> {
        self.third(MiscInfoFlags::PROCESS_EXECUTE_FLAGS).map(|raw| raw.process_execute_flags)
    }

    /// Whether the process is protected; 0 if it is not.
    #[must_use]
    pub fn protected_process(&self) -> Option<u32> {
        self.third(MiscInfoFlags::PROTECTED_PROCESS).map(|raw| raw.protected_process)
    }

    /// Whether daylight saving time was in effect: 0 unknown, 1 standard time, 2 daylight saving time.
    #[must_use]
    pub fn time_zone_id(&self) -> Option<u32> {
        self.third(MiscInfoFlags::TIMEZONE).map(|raw| raw.time_zone_id)
    }

    /// The time zone of the machine.
    #[must_use]
    pub fn time_zone(&self) -> Option<TimeZoneInformation> {
        self.third(MiscInfoFlags::TIMEZONE).map(|raw| raw.time_zone)
    }

    /// The name of the time zone during standard time.
    #[must_use]
    pub fn standard_name(&self) -> Option<Utf16<'a>> {
        self.third(MiscInfoFlags::TIMEZONE).map(|_| self.text(ZONE.then(TimeZoneInformation::OFFSETS.standard_name)))
    }

    /// The name of the time zone during daylight saving time.
    #[must_use]
    pub fn daylight_name(&self) -> Option<Utf16<'a>> {
        self.third(MiscInfoFlags::TIMEZONE).map(|_| self.text(ZONE.then(TimeZoneInformation::OFFSETS.daylight_name)))
    }

    /// The build string of the system.
    #[must_use]
    pub fn build_string(&self) -> Option<Utf16<'a>> {
        self.filled(4, MiscInfoFlags::BUILD_STRING)
            .then(|| self.text(FORM4.then(format::system::MiscInfo4::OFFSETS.build_string)))
    }

    /// The program that wrote the dump, and its version.
    ///
    /// dbgeng was observed to write this text without setting its flag, so it is returned without the flag if it is not
    /// empty.
    #[must_use]
    pub fn debug_build_string(&self) -> Option<Utf16<'a>> {
        if self.version() < 4 {
            return None;
        }
        Some(self.text(FORM4.then(format::system::MiscInfo4::OFFSETS.dbg_bld_str)))
            .filter(|text| !text.is_empty() || self.flags().contains(MiscInfoFlags::BUILD_STRING))
    }

    /// The positions of the processor's extended registers in a context; `None` if the producer did not record them.
    #[must_use]
    pub fn xstate(&self) -> Option<XStateConfigFeature> {
        let raw = (self.version() >= 5).then(|| self.raw().xstate_data)?;
        // This field has no flag. Producers that do not fill it in write zeros.
        (raw.enabled_features != 0).then_some(raw)
    }

    /// The random number that the process uses to encode pointers.
    #[must_use]
    pub fn process_cookie(&self) -> Option<u32> {
        self.filled(5, MiscInfoFlags::PROCESS_COOKIE).then(|| self.raw().process_cookie)
    }

    fn filled(&self, version: u8, flag: MiscInfoFlags) -> bool {
        self.version() >= version && self.flags().contains(flag)
    }

    fn first(&self) -> format::system::MiscInfo {
        self.decode(self.bytes)
    }

    fn third(&self, flag: MiscInfoFlags) -> Option<format::system::MiscInfo3> {
        self.filled(3, flag).then(|| self.decode(self.bytes))
    }

    /// Decodes a form for which `bytes` is large enough.
    fn decode<T: Decode + Default>(&self, bytes: &[u8]) -> T {
        self.source.read_from(WHAT, bytes, self.offset).unwrap_or_default()
    }

    fn text<const N: usize>(&self, field: FieldOffset<format::system::MiscInfo5, [u16; N]>) -> Utf16<'a> {
        Utf16::of_field(self.bytes, field, self.source.order())
    }
}

impl<'a> FromStream<'a> for MiscInfo<'a> {
    const STREAM_TYPE: StreamType = StreamType::MISC_INFO;

    fn from_stream(stream: &RawStream<'a>) -> Result<Self, ReadError> {
        let first: format::system::MiscInfo = stream.read(WHAT, 0)?;
        let size_of_info = usize::try_from(first.size_of_info).unwrap_or(usize::MAX);
        let bytes = stream.bytes();
        let counted = if size_of_info < format::system::MiscInfo::SIZE { None } else { bytes.get(..size_of_info) };
        let (source, offset) = (*stream.dump().bytes(), stream.offset());
        Ok(Self { source, offset, bytes: counted.unwrap_or(bytes) })
    }
}

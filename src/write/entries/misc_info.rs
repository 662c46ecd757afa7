//! The MiscInfo stream.

use alloc::boxed::Box;
use core::fmt;

use crate::error::WriteError;
use crate::format::StreamType;
use crate::format::system::{self, MiscInfoFlags, TimeZoneInformation, XStateConfigFeature};

use crate::write::builder::MinidumpBuilder;
use crate::write::encode;
use crate::write::entries::content::{AddTo, units};

/// The MiscInfo stream, for [`MinidumpBuilder::add`].
///
/// It is written in the shortest of its five forms that has room for the fields that are set, and its flags say which
/// fields are valid.
///
/// # Examples
///
/// ```
/// use userdump::read::Minidump;
/// use userdump::read::system::MiscInfo;
/// use userdump::write;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut dump = write::MinidumpBuilder::new();
/// dump.add(write::MiscInfo::new().process_id(4242).process_times(1_700_000_000, 20, 3));
/// let mut file = Vec::new();
/// dump.plan()?.write_to(&mut file)?;
/// let read = Minidump::parse(&file)?.stream::<MiscInfo>()?.unwrap();
/// assert_eq!((read.version(), read.process_id(), read.process_user_time()), (1, Some(4242), Some(20)));
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct MiscInfo {
    first: system::MiscInfo,
    flags: u32,
    second: Option<system::MiscInfo2>,
    third: Option<Box<system::MiscInfo3>>,
    builds: Option<Box<([u16; 260], [u16; 40])>>,
    xstate: Option<Box<XStateConfigFeature>>,
    process_cookie: Option<u32>,
    fault: Option<WriteError>,
}

/// Prints only which fields are set.
impl fmt::Debug for MiscInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = MiscInfoFlags::from_bits_retain(self.flags);
        f.debug_struct("MiscInfo").field("flags", &flags).finish_non_exhaustive()
    }
}

impl MiscInfo {
    /// Creates a record in which no field is set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, flag: MiscInfoFlags) -> Self {
        self.flags |= flag.bits();
        self
    }

    /// Sets the process ID.
    #[must_use]
    pub fn process_id(mut self, process_id: u32) -> Self {
        self.first.process_id = process_id;
        self.with(MiscInfoFlags::PROCESS_ID)
    }

    /// Sets the start time of the process in seconds since 1970 UTC, and the time spent in user mode and in the kernel in
    /// seconds.
    #[must_use]
    pub fn process_times(mut self, create_time: u32, user_time: u32, kernel_time: u32) -> Self {
        self.first.process_create_time = create_time;
        self.first.process_user_time = user_time;
        self.first.process_kernel_time = kernel_time;
        self.with(MiscInfoFlags::PROCESS_TIMES)
    }

    /// Sets the processor speeds in MHz (maximum, current, limit) and the idle states (maximum, current).
    #[must_use]
    pub fn processor_power(mut self, mhz: [u32; 3], idle_states: [u32; 2]) -> Self {
        let ([max, current, limit], [max_idle, current_idle]) = (mhz, idle_states);
        self.second = Some(system::MiscInfo2 {
            misc_info: Default::default(),
            processor_max_mhz: max,
            processor_current_mhz: current,
            processor_mhz_limit: limit,
            processor_max_idle_state: max_idle,
            processor_current_idle_state: current_idle,
        });
        self.with(MiscInfoFlags::PROCESSOR_POWER_INFO)
    }

    /// Sets the integrity level, such as `0x2000` for medium.
    #[must_use]
    pub fn process_integrity_level(mut self, level: u32) -> Self {
        self.third.get_or_insert_default().process_integrity_level = level;
        self.with(MiscInfoFlags::PROCESS_INTEGRITY)
    }

    /// Sets the data execution flags of the process.
    #[must_use]
    pub fn process_execute_flags(mut self, flags: u32) -> Self {
        self.third.get_or_insert_default().process_execute_flags = flags;
        self.with(MiscInfoFlags::PROCESS_EXECUTE_FLAGS)
    }

    /// Sets whether the process is protected; 0 means it is not.
    #[must_use]
    pub fn protected_process(mut self, protected: u32) -> Self {
        self.third.get_or_insert_default().protected_process = protected;
        self.with(MiscInfoFlags::PROTECTED_PROCESS)
    }

    /// Sets the time zone and its current state: 0 unknown, 1 standard time, 2 daylight saving time.
    #[must_use]
    pub fn time_zone(mut self, id: u32, zone: TimeZoneInformation) -> Self {
        let third = self.third.get_or_insert_default();
        (third.time_zone_id, third.time_zone) = (id, zone);
        self.with(MiscInfoFlags::TIMEZONE)
    }

    /// Sets the build string of the system (at most 259 UTF-16 code units) and that of the program that writes the dump (at most
    /// 39).
    #[must_use]
    pub fn build_strings(mut self, build_string: &str, dbg_bld_str: &str) -> Self {
        let texts = units(build_string, "BuildString").and_then(|build| Ok((build, units(dbg_bld_str, "DbgBldStr")?)));
        match texts {
            Ok(texts) => self.builds = Some(Box::new(texts)),
            Err(fault) => self.fault = self.fault.or(Some(fault)),
        }
        self.with(MiscInfoFlags::BUILD_STRING)
    }

    /// Sets the layout of extended registers in contexts, as returned by
    /// [`ContextBuilder::xstate_config`](crate::write::ContextBuilder::xstate_config). There is no flag for this field.
    #[must_use]
    pub fn xstate(mut self, config: XStateConfigFeature) -> Self {
        self.xstate = Some(Box::new(config));
        self
    }

    /// Sets the process cookie, a random number with which the process encodes pointers.
    #[must_use]
    pub fn process_cookie(mut self, cookie: u32) -> Self {
        self.process_cookie = Some(cookie);
        self.with(MiscInfoFlags::PROCESS_COOKIE)
    }
}

impl<'a> AddTo<'a> for MiscInfo {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        if core::mem::replace(&mut dump.added.has_misc_info, true) {
            dump.added.invalid("MINIDUMP_MISC_INFO", "the dump has one already");
        }
        if let Some(fault) = self.fault {
            dump.added.fail(fault);
        }
        let size = match () {
            () if self.xstate.is_some() || self.process_cookie.is_some() => system::MiscInfo5::SIZE,
            () if self.builds.is_some() => system::MiscInfo4::SIZE,
            () if self.third.is_some() => system::MiscInfo3::SIZE,
            () if self.second.is_some() => system::MiscInfo2::SIZE,
            () => system::MiscInfo::SIZE,
        };
        let size_of_info = u32::try_from(size).unwrap_or_default();
        let misc_info = system::MiscInfo { size_of_info, flags1: self.flags, ..self.first };
        let misc_info2 = system::MiscInfo2 { misc_info, ..self.second.unwrap_or_default() };
        let misc_info3 = system::MiscInfo3 { misc_info2, ..self.third.map(|third| *third).unwrap_or_default() };
        let (build_string, dbg_bld_str) = self.builds.map_or(([0; 260], [0; 40]), |builds| *builds);
        let record = system::MiscInfo5 {
            misc_info4: system::MiscInfo4 { misc_info3, build_string, dbg_bld_str },
            xstate_data: self.xstate.map(|config| *config).unwrap_or_default(),
            process_cookie: self.process_cookie.unwrap_or_default(),
        };
        let mut bytes = encode::encoded(record);
        bytes.truncate(size);
        dump.stream(StreamType::MISC_INFO, bytes);
    }
}

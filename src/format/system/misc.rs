//! The MiscInfo stream: various information about the process, in five versions, each of which extends the one before.
//!
//! The version follows from the size of the stream; `flags1` says which fields are valid.

structure! {
    /// The first version of the MiscInfo stream.
    #[doc(alias = "MINIDUMP_MISC_INFO")]
    pub struct MiscInfo {
        /// Size of the stream in bytes; fields beyond it are absent.
        pub size_of_info: u32,
        /// The valid fields, as [`MiscInfoFlags`](crate::format::system::MiscInfoFlags).
        pub flags1: u32,
        /// Process ID.
        pub process_id: u32,
        /// Time at which the process was created, in seconds since 1970 (UTC).
        pub process_create_time: u32,
        /// CPU time in user mode, in seconds.
        pub process_user_time: u32,
        /// CPU time in kernel mode, in seconds.
        pub process_kernel_time: u32,
    }
}

structure! {
    /// The second version of the MiscInfo stream, with the power states of the processors.
    #[doc(alias = "MINIDUMP_MISC_INFO_2")]
    pub struct MiscInfo2 {
        /// The fields of the first version.
        pub misc_info: MiscInfo,
        /// Maximum processor speed in MHz.
        pub processor_max_mhz: u32,
        /// Current processor speed in MHz.
        pub processor_current_mhz: u32,
        /// Current limit of the processor speed in MHz.
        pub processor_mhz_limit: u32,
        /// Maximum idle state.
        pub processor_max_idle_state: u32,
        /// Current idle state.
        pub processor_current_idle_state: u32,
    }
}

structure! {
    /// The third version of the MiscInfo stream, with the integrity level of the process and the time zone.
    #[doc(alias = "MINIDUMP_MISC_INFO_3")]
    pub struct MiscInfo3 {
        /// The fields of the second version.
        pub misc_info2: MiscInfo2,
        /// Integrity level, for example `0x2000` for medium.
        pub process_integrity_level: u32,
        /// Execute flags: how Windows treats the execution of data in the process.
        pub process_execute_flags: u32,
        /// Not 0 if the process is protected.
        pub protected_process: u32,
        /// Time in effect: 0 unknown, 1 standard time, 2 daylight saving time.
        pub time_zone_id: u32,
        /// Time zone of the system.
        pub time_zone: TimeZoneInformation,
    }
}

structure! {
    /// The fourth version of the MiscInfo stream, with the build strings of the operating system and of the producer.
    #[doc(alias = "MINIDUMP_MISC_INFO_4")]
    pub struct MiscInfo4 {
        /// The fields of the third version.
        pub misc_info3: MiscInfo3,
        /// Build string of the operating system, NUL-terminated UTF-16.
        pub build_string: [u16; 260],
        /// Build string of the producer, NUL-terminated UTF-16, for example `dbgeng.amd64,10.0.15063.400`.
        pub dbg_bld_str: [u16; 40],
    }
}

structure! {
    /// The fifth version of the MiscInfo stream, with the layout of extended registers.
    ///
    /// Compilers that align 64-bit fields to 8 bytes make it 1368 bytes long, so larger streams are valid.
    #[doc(alias = "MINIDUMP_MISC_INFO_5")]
    pub struct MiscInfo5 {
        /// The fields of the fourth version.
        pub misc_info4: MiscInfo4,
        /// Positions of extended registers in a context; all zero if contexts have none.
        pub xstate_data: XStateConfigFeature,
        /// Random number with which the process encodes pointers.
        pub process_cookie: u32,
    }
}

structure! {
    /// A time zone and its changes between standard time and daylight saving time.
    ///
    /// Names are UTF-16, and end in a NUL unless they fill the field. A date whose month is 0 means that there is no
    /// change. A date whose year is 0 means the n-th weekday of the month, where n is in the field `day`.
    #[doc(alias = "TIME_ZONE_INFORMATION")]
    pub struct TimeZoneInformation {
        /// UTC minus local time, in minutes.
        pub bias: i32,
        /// Name in standard time.
        pub standard_name: [u16; 32],
        /// Start of standard time.
        pub standard_date: SystemTime,
        /// Value added to `bias` in standard time, in minutes; usually 0.
        pub standard_bias: i32,
        /// Name in daylight saving time.
        pub daylight_name: [u16; 32],
        /// Start of daylight saving time.
        pub daylight_date: SystemTime,
        /// Value added to `bias` in daylight saving time, in minutes; usually -60.
        pub daylight_bias: i32,
    }
}

structure! {
    /// A date and time of day.
    #[doc(alias = "SYSTEMTIME")]
    pub struct SystemTime {
        /// Year; 0 in a date that applies to every year.
        pub year: u16,
        /// Month, 1 to 12; 0 if there is no date.
        pub month: u16,
        /// Day of the week; 0 is Sunday.
        pub day_of_week: u16,
        /// Day of the month, or the number of the weekday within the month, where 5 is the last.
        pub day: u16,
        /// Hour, 0 to 23.
        pub hour: u16,
        /// Minute, 0 to 59.
        pub minute: u16,
        /// Second, 0 to 59.
        pub second: u16,
        /// Millisecond, 0 to 999.
        pub milliseconds: u16,
    }
}

structure! {
    /// The positions of extended registers in a context.
    #[doc(alias = "XSTATE_CONFIG_FEATURE_MSC_INFO")]
    pub struct XStateConfigFeature {
        /// Size of this structure in bytes; 0 if it is not filled in.
        pub size_of_info: u32,
        /// Size of a context with extended registers in bytes.
        pub context_size: u32,
        /// Register groups that may be present, one bit each, as in the processor's `XCR0`.
        pub enabled_features: u64,
        /// The register groups, indexed by number.
        pub features: [XStateFeature; 64],
    }
}

impl XStateConfigFeature {
    /// Returns the offset and size of a register group in bytes; `None` for numbers from 64 on.
    ///
    /// It does not check whether the group is enabled.
    #[must_use]
    pub fn feature(&self, number: usize) -> Option<(u32, u32)> {
        self.features.get(number).map(|feature| (feature.offset, feature.size))
    }
}

structure! {
    /// The position of a group of extended registers.
    #[doc(alias = "XSTATE_FEATURE")]
    pub struct XStateFeature {
        /// Offset in bytes from the start of an uncompacted `XSAVE` area. A context does not contain its first 512
        /// bytes.
        pub offset: u32,
        /// Size in bytes; 0 if the group does not exist.
        pub size: u32,
    }
}

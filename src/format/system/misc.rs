//! Facts about the process that have no stream of their own: five structures, each an extension of the one before.
//!
//! The size of the stream tells which one it is, `flags1` which of the fields count.

structure! {
    /// The MiscInfo stream in its first form.
    #[doc(alias = "MINIDUMP_MISC_INFO")]
    pub struct MiscInfo {
        /// Size of the stream in bytes; fields beyond it are absent.
        pub size_of_info: u32,
        /// Which fields are valid, as [`MiscInfoFlags`](crate::format::system::MiscInfoFlags).
        pub flags1: u32,
        /// Id of the process.
        pub process_id: u32,
        /// When the process began, in seconds since the start of 1970, UTC.
        pub process_create_time: u32,
        /// Time spent in user mode, in seconds.
        pub process_user_time: u32,
        /// Time spent in the kernel, in seconds.
        pub process_kernel_time: u32,
    }
}

structure! {
    /// The MiscInfo stream in its second form, with the power states of the processors.
    #[doc(alias = "MINIDUMP_MISC_INFO_2")]
    pub struct MiscInfo2 {
        /// What the first form holds.
        pub misc_info: MiscInfo,
        /// Greatest speed in MHz.
        pub processor_max_mhz: u32,
        /// Speed in MHz.
        pub processor_current_mhz: u32,
        /// Speed that must not be exceeded at the time, in MHz.
        pub processor_mhz_limit: u32,
        /// Deepest idle state.
        pub processor_max_idle_state: u32,
        /// Idle state.
        pub processor_current_idle_state: u32,
    }
}

structure! {
    /// The MiscInfo stream in its third form, with the rights of the process and the time zone.
    #[doc(alias = "MINIDUMP_MISC_INFO_3")]
    pub struct MiscInfo3 {
        /// What the second form holds.
        pub misc_info2: MiscInfo2,
        /// Integrity level, such as `0x2000` for medium.
        pub process_integrity_level: u32,
        /// How the system treats the execution of data in this process.
        pub process_execute_flags: u32,
        /// Whether the process is protected; 0 if not.
        pub protected_process: u32,
        /// Half of the year: 0 unknown, 1 standard time, 2 daylight saving time.
        pub time_zone_id: u32,
        /// Time zone of the machine.
        pub time_zone: TimeZoneInformation,
    }
}

structure! {
    /// The MiscInfo stream in its fourth form, with the builds of the system and of the producer.
    #[doc(alias = "MINIDUMP_MISC_INFO_4")]
    pub struct MiscInfo4 {
        /// What the third form holds.
        pub misc_info3: MiscInfo3,
        /// Build of the system in UTF-16, ended by a NUL.
        pub build_string: [u16; 260],
        /// Producer in UTF-16, ended by a NUL; observed as `dbgeng.amd64,10.0.15063.400`.
        pub dbg_bld_str: [u16; 40],
    }
}

structure! {
    /// The MiscInfo stream in its fifth form, with the layout of extended registers.
    ///
    /// A compiler that aligns 64-bit fields to 8 bytes makes 1368 bytes of it: larger streams are sound.
    #[doc(alias = "MINIDUMP_MISC_INFO_5")]
    pub struct MiscInfo5 {
        /// What the fourth form holds.
        pub misc_info4: MiscInfo4,
        /// Where extended registers are in a context; all zero if contexts have none.
        pub xstate_data: XStateConfigFeature,
        /// Random number with which the process encodes pointers.
        pub process_cookie: u32,
    }
}

structure! {
    /// A time zone with its changes of clock.
    ///
    /// Names are in UTF-16, ended by a NUL unless they fill the field. A date with a month of 0 means that the clock is
    /// never changed; one with a year of 0 means the n-th weekday of the month, n being in the field of the day.
    #[doc(alias = "TIME_ZONE_INFORMATION")]
    pub struct TimeZoneInformation {
        /// What is to be added to local time to get UTC, in minutes.
        pub bias: i32,
        /// Name in standard time.
        pub standard_name: [u16; 32],
        /// When standard time begins.
        pub standard_date: SystemTime,
        /// What is to be added to `bias` in standard time, in minutes, as a rule 0.
        pub standard_bias: i32,
        /// Name in daylight saving time.
        pub daylight_name: [u16; 32],
        /// When daylight saving time begins.
        pub daylight_date: SystemTime,
        /// What is to be added to `bias` in daylight saving time, in minutes, as a rule -60.
        pub daylight_bias: i32,
    }
}

structure! {
    /// Date and time of day.
    #[doc(alias = "SYSTEMTIME")]
    pub struct SystemTime {
        /// Year; 0 in a rule that applies to every year.
        pub year: u16,
        /// Month, 1 to 12; 0 if there is no date.
        pub month: u16,
        /// Day of the week, 0 for Sunday.
        pub day_of_week: u16,
        /// Day of the month, or which of the weekdays of the month, with 5 for the last.
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
    /// Where the processor's extended registers are in a context that has them.
    #[doc(alias = "XSTATE_CONFIG_FEATURE_MSC_INFO")]
    pub struct XStateConfigFeature {
        /// Size of this structure in bytes; 0 if it is not filled in.
        pub size_of_info: u32,
        /// Size of a context with extended registers, in bytes.
        pub context_size: u32,
        /// Groups of registers that may be present, one bit each, as in the processor's `XCR0`.
        pub enabled_features: u64,
        /// The groups, by number.
        pub features: [XStateFeature; 64],
    }
}

impl XStateConfigFeature {
    /// Offset and size in bytes of a group of registers, `None` from number 64 on.
    ///
    /// Whether the group is enabled plays no part.
    #[must_use]
    pub fn feature(&self, number: usize) -> Option<(u32, u32)> {
        self.features.get(number).map(|feature| (feature.offset, feature.size))
    }
}

structure! {
    /// Place of one group of extended registers.
    #[doc(alias = "XSTATE_FEATURE")]
    pub struct XStateFeature {
        /// Bytes from the start of a full area of the `XSAVE` instruction, of which a context lacks the first 512.
        pub offset: u32,
        /// Size in bytes; 0 for a group that does not exist.
        pub size: u32,
    }
}

//! The properties of a stream type.

use crate::format::flags::MinidumpType;

/// The properties of a stream type, and how the crate treats streams of that type.
///
/// Each named type has its own row. Other types have the row of their range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StreamRow {
    /// How a re-encoding treats the stream.
    pub handling: Handling,
    /// Whether the stream contains file offsets.
    pub relocation: Relocation,
    /// How many streams of the type a dump may have.
    pub repeats: Repeats,
    /// The flag without which a re-encoding omits the stream; empty for streams that are always included.
    pub required_flags: MinidumpType,
    /// True if the stream has only data that a stack trace needs, or counters. The option `r` keeps such streams.
    ///
    /// All other streams may contain user input: comments, command lines, environment variables, annotations, and the
    /// unknown contents of undocumented streams.
    pub kept_by_r: bool,
    /// True if the stream contains the paths of modules or mapped files. The option `R` collects directories from it
    /// and leaves only the base names. All other text is searched for these directories.
    pub names_files: bool,
    /// Whether a full user dump can store the data of the stream.
    pub in_user_dump: UserDumpPlace,
    /// Position in the directory and in the file, in the order of the debugger engine. Streams without a rank follow in
    /// the order in which they were added.
    pub rank: Option<u8>,
    /// True for streams that are not defined by Microsoft. They are carried as bytes even if their view cannot be
    /// parsed.
    pub is_foreign: bool,
}

/// How a re-encoding treats a stream.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handling {
    /// The stream is decoded and encoded again.
    Rewritten,
    /// The stream is copied as bytes. Its known file offsets are adjusted.
    Carried,
}

/// What is known of the file offsets in a type of stream.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relocation {
    /// The stream contains no file offsets, so its bytes may be moved.
    None,
    /// The stream contains file offsets, all of which [`read::references::parts`](crate::read::references::parts)
    /// finds.
    Known,
    /// The stream contains file offsets, which its view in this crate handles.
    Viewed,
    /// It is not known whether the stream contains file offsets. Its bytes may be copied, but the copy should be
    /// reported as not examined.
    Unexamined,
    /// The stream contains file offsets, some of which are not documented, so it must not be moved.
    Unmovable,
}

/// How many streams of a type a dump may have.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeats {
    /// One. If there are more, the first is used, as in the debugger, and a re-encoding omits the others.
    Once,
    /// One in every known dump. Others are reported as findings, but a re-encoding carries them.
    Unusual,
    /// Any number.
    Allowed,
}

/// Whether a full user dump can store the data of a stream.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserDumpPlace {
    /// It cannot.
    None,
    /// It has a place for all or part of the data.
    Own,
    /// The stream describes memory regions, and is used if there is no MemoryInfoList.
    Regions,
}

impl StreamRow {
    /// Decoded and encoded again; contains no file offsets and occurs once.
    pub(crate) const REWRITTEN: Self = Self { handling: Handling::Rewritten, repeats: Repeats::Once, ..Self::COPIED };
    /// Copied as bytes that may be moved.
    pub(crate) const COPIED: Self = Self {
        handling: Handling::Carried,
        relocation: Relocation::None,
        repeats: Repeats::Unusual,
        required_flags: MinidumpType::empty(),
        kept_by_r: false,
        names_files: false,
        in_user_dump: UserDumpPlace::None,
        rank: None,
        is_foreign: false,
    };
    /// Copied as bytes together with everything that it refers to.
    pub(crate) const RELOCATED: Self = Self { relocation: Relocation::Known, ..Self::COPIED };
    /// Copied as bytes that may contain unknown file offsets.
    pub(crate) const UNEXAMINED: Self = Self { relocation: Relocation::Unexamined, ..Self::COPIED };
    /// Copied as bytes that contain undocumented file offsets.
    pub(crate) const UNMOVABLE: Self = Self { relocation: Relocation::Unmovable, ..Self::COPIED };

    /// Marks the records of the stream as containing file offsets.
    pub(crate) const fn with_positions(self) -> Self {
        Self { relocation: Relocation::Viewed, ..self }
    }

    pub(crate) const fn once(self) -> Self {
        Self { repeats: Repeats::Once, ..self }
    }

    pub(crate) const fn any_number(self) -> Self {
        Self { repeats: Repeats::Allowed, ..self }
    }

    pub(crate) const fn required_flags(self, flag: MinidumpType) -> Self {
        Self { required_flags: flag, ..self }
    }

    pub(crate) const fn kept_by_r(self) -> Self {
        Self { kept_by_r: true, ..self }
    }

    pub(crate) const fn names_files(self) -> Self {
        Self { names_files: true, ..self }
    }

    pub(crate) const fn in_user_dump(self) -> Self {
        Self { in_user_dump: UserDumpPlace::Own, ..self }
    }

    pub(crate) const fn as_regions(self) -> Self {
        Self { in_user_dump: UserDumpPlace::Regions, ..self }
    }

    pub(crate) const fn rank(self, rank: u8) -> Self {
        Self { rank: Some(rank), ..self }
    }

    pub(crate) const fn foreign(self) -> Self {
        Self { is_foreign: true, ..self }
    }
}

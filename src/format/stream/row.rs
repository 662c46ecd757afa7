//! What is known of a type of stream.

use crate::format::flags::MinidumpType;

/// What is known of a type of stream, and what the crate does with it.
///
/// Each type with a name has a row of its own; the others have that of the range that their number is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StreamRow {
    /// What becomes of it where a dump is re-encoded.
    pub handling: Handling,
    /// Whether it holds positions in the file.
    pub relocation: Relocation,
    /// How often a dump has it.
    pub repeats: Repeats,
    /// The flag without which a re-encoding leaves it out; none for streams that always come along.
    pub asked_by: MinidumpType,
    /// True if it holds only what a stack trace needs, or figures, so that the option `r` lets it through.
    ///
    /// All others may hold what a user typed: comments, command lines, environment variables, annotations, and whatever is
    /// in a stream that nobody has described.
    pub kept_by_r: bool,
    /// True if it names modules or mapped files, mostly with their folders: the option `R` learns folders from it, and
    /// leaves base names. All other text is searched for those folders.
    pub names_files: bool,
    /// Whether a full user dump has a place for what it says.
    pub in_user_dump: UserDumpPlace,
    /// Its place in the directory and in the file, in the order of the debugger engine. Streams without one follow in the
    /// order in which they were added.
    pub rank: Option<u8>,
    /// True for streams that Microsoft does not know. They are carried as bytes even where their view cannot be read.
    pub is_foreign: bool,
}

/// What becomes of a stream where a dump is re-encoded.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handling {
    /// It is decoded and written anew.
    Rewritten,
    /// It is carried as bytes, the positions in it moved where they are known.
    Carried,
}

/// What is known of the file positions inside a type of stream.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relocation {
    /// It holds none: the bytes may be anywhere.
    None,
    /// It holds some, and [`read::references::parts`](crate::read::references::parts) finds them all.
    Known,
    /// It holds some, and they are the business of the view that this crate has for it.
    Viewed,
    /// Nobody knows: the bytes may be copied, but whoever copies them should say that they were not examined.
    Unexamined,
    /// It holds positions of which not all are documented, so that it must not be anywhere else.
    Unmovable,
}

/// How often a dump has a stream of a type.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeats {
    /// Once. The first counts, as for the debugger, and a re-encoding leaves out the others.
    Once,
    /// Once in every known dump. Another one is a finding, and a re-encoding carries it all the same.
    Unusual,
    /// As often as the producer likes.
    Allowed,
}

/// Whether a full user dump has a place for what a stream says.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserDumpPlace {
    /// It has none.
    None,
    /// It has one for some or all of it.
    Own,
    /// It describes the regions where no MemoryInfoList does.
    Regions,
}

impl StreamRow {
    /// Decoded and written anew; no positions inside, once in a dump.
    pub(crate) const REWRITTEN: Self = Self { handling: Handling::Rewritten, repeats: Repeats::Once, ..Self::COPIED };
    /// Carried as bytes that may be anywhere.
    pub(crate) const COPIED: Self = Self {
        handling: Handling::Carried,
        relocation: Relocation::None,
        repeats: Repeats::Unusual,
        asked_by: MinidumpType::empty(),
        kept_by_r: false,
        names_files: false,
        in_user_dump: UserDumpPlace::None,
        rank: None,
        is_foreign: false,
    };
    /// Carried with all that it refers to.
    pub(crate) const RELOCATED: Self = Self { relocation: Relocation::Known, ..Self::COPIED };
    /// Carried as bytes of which nobody knows whether they refer to anything.
    pub(crate) const UNEXAMINED: Self = Self { relocation: Relocation::Unexamined, ..Self::COPIED };
    /// Carried as bytes that are known to refer to something.
    pub(crate) const UNMOVABLE: Self = Self { relocation: Relocation::Unmovable, ..Self::COPIED };

    /// Its records hold positions.
    pub(crate) const fn with_positions(self) -> Self {
        Self { relocation: Relocation::Viewed, ..self }
    }

    pub(crate) const fn once(self) -> Self {
        Self { repeats: Repeats::Once, ..self }
    }

    pub(crate) const fn any_number(self) -> Self {
        Self { repeats: Repeats::Allowed, ..self }
    }

    pub(crate) const fn asked_by(self, flag: MinidumpType) -> Self {
        Self { asked_by: flag, ..self }
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

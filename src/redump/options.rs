//! The debugger's own words for what a minidump shall hold.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::error::RedumpError;
use crate::format::MinidumpType;
use crate::format::debug::Size;

/// One option letter.
struct Letter {
    letter: char,
    bits: MinidumpType,
}

/// What `a` stands for: every stream and all memory.
const ALL: MinidumpType = MinidumpType::WITH_FULL_MEMORY
    .union(MinidumpType::WITH_FULL_MEMORY_INFO)
    .union(MinidumpType::WITH_HANDLE_DATA)
    .union(MinidumpType::WITH_THREAD_INFO)
    .union(MinidumpType::WITH_UNLOADED_MODULES);

const fn letter(letter: char, bits: MinidumpType) -> Letter {
    Letter { letter, bits }
}

/// Every letter that the debugger documents, those that stand for others first.
const LETTERS: [Letter; 15] = [
    letter('A', ALL.union(MinidumpType::IGNORE_INACCESSIBLE_MEMORY)),
    letter('a', ALL),
    letter('f', MinidumpType::WITH_FULL_MEMORY),
    letter('F', MinidumpType::WITH_FULL_MEMORY_INFO),
    letter('h', MinidumpType::WITH_HANDLE_DATA),
    letter('u', MinidumpType::WITH_UNLOADED_MODULES),
    letter('t', MinidumpType::WITH_THREAD_INFO),
    letter('i', MinidumpType::WITH_INDIRECTLY_REFERENCED_MEMORY),
    letter('p', MinidumpType::WITH_PROCESS_THREAD_DATA),
    letter('w', MinidumpType::WITH_PRIVATE_READ_WRITE_MEMORY),
    letter('d', MinidumpType::WITH_DATA_SEGS),
    letter('c', MinidumpType::WITH_CODE_SEGS),
    letter('r', MinidumpType::FILTER_MEMORY),
    letter('R', MinidumpType::FILTER_MODULE_PATHS),
    letter('y', MinidumpType::WITH_AVX_X_STATE_CONTEXT),
];

/// What a re-encoded dump shall hold.
///
/// Options are parsed from the debugger's words: `/m`, `/ma`, `-mfFhut`, `m`. Letters are case-sensitive, come in any
/// order, and each only adds something. Several words, parted by blanks, give the union.
/// `/f` stands alone: it asks for a full user dump, which has all memory and leaves no choice.
///
/// # Examples
///
/// ```
/// use userdump::redump::Options;
///
/// let options: Options = "/mtF".parse().unwrap();
/// assert_eq!(options.to_string(), "/mFt");
/// assert_eq!(options.minidump_type().bits(), 0x41800);
/// assert_eq!("-mfFhut".parse::<Options>().unwrap().to_string(), "/ma");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Options {
    bits: MinidumpType,
    /// True for `/f`, which no bits go with.
    full_user_dump: bool,
    forced: bool,
    compressed: bool,
    comment: Option<String>,
}

/// Prints the letters, and of a comment the size.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comment = self.comment.as_ref().map(|comment| Size(comment.len()));
        let mut options = f.debug_struct("Options");
        options
            .field("letters", &format_args!("{self}"))
            .field("compressed", &self.compressed)
            .field("comment", &comment);
        options.finish()
    }
}

impl Options {
    /// `/m` alone: stacks, instruction windows and the base set of streams.
    pub fn new() -> Self {
        Self::default()
    }

    /// `/f`: a full user dump, the older format, in place of a minidump.
    pub fn full_user_dump() -> Self {
        Self { full_user_dump: true, ..Self::default() }
    }

    /// True for `/f`.
    pub const fn is_full_user_dump(&self) -> bool {
        self.full_user_dump
    }

    /// Writes a full user dump even if every debugger would refuse it, where it is [`RedumpError::Refused`] otherwise. To
    /// minidumps this makes no difference.
    #[must_use]
    pub fn forced(self) -> Self {
        Self { forced: true, ..self }
    }

    /// True after [`Options::forced`].
    pub const fn is_forced(&self) -> bool {
        self.forced
    }

    /// Compresses the selected memory, whatever the letters are: it is in a CompressedMemory stream in place of a list. There
    /// are debuggers that open such a dump since 2026 (10.0.29507).
    ///
    /// The flags say so ([`MinidumpType::WITH_MEMORY_COMPRESSED`], and not [`MinidumpType::WITH_FULL_MEMORY`]), and stacks have
    /// no position in the file. Where nothing is selected, there is nothing to compress and the dump is one without
    /// compression: [`Report::compressed`](crate::redump::Report::compressed). A full user dump has no place for it, and is
    /// refused.
    #[must_use]
    pub fn compressed(self) -> Self {
        Self { compressed: true, ..self }
    }

    /// True after [`Options::compressed`].
    pub const fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Adds a comment to the dump, as `/c` does.
    #[must_use]
    pub fn with_comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// The comment to be added.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// The flags that the header of the dump will have; none for a full user dump, whose header has no place for them.
    ///
    /// The debugger sets the bit for token information with every option. Those of compressed memory are only in a dump that
    /// has memory.
    pub fn minidump_type(&self) -> MinidumpType {
        match self.compressed && !self.full_user_dump {
            true => (self.asked() - MinidumpType::WITH_FULL_MEMORY) | MinidumpType::WITH_MEMORY_COMPRESSED,
            false => self.asked(),
        }
    }

    /// The flags without compression.
    pub(super) fn asked(&self) -> MinidumpType {
        if self.full_user_dump {
            return MinidumpType::empty();
        }
        let overruled = if self.filter_is_overruled() { MinidumpType::FILTER_MEMORY } else { MinidumpType::empty() };
        (self.bits - overruled) | MinidumpType::WITH_TOKEN_INFORMATION
    }

    /// True if `r` is among the letters and has no effect: full memory wins over it, as in the debugger.
    pub fn filter_is_overruled(&self) -> bool {
        self.bits.contains(MinidumpType::FILTER_MEMORY.union(MinidumpType::WITH_FULL_MEMORY))
    }

    /// The options that give a dump these flags in its header.
    ///
    /// # Errors
    ///
    /// [`RedumpError::UnsupportedFlags`] if there are bits that no letter stands for. Token information may be set or
    /// not, as the debugger always sets it.
    pub fn from_minidump_type(flags: MinidumpType) -> Result<Self, RedumpError> {
        const BOTH: MinidumpType = MinidumpType::WITH_MEMORY_COMPRESSED.union(MinidumpType::WITH_FULL_MEMORY);
        let mut bits = flags - MinidumpType::WITH_TOKEN_INFORMATION;
        // No dump has both.
        let compressed = (bits & BOTH) == MinidumpType::WITH_MEMORY_COMPRESSED;
        if compressed {
            bits -= MinidumpType::WITH_MEMORY_COMPRESSED;
        }
        let options = Self { bits, compressed, ..Self::default() };
        let rest = options.without_letter();
        // Of compressed memory the flags do not say whether it was all.
        let full = Self { bits: bits | MinidumpType::WITH_FULL_MEMORY, ..options.clone() };
        match rest {
            0 => Ok(options),
            _ if compressed && full.without_letter() == 0 => Ok(full),
            bits => Err(RedumpError::UnsupportedFlags { bits }),
        }
    }

    /// The bits that no letter stands for.
    fn without_letter(&self) -> u64 {
        let covered = self.letters().fold(MinidumpType::empty(), |covered, letter| covered | letter.bits);
        self.bits.bits() & !covered.bits()
    }

    /// True if all of these bits of `MINIDUMP_TYPE` are asked for. A full user dump has all the memory that there is.
    pub(super) fn contain(&self, bits: MinidumpType) -> bool {
        const OF_USER_DUMP: MinidumpType =
            MinidumpType::WITH_FULL_MEMORY.union(MinidumpType::IGNORE_INACCESSIBLE_MEMORY);
        if self.full_user_dump { OF_USER_DUMP } else { self.asked() }.contains(bits)
    }

    /// The letter that stands for just these bits.
    pub(super) fn letter_for(bits: MinidumpType) -> Option<char> {
        let letter = LETTERS.iter().find(|letter| letter.bits == bits);
        letter.map(|letter| letter.letter)
    }

    /// The fewest letters that say the same.
    fn letters(&self) -> impl Iterator<Item = &'static Letter> + '_ {
        let mut said = MinidumpType::empty();
        LETTERS.iter().filter(move |letter| {
            let says_more = self.bits.contains(letter.bits) && !said.contains(letter.bits);
            if says_more {
                said |= letter.bits;
            }
            says_more
        })
    }
}

impl FromStr for Options {
    type Err = RedumpError;

    fn from_str(words: &str) -> Result<Self, RedumpError> {
        let no_option = |word: &str| RedumpError::OptionWord { word: word.into() };
        let bare = words.trim();
        if bare.strip_prefix(['/', '-']).unwrap_or(bare) == "f" {
            return Ok(Self::full_user_dump());
        }
        let mut bits = None;
        for word in words.split_whitespace() {
            let bare = word.strip_prefix(['/', '-']).unwrap_or(word);
            let letters = bare.strip_prefix('m').ok_or_else(|| no_option(word))?;
            let bits = bits.get_or_insert(MinidumpType::empty());
            for letter in letters.chars() {
                let known = LETTERS.iter().find(|known| known.letter == letter);
                *bits |= known.ok_or(RedumpError::UnknownLetter { letter })?.bits;
            }
        }
        bits.map(|bits| Self { bits, ..Self::default() }).ok_or_else(|| no_option(words))
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.full_user_dump {
            return f.write_str("/f");
        }
        f.write_str("/m")?;
        self.letters().try_for_each(|letter| write!(f, "{}", letter.letter))
    }
}

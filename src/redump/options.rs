//! The debugger's options for what a minidump contains.

mod as_is;

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::error::RedumpError;
use crate::format::MinidumpType;
use crate::format::debug::Size;
use crate::redump::as_is::AsIs;
use crate::redump::engine::Engine;
use crate::redump::named_exception::NamedException;
use crate::redump::presets::Presets;

/// One option letter.
struct Letter {
    letter: char,
    /// The flags that the letter sets in the engine of 2017; `None` if that engine does not know it.
    v2017: Option<MinidumpType>,
    /// The flags that the letter sets in the engine of 2026.
    v2026: MinidumpType,
}

impl Letter {
    const fn bits(&self, engine: Engine) -> Option<MinidumpType> {
        match engine {
            Engine::V2017 => self.v2017,
            Engine::V2026 => Some(self.v2026),
        }
    }
}

/// The flags of `a`: every stream and all memory.
const ALL: MinidumpType = MinidumpType::WITH_FULL_MEMORY
    .union(MinidumpType::WITH_FULL_MEMORY_INFO)
    .union(MinidumpType::WITH_HANDLE_DATA)
    .union(MinidumpType::WITH_THREAD_INFO)
    .union(MinidumpType::WITH_UNLOADED_MODULES);
const GO_ON: MinidumpType = MinidumpType::IGNORE_INACCESSIBLE_MEMORY;
/// The flags of `a` in 2026: also extended contexts and the trace, and missing memory is ignored.
const ALL_OF_2026: MinidumpType =
    ALL.union(GO_ON).union(MinidumpType::WITH_AVX_X_STATE_CONTEXT).union(MinidumpType::WITH_IPT_TRACE);

/// The flags of `s`: a triage dump without folders.
const TRIAGE: MinidumpType = MinidumpType::FILTER_TRIAGE.union(MinidumpType::FILTER_MODULE_PATHS);

/// The flags that keep out all memory that no letter asks for.
const FILTERS: MinidumpType = MinidumpType::FILTER_MEMORY.union(MinidumpType::FILTER_TRIAGE);

/// A letter that means the same to both engines.
const fn letter(letter: char, bits: MinidumpType) -> Letter {
    Letter { letter, v2017: Some(bits), v2026: bits }
}

const fn changed(letter: char, v2017: MinidumpType, v2026: MinidumpType) -> Letter {
    Letter { letter, v2017: Some(v2017), v2026 }
}

const fn new(letter: char, v2026: MinidumpType) -> Letter {
    Letter { letter, v2017: None, v2026 }
}

/// Every letter that both the debugger and we accept; those that combine others come first.
const LETTERS: [Letter; 22] = [
    changed('A', ALL.union(GO_ON), ALL_OF_2026),
    changed('a', ALL, ALL_OF_2026),
    changed('f', MinidumpType::WITH_FULL_MEMORY, MinidumpType::WITH_FULL_MEMORY.union(GO_ON)),
    letter('F', MinidumpType::WITH_FULL_MEMORY_INFO),
    letter('h', MinidumpType::WITH_HANDLE_DATA),
    letter('u', MinidumpType::WITH_UNLOADED_MODULES),
    letter('t', MinidumpType::WITH_THREAD_INFO),
    letter('i', MinidumpType::WITH_INDIRECTLY_REFERENCED_MEMORY),
    letter('p', MinidumpType::WITH_PROCESS_THREAD_DATA),
    letter('w', MinidumpType::WITH_PRIVATE_READ_WRITE_MEMORY),
    letter('d', MinidumpType::WITH_DATA_SEGS),
    letter('c', MinidumpType::WITH_CODE_SEGS),
    letter('e', MinidumpType::WITH_MODULE_HEADERS),
    letter('s', TRIAGE),
    letter('r', MinidumpType::FILTER_MEMORY),
    letter('R', MinidumpType::FILTER_MODULE_PATHS),
    letter('y', MinidumpType::WITH_AVX_X_STATE_CONTEXT),
    letter('M', MinidumpType::WITHOUT_AUXILIARY_STATE),
    // Sets no flag and has no effect.
    letter('D', MinidumpType::empty()),
    new('T', MinidumpType::WITH_IPT_TRACE),
    new('N', MinidumpType::NO_IGNORE_INACCESSIBLE_MEMORY),
    new('P', MinidumpType::SCAN_INACCESSIBLE_PARTIAL_PAGES),
];

/// Letters that the debugger accepts and we refuse, and what to use instead.
const REFUSED: [(char, &str); 2] = [
    ('C', "with it, the debugger leaves out the exception and all threads but one; use `i` for what stacks point to"),
    ('W', "with it, the debugger takes the data sections of only some modules; use `d` for those of all modules"),
];

/// Triage dumps cannot have extended contexts: `MiniDumpWriteDump` refuses the combination.
const NOT_TOGETHER: MinidumpType = MinidumpType::FILTER_TRIAGE.union(MinidumpType::WITH_AVX_X_STATE_CONTEXT);
const NO_EXTENDED_CONTEXTS: &str =
    "a triage dump cannot have the extended contexts that `y`, `a` and `A` ask for; `fFhutT` is `a` without them";

/// What a re-encoded dump contains.
///
/// Options are parsed from the debugger's words: `/m`, `/ma`, `-mfFhut`, `m`. Letters are case-sensitive, may be in any
/// order, and each one adds something. Several words, separated by spaces, are combined. `/f` cannot be combined with
/// other words: it asks for a full user dump, which always has all memory. The meaning of letters, and what every dump
/// has, depend on the [version of the debugger](Engine); the default is the current one.
///
/// # Examples
///
/// ```
/// use userdump::redump::Options;
///
/// let options: Options = "/mtF".parse().unwrap();
/// assert_eq!(options.to_string(), "/mFt");
/// assert_eq!(options.minidump_type().bits(), 0x41800);
/// assert_eq!("-mfFhutyT".parse::<Options>().unwrap().to_string(), "/ma");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Options {
    engine: Engine,
    bits: MinidumpType,
    /// True for `/f`, which has no flags.
    full_user_dump: bool,
    /// For `as-is`, which excludes all flags.
    pub(super) as_is: Option<AsIs>,
    forced: bool,
    compressed: bool,
    made_up_records: bool,
    unpadded: bool,
    pub(super) presets: Presets,
    pub(super) exception: NamedException,
    comment: Option<String>,
}

/// Prints the letters, and only the size of a comment.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comment = self.comment.as_ref().map(|comment| Size(comment.len()));
        let mut fields = f.debug_struct("Options");
        fields.field("letters", &format_args!("{self}")).field("engine", &self.engine);
        fields.field("compressed", &self.compressed).field("made_up_records", &self.made_up_records);
        fields.field("unpadded", &self.unpadded);
        fields.field("presets", &self.presets);
        fields.field("exception", &self.exception).field("comment", &comment);
        fields.finish()
    }
}

impl Options {
    /// Returns the options for `/m`: stacks, instruction windows and the base set of streams.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the options for `/f`: a full user dump, the older format, instead of a minidump.
    #[must_use]
    pub fn full_user_dump() -> Self {
        Self { full_user_dump: true, ..Self::default() }
    }

    /// Parses options as [`str::parse`] does, but with the meaning they have in another version of the debugger.
    ///
    /// # Errors
    ///
    /// Those of [`Options::from_str`].
    pub fn parse_as(engine: Engine, words: &str) -> Result<Self, RedumpError> {
        let bare = words.trim();
        match bare.strip_prefix(['/', '-']).unwrap_or(bare) {
            "f" => Ok(Self { engine, ..Self::full_user_dump() }),
            "as-is" => Ok(Self { engine, ..Self::as_is() }),
            _ => Self::parse_letters(engine, words),
        }
    }

    /// Parses options as [`Options::parse_as`] does, but only words like `/mfFhut`, neither `/f` nor `as-is`.
    ///
    /// A program that parses its options with this is linked without the code for `as-is`.
    ///
    /// # Errors
    ///
    /// Those of [`Options::from_str`].
    pub fn parse_letters(engine: Engine, words: &str) -> Result<Self, RedumpError> {
        let not_an_option = |word: &str| RedumpError::OptionWord { word: word.into() };
        let mut bits = None;
        let mut all_letters = String::new();
        for word in words.split_whitespace() {
            let bare = word.strip_prefix(['/', '-']).unwrap_or(word);
            let letters = bare.strip_prefix('m').ok_or_else(|| not_an_option(word))?;
            let bits = bits.get_or_insert(MinidumpType::empty());
            for letter in letters.chars() {
                if let Some(&(letter, reason)) = REFUSED.iter().find(|(refused, _)| *refused == letter) {
                    return Err(RedumpError::RefusedLetter { letter, reason });
                }
                let known = LETTERS.iter().find(|known| known.letter == letter);
                let asked = known.and_then(|known| known.bits(engine));
                *bits |= asked.ok_or(RedumpError::UnknownLetter { letter })?;
            }
            all_letters.push_str(letters);
        }
        if all_letters.contains('P') && !all_letters.contains('A') {
            return Err(RedumpError::RefusedLetter { letter: 'P', reason: "it requires `A`" });
        }
        let bits = bits.ok_or_else(|| not_an_option(words))?;
        if bits.contains(NOT_TOGETHER) {
            return Err(RedumpError::RefusedLetter { letter: 's', reason: NO_EXTENDED_CONTEXTS });
        }
        Ok(Self { engine, bits, ..Self::default() })
    }

    /// Returns the version of the debugger whose output the result equals.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// True for `/f`.
    #[must_use]
    pub const fn is_full_user_dump(&self) -> bool {
        self.full_user_dump
    }

    /// Writes a full user dump even if every debugger would refuse it; the default is to return
    /// [`RedumpError::Refused`]. Minidumps are not affected.
    #[must_use]
    pub fn forced(self) -> Self {
        Self { forced: true, ..self }
    }

    /// True after [`Options::forced`].
    #[must_use]
    pub const fn is_forced(&self) -> bool {
        self.forced
    }

    /// Compresses the selected memory, regardless of the letters: it is written to a CompressedMemory stream instead of a
    /// memory list. Debuggers have opened such dumps since 2026 (10.0.29507).
    ///
    /// The header flags have [`MinidumpType::WITH_MEMORY_COMPRESSED`] and not [`MinidumpType::WITH_FULL_MEMORY`], and
    /// stacks have no position in the file. If no memory is selected, the dump is written without compression;
    /// [`Report::compressed`](crate::redump::Report::compressed) is then `None`. A full user dump cannot have
    /// compressed memory, so the combination is refused.
    #[must_use]
    pub fn compressed(self) -> Self {
        Self { compressed: true, ..self }
    }

    /// True after [`Options::compressed`].
    #[must_use]
    pub const fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Inserts no zeros before the memory. By default, full memory (`f`, `a`, `A`, `/f`) with an unchanged run of at least
    /// 64 KiB is preceded by up to 4,095 zeros, so that a file system can share its blocks with the source:
    /// [`Redump::write_to_file`](crate::redump::Redump::write_to_file).
    #[must_use]
    pub fn without_padding(self) -> Self {
        Self { unpadded: true, ..self }
    }

    /// True unless [`Options::without_padding`] was called.
    #[must_use]
    pub const fn has_padding(&self) -> bool {
        !self.unpadded
    }

    /// Makes up the same records as the debugger where the source of a Windows process has none: an exception, which is
    /// a breakpoint in the first thread, and with `F` memory information in which all memory is private data.
    ///
    /// By default, a dump without an exception remains without one, because all readers except the debugger take the
    /// made-up breakpoint for a crash. Memory information that `F` asks for then describes what is known: images
    /// according to their section headers in memory, code where an instruction pointer is, and data elsewhere. A [full
    /// user dump](Options::full_user_dump) always has a debug event.
    #[must_use]
    pub fn with_made_up_records(self) -> Self {
        Self { made_up_records: true, ..self }
    }

    /// True after [`Options::with_made_up_records`].
    #[must_use]
    pub const fn has_made_up_records(&self) -> bool {
        self.made_up_records
    }

    /// Adds a comment to the dump, as `/c` does.
    #[must_use]
    pub fn with_comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Returns the comment to be added.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// Returns the flags in the header of the dump. Empty for a full user dump, whose header has no flags, and for
    /// [`Options::as_is`], which keeps the flags of the source.
    ///
    /// The debugger sets the bit for token information with every option except `s`. The flags of compressed memory are
    /// only set in a dump that has memory.
    #[must_use]
    pub fn minidump_type(&self) -> MinidumpType {
        match self.compressed && !self.full_user_dump {
            true => self.asked().compressed(),
            false => self.asked(),
        }
    }

    /// Returns the flags without compression.
    pub(super) fn asked(&self) -> MinidumpType {
        if self.full_user_dump || self.is_as_is() {
            return MinidumpType::empty();
        }
        let mut bits = self.bits;
        if !self.is_triage() {
            bits |= MinidumpType::WITH_TOKEN_INFORMATION;
        }
        if self.presets.managed.is_some() && !bits.intersects(FILTERS) {
            bits |= MinidumpType::WITH_INDIRECTLY_REFERENCED_MEMORY;
        }
        if self.filter_is_overruled() {
            bits -= MinidumpType::FILTER_MEMORY;
        }
        if bits.contains(MinidumpType::NO_IGNORE_INACCESSIBLE_MEMORY) {
            bits -= GO_ON;
        }
        bits
    }

    /// True if `s` is among the letters. What `r` and `R` take out, and more, is then never in the result.
    #[must_use]
    pub fn is_triage(&self) -> bool {
        self.bits.contains(MinidumpType::FILTER_TRIAGE)
    }

    /// True if `r` is among the letters and has no effect: full memory takes precedence over `r`, as in the debugger,
    /// but not over `s`.
    #[must_use]
    pub fn filter_is_overruled(&self) -> bool {
        let both = MinidumpType::FILTER_MEMORY.union(MinidumpType::WITH_FULL_MEMORY);
        self.bits.contains(both) && !self.is_triage()
    }

    /// Returns the options that give a dump these flags in its header.
    ///
    /// Full memory implies that missing bytes are ignored, unless the flags forbid it: the debugger and
    /// `MiniDumpWriteDump` add the flag for it. In the same way, they add the flag for base names to a triage dump.
    /// Token information may be set or not, because the debugger always sets it.
    ///
    /// # Errors
    ///
    /// [`RedumpError::UnsupportedFlags`] for bits without an option letter, [`RedumpError::RefusedLetter`] if the flags are
    /// those of a triage dump with extended contexts.
    pub fn from_minidump_type(flags: MinidumpType) -> Result<Self, RedumpError> {
        Self::from_minidump_type_as(Engine::default(), flags)
    }

    /// Like [`Options::from_minidump_type`], with the letters of another version of the debugger. In that of 2017,
    /// ignoring missing bytes is not implied.
    ///
    /// # Errors
    ///
    /// The same as for [`Options::from_minidump_type`].
    pub fn from_minidump_type_as(engine: Engine, flags: MinidumpType) -> Result<Self, RedumpError> {
        const BOTH: MinidumpType = MinidumpType::WITH_MEMORY_COMPRESSED.union(MinidumpType::WITH_FULL_MEMORY);
        let goes_on = engine != Engine::V2017;
        let mut bits = flags - MinidumpType::WITH_TOKEN_INFORMATION;
        // A dump never has both.
        let compressed = (bits & BOTH) == MinidumpType::WITH_MEMORY_COMPRESSED;
        if compressed {
            bits -= MinidumpType::WITH_MEMORY_COMPRESSED;
            // The flag against ignoring missing memory takes precedence.
            if bits.contains(MinidumpType::NO_IGNORE_INACCESSIBLE_MEMORY) {
                bits -= GO_ON;
            }
        }
        if bits.contains(MinidumpType::WITH_FULL_MEMORY) && goes_on {
            bits |= GO_ON;
        }
        if bits.contains(NOT_TOGETHER) {
            return Err(RedumpError::RefusedLetter { letter: 's', reason: NO_EXTENDED_CONTEXTS });
        }
        if bits.contains(MinidumpType::FILTER_TRIAGE) {
            bits |= TRIAGE;
        }
        let options = Self { engine, bits, compressed, ..Self::default() };
        let rest = options.without_letter();
        // With compressed memory, the flags do not tell whether it was full memory.
        let all = if goes_on { MinidumpType::WITH_FULL_MEMORY.union(GO_ON) } else { MinidumpType::WITH_FULL_MEMORY };
        let full = Self { bits: bits | all, ..options.clone() };
        match rest {
            0 => Ok(options),
            _ if compressed && full.without_letter() == 0 => Ok(full),
            bits => Err(RedumpError::UnsupportedFlags { bits }),
        }
    }

    /// Returns the bits without an option letter.
    fn without_letter(&self) -> u64 {
        let covered = self.letters().filter_map(|letter| letter.bits(self.engine));
        let covered = covered.fold(MinidumpType::empty(), MinidumpType::union);
        self.bits.bits() & !covered.bits()
    }

    /// True if meaningless bytes become zero, and no memory is carried that was not selected (`r`, `R`, `s`).
    pub(super) fn is_private(&self) -> bool {
        self.contain(MinidumpType::FILTER_MODULE_PATHS) || self.contain(MinidumpType::FILTER_MEMORY)
    }

    /// True if all of these bits of `MINIDUMP_TYPE` are asked for. A full user dump has all memory there is.
    pub(super) fn contain(&self, bits: MinidumpType) -> bool {
        const OF_USER_DUMP: MinidumpType =
            MinidumpType::WITH_FULL_MEMORY.union(MinidumpType::IGNORE_INACCESSIBLE_MEMORY);
        let filters = if self.is_triage() { MinidumpType::FILTER_MEMORY } else { MinidumpType::empty() };
        if self.full_user_dump { OF_USER_DUMP } else { self.asked() | filters }.contains(bits)
    }

    /// Returns the letter for exactly these bits, if the bits are asked for by that letter or are among those that every
    /// process can serve. Few dumps have extended contexts or a trace, which `a` also asks for.
    pub(super) fn letter_for(&self, bits: MinidumpType) -> Option<char> {
        let letter = LETTERS.iter().find(|letter| !bits.is_empty() && letter.bits(self.engine) == Some(bits));
        let is_named = |letter: char| self.letters().any(|named| named.letter == letter);
        letter.map(|letter| letter.letter).filter(|&letter| ALL.contains(bits) || is_named(letter))
    }

    /// Returns the shortest list of letters with the same meaning.
    fn letters(&self) -> impl Iterator<Item = &'static Letter> + '_ {
        let mut said = MinidumpType::empty();
        // In 2026 the two letters for everything are equal, except that only `A` can be combined with `P`.
        let is_everything = self.bits.contains(ALL_OF_2026);
        let has_partial_pages = self.bits.contains(MinidumpType::SCAN_INACCESSIBLE_PARTIAL_PAGES);
        LETTERS.iter().filter(move |letter| {
            let bits = letter.bits(self.engine).unwrap_or_default();
            let is_meant = match letter.letter {
                'A' => !is_everything || has_partial_pages,
                'P' => is_everything,
                _ => true,
            };
            let says_more = is_meant && self.bits.contains(bits) && !said.contains(bits);
            if says_more {
                said |= bits;
            }
            says_more
        })
    }
}

impl FromStr for Options {
    type Err = RedumpError;

    fn from_str(words: &str) -> Result<Self, RedumpError> {
        Self::parse_as(Engine::default(), words)
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.full_user_dump {
            return f.write_str("/f");
        }
        if self.is_as_is() {
            return f.write_str("/as-is");
        }
        f.write_str("/m")?;
        self.letters().try_for_each(|letter| write!(f, "{}", letter.letter))
    }
}

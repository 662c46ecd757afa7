//! The debugger's own words for what a minidump shall hold.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::error::RedumpError;
use crate::format::MinidumpType;
use crate::format::debug::Size;
use crate::redump::engine::Engine;
use crate::redump::named_exception::NamedException;
use crate::redump::presets::Presets;

/// One option letter.
struct Letter {
    letter: char,
    /// What it asks the engine of 2017 for; `None` if that does not know it.
    v2017: Option<MinidumpType>,
    /// What it asks the engine of 2026 for.
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

/// What `a` stands for: every stream and all memory.
const ALL: MinidumpType = MinidumpType::WITH_FULL_MEMORY
    .union(MinidumpType::WITH_FULL_MEMORY_INFO)
    .union(MinidumpType::WITH_HANDLE_DATA)
    .union(MinidumpType::WITH_THREAD_INFO)
    .union(MinidumpType::WITH_UNLOADED_MODULES);
const GO_ON: MinidumpType = MinidumpType::IGNORE_INACCESSIBLE_MEMORY;
/// What `a` stands for in 2026: also extended contexts and the trace, and it goes on where memory is missing.
const ALL_OF_2026: MinidumpType =
    ALL.union(GO_ON).union(MinidumpType::WITH_AVX_X_STATE_CONTEXT).union(MinidumpType::WITH_IPT_TRACE);

/// What `s` stands for: no folders in a triage dump.
const TRIAGE: MinidumpType = MinidumpType::FILTER_TRIAGE.union(MinidumpType::FILTER_MODULE_PATHS);

/// What keeps out all memory that nobody asked for by its letter.
const FILTERS: MinidumpType = MinidumpType::FILTER_MEMORY.union(MinidumpType::FILTER_TRIAGE);

/// A letter that is the same for both engines.
const fn letter(letter: char, bits: MinidumpType) -> Letter {
    Letter { letter, v2017: Some(bits), v2026: bits }
}

const fn changed(letter: char, v2017: MinidumpType, v2026: MinidumpType) -> Letter {
    Letter { letter, v2017: Some(v2017), v2026 }
}

const fn new(letter: char, v2026: MinidumpType) -> Letter {
    Letter { letter, v2017: None, v2026 }
}

/// Every letter that the debugger takes and we do too, those that stand for others first.
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
    // Without a flag and without an effect.
    letter('D', MinidumpType::empty()),
    new('T', MinidumpType::WITH_IPT_TRACE),
    new('N', MinidumpType::NO_IGNORE_INACCESSIBLE_MEMORY),
    new('P', MinidumpType::SCAN_INACCESSIBLE_PARTIAL_PAGES),
];

/// Letters that the debugger takes and we do not, and what to do in their place.
const REFUSED: [(char, &str); 2] = [
    ('C', "the debugger leaves out all threads but one and the exception with it; `i` adds what stacks point to"),
    ('W', "the debugger takes the data sections of some modules and not of others with it; `d` takes all of them"),
];

/// A triage dump has no extended contexts: `MiniDumpWriteDump` refuses to write one with them.
const NOT_TOGETHER: MinidumpType = MinidumpType::FILTER_TRIAGE.union(MinidumpType::WITH_AVX_X_STATE_CONTEXT);
const NO_EXTENDED_CONTEXTS: &str =
    "a triage dump has no extended contexts, for which `y` asks, and `a` and `A` with it; `fFhutT` is `a` without them";

/// What a re-encoded dump shall hold.
///
/// Options are parsed from the debugger's words: `/m`, `/ma`, `-mfFhut`, `m`. Letters are case-sensitive, come in any
/// order, and each only adds something. Several words, parted by blanks, give the union.
/// `/f` stands alone: it asks for a full user dump, which has all memory and leaves no choice.
/// What letters stand for, and what every dump has, differs between [versions of the debugger](Engine); today's counts
/// unless another one is asked for.
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
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Options {
    engine: Engine,
    bits: MinidumpType,
    /// True for `/f`, which no bits go with.
    full_user_dump: bool,
    /// True for what no bits go with, either.
    as_is: bool,
    forced: bool,
    compressed: bool,
    made_up_records: bool,
    pub(super) presets: Presets,
    pub(super) exception: NamedException,
    comment: Option<String>,
}

/// Prints the letters, and of a comment the size.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comment = self.comment.as_ref().map(|comment| Size(comment.len()));
        let mut fields = f.debug_struct("Options");
        fields.field("letters", &format_args!("{self}")).field("engine", &self.engine);
        fields.field("compressed", &self.compressed).field("made_up_records", &self.made_up_records);
        fields.field("presets", &self.presets);
        fields.field("exception", &self.exception).field("comment", &comment);
        fields.finish()
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

    /// The dump as it is, whatever that is: every stream, the flags, memory lists of their kind, order and overlaps, memory
    /// that is compressed. Nothing is made up and nothing is taken out, so that [`Hooks`](crate::redump::Hooks) alone decide.
    ///
    /// Its word is `as-is`. A comment can be added to it; no other option goes with it.
    ///
    /// Nothing moves in the file unless something in front of it grows or goes. Without hooks, the result is the source byte
    /// for byte. What goes (names, records, streams) leaves zeros behind, or no room at all if it was large. References out of
    /// the file stay, and are in [`Report::faults`](crate::redump::Report::faults).
    ///
    /// Refused are full user dumps, dumps in big-endian order, and changes of compressed memory.
    ///
    /// # Examples
    ///
    /// A patcher: it drops a module, renames another one, changes the code of the exception and adds a stream.
    ///
    /// ```
    /// use userdump::format::StreamType;
    /// use userdump::read::Module;
    /// use userdump::redump::{Hooks, Options, Redump};
    ///
    /// fn patch(file: &[u8], drop: &str, old: &str, new: &str, code: u32) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    ///     let dump = userdump::Dump::parse(file)?;
    ///     let is = |module: &Module<'_>, name: &str| module.name().is_ok_and(|it| it.to_string_lossy().ends_with(name));
    ///     let hooks = Hooks::new()
    ///         .keep_modules(|module| !is(module, drop))
    ///         .map_module(|module, edit| {
    ///             if is(module, old) {
    ///                 edit.rename(new);
    ///             }
    ///         })
    ///         .map_exception(|_, edit| edit.record.exception_record.exception_code = code)
    ///         .add_stream(StreamType(0x1_0042), &b"patched"[..]);
    ///     let mut out = Vec::new();
    ///     Redump::with_hooks(&dump, &Options::as_is(), hooks)?.write_to(&mut out)?;
    ///     Ok(out)
    /// }
    /// # let mut dump = userdump::MinidumpBuilder::new();
    /// # let names = ["C:\\a.exe", "C:\\b.dll"].map(|name| dump.text(name));
    /// # names.map(|name| drop(dump.module(Default::default(), name, None, None)));
    /// # let mut file = Vec::new();
    /// # dump.plan()?.write_to(&mut file)?;
    /// # let patched = patch(&file, "b.dll", "a.exe", "C:\\new.exe", 0xdead_beef)?;
    /// # let modules = userdump::Minidump::parse(&patched)?.modules();
    /// # assert_eq!((modules.len(), modules.get(0).unwrap().name()?.to_string_lossy()), (1, "C:\\new.exe".into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn as_is() -> Self {
        Self { as_is: true, ..Self::default() }
    }

    /// As [`str::parse`] reads them, but as another version of the debugger understands them.
    ///
    /// # Errors
    ///
    /// Those of [`Options::from_str`].
    pub fn parse_as(engine: Engine, words: &str) -> Result<Self, RedumpError> {
        let no_option = |word: &str| RedumpError::OptionWord { word: word.into() };
        let bare = words.trim();
        match bare.strip_prefix(['/', '-']).unwrap_or(bare) {
            "f" => return Ok(Self { engine, ..Self::full_user_dump() }),
            "as-is" => return Ok(Self { engine, ..Self::as_is() }),
            _ => {}
        }
        let mut bits = None;
        let mut all_letters = String::new();
        for word in words.split_whitespace() {
            let bare = word.strip_prefix(['/', '-']).unwrap_or(word);
            let letters = bare.strip_prefix('m').ok_or_else(|| no_option(word))?;
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
            return Err(RedumpError::RefusedLetter { letter: 'P', reason: "it only goes with `A`" });
        }
        let bits = bits.ok_or_else(|| no_option(words))?;
        if bits.contains(NOT_TOGETHER) {
            return Err(RedumpError::RefusedLetter { letter: 's', reason: NO_EXTENDED_CONTEXTS });
        }
        Ok(Self { engine, bits, ..Self::default() })
    }

    /// The version of the debugger that the result equals.
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// True for `/f`.
    pub const fn is_full_user_dump(&self) -> bool {
        self.full_user_dump
    }

    /// True for `as-is`.
    pub const fn is_as_is(&self) -> bool {
        self.as_is
    }

    /// True if anything else is asked for beside a comment.
    pub(super) fn say_more_than_as_is(&self) -> bool {
        let (engine, comment) = (self.engine, self.comment.clone());
        *self != Self { engine, comment, forced: self.forced, ..Self::as_is() }
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

    /// Makes up what the debugger does where the source of a Windows process has nothing: an exception, which is a
    /// breakpoint in the first thread, and with `F` memory information in which all memory is private data.
    ///
    /// Without this a dump without an exception stays one: the debugger opens it, and all other readers take the made-up
    /// breakpoint for a crash. Memory information that `F` asks for says what is known: of images what their section headers in
    /// memory say, code where an instruction pointer is, and elsewhere data. A [full user dump](Options::full_user_dump) has
    /// a debug event in any case.
    #[must_use]
    pub fn with_made_up_records(self) -> Self {
        Self { made_up_records: true, ..self }
    }

    /// True after [`Options::with_made_up_records`].
    pub const fn has_made_up_records(&self) -> bool {
        self.made_up_records
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

    /// The flags that the header of the dump will have; none for a full user dump, whose header has no place for them, and
    /// for a dump as it is, which keeps those that it has.
    ///
    /// The debugger sets the bit for token information with every option but `s`. Those of compressed memory are only in a
    /// dump that has memory.
    pub fn minidump_type(&self) -> MinidumpType {
        match self.compressed && !self.full_user_dump {
            true => self.asked().compressed(),
            false => self.asked(),
        }
    }

    /// The flags without compression.
    pub(super) fn asked(&self) -> MinidumpType {
        if self.full_user_dump || self.as_is {
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

    /// True if `s` is among the letters: what `r` and `R` take out, and more, is not in the result, whatever else is.
    pub fn is_triage(&self) -> bool {
        self.bits.contains(MinidumpType::FILTER_TRIAGE)
    }

    /// True if `r` is among the letters and has no effect: full memory wins over it, as in the debugger, but not over `s`.
    pub fn filter_is_overruled(&self) -> bool {
        let both = MinidumpType::FILTER_MEMORY.union(MinidumpType::WITH_FULL_MEMORY);
        self.bits.contains(both) && !self.is_triage()
    }

    /// The options that give a dump these flags in its header.
    ///
    /// Full memory goes on where bytes are missing unless the flags forbid it, as the debugger and `MiniDumpWriteDump`
    /// have it: they add the flag for it. So they do with the flag for base names in a triage dump.
    ///
    /// # Errors
    ///
    /// [`RedumpError::UnsupportedFlags`] if there are bits that no letter stands for, [`RedumpError::RefusedLetter`] if the
    /// flags are those of a triage dump with extended contexts. Token information may be set or
    /// not, as the debugger always sets it.
    pub fn from_minidump_type(flags: MinidumpType) -> Result<Self, RedumpError> {
        Self::from_minidump_type_as(Engine::default(), flags)
    }

    /// As [`Options::from_minidump_type`], by the letters of another version of the debugger. That of 2017 has flags of
    /// its own for going on.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn from_minidump_type_as(engine: Engine, flags: MinidumpType) -> Result<Self, RedumpError> {
        const BOTH: MinidumpType = MinidumpType::WITH_MEMORY_COMPRESSED.union(MinidumpType::WITH_FULL_MEMORY);
        let goes_on = engine != Engine::V2017;
        let mut bits = flags - MinidumpType::WITH_TOKEN_INFORMATION;
        // No dump has both.
        let compressed = (bits & BOTH) == MinidumpType::WITH_MEMORY_COMPRESSED;
        if compressed {
            bits -= MinidumpType::WITH_MEMORY_COMPRESSED;
            // Not to go on takes precedence.
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
        // Of compressed memory the flags do not say whether it was all.
        let all = if goes_on { MinidumpType::WITH_FULL_MEMORY.union(GO_ON) } else { MinidumpType::WITH_FULL_MEMORY };
        let full = Self { bits: bits | all, ..options.clone() };
        match rest {
            0 => Ok(options),
            _ if compressed && full.without_letter() == 0 => Ok(full),
            bits => Err(RedumpError::UnsupportedFlags { bits }),
        }
    }

    /// The bits that no letter stands for.
    fn without_letter(&self) -> u64 {
        let covered = self.letters().filter_map(|letter| letter.bits(self.engine));
        let covered = covered.fold(MinidumpType::empty(), MinidumpType::union);
        self.bits.bits() & !covered.bits()
    }

    /// True if bytes without a meaning become zero, and no memory comes along that was not selected (`r`, `R`, `s`).
    pub(super) fn is_private(&self) -> bool {
        self.contain(MinidumpType::FILTER_MODULE_PATHS) || self.contain(MinidumpType::FILTER_MEMORY)
    }

    /// True if all of these bits of `MINIDUMP_TYPE` are asked for. A full user dump has all the memory that there is.
    pub(super) fn contain(&self, bits: MinidumpType) -> bool {
        const OF_USER_DUMP: MinidumpType =
            MinidumpType::WITH_FULL_MEMORY.union(MinidumpType::IGNORE_INACCESSIBLE_MEMORY);
        let filters = if self.is_triage() { MinidumpType::FILTER_MEMORY } else { MinidumpType::empty() };
        if self.full_user_dump { OF_USER_DUMP } else { self.asked() | filters }.contains(bits)
    }

    /// The letter that stands for just these bits, if they are asked for by themselves or with all that every process
    /// has: few dumps have extended contexts or a trace, which `a` asks for as well.
    pub(super) fn letter_for(&self, bits: MinidumpType) -> Option<char> {
        let letter = LETTERS.iter().find(|letter| !bits.is_empty() && letter.bits(self.engine) == Some(bits));
        let is_named = |letter: char| self.letters().any(|named| named.letter == letter);
        letter.map(|letter| letter.letter).filter(|&letter| ALL.contains(bits) || is_named(letter))
    }

    /// The fewest letters that say the same.
    fn letters(&self) -> impl Iterator<Item = &'static Letter> + '_ {
        let mut said = MinidumpType::empty();
        // The two letters for everything are the same in 2026, but for what goes with one of them alone.
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
        if self.as_is {
            return f.write_str("/as-is");
        }
        f.write_str("/m")?;
        self.letters().try_for_each(|letter| write!(f, "{}", letter.letter))
    }
}

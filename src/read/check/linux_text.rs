//! Detects streams that should be copies of files in `/proc` and `/etc`, but have the content of another of these
//! files.

use crate::format::StreamType;
use crate::format::linux::AuxType;
use crate::read::bytes::integer_at;
use crate::read::check::finding::FindingCode;
use crate::read::linux::maps::mapping;
use crate::read::raw_stream::RawStream;
use crate::read::text::utf8::Utf8;
use crate::read::work::worked;

use crate::read::check::state::{Check, Place};

/// The number of bytes at the start of a stream that are examined.
const EXAMINED: usize = 4096;

/// Tells whether a text has a certain format.
type IsForm = fn(Utf8<'_>) -> bool;

impl Check<'_, '_> {
    /// Checks a stream that is a copy of a Linux file.
    ///
    /// If a writer passes one file too few or too many, all the following files get the types of their neighbours.
    /// Unrecognised content is not reported, because it may be anything.
    pub(crate) fn linux_text<T>(&mut self, stream: &RawStream<'_>, _: &T) {
        let kind = stream.stream_type();
        // The format of the stream of open files is not documented; its entries are paths.
        let is_own = |found| found == kind || kind == StreamType::LINUX_PROC_FD && found == StreamType::LINUX_CMD_LINE;
        if recognised(stream).is_some_and(|found| !is_own(found)) {
            self.report(FindingCode::TextOfOtherStream, Place::stream(stream), None);
        }
    }
}

/// Returns the stream type whose format the bytes have, if it is unambiguous.
fn recognised(stream: &RawStream<'_>) -> Option<StreamType> {
    if is_auxv(stream) {
        return Some(StreamType::LINUX_AUXV);
    }
    let bytes = stream.bytes();
    let start = Utf8::new(bytes.get(..EXAMINED).unwrap_or(bytes));
    let forms: [(StreamType, IsForm); 9] = [
        (StreamType::LINUX_MAPS, |text| text.lines().next().and_then(mapping).is_some()),
        (StreamType::LINUX_PROC_STATUS, is_status),
        (StreamType::MOZ_LINUX_LIMITS, |text| text.as_bytes().starts_with(b"Limit   ")),
        (StreamType::LINUX_PROC_STAT, is_stat),
        (StreamType::LINUX_PROC_UPTIME, is_uptime),
        (StreamType::LINUX_CPU_INFO, is_cpu_info),
        (StreamType::LINUX_LSB_RELEASE, is_release),
        (StreamType::LINUX_ENVIRON, is_environ),
        (StreamType::LINUX_CMD_LINE, is_cmd_line),
    ];
    forms.into_iter().find(|(_, has_form)| has_form(start)).map(|(kind, _)| kind)
}

/// An auxiliary vector: pairs of words with known types, each at most once, which limits their number. They include the
/// page size and end with a terminator.
fn is_auxv(stream: &RawStream<'_>) -> bool {
    /// The kernel has about 40 types, up to 51.
    const TYPES: u64 = 64;

    let (width, order) = (stream.dump().target().pointer_size(), stream.dump().byte_order());
    let pair = if width == 4 { 8 } else { 16 };
    let mut seen = 0u64;
    for pair in stream.bytes().chunks_exact(pair) {
        worked(1);
        match integer_at(pair, 0, width, order) {
            Some(0) => return seen & 1 << AuxType::PAGESZ.0 != 0,
            Some(kind) if kind < TYPES && seen & 1 << kind == 0 => seen |= 1 << kind,
            _ => return false,
        }
    }
    false
}

/// `Name:` in the first line, and in one of the next lines a field that all kernels write.
fn is_status(text: Utf8<'_>) -> bool {
    let mut lines = text.lines().map(|line| line.as_bytes());
    lines.next().is_some_and(|line| line.starts_with(b"Name:\t"))
        && lines.take(8).any(|line| line.starts_with(b"State:\t") || line.starts_with(b"Pid:\t"))
}

/// `4242 (name) S 1 …`; the name may contain any characters.
fn is_stat(text: Utf8<'_>) -> bool {
    let Some((process, rest)) = text.split_at_byte(b' ') else { return false };
    let state =
        rest.as_bytes().windows(2).rposition(|pair| pair == b") ").and_then(|end| rest.as_bytes().get(end + 2..));
    let has_state = state.is_some_and(|state| {
        matches!(state, [letter, b' ', digit, ..]
        if letter.is_ascii_alphabetic() && (digit.is_ascii_digit() || *digit == b'-'))
    });
    process.decimal().is_some() && rest.as_bytes().starts_with(b"(") && has_state
}

/// Exactly two numbers with two decimals each.
fn is_uptime(text: Utf8<'_>) -> bool {
    let is_seconds = |word: &[u8]| match word {
        [whole @ .., b'.', tens, ones] => !whole.is_empty() && whole.iter().chain([tens, ones]).all(u8::is_ascii_digit),
        _ => false,
    };
    let text = text.trim_end_nul().trimmed();
    let words = text.as_bytes().split(|&byte| byte == b' ');
    words.clone().count() == 2 && words.into_iter().all(is_seconds)
}

/// A field that the files of all architectures have in the first lines.
fn is_cpu_info(text: Utf8<'_>) -> bool {
    const FIELDS: [&[u8]; 5] = [b"processor", b"Processor", b"vendor_id", b"system type", b"cpu"];
    let has_field = |line: Utf8<'_>| {
        let field = line.split_at_byte(b':').map(|(key, _)| key);
        field.is_some_and(|key| key.as_bytes().ends_with(b"\t") && FIELDS.contains(&key.trimmed().as_bytes()))
    };
    text.lines().take(4).any(has_field)
}

/// Lines with assignments, the first of which has a name that distributions use.
fn is_release(text: Utf8<'_>) -> bool {
    const NAMES: [&[u8]; 6] = [b"NAME", b"ID", b"VERSION", b"VERSION_ID", b"PRETTY_NAME", b"LSB_VERSION"];
    let text = text.trim_end_nul();
    let is_line = |line: &Utf8<'_>| !line.trimmed().is_empty() && !line.as_bytes().trim_ascii_start().starts_with(b"#");
    let first = text.lines().find(is_line).and_then(|line| line.split_at_byte(b'='));
    let is_name = |name: &[u8]| NAMES.contains(&name) || name.starts_with(b"DISTRIB_");
    !text.as_bytes().contains(&0) && first.is_some_and(|(name, _)| is_name(name.as_bytes()))
}

/// Two or more NUL-terminated assignments, and nothing else except that the last one may be cut off.
fn is_environ(text: Utf8<'_>) -> bool {
    let is_name = |name: Utf8<'_>| {
        let name = name.as_bytes();
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        name.first().is_some_and(|first| !first.is_ascii_digit()) && name.iter().all(is_letter)
    };
    let mut texts =
        text.as_bytes().split_inclusive(|&byte| byte == 0).filter(|text| text.ends_with(&[0]) && text.len() > 1);
    let mut count = 0;
    texts.all(|text| {
        count += 1;
        Utf8::new(text).split_at_byte(b'=').is_some_and(|(name, _)| is_name(name))
    }) && count >= 2
}

/// A program path, terminated by NUL. It must not contain spaces, because otherwise it might be a sentence.
fn is_cmd_line(text: Utf8<'_>) -> bool {
    let program = text.split_at_byte(0).map(|(program, _)| program.as_bytes());
    let is_of_path = |byte: &u8| !byte.is_ascii_whitespace() && *byte != b'=';
    program.is_some_and(|program| program.starts_with(b"/") && program.iter().all(is_of_path))
}

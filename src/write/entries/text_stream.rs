//! Streams that consist of text.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::format::StreamType;
use crate::format::debug::Size;
use crate::format::linux::AuxType;
use crate::format::stream::{TextLine, WholeStream};

use crate::write::builder::MinidumpBuilder;
use crate::write::entries::content::AddTo;

/// A text stream, built from its parts, for [`MinidumpBuilder::add`].
///
/// To add existing text, use its view (such as [`LinuxMaps::parse`](crate::read::linux::LinuxMaps::parse)) or
/// [`MinidumpBuilder::stream`].
///
/// # Examples
///
/// ```
/// use userdump::MinidumpBuilder;
/// use userdump::format::StreamType;
/// use userdump::read::Minidump;
/// use userdump::read::linux::{LinuxCmdLine, LinuxProcStatus};
/// use userdump::write::TextStream;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut dump = MinidumpBuilder::new();
/// dump.add(TextStream::cmd_line(["/usr/bin/app", "--verbose"]));
/// dump.add(TextStream::fields(StreamType::LINUX_PROC_STATUS, [("Name", "app"), ("Pid", "4242")]));
/// let mut file = Vec::new();
/// dump.plan()?.write_to(&mut file)?;
/// let read = Minidump::parse(&file)?;
/// let arguments = read.stream::<LinuxCmdLine>()?.unwrap();
/// assert_eq!(arguments.arguments().map(|it| it.to_string()).collect::<Vec<_>>(), ["/usr/bin/app", "--verbose"]);
/// assert_eq!(read.stream::<LinuxProcStatus>()?.unwrap().process_id(), Some(4242));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TextStream {
    stream_type: StreamType,
    bytes: Vec<u8>,
    fault: Option<&'static str>,
}

/// Prints only the size.
impl fmt::Debug for TextStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TextStream").field(&self.stream_type).field(&Size(self.bytes.len())).finish()
    }
}

impl TextStream {
    const fn new(stream_type: StreamType) -> Self {
        Self { stream_type, bytes: Vec::new(), fault: None }
    }

    /// Creates a stream with one line per record, such as [`LinuxMapping`](crate::read::linux::LinuxMapping) for
    /// `LINUX_MAPS`.
    pub fn lines(stream_type: StreamType, lines: impl IntoIterator<Item = impl TextLine>) -> Self {
        let mut text = Self::new(stream_type);
        for line in lines {
            let start = text.bytes.len();
            line.put_line(&mut text.bytes);
            let line = text.bytes.get(start..).unwrap_or_default();
            text.refuse(line.iter().filter(|&&byte| byte == b'\n').count() > 1, "a line contains a line feed");
        }
        text
    }

    /// Creates `/proc/PID/limits`: the heading, then one line per [`LinuxLimit`](crate::read::linux::LinuxLimit).
    pub fn limits(limits: impl IntoIterator<Item = impl TextLine>) -> Self {
        const HEADING: &str = "Limit                     Soft Limit           Hard Limit           Units     \n";
        let lines = Self::lines(StreamType::MOZ_LINUX_LIMITS, limits);
        Self { bytes: [HEADING.as_bytes(), &lines.bytes].concat(), ..lines }
    }

    /// Creates a stream with one line per key and value, with the separator that the stream type uses: `/proc/PID/status`,
    /// `/etc/lsb-release`, or a paragraph of `/proc/cpuinfo`.
    pub fn fields<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        stream_type: StreamType,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let separator: &[u8] = match stream_type {
            StreamType::LINUX_LSB_RELEASE => b"=",
            StreamType::LINUX_CPU_INFO => b"\t: ",
            _ => b":\t",
        };
        let is_in_key = |byte: &u8| if separator == b"=" { *byte == b'=' } else { *byte == b':' };
        let mut text = Self::new(stream_type);
        for (key, value) in fields {
            let (key, value) = (key.as_ref(), value.as_ref());
            text.refuse(key.iter().any(is_in_key), "a key contains the separator");
            text.refuse([key, value].iter().any(|part| part.contains(&b'\n')), "a line contains a line feed");
            let quote: &[u8] = if separator == b"=" && value.contains(&b' ') { b"\"" } else { b"" };
            text.bytes.extend_from_slice(&[key, separator, quote, value, quote, b"\n"].concat());
        }
        text
    }

    /// Creates `/proc/cpuinfo`: the fields of each processor, followed by an empty line.
    pub fn cpu_info<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        processors: impl IntoIterator<Item = impl IntoIterator<Item = (K, V)>>,
    ) -> Self {
        let mut all = Self::new(StreamType::LINUX_CPU_INFO);
        for processor in processors {
            let text = Self::fields(StreamType::LINUX_CPU_INFO, processor);
            all.bytes.extend_from_slice(&text.bytes);
            all.bytes.push(b'\n');
            all.fault = all.fault.or(text.fault);
        }
        all
    }

    /// Creates `/proc/PID/cmdline`: the arguments, each followed by a NUL.
    pub fn cmd_line(arguments: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut text = Self::new(StreamType::LINUX_CMD_LINE);
        arguments.into_iter().for_each(|argument| text.end_by_nul(argument.as_ref()));
        text
    }

    /// Creates `/proc/PID/environ`: the variables and their values, each followed by a NUL.
    pub fn environ<K: AsRef<[u8]>, V: AsRef<[u8]>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut text = Self::new(StreamType::LINUX_ENVIRON);
        for (name, value) in variables {
            text.refuse(name.as_ref().contains(&b'='), "a key contains the separator");
            text.end_by_nul(&[name.as_ref(), b"=", value.as_ref()].concat());
        }
        text
    }

    /// Creates `/proc/PID/auxv`: pairs of little-endian words of `pointer_size` bytes (4 or 8), with the terminating pair.
    pub fn auxv(entries: impl IntoIterator<Item = (AuxType, u64)>, pointer_size: u32) -> Self {
        let mut text = Self::new(StreamType::LINUX_AUXV);
        for (AuxType(kind), value) in entries.into_iter().chain([(AuxType::NULL, 0)]) {
            for word in [kind, value] {
                match u32::try_from(word) {
                    _ if pointer_size != 4 => text.bytes.extend_from_slice(&word.to_le_bytes()),
                    Ok(word) => text.bytes.extend_from_slice(&word.to_le_bytes()),
                    Err(_) => text.refuse(true, "a word does not fit 32 bits"),
                }
            }
        }
        text
    }

    /// Returns the type of the stream.
    #[must_use]
    pub const fn stream_type(&self) -> StreamType {
        self.stream_type
    }

    /// Returns the bytes of the stream.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn end_by_nul(&mut self, text: &[u8]) {
        self.refuse(text.contains(&0), "a string contains a NUL");
        self.bytes.extend_from_slice(text);
        self.bytes.push(0);
    }

    fn refuse(&mut self, is_wrong: bool, reason: &'static str) {
        self.fault = self.fault.or(is_wrong.then_some(reason));
    }
}

impl<'a> AddTo<'a> for TextStream {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        if let Some(reason) = self.fault {
            dump.added.invalid(self.stream_type.name().unwrap_or("stream"), reason);
        }
        dump.stream(self.stream_type, self.bytes);
    }
}

impl<'a, T: WholeStream<'a>> AddTo<'a> for T {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        let stream_type = self.stream_type();
        if self.is_big_endian() {
            dump.added.invalid(
                stream_type.name().unwrap_or("stream"),
                "it is big-endian, but dumps are written little-endian",
            );
        }
        dump.stream(stream_type, Cow::Borrowed(self.stream_bytes()));
    }
}

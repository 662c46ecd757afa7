//! The places where exceptions were raised, and the comments of the producer.

use userdump::format::StreamType;
use userdump::read::any_format::{AnyException, AnyModule};
use userdump::read::module::ModuleExtents;
use userdump::read::text::{CommentA, CommentW};
use userdump::{Dump, Minidump};

/// The modules of a dump, for looking up the places of exceptions.
pub struct Modules<'d, 'a> {
    dump: &'d Dump<'a>,
    /// An index for minidumps, which may have many exceptions. A full user dump has at most one.
    index: Option<ModuleExtents<'a>>,
}

/// The instruction that raised an exception, as far as it is known.
#[derive(Default)]
pub struct Place<'a> {
    pub instruction: Option<u64>,
    pub module: Option<AnyModule<'a>>,
    /// The offset of the instruction from the start of the module, in bytes.
    pub offset: Option<u64>,
}

impl<'d, 'a> Modules<'d, 'a> {
    pub fn of(dump: &'d Dump<'a>) -> Self {
        let index = match dump {
            Dump::Minidump(dump) => Some(dump.module_extents()),
            _ => None,
        };
        Self { dump, index }
    }

    pub fn place(&self, exception: &AnyException<'a>) -> Place<'a> {
        let context = || exception.context().ok().flatten()?.instruction_pointer();
        // An exception that a program reports itself often has no address.
        let Some(address) = exception.instruction_address().filter(|&address| address != 0).or_else(context) else {
            return Place::default();
        };
        let target = self.dump.target();
        let module = match &self.index {
            Some(index) => index.at_address(address).map(AnyModule::Minidump),
            None => self.dump.modules().find(|module| module.contains(address)),
        };
        let offset = module.map(|module| target.mask(address.wrapping_sub(module.base())));
        Place { instruction: Some(target.mask(address)), module, offset }
    }
}

/// Returns LLDB's description of the stop.
pub fn lldb_text(exception: &AnyException<'_>) -> Option<String> {
    let AnyException::Minidump(exception) = exception else { return None };
    exception.lldb_description().map(|text| text.to_string())
}

/// Decodes a comment. Dumps do not record the code page; a comment that is not UTF-8 is decoded as Windows-1252.
fn narrow(comment: CommentA<'_>) -> String {
    let utf8 = std::str::from_utf8(comment.trim_end_nul());
    utf8.map_or_else(|_| comment.ansi().to_string(), str::to_owned)
}

/// Returns the comments in the order of the directory. Many comments of a damaged file can share the same bytes, so their total
/// size is limited to the size of the file.
pub fn comments(dump: &Minidump<'_>) -> impl Iterator<Item = String> {
    let mut left = usize::try_from(dump.file_size()).unwrap_or(usize::MAX);
    dump.raw_streams().filter_map(move |stream| {
        let is_comment = matches!(stream.stream_type(), StreamType::COMMENT_A | StreamType::COMMENT_W);
        left = if is_comment { left.checked_sub(stream.bytes().len())? } else { left };
        match stream.stream_type() {
            StreamType::COMMENT_A => stream.view::<CommentA<'_>>().ok().map(narrow),
            StreamType::COMMENT_W => stream.view::<CommentW<'_>>().ok().map(|comment| comment.to_string()),
            _ => None,
        }
    })
}

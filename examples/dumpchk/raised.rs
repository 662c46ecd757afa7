//! Where exceptions were raised, and what the writer of the dump left to say.

use userdump::format::StreamType;
use userdump::read::any_format::{AnyException, AnyModule};
use userdump::read::module::ModuleExtents;
use userdump::read::text::{CommentA, CommentW};
use userdump::{Dump, Minidump};

/// The modules of a dump, to look exceptions up in.
pub struct Modules<'d, 'a> {
    dump: &'d Dump<'a>,
    /// A minidump may have many exceptions, a full user dump has one at most.
    index: Option<ModuleExtents<'a>>,
}

/// The instruction that raised an exception, as far as the dump tells.
#[derive(Default)]
pub struct Place<'a> {
    pub instruction: Option<u64>,
    pub module: Option<AnyModule<'a>>,
    /// How far the instruction lies behind the start of the module.
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
        // What a program reports itself is often recorded without an address.
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

/// What LLDB says of the stop.
pub fn lldb_text(exception: &AnyException<'_>) -> Option<String> {
    let AnyException::Minidump(exception) = exception else { return None };
    exception.lldb_description().map(|text| text.to_string())
}

/// The dump does not name the code page; what is not UTF-8 is read as the most common other one.
fn narrow(comment: CommentA<'_>) -> String {
    let utf8 = std::str::from_utf8(comment.trim_end_nul());
    utf8.map_or_else(|_| comment.ansi().to_string(), str::to_owned)
}

/// The comments in the order of the directory. A broken file can have any number of them on the same bytes: together they
/// have as many bytes as the file at most.
pub fn comments(dump: &Minidump<'_>) -> impl Iterator<Item = String> {
    let mut left = dump.data().len();
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

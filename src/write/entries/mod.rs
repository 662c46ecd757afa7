//! Complete records for [`MinidumpBuilder::add`].

mod code_view;
mod content;
mod exception;
mod handle;
mod memory_info;
mod misc_info;
mod module;
mod system_info;
mod text_stream;
mod thread;

pub use code_view::CodeView;
pub use content::PartContent;
pub use exception::Exception;
pub use handle::Handle;
pub use memory_info::MemoryInfo;
pub use misc_info::MiscInfo;
pub use module::{Module, UnloadedModule};
pub use system_info::SystemInfo;
pub use text_stream::TextStream;
pub use thread::Thread;

use crate::write::builder::MinidumpBuilder;

/// A record that [`MinidumpBuilder::add`] accepts, together with everything it refers to.
///
/// | record | written to |
/// |---|---|
/// | [`SystemInfo`] | the SystemInfo stream |
/// | [`MiscInfo`] | the MiscInfo stream |
/// | [`Exception`] | an Exception stream |
/// | [`Thread`] | the ThreadList or ThreadExList; name, information and stack bytes go into their own lists |
/// | [`Module`], [`UnloadedModule`] | the lists of modules |
/// | [`MemoryInfo`] | the MemoryInfoList |
/// | [`Handle`] | the HandleData stream |
/// | [`MemoryRange`](crate::write::MemoryRange) | the MemoryList |
/// | [`TextStream`], [views of text streams](crate::format::stream::WholeStream) | the stream of its type |
///
/// This trait is sealed.
pub trait Entry<'a>: content::AddTo<'a> {}

impl<'a, T: content::AddTo<'a>> Entry<'a> for T {}

impl<'a> MinidumpBuilder<'a> {
    /// Adds a record together with everything it refers to.
    ///
    /// The other methods take raw records of the format, and the parts that they refer to. Mistakes, such as a value that
    /// does not fit or a second MiscInfo stream, are reported by [`MinidumpBuilder::plan`].
    ///
    /// # Examples
    ///
    /// ```
    /// use userdump::format::context::ContextLayout;
    /// use userdump::format::module::Guid;
    /// use userdump::format::{PlatformId, ProcessorArchitecture};
    /// use userdump::write::{
    ///     CodeView, ContextBuilder, Exception, MemoryRange, MinidumpBuilder, MiscInfo, Module, SystemInfo, Thread,
    /// };
    ///
    /// # fn main() -> Result<(), userdump::WriteError> {
    /// let stack = [0x55; 4096];
    /// let mut registers = ContextBuilder::new(&ContextLayout::AMD64);
    /// registers.register("rip", 0x1_4000_1234).register("rsp", 0x20_0800);
    /// let pdb = CodeView::pdb70(Guid { data1: 0x1122_3344, ..Guid::default() }, 1, "app.pdb");
    ///
    /// let mut dump = MinidumpBuilder::new();
    /// dump.add(SystemInfo::new(ProcessorArchitecture::AMD64, PlatformId::WIN32_NT).version(10, 0, 19045));
    /// dump.add(MiscInfo::new().process_id(4242));
    /// dump.add(Module::new(0x1_4000_0000, 0x2_0000, "C:\\app\\app.exe").code_view(pdb));
    /// dump.add(Thread::new(100).name("main").context(&registers).stack_memory(MemoryRange::borrowed(0x20_0000, &stack)));
    /// dump.add(Exception::new(100, 0xc000_0005).address(0x1_4000_1234).parameters([1, 0x1234]).context(&registers));
    /// let mut file = Vec::new();
    /// dump.plan()?.write_to(&mut file)?;
    /// # let read = userdump::Dump::parse(&file).unwrap();
    /// # assert_eq!(read.crashed_thread_id(), Some(100));
    /// # assert_eq!(read.thread_name(100).unwrap().to_string(), "main");
    /// # Ok(())
    /// # }
    /// ```
    pub fn add(&mut self, entry: impl Entry<'a>) -> &mut Self {
        entry.add_to(self);
        self
    }
}

//! Exception records.

use alloc::vec::Vec;

use crate::error::{Item, WriteError};
use crate::format::exception::ExceptionFlags;
use crate::format::{ExceptionRecord, ExceptionStream};

use crate::write::builder::MinidumpBuilder;
use crate::write::entries::content::{AddTo, PartContent};

/// An exception and its registers, for [`MinidumpBuilder::add`].
///
/// # Examples
///
/// ```
/// use userdump::format::{PlatformId, ProcessorArchitecture};
/// use userdump::write::{Exception, MinidumpBuilder, SystemInfo};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut dump = MinidumpBuilder::new();
/// dump.add(SystemInfo::new(ProcessorArchitecture::AMD64, PlatformId::WIN32_NT));
/// dump.add(Exception::new(7, 0xc000_0005).address(0x1_4000_1000).parameters([1, 0x1234]));
/// let mut file = Vec::new();
/// dump.plan()?.write_to(&mut file)?;
/// let reason = userdump::Dump::parse(&file)?.exceptions().next().map(|it| it.reason().to_string());
/// assert_eq!(reason.as_deref(), Some("ACCESS_VIOLATION (0xc0000005) writing 0x1234"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Exception<'a> {
    thread_id: u32,
    record: ExceptionRecord,
    parameters: Vec<u64>,
    context: Option<PartContent<'a>>,
}

impl<'a> Exception<'a> {
    /// Creates an exception in a thread. `code` is an NTSTATUS on Windows, a signal number on Linux, a Mach exception on
    /// macOS.
    #[must_use]
    pub fn new(thread_id: u32, code: u32) -> Self {
        let record = ExceptionRecord { exception_code: code, ..Default::default() };
        Self { thread_id, record, parameters: Vec::new(), context: None }
    }

    /// Sets the exception flags.
    #[must_use]
    pub fn flags(self, flags: ExceptionFlags) -> Self {
        self.raw_flags(flags.bits())
    }

    /// Sets the flags field to any value; on Linux it contains the `si_code` of the signal.
    #[must_use]
    pub fn raw_flags(mut self, flags: u32) -> Self {
        self.record.exception_flags = flags;
        self
    }

    /// Sets the address of the associated exception record in the process.
    #[must_use]
    pub fn nested_record(mut self, address: u64) -> Self {
        self.record.exception_record = address;
        self
    }

    /// Sets the exception address: the instruction on Windows, the accessed memory on Linux and macOS.
    #[must_use]
    pub fn address(mut self, address: u64) -> Self {
        self.record.exception_address = address;
        self
    }

    /// Sets the parameters, at most 15. An access violation has two: 0 for a read or 1 for a write, and the accessed
    /// address.
    #[must_use]
    pub fn parameters(mut self, parameters: impl IntoIterator<Item = u64>) -> Self {
        self.parameters = parameters.into_iter().take(ExceptionRecord::MAXIMUM_PARAMETERS + 1).collect();
        self
    }

    /// Sets the registers at the exception, from a [`ContextBuilder`](crate::write::ContextBuilder) or from bytes.
    #[must_use]
    pub fn context(mut self, context: impl Into<PartContent<'a>>) -> Self {
        self.context = Some(context.into());
        self
    }
}

impl<'a> AddTo<'a> for Exception<'a> {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        let Self { thread_id, mut record, parameters, context } = self;
        let (found, limit) = (parameters.len() as u64, ExceptionRecord::MAXIMUM_PARAMETERS as u64);
        if found > limit {
            let item = Item { name: "MINIDUMP_EXCEPTION", index: None };
            dump.added.fail(WriteError::SizeOverflow { item, found, unit: "parameters", limit });
        }
        record.number_parameters = u32::try_from(found).unwrap_or(u32::MAX);
        record.exception_information.iter_mut().zip(parameters).for_each(|(to, from)| *to = from);
        let context = context.and_then(|context| context.part(dump, "context"));
        dump.exception(ExceptionStream { thread_id, exception_record: record, ..Default::default() }, context);
    }
}

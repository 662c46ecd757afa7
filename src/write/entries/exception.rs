//! Exceptions.

use alloc::vec::Vec;

use crate::error::{Item, WriteError};
use crate::format::exception::ExceptionFlags;
use crate::format::{ExceptionRecord, ExceptionStream};

use crate::write::builder::MinidumpBuilder;
use crate::write::entries::content::{AddTo, PartContent};

/// An exception with the registers at it, for [`MinidumpBuilder::add`].
#[derive(Debug)]
pub struct Exception<'a> {
    thread_id: u32,
    record: ExceptionRecord,
    parameters: Vec<u64>,
    context: Option<PartContent<'a>>,
}

impl<'a> Exception<'a> {
    /// An exception of a thread; `code` is a status of Windows, a signal of Linux or a Mach exception.
    pub fn new(thread_id: u32, code: u32) -> Self {
        let record = ExceptionRecord { exception_code: code, ..Default::default() };
        Self { thread_id, record, parameters: Vec::new(), context: None }
    }

    /// Sets how it goes on.
    pub fn flags(self, flags: ExceptionFlags) -> Self {
        self.raw_flags(flags.bits())
    }

    /// Sets what other systems than Windows have in place of the flags: the code of a signal (`si_code`).
    pub fn raw_flags(mut self, flags: u32) -> Self {
        self.record.exception_flags = flags;
        self
    }

    /// Sets the address of the exception record that this one is nested in.
    pub fn nested_record(mut self, address: u64) -> Self {
        self.record.exception_record = address;
        self
    }

    /// Sets the address of the instruction; on Linux and macOS that of the memory that could not be accessed.
    pub fn address(mut self, address: u64) -> Self {
        self.record.exception_address = address;
        self
    }

    /// Sets the parameters, of which there can be 15: for an access violation the kind of access, 0 for reading and 1 for
    /// writing, and the address.
    pub fn parameters(mut self, parameters: impl IntoIterator<Item = u64>) -> Self {
        self.parameters = parameters.into_iter().take(ExceptionRecord::MAXIMUM_PARAMETERS + 1).collect();
        self
    }

    /// Sets the registers at the exception: a [`ContextBuilder`](crate::write::ContextBuilder), or bytes.
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

//! The records of typed streams, until they are encoded.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::format::handle::HandleDescriptor2;
use crate::format::module::UnloadedModule;
use crate::format::thread::{ThreadEx, ThreadInfo};
use crate::format::{ExceptionStream, MemoryInfo, Module, StreamType, SystemInfo, Thread};

use crate::write::part::PartId;

type Rows<T> = Option<Vec<T>>;

/// The records of the typed streams; a list that is `None` is not written.
#[derive(Debug, Default)]
pub(super) struct Lists<'a> {
    pub(super) threads: Rows<(Thread, Option<PartId>)>,
    pub(super) threads_ex: Rows<(ThreadEx, Option<PartId>)>,
    pub(super) thread_infos: Rows<ThreadInfo>,
    pub(super) thread_names: Rows<(u32, PartId)>,
    pub(super) modules: Rows<ModuleRow>,
    pub(super) unloaded_modules: Rows<(UnloadedModule, Option<PartId>)>,
    pub(super) memory_infos: Rows<MemoryInfo>,
    /// Replaces `memory_infos`.
    pub(super) computed_memory_infos: Option<ComputedMemoryInfos<'a>>,
    pub(super) handles: Rows<HandleRow>,
    pub(super) exceptions: Vec<(ExceptionStream, Option<PartId>)>,
    pub(super) system_infos: Vec<(SystemInfo, Option<PartId>)>,
    pub(super) after_system_info: Vec<u8>,
}

/// Rows of the memory information list that are not stored: their number, and the function that returns each of them.
pub(super) struct ComputedMemoryInfos<'a> {
    pub(super) count: usize,
    pub(super) row: Box<dyn Fn(usize) -> MemoryInfo + Send + Sync + 'a>,
}

impl fmt::Debug for ComputedMemoryInfos<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ComputedMemoryInfos({})", self.count)
    }
}

/// A module and what it refers to.
#[derive(Debug)]
pub(super) struct ModuleRow {
    pub(super) record: Module,
    pub(super) name: Option<PartId>,
    pub(super) code_view: Option<PartId>,
    pub(super) misc: Option<PartId>,
}

/// A handle and what it refers to.
#[derive(Debug)]
pub(super) struct HandleRow {
    pub(super) record: HandleDescriptor2,
    pub(super) type_name: Option<PartId>,
    pub(super) object_name: Option<PartId>,
    pub(super) information: Option<PartId>,
}

impl Lists<'_> {
    pub(super) fn declare(&mut self, stream_type: StreamType) {
        match stream_type {
            StreamType::THREAD_LIST => drop(self.threads.get_or_insert_default()),
            StreamType::THREAD_INFO_LIST => drop(self.thread_infos.get_or_insert_default()),
            StreamType::THREAD_NAMES => drop(self.thread_names.get_or_insert_default()),
            StreamType::MODULE_LIST => drop(self.modules.get_or_insert_default()),
            StreamType::UNLOADED_MODULE_LIST => drop(self.unloaded_modules.get_or_insert_default()),
            StreamType::MEMORY_INFO_LIST => drop(self.memory_infos.get_or_insert_default()),
            StreamType::HANDLE_DATA => drop(self.handles.get_or_insert_default()),
            _ => {}
        }
    }
}

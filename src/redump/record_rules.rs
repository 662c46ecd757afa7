//! Defines which fields may differ between a record of the source and the one encoded for it.

use crate::format::handle::{HandleDescriptor, HandleDescriptor2};
use crate::format::module::UnloadedModule;
use crate::format::thread::{ThreadEx, ThreadInfo};
use crate::format::{ExceptionStream, MemoryInfo, Module, SystemInfo, Thread};

use crate::redump::accounts::Rules;

pub(super) const THREAD: Rules = Rules {
    references: &[Thread::OFFSETS.stack.range(), Thread::OFFSETS.thread_context.range()],
    addresses: &[Thread::OFFSETS.teb.get()],
    clears: false,
};
pub(super) const THREAD_EX: Rules = Rules {
    references: &[
        ThreadEx::OFFSETS.thread.then(Thread::OFFSETS.stack).range(),
        ThreadEx::OFFSETS.thread.then(Thread::OFFSETS.thread_context).range(),
        ThreadEx::OFFSETS.backing_store.range(),
    ],
    addresses: &[ThreadEx::OFFSETS.thread.then(Thread::OFFSETS.teb).get()],
    clears: false,
};
pub(super) const MODULE: Rules = Rules {
    references: &[
        Module::OFFSETS.module_name_rva.range(),
        Module::OFFSETS.cv_record.range(),
        Module::OFFSETS.misc_record.range(),
    ],
    addresses: &[Module::OFFSETS.base_of_image.get()],
    clears: true,
};
pub(super) const UNLOADED_MODULE: Rules = Rules {
    references: &[UnloadedModule::OFFSETS.module_name_rva.range()],
    addresses: &[UnloadedModule::OFFSETS.base_of_image.get()],
    clears: false,
};
pub(super) const HANDLE: Rules = Rules {
    references: &[
        HandleDescriptor2::OFFSETS.descriptor.then(HandleDescriptor::OFFSETS.type_name_rva).range(),
        HandleDescriptor2::OFFSETS.descriptor.then(HandleDescriptor::OFFSETS.object_name_rva).range(),
        HandleDescriptor2::OFFSETS.object_info_rva.range(),
    ],
    addresses: &[],
    clears: true,
};
pub(super) const THREAD_INFO: Rules =
    Rules { references: &[], addresses: &[ThreadInfo::OFFSETS.start_address.get()], clears: true };
pub(super) const MEMORY_INFO: Rules = Rules {
    references: &[],
    addresses: &[MemoryInfo::OFFSETS.base_address.get(), MemoryInfo::OFFSETS.allocation_base.get()],
    clears: true,
};
pub(super) const EXCEPTION: Rules = Rules {
    references: &[ExceptionStream::OFFSETS.thread_context.range()],
    // The nested record, the address, and 15 parameters.
    addresses: &[16, 24, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152],
    clears: true,
};
pub(super) const SYSTEM_INFO: Rules =
    Rules { references: &[SystemInfo::OFFSETS.csd_version_rva.range()], addresses: &[], clears: false };

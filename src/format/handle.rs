//! The handle streams: handles that were open when the dump was written, and earlier operations on handles.

use crate::format::location::Rva;

structure! {
    /// The header of the HandleData stream. The descriptors begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_HANDLE_DATA_STREAM")]
    pub struct HandleDataStream {
        /// Offset of the first descriptor in the stream in bytes, 16 or more.
        pub size_of_header: u32,
        /// Size of a descriptor in bytes: 32 for [`HandleDescriptor`], 40 or more for [`HandleDescriptor2`].
        pub size_of_descriptor: u32,
        /// Number of descriptors in the stream.
        pub number_of_descriptors: u32,
        /// Reserved; its meaning is not documented.
        pub reserved: u32,
    }
}

structure! {
    /// An open handle.
    ///
    /// On Linux, minidump-writer stores file descriptors in this form, with the path as the object name.
    #[doc(alias = "MINIDUMP_HANDLE_DESCRIPTOR")]
    pub struct HandleDescriptor {
        /// Value of the handle.
        pub handle: u64,
        /// RVA of the name of the object type, a `MINIDUMP_STRING`; 0 if there is none.
        pub type_name_rva: Rva,
        /// RVA of the object name, a `MINIDUMP_STRING`; 0 if there is none.
        pub object_name_rva: Rva,
        /// Attributes of the handle. minidump-writer stores the file's `st_mode`.
        pub attributes: u32,
        /// Access rights of the handle, as an access mask.
        pub granted_access: u32,
        /// Number of handles to the object.
        pub handle_count: u32,
        /// Number of references to the object.
        pub pointer_count: u32,
    }
}

structure! {
    /// An open handle with object information.
    #[doc(alias = "MINIDUMP_HANDLE_DESCRIPTOR_2")]
    pub struct HandleDescriptor2 {
        /// The fields of the shorter form.
        pub descriptor: HandleDescriptor,
        /// RVA of the first [`HandleObjectInformation`]; 0 if there is none.
        pub object_info_rva: Rva,
        /// Reserved; its meaning is not documented.
        pub reserved0: u32,
    }
}

structure! {
    /// The header of an object information record. Its data follows, and further records may be chained to it.
    #[doc(alias = "MINIDUMP_HANDLE_OBJECT_INFORMATION")]
    pub struct HandleObjectInformation {
        /// RVA of the next record of the same object; 0 at the end of the chain. The chain of a damaged file may be
        /// circular.
        pub next_info_rva: Rva,
        /// Type of the data.
        pub info_type: HandleObjectInformationType,
        /// Size in bytes; it is not documented whether this header is included.
        pub size_of_info: u32,
    }
}

named_values! {
    /// The type of data in a [`HandleObjectInformation`].
    #[doc(alias = "MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE")]
    pub struct HandleObjectInformationType(u32);

    /// No information.
    #[doc(alias = "MiniHandleObjectInformationNone")]
    NONE = 0 => "None",
    /// Information about a thread.
    #[doc(alias = "MiniThreadInformation1")]
    THREAD1 = 1 => "Thread1",
    /// Information about a mutex.
    #[doc(alias = "MiniMutantInformation1")]
    MUTANT1 = 2 => "Mutant1",
    /// More information about a mutex.
    #[doc(alias = "MiniMutantInformation2")]
    MUTANT2 = 3 => "Mutant2",
    /// Information about a process.
    #[doc(alias = "MiniProcessInformation1")]
    PROCESS1 = 4 => "Process1",
    /// More information about a process.
    #[doc(alias = "MiniProcessInformation2")]
    PROCESS2 = 5 => "Process2",
    /// Information about an event.
    #[doc(alias = "MiniEventInformation1")]
    EVENT1 = 6 => "Event1",
    /// Information about a section, the Windows object for mapped memory.
    #[doc(alias = "MiniSectionInformation1")]
    SECTION1 = 7 => "Section1",
    /// Information about a semaphore.
    #[doc(alias = "MiniSemaphoreInformation1")]
    SEMAPHORE1 = 8 => "Semaphore1",
}

structure! {
    /// The header of the HandleOperationList stream. The [`HandleOperation`] entries begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_HANDLE_OPERATION_LIST")]
    pub struct HandleOperationList {
        /// Offset of the first entry in the stream in bytes, 16 or more.
        pub size_of_header: u32,
        /// Size of an entry in bytes, 288 or more. Some producers write less, which today's debugger rejects.
        pub size_of_entry: u32,
        /// Number of entries in the list.
        pub number_of_entries: u32,
        /// Reserved; its meaning is not documented.
        pub reserved: u32,
    }
}

structure! {
    /// An operation on a handle, as recorded by Application Verifier.
    ///
    /// It is declared in `avrfsdk.h`, where the last three fields form the structure `AVRF_BACKTRACE_INFORMATION`.
    #[doc(alias = "AVRF_HANDLE_OPERATION")]
    pub struct HandleOperation {
        /// Value of the handle.
        pub handle: u64,
        /// ID of the process that performed the operation.
        pub process_id: u32,
        /// ID of the thread that performed the operation.
        pub thread_id: u32,
        /// Operation: 1 open, 2 close, 3 use of a bad handle; 0 marks an unused entry.
        pub operation_type: u32,
        /// Padding.
        pub spare0: u32,
        /// Number of valid entries in `return_addresses`.
        pub depth: u32,
        /// Index under which the verifier stores the call stack.
        pub index: u32,
        /// Virtual addresses of the callers, innermost first.
        pub return_addresses: [u64; 32],
    }
}

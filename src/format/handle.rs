//! Handles: what was open when the dump was written, and what was done to handles before.

use crate::format::location::Rva;

structure! {
    /// Head of the HandleData stream; the descriptors begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_HANDLE_DATA_STREAM")]
    pub struct HandleDataStream {
        /// Bytes from the start of the stream to the first descriptor, 16 or more.
        pub size_of_header: u32,
        /// Bytes from one descriptor to the next: 32 for [`HandleDescriptor`], 40 or more for [`HandleDescriptor2`].
        pub size_of_descriptor: u32,
        /// Descriptors in the stream.
        pub number_of_descriptors: u32,
        /// No documented meaning.
        pub reserved: u32,
    }
}

structure! {
    /// An open handle.
    ///
    /// On Linux minidump-writer lists file descriptors in this form, with the path as the name of the object.
    #[doc(alias = "MINIDUMP_HANDLE_DESCRIPTOR")]
    pub struct HandleDescriptor {
        /// Value of the handle.
        pub handle: u64,
        /// Where the kind of object is named, as a `MINIDUMP_STRING`; 0 if it is not.
        pub type_name_rva: Rva,
        /// Where the name of the object is, as a `MINIDUMP_STRING`; 0 if it has none.
        pub object_name_rva: Rva,
        /// Attributes of the handle; `st_mode` of the file in the files of minidump-writer.
        pub attributes: u32,
        /// Access rights of the handle, as an access mask.
        pub granted_access: u32,
        /// How many handles the object has.
        pub handle_count: u32,
        /// How many references the object has.
        pub pointer_count: u32,
    }
}

structure! {
    /// An open handle with details of the object.
    #[doc(alias = "MINIDUMP_HANDLE_DESCRIPTOR_2")]
    pub struct HandleDescriptor2 {
        /// What the shorter form holds.
        pub descriptor: HandleDescriptor,
        /// Where the first [`HandleObjectInformation`] is; 0 if there is none.
        pub object_info_rva: Rva,
        /// No documented meaning.
        pub reserved0: u32,
    }
}

structure! {
    /// Head of one detail of an object; the data follows, and more details may be chained to it.
    #[doc(alias = "MINIDUMP_HANDLE_OBJECT_INFORMATION")]
    pub struct HandleObjectInformation {
        /// Where the next detail of the same object is; 0 at the end of the chain. A broken file may make a loop of it.
        pub next_info_rva: Rva,
        /// What the data is.
        pub info_type: HandleObjectInformationType,
        /// Size in bytes; whether it counts this head is not documented.
        pub size_of_info: u32,
    }
}

named_values! {
    /// Which detail of an object a [`HandleObjectInformation`] holds.
    #[doc(alias = "MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE")]
    pub struct HandleObjectInformationType(u32);

    /// Nothing.
    #[doc(alias = "MiniHandleObjectInformationNone")]
    NONE = 0 => "None",
    /// About a thread.
    #[doc(alias = "MiniThreadInformation1")]
    THREAD1 = 1 => "Thread1",
    /// About a mutex.
    #[doc(alias = "MiniMutantInformation1")]
    MUTANT1 = 2 => "Mutant1",
    /// More about a mutex.
    #[doc(alias = "MiniMutantInformation2")]
    MUTANT2 = 3 => "Mutant2",
    /// About a process.
    #[doc(alias = "MiniProcessInformation1")]
    PROCESS1 = 4 => "Process1",
    /// More about a process.
    #[doc(alias = "MiniProcessInformation2")]
    PROCESS2 = 5 => "Process2",
    /// About an event.
    #[doc(alias = "MiniEventInformation1")]
    EVENT1 = 6 => "Event1",
    /// About a section, which is what Windows calls an object that can be mapped.
    #[doc(alias = "MiniSectionInformation1")]
    SECTION1 = 7 => "Section1",
    /// About a semaphore.
    #[doc(alias = "MiniSemaphoreInformation1")]
    SEMAPHORE1 = 8 => "Semaphore1",
}

structure! {
    /// Head of the HandleOperationList stream; the [`HandleOperation`] entries begin at `size_of_header`.
    #[doc(alias = "MINIDUMP_HANDLE_OPERATION_LIST")]
    pub struct HandleOperationList {
        /// Bytes from the start of the stream to the first entry, 16 or more.
        pub size_of_header: u32,
        /// Bytes from one entry to the next, 288 or more; some producers write fewer, which today's debugger refuses.
        pub size_of_entry: u32,
        /// Entries of the list.
        pub number_of_entries: u32,
        /// No documented meaning.
        pub reserved: u32,
    }
}

structure! {
    /// Something done to a handle, as recorded by Application Verifier.
    ///
    /// The declaration is in `avrfsdk.h`, where the last three fields are a structure `AVRF_BACKTRACE_INFORMATION`.
    #[doc(alias = "AVRF_HANDLE_OPERATION")]
    pub struct HandleOperation {
        /// Value of the handle.
        pub handle: u64,
        /// Process that did it.
        pub process_id: u32,
        /// Thread that did it.
        pub thread_id: u32,
        /// What was done: 1 opened, 2 closed, 3 a bad handle was used; 0 marks an unused entry.
        pub operation_type: u32,
        /// Padding.
        pub spare0: u32,
        /// Valid entries of `return_addresses`.
        pub depth: u32,
        /// Number under which the verifier keeps the call stack.
        pub index: u32,
        /// Virtual addresses of the callers, innermost first.
        pub return_addresses: [u64; 32],
    }
}

//! Tables for unwinding code that was generated at run time.

structure! {
    /// Head of the FunctionTable stream.
    ///
    /// Behind it come `size_of_align_pad` bytes of padding and then the tables, one after another. A table consists of
    /// a [`FunctionTableDescriptor`], a native descriptor, its entries and padding. All sizes are those given here.
    #[doc(alias = "MINIDUMP_FUNCTION_TABLE_STREAM")]
    pub struct FunctionTableStream {
        /// Size of this head in bytes, 24 or more.
        pub size_of_header: u32,
        /// Size of the descriptor of a table in bytes, 32 or more.
        pub size_of_descriptor: u32,
        /// Size of the system's own descriptor of a table in bytes.
        pub size_of_native_descriptor: u32,
        /// Size of an entry of a table in bytes.
        pub size_of_function_entry: u32,
        /// Tables in the stream.
        pub number_of_descriptors: u32,
        /// Padding between this head and the first table, in bytes.
        pub size_of_align_pad: u32,
    }
}

structure! {
    /// Head of one table.
    #[doc(alias = "MINIDUMP_FUNCTION_TABLE_DESCRIPTOR")]
    pub struct FunctionTableDescriptor {
        /// Lowest virtual address that the table covers.
        pub minimum_address: u64,
        /// Virtual address at which its coverage ends.
        pub maximum_address: u64,
        /// Virtual address to which the addresses in the entries are relative.
        pub base_address: u64,
        /// Entries of the table.
        pub entry_count: u32,
        /// Padding behind the entries, in bytes.
        pub size_of_align_pad: u32,
    }
}

//! The FunctionTable stream: unwind tables for code that was generated at run time.

structure! {
    /// The header of the FunctionTable stream.
    ///
    /// It is followed by `size_of_align_pad` bytes of padding and then by the tables. A table consists of a
    /// [`FunctionTableDescriptor`], a native descriptor, its entries and padding. The sizes of these parts are given in
    /// this header.
    #[doc(alias = "MINIDUMP_FUNCTION_TABLE_STREAM")]
    pub struct FunctionTableStream {
        /// Size of this header in bytes, 24 or more.
        pub size_of_header: u32,
        /// Size of a table's descriptor in bytes, 32 or more.
        pub size_of_descriptor: u32,
        /// Size of a table's native descriptor, which is the system's own structure, in bytes.
        pub size_of_native_descriptor: u32,
        /// Size of a table entry in bytes.
        pub size_of_function_entry: u32,
        /// Number of tables in the stream.
        pub number_of_descriptors: u32,
        /// Size of the padding between this header and the first table in bytes.
        pub size_of_align_pad: u32,
    }
}

structure! {
    /// The header of a table.
    #[doc(alias = "MINIDUMP_FUNCTION_TABLE_DESCRIPTOR")]
    pub struct FunctionTableDescriptor {
        /// Lowest virtual address that the table covers.
        pub minimum_address: u64,
        /// End of the virtual address range that the table covers (exclusive).
        pub maximum_address: u64,
        /// Virtual address to which the addresses in the entries are relative.
        pub base_address: u64,
        /// Number of entries in the table.
        pub entry_count: u32,
        /// Size of the padding after the entries in bytes.
        pub size_of_align_pad: u32,
    }
}

//! What Crashpad adds: the ids of the report, and annotations of the program and of its modules.
//!
//! None of this is Microsoft's; the structures follow Crashpad's `minidump_extensions.h`. Texts are in UTF-8, behind
//! their size in bytes (32 bits) and before a NUL that does not count.

use crate::format::location::{LocationDescriptor, Rva};
use crate::format::module::Guid;

structure! {
    /// The CrashpadInfo stream.
    ///
    /// Later versions add fields at the end: what the stream has no room for is absent. Older files have the first 52
    /// bytes.
    #[doc(alias = "MinidumpCrashpadInfo")]
    pub struct CrashpadInfo {
        /// 1; greater ones are compatible, and 0 is invalid.
        pub version: u32,
        /// Which report the dump belongs to.
        pub report_id: Guid,
        /// Which installation the report comes from.
        pub client_id: Guid,
        /// Annotations of the program: a 32-bit count and as many [`SimpleStringDictionaryEntry`].
        pub simple_annotations: LocationDescriptor,
        /// Modules with annotations: a 32-bit count and as many [`ModuleCrashpadInfoLink`].
        pub module_list: LocationDescriptor,
        /// Padding; it and what follows is absent in older files.
        pub reserved: u32,
        /// Bits of a pointer that hold something else than the address; 0 if there are none.
        pub address_mask: u64,
    }
}

structure! {
    /// A key and what it stands for.
    #[doc(alias = "MinidumpSimpleStringDictionaryEntry")]
    pub struct SimpleStringDictionaryEntry {
        /// Where the key is, a text.
        pub key: Rva,
        /// Where the value is, a text.
        pub value: Rva,
    }
}

structure! {
    /// Says of a module where its annotations are.
    #[doc(alias = "MinidumpModuleCrashpadInfoLink")]
    pub struct ModuleCrashpadInfoLink {
        /// The number of the module in the module list, from 0.
        pub minidump_module_list_index: u32,
        /// Where the annotations are: a [`ModuleCrashpadInfo`].
        pub location: LocationDescriptor,
    }
}

structure! {
    /// The annotations of a module.
    ///
    /// Later versions add fields at the end: what the structure has no room for is absent.
    #[doc(alias = "MinidumpModuleCrashpadInfo")]
    pub struct ModuleCrashpadInfo {
        /// 1; greater ones are compatible, and 0 is invalid.
        pub version: u32,
        /// Messages: a 32-bit count and as many positions of texts.
        pub list_annotations: LocationDescriptor,
        /// Keys and values: a 32-bit count and as many [`SimpleStringDictionaryEntry`].
        pub simple_annotations: LocationDescriptor,
        /// Values with types: a 32-bit count and as many [`Annotation`].
        pub annotation_objects: LocationDescriptor,
    }
}

structure! {
    /// A value with a name and a type.
    #[doc(alias = "MinidumpAnnotation")]
    pub struct Annotation {
        /// Where the name is, a text.
        pub name: Rva,
        /// What the value is.
        pub annotation_type: AnnotationType,
        /// Padding.
        pub reserved: u16,
        /// Where the value is: its size in bytes (32 bits), then the bytes.
        pub value: Rva,
    }
}

named_values! {
    /// What the value of an annotation is. Numbers from `0x8000` on are the program's own.
    pub struct AnnotationType(u16);

    /// Nothing.
    #[doc(alias = "kInvalid")]
    INVALID = 0 => "Invalid",
    /// Text, without a NUL.
    #[doc(alias = "kString")]
    STRING = 1 => "String",
}

impl AnnotationType {
    /// True if the program alone knows what the value is.
    #[doc(alias = "kUserDefinedStart")]
    #[must_use]
    pub const fn is_user_defined(self) -> bool {
        self.0 >= 0x8000
    }
}

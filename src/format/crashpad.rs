//! Streams that Crashpad adds: the IDs of the report, and annotations of the program and of its modules.
//!
//! These structures are not defined by Microsoft; they follow Crashpad's `minidump_extensions.h`. Strings are UTF-8.
//! Each is preceded by its size in bytes (32 bits) and followed by a NUL that the size does not include.

use crate::format::location::{LocationDescriptor, Rva};
use crate::format::module::Guid;

structure! {
    /// The CrashpadInfo stream.
    ///
    /// Later versions add fields at the end; fields that do not fit into the stream are absent. Older files have only
    /// the first 52 bytes.
    #[doc(alias = "MinidumpCrashpadInfo")]
    pub struct CrashpadInfo {
        /// Version of the structure: 1. Greater versions are compatible, and 0 is invalid.
        pub version: u32,
        /// ID of the report that the dump belongs to.
        pub report_id: Guid,
        /// ID of the installation that sent the report.
        pub client_id: Guid,
        /// Annotations of the program: a 32-bit count, followed by that many [`SimpleStringDictionaryEntry`]
        /// structures.
        pub simple_annotations: LocationDescriptor,
        /// Modules with annotations: a 32-bit count, followed by that many [`ModuleCrashpadInfoLink`] structures.
        pub module_list: LocationDescriptor,
        /// Padding. This field and the next are absent in older files.
        pub reserved: u32,
        /// The bits of a pointer that are not part of the address; 0 if there are none.
        pub address_mask: u64,
    }
}

structure! {
    /// An entry of a string dictionary: a key and its value.
    #[doc(alias = "MinidumpSimpleStringDictionaryEntry")]
    pub struct SimpleStringDictionaryEntry {
        /// RVA of the key, a string.
        pub key: Rva,
        /// RVA of the value, a string.
        pub value: Rva,
    }
}

structure! {
    /// A link from a module to its annotations.
    #[doc(alias = "MinidumpModuleCrashpadInfoLink")]
    pub struct ModuleCrashpadInfoLink {
        /// Index of the module in the module list, counted from 0.
        pub minidump_module_list_index: u32,
        /// Location of the annotations, a [`ModuleCrashpadInfo`].
        pub location: LocationDescriptor,
    }
}

structure! {
    /// The annotations of a module.
    ///
    /// Later versions add fields at the end; fields that do not fit into the structure are absent.
    #[doc(alias = "MinidumpModuleCrashpadInfo")]
    pub struct ModuleCrashpadInfo {
        /// Version of the structure: 1. Greater versions are compatible, and 0 is invalid.
        pub version: u32,
        /// Messages: a 32-bit count, followed by that many RVAs of strings.
        pub list_annotations: LocationDescriptor,
        /// Keys and values: a 32-bit count, followed by that many [`SimpleStringDictionaryEntry`] structures.
        pub simple_annotations: LocationDescriptor,
        /// Typed values: a 32-bit count, followed by that many [`Annotation`] structures.
        pub annotation_objects: LocationDescriptor,
    }
}

structure! {
    /// An annotation: a value with a name and a type.
    #[doc(alias = "MinidumpAnnotation")]
    pub struct Annotation {
        /// RVA of the name, a string.
        pub name: Rva,
        /// Type of the value.
        pub annotation_type: AnnotationType,
        /// Padding.
        pub reserved: u16,
        /// RVA of the value: its size in bytes (32 bits), followed by the bytes.
        pub value: Rva,
    }
}

named_values! {
    /// The type of an annotation's value. Values from `0x8000` on are defined by the program.
    pub struct AnnotationType(u16);

    /// No value.
    #[doc(alias = "kInvalid")]
    INVALID = 0 => "Invalid",
    /// A string without a NUL.
    #[doc(alias = "kString")]
    STRING = 1 => "String",
}

impl AnnotationType {
    /// True if the type is defined by the program.
    #[doc(alias = "kUserDefinedStart")]
    #[must_use]
    pub const fn is_user_defined(self) -> bool {
        self.0 >= 0x8000
    }
}

//! Indexes that are kept without the bytes they were built from.

/// Declares the part of an index that borrows nothing: everything except the bytes, to which it is bound for each use.
///
/// The index must have a field or parameter `size`, the size of the file that it was built from; `rebound`, which returns
/// the same index for other bytes of that size; and `emptied`, which returns an empty index.
macro_rules! kept_index {
    ($(#[$doc:meta])* pub struct $kept:ident of $index:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $kept {
            /// The size of the file in bytes.
            size: u64,
            index: $index<'static>,
        }

        impl $index<'_> {
            /// Returns the index without the bytes, to store it in a structure that owns them: see
            #[doc = concat!("[`", stringify!($kept), "`]. It is shared and not copied.")]
            pub fn index(&self) -> $kept {
                $kept { size: self.size(), index: self.rebound($crate::read::source::Source::NOTHING) }
            }
        }

        impl $kept {
            /// Binds the index to the bytes that it was built from, or to a copy of them.
            ///
            /// This costs a reference count, regardless of the size of the dump, and reads none of the bytes. The bytes of
            /// another dump of the same size cannot be told from the right ones; for bytes of any other size, the result is
            /// empty.
            pub fn bind<'a, B: $crate::read::source::AsSource + ?Sized>(&self, bytes: &'a B) -> $index<'a> {
                let source = bytes.as_source();
                if source.size() == self.size { self.index.rebound(source) } else { self.index.emptied() }
            }
        }

        impl core::fmt::Debug for $kept {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($kept)).field("size", &self.size).finish_non_exhaustive()
            }
        }
    };
}

//! Indexes that are kept without the bytes they were built from.

/// Declares what is kept of an index that borrows the file: everything but the bytes, to which it is bound for each use.
///
/// The index has `size`, the size of the file that it was built from; `rebound`, which gives the same index of other bytes of
/// that size; and `emptied`, an index of nothing.
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
            /// The index without the bytes, to keep it in a structure that owns them: see
            #[doc = concat!("[`", stringify!($kept), "`]. It is shared and not copied.")]
            pub fn index(&self) -> $kept {
                $kept { size: self.size(), index: self.rebound(&[]) }
            }
        }

        impl $kept {
            /// The index of the bytes that it was built from, or of a copy of them.
            ///
            /// This costs a reference count, whatever the dump has, and looks at none of the bytes. Those of another dump
            /// that has the same size are taken for the right ones; for bytes of any other size the result is empty.
            pub fn bind<'a, B: AsRef<[u8]> + ?Sized>(&self, bytes: &'a B) -> $index<'a> {
                let data = bytes.as_ref();
                if data.len() as u64 == self.size { self.index.rebound(data) } else { self.index.emptied() }
            }
        }

        impl core::fmt::Debug for $kept {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($kept)).field("size", &self.size).finish_non_exhaustive()
            }
        }
    };
}

//! The stream types.

use crate::format::flags::MinidumpType as Flags;
use crate::format::stream::row::StreamRow;
use crate::format::stream::table::stream_table;

/// Declares [`StreamType`] and the rows of its named values.
macro_rules! stream_types {
    ($(
        $(#[$attribute:meta])*
        $constant:ident = $number:literal => $name:literal, $base:ident $(.$fact:ident($($argument:expr)?))*
        $(, $variant:ident($view:ty) { $($action:tt)* })?;
    )*) => {
        named_values! {
            /// The type of a stream.
            ///
            /// Values up to `0xffff` are assigned by Microsoft; values above may be used by anyone. A stream of an
            /// unknown type is not an error: skip or copy it.
            ///
            /// ```
            /// use userdump::format::StreamType;
            ///
            /// assert_eq!(StreamType::THREAD_LIST.to_string(), "ThreadList");
            /// assert_eq!("ThreadList".parse(), Ok(StreamType::THREAD_LIST));
            /// assert_eq!(StreamType(0x1_2345).name(), None);
            /// ```
            #[doc(alias = "MINIDUMP_STREAM_TYPE")]
            pub struct StreamType(u32);

            $($(#[$attribute])* $constant = $number => $name,)*
        }

        impl StreamType {
            /// Returns the type's own row of the table, if it has one.
            const fn own_row(self) -> Option<StreamRow> {
                match self {
                    $(Self::$constant => Some(StreamRow::$base$(.$fact($($argument)?))*),)*
                    _ => None,
                }
            }
        }
    };
}

stream_table!([stream_types]);

/// The assigned ranges of values (inclusive), each with the row for the unnamed types in it.
///
/// Values from `0x10000` on may be used by anyone. Streams that programs pass to `MiniDumpWriteDump` cannot contain
/// file offsets, because the program does not know where the stream will be. Breakpad, Crashpad and Mozilla write the
/// file themselves, so their unknown streams may contain file offsets.
const RANGES: &[(StreamType, StreamType, StreamRow)] = &[
    // Windows CE, within Microsoft's range.
    (StreamType::CE_NULL, StreamType(0x800f), StreamRow::UNMOVABLE),
    (StreamType::UNUSED, StreamType::LAST_RESERVED, StreamRow::UNEXAMINED),
    // Crashpad, Breakpad, Mozilla.
    (StreamType(0x4350_0000), StreamType(0x4350_ffff), StreamRow::UNEXAMINED.foreign()),
    (StreamType(0x4767_0000), StreamType(0x4767_ffff), StreamRow::UNEXAMINED.foreign()),
    (StreamType(0x4d7a_0000), StreamType(0x4d7a_ffff), StreamRow::UNEXAMINED.foreign()),
];

impl StreamType {
    /// Returns the properties of the type: its own row of the table, or else the row of its range.
    #[must_use]
    pub fn row(self) -> StreamRow {
        let range = || RANGES.iter().find(|(first, last, _)| (*first..=*last).contains(&self));
        let range_row = || range().map_or(StreamRow::COPIED.foreign(), |(.., row)| *row);
        self.own_row().unwrap_or_else(range_row)
    }
}

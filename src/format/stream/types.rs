//! The types of streams.

use crate::format::flags::MinidumpType as Flags;
use crate::format::stream::row::StreamRow;
use crate::format::stream::table::stream_table;

/// Declares [`StreamType`] and the rows of its values.
macro_rules! stream_types {
    ($(
        $(#[$attribute:meta])*
        $constant:ident = $number:literal => $name:literal, $base:ident $(.$fact:ident($($argument:expr)?))*
        $(, $variant:ident($view:ty) { $($action:tt)* })?;
    )*) => {
        named_values! {
            /// What a stream of a minidump holds.
            ///
            /// Numbers up to `0xffff` belong to Microsoft, those above may be used by anyone. A type without a name is no
            /// fault: such a stream is to be skipped or copied.
            #[doc(alias = "MINIDUMP_STREAM_TYPE")]
            pub struct StreamType(u32);

            $($(#[$attribute])* $constant = $number => $name,)*
        }

        impl StreamType {
            /// The row of the table, if the type has one.
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

/// The ranges of numbers that somebody owns, from the first to the last, and what streams in them are that have no row.
///
/// Numbers from `0x10000` on are free for everyone. Streams that programs hand to `MiniDumpWriteDump` cannot hold positions,
/// as the programs do not learn where the streams end up. Breakpad, Crashpad and Mozilla write their files themselves, so
/// that of their numbers that are not known yet nobody can say.
const RANGES: &[(StreamType, StreamType, StreamRow)] = &[
    // Windows CE, inside the range of Microsoft.
    (StreamType::CE_NULL, StreamType(0x800f), StreamRow::UNMOVABLE),
    (StreamType::UNUSED, StreamType::LAST_RESERVED, StreamRow::UNEXAMINED),
    // Crashpad, Breakpad, Mozilla.
    (StreamType(0x4350_0000), StreamType(0x4350_ffff), StreamRow::UNEXAMINED.foreign()),
    (StreamType(0x4767_0000), StreamType(0x4767_ffff), StreamRow::UNEXAMINED.foreign()),
    (StreamType(0x4d7a_0000), StreamType(0x4d7a_ffff), StreamRow::UNEXAMINED.foreign()),
];

impl StreamType {
    /// What is known of the type: its own row of the table, or that of the range which its number is in.
    #[must_use]
    pub fn row(self) -> StreamRow {
        let of_range = || RANGES.iter().find(|(first, last, _)| (*first..=*last).contains(&self));
        let of_range = || of_range().map_or(StreamRow::COPIED.foreign(), |(.., row)| *row);
        self.own_row().unwrap_or_else(of_range)
    }
}

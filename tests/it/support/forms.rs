//! One dump in several forms that must read alike: both byte orders, parts at usual and at odd positions.

use std::thread;

use userdump::{Minidump, SourceFile};

use super::facts::Facts;
use crate::synth::{Bytes, Dump};

/// A byte order, and the number of filler bytes before each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub big_endian: bool,
    pub filler: usize,
}

impl Form {
    /// The form that Windows writes.
    pub const USUAL: Self = Self { big_endian: false, filler: 0 };
    pub const ALL: [Self; 4] = [
        Self::USUAL,
        Self { filler: 3, ..Self::USUAL },
        Self { big_endian: true, ..Self::USUAL },
        Self { big_endian: true, filler: 3 },
    ];

    /// A record in the byte order of the form, for parts that the builder takes as bytes.
    pub fn record(self, write: impl FnOnce(&mut Bytes)) -> Vec<u8> {
        let mut bytes = if self.big_endian { Bytes::big_endian() } else { Bytes::little_endian() };
        write(&mut bytes);
        bytes.finish()
    }

    /// The bytes of the file.
    pub fn build(self, dump: Dump) -> Vec<u8> {
        let dump = dump.filler(self.filler);
        if self.big_endian { dump.big_endian().build() } else { dump.build() }
    }
}

/// The view of a dump whose header is sound.
pub fn open(bytes: &[u8]) -> Minidump<'_> {
    Minidump::parse(bytes).expect("the header is sound")
}

/// The bytes as a file that is read piece by piece.
pub fn file_of(bytes: &[u8]) -> SourceFile {
    let (size, bytes) = (bytes.len() as u64, bytes.to_vec());
    SourceFile::from_read_at(size, move |at: u64, room: &mut [u8]| {
        let rest = bytes.get(usize::try_from(at).unwrap()..).unwrap_or_default();
        let count = rest.len().min(room.len());
        room[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    })
}

/// Checks a dump in every form, in memory and as a file; the plain decoder gives the positions.
pub fn in_every_form(dump: impl Fn(Form) -> Dump, look: impl Fn(&Minidump<'_>, &Facts<'_>)) {
    for form in Form::ALL {
        let _named = Named(form);
        let bytes = form.build(dump(form));
        look(&open(&bytes), &Facts::of(&bytes));
        let file = file_of(&bytes);
        look(&Minidump::from_source(&file).expect("the header is sound"), &Facts::of(&bytes));
        assert_eq!(file.fault(), None);
    }
}

/// Prints the form if its test fails.
struct Named(Form);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("in {:?}", self.0);
        }
    }
}

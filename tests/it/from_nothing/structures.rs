//! Converting structures to bytes and back, without another crate.

use libtest_mimic::Trial;
use scroll::{BE, LE, Pread, Pwrite};
use userdump::format::module::{CvInfoPdb70, Guid};
use userdump::format::{Header, LocationDescriptor, MemoryInfo, Module, SystemInfo, Thread};

use crate::support::trials;

pub fn trials() -> Vec<Trial> {
    trials![bytes_are_those_of_the_format, bytes_are_those_of_scroll]
}

/// The bytes are those of the PDB record in Microsoft's documentation of debug directories.
fn bytes_are_those_of_the_format() {
    let guid = Guid { data1: 0x0403_0201, data2: 0x0605, data3: 0x0807, data4: [9, 10, 11, 12, 13, 14, 15, 16] };
    let record = CvInfoPdb70 { cv_signature: 0x5344_5352, signature: guid, age: 0x1413_1211 };
    let bytes = *b"RSDS\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14";
    assert_eq!(record.to_le_bytes(), bytes);
    assert_eq!(CvInfoPdb70::from_le_bytes(&bytes), record);
    let bytes = *b"SDSR\x04\x03\x02\x01\x06\x05\x08\x07\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x14\x13\x12\x11";
    assert_eq!(record.to_be_bytes(), bytes);
    assert_eq!(CvInfoPdb70::from_be_bytes(&bytes), record);
}

macro_rules! same {
    ($($structure:ident)*) => {
        $({
            let bytes: [u8; $structure::SIZE] = core::array::from_fn(|at| (at * 7 + 3) as u8);
            let (little, big) = ($structure::from_le_bytes(&bytes), $structure::from_be_bytes(&bytes));
            assert_eq!(bytes.pread_with::<$structure>(0, LE).expect("it fits"), little);
            assert_eq!(bytes.pread_with::<$structure>(0, BE).expect("it fits"), big);
            assert_eq!((little.to_le_bytes(), big.to_be_bytes()), (bytes, bytes));
            let mut room = [0; $structure::SIZE];
            room.pwrite_with(little, 0, BE).expect("it fits");
            assert_eq!(little.to_be_bytes(), room);
        })*
    };
}

fn bytes_are_those_of_scroll() {
    same!(Header LocationDescriptor MemoryInfo Module SystemInfo Thread Guid);
}

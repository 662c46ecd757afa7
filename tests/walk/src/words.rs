//! Words that are planted in a dump, a different one in each place, and the search for them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// The number of consecutive letters of a word that must not be found.
const PIECE: usize = 6;

/// The places in which words were planted since the last call of [`planted`]. True for those with room for only four letters.
pub type Places = BTreeSet<(String, bool)>;

thread_local! {
    static PLANTED: RefCell<Places> = const { RefCell::new(BTreeSet::new()) };
}

fn plant(place: &str, is_small: bool) {
    PLANTED.with_borrow_mut(|planted| planted.insert((place.to_owned(), is_small)));
}

/// Returns the places in which words were planted since the last call.
pub fn planted() -> Places {
    PLANTED.take()
}

/// Returns twelve letters that share no piece with those of another place.
pub fn word(place: &str) -> String {
    plant(place, false);
    letters(place)
}

fn letters(place: &str) -> String {
    let mut hash = place
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let letter = |_| {
        hash = hash.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        char::from(b'a' + (hash >> 33) as u8 % 26)
    };
    (0..12).map(letter).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Returns the word in ASCII, and in UTF-16 at an even and at an odd offset: 72 bytes.
pub fn all(place: &str) -> Vec<u8> {
    let wide = utf16(&word(place));
    [word(place).as_bytes(), &[0; 4], &wide, &[0], &wide, &[0; 7]].concat()
}

/// Returns the word in ASCII and in UTF-16, truncated to `room` bytes.
pub fn within(place: &str, room: usize) -> Vec<u8> {
    let mut bytes = [word(place).as_bytes(), &utf16(&word(place))].concat();
    bytes.truncate(room);
    bytes
}

/// Returns the same as 32-bit integers.
pub fn words_of_4<const N: usize>(place: &str) -> [u32; N] {
    let mut bytes = within(place, 4 * N);
    bytes.resize(4 * N, 0);
    std::array::from_fn(|index| u32::from_le_bytes(bytes[4 * index..][..4].try_into().expect("the slice has 4 bytes")))
}

/// Returns the same as 64-bit integers.
pub fn words_of_8<const N: usize>(place: &str) -> [u64; N] {
    let mut bytes = within(place, 8 * N);
    bytes.resize(8 * N, 0);
    std::array::from_fn(|index| u64::from_le_bytes(bytes[8 * index..][..8].try_into().expect("the slice has 8 bytes")))
}

/// Returns four letters, for a place that has no room for more.
pub fn four(place: &str) -> u32 {
    plant(place, true);
    u32::from_le_bytes(letters(place).as_bytes()[..4].try_into().expect("the slice has 4 bytes"))
}

/// Pieces of words, with their places.
pub struct Pieces {
    pieces: HashMap<Vec<u8>, String>,
    /// The pairs of bytes with which a piece starts. They exclude nearly all positions in a dump quickly.
    begin: Vec<bool>,
}

fn beginning(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

impl Pieces {
    pub fn of(places: &Places) -> Self {
        let (mut pieces, mut begin) = (HashMap::new(), vec![false; 0x1_0000]);
        for (place, is_small) in places {
            let (ascii, wide) = (letters(place).into_bytes(), utf16(&letters(place)));
            let long = ascii.windows(PIECE).chain(wide.windows(2 * PIECE).step_by(2));
            let found: Vec<&[u8]> = if *is_small { vec![&ascii[..4]] } else { long.collect() };
            for piece in found {
                let other = pieces.insert(piece.to_vec(), place.clone());
                begin[beginning(piece)] = true;
                assert!(other.as_ref().is_none_or(|other| other == place), "{place} and {other:?} share a piece");
            }
        }
        Self { pieces, begin }
    }

    /// Returns the offset and the place of each piece that is found, in either encoding and at any offset.
    pub fn positions<'p>(&'p self, bytes: &'p [u8]) -> impl Iterator<Item = (usize, &'p str)> {
        let begins = bytes.windows(2).enumerate().filter(|(_, two)| self.begin[beginning(two)]).map(|(at, _)| at);
        begins.flat_map(move |at| {
            let pieces = [4, PIECE, 2 * PIECE].into_iter().filter_map(move |size| bytes.get(at..at + size));
            pieces.filter_map(move |piece| Some((at, self.pieces.get(piece)?.as_str())))
        })
    }

    /// Returns the places of which a piece is found.
    pub fn found(&self, bytes: &[u8]) -> BTreeSet<String> {
        self.positions(bytes).map(|(_, place)| place.to_owned()).collect()
    }
}

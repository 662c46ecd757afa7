//! The secret that is planted in the memory of processes.

/// Bytes without zeros that are not valid pointers, and a string.
const WORDS: [u8; 24] =
    *b"\xb9\x5e\xd3\x47\x9a\xe1\x8c\x65\xf2\x6b\xa7\x3d\xce\x91\x58\xe4\x77\xbd\x4a\xd8\x83\xf6\x69\xac";
const TEXT: &str = "meet me at nine, bring the key";

/// The planted contents: words, then UTF-16 text.
pub fn bytes() -> Vec<u8> {
    WORDS.into_iter().chain(TEXT.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

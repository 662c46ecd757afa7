//! Option words and flags: each can be converted to the other and back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use userdump::format::MinidumpType;
use userdump::redump::Options;

fuzz_target!(|data: &[u8]| {
    if let Some(options) = std::str::from_utf8(data).ok().and_then(|word| word.parse::<Options>().ok()) {
        comes_back(&options);
    }
    if let Some(bits) = data.first_chunk() {
        let flags = MinidumpType::from_bits_retain(u64::from_le_bytes(*bits));
        if let Ok(options) = Options::from_minidump_type(flags) {
            let mut expected = flags;
            if options.filter_is_overruled() {
                expected -= MinidumpType::FILTER_MEMORY;
            }
            if flags.contains(MinidumpType::NO_IGNORE_INACCESSIBLE_MEMORY) {
                expected -= MinidumpType::IGNORE_INACCESSIBLE_MEMORY;
            }
            if options.is_triage() {
                expected -= MinidumpType::WITH_TOKEN_INFORMATION;
            }
            assert!(options.minidump_type().contains(expected));
            comes_back(&options);
        }
    }
});

fn comes_back(options: &Options) {
    let again = options.to_string().parse::<Options>();
    // There is no letter for compressed memory.
    let again = again.map(|again| if options.is_compressed() { again.compressed() } else { again });
    assert_eq!(again.as_ref().ok(), Some(options));
    // The flags of a dump with all memory do not show that it was to be filtered, a full user dump has no flags, and a dump
    // as it is keeps those of the source.
    if !options.filter_is_overruled() && !options.is_full_user_dump() && !options.is_as_is() {
        assert_eq!(Options::from_minidump_type(options.minidump_type()).as_ref().ok(), Some(options));
    }
}

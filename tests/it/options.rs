//! The debugger's options for the contents of a dump, compared with the flags that the debugger writes.

use libtest_mimic::Trial;
use userdump::format::MinidumpType;
use userdump::redump::{Engine, Options, redump};
use userdump::{Dump, RedumpError};

use crate::support::facts::Facts;
use crate::support::{Shared, fixtures, golden, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        every_letter_has_the_flags_of_the_debugger,
        combinations_have_the_flags_of_the_debugger,
        the_debuggers_own_files_have_the_flags_of_their_options,
        the_debuggers_files_of_2026_have_the_flags_of_their_letters,
        letters_of_2026_combine_as_in_the_debugger,
        words_may_begin_in_three_ways_and_be_repeated,
        the_order_of_letters_makes_no_difference,
        options_print_the_fewest_letters,
        flags_and_letters_are_inverse_over_all_subsets,
        flags_without_a_letter_are_named,
        unknown_letters_are_named,
        words_that_are_no_options_are_named,
        every_letter_writes_a_dump,
        a_comment_is_not_a_letter,
    ]
}

/// The letters with the flags that the debugger of 2026 writes for each, from the golden dumps `letters`; `P` has no
/// flag alone, so its value is from the reference.
pub const LETTERS: [(char, u64); 21] = [
    ('a', 0x66_1826),
    ('A', 0x66_1826),
    ('f', 0x6_0002),
    ('F', 0x4_0800),
    ('h', 0x4_0004),
    ('u', 0x4_0020),
    ('t', 0x4_1000),
    ('i', 0x4_0040),
    ('p', 0x4_0100),
    ('w', 0x4_0200),
    ('d', 0x4_0001),
    ('c', 0x4_2000),
    ('e', 0xc_0000),
    ('r', 0x4_0008),
    ('R', 0x4_0080),
    ('s', 0x10_0080),
    ('y', 0x24_0000),
    ('M', 0x4_4000),
    ('D', 0x4_0000),
    ('T', 0x44_0000),
    ('N', 0x204_0000),
];
/// The letters to which the debugger of 2017 gives another meaning.
const LETTERS_2017: [(char, u64); 3] = [('a', 0x4_1826), ('A', 0x6_1826), ('f', 0x4_0002)];
/// The letters that the debugger of 2017 does not know.
const NEW: [char; 3] = ['T', 'N', 'P'];

fn parse(words: &str) -> Options {
    words.parse().unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

fn parse_2017(words: &str) -> Options {
    Options::parse_as(Engine::V2017, words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

fn flags(words: &str) -> u64 {
    parse(words).minidump_type().bits()
}

fn flags_2017(words: &str) -> u64 {
    parse_2017(words).minidump_type().bits()
}

/// The flags that the debugger of 2017 writes for each letter it knows.
fn letters_2017() -> impl Iterator<Item = (char, u64)> {
    let other = |letter| LETTERS_2017.into_iter().find(|(other, _)| *other == letter);
    LETTERS.into_iter().filter(|(letter, _)| !NEW.contains(letter)).map(move |it| other(it.0).unwrap_or(it))
}

fn every_letter_has_the_flags_of_the_debugger() {
    assert_eq!((flags("/m"), flags_2017("/m")), (0x40000, 0x40000));
    for (letter, expected) in LETTERS {
        assert_eq!(flags(&format!("/m{letter}")), expected, "{letter}");
    }
    for (letter, expected) in letters_2017() {
        assert_eq!(flags_2017(&format!("/m{letter}")), expected, "{letter} in 2017");
    }
    for letter in NEW {
        match Options::parse_as(Engine::V2017, &format!("/mA{letter}")) {
            Err(RedumpError::UnknownLetter { letter: unknown }) => assert_eq!(unknown, letter),
            other => panic!("{letter}: {other:?}"),
        }
    }
}

/// The debugger's own files of 2026, one for each letter.
fn the_debuggers_files_of_2026_have_the_flags_of_their_letters(shared: &Shared) {
    for (name, word) in golden::letters() {
        let written = Facts::of(&shared.golden(&name)).header.flags;
        assert_eq!(flags(&word), written, "{word}");
    }
    assert_eq!(golden::letters().count(), 20);
}

fn letters_of_2026_combine_as_in_the_debugger() {
    for (words, expected) in [
        ("/mAP", 0xe6_1826),
        ("/mP /mA", 0xe6_1826),
        ("/maN", 0x264_1826),
        ("/mfN", 0x204_0002),
        ("/mfFhut", 0x6_1826),
        ("/mfFhutyT", 0x66_1826),
        ("/mfr", 0x6_0002),
        ("/mar", 0x66_1826),
        ("/maR", 0x66_18a6),
        ("/mDM", 0x4_4000),
    ] {
        assert_eq!(flags(words), expected, "{words}");
        assert_eq!(parse(&parse(words).to_string()), parse(words), "{words}");
    }
    for (words, letter, message) in [
        ("/mP", 'P', "option letter 'P' is refused: it requires `A`"),
        ("/maP", 'P', "option letter 'P' is refused: it requires `A`"),
        (
            "/mC",
            'C',
            "option letter 'C' is refused: with it, the debugger leaves out the exception and all \
             threads but one; use `i` for what stacks point to",
        ),
        (
            "/mW",
            'W',
            "option letter 'W' is refused: with it, the debugger takes the data sections of only \
             some modules; use `d` for those of all modules",
        ),
    ] {
        match words.parse::<Options>() {
            Err(error @ RedumpError::RefusedLetter { letter: refused, .. }) => {
                assert_eq!((refused, error.to_string().as_str()), (letter, message));
            }
            other => panic!("{words}: {other:?}"),
        }
    }
}

fn combinations_have_the_flags_of_the_debugger() {
    for (words, expected) in [
        ("/mfFhut", 0x41826),
        ("/m /ma", 0x41826),
        ("/maA", 0x61826),
        ("/mhu", 0x40024),
        ("/miu", 0x40060),
        ("/mpw", 0x40300),
        ("/mwd", 0x40201),
        ("/mip", 0x40140),
        ("/mcd", 0x42001),
        ("/mid", 0x40041),
        ("/mtu", 0x41020),
        ("/mFu", 0x40820),
        ("/mFt", 0x41800),
        ("/mir", 0x40048),
        ("/mrp", 0x40108),
        ("/mrw", 0x40208),
        ("/mcdFhiptuw", 0x43B65),
        ("/mfFhutipwdcrRy", 0x24_3BE7),
        ("/meMD", 0xc_4000),
        // Full memory takes precedence over `r`, in either order, as the engine confirmed.
        ("/mfr", 0x40002),
        ("/mar", 0x41826),
        ("/mra", 0x41826),
        ("/mfFhutr", 0x41826),
        ("/mAr", 0x61826),
        ("/maR", 0x418A6),
    ] {
        assert_eq!(flags_2017(words), expected, "{words}");
    }
}

fn the_debuggers_own_files_have_the_flags_of_their_options() {
    let mut seen = Vec::new();
    for file in fixtures::redumps() {
        let letters = file.options.trim_start_matches("/m");
        if !letters.chars().all(|letter| letters_2017().any(|(known, _)| known == letter)) {
            continue;
        }
        let written = Facts::of(file.expected()).header.flags;
        assert_eq!(flags_2017(&file.options), written, "{} of {}", file.options, file.result);
        seen.push(file.options);
    }
    seen.sort();
    seen.dedup();
    assert!(seen.len() >= 10, "{seen:?}");
}

fn words_may_begin_in_three_ways_and_be_repeated() {
    for words in
        ["/mFt", "-mFt", "mFt", "/mF /mt", "-mt -mF", "m mF mt", " /mFt ", "\tmF\n mt", "/mFF /mtFt", "/m -mF mt"]
    {
        assert_eq!(parse(words), parse("/mFt"), "{words:?}");
    }
    assert_eq!((parse("m"), parse("-m")), (Options::new(), Options::default()));
}

fn the_order_of_letters_makes_no_difference() {
    let all = LETTERS.iter().map(|(letter, _)| *letter);
    // Some letters cannot be combined.
    let mut letters: Vec<char> = all.filter(|letter| !['A', 's'].contains(letter)).collect();
    let expected = parse(&format!("/m{}", letters.iter().collect::<String>()));
    for turn in 0..letters.len() {
        letters.rotate_left(1);
        let word: String = letters.iter().collect();
        let back: String = letters.iter().rev().collect();
        assert_eq!((parse(&format!("/m{word}")), parse(&format!("/m{back}"))), (expected.clone(), expected.clone()));
        // Split into two words at every position.
        let (first, second) = word.split_at(turn);
        assert_eq!(parse(&format!("/m{second} -m{first}")), expected);
    }
}

fn options_print_the_fewest_letters() {
    for (words, printed) in [
        ("m", "/m"),
        ("-m /m", "/m"),
        ("ma", "/ma"),
        ("/mfFhut", "/mfFhut"),
        ("/mtuhFfTy", "/ma"),
        ("/maf", "/ma"),
        ("/maA", "/ma"),
        ("/mAfFhut", "/ma"),
        ("/mAP", "/mAP"),
        ("/maN", "/maN"),
        ("/mD", "/m"),
        ("/mtF", "/mFt"),
        ("/mfFhu", "/mfFhu"),
        ("/mia", "/mai"),
        ("/mydcA", "/madc"),
        ("/mecM", "/mceM"),
        ("/mRr", "/mrR"),
        ("/mcdFhiptuw", "/mFhutipwdc"),
    ] {
        assert_eq!(parse(words).to_string(), printed, "{words}");
    }
    for (letter, _) in LETTERS.iter().filter(|(letter, _)| !['A', 'D'].contains(letter)) {
        assert_eq!(parse(&format!("m{letter}")).to_string(), format!("/m{letter}"));
    }
    for (words, printed) in [("/mfFhut", "/ma"), ("/mAfFhut", "/mA"), ("/maA", "/mA"), ("/mydcA", "/mAdcy")] {
        assert_eq!(parse_2017(words).to_string(), printed, "{words} in 2017");
    }
}

fn flags_and_letters_are_inverse_over_all_subsets() {
    // `D` has no flag, and `A` is equal to `a`.
    let letters: Vec<_> = LETTERS.into_iter().filter(|(letter, _)| !['A', 'D'].contains(letter)).collect();
    inverse(Engine::V2026, &letters);
    let letters: Vec<_> = letters_2017().filter(|(letter, _)| *letter != 'D').collect();
    inverse(Engine::V2017, &letters);
}

/// A triage dump, and one with extended contexts.
const TRIAGE: u64 = 0x10_0080;
const TOGETHER: u64 = 0x30_0000;

fn inverse(engine: Engine, letters: &[(char, u64)]) {
    // Each subset of half of the letters with each of a few of the others, so that all pairs occur.
    for subset in 0..1u32 << letters.len() {
        if subset.count_ones() > 4 && subset.count_ones() + 3 < letters.len() as u32 {
            continue;
        }
        let chosen = || letters.iter().enumerate().filter(|(index, _)| subset >> index & 1 == 1).map(|(_, it)| it);
        let word: String = "/m".chars().chain(chosen().map(|(letter, _)| *letter)).collect();
        let bits = chosen().fold(0, |bits, (_, flags)| bits | flags);
        if bits & TOGETHER == TOGETHER {
            let refused = Options::parse_as(engine, &word);
            assert!(matches!(refused, Err(RedumpError::RefusedLetter { letter: 's', .. })), "{word}");
            continue;
        }
        let is_triage = bits & TRIAGE == TRIAGE;
        let bits = if is_triage { bits & !0x40000 } else { bits | 0x40000 };
        let options = Options::parse_as(engine, &word).unwrap_or_else(|error| panic!("{word}: {error}"));
        let overruled = if bits & 2 != 0 && !is_triage { bits & 8 } else { 0 };
        let stopped = if bits & 0x200_0000 != 0 { 0x2_0000 } else { 0 };
        assert_eq!(options.minidump_type().bits(), bits & !overruled & !stopped, "{word}");
        assert_eq!(options.filter_is_overruled(), overruled != 0, "{word}");
        for token in [0, 0x40000] {
            let flags = MinidumpType::from_bits_retain(bits & !0x40000 & !stopped | token);
            let back = Options::from_minidump_type_as(engine, flags).unwrap_or_else(|error| panic!("{word}: {error}"));
            assert_eq!(back, options, "{word}");
        }
        assert_eq!(Options::parse_as(engine, &options.to_string()).ok().as_ref(), Some(&options), "{word}");
        assert_eq!(Options::parse_letters(engine, &word).ok().as_ref(), Some(&options), "{word}");
    }
}

fn flags_without_a_letter_are_named() {
    let unsupported_as = |engine, bits: u64, added: u64| match Options::from_minidump_type_as(
        engine,
        MinidumpType::from_bits_retain(bits),
    ) {
        Err(RedumpError::UnsupportedFlags { bits }) => Some(bits),
        Ok(options) => {
            let token = if bits & TRIAGE == 0x10_0000 { 0x80 } else { 0x40000 };
            assert_eq!(options.minidump_type().bits(), bits | token | added);
            None
        }
        Err(other) => panic!("{bits:#x}: {other}"),
    };
    let unsupported_2017 = |bits| unsupported_as(Engine::V2017, bits, 0);
    let unsupported = |bits: u64| unsupported_as(Engine::V2026, bits, if bits & 2 != 0 { 0x2_0000 } else { 0 });
    // One bit at a time: those of letters, the token's, and all others.
    let covered_2017 = [0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 19, 20, 21, 26];
    let covered: Vec<u32> = covered_2017.into_iter().chain([22, 25]).collect();
    for bit in 0..64 {
        assert_eq!(unsupported_2017(1 << bit), (!covered_2017.contains(&bit)).then_some(1 << bit), "bit {bit} in 2017");
        assert_eq!(unsupported(1 << bit), (!covered.contains(&bit)).then_some(1 << bit), "bit {bit}");
    }
    // The bit that `A` adds to `a` means nothing without the other bits.
    for (flags, rest) in [
        (0x2_0000, Some(0x2_0000)),
        (0x2_0002, Some(0x2_0000)),
        (0x6_1806, Some(0x2_0000)),
        (0x6_1826, None),
        (0x6_1827, None),
        (0x4_1836, Some(0x10)),
        // The compressed memory of `A`, and with the flag that no such dump has.
        (0x406_1824, None),
        (0x406_1820, Some(0x2_0000)),
        (0x400_0002, Some(0x400_0000)),
        (0x80_0000_0004_1C36, Some(0x80_0000_0000_0410)),
        (!0x10_0000, Some(!0x3E_7BEF)),
    ] {
        assert_eq!(unsupported_2017(flags), rest, "{flags:#x} in 2017");
    }
    // It implies full memory, as in `MiniDumpWriteDump`; partial pages require all of `A`.
    for (flags, rest) in [
        (0x2_0000, Some(0x2_0000)),
        (0x2, None),
        (0x4_1826, None),
        (0x6_1827, None),
        (0x80_0002, Some(0x80_0000)),
        (0xe6_1826, None),
        (0x4_1836, Some(0x10)),
    ] {
        assert_eq!(unsupported(flags), rest, "{flags:#x}");
    }
    let error = Options::from_minidump_type(MinidumpType::from_bits_retain(0x1_0012)).expect_err("it has other bits");
    assert_eq!(error.to_string(), "there is no option letter for the bits 0x10010 of MINIDUMP_TYPE");
}

fn unknown_letters_are_named() {
    for (words, unknown) in [
        ("/mb", 'b'),
        ("/mfbx", 'b'),
        ("/maX", 'X'),
        ("/m /mq", 'q'),
        ("/m?", '?'),
        ("/mm", 'm'),
        ("/ma/o", '/'),
        ("m-a", '-'),
        ("/mfé", 'é'),
        // Letters are case-sensitive.
        ("/mH", 'H'),
        ("/mU", 'U'),
        ("/mI", 'I'),
        ("/mY", 'Y'),
    ] {
        match words.parse::<Options>() {
            Err(RedumpError::UnknownLetter { letter }) => assert_eq!(letter, unknown, "{words}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    let error = "/mfz".parse::<Options>().expect_err("z is not a letter");
    assert_eq!(error.to_string(), "unknown option letter 'z'");
}

fn words_that_are_no_options_are_named() {
    for (words, named) in [
        ("", ""),
        ("  ", "  "),
        ("/", "/"),
        ("-", "-"),
        ("a", "a"),
        ("fFhut", "fFhut"),
        ("/Ma", "/Ma"),
        ("M", "M"),
        ("//m", "//m"),
        ("--ma", "--ma"),
        ("+m", "+m"),
        ("/ma /f", "/f"),
        ("/f /m", "/f"),
        ("/f /f", "/f"),
        ("/ff", "/ff"),
        ("/fm", "/fm"),
        ("/F", "/F"),
        ("//f", "//f"),
        ("/o /ma", "/o"),
        ("/ma file.dmp", "file.dmp"),
    ] {
        match words.parse::<Options>() {
            Err(RedumpError::OptionWord { word }) => assert_eq!(word, named, "{words:?}"),
            other => panic!("{words:?}: {other:?}"),
        }
    }
    // What is not made of letters.
    for words in ["/f", "f", "/as-is", "as-is"] {
        match Options::parse_letters(Engine::default(), words) {
            Err(RedumpError::OptionWord { word }) => assert_eq!(word, words),
            other => panic!("{words:?}: {other:?}"),
        }
    }
    let error = "/o".parse::<Options>().expect_err("it has no m");
    assert_eq!(error.to_string(), "\"/o\" is not an option: expected `/m` followed by letters, or only `/f`");
}

fn every_letter_writes_a_dump() {
    let dump = Dump::parse(fixtures::get("synth/stacks.dmp")).expect("it is a minidump");
    for letters in
        LETTERS.iter().map(|(letter, _)| letter.to_string()).chain(["".to_owned(), "fFhut".to_owned(), "hu".to_owned()])
    {
        let word = format!("/m{letters}");
        let mut file = Vec::new();
        let report = redump(&dump, &parse(&word), &mut file).unwrap_or_else(|error| panic!("{word}: {error}"));
        assert_eq!(report.size, file.len() as u64);
        assert_eq!(Facts::of(&file).header.flags, flags(&word), "{word}");
    }
}

fn a_comment_is_not_a_letter() {
    let options = parse("/mF").with_comment("text");
    assert_eq!((options.comment(), options.to_string().as_str()), (Some("text"), "/mF"));
    assert_eq!((parse("/mF").comment(), options.minidump_type().bits()), (None, 0x40800));
    assert_ne!(options, parse("/mF"));
    let dump = Dump::parse(fixtures::QUICK_START).expect("it is a minidump");
    let mut file = Vec::new();
    redump(&dump, &options, &mut file).expect("it can be done");
    let facts = Facts::of(&file);
    let comments: Vec<_> = facts.directory.iter().filter(|it| it.kind == 11).collect();
    assert_eq!(comments.len(), 1);
    assert_eq!(facts.blob(comments[0].rva, comments[0].size.into()).0, b"t\0e\0x\0t\0\0\0");
}

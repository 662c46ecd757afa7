//! The debugger's words for what a dump shall hold, against the numbers that the debugger itself writes.

use libtest_mimic::Trial;
use userdump::format::MinidumpType;
use userdump::redump::{Options, redump};
use userdump::{Dump, RedumpError};

use crate::support::facts::Facts;
use crate::support::{fixtures, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        every_letter_has_the_flags_of_the_debugger,
        combinations_have_the_flags_of_the_debugger,
        the_debuggers_own_files_have_the_flags_of_their_options,
        words_may_begin_in_three_ways_and_be_repeated,
        the_order_of_letters_makes_no_difference,
        options_print_the_fewest_letters,
        flags_and_letters_are_inverse_over_all_subsets,
        flags_without_a_letter_are_named,
        unknown_letters_are_named,
        words_that_are_no_options_are_named,
        every_letter_writes_a_dump,
        a_comment_is_no_letter,
    ]
}

/// The letters that the debugger documents, with the flags that it writes for each.
const LETTERS: [(char, u64); 15] = [
    ('a', 0x41826),
    ('A', 0x61826),
    ('f', 0x40002),
    ('F', 0x40800),
    ('h', 0x40004),
    ('u', 0x40020),
    ('t', 0x41000),
    ('i', 0x40040),
    ('p', 0x40100),
    ('w', 0x40200),
    ('d', 0x40001),
    ('c', 0x42000),
    ('r', 0x40008),
    ('R', 0x40080),
    ('y', 0x24_0000),
];

fn parse(words: &str) -> Options {
    words.parse().unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

fn flags(words: &str) -> u64 {
    parse(words).minidump_type().bits()
}

fn every_letter_has_the_flags_of_the_debugger() {
    assert_eq!(flags("/m"), 0x40000);
    for (letter, expected) in LETTERS {
        assert_eq!(flags(&format!("/m{letter}")), expected, "{letter}");
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
        // Full memory wins over `r`, whichever letter comes first; asked of the engine.
        ("/mfr", 0x40002),
        ("/mar", 0x41826),
        ("/mra", 0x41826),
        ("/mfFhutr", 0x41826),
        ("/mAr", 0x61826),
        ("/maR", 0x418A6),
    ] {
        assert_eq!(flags(words), expected, "{words}");
    }
}

/// Letters that the debugger takes but does not document are none of ours.
fn the_debuggers_own_files_have_the_flags_of_their_options() {
    let mut seen = Vec::new();
    for file in fixtures::redumps() {
        let letters = file.options.trim_start_matches("/m");
        if !letters.chars().all(|letter| LETTERS.iter().any(|(known, _)| *known == letter)) {
            continue;
        }
        let written = Facts::of(file.expected()).header.flags;
        assert_eq!(flags(&file.options), written, "{} of {}", file.options, file.result);
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
    let mut letters: Vec<char> = LETTERS.iter().map(|(letter, _)| *letter).filter(|letter| *letter != 'A').collect();
    let expected = parse(&format!("/m{}", letters.iter().collect::<String>()));
    for turn in 0..letters.len() {
        letters.rotate_left(1);
        let word: String = letters.iter().collect();
        let back: String = letters.iter().rev().collect();
        assert_eq!((parse(&format!("/m{word}")), parse(&format!("/m{back}"))), (expected.clone(), expected.clone()));
        // Parted into two words anywhere.
        let (first, second) = word.split_at(turn);
        assert_eq!(parse(&format!("/m{second} -m{first}")), expected);
    }
}

fn options_print_the_fewest_letters() {
    for (words, printed) in [
        ("m", "/m"),
        ("-m /m", "/m"),
        ("ma", "/ma"),
        ("/mfFhut", "/ma"),
        ("/mtuhFf", "/ma"),
        ("/maf", "/ma"),
        ("/maA", "/mA"),
        ("/mAfFhut", "/mA"),
        ("/mtF", "/mFt"),
        ("/mfFhu", "/mfFhu"),
        ("/mia", "/mai"),
        ("/mydcA", "/mAdcy"),
        ("/mRr", "/mrR"),
        ("/mcdFhiptuw", "/mFhutipwdc"),
    ] {
        assert_eq!(parse(words).to_string(), printed, "{words}");
    }
    for (letter, _) in LETTERS {
        assert_eq!(parse(&format!("m{letter}")).to_string(), format!("/m{letter}"));
    }
}

fn flags_and_letters_are_inverse_over_all_subsets() {
    for subset in 0..1u32 << LETTERS.len() {
        let chosen = || LETTERS.iter().enumerate().filter(|(index, _)| subset >> index & 1 == 1).map(|(_, it)| it);
        let word: String = "/m".chars().chain(chosen().map(|(letter, _)| *letter)).collect();
        let bits = chosen().fold(0x40000, |bits, (_, flags)| bits | flags);
        let options = parse(&word);
        let overruled = if bits & 2 != 0 { bits & 8 } else { 0 };
        assert_eq!(options.minidump_type().bits(), bits & !overruled, "{word}");
        assert_eq!(options.filter_is_overruled(), overruled != 0, "{word}");
        for token in [0, 0x40000] {
            let flags = MinidumpType::from_bits_retain(bits & !0x40000 | token);
            let back = Options::from_minidump_type(flags).unwrap_or_else(|error| panic!("{word}: {error}"));
            assert_eq!(back, options, "{word}");
        }
        assert_eq!(parse(&options.to_string()), options, "{word}");
    }
}

fn flags_without_a_letter_are_named() {
    let unsupported = |bits: u64| match Options::from_minidump_type(MinidumpType::from_bits_retain(bits)) {
        Err(RedumpError::UnsupportedFlags { bits }) => Some(bits),
        Ok(options) => {
            assert_eq!(options.minidump_type().bits(), bits | 0x40000);
            None
        }
        Err(other) => panic!("{bits:#x}: {other}"),
    };
    // One bit after the other: those of letters, the token's, that of compressed memory, and all others.
    let covered = [0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 18, 21, 26];
    for bit in 0..64 {
        assert_eq!(unsupported(1 << bit), (!covered.contains(&bit)).then_some(1 << bit), "bit {bit}");
    }
    // The bit that `A` adds to `a` means nothing without the rest of it.
    for (flags, rest) in [
        (0x2_0000, Some(0x2_0000)),
        (0x2_0002, Some(0x2_0000)),
        (0x6_1806, Some(0x2_0000)),
        (0x6_1826, None),
        (0x6_1827, None),
        (0x4_1836, Some(0x10)),
        // Compressed memory of `A`, and with the flag that no dump has beside it.
        (0x406_1824, None),
        (0x406_1820, Some(0x2_0000)),
        (0x400_0002, Some(0x400_0000)),
        (0x80_0000_0004_1C36, Some(0x80_0000_0000_0410)),
        (u64::MAX, Some(!0x26_3BEF)),
    ] {
        assert_eq!(unsupported(flags), rest, "{flags:#x}");
    }
    let error = Options::from_minidump_type(MinidumpType::from_bits_retain(0x8_0012)).expect_err("it has other bits");
    assert_eq!(error.to_string(), "no option letter stands for the bits 0x80010 of MINIDUMP_TYPE");
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
        // The debugger takes these, but says nothing about them.
        ("/me", 'e'),
        ("/mC", 'C'),
        ("/ms", 's'),
        ("/mM", 'M'),
        ("/mD", 'D'),
        ("/mW", 'W'),
        // Letters of another case are other letters.
        ("/mH", 'H'),
        ("/mU", 'U'),
        ("/mT", 'T'),
        ("/mI", 'I'),
        ("/mP", 'P'),
        ("/mY", 'Y'),
    ] {
        match words.parse::<Options>() {
            Err(RedumpError::UnknownLetter { letter }) => assert_eq!(letter, unknown, "{words}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    let error = "/mfz".parse::<Options>().expect_err("z is no letter");
    assert_eq!(error.to_string(), "option letter 'z' is not known");
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
    let error = "/o".parse::<Options>().expect_err("it has no m");
    assert_eq!(error.to_string(), "\"/o\" is no option: `/m` and letters are expected, or `/f` alone");
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

fn a_comment_is_no_letter() {
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

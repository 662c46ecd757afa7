//! The module as the page uses it, on the host.

use serde_json::Value;
use userdump::format::context::ContextLayout;
use userdump::format::{MinidumpType, PlatformId, ProcessorArchitecture, StreamType};
use userdump::redump::{Options, redump};
use userdump::write::{ContextBuilder, MemoryRange, Module, SystemInfo, Thread};
use userdump::{Dump, MinidumpBuilder};

use crate::page::Page;

const QUICK_START: &[u8] = include_bytes!("../../../tests/fixtures/quick-start.dmp");
const USER_DUMP: &[u8] = include_bytes!("../../../tests/fixtures/full-user-dump.dmp");

type Call = fn(&mut Page) -> Result<Vec<u8>, String>;

/// Calls the page with an input; an error is its message.
fn call(page: &mut Page, call: Call, input: &[u8]) -> Result<Vec<u8>, String> {
    page.input(input.len()).unwrap().copy_from_slice(input);
    let status = page.answer(call);
    let output = page.output().to_vec();
    if status == 0 { Ok(output) } else { Err(String::from_utf8(output).unwrap()) }
}

fn json(page: &mut Page, function: Call, input: &[u8]) -> Value {
    serde_json::from_slice(&call(page, function, input).unwrap()).unwrap()
}

fn opened(dump: &[u8]) -> Page {
    let mut page = Page::default();
    call(&mut page, Page::open, dump).unwrap();
    page
}

#[test]
fn the_contents_are_those_of_dumpchk() {
    let mut page = Page::default();
    let contents = json(&mut page, Page::open, QUICK_START);
    assert_eq!(contents["heading"][1], "amd64 on windows 6.1.7601 Service Pack 1, process 288");
    let exception = &contents["exceptions"][0];
    assert_eq!(exception["reason"], "ACCESS_VIOLATION (0xc0000005) writing 0x1234");
    assert_eq!((&exception["thread"], &exception["place"]), (&0x124.into(), &"victim.exe+0x179a".into()));
    let counts = ["threads", "modules", "streams", "findings"].map(|table| contents[table]["count"].as_u64().unwrap());
    assert_eq!(counts, [5, 4, 12, 0]);
    let thread = &contents["threads"]["rows"][0];
    assert_eq!((&thread["place"], &thread["has_exception"]), (&"victim.exe+0x179a".into(), &true.into()));
    assert_eq!(contents["modules"]["rows"][3]["version"], "6.1.7601.24059");
    assert!(contents["text"].as_str().unwrap().ends_with("no findings\n"));

    let contents = json(&mut page, Page::open, USER_DUMP);
    assert!(contents["heading"][0].as_str().unwrap().ends_with("USERDU64"));
}

#[test]
fn results_are_those_of_the_library() {
    let cases = [("/m", "/m"), ("/mFhut", "/mFhut"), ("/mirR", "/mirR"), ("/f", "/f"), ("--compress /ma", "/ma")];
    for source in [QUICK_START, USER_DUMP] {
        let mut page = opened(source);
        for (words, letters) in cases {
            let mut options: Options = letters.parse().unwrap();
            if words.contains("--compress") {
                options = options.compressed();
            }
            let mut wanted = Vec::new();
            let report = redump(&Dump::parse(source).unwrap(), &options, &mut wanted).unwrap();
            let plan = json(&mut page, Page::plan, words.as_bytes());
            assert_eq!(
                (plan["size"].as_u64(), plan["memory_bytes"].as_u64()),
                (Some(report.size), Some(report.memory_bytes))
            );
            assert_eq!(call(&mut page, Page::write, words.as_bytes()).unwrap(), wanted, "{words}");
        }
    }
}

#[test]
fn errors_are_messages() {
    let mut page = Page::default();
    assert_eq!(call(&mut page, Page::plan, b"/m").unwrap_err(), "no dump is open");
    let message = |bytes: &[u8]| call(&mut Page::default(), Page::open, bytes).unwrap_err();
    for bytes in [&[][..], b"PK\x03\x04 and more than four bytes of an archive", QUICK_START.get(..10).unwrap()] {
        assert_eq!(message(bytes), Dump::parse(bytes).unwrap_err().to_string());
    }
    // What is not a dump replaces the one before.
    let mut page = opened(QUICK_START);
    assert_eq!(call(&mut page, Page::write, b"/m --walks").unwrap_err(), "\"--walks\" is not an option");
    assert!(call(&mut page, Page::write, b"/mQ").unwrap_err().contains('Q'));
    assert!(call(&mut page, Page::plan, b"/f --compress").unwrap_err().contains("compressed memory"));
    call(&mut page, Page::open, b"text").unwrap_err();
    assert_eq!(call(&mut page, Page::write, b"/m").unwrap_err(), "no dump is open");
}

/// A dump with a word in each place that the page speaks of, and the matter that the word belongs to.
fn planted() -> (Vec<u8>, [(&'static str, &'static str); 5]) {
    let (stack_word, module, typed) = ("on-the-stack", "C:\\Users\\anna\\app\\app.exe", "typed-comment");
    let mut stack = vec![0; 4096];
    stack[0x900..0x900 + stack_word.len()].copy_from_slice(stack_word.as_bytes());
    let mut dump = MinidumpBuilder::new();
    dump.flags(MinidumpType::empty());
    dump.add(SystemInfo::new(ProcessorArchitecture::AMD64, PlatformId::WIN32_NT).version(10, 0, 19045));
    dump.add(Module::new(0x1_4000_0000, 0x2_0000, module));
    let mut registers = ContextBuilder::new(&ContextLayout::AMD64);
    registers.register("rip", 0x1_4000_1000).register("rsp", 0x10_0800);
    let thread = Thread::new(100).name("thread-name").context(registers);
    dump.add(thread.stack_memory(MemoryRange::borrowed(0x10_0000, &stack)));
    dump.comment(typed);
    dump.stream(StreamType::LINUX_CMD_LINE, b"app\0--command-word\0".to_vec());
    let mut file = Vec::new();
    dump.plan().unwrap().write_to(&mut file).unwrap();
    let words = [
        ("Text and numbers on stacks", stack_word),
        ("Folders, and user names in them", "anna"),
        ("Comments, annotations, unknown streams", typed),
        ("Command line and environment variables", "command-word"),
        ("Names of threads", "thread-name"),
    ];
    (file, words)
}

#[test]
fn what_is_said_to_stay_stays_and_the_rest_is_gone() {
    let (file, planted) = planted();
    let has = |bytes: &[u8], word: &str| {
        let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [word.as_bytes(), &wide].iter().any(|form| bytes.windows(form.len()).any(|window| window == *form))
    };
    let mut page = opened(&file);
    let mut seen = [[false; 2]; 5];
    for words in ["/m", "/mr", "/mR", "/mrR", "/ms", "/mf", "/mfr", "/mfs", "/mp", "/f", "--walk /mrR", "--managed /m"]
    {
        let result = call(&mut page, Page::write, words.as_bytes()).unwrap();
        let plan = json(&mut page, Page::plan, words.as_bytes());
        for ((what, word), seen) in planted.iter().zip(&mut seen) {
            assert!(has(&file, word), "{word} is not in the source");
            let matter = plan["privacy"].as_array().unwrap().iter().find(|matter| matter["what"] == *what);
            let state =
                matter.unwrap_or_else(|| panic!("{words}: nothing is said about {what}"))["state"].as_str().unwrap();
            let is_there = has(&result, word);
            match state {
                "stays" => assert!(is_there, "{words}: {what} is said to stay"),
                "gone" => assert!(!is_there, "{words}: {what} is said to be gone"),
                // It depends on the memory.
                _ => assert_eq!(state, "partly"),
            }
            seen[usize::from(is_there)] = true;
        }
    }
    assert_eq!(seen, [[true; 2]; 5], "a word is always or never in the result");
}

#[test]
fn what_remains_readable_is_listed() {
    let (file, _) = planted();
    let mut page = opened(&file);
    let texts = |page: &mut Page, words: &[u8]| -> Vec<String> {
        let strings = json(page, Page::strings, words);
        strings["rows"].as_array().unwrap().iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect()
    };
    let all = texts(&mut page, b"/m");
    for text in ["C:\\Users\\anna\\app\\app.exe", "typed-comment", "--command-word", "on-the-stack"] {
        assert!(all.iter().any(|found| found == text), "{text} is not among {all:?}");
    }
    assert_eq!(texts(&mut page, b"/mrR"), ["app.exe", "thread-name"]);
}

#[test]
fn folders_of_users_are_examples() {
    let (file, _) = planted();
    let plan = json(&mut opened(&file), Page::plan, b"/m");
    let matters = plan["privacy"].as_array().unwrap();
    let folders = matters.iter().find(|matter| matter["what"] == "Folders, and user names in them").unwrap();
    assert_eq!(folders["examples"], serde_json::json!(["C:\\Users\\anna\\app"]));
}

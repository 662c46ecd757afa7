//! One folder in every spelling, encoding, alignment and place: all of it is removed, and everything else is kept.

use libtest_mimic::Trial;

use super::code_pages::ROWS;
use super::{CRASHPAD_INFO, LINUX_CMD_LINE, LINUX_ENVIRON, USER_STREAM, unfolded_metadata};
use crate::support::cpu::Cpu;
use crate::support::facts::Facts;
use crate::support::redumped::{Redumped, parsed};
use crate::support::{Shared, shared_trial, trials};
use crate::synth::{Dump, Handle, MiscInfo, Module, ObjectInfo, Thread, kind};

pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        folders_are_hidden_in_every_spelling_and_place,
        folders_are_hidden_in_every_code_page,
        a_path_in_a_code_page_hides_its_folder_in_unicode,
        users_are_hidden_wherever_they_are_between_separators,
        folders_of_one_component_are_found_after_every_root,
        relative_folders_are_hidden,
        texts_without_folders_stay_byte_for_byte,
        random_bytes_stay_byte_for_byte,
    ];
    trials.push(shared_trial("redump_folders::spellings::a_shared_file", shared_folders));
    trials
}

const LETTERS: [&str; 14] = [
    "/mR",
    "/mfR",
    "/mFR",
    "/mhR",
    "/mtR",
    "/muR",
    "/miR",
    "/mpR",
    "/mwR",
    "/mdR",
    "/mcR",
    "/myR",
    "/mrR",
    "/mhutFipwdcyR",
];

const FEW: [&str; 2] = ["/mhR", "/mrR"];

/// Folder, its part after the drive, and the user name in it.
const FOLDERS: [(&str, &str, &str); 9] = [
    ("C:\\Users\\MixedCase\\SeCrEt", "\\Users\\MixedCase\\SeCrEt", "MixedCase"),
    ("C:\\Users\\José Müller\\Größe", "\\Users\\José Müller\\Größe", "José Müller"),
    ("D:\\Users\\Иван Петров\\Проект Ёж", "\\Users\\Иван Петров\\Проект Ёж", "Иван Петров"),
    ("C:\\Documents and Settings\\Γιώργος\\Μυστικός", "\\Documents and Settings\\Γιώργος\\Μυστικός", "Γιώργος"),
    ("C:\\Users\\Işıl Çağrı\\GİZLİ iş", "\\Users\\Işıl Çağrı\\GİZLİ iş", "Işıl Çağrı"),
    ("E:\\home\\田中表示\\ﾊﾟｽ能力", "\\home\\田中表示\\ﾊﾟｽ能力", "田中表示"),
    ("\\\\server\\Users\\안녕\\비밀", "\\server\\Users\\안녕\\비밀", "안녕"),
    ("/home/jane/Geheimnis", "/home/jane/Geheimnis", "jane"),
    ("/home/𐐷𐐯/𝒳 project", "/home/𐐷𐐯/𝒳 project", "𐐷𐐯"),
];

/// Ways to write a path, for any encoding: `root` is the drive, `rest` the remaining path.
fn spellings(root: &str, rest: &str) -> Vec<(String, String)> {
    let slashes = rest.replace('\\', "/");
    let backslashes = rest.replace('/', "\\");
    let mixed = slashes.replacen('/', "\\", 1);
    let doubled = backslashes.replace('\\', "\\\\");
    let mut all = vec![
        (root.to_owned(), rest.to_owned()),
        (root.to_lowercase(), rest.to_lowercase()),
        (root.to_uppercase(), rest.to_uppercase()),
        (root.to_owned(), title_case(rest)),
        (root.to_owned(), slashes.clone()),
        (root.to_owned(), mixed),
        (root.to_owned(), doubled.clone()),
        (root.to_owned(), doubled.replace('\\', "\\\\")),
        (root.to_owned(), slashes.replace('/', "\\/")),
        (root.to_owned(), json(&doubled)),
        (root.to_owned(), json(&slashes)),
        ("\\Device\\HarddiskVolume3".to_owned(), backslashes.clone()),
        (format!("\\\\?\\{root}"), backslashes.clone()),
        (format!("\\??\\{root}"), backslashes.clone()),
        (format!("\\\\.\\{root}"), backslashes.clone()),
        ("\\\\?\\Volume{1234-5678}".to_owned(), backslashes.clone()),
        ("\\\\localhost\\C$".to_owned(), backslashes.clone()),
        ("/cygdrive/c".to_owned(), slashes.clone()),
        (format!("file:///{root}"), percent(&slashes, |char| char.is_ascii_graphic())),
        (format!("file:///{}", root.replace(':', "%3A")), percent(&slashes, |char| char.is_ascii_lowercase())),
        (format!("file:///{}", root.replace(':', "|")), percent(&slashes, |_| false)),
    ];
    all.dedup();
    all
}

fn title_case(text: &str) -> String {
    let mut upper = false;
    let swap = |char: char| {
        upper = !upper;
        if upper { char.to_uppercase().collect::<String>() } else { char.to_lowercase().collect() }
    };
    text.chars().map(swap).collect()
}

/// Escapes non-ASCII characters as JSON does.
fn json(text: &str) -> String {
    let escaped = |char: char| match char.is_ascii() {
        true => char.to_string(),
        false => char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    text.chars().map(escaped).collect()
}

fn percent(text: &str, stays: fn(char) -> bool) -> String {
    let escaped = |char: char| match stays(char) {
        true => char.to_string(),
        false => char.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02x}")).collect(),
    };
    text.chars().map(escaped).collect()
}

type Encode = fn(&str) -> Vec<u8>;

const UTF8: Encode = |text| text.as_bytes().to_vec();
const UTF16: Encode = |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
const UTF16_BE: Encode = |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect();

/// Maps each byte to a character: searching text is faster than searching bytes.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn count(text: &str, part: &[u8]) -> usize {
    text.matches(&latin(part)).count()
}

/// A text, the part of it that must be removed, and the part that must be kept.
struct Canary {
    text: Vec<u8>,
    gone: Vec<u8>,
    kept: Vec<u8>,
}

impl Canary {
    fn new(encode: Encode, [before, gone, kept]: [&str; 3]) -> Self {
        let [before, gone, kept] = [before, gone, kept].map(encode);
        Self { text: [before, gone.clone(), kept.clone()].concat(), gone, kept }
    }
}

fn canaries(folder: &str, rest: &str, user: &str, encode: Encode) -> Vec<Canary> {
    let root = folder.strip_suffix(rest).expect("it ends so");
    let mut all = Vec::new();
    for (root, rest) in spellings(root, rest) {
        all.push(Canary::new(encode, [&root, &rest, "\\kept one.txt"]));
    }
    for user in [user.to_owned(), user.to_uppercase(), user.to_lowercase()] {
        for [before, after] in [["X:\\other\\", "\\kept.txt"], ["/mnt/", "/kept"], ["F:\\\\x\\\\", "\\\\kept"]] {
            all.push(Canary::new(encode, [before, &user, after]));
        }
    }
    all
}

/// All texts one after the other, at positions of every alignment.
fn joined(canaries: &[Canary]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (canary, pad) in canaries.iter().flat_map(|canary| (0..2).map(move |pad| (canary, pad))) {
        // Both options end a text at its first NUL.
        bytes.resize(bytes.len() / 2 * 2 + 4 + pad, 1);
        bytes.extend_from_slice(&canary.text);
    }
    bytes.extend_from_slice(&[1; 4]);
    bytes
}

/// A dump with a module at a path, and with `bytes` in every place that can hold any bytes.
fn places_for_bytes(path: &str, bytes: &[u8]) -> Dump {
    let object = ObjectInfo { kind: 1, bytes: bytes.to_vec() };
    let dump = dump_with(path)
        .handle(Handle { objects: vec![object], ..Handle::new(8, "File") })
        .module(Module::new(0x60_0000, 0x1000, "unknown").code_view([b"????", bytes].concat()))
        .raw(LINUX_CMD_LINE, bytes)
        .raw(LINUX_ENVIRON, bytes)
        .raw(USER_STREAM, bytes)
        .raw(0x7777, bytes);
    if bytes.contains(&0) {
        return dump;
    }
    // A text ends at its first NUL.
    let annotation = bytes.to_vec();
    dump.raw(kind::COMMENT_A, bytes).written(CRASHPAD_INFO, move |dump| {
        let [start, end, key, text] = std::array::from_fn(|_| dump.label());
        dump.u32(1).zeros(32).location(start, end).zeros(20);
        dump.place(start).u32(1).rva(key).rva(text).place(end).place(key).u32(1).raw(b"k").u8(0).place(text);
        dump.u32(annotation.len() as u32).raw(&annotation).u8(0);
    })
}

fn dump_with(path: &str) -> Dump {
    Dump::new().system_info(Cpu::AMD64.windows()).thread(Thread::new(1)).module(Module::new(0x40_0000, 0x1000, path))
}

/// Re-encodes, and checks what must and what must not be in the result.
fn check(what: &str, source: &[u8], canaries: &[Canary], letters: &[&str]) {
    for letters in letters {
        let with = latin(&unfolded_metadata(&Redumped::once(source, &parsed(letters)).bytes));
        let without = latin(&Redumped::once(source, &parsed(&letters.replace('R', ""))).bytes);
        for (canary, index) in canaries.iter().zip(0..) {
            let text = String::from_utf8_lossy(&canary.text);
            assert_eq!(count(&with, &canary.gone), 0, "{what}, {letters}: folder is left, number {index}: {text:?}");
            assert_eq!(count(&with, &canary.kept), count(&without, &canary.kept), "{what}, {letters}: {text:?}");
            assert!(letters.contains('r') || count(&without, &canary.gone) > 0, "{what}, {letters}: {text:?}");
        }
    }
}

fn folders_are_hidden_in_every_spelling_and_place() {
    for (folder, rest, user) in FOLDERS {
        let path = format!("{folder}/app.exe");
        for (encode, name) in [(UTF8, "UTF-8"), (UTF16, "UTF-16"), (UTF16_BE, "UTF-16 big-endian")] {
            let canaries = canaries(folder, rest, user, encode);
            let source = places_for_bytes(&path, &joined(&canaries)).build();
            let letters = if user == "José Müller" { &LETTERS[..] } else { &FEW };
            check(&format!("{folder} in {name}"), &source, &canaries, letters);
        }
        // Places that can only hold text.
        for canary in canaries(folder, rest, user, |text| text.as_bytes().to_vec()) {
            let text = String::from_utf8(canary.text).unwrap();
            let handle = Handle { object_name: text.as_str().into(), ..Handle::new(8, text.as_str()) };
            let misc = MiscInfo { flags: 0x100, build: text.clone(), ..MiscInfo::default() };
            let dump = dump_with(&path).comment_w(&text).thread_name(1, text.as_str()).handle(handle).misc_info(misc);
            let source = dump.build();
            let [gone, kept] = [canary.gone, canary.kept].map(|text| UTF16(std::str::from_utf8(&text).unwrap()));
            let [out, without] = ["/mhR", "/mh"].map(|letters| Redumped::once(&source, &parsed(letters)));
            assert_eq!(out.faults(), [""; 0]);
            let [out, without] = [out, without].map(|out| latin(&out.bytes));
            assert_eq!(count(&out, &gone), 0, "{text}");
            assert_eq!(count(&out, &kept), count(&without, &kept), "{text}");
            assert!(count(&without, &gone) >= 5, "{text}");
        }
    }
}

fn folders_are_hidden_in_every_code_page() {
    for &(page, folder, bytes, user, user_bytes) in ROWS {
        let rest = bytes[2..].to_vec();
        let mut canaries = vec![
            Canary { text: [bytes, b"\\kept one"].concat(), gone: rest.clone(), kept: b"\\kept one".to_vec() },
            Canary {
                text: [b"\\Device\\HarddiskVolume3", &rest[..], b"\\kept two"].concat(),
                gone: rest.clone(),
                kept: b"\\kept two".to_vec(),
            },
            Canary {
                text: [b"X:\\other\\", user_bytes, b"\\kept three"].concat(),
                gone: user_bytes.to_vec(),
                kept: b"\\kept three".to_vec(),
            },
        ];
        // A few names in another code page happen to be valid UTF-8, and are decoded as such.
        if std::str::from_utf8(user_bytes).is_ok() && !user_bytes.is_ascii() {
            canaries.pop();
        }
        let source = places_for_bytes(&format!("{folder}\\app.exe"), &joined(&canaries)).build();
        check(&format!("{folder} of {user} in {page}"), &source, &canaries, &FEW);
    }
}

/// The path of a PDB may be the only occurrence of a folder, and its code page is unknown.
fn a_path_in_a_code_page_hides_its_folder_in_unicode() {
    for (index, &(page, folder, bytes, user, user_bytes)) in ROWS.iter().enumerate() {
        // In an unknown code page, upper and lower case cannot be related.
        let is_first = index == 0 || (ROWS[index - 1].0, ROWS[index - 1].1) != (page, folder);
        if !is_first {
            continue;
        }
        assert!(std::str::from_utf8(bytes).is_err(), "{page}");
        let record = [b"NB10".as_slice(), &[0; 4], &[1; 4], &[2; 4], bytes, b"\\app.pdb\0"].concat();
        let dump = |stream: Vec<u8>| {
            let module = Module::new(0x50_0000, 0x1000, "a").code_view(record.clone());
            dump_with("app.exe").module(module).raw(USER_STREAM, stream).build()
        };
        for (encode, name) in [(UTF8, "UTF-8"), (UTF16, "UTF-16"), (UTF16_BE, "UTF-16 big-endian")] {
            let canaries = [
                Canary::new(encode, ["C:", &folder[2..], "\\kept"]),
                Canary::new(encode, ["\\Device\\HarddiskVolume3", &folder[2..], "\\kept two"]),
                Canary::new(encode, ["X:\\other\\", user, "\\kept three"]),
            ];
            check(&format!("{folder} from {page} in {name}"), &dump(joined(&canaries)), &canaries, &FEW);
        }
        let kept = b"\\kept".to_vec();
        let canary = Canary { text: [bytes, &kept[..]].concat(), gone: user_bytes.to_vec(), kept };
        check(page, &dump(joined(std::slice::from_ref(&canary))), &[canary], &FEW);
    }
}

fn stream_of(path: &str, stream: &[u8]) -> Vec<u8> {
    let source = dump_with(path).raw(USER_STREAM, stream).build();
    let out = Redumped::of(&source, "/mR");
    out.facts().stream_bytes(USER_STREAM).expect("it is kept").0.to_vec()
}

fn expect(path: &str, text: &str, expected: &str) {
    let found = stream_of(path, text.as_bytes());
    assert_eq!(String::from_utf8_lossy(&found), expected, "{path}: {text}");
    let found = stream_of(path, &UTF16(text));
    assert_eq!(String::from_utf16_lossy(&units(&found)), expected, "{path}: {text} in UTF-16");
}

fn units(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect()
}

fn users_are_hidden_wherever_they_are_between_separators() {
    let path = "C:\\Users\\anna\\AppData\\Local\\app.exe";
    for (text, expected) in [
        ("C:\\Users\\anna\\Desktop\\secret.txt", "C:\\Users\\****\\Desktop\\secret.txt"),
        ("D:\\backup\\ANNA\\x", "D:\\backup\\****\\x"),
        ("/mnt/c/Users/anna", "/mnt/c/Users/****"),
        ("HOME=/home/anna;", "HOME=/home/****;"),
        ("\"C:\\\\Users\\\\anna\\\\x\"", "\"C:\\\\Users\\\\****\\\\x\""),
        // A different name, not between separators, or the name of a file.
        ("\\annabel\\x", "\\annabel\\x"),
        ("joanna\\x anna", "joanna\\x anna"),
        ("C:\\tools\\anna.dll", "C:\\tools\\anna.dll"),
        ("\\anna-2\\x", "\\anna-2\\x"),
    ] {
        expect(path, text, expected);
    }
    expect("/var/home/bob/x/a.so", "/srv/bob/y /x", "/srv/***/y /x");
    expect("C:\\Documents and Settings\\Bob B\\a.exe", "E:/Bob B/y", "E:/*****/y");
    // Each of several nested home folders has its own user.
    expect("/home/bob/.wine/drive_c/users/eve/x/a.exe", "/a/bob/b/eve/c", "/a/***/b/***/c");
    // A name that is only followed by a file is not a user.
    expect("/home/app.exe", "/x/app.exe/y", "/x/app.exe/y");
}

fn folders_of_one_component_are_found_after_every_root() {
    let path = "C:\\Secret\\app.exe";
    for (text, expected) in [
        ("C:\\Secret\\x", "*********\\x"),
        ("c:/SECRET/x", "*********/x"),
        ("\\Device\\HarddiskVolume12\\Secret\\x", "\\Device\\HarddiskVolume12*******\\x"),
        ("\\\\host\\c$\\Secret\\x", "\\\\host\\c$*******\\x"),
        ("/cygdrive/c/Secret/x", "/cygdrive/c*******/x"),
        ("file:///C%3A/Secret/x", "file:///***********/x"),
        ("D:\\Other\\Secret\\x", "D:\\Other\\Secret\\x"),
        ("/usr/Secret/x", "/usr/Secret/x"),
    ] {
        expect(path, text, expected);
    }
    expect("/lib/ld.so", "/lib/a /usr/lib/b", "****/a /usr/lib/b");
}

fn relative_folders_are_hidden() {
    let path = "..\\obj\\jane\\app.exe";
    for (text, expected) in [
        ("obj\\jane\\x", "********\\x"),
        ("=obj/Jane/x", "=********/x"),
        ("C:\\src\\obj\\jane\\x", "C:\\src*********\\x"),
        ("wobj\\jane\\x", "wobj\\jane\\x"),
    ] {
        expect(path, text, expected);
    }
    // A plain word is not a folder.
    expect("lib/app.exe", "a lib, lib/x, ./lib/y", "a lib, ***/x, ./lib/y");
}

fn texts_without_folders_stay_byte_for_byte() {
    for (folder, rest, user) in FOLDERS {
        let path = format!("{folder}\\app.exe");
        // One letter more, less or different; a different order; a part of it.
        let last = rest.char_indices().last().expect("it is not empty").0;
        let near = [
            format!("{folder}x"),
            format!("{folder}_1"),
            format!("{}Q", &folder[..folder.len() - rest.len() + last]),
            folder[..folder.len() - rest.len() + last].to_owned(),
            format!("\\{user}x\\"),
            format!("\\x{user}\\"),
            user.to_owned(),
            format!("{user}\\x"),
            rest.trim_start_matches(['/', '\\']).replace(user, ""),
            "C:\\Windows\\System32\\ntdll.dll ... 100% // \\\\ %41%zz http://example.org/a?b=%20c".to_owned(),
            "Привет, мир; καλημέρα; こんにちは\\世界/; \\u0416 \\ud83d".to_owned(),
        ];
        for (encode, name) in [(UTF8, "UTF-8"), (UTF16, "UTF-16"), (UTF16_BE, "UTF-16 big-endian")] {
            for text in &near {
                // Without the end of a folder, what follows may still contain its user.
                let text = text.replace(&format!("\\{user}\\"), "\\").replace(&format!("/{user}/"), "/");
                for pad in 0..2 {
                    let stream = [vec![1; pad], encode(&text), vec![0; 4]].concat();
                    assert!(stream_of(&path, &stream) == stream, "{path}: {text} in {name}");
                }
            }
        }
    }
}

fn random_bytes_stay_byte_for_byte() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let bytes: Vec<u8> = bytes.take(1 << 14).flatten().collect();
    for (folder, ..) in FOLDERS {
        assert!(stream_of(&format!("{folder}\\app.exe"), &bytes) == bytes, "{folder}");
    }
}

fn shared_folders(shared: &Shared) {
    let source = shared.read("cases/secret-folders.dmp");
    for letters in LETTERS {
        let found = Redumped::once(&source, &parsed(letters)).bytes;
        // The user name is not found in any encoding; of 8.3 short names only the beginning is known.
        let found = latin(&found).replace('\0', "").to_lowercase();
        assert!(!found.contains("alice"), "{letters}");
    }
    assert!(Facts::of(&source).modules()[0].name.text.as_deref().is_some_and(|name| name.contains("alice")));
}

//! Compares the output of `ingest` with the results of the `minidump` crate for the same dumps.

use libtest_mimic::Trial;
use minidump::{Minidump as Peer, MinidumpCrashpadInfo, MinidumpModuleList, MinidumpThreadList, Module as _};

use super::Folder;
use crate::support::fixtures::{self, FULL_USER_DUMP, QUICK_START};
use crate::support::json::Json;
use crate::support::{Shared, golden, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        a_crash_is_printed,
        modules_of_fixtures_have_the_identifiers_of_the_peer,
        full_user_dumps_have_the_same_output,
        annotations_are_those_of_the_peer,
        arguments_are_checked,
    ]
}

fn ingest(bytes: &[u8]) -> Json {
    let folder = Folder::with(&[("in.dmp", bytes)]);
    Json::parse(folder.printed(0, "ingest", &["in.dmp"]).as_bytes())
}

fn text(json: &Json) -> Option<String> {
    (*json != Json::Null).then(|| json.text().to_owned())
}

/// The code file, code ID, debug file, debug ID and version of each module.
type Modules = Vec<[Option<String>; 5]>;

fn printed(json: &Json) -> Modules {
    let keys = ["code_file", "code_id", "debug_file", "debug_id", "version"];
    json.get("modules").list().iter().map(|module| keys.map(|key| text(module.get(key)))).collect()
}

fn of_peer(bytes: &[u8]) -> Modules {
    let peer = Peer::read(bytes).expect("the peer can read it");
    let list = peer.get_stream::<MinidumpModuleList>().expect("the peer can read it");
    let module = |module: &minidump::MinidumpModule| {
        [
            Some(module.code_file().into_owned()),
            module.code_identifier().map(|id| id.to_string()),
            module.debug_file().map(|file| file.into_owned()),
            module.debug_identifier().map(|id| id.breakpad().to_string()),
            module.version().map(|version| version.into_owned()),
        ]
    };
    list.iter().map(module).collect()
}

/// The expected values are the same as in the README and in the debugger.
fn a_crash_is_printed() {
    let found = ingest(QUICK_START);
    let crash = found.get("crash");
    let reason = crash.get("reason").text();
    assert!(reason.starts_with("ACCESS_VIOLATION (0xc0000005) "), "{reason}");
    assert_eq!(printed(&found), of_peer(QUICK_START));
    let peer = Peer::read(QUICK_START).expect("the peer can read it");
    let system = peer.get_stream::<minidump::MinidumpSystemInfo>().expect("the peer can read it");
    let exception = peer.get_stream::<minidump::MinidumpException<'_>>().expect("the peer can read it");
    let context = exception.context(&system, None).expect("the peer can read it");
    assert_eq!(crash.get("address").number(), exception.get_crash_address(system.os, system.cpu));
    assert_eq!(crash.get("thread").number(), u64::from(exception.get_crashing_thread_id()));
    for (name, value) in context.valid_registers() {
        assert_eq!(found.get("registers").get(name).number(), value, "{name}");
    }
    assert_eq!(found.get("registers").get("rip").number(), context.get_instruction_pointer());
    let memory = peer.get_memory().expect("the dump has memory");
    let words = found.get("stack").list();
    assert!(!words.is_empty());
    for (word, number) in words.iter().zip(0..) {
        let at = context.get_stack_pointer() + 8 * number;
        let value = memory.memory_at_address(at).and_then(|range| range.get_memory_at_address::<u64>(at));
        assert_eq!((word.get("address").number(), Some(word.get("value").number())), (at, value));
    }
    let list = peer.get_stream::<MinidumpModuleList>().expect("the peer can read it");
    let address = context.get_instruction_pointer();
    let module = list.module_at_address(address).expect("the address is in a module");
    let name = module.code_file().rsplit('\\').next().map(str::to_owned).expect("the module has a name");
    assert_eq!(crash.get("instruction").text(), format!("{name}+{:#x}", address - module.base_address()));
    let threads = peer.get_stream::<MinidumpThreadList<'_>>().expect("the peer can read it");
    assert_eq!(found.get("threads").number(), threads.threads.len() as u64);
    assert_eq!(found.get("system").get("platform").text(), "Windows NT");
}

fn modules_of_fixtures_have_the_identifiers_of_the_peer() {
    let sources: Vec<_> = fixtures::all().filter(|(name, _)| !name.contains("-from-")).collect();
    assert!(sources.len() >= 25);
    for (name, bytes) in sources {
        let found = ingest(bytes);
        assert_eq!(printed(&found), of_peer(bytes), "{name}");
    }
}

fn full_user_dumps_have_the_same_output(shared: &Shared) {
    let found = ingest(FULL_USER_DUMP);
    assert!(!found.get("modules").list().is_empty() && found.get("unloaded_modules").list().is_empty());
    for set in ["crash", "crash32"] {
        let [user, mini] = ["f", "ma"].map(|name| shared.golden(&format!("{set}/{name}.dmp")));
        let found = ingest(&user);
        let (mut ours, mut theirs) = (printed(&found), of_peer(&mini));
        // In one of the dumps, the debugger wrote other folders for some modules.
        for [name, ..] in ours.iter_mut().chain(&mut theirs) {
            *name = name.as_ref().and_then(|name| name.rsplit('\\').next().map(str::to_owned));
        }
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{set}");
        let other = ingest(&mini);
        for key in ["crash", "registers", "stack", "process", "threads", "architecture"] {
            assert_eq!(found.get(key), other.get(key), "{key} of {set}");
        }
    }
    assert!(golden::USER_DUMP_SETS.contains(&"crash32"));
}

fn annotations_are_those_of_the_peer(shared: &Shared) {
    let mut with_annotations = 0;
    for row in shared.corpus() {
        let bytes = shared.corpus_file(&row);
        let Ok(peer) = Peer::read(bytes.as_slice()) else { continue };
        let Ok(theirs) = peer.get_stream::<MinidumpCrashpadInfo>() else { continue };
        let found = ingest(&bytes);
        let annotations = found.get("annotations");
        for (key, value) in &theirs.simple_annotations {
            assert_eq!(annotations.get("simple").get(key).text(), value, "{}", row.file);
        }
        let modules = annotations.get("modules").list();
        assert_eq!(modules.len(), theirs.module_list.len(), "{}", row.file);
        for (ours, theirs) in modules.iter().zip(&theirs.module_list) {
            assert_eq!(ours.get("module").number(), theirs.module_index as u64);
            let list: Vec<_> = ours.get("list").list().iter().map(Json::text).collect();
            assert_eq!(list, theirs.list_annotations);
            for (key, value) in &theirs.simple_annotations {
                assert_eq!(ours.get("simple").get(key).text(), value, "{}", row.file);
            }
        }
        with_annotations += 1;
    }
    assert!(with_annotations >= 3, "{with_annotations}");
}

fn arguments_are_checked() {
    let folder = Folder::with(&[("in.dmp", QUICK_START), ("empty", b"")]);
    let help = folder.printed(0, "ingest", &["--help"]);
    assert!(help.starts_with("usage: ingest FILE\n"), "{help}");
    assert_eq!(folder.run("ingest", &[]).code, 2);
    assert_eq!(folder.run("ingest", &["in.dmp", "more"]).code, 2);
    let ran = folder.run("ingest", &["empty"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.starts_with("ingest: ")), (1, "", true), "{}", ran.err);
}

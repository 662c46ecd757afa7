//! The identity of modules: the forms of identifiers, those of all available dumps, and those of hand-made records.

mod forms;
mod peer;
mod records;

use libtest_mimic::Trial;
use minidump::{MinidumpModule, Module as _};
use userdump::read::Module;
use userdump::read::module::{CodeId, DebugId};

pub fn trials() -> Vec<Trial> {
    [forms::trials(), peer::trials(), records::trials()].into_iter().flatten().collect()
}

/// The known facts of a module: debug ID, code ID, debug file, code file, version.
pub type Known = [(&'static str, Option<String>); 5];

/// The facts as the peer reports them.
pub fn of_peer(module: &MinidumpModule) -> Known {
    let (debug, code) = (module.debug_identifier(), module.code_identifier());
    // We convert from and to its types.
    let ours = debug.map(DebugId::from);
    assert_eq!(ours.map(debugid::DebugId::from), debug);
    let printed = ours.map(|id| (id.to_string(), format!("{id:#}")));
    assert_eq!(printed, debug.map(|id| (id.breakpad().to_string(), id.to_string())));
    if let Some(code) = code.as_ref().filter(|code| code.as_str().len() <= 128) {
        let ours = CodeId::try_from(code).expect("it has digits");
        assert_eq!((ours.to_string().as_str(), &debugid::CodeId::from(ours)), (code.as_str(), code));
    }
    [
        ("debug ID", debug.map(|id| id.breakpad().to_string())),
        ("code ID", code.map(|id| id.to_string())),
        ("debug file", module.debug_file().map(|file| file.into_owned())),
        ("code file", Some(module.code_file().into_owned())),
        ("version", module.version().map(|version| version.into_owned())),
    ]
}

/// The facts in the module list as we read it.
pub fn of_module(module: &Module<'_>) -> Known {
    [
        ("debug ID", module.debug_id().map(|id| id.to_string())),
        ("code ID", module.code_id().map(|id| id.to_string())),
        ("debug file", module.debug_file().map(|file| file.into_owned())),
        ("code file", module.code_file().map(|file| file.into_owned())),
        ("version", module.file_version().map(|version| version.to_string())),
    ]
}

/// Each fact that differs: its name, the peer's value and ours.
pub fn differences(theirs: Known, ours: Known) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let both = theirs.into_iter().zip(ours);
    both.filter(|(theirs, ours)| theirs != ours).map(|((what, theirs), (_, ours))| (what, theirs, ours)).collect()
}

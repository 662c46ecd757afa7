//! The text streams of Facebook's crash reporter.

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::read::facebook::{
    FacebookAbortReason, FacebookAppCustomData, FacebookAppStateLog, FacebookAppVersionName, FacebookDalvikInfo,
    FacebookDumpErrorLog, FacebookJavaStack, FacebookLogcat, FacebookThreadName,
};

use super::view;
use crate::support::forms::{Form, open};
use crate::support::{Shared, trials};
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![every_text_is_its_bytes, the_texts_of_the_sample_are_there]
}

fn all<'a>(dump: &Minidump<'a>) -> [(&'static str, &'a [u8]); 9] {
    [
        ("logcat", view::<FacebookLogcat<'a>>(dump).text().as_bytes()),
        ("custom data", view::<FacebookAppCustomData<'a>>(dump).text().as_bytes()),
        ("version", view::<FacebookAppVersionName<'a>>(dump).text().as_bytes()),
        ("Java", view::<FacebookJavaStack<'a>>(dump).text().as_bytes()),
        ("Dalvik", view::<FacebookDalvikInfo<'a>>(dump).text().as_bytes()),
        ("error log", view::<FacebookDumpErrorLog<'a>>(dump).text().as_bytes()),
        ("state log", view::<FacebookAppStateLog<'a>>(dump).text().as_bytes()),
        ("abort reason", view::<FacebookAbortReason<'a>>(dump).text().as_bytes()),
        ("thread name", view::<FacebookThreadName<'a>>(dump).text().as_bytes()),
    ]
}

fn every_text_is_its_bytes() {
    // LLVM's numbers, in the order above.
    let kinds = [
        (0xface_1ca7, "a"),
        (0xface_cafa, "b\0"),
        (0xface_cafc, ""),
        (0xface_cafd, "d\n"),
        (0xface_cafe, "e"),
        (0xface_cb00, "f"),
        (0xface_cccc, "g"),
        (0xface_dead, "h"),
        (0xface_e000, "i"),
    ];
    for form in Form::ALL {
        let dump = kinds.iter().fold(Dump::new(), |dump, (kind, text)| dump.raw(*kind, text.as_bytes()));
        let bytes = form.build(dump);
        let found = all(&open(&bytes)).map(|(_, text)| text);
        assert_eq!(found.to_vec(), kinds.map(|(_, text)| text.as_bytes()).to_vec());
    }
}

/// The strings that LLVM's test of the same file expects in the output.
fn the_texts_of_the_sample_are_there(shared: &Shared) {
    let bytes = shared.read("corpus/llvm-tests/lldb-facebook-streams.dmp");
    let expected = [
        ("logcat", "Facebook logcat\0"),
        ("custom data", "{\"global\": {\"Fingerprint\":\"invalid device fingerprint\"}}\0"),
        ("version", "207.0.0.0.86\0"),
        ("Java", "Facebook java stack info\0"),
        ("Dalvik", "Facebook dalvik info\0"),
        ("error log", "Facebook error log\0"),
        ("state log", "Facebook app state log\0"),
        ("abort reason", "Facebook abort reason\0"),
        ("thread name", "Facebook thread name\0"),
    ];
    let found = all(&open(&bytes)).map(|(name, text)| (name, text.to_vec()));
    assert_eq!(found.to_vec(), expected.map(|(name, text)| (name, text.as_bytes().to_vec())).to_vec());
}
